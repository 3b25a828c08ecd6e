package resolve

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/diag"
)

const languagePage = "../../docs/language.md"

// TestLanguagePage: every example of the page is a policy, without mistakes
// and without warnings.
func TestLanguagePage(t *testing.T) {
	page := readAllText(t, languagePage)
	blocks := regexp.MustCompile("(?ms)^```low\n(.*?)^```$").FindAllStringSubmatchIndex(page, -1)
	if len(blocks) < 6 {
		t.Fatalf("only %d examples", len(blocks))
	}
	for _, b := range blocks {
		line := 1 + strings.Count(page[:b[2]], "\n")
		p, l, err := LoadText("example.low", []byte(page[b[2]:b[3]]), NoIncludes())
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range l.All {
			if d.Severity != diag.Note && d.Code != codeDHCP {
				t.Errorf("%s:%d: %s", languagePage, line+d.Span.Position().Line-1, diagText(d))
			}
		}
		if p == nil {
			t.Errorf("%s:%d: no policy", languagePage, line)
		}
	}
}

// TestTables: the page's tables are those of the code.
func TestTables(t *testing.T) {
	page := readAllText(t, languagePage)
	got := replaceBetween(t, page, "<!-- classes -->", classTable())
	got = replaceBetween(t, got, "<!-- codes -->", codeTable(t))
	if *update {
		if err := os.WriteFile(languagePage, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != page {
		t.Errorf("the tables of %s are not up to date; run the test with -update", languagePage)
	}
}

func replaceBetween(t *testing.T, page, mark, text string) string {
	t.Helper()
	before, rest, ok := strings.Cut(page, mark+"\n")
	_, after, ok2 := strings.Cut(rest, "<!-- end -->")
	if !ok || !ok2 {
		t.Fatalf("%s is missing", mark)
	}
	return before + mark + "\n" + text + "<!-- end -->" + after
}

func classTable() string {
	var b strings.Builder
	b.WriteString("| class | traffic | |\n| --- | --- | --- |\n")
	for _, c := range policy.Classes() {
		var parts []string
		for _, t := range c.Traffic {
			s := map[uint8]string{policy.TCP: "tcp", policy.UDP: "udp", policy.ESP: "esp", policy.AH: "ah", policy.GRE: "gre"}[t.Proto]
			if s == "" {
				s = fmt.Sprintf("proto %d", t.Proto)
			}
			for i, p := range t.Ports {
				s += map[bool]string{true: " ", false: ", "}[i == 0] + fmt.Sprint(p.Lo)
				if p.Hi != p.Lo {
					s += fmt.Sprintf("-%d", p.Hi)
				}
			}
			if t.Families != policy.Both {
				s += " (" + t.Families.String() + ")"
			}
			parts = append(parts, s)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Name, strings.Join(parts, "; "), c.Note)
	}
	return b.String()
}

// codeTable takes the codes from the two packages that have them.
func codeTable(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| code | what it says |\n| --- | --- |\n")
	line := regexp.MustCompile(`(?m)^//\t(LW\d{3})  (.*)$`)
	n := 0
	for _, file := range []string{"../../dsl/parser/doc.go", "doc.go"} {
		for _, m := range line.FindAllStringSubmatch(readAllText(t, file), -1) {
			fmt.Fprintf(&b, "| %s | %s |\n", m[1], m[2])
			n++
		}
	}
	if n < 50 {
		t.Fatalf("only %d codes", n)
	}
	return b.String()
}

package nft

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/dsl/diag"
)

// asked is a text that nft and we are asked about.
type asked struct{ name, text string }

func askedRules(t testing.TB) []asked {
	t.Helper()
	data, err := os.ReadFile("testdata/rules.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []asked
	for line := range strings.Lines(string(data)) {
		where, rule, ok := strings.Cut(strings.TrimSpace(line), "|")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.Split(strings.TrimSpace(where), ":")
		base := "type filter hook input priority 0"
		switch {
		case len(at) == 3 && at[1] == "-":
			base = ""
		case len(at) == 3:
			base = fmt.Sprintf("type %s hook %s priority 0", at[1], at[2])
		}
		out = append(out, asked{strings.TrimSpace(line), fmt.Sprintf("table %s t {\n chain c {\n %s\n %s\n }\n}\n", at[0], base, strings.TrimSpace(rule))})
	}
	return out
}

func askedTexts(t testing.TB) []asked {
	t.Helper()
	data, err := os.ReadFile("testdata/texts.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []asked
	for i, part := range strings.Split(string(data), "\n--- ") {
		name, text, _ := strings.Cut(part, "\n")
		if i > 0 {
			out = append(out, asked{name, text})
		}
	}
	return out
}

// differs are the texts of which nft 1.0.6 decides otherwise, and why we do not
// follow.
func differs() map[string]string {
	return map[string]string{
		`inet | queue num 1-3 bypass,fanout`:        "not every kernel has nft_queue",
		`bridge | meta ibrname "br0" drop`:          "not every kernel has nft_meta_bridge",
		`inet | ct mark original`:                   "a name that a file of the machine may have (rt_marks)",
		`ip | ct original saddr 1.2.3.4 accept`:     "written as ct original ip saddr, which means the same",
		`ip | ct original saddr { 1.2.3.4 } accept`: "written as ct original ip saddr, which means the same",
		`rename`:                "nft looks for the chain in the kernel, where it is not yet",
		`bad priority`:          "newer versions take srcnat at input",
		`bad priority 2`:        "newer versions take dstnat at output",
		`netdev without device`: "newer versions take it",
	}
}

// What nft takes we read without a mistake, and what it refuses is a mistake in
// the line that it names; and what we write of what we have read is the same to
// the kernel.
func TestTool(t *testing.T) {
	all := append(askedRules(t), askedTexts(t)...)
	files := map[string][]byte{}
	said := make([]diag.List, len(all))
	for i, a := range all {
		l := &said[i]
		rs := Read(diag.NewFile("in", []byte(a.text)), Options{}, l)
		files[fmt.Sprintf("in%d", i)] = []byte(a.text)
		if text, mistakes := (Text{Plain: true}).Write(rs); text != nil {
			files[fmt.Sprintf("out%d", i)] = text
		} else if l.Errors() == 0 {
			t.Errorf("%s: can't be written: %s", a.name, mistakes[0].Message)
		}
	}
	const script = `
i=0
while [ -e in$i ]; do
	nft flush ruleset
	if nft -f in$i >/dev/null 2>err$i; then echo "$i ok"; else echo "$i refused"; head -n1 err$i; fi
	nft -j list ruleset 2>/dev/null; echo
	nft flush ruleset
	if [ -e out$i ]; then nft -f out$i 2>&1 >/dev/null | head -n1; nft -j list ruleset 2>/dev/null; fi
	printf '\001'
	i=$((i+1))
done`
	out, err := kernel.Script(t, script, files, "nft")
	if err != nil {
		t.Fatal(err)
	}
	answers := strings.Split(out, "\x01")
	taken, refused := 0, 0
	for i, a := range all {
		if i >= len(answers) {
			t.Fatalf("%s: no answer", a.name)
		}
		judge(t, a, &said[i], strings.Split(answers[i], "\n"), &taken, &refused)
	}
	t.Logf("%d taken, %d refused", taken, refused)
}

func judge(t *testing.T, a asked, l *diag.List, lines []string, taken, refused *int) {
	t.Helper()
	if why, ok := differs()[a.name]; ok {
		t.Logf("%s: %s", a.name, why)
		return
	}
	first := ""
	for _, d := range l.All {
		if d.Severity == diag.Error {
			first = fmt.Sprintf("%d: %s", d.Span.Start, d.Message)
			break
		}
	}
	if strings.HasSuffix(lines[0], "refused") {
		*refused++
		msg := lines[1]
		if l.Errors() == 0 {
			t.Errorf("%s: taken, and nft says %s", a.name, msg)
			return
		}
		if m := regexp.MustCompile(`in\d+:(\d+):`).FindStringSubmatch(msg); m != nil {
			want, _ := strconv.Atoi(m[1])
			for _, d := range l.All {
				if line := 1 + strings.Count(a.text[:min(d.Span.Start, len(a.text))], "\n"); d.Severity == diag.Error && line == want {
					return
				}
			}
			t.Errorf("%s: %s, and nft says %s", a.name, first, msg)
		}
		return
	}
	*taken++
	if l.Errors() > 0 {
		t.Errorf("%s: refused: %s", a.name, first)
		return
	}
	// The listing before, and what follows the second load: a complaint or nothing,
	// and the listing after.
	before, _, _ := strings.Cut(strings.Join(lines[1:], "\n"), "\n")
	after := strings.TrimSpace(strings.Join(lines[min(2, len(lines)):], "\n"))
	if x, y := bare(t, before), bare(t, after); x != y {
		t.Errorf("%s: the kernel had\n%s\nand then\n%s", a.name, x, y)
	}
}

// left is how long an element still has, which loading takes some of.
var left = regexp.MustCompile(`"expires":\d+,?`)

// bare is a listing without handles, or what stands there instead.
func bare(t *testing.T, listing string) string {
	t.Helper()
	var doc struct{ Nftables []map[string]map[string]any }
	if err := json.Unmarshal([]byte(listing), &doc); err != nil {
		return listing
	}
	var out []string
	for _, o := range doc.Nftables {
		for _, what := range o {
			delete(what, "handle")
		}
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, left.ReplaceAllString(string(text), ""))
	}
	return strings.Join(out, "\n")
}

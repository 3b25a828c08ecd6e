package iptables

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// corpus is where rulesets of others lie, if they do.
const corpus = "../../../shared/corpus"

// verdict is a line of the corpus' table: what the tool says of a file.
type verdict struct {
	file, text string
	family     ruleset.Family
	ok         bool
	says       string
}

func corpusFiles(t *testing.T) []verdict {
	t.Helper()
	table, err := os.ReadFile(filepath.Join(corpus, "VALID.tsv"))
	if err != nil {
		t.Skipf("no rulesets of others beside the checkout: %v", err)
	}
	var all []verdict
	for _, line := range strings.Split(string(table), "\n")[1:] {
		f := strings.Split(line, "\t")
		if len(f) < 4 || !strings.HasPrefix(f[0], "iptables/") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(corpus, f[0]))
		if err != nil {
			t.Fatal(err)
		}
		family := ruleset.IP
		if strings.HasPrefix(f[1], "ip6") {
			family = ruleset.IP6
		}
		all = append(all, verdict{f[0], string(text), family, f[2] == "0", f[3]})
	}
	return all
}

// Files that the tool takes are read without a mistake, and nearly all of their
// rules are understood. Of the others, the first mistake is in the line that the
// tool names.
func TestCorpusRead(t *testing.T) {
	rules, opaque, valid, refused := 0, 0, 0, 0
	for _, v := range corpusFiles(t) {
		var l diag.List
		rs := Read(diag.NewFile(v.file, []byte(v.text)), v.family, &l)
		if !v.ok {
			refused++
			checkRefused(t, v, &l)
			continue
		}
		valid++
		for _, d := range l.All {
			if d.Severity == diag.Error {
				t.Errorf("%s: %s", d.Span, d.Message)
			}
		}
		for _, tab := range rs.Tables {
			for _, c := range tab.Chains {
				for _, r := range c.Rules {
					rules++
					for s := range r.Plain {
						if _, is := s.(*ruleset.Opaque); is {
							opaque++
							break
						}
					}
				}
			}
		}
	}
	t.Logf("%d files that the tool takes, with %d rules, of which %d with something opaque; %d that it refuses", valid, rules, opaque, refused)
	if opaque*100 > rules {
		t.Errorf("%d of %d rules are not understood", opaque, rules)
	}
}

var errorLine = regexp.MustCompile(`(?:line: |line )(\d+)`)

// checkRefused compares the line of the first mistake with the one that the tool
// names.
func checkRefused(t *testing.T, v verdict, l *diag.List) {
	first := 0
	for _, d := range l.All {
		if p := d.Span.Position().Line; d.Severity == diag.Error && (first == 0 || p < first) {
			first = p
		}
	}
	if strings.Contains(v.says, "not found") || strings.Contains(v.says, "uid-owner") {
		return // a host or a user that only some machine knows
	}
	tool := Restore{Family: v.family}.Name() + "-restore"
	_, err := kernel.Run(t, []byte(v.text), tool, "--test")
	if err == nil {
		t.Errorf("%s takes %s by now", tool, v.file)
		return
	}
	want := errorLine.FindStringSubmatch(err.Error())
	if want == nil || want[1] != fmt.Sprint(first) {
		t.Errorf("%s: the first mistake is in line %d, %s says %v", v.file, first, tool, err)
	}
}

// What is written for a file of the corpus is loaded as the file itself is.
func TestCorpusKernel(t *testing.T) {
	same, unloadable := 0, 0
	for _, v := range corpusFiles(t) {
		if !v.ok {
			continue
		}
		t.Run(v.family.String()+"/"+strings.TrimPrefix(v.file, "iptables/"), func(t *testing.T) {
			switch n := compareSaved(t, v.family, v.text); {
			case n == 0:
				unloadable++
			default:
				same += n
			}
		})
	}
	t.Logf("%d loads compared (each file by both variants), %d files that no variant loads here", same, unloadable)
}

// compareSaved loads a text and what is written for it, by both variants, and
// compares what their iptables-save says then. It returns how many variants load
// the text at all.
func compareSaved(t *testing.T, family ruleset.Family, text string) (loaded int) {
	t.Helper()
	var l diag.List
	rs := Read(diag.NewFile("x", []byte(text)), family, &l)
	ours, mistakes := Save{Family: family}.Write(rs)
	name := Restore{Family: family}.Name()
	for _, variant := range []string{"nft", "legacy"} {
		tool := name + "-" + variant
		script := tool + "-restore <x\n" + tool + "-save"
		want, err := kernel.Script(t, script, map[string][]byte{"x": []byte(text)}, tool+"-restore")
		if err != nil {
			t.Logf("%s does not load it: %v", tool, err)
			continue
		}
		loaded++
		if len(mistakes) > 0 {
			t.Errorf("it is not written: %s", mistakes[0].Message)
			continue
		}
		got, err := kernel.Script(t, script, map[string][]byte{"x": ours}, tool+"-restore")
		if err != nil {
			t.Errorf("%s does not load what is written: %v\n%s", tool, err, ours)
			continue
		}
		if a, b := bare(want), bare(got); a != b {
			t.Errorf("%s: not the same ruleset\n%s", tool, firstDifference(a, b))
		}
	}
	return loaded
}

var counted = regexp.MustCompile(`\[\d+:\d+\]`)

// bare of comments and counters.
func bare(saved string) string {
	var b strings.Builder
	for _, line := range strings.Split(saved, "\n") {
		if !strings.HasPrefix(line, "#") {
			b.WriteString(counted.ReplaceAllString(line, "[0:0]") + "\n")
		}
	}
	return b.String()
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d: original %q\n            written %q", i+1, x[i], y[i])
		}
	}
	return fmt.Sprintf("%d lines and %d", len(x), len(y))
}

package ext

import (
	"os"
	"strings"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/compiler/ruleset"
)

// toolRule is a line of testdata/rules.txt.
type toolRule struct {
	family       ruleset.Family
	table, chain string
	rule         string
}

func toolRules(t testing.TB) []toolRule {
	t.Helper()
	data, err := os.ReadFile("testdata/rules.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []toolRule
	for _, line := range strings.Split(string(data), "\n") {
		if line == "" || line[0] == '#' || line[0] == '?' {
			continue
		}
		p := strings.SplitN(line, " ", 4)
		r := toolRule{ruleset.IP, p[1], p[2], p[3]}
		if p[0] == "ip6" {
			r.family = ruleset.IP6
		}
		out = append(out, r)
	}
	return out
}

// shellWords quotes the words of a rule for sh.
func shellWords(rule string) string {
	var b strings.Builder
	for _, w := range words(rule) {
		b.WriteString(" '" + strings.ReplaceAll(w.Text, "'", `'\''`) + "'")
	}
	return b.String()
}

// What the tool or the kernel refuses is a mistake here too, and nothing else is.
func TestToolAgrees(t *testing.T) {
	if kernel.Unprivileged() {
		t.Skip("some matches need root")
	}
	rules := toolRules(t)
	if testing.Short() {
		rules = rules[:len(rules)/8]
	}
	var script strings.Builder
	for _, r := range rules {
		tool := map[ruleset.Family]string{ruleset.IP: "iptables-nft", ruleset.IP6: "ip6tables-nft"}[r.family]
		script.WriteString("if " + tool + " -w -t " + r.table + " -A " + r.chain + shellWords(r.rule) + " >/dev/null 2>&1; then echo ok; else echo no; fi\n")
	}
	out, err := kernel.Script(t, script.String(), nil, "iptables-nft", "ip6tables-nft")
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Fields(out)
	if len(said) != len(rules) {
		t.Fatalf("%d answers to %d rules", len(said), len(rules))
	}
	ctx := map[ruleset.Family]*Ctx{}
	for i, r := range rules {
		if ctx[r.family] == nil {
			ctx[r.family] = &Ctx{Family: r.family, Builtin: true}
		}
		c := ctx[r.family]
		c.Table, c.Chain = r.table, r.chain
		d := drive(c, r.rule)
		if d.ok() != (said[i] == "ok") {
			why := ""
			if len(d.list.All) > 0 {
				why = d.list.All[0].Message
			}
			t.Errorf("%s %s %s %s: the tool says %s, and this package %q", r.family, r.table, r.chain, r.rule, said[i], why)
		}
	}
}

// Every mistake says where it is, and has a code.
func TestMistakesArePlaced(t *testing.T) {
	for _, r := range toolRules(t) {
		d := drive(&Ctx{Family: r.family, Table: r.table, Chain: r.chain, Builtin: true}, r.rule)
		for _, m := range d.list.All {
			if m.Span.File == nil || m.Span.End < m.Span.Start || m.Message == "" {
				t.Errorf("%s: %+v", r.rule, m)
			}
		}
		if !d.ok() && len(d.means) > 0 && len(d.list.All) == 0 {
			t.Errorf("%s: an error without a message", r.rule)
		}
	}
}

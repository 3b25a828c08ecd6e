package ext

import (
	"strings"
	"testing"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// FuzzRule: no options make it fail, and what is canonical reads as what it came
// from.
func FuzzRule(f *testing.F) {
	for _, r := range toolRules(f) {
		f.Add(r.rule, r.family == ruleset.IP6, r.table, r.chain)
	}
	for _, r := range unknownRules {
		p := strings.SplitN(r, " ", 4)
		f.Add(markNames(p[3]), false, p[1], p[2])
	}
	f.Fuzz(func(t *testing.T, rule string, v6 bool, table, chain string) {
		c := &Ctx{Family: ruleset.IP, Table: table, Chain: chain, Builtin: true}
		if v6 {
			c.Family = ruleset.IP6
		}
		d := drive(c, rule)
		for _, s := range d.means {
			if show(s) == "" {
				t.Error("a statement that can't be shown")
			}
		}
		if d.ok() && !strings.ContainsAny(rule, "\uE000\uE001") {
			readAgain(t, c, rule)
		}
	})
}

// readAgain reads each extension of a rule from its own canonical arguments.
func readAgain(t *testing.T, c *Ctx, rule string) {
	for _, x := range instances(c, rule) {
		args, means, _ := x.Finish(c)
		y := Instance{Ext: x.Ext}
		ws := make([]Word, len(args))
		for i, a := range args {
			ws[i].Text = a
		}
		neg := false
		for i := 0; i < len(ws); i++ {
			if ws[i].Text == "!" {
				neg = true
				continue
			}
			o, exact, _ := x.Ext.Option(strings.TrimPrefix(ws[i].Text, "--"))
			if o == nil || !exact {
				t.Fatalf("%q: %q is no option of %s", rule, ws[i].Text, x.Ext.Name)
			}
			i += y.Take(o, neg, diag.Span{}, nil, ws[i+1:])
			neg = false
		}
		again, means2, ok := y.Finish(c)
		if !ok || strings.Join(again, "\x00") != strings.Join(args, "\x00") || len(means) != len(means2) {
			t.Fatalf("%q: %q became %q", rule, args, again)
		}
		for i := range means {
			if show(means[i]) != show(means2[i]) {
				t.Fatalf("%q: %s became %s", rule, show(means[i]), show(means2[i]))
			}
		}
	}
}

// instances of a rule, as drive collects them.
func instances(c *Ctx, rule string) []*Instance {
	d := drive(c, rule)
	return d.all
}

// BenchmarkRule reads one rule's extension over and over.
func BenchmarkRule(b *testing.B) {
	for _, bench := range []struct {
		name    string
		target  bool
		options []string
	}{
		{"tcp", false, []string{"--dport", "22"}},
		{"conntrack", false, []string{"--ctstate", "RELATED,ESTABLISHED"}},
		{"multiport", false, []string{"--dports", "22,80,443"}},
		{"comment", false, []string{"--comment", "some words"}},
		{"DNAT", true, []string{"--to-destination", "10.0.0.1:80"}},
		{"LOG", true, []string{"--log-prefix", "dropped: ", "--log-level", "6"}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var l diag.List
			c := &Ctx{Family: ruleset.IP, Table: "filter", Proto: protoTCP, List: &l}
			if bench.name == "DNAT" {
				c.Table = "nat"
			}
			ws := make([]Word, len(bench.options))
			for i, o := range bench.options {
				ws[i].Text = o
			}
			var x Instance
			b.ReportAllocs()
			for b.Loop() {
				x.Reset(Find(bench.name, bench.target, c.Family), diag.Span{})
				for i := 0; i < len(ws); i++ {
					o, _, _ := x.Ext.Option(ws[i].Text[2:])
					i += x.Take(o, false, diag.Span{}, nil, ws[i+1:])
				}
				if _, _, ok := x.Finish(c); !ok {
					b.Fatal(l.All[0].Message)
				}
			}
		})
	}
}

// The tables of extensions are in order, and each option is found by its name.
func TestTables(t *testing.T) {
	for _, target := range []bool{false, true} {
		all := All(target)
		for i, e := range all {
			if i > 0 && (all[i-1].Name > e.Name || all[i-1].Name == e.Name && (e.Family == ruleset.Inet || all[i-1].Family >= e.Family)) {
				t.Errorf("%s stands behind %s", e.Name, all[i-1].Name)
			}
			for _, f := range []ruleset.Family{ruleset.IP, ruleset.IP6} {
				if e.Family != ruleset.Inet && e.Family != f {
					continue
				}
				if Find(e.Name, target, f) != e {
					t.Errorf("%s is not found", e.Name)
				}
			}
			if e.Target != target {
				t.Errorf("%s: Target is %v", e.Name, e.Target)
			}
			for _, o := range e.Options() {
				if got, exact, _ := e.Option(o.Name[2:]); !exact || got.ID != o.ID || o.ID > 31 || o.Values > 2 {
					t.Errorf("%s: %s", e.Name, o.Name)
				}
			}
		}
	}
	if Find("geoip", false, ruleset.IP) != nil || Find("ttl", false, ruleset.IP6) != nil || Find("icmpv6", false, ruleset.IP6) != &matchICMPv6 {
		t.Error("what is found and what is not")
	}
	if o, exact, more := matchTCP.Option("dp"); o == nil || o.ID != oDport || exact || more {
		t.Error("the beginning of a name")
	}
	if _, _, more := matchTCP.Option("tcp-"); !more {
		t.Error("an ambiguous beginning")
	}
}

package resolve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/diag"
)

// FuzzLoad: whatever the text, the answer is a policy that keeps its promises,
// or errors at places in the text.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/mistakes/*.low", "testdata/*.txtar"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("no seeds: %v", err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			if _, text, ok := strings.Cut(string(data), "-- main.low --\n"); ok {
				text, _, _ = strings.Cut(text, "-- ")
				data = []byte(text)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, l, err := LoadText("x.low", data, NoIncludes())
		if err != nil {
			t.Fatal(err)
		}
		if (p == nil) != (l.Errors() > 0) {
			t.Fatal("a policy with errors, or none without")
		}
		for _, d := range l.All {
			if d.Code == "" || d.Message == "" {
				t.Fatalf("a diagnostic without code or message: %+v", d)
			}
			checkSpan(t, d.Span, len(data))
			for _, r := range d.Related {
				checkSpan(t, r.Span, len(data))
			}
		}
		if p != nil {
			checkPromises(t, p, len(data))
			dump(p)
		}
	})
}

func checkSpan(t *testing.T, s diag.Span, size int) {
	t.Helper()
	if s.File == nil || s.Start < 0 || s.End < s.Start || s.End > size {
		t.Fatalf("span %d-%d in %d bytes, file %v", s.Start, s.End, size, s.File != nil)
	}
}

// checkPromises: what the doc comments of compiler/policy say.
func checkPromises(t *testing.T, p *policy.Policy, size int) {
	t.Helper()
	if len(p.Hosts) != len(p.Views) || len(p.Hosts) == 0 {
		t.Fatal("hosts and views do not fit")
	}
	for _, v := range p.Views {
		for _, s := range v.Services {
			if len(s.Scopes) == 0 || s.Refuse == policy.Accept {
				t.Fatalf("service %q: %+v", s.Name, s)
			}
			for _, list := range [][]*policy.Rule{s.Rules, s.LocalRules} {
				for _, r := range list {
					checkRule(t, r, size)
				}
			}
			checkLog(t, s.LogRefused)
		}
		for i, b := range []*policy.Block{v.Local, v.Inbound, v.Outbound, v.Forward} {
			if b == nil || b.Refuse == policy.Accept || i == 0 && (b.Default == policy.Drop || b.Refuse != policy.Reject) {
				t.Fatalf("block %d: %+v", i, b)
			}
			for _, r := range b.Rules {
				checkRule(t, r, size)
			}
			checkLog(t, b.LogRefused)
		}
	}
	for _, e := range p.Expects {
		if p.View(e.Host) == nil || !e.To.IsValid() {
			t.Fatalf("expect %+v", e)
		}
	}
}

func checkRule(t *testing.T, r *policy.Rule, size int) {
	t.Helper()
	checkSpan(t, r.Span, size)
	if len(r.Traffic) == 0 || r.Text == "" || strings.ContainsAny(r.Text, "\"\\\n\r\x00") {
		t.Fatalf("rule %q with traffic %v", r.Text, r.Traffic)
	}
	for _, c := range r.Traffic {
		if c.Families == 0 || c.Any && (c.Ports != nil || c.Types != nil) || !c.HasPorts() && c.Ports != nil || !c.IsICMP() && c.Types != nil {
			t.Fatalf("traffic %+v", c)
		}
		for _, list := range [][]policy.PortRange{c.Ports, c.Types} {
			for i, x := range list {
				if x.Lo > x.Hi || i > 0 && int(list[i-1].Hi)+1 >= int(x.Lo) {
					t.Fatalf("ranges %v are not merged", list)
				}
			}
		}
	}
	if r.From != nil && len(r.From.Ranges) == 0 || r.On != nil && len(r.On.Names) == 0 || r.Out != nil && len(r.Out.Names) == 0 {
		t.Fatalf("rule %q holds an empty set, which is not any", r.Text)
	}
	if r.From != nil {
		for i, x := range r.From.Ranges {
			if x.Hi.Less(x.Lo) || x.Lo.BitLen() != x.Hi.BitLen() || i > 0 && !r.From.Ranges[i-1].Hi.Less(x.Lo) {
				t.Fatalf("addresses %v are not merged", r.From.Ranges)
			}
		}
	}
	checkLog(t, r.Log)
}

func checkLog(t *testing.T, l *policy.Log) {
	t.Helper()
	if l != nil && (l.Limit == nil || l.Limit.Rate < 1 || len(l.Prefix) > maxPrefix || strings.ContainsAny(l.Prefix, "\"\\\n\r\x00$")) {
		t.Fatalf("log %+v", l)
	}
}

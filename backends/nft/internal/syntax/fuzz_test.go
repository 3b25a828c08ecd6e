package syntax

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/loward/loward/dsl/diag"
)

// FuzzParse looks for crashes, for texts that take long, and for places that are
// outside of the text.
func FuzzParse(f *testing.F) {
	data, err := os.ReadFile("testdata/agree.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range strings.Split(string(data), "\n") {
		f.Add(agreeText(text))
	}
	f.Add([]byte("table inet t {\n\tset s { type ipv4_addr; elements = { 1.2.3.4 } }\n\tchain c {\n\t\tip saddr @s \ue000$x\ue001 accept\n\t}\n}\n"))
	f.Add([]byte("include \"x\"\ntable t { include \"x\"; chain c { include \"x\"; accept; }; }\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 10_000 {
			return
		}
		var l diag.List
		file := diag.NewFile("f", text)
		p := NewParser(Options{Include: func(string) []*diag.File { return nil }})
		start := time.Now()
		for c := range p.Parse(file, &l) {
			if c.Span.Start > c.Span.End || c.Span.End > len(text) {
				t.Fatalf("%d-%d of %d", c.Span.Start, c.Span.End, len(text))
			}
			if c.Rule != nil && len(c.Rule.Stmts) == 0 {
				t.Fatal("a rule without statements")
			}
			if c.Rule != nil {
				walkRule(t, c.Rule, 0)
			}
			for _, e := range c.Elems {
				walk(t, e, 0)
			}
		}
		if d := time.Since(start); d > 2*time.Second {
			t.Fatalf("%s for %d bytes", d, len(text))
		}
		for _, d := range l.All {
			if d.Span.File == file && (d.Span.Start < 0 || d.Span.End > len(text) || d.Span.Start > d.Span.End) {
				t.Fatalf("%v", d)
			}
		}
	})
}

// walk goes through a tree, all of whose nodes have to be there.
func walk(t *testing.T, e *Expr, depth int) {
	if e == nil {
		t.Fatal("no expression")
	}
	if depth > 1000 {
		t.Fatal("too deep")
	}
	if e.Kind >= numExprKinds {
		t.Fatal("no such kind")
	}
	for _, a := range e.Args {
		walk(t, a, depth+1)
	}
	if e.Elem != nil {
		walk(t, e.Elem.Key, depth+1)
		if e.Elem.Data != nil {
			walk(t, e.Elem.Data, depth+1)
		}
	}
	for _, r := range e.Rules {
		walkRule(t, r, depth+1)
	}
}

func walkRule(t *testing.T, r *Rule, depth int) {
	for _, s := range r.Stmts {
		if s.Expr != nil {
			walk(t, s.Expr, depth+1)
		}
		if s.Value != nil {
			walk(t, s.Value, depth+1)
		}
		if s.Update != nil {
			walk(t, s.Update.Key, depth+1)
		}
		if s.NAT != nil && s.NAT.Addr != nil {
			walk(t, s.NAT.Addr, depth+1)
		}
	}
}

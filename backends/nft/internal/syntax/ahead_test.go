package syntax

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/loward/loward/dsl/diag"
)

// mixed is a text with everything on which the two sides could get out of step:
// mistakes, includes, variables, blocks of many kinds, long sets.
func mixed() []byte {
	var b bytes.Buffer
	b.WriteString("define wan = { eth0, eth1 }\n")
	for i := range 50 {
		fmt.Fprintf(&b, "table ip t%d {\n\tset s { type ipv4_addr; elements = { 10.0.0.1", i)
		for j := range 60 * i {
			fmt.Fprintf(&b, ", 10.0.%d.%d", j/256, j%256)
		}
		fmt.Fprintf(&b, " }; }\n\tinclude \"inc\"\n\tchain c {\n\t\ttype filter hook ingress device \"e%d\" priority 0;\n", i)
		for j := range 40 {
			fmt.Fprintf(&b, "\t\tiifname $wan tcp dport { %d, 443 } log prefix \"x%d\" accept\n", j, j)
			if j%17 == 5 {
				b.WriteString("\t\tip saddr accept drop\n")
			}
		}
		fmt.Fprintf(&b, "\t}\n}\ninclude \"inc2\"\nadd chain ip t%d d { type filter hook input priority %d; }\nadd element ip t%d s { 1.2.3.4 }\nadd rule ip t%d d oops\n", i, i, i, i)
	}
	return b.Bytes()
}

func include(pattern string) []*diag.File {
	switch pattern {
	case "inc":
		return []*diag.File{diag.NewFile("inc", []byte("chain i { ip saddr 1.2.3.4 accept\n tcp dport $p drop\n }\n"))}
	}
	return nil
}

// told is everything that a reader is told, in order: mistakes that the parser
// has found so far stand between the commands.
func told(ahead bool, stop int) (out []string, l diag.List) {
	p := NewParser(Options{Include: include})
	seq := p.Parse
	if ahead {
		seq = p.ParseAhead
	}
	for c := range seq(diag.NewFile("x", mixed()), &l) {
		var b strings.Builder
		fmt.Fprintf(&b, "%d %v %v %s %s %s %v", len(l.All), c.Verb, c.Kind, c.Table.Text, c.Chain.Text, c.Name.Text, c.Span.Start)
		for _, e := range c.Elems {
			fmt.Fprint(&b, " ", e.Text)
		}
		if c.Rule != nil {
			for _, s := range c.Rule.Stmts {
				fmt.Fprintln(&b, s.Kind, s.Span.Start, s.Span.End)
				if s.Expr != nil {
					fmt.Fprint(&b, s.Expr.Text, len(s.Expr.Args))
				}
			}
		}
		if out = append(out, b.String()); len(out) == stop {
			break
		}
	}
	return out, l
}

func TestAheadIsTheSame(t *testing.T) {
	for _, stop := range []int{-1, 1, 63, 64, 65, 500} {
		a, la := told(false, stop)
		b, lb := told(true, stop)
		// What is told of mistakes comes no later than without; up to the stop all is
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("stop %d: %d and %d commands, or others", stop, len(a), len(b))
		}
		if stop < 0 && len(la.All) != len(lb.All) {
			t.Errorf("%d and %d mistakes", len(la.All), len(lb.All))
		}
		for i := range min(len(la.All), len(lb.All)) {
			if la.All[i].Message != lb.All[i].Message || la.All[i].Span.Start != lb.All[i].Span.Start {
				t.Fatalf("mistake %d: %v and %v", i, la.All[i], lb.All[i])
			}
		}
	}
}

// TestAheadPanics: a panic of the caller ends the parser and goes on.
func TestAheadPanics(t *testing.T) {
	defer func() {
		if recover() != "mine" {
			t.Error("the panic was lost")
		}
	}()
	var l diag.List
	for range NewParser(Options{}).ParseAhead(diag.NewFile("x", rulesText(10000)), &l) {
		panic("mine")
	}
}

package ext

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// driven is what the small reader of these tests made of a rule.
type driven struct {
	args  []string
	means []ruleset.Stmt
	all   []*Instance
	list  diag.List
}

func (d *driven) ok() bool { return d.list.Errors() == 0 }

// words splits a line at blanks; text between double quotes is one word.
func words(line string) []Word {
	f := diag.NewFile("t", []byte(line))
	var out []Word
	for i := 0; i < len(line); {
		if line[i] == ' ' {
			i++
			continue
		}
		start := i
		var b strings.Builder
		for quoted := false; i < len(line) && (quoted || line[i] != ' '); i++ {
			if line[i] == '"' {
				quoted = !quoted
			} else {
				b.WriteByte(line[i])
			}
		}
		out = append(out, Word{b.String(), f.Span(start, i)})
	}
	return out
}

// drive reads a rule as far as these tests need it: -p, -m and -j, base options
// with a value, and the options of extensions. It stands in for the reader, which
// has its own tests.
func drive(c *Ctx, line string) *driven {
	d := &driven{}
	c.List = &d.list
	c.Proto, c.NotProto, c.AnyProto = 0, false, false
	ws := words(line)
	for i := range ws { // the protocol counts wherever it stands
		p := ""
		switch w := ws[i].Text; {
		case (w == "-p" || w == "--protocol") && i+1 < len(ws):
			p = ws[i+1].Text
		case strings.HasPrefix(w, "-p") && !strings.HasPrefix(w, "--"):
			p = w[2:]
		case strings.HasPrefix(w, "--protocol="):
			p = w[len("--protocol="):]
		}
		if p != "" {
			n, ok := ProtoNumber(p)
			if v, isNum := number(p); !ok && isNum {
				n = uint8(v)
			}
			c.Proto, c.NotProto = n, i > 0 && ws[i-1].Text == "!"
		}
	}
	var all []*Instance
	fail := func(w Word, why string) { d.list.Errorf(w.Span, "%s %q", why, w.Text) }
	load := func(w Word, target bool) {
		e := Find(w.Text, target, c.Family)
		if e == nil {
			fail(w, "no extension")
			return
		}
		all = append(all, &Instance{Ext: e, At: w.Span})
	}
	neg := false
	for i := 0; i < len(ws); i++ {
		w := ws[i]
		value := func() (Word, bool) {
			if i+1 < len(ws) {
				i++
				return ws[i], true
			}
			fail(w, "no value for")
			return w, false
		}
		switch {
		case w.Text == "!":
			neg = true
			continue
		case w.Text == "-m":
			if v, ok := value(); ok {
				load(v, false)
			}
		case w.Text == "-j" || strings.HasPrefix(w.Text, "--jump="):
			v := Word{strings.TrimPrefix(w.Text, "--jump="), w.Span}
			if w.Text == "-j" {
				v, _ = value()
			}
			switch v.Text {
			case "ACCEPT", "DROP", "RETURN":
			default:
				load(v, true)
			}
		case w.Text == "-p" || w.Text == "-s" || w.Text == "-d" || w.Text == "-i" || w.Text == "-o" || w.Text == "-c":
			value()
		case len(w.Text) > 2 && w.Text[:2] == "--":
			name, eqText, hasEq := strings.Cut(w.Text[2:], "=")
			var eq *Word
			if hasEq {
				eq = &Word{eqText, w.Span}
			}
			var x *Instance
			var o *Option
			for _, y := range all {
				if p, exact, more := y.Ext.Option(name); p != nil && !more && (o == nil || exact) {
					x, o = y, p
				}
			}
			if o == nil {
				if e := Find(OfProtocol(c.Proto, c.Family), false, c.Family); e != nil {
					if p, _, more := e.Option(name); p != nil && !more {
						x, o = &Instance{Ext: e, At: w.Span}, p
						all = append(all, x)
					}
				}
			}
			if o == nil {
				fail(w, "no option")
				break
			}
			i += x.Take(o, neg, w.Span, eq, ws[i+1:])
		case strings.HasPrefix(w.Text, "-"):
		default:
			fail(w, "a stray word")
		}
		neg = false
	}
	d.all = all
	for _, x := range all {
		args, means, _ := x.Finish(c)
		d.args = append(d.args, args...)
		d.means = append(d.means, means...)
	}
	return d
}

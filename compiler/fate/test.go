package fate

import (
	"fmt"
	"strings"

	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/ruleset"
)

// match is the condition under which packets in a state have what a Match asks for.
func (m *Map) match(st *state, t *ruleset.Table, mt *ruleset.Match) diagram.Node {
	e := mt.Of
	if mt.Field != ruleset.NoField {
		e = mt.Field
	}
	out := diagram.False
	for _, k := range m.eval(st, t, e) {
		c := m.test(k.value, e, mt)
		if mt.Neg {
			c = m.dd.Not(c)
		}
		out = m.dd.Or(out, m.dd.And(k.cond, c))
	}
	return out
}

// test is the condition that a value is one of a match's terms.
func (m *Map) test(v sym, e ruleset.Expr, mt *ruleset.Match) diagram.Node {
	if v.kind == symVar {
		if n, ok := m.testVar(v, e, mt); ok {
			return n
		}
		v = unknown(ruleset.FieldOf(e).String())
	}
	out := diagram.False
	for i := range mt.Terms {
		out = m.dd.Or(out, m.term(v, e, mt, &mt.Terms[i]))
	}
	return out
}

// testVar: of what a packet set out with, all terms at once.
func (m *Map) testVar(v sym, e ruleset.Expr, mt *ruleset.Match) (diagram.Node, bool) {
	ranges := make([][2]ruleset.U128, 0, len(mt.Terms))
	may := diagram.False
	width := ruleset.WidthOf(e)
	for i := range mt.Terms {
		t := &mt.Terms[i]
		switch {
		case t.Unknown:
			may = m.dd.Or(may, m.u.atom(m.what(e, mt, t)))
		case v.v == varIIF || v.v == varOIF:
			lo, hi := nameRange(t.Text)
			ranges = append(ranges, [2]ruleset.U128{lo, hi})
		case v.v == varUser || v.v == varGroup:
			may = m.dd.Or(may, m.owned(v, e, mt, t))
		case t.Text != "":
			may = m.dd.Or(may, m.u.atom(m.what(e, mt, t)))
		case v.v == varFlags:
			for n := range uint64(256) {
				if holds(ruleset.U128{Lo: n}, mt, t) {
					ranges = append(ranges, [2]ruleset.U128{{Lo: n}, {Lo: n}})
				}
			}
		case mt.Op == ruleset.OpIn && v.less > 0:
			if lo, hi := t.Lo.Lo+uint64(v.less), min(t.Hi.Lo, 254)+uint64(v.less); lo <= 255 {
				ranges = append(ranges, [2]ruleset.U128{{Lo: lo}, {Lo: hi}})
			}
		case v.less > 0:
			return 0, false
		case mt.Op == ruleset.OpIn:
			ranges = append(ranges, [2]ruleset.U128{t.Lo, t.Hi})
		case mt.Op == ruleset.OpMask:
			lo, hi, ok := masked(*t, mt.Mask, width)
			if !ok {
				return 0, false
			}
			ranges = append(ranges, [2]ruleset.U128{lo, hi})
		default:
			return 0, false
		}
	}
	return m.dd.Or(m.u.in(v.v, ranges), may), true
}

// holds says whether a number is, or is within, a term.
func holds(n ruleset.U128, mt *ruleset.Match, t *ruleset.Term) bool {
	switch mt.Op {
	case ruleset.OpAny:
		return n.Lo&t.Lo.Lo|n.Hi&t.Lo.Hi != 0
	case ruleset.OpMask:
		n = ruleset.U128{Hi: n.Hi & mt.Mask.Hi, Lo: n.Lo & mt.Mask.Lo}
	}
	return t.Lo.Cmp(n) <= 0 && n.Cmp(t.Hi) <= 0
}

// term is the condition that a value that is the same for all packets is a term.
func (m *Map) term(v sym, e ruleset.Expr, mt *ruleset.Match, t *ruleset.Term) diagram.Node {
	if t.Unknown {
		return m.u.atom(m.what(e, mt, t))
	}
	switch d := ruleset.DomainOf(e); {
	case v.kind == symVar: // of a concatenation
		n, ok := m.testVar(v, e, &ruleset.Match{Op: mt.Op, Mask: mt.Mask, Terms: []ruleset.Term{*t}})
		if !ok {
			return m.u.atom(m.what(e, mt, t))
		}
		return n
	case v.kind == symUnknown && v.text == "index of lo" && t.Hi == (ruleset.U128{}):
		return diagram.False
	case v.kind == symUnknown:
		return m.u.atom(v.text + " is " + m.what(e, mt, t))
	case d == ruleset.Name:
		stem, wild := ruleset.Wildcard(t.Text)
		return boolean(v.text == stem || wild && strings.HasPrefix(v.text, stem))
	case d == ruleset.String:
		return boolean(v.text == t.Text)
	case t.Text != "" || v.text != "":
		return m.u.atom(v.text + " is " + m.what(e, mt, t))
	case ruleset.FieldOf(e) == ruleset.CTLabel:
		bit := t.Lo.Lo
		return boolean(bit < 64 && v.num.Lo>>bit&1 == 1 || bit >= 64 && bit < 128 && v.num.Hi>>(bit-64)&1 == 1)
	}
	return boolean(holds(v.num, mt, t))
}

// owned is the condition that an owner is a term: who is known by name only may be
// any number, and the other way round.
func (m *Map) owned(v sym, e ruleset.Expr, mt *ruleset.Match, t *ruleset.Term) diagram.Node {
	names := [2]ruleset.U128{{Hi: 1}, {Hi: 1, Lo: 1 << 32}}
	if t.Text != "" {
		id := ruleset.U128{Hi: 1, Lo: m.u.users[t.Text]}
		own := m.u.in(v.v, [][2]ruleset.U128{{id, id}})
		if !m.u.numbered {
			return own
		}
		byNumber := m.dd.Not(m.dd.Or(m.u.is(v.v, 0), m.u.in(v.v, [][2]ruleset.U128{names})))
		return m.dd.Or(own, m.dd.And(byNumber, m.u.atom(m.what(e, mt, t))))
	}
	own := m.u.in(v.v, [][2]ruleset.U128{{numbered(t.Lo), numbered(t.Hi)}})
	if !m.u.named {
		return own
	}
	return m.dd.Or(own, m.dd.And(m.u.in(v.v, [][2]ruleset.U128{names}), m.u.atom(m.what(e, mt, t))))
}

// what is asked, as a name for an atom.
func (m *Map) what(e ruleset.Expr, mt *ruleset.Match, t *ruleset.Term) string {
	s := t.Text
	if s == "" && !t.Unknown {
		s = fmt.Sprintf("%x:%x-%x:%x", t.Lo.Hi, t.Lo.Lo, t.Hi.Hi, t.Hi.Lo)
	}
	if mt.Op != ruleset.OpIn {
		s = fmt.Sprintf("%d/%x:%x/%s", mt.Op, mt.Mask.Hi, mt.Mask.Lo, s)
	}
	return m.describe(e) + " " + s
}

// describe an expression.
func (m *Map) describe(e ruleset.Expr) string {
	switch e := e.(type) {
	case ruleset.Field:
		return e.String()
	case *ruleset.Selector:
		return e.Kind.String() + " " + strings.Join(e.Args, " ")
	case *ruleset.Binary:
		return m.describe(e.Left) + " " + e.Op.String() + " " + m.describe(e.Right)
	case ruleset.Term:
		return fmt.Sprintf("%x:%x%s", e.Lo.Hi, e.Lo.Lo, e.Text)
	case *ruleset.MapExpr:
		if e.Map != "" {
			return "what the map " + e.Map + " holds for " + m.describe(ruleset.Concat(e.Key))
		}
		return m.nth(e, func() string { return "what a map holds for " + m.describe(ruleset.Concat(e.Key)) + elemsText(e.Elems) })
	case *ruleset.Numgen:
		return m.nth(e, func() string { return fmt.Sprintf("a number %+v", *e) })
	case *ruleset.Hash:
		return m.nth(e, func() string {
			return fmt.Sprintf("a hash of %s %d %d %d %v", m.describe(ruleset.Concat(e.Key)), e.Mod, e.Offset, e.Seed, e.Seeded)
		})
	case ruleset.Concat:
		parts := make([]string, len(e))
		for i := range e {
			parts[i] = m.describe(e[i])
		}
		return strings.Join(parts, " . ")
	}
	return fmt.Sprintf("a computed value (%p)", e)
}

// nth tells expressions apart that ask the same: which of them it is, in the order in
// which they are met. So each is one of its own, and the same in another ruleset.
func (m *Map) nth(e ruleset.Expr, text func() string) string {
	known, ok := m.exprs[e]
	if !ok {
		name := text()
		m.twins[name]++
		known = fmt.Sprintf("%s #%d", name, m.twins[name])
		m.exprs[e] = known
	}
	return known
}

// elemsText is what elements hold.
func elemsText(list []ruleset.Elem) string {
	var b strings.Builder
	for i := range list {
		for _, terms := range [][]ruleset.Term{list[i].Key, list[i].Data} {
			for _, t := range terms {
				fmt.Fprintf(&b, " %x:%x-%x:%x%q", t.Lo.Hi, t.Lo.Lo, t.Hi.Hi, t.Hi.Lo, t.Text)
			}
		}
	}
	return b.String()
}

package fate

import (
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/ruleset"
)

// eval gives the cases of an expression.
func (m *Map) eval(st *state, t *ruleset.Table, e ruleset.Expr) []kase {
	switch e := e.(type) {
	case ruleset.Field:
		return m.field(st, e)
	case ruleset.Term:
		if e.Unknown || !e.Single() {
			return always(unknown(m.describe(e)))
		}
		return always(sym{kind: symConst, num: e.Lo, text: e.Text})
	case *ruleset.Selector:
		return m.selector(e)
	case *ruleset.Binary:
		return m.binary(st, t, e)
	case *ruleset.MapExpr:
		return m.mapped(st, t, e)
	}
	return always(unknown(m.describe(e)))
}

// selector: a place that is not modelled. Headers that no plain packet has are
// absent.
func (m *Map) selector(e *ruleset.Selector) []kase {
	missing := []kase(nil)
	if e.Exists {
		missing = always(number(0))
	}
	only := func(proto uint64) []kase {
		return []kase{{m.u.is(varProto, proto), unknown(m.describe(e))}}
	}
	switch e.Kind {
	case ruleset.ExtHdr:
		return missing
	case ruleset.TCPOption:
		return only(packet.TCP)
	case ruleset.IPOption:
		if m.u.v6 {
			return nil
		}
		return missing
	case ruleset.SCTPChunk:
		return only(packet.SCTP)
	case ruleset.DCCPOption:
		return only(packet.DCCP)
	}
	return always(unknown(m.describe(e)))
}

func (m *Map) binary(st *state, t *ruleset.Table, e *ruleset.Binary) []kase {
	var out []kase
	for _, a := range m.eval(st, t, e.Left) {
		for _, b := range m.eval(st, t, e.Right) {
			cond := m.dd.And(a.cond, b.cond)
			if cond == diagram.False {
				continue
			}
			v := unknown(m.describe(e))
			if a.value.kind == symConst && b.value.kind == symConst && a.value.text+b.value.text == "" {
				if n, ok := compute(e.Op, a.value.num, b.value.num, ruleset.WidthOf(e.Left)); ok {
					v = constant(n)
				}
			}
			out = append(out, kase{cond, v})
		}
	}
	return out
}

func compute(op ruleset.BinaryOp, x, y ruleset.U128, width int) (ruleset.U128, bool) {
	switch op {
	case ruleset.And:
		return ruleset.U128{Hi: x.Hi & y.Hi, Lo: x.Lo & y.Lo}, true
	case ruleset.Or:
		return ruleset.U128{Hi: x.Hi | y.Hi, Lo: x.Lo | y.Lo}, true
	case ruleset.Xor:
		return ruleset.U128{Hi: x.Hi ^ y.Hi, Lo: x.Lo ^ y.Lo}, true
	}
	if y.Hi != 0 || y.Lo > 127 || width > 64 || x.Hi != 0 {
		return x, false
	}
	if op == ruleset.Rshift {
		return ruleset.U128{Lo: x.Lo >> y.Lo}, true
	}
	n := x.Lo << y.Lo
	if width > 0 && width < 64 {
		n &= 1<<width - 1
	}
	return ruleset.U128{Lo: n}, true
}

// mapped is what a map holds for packets.
func (m *Map) mapped(st *state, t *ruleset.Table, e *ruleset.MapExpr) []kase {
	in := m.elems(t, e.Map, e.Elems)
	var out []kase
	rest := diagram.True
	for _, k := range m.find(st, t, e.Key, in) {
		rest = m.dd.Minus(rest, k.cond)
		v := unknown(m.describe(e))
		if len(k.elem.Data) == 1 {
			v = m.eval(st, t, k.elem.Data[0])[0].value
		}
		out = append(out, kase{k.cond, v})
	}
	if in.open {
		out = append(out, kase{m.dd.And(rest, m.u.atom("the map "+e.Map+" holds it")), unknown(m.describe(e))})
	}
	return out
}

// compare is the condition that two computed values are equal.
func (m *Map) compare(st *state, t *ruleset.Table, c *ruleset.Compare) diagram.Node {
	out := diagram.False
	for _, a := range m.eval(st, t, c.Left) {
		for _, b := range m.eval(st, t, c.Right) {
			cond := m.dd.And(a.cond, b.cond)
			if cond == diagram.False {
				continue
			}
			hit := m.u.atom(m.describe(c.Left) + " is " + m.describe(c.Right))
			switch {
			case a.value.kind == symConst && b.value.kind == symConst:
				hit = boolean(a.value.num == b.value.num && a.value.text == b.value.text)
			case a.value.kind == symVar && a.value == b.value:
				hit = diagram.True
			}
			if c.Neg {
				hit = m.dd.Not(hit)
			}
			out = m.dd.Or(out, m.dd.And(cond, hit))
		}
	}
	return out
}

package fate

import (
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/ruleset"
)

// assign to a field of packets or of their connections.
func (x *rule) assign(s *ruleset.SetField, st *state, rest func(*state) diagram.Node) (diagram.Node, bool) {
	m := x.m
	if s.Field == ruleset.NoField || !m.matters(s.Field) {
		return 0, false
	}
	from := ruleset.Expr(s.Value)
	if s.From != nil {
		from = s.From
	}
	cases := m.eval(st, x.table, from)
	out, left := diagram.Miss, diagram.True
	for _, k := range cases {
		next := *st
		x.set(&next, s.Field, k.value)
		left = m.dd.Minus(left, k.cond)
		if k.cond == diagram.True {
			return rest(&next), true
		}
		n := rest(&next)
		if m.dd.Min(n) == 0 { // Miss is a result: keep it apart until all cases are joined
			n = m.dd.Over(n, m.stateLeaf(leafGo, &x.begin))
		}
		out = m.dd.Over(out, m.dd.And(k.cond, n))
	}
	// Where there is no value the rule does not match.
	n := x.goOn(st)
	if m.dd.Min(n) == 0 {
		n = m.dd.Over(n, m.stateLeaf(leafGo, &x.begin))
	}
	out = m.dd.Over(out, m.dd.And(left, n))
	return m.dd.Select(out, m.stateLeaf(leafGo, &x.begin).Value(), diagram.Miss), true
}

// matters says whether anything looks at a field that is assigned.
func (m *Map) matters(f ruleset.Field) bool {
	switch f {
	case ruleset.MetaMark:
		if m.u.live[f] {
			return true
		}
		if m.h != nil {
			for _, r := range m.h.Rules {
				if r.Mark != 0 || r.Mask != 0 {
					return true
				}
			}
		}
		return false
	}
	return m.u.live[f]
}

// set a field of a state.
func (x *rule) set(st *state, f ruleset.Field, v sym) {
	m := x.m
	conn := f >= ruleset.CTState && f <= ruleset.CTReplyDport || f >= ruleset.CTExpiration && f <= ruleset.CTReplyProtocol
	if conn && !st.conn {
		return // nothing to assign to
	}
	known := v.kind == symConst
	switch {
	case f == ruleset.MetaMark:
		if known {
			v = constant(ruleset.U128{Lo: v.num.Lo & 0xffffffff})
		}
		st.mark = v
		return
	case f == ruleset.CTMark:
		if known {
			v = constant(ruleset.U128{Lo: v.num.Lo & 0xffffffff})
		}
		st.ctmark = v
		return
	case f == ruleset.CTLabel && known:
		if v.num.Lo < 128 {
			st.labels[v.num.Lo/64] |= 1 << (v.num.Lo % 64)
		}
		return
	case f == ruleset.CTHelper && known:
		st.helper = v.text
		for _, o := range x.table.Objects {
			if o.Kind == ruleset.ObjHelper && o.Name == v.text {
				st.helper = o.Helper
				break
			}
		}
		return
	}
	st.other = m.otherID(st.other, f, v)
}

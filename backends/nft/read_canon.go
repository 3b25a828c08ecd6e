package nft

import (
	"math/bits"

	"github.com/loward/loward/compiler/ruleset"
)

// canonical is a match in the simplest form that means the same, as nft itself
// simplifies it or lists it: a mask of all bits is none, bits compared with zero
// are asked for, the bits of a prefix are the prefix, and an exclusive or is done
// to the value.
func canonical(m ruleset.Match) ruleset.Match {
	if m.Op == ruleset.OpMask {
		return unmasked(m)
	}
	b, ok := m.Of.(*ruleset.Binary)
	if !ok || b.Op != ruleset.Xor || m.Op != ruleset.OpIn || m.Set || ordered(m.Terms) {
		return m
	}
	f := ruleset.FieldOf(b.Left)
	with, known := b.Right.(ruleset.Term)
	if f == ruleset.NoField || !known || with.Text != "" {
		return m
	}
	terms := make([]ruleset.Term, len(m.Terms))
	for i, t := range m.Terms {
		if t.Text != "" || t.Unknown {
			return m
		}
		v := ruleset.U128{Hi: t.Lo.Hi ^ with.Lo.Hi, Lo: t.Lo.Lo ^ with.Lo.Lo}
		terms[i] = ruleset.Term{Lo: v, Hi: v}
	}
	m.Field, m.Of, m.Terms = f, nil, terms
	return m
}

func unmasked(m ruleset.Match) ruleset.Match {
	if len(m.Terms) != 1 || m.Terms[0].Text != "" || m.Terms[0].Unknown {
		return m
	}
	info := m.Field.Info()
	all, v := lowBits(info.Width), m.Terms[0].Lo
	switch {
	case m.Mask == all:
		m.Op, m.Mask = ruleset.OpIn, ruleset.U128{}
	case v == (ruleset.U128{}) && info.Domain == ruleset.Bits:
		m.Op, m.Neg, m.Terms, m.Mask = ruleset.OpAny, !m.Neg, []ruleset.Term{{Lo: m.Mask, Hi: m.Mask}}, ruleset.U128{}
	case info.Domain == ruleset.Addr4 && v.Lo&^m.Mask.Lo == 0:
		host := ^uint32(m.Mask.Lo)
		if n := bits.Len32(host); host == uint32(1<<n-1) && n < 32 {
			m.Op, m.Mask, m.Terms = ruleset.OpIn, ruleset.U128{}, []ruleset.Term{{Lo: v, Hi: ruleset.U128{Lo: v.Lo | uint64(host)}}}
		}
	}
	return m
}

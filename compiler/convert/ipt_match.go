package convert

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// narrow says of a match whether it always holds in the table and the chain that
// is being made, or never, and brings it into the form that the rest expects.
func (c *toIpt) narrow(to *ruleset.Chain, m *ruleset.Match) (out *ruleset.Match, always, never bool) {
	if name := unknown(m.Terms); name != "" {
		c.no("the value %s, which is not known", name)
		return m, false, true
	}
	if m.Field == ruleset.NoField {
		c.no("a match on %s", describe(m.Of))
		return m, false, true
	}
	if len(m.Terms) == 0 {
		return m, m.Neg, !m.Neg
	}
	info := m.Field.Info()
	switch info.Family {
	case ruleset.Inet, c.family:
	case ruleset.IP, ruleset.IP6:
		return m, false, true // a field that no packet here has
	default:
		c.no("a match on %s", m.Field)
		return m, false, true
	}
	switch m.Field {
	case ruleset.NFProto:
		return c.only(m, uint64(protoOf(c.family)))
	case ruleset.MetaProtocol:
		return c.only(m, uint64(map[bool]uint16{false: 0x0800, true: 0x86dd}[c.v6]))
	case ruleset.IIF, ruleset.OIF:
		n := *m
		n.Field = map[ruleset.Field]ruleset.Field{ruleset.IIF: ruleset.IIFName, ruleset.OIF: ruleset.OIFName}[m.Field]
		n.Terms = append([]ruleset.Term(nil), m.Terms...)
		for i, t := range n.Terms {
			if t.Text == "" && t == ruleset.Num(1) {
				n.Terms[i] = ruleset.Text("lo")
			} else if t.Text == "" {
				c.no("the number of an interface")
				return m, false, true
			}
		}
		m = &n
	}
	if m.Field == ruleset.IIFName || m.Field == ruleset.OIFName {
		return c.iface(to, m)
	}
	return m, false, false
}

// only: the field has one value in the whole table.
func (c *toIpt) only(m *ruleset.Match, value uint64) (*ruleset.Match, bool, bool) {
	if m.Op != ruleset.OpIn {
		c.no("bits of %s", m.Field)
		return m, false, true
	}
	for _, t := range m.Terms {
		if t.Lo.Hi == 0 && t.Lo.Lo <= value && value <= t.Hi.Lo {
			return m, !m.Neg, m.Neg
		}
	}
	return m, m.Neg, !m.Neg
}

// iface: iptables refuses -i and -o in builtin chains where there is no such
// interface. Its name is empty there, for nft.
func (c *toIpt) iface(to *ruleset.Chain, m *ruleset.Match) (*ruleset.Match, bool, bool) {
	empty := false
	for _, t := range m.Terms {
		if t.Text == "*" {
			return m, !m.Neg, m.Neg
		}
	}
	if to.Base != nil {
		switch h := to.Base.Hook; m.Field {
		case ruleset.IIFName:
			empty = h == ruleset.Output
			if h == ruleset.Postrouting {
				c.no("the arriving interface in its POSTROUTING chain")
				return m, false, true
			}
		case ruleset.OIFName:
			empty = h == ruleset.Input || h == ruleset.Prerouting
		}
	}
	return m, empty && m.Neg, empty && !m.Neg
}

// excluded: that a field has none of several values can't be said in one rule.
func excluded(m *ruleset.Match) bool {
	if !m.Neg || m.Op != ruleset.OpIn || len(m.Terms) < 2 {
		return false
	}
	switch m.Field {
	case ruleset.CTState:
		return false
	case ruleset.Sport, ruleset.Dport:
		return slots(m.Terms) > maxSlots
	}
	return true
}

// maxSlots is how many ports multiport holds; a range takes two.
const maxSlots = 15

func slots(terms []ruleset.Term) int {
	n := 0
	for _, t := range terms {
		n++
		if !t.Single() {
			n++
		}
	}
	return n
}

// maxRange is how many values of a range are said one by one.
const maxRange = 64

// alternatives are the ways in which a match can hold, each of which a rule can
// say. It is false where that was refused.
func (c *toIpt) alternatives(m *ruleset.Match) ([]*ruleset.Match, bool) {
	whole := []*ruleset.Match{m}
	switch {
	case m.Op == ruleset.OpAny || m.Neg || m.Field == ruleset.CTState && m.Op == ruleset.OpIn:
		return whole, true
	case isPort(m.Field) && m.Op == ruleset.OpIn:
		return chunks(m), true
	}
	var out []*ruleset.Match
	for _, t := range m.Terms {
		for _, t := range c.singles(m, t) {
			one := *m
			one.Terms = []ruleset.Term{t}
			out = append(out, &one)
		}
		if len(out) > maxMade {
			c.no("a match with more than %d values of %s", maxMade, m.Field).
				Helpf("iptables looks into large sets with -m set, which ipset fills")
			return nil, false
		}
	}
	return out, true
}

// chunks of ports that one multiport holds.
func chunks(m *ruleset.Match) []*ruleset.Match {
	var out []*ruleset.Match
	terms := m.Terms
	for len(terms) > 0 {
		n, used := 0, 0
		for n < len(terms) && used+slots(terms[n:n+1]) <= maxSlots {
			used += slots(terms[n : n+1])
			n++
		}
		one := *m
		one.Terms = terms[:n:n]
		out = append(out, &one)
		terms = terms[n:]
	}
	return out
}

// singles splits a range whose field can only be asked for one value.
func (c *toIpt) singles(m *ruleset.Match, t ruleset.Term) []ruleset.Term {
	if t.Single() || t.Text != "" {
		return []ruleset.Term{t}
	}
	switch m.Field {
	case ruleset.L4Proto, ruleset.IPProtocol, ruleset.ICMPType, ruleset.ICMPv6Type, ruleset.ICMPCode, ruleset.ICMPv6Code,
		ruleset.IPDSCP, ruleset.IP6DSCP, ruleset.MetaMark, ruleset.CTMark, ruleset.PktType, ruleset.FibSaddrType, ruleset.FibDaddrType:
		if t.Lo.Hi != 0 || t.Hi.Hi != 0 || t.Hi.Lo-t.Lo.Lo >= maxRange {
			return []ruleset.Term{t} // refused where it is written
		}
		var out []ruleset.Term
		for v := t.Lo.Lo; v <= t.Hi.Lo; v++ {
			out = append(out, ruleset.Num(v))
		}
		return out
	}
	return []ruleset.Term{t}
}

// describe a place that has no field of its own.
func describe(e ruleset.Expr) string {
	switch e := e.(type) {
	case ruleset.Field:
		return e.String()
	case *ruleset.Selector:
		return e.Kind.String() + " " + strings.Join(e.Args, " ")
	case *ruleset.Binary:
		return "bits of " + describe(e.Left)
	case *ruleset.Numgen:
		return "a number that is counted up or drawn"
	case *ruleset.Hash:
		return "a hash"
	}
	return "what is computed"
}

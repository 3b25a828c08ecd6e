package fate

import (
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/ruleset"
)

// loops is the condition that an address is of 127/8.
func (m *Map) loops(a sym) diagram.Node {
	return m.within(a, ruleset.Term{Lo: ruleset.U128{Lo: 0x7f000000}, Hi: ruleset.U128{Lo: 0x7fffffff}})
}

// zeros is 0/8.
func zeros() ruleset.Term { return ruleset.Term{Hi: ruleset.U128{Lo: 0xffffff}} }

// confined is the condition that a source of 127/8 does not leave by an interface
// (__mkroute_output).
func (m *Map) confined(src, oif sym) diagram.Node {
	if m.u.v6 || src.kind == symUnknown {
		return diagram.False
	}
	return m.dd.Minus(m.loops(src), m.conf(oif, "route_localnet"))
}

// weird is what IPv4's routing refuses of what has arrived, whatever the routes
// (ip_route_input_slow); see package path.
func (m *Map) weird(st *state) diagram.Node {
	src, dst := st.at.src, st.at.dst
	if src.kind == symUnknown {
		return diagram.False
	}
	most := ruleset.Term{Lo: ruleset.U128{Lo: 1<<32 - 1}, Hi: ruleset.U128{Lo: 1<<32 - 1}}
	out := m.dd.Or(m.typeIs(src, varSrcType, host.Multicast), m.within(src, most))
	zero, loops, all, group := m.within(src, zeros()), m.loops(src), diagram.False, diagram.False
	if dst.kind != symUnknown {
		none := m.dd.And(m.within(src, ruleset.Term{}), m.within(dst, ruleset.Term{}))
		all = m.dd.Or(m.within(dst, most), none)
		group = m.typeIs(dst, varDstType, host.Multicast)
		zero = m.dd.Or(zero, m.within(dst, zeros()))
		loops = m.dd.Or(loops, m.loops(dst))
		// To the groups of a link 0.0.0.0 may send, and IGMP to any.
		near := m.within(dst, ruleset.Term{Lo: ruleset.U128{Lo: 0xe0000000}, Hi: ruleset.U128{Lo: 0xe00000ff}})
		zero = m.dd.Minus(zero, m.dd.And(group, m.dd.Or(near, m.u.Proto(2))))
	}
	return m.dd.Or(out, m.dd.Minus(m.dd.Or(zero, m.dd.Minus(loops, m.conf(st.iif, "route_localnet"))), all))
}

// martian is what it refuses for its source, of what would leave by an interface or is
// for the host (fib_validate_source).
func (m *Map) martian(st *state, oif sym) diagram.Node {
	src := st.at.src
	if src.kind == symUnknown {
		return diagram.False
	}
	local, all := m.typeIs(src, varSrcType, host.Local), m.typeIs(src, varSrcType, host.Broadcast)
	accept, filter := m.conf(st.iif, "accept_local"), m.conf(st.iif, "rp_filter")
	thorough := m.dd.Or(filter, m.back(st.iif, oif))
	out := m.dd.And(thorough, m.dd.Or(m.dd.Minus(local, accept), all))
	switch {
	case m.h == nil || !m.opts.Strict:
		local = m.dd.Minus(local, accept)
		if filter != diagram.False {
			out = m.dd.Or(out, m.dd.And(filter, m.u.atom("the reverse path filter refuses it")))
		}
		return m.dd.Or(out, m.dd.Minus(m.dd.Or(local, all), m.within(src, ruleset.Term{})))
	case m.h.PolicyRouted():
		out = m.dd.Or(out, m.dd.Minus(m.dd.Or(local, all), accept))
	default:
		out = m.dd.Or(out, m.dd.Minus(m.has(src), m.dd.Or(accept, thorough)))
	}
	if filter != diagram.False {
		out = m.dd.Or(out, m.dd.And(filter, m.u.atom("the reverse path filter refuses it")))
	}
	return m.dd.Minus(out, m.within(src, zeros()))
}

// has is the condition that an address is one of the host's by itself: not all of
// 127/8.
func (m *Map) has(a sym) diagram.Node {
	out := diagram.False
	for i := range m.h.Links {
		for _, p := range m.h.Links[i].Addrs {
			if p.Addr().Is6() == m.u.v6 {
				n := ruleset.AddrValue(p.Addr())
				out = m.dd.Or(out, m.within(a, ruleset.Term{Lo: n, Hi: n}))
			}
		}
	}
	return out
}

// back is the condition that a packet would leave as it came, by an interface that
// sends redirects.
func (m *Map) back(iif, oif sym) diagram.Node {
	if m.h == nil || oif.isName("") {
		return diagram.False
	}
	out := diagram.False
	for i := range m.h.Links {
		l := m.h.Links[i].Name
		if m.h.Conf(false, l, "send_redirects", 1) > 0 {
			out = m.dd.Or(out, m.dd.And(m.nameIs(iif, l), m.nameIs(oif, l)))
		}
	}
	return out
}

// onlyHere is the condition that a packet came to a group or to all, or is of its link
// alone: none is sent on (ip_forward, ip6_forward).
func (m *Map) onlyHere(st *state) diagram.Node {
	out := diagram.False
	if st.link {
		dst := variable(varDst)
		out = m.dd.Or(m.typeIs(dst, varDstType, host.Multicast), m.typeIs(dst, varDstType, host.Broadcast))
	}
	if m.u.v6 && st.at.src.kind != symUnknown {
		lo, hi := ruleset.U128{Hi: 0xfe80 << 48}, ruleset.U128{Hi: 0xfebf<<48 | 0xffffffffffff, Lo: ^uint64(0)}
		out = m.dd.Or(out, m.dd.Or(m.within(st.at.src, ruleset.Term{Lo: lo, Hi: hi}), m.within(st.at.src, ruleset.Term{})))
	}
	return out
}

// wireless are the groups of IPv6 that no wire carries: of scope 0 and 1, whatever
// their flags (ip6_rcv_core).
func wireless() [][2]ruleset.U128 {
	var out [][2]ruleset.U128
	for flags := range uint64(16) {
		lo := (0xff00 | flags<<4) << 48
		out = append(out, [2]ruleset.U128{{Hi: lo}, {Hi: lo | 1<<49 - 1, Lo: ^uint64(0)}})
	}
	return out
}

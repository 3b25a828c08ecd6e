package fate

import (
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/ruleset"
)

// starts is the condition that packets set out on a journey.
func (m *Map) starts(j Journey, c Conn) diagram.Node {
	out := m.real()
	none := func(v int) diagram.Node { return m.u.is(v, 0) }
	lo, _ := nameRange(host.Loopback)
	outside := func(v int) diagram.Node {
		return m.dd.Not(m.u.in(v, [][2]ruleset.U128{{{}, {}}, {lo, lo}}))
	}
	and := func(c diagram.Node) { out = m.dd.And(c, out) }
	and(outside(varOIF))
	dst, src := variable(varDst), variable(varSrc)
	switch j {
	case Arriving:
		and(outside(varIIF))
		and(none(varUser))
		and(none(varGroup))
	case Local:
		and(none(varIIF))
		and(m.typeIs(dst, varDstType, host.Local))
		and(m.typeIs(src, varSrcType, host.Local))
	default:
		and(none(varIIF))
		and(m.dd.Not(m.typeIs(dst, varDstType, host.Local)))
		and(m.typeIs(src, varSrcType, host.Local))
		if !m.opts.Bare {
			and(m.dd.Not(m.confined(src, variable(varOIF))))
		}
	}
	if j != Arriving {
		and(m.owners())
	}
	switch c {
	case First:
		and(m.dd.Or(m.beginners(), m.discovery()))
	case Invalid:
	default:
		and(m.dd.Not(m.discovery()))
	}
	return out
}

// real packets: every value is one that its field can have, and of one packet.
func (m *Map) real() diagram.Node {
	out := diagram.True
	limit := func(v int, least, most uint64) {
		out = m.dd.And(m.u.in(v, [][2]ruleset.U128{{{Lo: least}, {Lo: most}}}), out)
	}
	for _, v := range m.u.free {
		out = m.dd.And(m.u.in(v, [][2]ruleset.U128{{{}, ones(64)}, {absentValue, absentValue}}), out)
	}
	limit(varTTL, 1, 255)
	if len(m.u.cuts[varFlags]) > 1 {
		limit(varFlags, 0, 255)
	}
	limit(varCode, 0, 255)
	limit(varType, 0, 255)
	limit(varSport, 0, 65535)
	limit(varDport, 0, 65535)
	limit(varProto, 0, 255)
	if !m.u.v6 {
		limit(varSrc, 0, 1<<32-1)
		limit(varDst, 0, 1<<32-1)
	}
	if m.h != nil {
		return out
	}
	return m.dd.And(m.dd.And(m.typed(varDst, varDstType), m.typed(varSrc, varSrcType)), out)
}

// typed is the condition that a variable for the type of an address is one that the
// address can have, where no facts tell which.
func (m *Map) typed(addr, kind int) diagram.Node {
	bare := &Map{u: m.u, dd: m.dd, h: &host.Host{}, types: map[typeKey]diagram.Node{}}
	left := diagram.True
	out := diagram.False
	for _, t := range []host.Type{host.Local, host.Multicast, host.Broadcast} {
		c := bare.typeIs(variable(addr), kind, t)
		out = m.dd.Or(out, m.dd.And(c, m.u.is(kind, uint64(t))))
		left = m.dd.Minus(left, c)
	}
	return m.dd.Or(out, m.dd.And(left, m.u.is(kind, uint64(host.Unicast), uint64(host.Local), uint64(host.Broadcast))))
}

// owners: a packet that has a user has a group. Who is known both by name and by
// number is known by what rules ask for.
func (m *Map) owners() diagram.Node {
	both := func(regions [][2]ruleset.U128) diagram.Node {
		return m.dd.And(m.u.in(varUser, regions), m.u.in(varGroup, regions))
	}
	none := both([][2]ruleset.U128{{{}, {}}})
	numbers := [2]ruleset.U128{{Lo: 1}, {Lo: 1 << 32}}
	names := [2]ruleset.U128{{Hi: 1}, {Hi: 1, Lo: 1 << 32}}
	out := none
	if m.u.numbered || !m.u.named {
		out = m.dd.Or(out, both([][2]ruleset.U128{numbers}))
	}
	if m.u.named {
		out = m.dd.Or(out, both([][2]ruleset.U128{names}))
	}
	return out
}

// beginners are packets with which a connection can begin: TCP's with SYN alone, or
// (nf_conntrack_tcp_loose) in its midst; of ICMP what asks for an answer.
func (m *Map) beginners() diagram.Node {
	out := m.dd.Not(m.dd.Or(m.icmp(), m.u.is(varProto, packet.TCP)))
	asking := []uint64{8, 13, 15, 17}
	if m.u.v6 {
		asking = []uint64{128, 139}
	}
	out = m.dd.Or(out, m.dd.And(m.icmp(), m.u.is(varType, asking...)))
	flags := diagram.True
	if len(m.u.cuts[varFlags]) > 1 {
		var ok []uint64
		for n := range uint64(256) {
			if packet.Begins(uint8(n)) {
				ok = append(ok, n)
			}
		}
		flags = m.u.is(varFlags, ok...)
	}
	return m.dd.Or(out, m.dd.And(m.u.is(varProto, packet.TCP), flags))
}

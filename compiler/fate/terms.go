package fate

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/ruleset"
)

// Space of the universe's diagrams. From its first use on nothing more can be added
// to the universe.
func (u *Universe) Space() *diagram.Space { return u.space() }

// Dst is the condition that packets set out for an address from lo to hi, which
// must have been added; never of the other family.
func (u *Universe) Dst(lo, hi netip.Addr) diagram.Node { return u.address(varDst, lo, hi) }

// Src is the same of the source.
func (u *Universe) Src(lo, hi netip.Addr) diagram.Node { return u.address(varSrc, lo, hi) }

func (u *Universe) address(v int, lo, hi netip.Addr) diagram.Node {
	if lo.Is6() != u.v6 {
		return diagram.False
	}
	return u.in(v, [][2]ruleset.U128{{ruleset.AddrValue(lo), ruleset.AddrValue(hi)}})
}

// IIF is the condition that packets arrive by an interface of that name, which may
// end in *.
func (u *Universe) IIF(name string) diagram.Node { return u.named1(varIIF, name) }

// OIF is the same of the interface by which they leave, if they are not for the
// host.
func (u *Universe) OIF(name string) diagram.Node { return u.named1(varOIF, name) }

func (u *Universe) named1(v int, name string) diagram.Node {
	lo, hi := nameRange(name)
	return u.in(v, [][2]ruleset.U128{{lo, hi}})
}

// Proto is the condition that packets are of a transport protocol.
func (u *Universe) Proto(p uint8) diagram.Node { return u.is(varProto, uint64(p)) }

// Dport, Sport and Type: the port or the ICMP type is from lo to hi.
func (u *Universe) Dport(lo, hi uint16) diagram.Node { return u.between(varDport, lo, hi) }

// Sport is the condition that the source port is from lo to hi.
func (u *Universe) Sport(lo, hi uint16) diagram.Node { return u.between(varSport, lo, hi) }

// Type is the condition that the ICMP type is from lo to hi.
func (u *Universe) Type(lo, hi uint16) diagram.Node { return u.between(varType, lo, hi) }

func (u *Universe) between(v int, lo, hi uint16) diagram.Node {
	return u.in(v, [][2]ruleset.U128{{{Lo: uint64(lo)}, {Lo: uint64(hi)}}})
}

// TTL is the condition that the time to live, or the hop limit, is n: 1 or 255.
func (u *Universe) TTL(n uint8) diagram.Node { return u.is(varTTL, uint64(n)) }

// User is the condition that the sending socket is owned by that user.
func (u *Universe) User(name string) diagram.Node { return u.ownedBy(varUser, name) }

// Group is the same of a group.
func (u *Universe) Group(name string) diagram.Node { return u.ownedBy(varGroup, name) }

func (u *Universe) ownedBy(v int, name string) diagram.Node {
	id := ruleset.U128{Hi: 1, Lo: u.users[name]}
	return u.in(v, [][2]ruleset.U128{{id, id}})
}

// Settled replaces what a diagram of fates leaves open — atoms, and fields of which
// nothing is known — by the leaf that f makes of the fates that are possible.
func (m *Map) Settled(n diagram.Node, f func(possible []Fate) uint32) diagram.Node {
	return m.u.Settled(n, func(values []uint32) uint32 {
		fates := make([]Fate, len(values))
		for i, v := range values {
			fates[i] = m.fates[v]
		}
		return f(fates)
	})
}

// Settled does so with any diagram and the values that it may have.
func (u *Universe) Settled(n diagram.Node, f func(values []uint32) uint32) diagram.Node {
	return u.dd.Below(n, numFixed, f)
}

// Begun replaces what a diagram asks of a packet beyond its way, addresses and ports
// by the one value other than 0 that it may have then; where there are several, or
// none, by 0.
func (u *Universe) Begun(n diagram.Node) diagram.Node {
	return u.dd.Below(n, varType, func(values []uint32) uint32 {
		if len(values) > 0 && values[0] == 0 {
			values = values[1:]
		}
		if len(values) != 1 {
			return 0
		}
		return values[0]
	})
}

// Here is the condition that packets set out for the host itself, or for all.
func (m *Map) Here() diagram.Node {
	dst := variable(varDst)
	return m.dd.Or(m.typeIs(dst, varDstType, host.Local), m.dd.Or(
		m.typeIs(dst, varDstType, host.Multicast), m.typeIs(dst, varDstType, host.Broadcast)))
}

// Nowhere is the condition that packets set out for an address that none has who could
// be reached: 127/8, or ::1, and 0/8, or groups that no wire carries.
func (m *Map) Nowhere() diagram.Node {
	ranges := m.loopback()
	if m.u.v6 {
		ranges = append(ranges, wireless()...)
	} else {
		ranges = append(ranges, [2]ruleset.U128{{}, {Lo: 0xffffff}})
	}
	return m.u.in(varDst, ranges)
}

func (m *Map) loopback() [][2]ruleset.U128 {
	if m.u.v6 {
		return [][2]ruleset.U128{{{Lo: 1}, {Lo: 1}}}
	}
	return [][2]ruleset.U128{{{Lo: 0x7f000000}, {Lo: 0x7fffffff}}}
}

// Forged is the condition that what arrives has a source that nobody has there: the
// host's own addresses, and what is no unicast address (0.0.0.0 too, which only who
// has none yet sends from). Of IPv4 the kernel refuses most of it, whatever rules say.
func (m *Map) Forged() diagram.Node {
	out := m.u.in(varSrc, m.loopback())
	for _, t := range []host.Type{host.Local, host.Multicast, host.Broadcast} {
		out = m.dd.Or(out, m.typeIs(variable(varSrc), varSrcType, t))
	}
	return out
}

// Routed is the condition that packets leave by the interface to which the host's
// routes lead: what its facts leave open is open.
func (m *Map) Routed() diagram.Node {
	if m.h == nil {
		return diagram.True
	}
	to := map[string][][2]uint32{}
	for class := range m.dd.Classes(varDst) {
		lo, _ := m.u.bounds(varDst, class)
		if !m.u.v6 && (lo.Hi > 0 || lo.Lo > 1<<32-1) {
			break
		}
		r := m.h.Route(host.Query{Dst: m.addr(lo)})
		dev := r.Dev
		if !r.Found || dev == packet.AnyLink || dev == host.Loopback {
			dev = ""
		}
		to[dev] = append(to[dev], [2]uint32{class, class})
	}
	var list []diagram.Node
	for _, dev := range slices.Sorted(maps.Keys(to)) {
		by := diagram.True
		if dev != "" {
			by = m.nameIs(variable(varOIF), dev)
		}
		list = append(list, m.dd.And(by, m.dd.InAny(varDst, union(to[dev]))))
	}
	return m.dd.OverAll(list)
}

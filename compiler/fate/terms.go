package fate

import (
	"net/netip"

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
	return m.dd.Below(n, numFixed, func(values []uint32) uint32 {
		fates := make([]Fate, len(values))
		for i, v := range values {
			fates[i] = m.fates[v]
		}
		return f(fates)
	})
}

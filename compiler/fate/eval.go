package fate

import (
	"net/netip"
	"slices"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/ruleset"
)

// Packet is one packet as it sets out.
type Packet struct {
	IIF, OIF     string
	Src, Dst     netip.Addr
	Proto        uint8
	Sport, Dport uint16
	Type, Code   uint8
	Flags        uint8
	TTL          uint8
	// User and Group by name, or with UID and GID by number where both names are
	// empty and Owned is set.
	User, Group string
	UID, GID    uint32
	Owned       bool
	// DstType and SrcType count where no facts of the host are known.
	DstType, SrcType host.Type
}

// Of is what a diagram of fates says of one packet: several fates where what can't
// be known decides, NoPacket where it does not set out on that journey.
func (m *Map) Of(n diagram.Node, p *Packet) []Fate {
	var out []Fate
	for _, v := range m.u.At(n, p) {
		out = append(out, m.fates[v])
	}
	return out
}

// At are the values that a diagram may have for one packet.
func (u *Universe) At(n diagram.Node, p *Packet) []uint32 {
	return u.dd.Values(u.dd.Descend(n, u.place(p)))
}

// place of a packet: the classes of the variables that every universe has.
func (u *Universe) place(p *Packet) []uint32 {
	at := make([]uint32, numFixed)
	set := func(v int, n ruleset.U128) { at[v] = u.classAt(v, n) }
	num := func(v int, n uint64) { set(v, ruleset.U128{Lo: n}) }
	set(varIIF, nameValue(p.IIF))
	set(varOIF, nameValue(p.OIF))
	num(varProto, uint64(p.Proto))
	set(varDst, ruleset.AddrValue(p.Dst))
	set(varSrc, ruleset.AddrValue(p.Src))
	num(varDport, uint64(p.Dport))
	num(varSport, uint64(p.Sport))
	num(varType, uint64(p.Type))
	num(varCode, uint64(p.Code))
	num(varFlags, uint64(p.Flags))
	num(varTTL, uint64(p.TTL))
	num(varDstType, uint64(p.DstType))
	num(varSrcType, uint64(p.SrcType))
	set(varUser, u.ownerValue(p.Owned, p.User, p.UID))
	set(varGroup, u.ownerValue(p.Owned, p.Group, p.GID))
	return at
}

// classAt is the class of a variable's value.
func (u *Universe) classAt(v int, n ruleset.U128) uint32 {
	i, found := slices.BinarySearchFunc(u.cuts[v], n, ruleset.U128.Cmp)
	if !found {
		i--
	}
	return uint32(i)
}

func (u *Universe) ownerValue(owned bool, name string, number uint32) ruleset.U128 {
	switch {
	case !owned:
		return ruleset.U128{}
	case name == "":
		return numbered(ruleset.U128{Lo: uint64(number)})
	}
	n, ok := u.users[name]
	if !ok {
		n = 1 << 32 // somebody else
	}
	return ruleset.U128{Hi: 1, Lo: n}
}

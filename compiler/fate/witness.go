package fate

import (
	"net/netip"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/ruleset"
)

// Taste is what a witness should look like, where it has a choice: the first that
// fits is taken.
type Taste struct {
	Src, Dst []netip.Addr
	IIF, OIF []string
	Ports    []uint16
}

// Witness finds a packet for which a diagram has a wanted value: a natural one, and
// always the same.
func (u *Universe) Witness(n diagram.Node, want func(uint32) bool, t Taste) (*Packet, bool) {
	p, _, ok := u.pick(n, want, t)
	return p, ok
}

func (u *Universe) pick(n diagram.Node, want func(uint32) bool, t Taste) (*Packet, []uint32, bool) {
	list := u.preferences(t)
	picked := make([]ruleset.U128, u.dd.Vars())
	at, ok := u.dd.Pick(n, want, func(level int, ranges [][2]uint32) (int, uint32) {
		if level >= len(u.cuts) {
			return 0, ranges[0][0] // an atom
		}
		i, class, value := u.choose(level, ranges, list[min(level, len(list)-1)])
		picked[level] = value
		return i, class
	})
	if !ok {
		return nil, nil, false
	}
	return u.packetOf(picked), at, true
}

// preferences of each variable's values.
func (u *Universe) preferences(t Taste) [][]ruleset.U128 {
	list := make([][]ruleset.U128, numFixed+1)
	num := func(v int, n ...uint64) {
		for _, x := range n {
			list[v] = append(list[v], ruleset.U128{Lo: x})
		}
	}
	addrs := func(v int, all ...netip.Addr) {
		for _, a := range all {
			if a.IsValid() && a.Is6() == u.v6 {
				list[v] = append(list[v], ruleset.AddrValue(a))
			}
		}
	}
	names := func(v int, all ...string) {
		for _, n := range all {
			list[v] = append(list[v], nameValue(n))
		}
	}
	names(varIIF, append(t.IIF, "", "eth0", "wan0", "eth1", "br0", "ppp0", "wg0", "tun0", "docker0", "veth0")...)
	names(varOIF, append(t.OIF, "eth0", "wan0", "eth1", "br0", "ppp0", "wg0", "tun0", "docker0", "veth0")...)
	icmp := uint64(packet.ICMP)
	if u.v6 {
		icmp = packet.ICMPv6
	}
	num(varProto, packet.TCP, packet.UDP, icmp, packet.SCTP, packet.GRE)
	addrs(varDst, t.Dst...)
	addrs(varSrc, t.Src...)
	for _, p := range []string{"198.51.100.7", "203.0.113.9", "192.0.2.7", "10.0.0.7", "192.168.1.7", "2001:db8:ffff::7", "2001:db8::7", "fd00::7", "fe80::7"} {
		addrs(varSrc, netip.MustParseAddr(p))
	}
	for _, p := range []string{"203.0.113.5", "198.51.100.5", "10.0.0.5", "192.168.1.5", "127.0.0.1", "2001:db8::5", "fd00::5", "::1"} {
		addrs(varDst, netip.MustParseAddr(p))
	}
	for _, p := range t.Ports {
		num(varDport, uint64(p))
	}
	num(varDport, 22, 443, 80, 53, 25, 8080, 123, 3306, 5432)
	num(varSport, 40000, 50000, 32768)
	num(varType, 8, 128)
	num(varCode, 0)
	num(varFlags, packet.SYN, packet.ACK, packet.SYN|packet.ACK, packet.PSH|packet.ACK, packet.FIN|packet.ACK, packet.RST|packet.ACK, packet.RST)
	num(varUser, 0, 1, 1001)
	num(varGroup, 0, 1, 1001)
	num(varTTL, 64, 255, 1)
	num(varDstType, uint64(host.Unicast), uint64(host.Local))
	num(varSrcType, uint64(host.Unicast), uint64(host.Local))
	num(numFixed, 0)
	return list
}

// choose a value from ranges of classes: the first that is preferred, else one that
// rules name, else the first.
func (u *Universe) choose(v int, ranges [][2]uint32, preferred []ruleset.U128) (int, uint32, ruleset.U128) {
	for _, p := range preferred {
		for i, r := range ranges {
			lo, _ := u.bounds(v, r[0])
			_, hi := u.bounds(v, r[1])
			if lo.Cmp(p) <= 0 && p.Cmp(hi) <= 0 {
				class := r[0]
				for {
					if _, top := u.bounds(v, class); p.Cmp(top) <= 0 {
						return i, class, p
					}
					class++
				}
			}
		}
	}
	for i, r := range ranges {
		for class := r[0]; class <= r[1]; class++ {
			if lo, hi := u.bounds(v, class); lo == hi {
				return i, class, lo
			}
		}
	}
	lo, hi := u.bounds(v, ranges[0][0])
	return 0, ranges[0][0], u.natural(v, lo, hi)
}

// natural value from a range: an address that is no network's, a name that can be
// typed.
func (u *Universe) natural(v int, lo, hi ruleset.U128) ruleset.U128 {
	switch v {
	case varDst, varSrc:
		if next := lo.Next(); lo.Lo&0xff == 0 && next.Cmp(hi) <= 0 {
			return next
		}
	case varIIF, varOIF:
		stem := nameOf(lo)
		for _, s := range []string{stem + "0", stem + "1", stem, stem + "x"} {
			if n := nameValue(s); lo.Cmp(n) <= 0 && n.Cmp(hi) <= 0 && typed(s) {
				return n
			}
		}
		// Between two names: the first letters that lie there.
		for c := byte('a'); c <= 'z'; c++ {
			for _, s := range []string{string(c), string(c) + "th0", stem + string(c)} {
				if n := nameValue(s); lo.Cmp(n) <= 0 && n.Cmp(hi) <= 0 && typed(s) {
					return n
				}
			}
		}
	}
	return lo
}

func typed(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}

// packetOf the values that were picked.
func (u *Universe) packetOf(at []ruleset.U128) *Packet {
	addr := func(n ruleset.U128) netip.Addr {
		if u.v6 {
			return n.Addr6Of()
		}
		return n.Addr4Of()
	}
	p := &Packet{
		IIF: nameOf(at[varIIF]), OIF: nameOf(at[varOIF]), Src: addr(at[varSrc]), Dst: addr(at[varDst]), Proto: uint8(at[varProto].Lo),
		Type: uint8(at[varType].Lo), Code: uint8(at[varCode].Lo), Flags: uint8(at[varFlags].Lo), TTL: uint8(at[varTTL].Lo),
		DstType: host.Type(at[varDstType].Lo), SrcType: host.Type(at[varSrcType].Lo),
	}
	if packet.Ported(p.Proto) {
		p.Sport, p.Dport = uint16(at[varSport].Lo), uint16(at[varDport].Lo)
	}
	if p.Proto != packet.TCP {
		p.Flags = 0
	}
	if p.Proto != packet.ICMP && p.Proto != packet.ICMPv6 {
		p.Type, p.Code = 0, 0
	}
	owner := func(n ruleset.U128) (string, uint32) {
		if n.Hi == 0 {
			return "", uint32(n.Lo - 1)
		}
		for name, id := range u.users {
			if id == n.Lo {
				return name, 0
			}
		}
		return "somebody", 0
	}
	if p.Owned = at[varUser] != (ruleset.U128{}); p.Owned {
		p.User, p.UID = owner(at[varUser])
		p.Group, p.GID = owner(at[varGroup])
	}
	return p
}

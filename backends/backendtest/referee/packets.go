package referee

import (
	"math/rand/v2"
	"net/netip"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
)

// Ports that rules name; packets have them, and their neighbours.
var ports = []uint16{22, 53, 80, 443, 1000, 2000, 3000, 8080}

func boundary(d dice) uint16 {
	p := ports[d.IntN(len(ports))]
	switch d.IntN(8) {
	case 0:
		return p - 1
	case 1:
		return p + 1
	}
	return p
}

// Owners of the sockets that send.
var owners = [][2]int{{0, 0}, {0, 0}, {1000, 1000}, {33, 0}}

// groups of which the world's hosts are members.
var groups = []string{"224.0.0.251", "ff02::fb", "ff05::1:3"}

// packets for a world, no two of which belong to one connection.
func packets(r *rand.Rand, w *World, n int) []*sent {
	d := dice{r}
	var all []*sent
	used := map[uint16]bool{}
	pairs := map[[3]string]bool{} // what has no ports is told apart by addresses
	for _, p := range ports {
		used[p] = true // what a reply has
	}
	for id := uint32(1); len(all) < n; id++ {
		f := 0
		if d.in(3) {
			f = 1
		}
		s := &sent{id: id, seq: id << 8, echo: uint16(id)}
		addr := func(list []string) netip.Addr { return netip.MustParseAddr(d.one(list...)) }
		someone := func() netip.Addr {
			if len(w.near[f]) > 0 && d.in(2) {
				return addr(w.near[f])
			}
			return addr(w.far[f])
		}
		var from, to netip.Addr
		switch d.IntN(10) {
		case 0, 1, 2, 3: // it arrives, for the host or for others
			s.IIF = w.Links[d.IntN(len(w.Links))]
			from = someone()
			if to = addr(w.own[f]); d.in(8) {
				to = netip.MustParseAddr(w.any(d, f))
			}
			if d.in(10) {
				from = netip.MustParseAddr(w.any(d, f))
			}
		case 4, 5:
			s.IIF = w.Links[d.IntN(len(w.Links))]
			from, to = someone(), someone()
		case 6, 7: // it leaves
			if from, to = addr(w.own[f]), someone(); d.in(12) {
				to = netip.MustParseAddr(w.any(d, f))
			}
		default: // local delivery
			from, to = addr(w.own[f]), addr(w.own[f])
		}
		if from == to && s.IIF != "" {
			continue
		}
		// A raw socket sends what others can't: from the loopback's addresses to elsewhere.
		if s.IIF == "" && from.IsLoopback() && w.Host.TypeOf(to, "") != host.Local {
			continue
		}
		if s.IIF == "" && to.Is6() && to.IsMulticast() {
			// Of several links the kernel takes one after the other.
			if s.OIF = w.Links[d.IntN(len(w.Links))]; !w.addressed6(s.OIF) {
				continue
			}
		}
		sport := boundary(d)
		for used[sport] {
			sport = uint16(20000 + d.IntN(40000))
		}
		used[sport] = true
		dport := boundary(d)
		switch k := d.IntN(20); {
		case k < 8:
			s.Proto, s.Flags = packet.TCP, packet.SYN
			if d.in(5) {
				s.Flags = []uint8{packet.ACK, packet.SYN | packet.ACK, packet.FIN, packet.FIN | packet.ACK, packet.RST, packet.RST | packet.ACK, packet.PSH | packet.ACK,
					packet.SYN | packet.FIN, packet.FIN | packet.PSH | packet.URG, packet.SYN | packet.RST, 64 | 128 | packet.SYN}[d.IntN(11)]
			}
		case k < 15:
			s.Proto = packet.UDP
		case k < 19 && f == 0:
			s.Proto, s.Type = packet.ICMP, []uint8{8, 8, 8, 8, 0, 13, 3, 11}[d.IntN(8)]
		case k < 19:
			s.Proto, s.Type = packet.ICMPv6, []uint8{128, 128, 128, 128, 129, 135, 136, 1, 3, 143}[d.IntN(10)]
		default:
			s.Proto = []uint8{packet.GRE, packet.ESP}[d.IntN(2)]
		}
		if from == to && sport == dport {
			continue // what it says and the answer are the same to conntrack
		}
		if !packet.Ported(s.Proto) {
			sport, dport = 0, 0
			if s.Proto != packet.ICMP && s.Proto != packet.ICMPv6 {
				a, b := from.String(), to.String()
				key := [3]string{string(rune(s.Proto)), min(a, b), max(a, b)}
				if pairs[key] {
					continue
				}
				pairs[key] = true
			}
		}
		s.From, s.To = netip.AddrPortFrom(from, sport), netip.AddrPortFrom(to, dport)
		s.TTL = []uint8{64, 64, 64, 64, 64, 64, 255, 1, 2}[d.IntN(9)]
		if s.IIF == "" {
			o := owners[d.IntN(len(owners))]
			s.Owner = &packet.Owner{UID: o[0], GID: o[1]}
			if d.in(10) {
				s.Mark = uint32(1 + d.IntN(3))
			}
		}
		s.broadcast = s.IIF != "" && w.Host.TypeOf(to, "") == host.Broadcast
		s.Length = len(s.bytes())
		all = append(all, s)
	}
	return all
}

package policy

import (
	"net/netip"
	"slices"

	"github.com/loward/loward/compiler/host"
)

// Machine is a host that has all that views of it say: interfaces, addresses, the
// services' addresses on lo. An interface with dhcp gets addresses out of a range for
// benchmarks (RFC 2544, RFC 5180), and each a link-local one; what they are called is
// in names.
func Machine(views ...*View) (h *host.Host, names map[netip.Addr]string) {
	h, names = host.New(), map[netip.Addr]string{}
	owned := map[netip.Addr]bool{} // asking the host would take long with thousands
	add := func(link string, p netip.Prefix, called string) {
		if l := h.Link(link); link != host.Loopback && l != nil && slices.Contains(l.Addrs, p) {
			return
		}
		h.Add(link, p)
		owned[p.Addr()] = true
		if called != "" {
			names[p.Addr()] = called
		}
	}
	lo := func(a netip.Addr) {
		if a.IsValid() && !a.IsLoopback() && !owned[a] {
			add(host.Loopback, netip.PrefixFrom(a, a.BitLen()), "")
		}
	}
	number := map[string]byte{}
	forwards, localnet := "0", "0"
	for _, v := range views {
		for _, i := range v.Host.Interfaces {
			n, known := number[i.Name]
			if !known {
				n = byte(len(number) + 1)
				number[i.Name] = n
				h.Add(i.Name)
			}
			for _, p := range i.Addrs {
				add(i.Name, p, "")
			}
			if i.DHCP {
				add(i.Name, netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18, n, 1}), 24), "the address of "+i.Name)
				add(i.Name, netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 0x01, 0, 2, 0, 0, n, 15: 1}), 64), "the address of "+i.Name)
			}
			add(i.Name, netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfe, 0x80, 14: n, 15: 1}), 64), "the link-local address of "+i.Name)
		}
	}
	for _, v := range views {
		for _, a := range v.Own {
			lo(a)
		}
		for _, s := range v.Services {
			for _, sc := range s.Scopes {
				if !sc.Guarded {
					lo(sc.Addr)
				}
			}
		}
		if v.Host.Forwards || v.Host.Name == "" {
			forwards = "1"
		}
		if v.Host.RouteLocalnet {
			localnet = "1"
		}
	}
	h.Sysctls = map[string]string{"ipv4.ip_forward": forwards, "ipv6.conf.all.forwarding": forwards, "ipv4.conf.all.route_localnet": localnet}
	return h, names
}

package path

import (
	"fmt"
	"net/netip"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/policy"
)

// Assume makes a host for a packet of which no facts are known, and says what is
// taken for given: the destination of what arrives, and of what a host sends to
// itself, is the host's own; the rest of the world is reached by an interface of
// which nothing is known; it forwards.
func Assume(st Start, self bool) (*host.Host, []string) {
	h := host.New()
	var said []string
	own := func(a netip.Addr, link string) {
		if a.IsValid() && !a.IsLoopback() && !a.IsUnspecified() && !a.IsMulticast() && h.Owner(a) == "" {
			h.Add(link, netip.PrefixFrom(a, a.BitLen()))
			said = append(said, fmt.Sprintf("%s is an address of the host", a))
		}
	}
	from, to := st.From.Addr(), st.To.Addr()
	switch {
	case !self:
		own(to, host.Loopback)
		if st.IIF != packet.AnyLink && from.IsValid() {
			h.Add(st.IIF)
			h.Routes = append(h.Routes, host.Route{Dst: netip.PrefixFrom(from, from.BitLen()), Dev: st.IIF})
		}
	case from.IsValid():
		own(from, host.Loopback)
	}
	elsewhere(h, packet.AnyLink)
	if self && !to.IsLoopback() && from != to {
		said = append(said, fmt.Sprintf("%s is another machine", to))
	}
	return h, said
}

// elsewhere is reached by a link, where no route says otherwise.
func elsewhere(h *host.Host, link string) {
	h.Add(link)
	for _, all := range []string{"0.0.0.0/0", "::/0"} {
		h.Routes = append(h.Routes, host.Route{Dst: netip.MustParsePrefix(all), Dev: link, Metric: 1 << 30})
	}
	// A source, where the host has none of the family.
	for _, a := range []string{"192.0.2.254/32", "2001:db8::fe/128"} {
		h.Add(link, netip.MustParsePrefix(a))
	}
	if h.Sysctls == nil {
		h.Sysctls = map[string]string{}
	}
	for _, name := range []string{"ipv4.ip_forward", "ipv6.conf.all.forwarding"} {
		if _, known := h.Sysctls[name]; !known {
			h.Sysctls[name] = "1"
		}
	}
}

// HostOf is what a policy says of one of its machines: interfaces, the services'
// addresses on lo, whether it forwards. What it does not say is taken for given, and
// said so: what arrives by an interface with dhcp for an address that no network
// tells of is for the host, and so is all that arrives where no address of it is
// declared; the rest of the world is reached by the first interface with dhcp.
func HostOf(v *policy.View, st Start) (*host.Host, []string) {
	h := host.New()
	var said []string
	outside, declared, dynamic := packet.AnyLink, false, false
	for _, i := range v.Host.Interfaces {
		h.Add(i.Name, i.Addrs...)
		declared = declared || len(i.Addrs) > 0
		if i.DHCP && outside == packet.AnyLink {
			outside = i.Name
			said = append(said, fmt.Sprintf("what is elsewhere is reached by %s", i.Name))
		}
		dynamic = dynamic || i.DHCP && i.Name == st.IIF
	}
	for _, a := range v.Own {
		if h.Owner(a) == "" {
			h.Add(host.Loopback, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	for _, s := range v.Services {
		for _, sc := range s.Scopes {
			if a := sc.Addr; a.IsValid() && !sc.Guarded && !a.IsLoopback() && h.Owner(a) == "" {
				h.Add(host.Loopback, netip.PrefixFrom(a, a.BitLen()))
			}
		}
	}
	forwards := "0"
	if v.Host.Forwards || v.Host.Name == "" {
		forwards = "1"
	}
	h.Sysctls = map[string]string{"ipv4.ip_forward": forwards, "ipv6.conf.all.forwarding": forwards}
	if v.Host.RouteLocalnet {
		h.Sysctls["ipv4.conf.all.route_localnet"] = "1"
	}
	for _, s := range v.Host.Sources {
		if h.Owner(s.Addr) == "" {
			h.Add(host.Loopback, netip.PrefixFrom(s.Addr, s.Addr.BitLen()))
		}
		for i := range h.Links {
			for _, p := range h.Links[i].Addrs {
				if p.Bits() <= s.To.Bits() && p.Contains(s.To.Addr()) {
					h.Routes = append(h.Routes, host.Route{Dst: s.To.Masked(), Dev: h.Links[i].Name, Src: s.Addr, Metric: -1})
				}
			}
		}
	}
	if to := st.To.Addr(); st.IIF != "" && h.Owner(to) == "" && !to.IsMulticast() && !guarded(v, to) && !near(h, to) && (dynamic || !declared) {
		link := st.IIF
		if !dynamic && !to.IsLinkLocalUnicast() {
			link = host.Loopback
		}
		h.Add(link, netip.PrefixFrom(to, to.BitLen()))
		said = append(said, fmt.Sprintf("%s is an address of the host", to))
	}
	elsewhere(h, outside)
	return h, said
}

// guarded says whether an address lives on another host, for which this one
// stands guard or to which it routes.
func guarded(v *policy.View, a netip.Addr) bool {
	for _, e := range v.Elsewhere {
		if e.Addr == a {
			return true
		}
	}
	for _, s := range v.Services {
		for _, sc := range s.Scopes {
			if sc.Guarded && sc.Addr == a {
				return true
			}
		}
	}
	return false
}

// near says whether an address is in the network of one of the host's links.
func near(h *host.Host, a netip.Addr) bool {
	for i := range h.Links {
		for _, p := range h.Links[i].Addrs {
			if p.Contains(a) {
				return true
			}
		}
	}
	return false
}

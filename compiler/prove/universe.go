package prove

import (
	"net/netip"
	"slices"

	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/policy"
)

// addrsOf a host by interface.
func addrsOf(h *host.Host) policy.Addrs {
	out := policy.Addrs{}
	for i := range h.Links {
		for _, p := range h.Links[i].Addrs {
			if !p.Addr().IsLoopback() {
				out[h.Links[i].Name] = append(out[h.Links[i].Name], p.Addr())
			}
		}
	}
	return out
}

// broadcasts of a host's networks.
func broadcasts(h *host.Host) []netip.Addr {
	var out []netip.Addr
	for i := range h.Links {
		for _, p := range h.Links[i].Addrs {
			if p.Addr().Is4() && p.Bits() < 31 && !p.Addr().IsLoopback() {
				out = append(out, policy.PrefixRange(p).Hi)
			}
		}
	}
	return out
}

// addView adds to a universe all that a view asks for.
func addView(u *fate.Universe, v *policy.View) {
	for _, i := range v.Host.Interfaces {
		u.AddName(i.Name)
	}
	for _, a := range slices.Concat(v.Own, v.SharedOwn) {
		u.AddRange(a, a)
	}
	for _, s := range v.Services {
		for _, sc := range s.Scopes {
			if sc.Addr.IsValid() {
				u.AddRange(sc.Addr, sc.Addr)
			}
			if sc.Iface != "" {
				u.AddName(sc.Iface)
			}
		}
		addRules(u, s.Rules)
		addRules(u, s.LocalRules)
		for _, p := range s.Publishes {
			addTraffic(u, p.Traffic)
		}
	}
	for _, b := range []*policy.Block{v.Local, v.Inbound, v.Outbound, v.Forward} {
		addRules(u, b.Rules)
	}
	for _, p := range []uint16{67, 68, 546, 547} {
		u.AddPorts(p, p)
	}
	u.AddTypes(133, 136)
	u.AddTypes(130, 132)
	u.AddTypes(143, 143)
}

func addRules(u *fate.Universe, rules []*policy.Rule) {
	for _, r := range rules {
		addTraffic(u, r.Traffic)
		if r.From != nil {
			addNets(u, r.From)
		}
		if r.To != nil && r.To.Nets != nil {
			addNets(u, r.To.Nets)
		}
		for _, z := range []*policy.Ifaces{r.On, r.Out} {
			if z != nil {
				for _, n := range z.Names {
					u.AddName(n)
				}
			}
		}
		for _, n := range r.Users {
			u.AddUser(n)
		}
		for _, n := range r.Groups {
			u.AddGroup(n)
		}
	}
}

func addNets(u *fate.Universe, n *policy.Nets) {
	for _, r := range n.Ranges {
		u.AddRange(r.Lo, r.Hi)
	}
}

func addTraffic(u *fate.Universe, all []policy.Traffic) {
	for _, t := range all {
		if t.Any {
			continue
		}
		u.AddProto(t.Proto)
		for _, r := range t.Ports {
			u.AddPorts(r.Lo, r.Hi)
		}
		for _, r := range t.Types {
			u.AddTypes(uint8(r.Lo), uint8(r.Hi))
		}
	}
}

func netip4(a, b, c, d byte) netip.Addr { return netip.AddrFrom4([4]byte{a, b, c, d}) }

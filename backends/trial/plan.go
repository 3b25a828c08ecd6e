package trial

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/loward/loward/backends/lab"
	"github.com/loward/loward/compiler/host"
)

// numbers of a machine on a link: its hardware address, and the link-local address
// by which others reach it.
type numbers struct {
	mac  string
	addr netip.Addr
}

func number(link, side int) numbers {
	a := [16]byte{0xfe, 0x80, 8: 0x02, 13: byte(link >> 8), 14: byte(link), 15: byte(side)}
	return numbers{fmt.Sprintf("02:00:00:%02x:%02x:%02x", link>>8, link&255, side), netip.AddrFrom16(a)}
}

// Sides of a link: the host's own, and those of the machines there.
const (
	inside = iota + 1
	outside
	further
)

// place on a link, where a machine can be.
type place struct {
	side int
	name string
}

func placesOn(link string) []place { return []place{{outside, link}, {further, link + beyond}} }

// plan of the layout: the host, and a machine on every link that is used. They know
// each other's hardware addresses where they are routers for each other, since
// resolving them must not depend on a rule; what is on the wire is resolved.
func (l *layout) plan() lab.Plan {
	p := lab.Plan{Probes: l.probes}
	main := lab.NodeSpec{Name: self}
	places := l.places()
	void := lab.NodeSpec{Name: nobody}
	for i, link := range l.links(places) {
		spec := lab.DevSpec{Name: link, MAC: number(i, inside).mac}
		for k := range l.host.Links {
			if dev(l.host.Links[k].Name) == link {
				spec.Addrs = append(spec.Addrs, l.host.Links[k].Addrs...)
			}
		}
		spec.Addrs = append(spec.Addrs, netip.PrefixFrom(number(i, inside).addr, 64))
		main.Devs = append(main.Devs, spec)
		wire := lab.Wire{{Node: self, Dev: link}}
		for _, at := range placesOn(link) {
			if slices.Contains(places, at.name) {
				p.Topology.Nodes = append(p.Topology.Nodes, l.machine(&p, at.name, i, at.side))
				wire = append(wire, lab.End{Node: at.name, Dev: device})
			}
		}
		if len(wire) == 1 {
			d := fmt.Sprintf("v%d", i)
			void.Devs = append(void.Devs, lab.DevSpec{Name: d})
			wire = append(wire, lab.End{Node: nobody, Dev: d})
		}
		p.Topology.Wires = append(p.Topology.Wires, wire)
		l.routesBack(&p, link, i)
	}
	p.Topology.Nodes = append([]lab.NodeSpec{main}, p.Topology.Nodes...)
	if len(void.Devs) > 0 {
		p.Topology.Nodes = append(p.Topology.Nodes, void)
	}
	l.facts(&p)
	for _, t := range l.targets {
		for _, proto := range []string{"tcp", "udp"} {
			if t.Port() != 0 {
				p.Listens = append(p.Listens, lab.Listen{Node: self, Proto: proto, Port: t.Port()})
			}
		}
	}
	return p
}

// links of the host as devices: those that it has, and those by which packets come.
func (l *layout) links(places []string) []string {
	var out []string
	add := func(name string) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, name := range links(l.host) {
		add(dev(name))
	}
	for _, name := range places {
		add(strings.TrimSuffix(name, beyond))
	}
	return out
}

// machine on a link: it has the addresses that live there, and sends everything to
// the host.
func (l *layout) machine(p *lab.Plan, name string, link, side int) lab.NodeSpec {
	me, router := number(link, side), number(link, inside)
	d := lab.DevSpec{Name: device, MAC: me.mac, Addrs: []netip.Prefix{netip.PrefixFrom(me.addr, 64)}}
	for _, a := range l.addresses(name) {
		d.Addrs = append(d.Addrs, netip.PrefixFrom(a, a.BitLen()))
	}
	p.Neighs = append(p.Neighs, lab.Neigh{Node: name, Dev: device, Addr: router.addr, MAC: router.mac})
	for _, all := range everywhere() {
		p.Routes = append(p.Routes, lab.Route{Node: name, Dest: all, Via: router.addr, Dev: device})
	}
	return lab.NodeSpec{Name: name, Devs: []lab.DevSpec{d}}
}

func everywhere() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
}

// routesBack lead to what lives on a link, where that is not in one of its
// networks: what comes from there lives there.
func (l *layout) routesBack(p *lab.Plan, link string, n int) {
	for _, at := range placesOn(link) {
		far := number(n, at.side)
		all := l.addresses(at.name)
		for _, a := range all {
			if !a.IsLinkLocalUnicast() && !l.connected(a, link) {
				p.Routes = append(p.Routes, lab.Route{Node: self, Dest: netip.PrefixFrom(a, a.BitLen()), Via: far.addr, Dev: link})
			}
		}
		if len(all) > 0 || at.side == outside {
			p.Neighs = append(p.Neighs, lab.Neigh{Node: self, Dev: link, Addr: far.addr, MAC: far.mac})
		}
	}
}

// connected says whether the host finds an address on the wire of a link.
func (l *layout) connected(a netip.Addr, link string) bool {
	if l.way(a, netip.Addr{}) != link {
		return false
	}
	for i := range l.host.Links {
		k := &l.host.Links[i]
		if dev(k.Name) == link && slices.ContainsFunc(k.Addrs, func(n netip.Prefix) bool { return n.Contains(a) }) {
			return true
		}
	}
	return false
}

// facts of the host: addresses on lo, routes, sysctls.
func (l *layout) facts(p *lab.Plan) {
	if lo := l.host.Link(host.Loopback); lo != nil {
		for _, a := range lo.Addrs {
			if !a.Addr().IsLoopback() {
				p.Addrs = append(p.Addrs, lab.Addr{Node: self, Dev: host.Loopback, Prefix: a})
			}
		}
	}
	devs := p.Topology.Nodes[0].Devs
	for _, r := range l.host.Routes {
		route := lab.Route{Node: self, Dest: r.Dst, Via: r.Via, Dev: dev(r.Dev), Src: r.Src}
		if r.Dst.Bits() == 0 && !r.Via.IsValid() {
			n := slices.IndexFunc(devs, func(d lab.DevSpec) bool { return d.Name == route.Dev })
			route.Via = number(n, outside).addr
		} else if r.Dst.Addr().Is6() && !r.Via.IsValid() {
			route.Metric = 1 // before the route that the kernel makes of the address
		}
		p.Routes = append(p.Routes, route)
	}
	keys := make([]string, 0, len(l.host.Sysctls))
	for k := range l.host.Sysctls {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		p.Sysctls = append(p.Sysctls, lab.Sysctl{Node: self, Key: "net." + k, Value: l.host.Sysctls[k]})
	}
}

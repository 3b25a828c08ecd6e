package prove

import (
	"net/netip"

	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/policy"
)

// What a policy says of packets: the leaves of its diagram.
const (
	saysNothing = iota // no such packet
	saysAccept
	saysDrop
	saysReject
	saysLimited // accepted while a limit lasts, refused then
)

func says(v policy.Verdict) diagram.Node {
	return diagram.Leaf([...]uint32{policy.Accept: saysAccept, policy.Drop: saysDrop, policy.Reject: saysReject}[v])
}

// decider makes diagrams of what a view decides: policy.Decide, read for all packets
// at once. Function for function it follows that file.
type decider struct {
	v     *policy.View
	u     *fate.Universe
	dd    *diagram.Space
	addrs policy.Addrs
	v6    bool
	f     policy.Family
	bcast []netip.Addr // broadcast addresses of the host's networks
}

func (d *decider) or(list ...diagram.Node) diagram.Node { return d.dd.OverAll(list) }

func (d *decider) and(list ...diagram.Node) diagram.Node {
	out := diagram.True
	for i := len(list) - 1; i >= 0; i-- {
		out = d.dd.And(list[i], out)
	}
	return out
}

func (d *decider) dst(a netip.Addr) diagram.Node { return d.u.Dst(a, a) }
func (d *decider) src(a netip.Addr) diagram.Node { return d.u.Src(a, a) }

// has is the condition that the host has an address.
func (d *decider) has(of func(lo, hi netip.Addr) diagram.Node) diagram.Node {
	list := []diagram.Node{d.loopback(of)}
	for _, all := range d.addrs {
		for _, a := range all {
			list = append(list, of(a, a))
		}
	}
	return d.or(list...)
}

func (d *decider) loopback(of func(lo, hi netip.Addr) diagram.Node) diagram.Node {
	if d.v6 {
		return of(netip.IPv6Loopback(), netip.IPv6Loopback())
	}
	return of(netip.AddrFrom4([4]byte{127}), netip.AddrFrom4([4]byte{127, 255, 255, 255}))
}

func (d *decider) multicast() diagram.Node {
	if d.v6 {
		p := policy.PrefixRange(netip.MustParsePrefix("ff00::/8"))
		return d.u.Dst(p.Lo, p.Hi)
	}
	p := policy.PrefixRange(netip.MustParsePrefix("224.0.0.0/4"))
	return d.u.Dst(p.Lo, p.Hi)
}

func (d *decider) broadcast() diagram.Node {
	if d.v6 {
		return diagram.False
	}
	all := netip.AddrFrom4([4]byte{255, 255, 255, 255})
	list := []diagram.Node{d.dst(all), d.u.Dst(netip.AddrFrom4([4]byte{}), netip.AddrFrom4([4]byte{0, 255, 255, 255}))}
	for _, a := range d.bcast {
		list = append(list, d.dst(a))
	}
	return d.or(list...)
}

func (d *decider) linkLocal(of func(lo, hi netip.Addr) diagram.Node) diagram.Node {
	if !d.v6 {
		return diagram.False
	}
	p := policy.PrefixRange(netip.MustParsePrefix("fe80::/10"))
	return of(p.Lo, p.Hi)
}

// decide a journey.
func (d *decider) decide(j fate.Journey) diagram.Node {
	switch j {
	case fate.Local:
		return d.local()
	case fate.Outbound:
		return d.block("outbound", d.v.Outbound)
	}
	here := d.here()
	through := d.dd.Ite(here, d.block("inbound", d.v.Inbound), d.block("forward", d.v.Forward))
	out := d.dd.Over(d.claims(), through)
	if d.v.Policy.Options.Antispoof {
		out = d.dd.Ite(d.spoofed(), diagram.Leaf(saysDrop), out)
	}
	return out
}

// here are destinations of what is delivered here.
func (d *decider) here() diagram.Node {
	return d.or(d.has(d.u.Dst), d.multicast(), d.broadcast())
}

// accepts is the condition that a policy accepts packets on a journey, without a
// limit.
func (d *decider) accepts(j fate.Journey) diagram.Node {
	return d.dd.Map(d.decide(j), func(says uint32) uint32 {
		if says == saysAccept {
			return 1
		}
		return 0
	})
}

// uncounted are packets of protocols of which limits count packets, not
// connections.
func (d *decider) uncounted() diagram.Node {
	return d.dd.Not(d.or(d.u.Proto(policy.TCP), d.u.Proto(policy.UDP), d.u.Proto(policy.SCTP)))
}

func (d *decider) spoofed() diagram.Node {
	unicast := d.dd.Not(d.or(d.multicast(), d.broadcast()))
	local := diagram.False
	for i, all := range d.addrs {
		for _, a := range all {
			local = d.dd.Or(local, d.and(d.u.IIF(i), d.src(a)))
		}
	}
	shared := diagram.False
	for _, a := range d.v.SharedOwn {
		shared = d.dd.Or(shared, d.src(a))
	}
	src := d.dd.Ite(d.loopback(d.u.Src), diagram.True,
		d.dd.Ite(d.linkLocal(d.u.Src), local, d.dd.Minus(d.has(d.u.Src), shared)))
	out := d.and(unicast, src)
	if !d.v.Host.RouteLocalnet {
		out = d.dd.Or(out, d.loopback(d.u.Dst))
	}
	return out
}

// scope is the condition that packets set out for a scope.
func (d *decider) scope(sc *policy.Scope) diagram.Node {
	switch sc.Kind {
	case policy.ScopeOwn, policy.ScopeShared:
		return d.dst(sc.Addr)
	case policy.ScopeHost:
		return d.atHost()
	}
	return d.and(d.u.IIF(sc.Iface), d.atIface(sc.Iface))
}

func (d *decider) atIface(name string) diagram.Node {
	out := diagram.False
	for _, a := range d.addrs[name] {
		out = d.dd.Or(out, d.dst(a))
	}
	return out
}

func (d *decider) atHost() diagram.Node {
	own := d.loopback(d.u.Dst)
	for _, a := range d.v.Own {
		own = d.dd.Or(own, d.dst(a))
	}
	return d.dd.Minus(d.has(d.u.Dst), own)
}

// claims is what services say of packets from outside; Miss where none claims them.
func (d *decider) claims() diagram.Node {
	var claimed, allowed, limited, refused []diagram.Node
	for _, s := range d.v.Services {
		c := d.claimed(s)
		if c == diagram.False {
			continue
		}
		claimed = append(claimed, c)
		sure, may := d.allows(s)
		allowed = append(allowed, d.and(c, sure))
		limited = append(limited, d.and(c, may))
		if s.RefuseSet {
			refused = append(refused, d.dd.And(c, says(s.Refuse)))
		}
	}
	all := d.or(claimed...)
	out := d.dd.Over(d.or(refused...), diagram.Leaf(saysDrop))
	out = d.dd.Ite(d.or(limited...), diagram.Leaf(saysLimited), out)
	out = d.dd.Ite(d.or(d.or(allowed...), d.needed("")), diagram.Leaf(saysAccept), out)
	return d.dd.And(all, out)
}

func (d *decider) claimed(s *policy.Service) diagram.Node {
	var list []diagram.Node
	traffic := d.traffic(s.Claims(d.f))
	for _, sc := range s.Scopes {
		if sc.Kind == policy.ScopeOwn {
			list = append(list, d.scope(sc))
		} else {
			list = append(list, d.and(d.scope(sc), traffic))
		}
	}
	return d.or(list...)
}

// allows gives what a service allows for sure, and what it allows within a limit.
func (d *decider) allows(s *policy.Service) (sure, limited diagram.Node) {
	sure, limited = d.pick(s.Rules, "")
	for _, pub := range s.Publishes {
		if !pub.Target(d.f).IsValid() {
			t := d.traffic(pub.Traffic)
			sure, limited = d.dd.Minus(sure, t), d.dd.Minus(limited, t)
		}
	}
	return sure, limited
}

// pick what rules allow: nothing that one denies.
func (d *decider) pick(rules []*policy.Rule, block string) (sure, limited diagram.Node) {
	var deny, allow, may []diagram.Node
	for _, r := range rules {
		c := d.matches(r, block)
		switch {
		case !r.Allow:
			deny = append(deny, c)
		case r.Limit == nil:
			allow = append(allow, c)
		default:
			may = append(may, c)
		}
	}
	denied := d.or(deny...)
	return d.dd.Minus(d.or(allow...), denied), d.dd.Minus(d.or(may...), denied)
}

// local: the host talks to its own addresses.
func (d *decider) local() diagram.Node {
	refused := diagram.Leaf(saysReject)
	var deny, denied, closed, allowed []diagram.Node
	for _, r := range d.v.Local.Rules {
		if !r.Allow {
			deny = append(deny, d.matches(r, "local"))
		}
	}
	for _, s := range d.v.Services {
		var at, claims []diagram.Node
		traffic := d.traffic(s.LocalClaims(d.f))
		for _, sc := range s.Scopes {
			if sc.Guarded || sc.Kind == policy.ScopeIface { // arrives on no interface
				continue
			}
			here := d.scope(sc)
			at = append(at, here)
			if sc.Kind == policy.ScopeOwn {
				claims = append(claims, here)
			} else {
				claims = append(claims, d.and(here, traffic))
			}
		}
		here := d.or(at...)
		for _, r := range s.LocalRules {
			c := d.and(here, d.matches(r, "local"))
			if r.Allow {
				allowed = append(allowed, c)
			} else {
				denied = append(denied, c)
			}
		}
		if s.HasLocalAllow() {
			closed = append(closed, d.or(claims...))
		}
	}
	out := says(d.v.Local.Default)
	sure, may := d.pick(d.v.Local.Rules, "local")
	out = d.dd.Ite(d.or(sure, may), diagram.Leaf(saysAccept), out)
	out = d.dd.Ite(d.or(closed...), refused, out)
	out = d.dd.Ite(d.or(allowed...), diagram.Leaf(saysAccept), out)
	return d.dd.Ite(d.or(d.or(deny...), d.or(denied...)), refused, out)
}

// block is what a block says of packets.
func (d *decider) block(name string, b *policy.Block) diagram.Node {
	var deny []diagram.Node
	for _, r := range b.Rules {
		if !r.Allow {
			deny = append(deny, d.matches(r, name))
		}
	}
	sure, may := d.pick(b.Rules, name)
	out := d.dd.Ite(may, diagram.Leaf(saysLimited), says(b.Default))
	out = d.dd.Ite(sure, diagram.Leaf(saysAccept), out)
	out = d.dd.Ite(d.or(deny...), says(b.Refuse), out)
	if b.KeepsNeeds() && name != "forward" {
		out = d.dd.Ite(d.needed(name), diagram.Leaf(saysAccept), out)
	}
	return out
}

// needed: what IP itself cannot do without.
func (d *decider) needed(block string) diagram.Node {
	if !d.v6 {
		return d.or(d.u.Proto(policy.IGMP), d.dhcp(block, 68, 67))
	}
	icmp := d.u.Proto(policy.ICMPv6)
	nd := d.and(icmp, d.u.Type(133, 136), d.u.TTL(255))
	mld := d.and(icmp, d.or(d.u.Type(130, 132), d.u.Type(143, 143)), d.u.TTL(1), d.linkLocal(d.u.Src))
	near := d.or(nd, mld)
	if block != "outbound" {
		near = d.and(near, d.here()) // what is forwarded is no neighbour's any more
	}
	return d.or(near, d.dhcp(block, 546, 547))
}

// strayed are discovery of neighbours and MLD to who is not here: they are for the link
// alone.
func (d *decider) strayed() diagram.Node {
	here := d.or(d.has(d.u.Dst), d.multicast(), d.broadcast())
	types := d.or(d.u.Type(130, 136), d.u.Type(143, 143))
	return d.dd.Minus(d.and(d.u.Proto(policy.ICMPv6), types), here)
}

func (d *decider) dhcp(block string, client, server uint16) diagram.Node {
	var list []diagram.Node
	for _, i := range d.v.Host.Interfaces {
		switch {
		case !i.DHCP:
		case block == "outbound":
			list = append(list, d.and(d.u.OIF(i.Name), d.u.Proto(policy.UDP), d.u.Sport(client, client), d.u.Dport(server, server)))
		default:
			list = append(list, d.and(d.u.IIF(i.Name), d.u.Proto(policy.UDP), d.u.Sport(server, server), d.u.Dport(client, client)))
		}
	}
	return d.or(list...)
}

// matches is the condition under which a rule matches in a block, "" for a
// service's.
func (d *decider) matches(r *policy.Rule, block string) diagram.Node {
	if r.Families&d.f == 0 {
		return diagram.False
	}
	c := d.traffic(r.Traffic)
	if r.From != nil {
		c = d.and(c, d.nets(r.From, d.u.Src))
	}
	if r.On != nil {
		switch block {
		case "outbound":
			c = d.and(c, d.ifaces(r.On, d.u.OIF))
		case "local":
			c = diagram.False // on no interface
			for _, n := range r.On.Names {
				if n == "*" {
					c = d.traffic(r.Traffic)
				}
			}
		default:
			c = d.and(c, d.ifaces(r.On, d.u.IIF))
		}
	}
	if r.Out != nil {
		c = d.and(c, d.ifaces(r.Out, d.u.OIF))
	}
	if len(r.Users) > 0 {
		c = d.and(c, d.owners(r.Users, d.u.User))
	}
	if len(r.Groups) > 0 {
		c = d.and(c, d.owners(r.Groups, d.u.Group))
	}
	if r.To == nil {
		return c
	}
	to := diagram.False
	if r.To.Nets != nil {
		to = d.nets(r.To.Nets, d.u.Dst)
	}
	if r.To.Host {
		to = d.dd.Or(to, d.atHost())
	}
	for _, i := range r.To.Ifaces {
		to = d.dd.Or(to, d.and(d.u.IIF(i), d.atIface(i)))
	}
	return d.and(c, to)
}

func (d *decider) owners(names []string, of func(string) diagram.Node) diagram.Node {
	var list []diagram.Node
	for _, n := range names {
		list = append(list, of(n))
	}
	return d.or(list...)
}

func (d *decider) nets(n *policy.Nets, of func(lo, hi netip.Addr) diagram.Node) diagram.Node {
	var list []diagram.Node
	for _, r := range n.Ranges {
		list = append(list, of(r.Lo, r.Hi))
	}
	return d.or(list...)
}

func (d *decider) ifaces(z *policy.Ifaces, of func(string) diagram.Node) diagram.Node {
	var list []diagram.Node
	for _, n := range z.Names {
		list = append(list, of(n))
	}
	return d.or(list...)
}

func (d *decider) traffic(all []policy.Traffic) diagram.Node {
	var list []diagram.Node
	for _, t := range all {
		if t.Families&d.f == 0 {
			continue
		}
		if t.Any {
			return diagram.True
		}
		ranges, of := t.Ports, d.u.Dport
		if t.IsICMP() {
			ranges, of = t.Types, d.u.Type
		}
		c := d.u.Proto(t.Proto)
		if len(ranges) > 0 {
			var in []diagram.Node
			for _, r := range ranges {
				in = append(in, of(r.Lo, r.Hi))
			}
			c = d.and(c, d.or(in...))
		}
		list = append(list, c)
	}
	return d.or(list...)
}

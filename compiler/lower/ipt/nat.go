package ipt

import (
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// translate lowers publish, for what arrives and for what the host says to its
// own addresses, its hairpin, and masquerade.
func (w *lowerer) translate() {
	if w.publishes(w.services) {
		in, out := w.nat.fixed[ruleset.Prerouting], w.nat.fixed[ruleset.Output]
		in.add(origin{comment: "translated in OUTPUT"}, w.iface(ruleset.IIFName, "lo"), ruleset.Return)
		w.send(in, "tp", plain, ruleset.Prerouting, w.published(true), ruleset.Return)
		c := out.next()
		out.add(origin{comment: "local delivery"}, w.iface(ruleset.OIFName, "lo"), c.to)
		w.send(c, "tl", plain, ruleset.Output, w.published(false), ruleset.Return)
	}
	post := w.nat.fixed[ruleset.Postrouting]
	if w.publishes(w.services) || len(w.v.Host.Masquerades) > 0 {
		post.add(origin{}, w.iface(ruleset.OIFName, "lo"), ruleset.Return)
	}
	for _, s := range w.services {
		if !w.publishes([]*service{s}) {
			continue
		}
		for _, p := range s.Publishes {
			if p.Target(w.f).IsValid() {
				post = w.hairpin(post, s, p)
			}
		}
	}
	for _, m := range w.v.Host.Masquerades {
		notOwn := alts{{ruleset.NotIn(ruleset.FibSaddrType, ruleset.Num(ruleset.AddrLocal))}}
		dims := []alts{w.ifaces(ruleset.OIFName, m.On), w.addrs(w.saddr(), m.From), notOwn}
		post = w.expand(post, origin{"masquerade " + m.Span.FileLine(), m.Span}, dims, &ruleset.NAT{Kind: ruleset.Masquerade})
	}
}

// publishes says whether any of the services has something to translate here.
func (w *lowerer) publishes(services []*service) bool {
	for _, s := range services {
		lives := false
		for _, sc := range s.Scopes {
			lives = lives || !sc.Guarded && sc.Family()&w.f != 0
		}
		for _, p := range s.Publishes {
			if lives && p.Target(w.f).IsValid() {
				return true
			}
		}
	}
	return false
}

// published says where packets to each site are translated. The host's own
// packets don't arrive on any interface.
func (w *lowerer) published(arriving bool) *dispatch {
	d := &dispatch{}
	for _, st := range w.sites.static {
		if !st.guarded && w.publishes(st.services) {
			d.static = append(d.static, siteEntry(st, w.natLeaf(st)))
		}
	}
	for _, st := range w.sites.ifaces {
		if arriving && w.publishes(st.services) {
			d.ifaces = append(d.ifaces, ifaceEntry{st.iface, w.natLeaf(st)})
		}
	}
	if st := w.sites.host; st != nil && w.publishes(st.services) {
		d.host = w.natLeaf(st)
	}
	w.exceptOwn(d, ruleset.Return)
	return d
}

// natLeaf translates what is published at a site, and returns otherwise.
func (w *lowerer) natLeaf(st *site) *ruleset.Verdict {
	key := keyOf(st.services, "nat")
	if v := w.own[key]; v != nil {
		return v
	}
	var c *node
	switch {
	case key.one != nil:
		c = w.chain(w.nat, "p", key.one.Name)
	case st.addr.IsValid():
		c = w.chainAt(w.nat, "p", st.prefix.Prefix)
	case st.iface != "":
		c = w.chain(w.nat, "p-IF", st.iface)
	default:
		c = w.chain(w.nat, "p", "HOST")
	}
	w.own[key] = c.to
	leaf := c.to
	for _, s := range st.services {
		for _, p := range s.Publishes {
			target := p.Target(w.f)
			if !target.IsValid() {
				continue
			}
			n := &ruleset.NAT{Kind: ruleset.DNAT, Lo: target.Addr(), Hi: target.Addr()}
			if port := target.Port(); port != 0 {
				n.PortLo, n.PortHi = port, port
			}
			c = w.expand(c, origin{s.Name + " " + p.Span.FileLine(), p.Span}, []alts{w.traffic(p.Traffic, plain)}, n)
		}
	}
	return leaf
}

// hairpin masquerades what the target would answer past this host: clients in
// its own network, the target itself, and processes that spoke from 127/8.
func (w *lowerer) hairpin(c *node, s *service, p *policy.Publish) *node {
	target := p.Target(w.f)
	at := hostPrefix(target.Addr())
	from := at
	net := p.Net4
	if w.v6 {
		net = p.Net6
	}
	if net.IsValid() {
		from = newPrefix(net.Masked())
	}
	src := alts{{w.saddr().in(from)}}
	if !w.v6 && !target.Addr().IsLoopback() {
		src = append(src, []ruleset.Stmt{w.saddr().in(loopback4)})
	}
	traffic := p.Traffic
	if port := target.Port(); port != 0 {
		traffic = nil
		for _, t := range p.Traffic {
			t.Ports = []policy.PortRange{{Lo: port, Hi: port}}
			traffic = append(traffic, t)
		}
	}
	dims := []alts{src, {{w.daddr(plain).in(at)}}, w.traffic(traffic, plain), {{dnat()}}}
	return w.expand(c, origin{"hairpin: " + s.Name + " " + p.Span.FileLine(), p.Span}, dims, &ruleset.NAT{Kind: ruleset.Masquerade})
}

package nft

import (
	"net/netip"
	"slices"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// nat lowers publish and masquerade. Its base chains are there only where a
// policy needs them: a ruleset that translates nothing must not, and nothing
// passes or is lost when they come or go.
func (b *builder) nat() {
	bases := []*ruleset.Chain{
		{Name: chainDstnat, Base: &ruleset.Base{Type: "nat", Hook: ruleset.Prerouting, Priority: -100}},
		{Name: chainDstnatOut, Base: &ruleset.Base{Type: "nat", Hook: ruleset.Output, Priority: -100}},
		{Name: chainSrcnat, Base: &ruleset.Base{Type: "nat", Hook: ruleset.Postrouting, Priority: 100}},
	}
	publishes := slices.ContainsFunc(b.v.Services, func(s *policy.Service) bool { return len(s.Publishes) > 0 })
	for _, c := range bases {
		if publishes || c.Name == chainSrcnat && len(b.v.Host.Masquerades) > 0 {
			b.chain(c.Name).Base = c.Base
		} else {
			b.t.Absent = append(b.t.Absent, c)
		}
	}
	if publishes {
		b.publishes()
	}
	for _, m := range b.v.Host.Masquerades {
		b.masquerade(m)
	}
}

// masquerade translates forwarded packets only: the host's own bear a source
// that is local.
func (b *builder) masquerade(m *policy.Masquerade) {
	notOwn := ruleset.NotIn(ruleset.FibSaddrType, ruleset.Num(ruleset.AddrLocal))
	out := b.zoneMatch(ruleset.OIFName, m.On, m.Span)
	comment := "masquerade " + m.Span.FileLine()
	if m.From == nil {
		b.add(chainSrcnat, comment, m.Span, out, notOwn, &ruleset.NAT{Kind: ruleset.Masquerade})
		return
	}
	for _, f := range families {
		if src := b.netMatch(ruleset.IPSaddr, m.From, f); src != nil {
			b.add(chainSrcnat, comment, m.Span, out, src, notOwn, &ruleset.NAT{Kind: ruleset.Masquerade})
		}
	}
}

func (b *builder) publishes() {
	for _, s := range b.v.Services {
		for _, p := range s.Publishes {
			for _, f := range families {
				if t := p.Target(f); t.IsValid() {
					b.publish(s, p, f, t)
				}
			}
		}
	}
	// Maps are looked up behind the rules that fill them.
	for _, f := range families {
		name := "publish" + fam4or6(f)
		if b.sets[name] == nil {
			continue
		}
		key := b.sets[name].Key
		ports := ruleset.In(ruleset.L4Proto, ruleset.Num(policy.TCP), ruleset.Num(policy.UDP), ruleset.Num(policy.SCTP))
		b.add(chainDstnat, "", nowhere, nfproto(f), ports, &ruleset.NAT{Kind: ruleset.DNAT, Map: name, Key: key})
		b.add(chainDstnatOut, "", nowhere, onLo(ruleset.OIF), nfproto(f), ports, &ruleset.NAT{Kind: ruleset.DNAT, Map: name, Key: key})
	}
}

// publish translates one statement in one family, at every place where the
// service lives, for traffic from outside and from the host itself.
func (b *builder) publish(s *policy.Service, p *policy.Publish, f policy.Family, target netip.AddrPort) {
	comment := s.Name + " " + p.Span.FileLine()
	lo := onLo(ruleset.OIF)
	for _, sc := range s.Scopes {
		if sc.Guarded || sc.Family()&f == 0 {
			continue
		}
		for _, t := range p.Traffic {
			for _, r := range t.Ports {
				to := natTo(target, r)
				if sc.Addr.IsValid() && r.Lo == r.Hi {
					b.publishElement(f, sc.Addr, t.Proto, r.Lo, target, comment, p)
					continue
				}
				m := b.traffic(policy.Traffic{Proto: t.Proto, Ports: []policy.PortRange{r}, Families: f}, f)
				switch sc.Kind {
				case policy.ScopeHost:
					b.add(chainDstnat, comment, p.Span, slices.Concat(b.atHostOnly(f), m, []ruleset.Stmt{to})...)
					b.add(chainDstnatOut, comment, p.Span, slices.Concat([]ruleset.Stmt{lo}, b.atHostOnly(f), m, []ruleset.Stmt{to})...)
				case policy.ScopeIface:
					b.add(chainDstnat, comment, p.Span, slices.Concat([]ruleset.Stmt{nfproto(f)}, atIface(sc.Iface), m, []ruleset.Stmt{to})...)
				default:
					b.add(chainDstnat, comment, p.Span, slices.Concat([]ruleset.Stmt{addrMatch(sc.Addr)}, m, []ruleset.Stmt{to})...)
					b.add(chainDstnatOut, comment, p.Span, slices.Concat([]ruleset.Stmt{lo, addrMatch(sc.Addr)}, m, []ruleset.Stmt{to})...)
				}
			}
		}
	}
	b.hairpin(s, p, f, target, comment)
}

// natTo is the translation of a range of ports: to the target's port, or with
// the port kept.
func natTo(target netip.AddrPort, r policy.PortRange) *ruleset.NAT {
	n := &ruleset.NAT{Kind: ruleset.DNAT, Lo: target.Addr(), Hi: target.Addr()}
	if target.Port() != 0 {
		n.PortLo, n.PortHi = target.Port(), target.Port()
	}
	return n
}

func (b *builder) publishElement(f policy.Family, a netip.Addr, proto uint8, port uint16, target netip.AddrPort, comment string, p *policy.Publish) {
	v6 := f == policy.V6
	s := b.replaced("publish"+fam4or6(f), []ruleset.Expr{ruleset.L4Proto, ruleset.In4or6(ruleset.IPDaddr, v6), ruleset.Dport})
	s.Data = []ruleset.Expr{ruleset.In4or6(ruleset.IPDaddr, v6), ruleset.Dport}
	to := target.Port()
	if to == 0 {
		to = port
	}
	s.Elems = append(s.Elems, ruleset.Elem{
		Key:     b.key(ruleset.Num(uint64(proto)), ruleset.Addr(a), ruleset.Num(uint64(port))),
		Data:    b.key(ruleset.Addr(target.Addr()), ruleset.Num(uint64(to))),
		Comment: comment, Origin: p.Span,
	})
}

// hairpin masquerades what the target would answer past this host: clients in
// its own network, the target itself, and processes that spoke from 127/8.
func (b *builder) hairpin(s *policy.Service, p *policy.Publish, f policy.Family, target netip.AddrPort, comment string) {
	v6 := f == policy.V6
	src := ruleset.In4or6(ruleset.IPSaddr, v6)
	from := []netip.Prefix{netip.PrefixFrom(target.Addr(), target.Addr().BitLen())}
	if n := p.Net4; f == policy.V4 && n.IsValid() {
		from = []netip.Prefix{n}
	}
	if n := p.Net6; v6 && n.IsValid() {
		from = []netip.Prefix{n}
	}
	if !v6 && !loopback(target.Addr()) {
		from = append(from, loopback4)
	}
	for _, n := range from {
		for _, t := range p.Traffic {
			m := []ruleset.Stmt{
				ruleset.Any(ruleset.CTStatus, ruleset.StatusDNAT), ruleset.In(src, ruleset.Prefix(n)), addrMatch(target.Addr()),
				ruleset.In(ruleset.L4Proto, ruleset.Num(uint64(t.Proto))),
			}
			if target.Port() != 0 {
				m = append(m, ruleset.In(ruleset.Dport, ruleset.Num(uint64(target.Port()))))
			} else if len(t.Ports) > 0 {
				m = append(m, b.portsMatch(ruleset.Dport, t.Ports))
			}
			b.add(chainSrcnat, "hairpin: "+comment, p.Span, append(m, &ruleset.NAT{Kind: ruleset.Masquerade})...)
		}
	}
}

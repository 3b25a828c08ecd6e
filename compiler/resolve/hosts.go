package resolve

import (
	"net/netip"
	"strings"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

type host struct {
	p      *policy.Host
	stmt   *ast.Host // nil for the unnamed machine
	zones  map[string]*zone
	ifaces map[string]*policy.Interface
	addrs  map[netip.Addr]*policy.Interface
	blocks [4][]*ast.Block
	levels [4]*blockOf
	lists  map[string]*policy.Ifaces // interned lists after on
	view   *policy.View
	// ownShared: some own address of the host is claimed by several services.
	ownShared bool
	// forwardsSaid: that it does not forward what it publishes has been said.
	forwardsSaid bool
}

func newHost(s *ast.Host) *host {
	h := &host{
		p:      &policy.Host{},
		stmt:   s,
		zones:  map[string]*zone{},
		ifaces: map[string]*policy.Interface{},
		addrs:  map[netip.Addr]*policy.Interface{},
		lists:  map[string]*policy.Ifaces{},
	}
	if s != nil {
		h.p.Name, h.p.Span = s.Name.Text, s.Span()
	}
	return h
}

// resolveHosts judges the facts of every host. A policy without any is about
// one unnamed machine.
func (r *resolver) resolveHosts() {
	if len(r.hosts) == 0 {
		r.hosts = []*host{newHost(nil)}
	}
	for _, h := range r.hosts {
		if h.stmt != nil {
			r.hostFacts(h)
		}
		r.pol.Hosts = append(r.pol.Hosts, h.p)
	}
	for _, h := range r.hosts {
		if h.stmt != nil {
			r.hostClauses(h)
		}
	}
	r.checkSharedInterfaces()
}

// hostFacts takes what later statements of the host refer to.
func (r *resolver) hostFacts(h *host) {
	for _, s := range h.stmt.Body.Stmts {
		switch s := s.(type) {
		case *ast.Zone:
			declare(r, "zone", s.Name, h.zones, r.newZone(s), func(z *zone) diag.Span { return z.stmt.Name.Span })
		case *ast.Interface:
			r.hostInterface(h, s)
		case *ast.Forwards:
			h.p.Forwards = true
		case *ast.RouteLocalnet:
			h.p.RouteLocalnet = true
		case *ast.Block:
			h.blocks[s.Kind] = append(h.blocks[s.Kind], s)
		case *ast.Masquerade, *ast.Source, *ast.Bad:
		default:
			r.errorf(codePlace, s.Span(), "this statement does not belong into a host").
				Helpf("a host holds interface, zone, forwards, masquerade, source, route-localnet and blocks")
		}
	}
}

// hostClauses judges what refers to the host's zones and interfaces.
func (r *resolver) hostClauses(h *host) {
	to := map[netip.Prefix]*policy.Source{}
	for _, s := range h.stmt.Body.Stmts {
		switch s := s.(type) {
		case *ast.Masquerade:
			r.hostMasquerade(h, s)
		case *ast.Source:
			if p := r.hostSource(s); p != nil {
				if old := to[p.To]; old != nil && old.Addr != p.Addr {
					r.errorf(codeContradict, s.Span(), "two preferred sources for %s", p.To).
						Helpf("keep one of them").See(old.Span, "the other one")
				} else if old == nil {
					to[p.To] = p
					h.p.Sources = append(h.p.Sources, p)
				}
			}
		}
	}
	sortFacts(h.p)
}

func (r *resolver) hostInterface(h *host, s *ast.Interface) {
	p := &policy.Interface{Name: s.Name.Text, Span: s.Span()}
	if !r.checkIface(s.Name, false) {
		if s.Name.Text == "lo" && len(r.l.All) > 0 {
			r.l.All[len(r.l.All)-1].Helpf("every host has it; an address that is to live on lo is given to a service with `address`")
		}
		return
	}
	if old := h.ifaces[p.Name]; old != nil {
		r.errorf(codeDuplicate, s.Name.Span, "interface %s is declared twice", p.Name).
			Helpf("write all its addresses in one statement").See(old.Span, "it is declared here first")
		return
	}
	h.ifaces[p.Name] = p
	h.p.Interfaces = append(h.p.Interfaces, p)
	for _, w := range s.Addrs {
		if !w.Quoted && (w.Text == "dhcp" || w.Text == "none") {
			if len(s.Addrs) > 1 {
				r.errorf(codeHostFact, w.Span, "%s stands alone", w.Text).
					Helpf("an interface has declared addresses, or dhcp: addresses known only at run time, or none")
			}
			p.DHCP = w.Text == "dhcp"
			continue
		}
		r.interfaceAddr(h, p, w)
	}
}

func (r *resolver) interfaceAddr(h *host, p *policy.Interface, w ast.Word) {
	if !strings.Contains(w.Text, "/") {
		if a, m := parseAddr(w.Text); m == nil {
			r.errorf(codeAddress, w.Span, "the address of an interface needs the length of its network").
				Helpf("for example %s/%d", a, map[bool]int{true: 24, false: 64}[a.Is4()])
			return
		}
		d := r.errorf(codeAddress, w.Span, "%s is not an address with the length of its network", w.Text)
		d.Helpf("for example 10.0.0.1/24, or one of the words dhcp and none")
		if n := diag.Nearest(w.Text, []string{"dhcp", "none"}); n != "" {
			d.Helpf("did you mean %s?", n)
		}
		return
	}
	pre, _, m := parsePrefix(w.Text)
	if m != nil {
		r.wrong(codeAddress, w.Span, m)
		return
	}
	a := pre.Addr()
	if m := unicast(a); m != nil && !linkLocal6(a) {
		r.wrong(codeHostFact, w.Span, m)
		return
	}
	rng := policy.PrefixRange(pre)
	switch {
	case a.IsLoopback():
		r.errorf(codeHostFact, w.Span, "%s lives on lo, not on an interface", a).
			Helpf("every host has it; nothing needs to be declared")
		return
	case a.Is4() && pre.Bits() < 31 && a == rng.Lo:
		r.errorf(codeHostFact, w.Span, "%s is the address of the network itself", w.Text).Helpf("write the address that the interface has in it")
		return
	case a.Is4() && pre.Bits() < 31 && a == rng.Hi:
		r.errorf(codeHostFact, w.Span, "%s is the broadcast address of its network", w.Text).Helpf("write the address that the interface has in it")
		return
	case pre.Bits() == 0:
		r.errorf(codeHostFact, w.Span, "an interface can't have the whole address space as its network")
		return
	}
	if linkLocal6(a) {
		// Every link may have it: it identifies no host and no service.
		p.Addrs = append(p.Addrs, pre)
		return
	}
	if old := h.addrs[a]; old != nil {
		r.warnf(codeTwice, w.Span, "%s is declared twice on this host", a).
			Helpf("remove one of them").See(old.Span, "the other one")
		if old == p {
			return
		}
	} else {
		h.addrs[a] = p
	}
	p.Addrs = append(p.Addrs, pre)
}

func (r *resolver) hostMasquerade(h *host, s *ast.Masquerade) {
	m := &policy.Masquerade{Span: s.Span()}
	if s.On == nil || len(s.On.Words) == 0 {
		r.missing(codeClause, s.Span(), "masquerade needs `on ZONE`: what leaves by it gets its address").
			Helpf("for example masquerade on wan")
		return
	}
	ok := true
	m.On, ok = r.ifaceList(h, s.On.Words)
	if s.From != nil {
		var good bool
		m.From, good = r.netList(s.From.Words)
		ok = ok && good
	}
	if !ok {
		return
	}
	if !h.p.Forwards {
		r.warnf(codeForwards, s.Span(), "masquerade is for what the host forwards, and this host does not forward").
			Helpf("add `forwards` to the host")
	}
	h.p.Masquerades = append(h.p.Masquerades, m)
}

func (r *resolver) hostSource(s *ast.Source) *policy.Source {
	a, m := parseAddr(s.Addr.Text)
	if m == nil {
		m = unicast(a)
	}
	if m == nil && a.IsLoopback() {
		m = &mistake{a.String() + " can't be the source of what leaves the host", "write an address that others can answer to"}
	}
	if m != nil {
		r.wrong(codeAddress, s.Addr.Span, m)
	}
	to, hostBits, m2 := parsePrefix(s.To.Text)
	if m2 != nil {
		r.wrong(codeAddress, s.To.Span, m2)
	}
	if m != nil || m2 != nil {
		return nil
	}
	if hostBits {
		r.warnHostBits(s.To, to.Masked().String(), to.Addr().String())
	}
	if a.BitLen() != to.Addr().BitLen() {
		r.errorf(codeSource, s.Span(), "a packet can't have an %s source and an %s destination", policy.FamilyOf(a), policy.FamilyOf(to.Addr())).
			Helpf("write one `source` statement for each family")
		return nil
	}
	return &policy.Source{Addr: a, To: to.Masked(), Span: s.Span()}
}

// checkSharedInterfaces notes who has which address on an interface, and warns
// where two hosts have the same.
func (r *resolver) checkSharedInterfaces() {
	for _, h := range r.hosts {
		for _, i := range h.p.Interfaces {
			for _, p := range i.Addrs {
				a := p.Addr()
				if h.addrs[a] != i {
					continue
				}
				if old := r.ifaceAddrs[a]; old != nil {
					r.warnf(codeTwice, i.Span, "%s is declared on two hosts", a).
						Helpf("an address of several hosts (anycast) is given to a service, with `home` naming them").
						See(old.addrs[a].Span, "the other one")
					continue
				}
				r.ifaceAddrs[a] = h
			}
		}
	}
}

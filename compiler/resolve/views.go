package resolve

import (
	"net/netip"
	"slices"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/ast"
)

// buildViews gives every host what it has to enforce.
func (r *resolver) buildViews() {
	for _, h := range r.hosts {
		h.view = &policy.View{Policy: r.pol, Host: h.p}
		r.pol.Views = append(r.pol.Views, h.view)
	}
	for _, s := range r.svcs {
		if len(s.lives) == 0 {
			for i := range s.rules {
				r.checkOnAnywhere(s.rules[i].stmt.On)
			}
			continue
		}
		for _, h := range s.lives {
			r.serviceAt(s, h, r.scopesAt(s, h))
		}
		for _, h := range s.guards {
			if !containsHost(s.lives, h) {
				r.serviceAt(s, h, r.guardedAt(s))
			}
		}
		if s.fam != 0 {
			r.checkEffects(s, s.fam, s.declared)
		}
	}
	for _, on := range r.failed {
		r.checkOnAnywhere(on)
	}
	r.blockChecks()
	for _, h := range r.hosts {
		r.buildBlocks(h)
	}
	r.reportUnplaced()
	r.ownAddresses()
	for _, h := range r.hosts {
		r.checkConflicts(h)
	}
}

// checkOnAnywhere reports unknown words after on or out where the statement
// itself is in no view, because of a mistake that was reported.
func (r *resolver) checkOnAnywhere(on *ast.List) {
	if on == nil {
		return
	}
	for _, w := range on.Words {
		if !w.Quoted && r.zones[w.Text] == nil && !r.knownSomewhere(w.Text) {
			r.ifaceList(r.hosts[0], []ast.Word{w})
		}
	}
}

// serviceAt adds a service with these scopes to a host's view.
func (r *resolver) serviceAt(s *service, h *host, scopes []*policy.Scope) {
	if len(scopes) == 0 {
		return
	}
	p := new(policy.Service) // a copy: see at
	*p = s.p
	p.Scopes = scopes
	p.Rules = make([]*policy.Rule, 0, len(s.rules))
	lives := !scopes[0].Guarded
	var fam policy.Family
	for _, c := range scopes {
		fam |= c.Family()
		if c.Addr.IsValid() {
			s.declared |= policy.FamilyOf(c.Addr)
		}
	}
	s.fam |= fam
	for i := range s.rules {
		ru := &s.rules[i]
		q := ru.at()
		if ru.stmt.On != nil {
			on, ok := r.ifaceList(h, ru.stmt.On.Words)
			if !ok {
				s.bad = true
				continue
			}
			q.On = on
			r.checkArrival(ru, on, scopes)
		}
		q.Families &= fam
		p.Rules = append(p.Rules, q)
	}
	sortRules(p.Rules)
	if lives {
		p.LocalRules = make([]*policy.Rule, 0, len(s.localRules))
		for i := range s.localRules {
			ru := &s.localRules[i]
			q := ru.at()
			q.Families &= fam
			p.LocalRules = append(p.LocalRules, q)
		}
		sortRules(p.LocalRules)
		p.Publishes = r.publishesAt(s, h, scopes)
		r.checkServiceAt(s, h, scopes)
	}
	h.view.Services = append(h.view.Services, p)
}

// at is the rule for one more view: a copy, since a pointer into the rule would
// keep the syntax tree in memory with it.
func (ru *rule) at() *policy.Rule {
	c := ru.p
	return &c
}

// ownAddresses fills Own, SharedOwn and Elsewhere of the views.
func (r *resolver) ownAddresses() {
	for _, h := range r.hosts {
		h.view.Own = make([]netip.Addr, 0, len(h.view.Services)*2)
		for _, s := range h.view.Services {
			for _, c := range s.Scopes {
				if c.Kind == policy.ScopeOwn && !c.Guarded {
					h.view.Own = append(h.view.Own, c.Addr)
				}
			}
		}
		slices.SortFunc(h.view.Own, netip.Addr.Compare)
		n := len(h.view.Own)
		h.view.Own = slices.Compact(h.view.Own)
		h.ownShared = len(h.view.Own) < n
	}
	if len(r.hosts) > 1 {
		r.anycast()
	}
}

// place of an own address: the hosts that have it.
type owned struct {
	addr  netip.Addr
	svc   *service
	item  addrItem
	homes []*host
}

// anycast compares the hosts' addresses with each other.
func (r *resolver) anycast() {
	var list []owned
	for _, s := range r.svcs {
		for _, it := range s.items {
			if len(s.lives) > 0 && it.kind == itemAddr && !it.addr.IsLoopback() && r.ifaceAddrs[it.addr] == nil {
				list = append(list, owned{it.addr, s, it, s.lives})
			}
		}
	}
	// By address, then by the order of the names, which is that of r.svcs.
	slices.SortStableFunc(list, func(a, b owned) int { return a.addr.Compare(b.addr) })
	out := list[:0]
	for _, o := range list {
		if n := len(out); n > 0 && out[n-1].addr == o.addr {
			last := &out[n-1]
			last.homes = slices.Clip(last.homes)
			for _, h := range o.homes {
				if !containsHost(last.homes, h) {
					last.homes = append(last.homes, h)
				}
			}
			continue
		}
		out = append(out, o)
	}
	for _, h := range r.hosts {
		h.view.Elsewhere = make([]*policy.Elsewhere, 0, len(out))
	}
	for _, o := range out {
		e := &policy.Elsewhere{Addr: o.addr, Service: o.svc.p.Name, Span: o.item.span}
		for _, h := range o.homes {
			e.Homes = append(e.Homes, h.p)
			if len(o.homes) > 1 {
				h.view.SharedOwn = append(h.view.SharedOwn, o.addr)
			}
		}
		for _, h := range r.hosts {
			if !containsHost(o.homes, h) {
				h.view.Elsewhere = append(h.view.Elsewhere, e)
			}
		}
	}
	r.sharedInterfaces()
}

// sharedInterfaces: an address that several hosts have on an interface is no
// more a proof of who sent it than an anycast address.
func (r *resolver) sharedInterfaces() {
	count := map[netip.Addr]int{}
	for _, h := range r.hosts {
		for a := range h.addrs {
			count[a]++
		}
	}
	for _, h := range r.hosts {
		for a := range h.addrs {
			if count[a] > 1 {
				h.view.SharedOwn = append(h.view.SharedOwn, a)
			}
		}
		slices.SortFunc(h.view.SharedOwn, netip.Addr.Compare)
		h.view.SharedOwn = slices.Compact(h.view.SharedOwn)
	}
}

// buildBlocks unites the global blocks and the host's own.
func (r *resolver) buildBlocks(h *host) {
	for kind := ast.Local; kind <= ast.Forward; kind++ {
		b := &policy.Block{Refuse: policy.Drop}
		if kind == ast.Local {
			b.Refuse = policy.Reject
		}
		r.block(h, kind, b)
		switch kind {
		case ast.Local:
			h.view.Local = b
		case ast.Inbound:
			h.view.Inbound = b
		case ast.Outbound:
			h.view.Outbound = b
		case ast.Forward:
			h.view.Forward = b
		}
	}
}

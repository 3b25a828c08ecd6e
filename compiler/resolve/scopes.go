package resolve

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/loward/loward/compiler/policy"
)

// isShared says whether every host has the address and other things live on it.
func isShared(a netip.Addr) bool {
	return a == netip.AddrFrom4([4]byte{127, 0, 0, 1}) || a == netip.IPv6Loopback()
}

// linkLocal6: every link may have such an address, so it identifies nothing.
func linkLocal6(a netip.Addr) bool { return a.Is6() && a.IsLinkLocalUnicast() }

// livesOn are the hosts that carry the service, in the order of preference.
func (r *resolver) livesOn(s *service) []*host {
	switch {
	case s.badHomes:
		return nil
	case s.home != nil:
		if !r.homesFit(s) {
			return nil
		}
		return s.homes
	case len(r.hosts) == 1:
		return r.hosts
	}
	everywhere := false
	var some []*host
	for _, it := range s.items {
		switch it.kind {
		case itemHost:
			everywhere = true
		case itemIface:
			for _, h := range r.hosts {
				if h.ifaces[it.iface] != nil && !containsHost(some, h) {
					some = append(some, h)
				}
			}
		case itemAddr:
			switch h := r.ifaceAddrs[it.addr]; {
			case it.addr.IsLoopback():
				everywhere = true
			case h == nil:
				r.errorf(codeHome, it.span, "where %s lives is not said, and there are %d hosts", it.addr, len(r.hosts)).
					Helpf("add `home HOST` to service %s", s.p.Name)
				s.badHomes = true
				return nil
			default:
				for _, h := range r.hosts {
					if h.addrs[it.addr] != nil && !containsHost(some, h) {
						some = append(some, h)
					}
				}
			}
		}
	}
	if everywhere {
		return r.hosts
	}
	slices.SortFunc(some, func(a, b *host) int { return cmp.Compare(a.p.Name, b.p.Name) })
	return some
}

// homesFit checks that what the service listens on is at each of its homes.
func (r *resolver) homesFit(s *service) bool {
	ok := true
	for _, it := range s.items {
		for _, h := range s.homes {
			switch it.kind {
			case itemIface:
				if h.ifaces[it.iface] == nil {
					r.errorf(codeHome, it.span, "host %s has no interface %s", h.p.Name, it.iface).
						Helpf("declare it there, or make another service for another host").See(s.home.Span(), "it is the home")
					ok = false
				}
			case itemAddr:
				if other := r.ifaceAddrs[it.addr]; other != nil && h.addrs[it.addr] == nil {
					r.errorf(codeHome, it.span, "%s is on interface %s of host %s, not at home %s", it.addr, other.addrs[it.addr].Name, other.p.Name, h.p.Name).
						Helpf("name the home that has it, or another address").
						See(other.addrs[it.addr].Span, "it is declared here")
					ok = false
				}
			}
		}
	}
	return ok
}

// scopesAt are the service's scopes at a host on which it lives.
func (r *resolver) scopesAt(s *service, h *host) []*policy.Scope {
	out := make([]*policy.Scope, 0, len(s.items))
	for _, it := range s.items {
		switch it.kind {
		case itemHost:
			out = append(out, r.scopes.add(policy.Scope{Kind: policy.ScopeHost, Span: it.span}))
		case itemIface:
			i := h.ifaces[it.iface]
			if i == nil {
				continue
			}
			if i.DHCP {
				out = append(out, r.scopes.add(policy.Scope{Kind: policy.ScopeIface, Iface: i.Name, Span: it.span}))
				continue
			}
			for _, p := range i.Addrs {
				if !linkLocal6(p.Addr()) {
					out = append(out, r.scopes.add(policy.Scope{Kind: policy.ScopeShared, Addr: p.Addr(), Span: it.span}))
				}
			}
		case itemAddr:
			switch {
			case isShared(it.addr) || h.addrs[it.addr] != nil:
				out = append(out, r.scopes.add(policy.Scope{Kind: policy.ScopeShared, Addr: it.addr, Span: it.span}))
			case r.ifaceAddrs[it.addr] == nil:
				out = append(out, r.scopes.add(policy.Scope{Kind: policy.ScopeOwn, Addr: it.addr, Span: it.span}))
			}
		}
	}
	return tidyScopes(out)
}

// guardedAt are the scopes that a guard enforces for the service's homes.
func (r *resolver) guardedAt(s *service) []*policy.Scope {
	var out []*policy.Scope
	for _, h := range s.lives {
		for _, c := range r.scopesAt(s, h) {
			if (c.Kind == policy.ScopeOwn || c.Kind == policy.ScopeShared) && !c.Addr.IsLoopback() {
				c.Guarded = true
				out = append(out, c)
			}
		}
	}
	return tidyScopes(out)
}

// tidyScopes sorts scopes and leaves out repetitions.
func tidyScopes(list []*policy.Scope) []*policy.Scope {
	if len(list) < 2 {
		return list
	}
	slices.SortStableFunc(list, compareScopes)
	return slices.CompactFunc(list, func(a, b *policy.Scope) bool { return compareScopes(a, b) == 0 })
}

func compareScopes(a, b *policy.Scope) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), a.Addr.Compare(b.Addr), cmp.Compare(a.Iface, b.Iface))
}

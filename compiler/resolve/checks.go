package resolve

import (
	"slices"

	"github.com/loward/loward/compiler/policy"
)

// checkService judges what can be said of a service without its hosts.
func (r *resolver) checkService(s *service) {
	name := s.stmt.Name.Span
	if s.bad {
		return // a statement that could not be read may be the missing one
	}
	if len(s.items) == 0 {
		r.errorf(codeNoAddress, name, "service %s has no address", s.p.Name).
			Helpf("say where it listens: address ADDRESS, address host, or address interface NAME")
		return
	}
	r.checkGuards(s)
	r.checkInterfaces(s)
	if len(s.rules)+len(s.localRules)+len(s.publishes) > 0 {
		return
	}
	for _, it := range s.items {
		if it.kind == itemAddr && !isShared(it.addr) && r.ifaceAddrs[it.addr] == nil {
			r.warnf(codeNoStatement, name, "service %s allows nothing: its addresses are closed to everybody", s.p.Name).
				Helpf("say who may reach it: allow tcp 80 on lan")
			return
		}
	}
	r.errorf(codeNoStatement, name, "service %s says nothing: on addresses that it shares it claims only the traffic that its statements name", s.p.Name).
		Helpf("say who may reach it: allow tcp 80 on lan")
}

// checkInterfaces: an interface that has no address offers nothing.
func (r *resolver) checkInterfaces(s *service) {
	for _, it := range s.items {
		if it.kind != itemIface {
			continue
		}
		for _, h := range s.lives {
			i := h.ifaces[it.iface]
			if i == nil || i.DHCP || hasGlobal(i) {
				continue
			}
			r.errorf(codeHostFact, it.span, "interface %s has no address that a service could be at", i.Name).
				Helpf("declare its addresses, or dhcp where they are known only at run time").See(i.Span, "it is declared here")
		}
	}
}

func hasGlobal(i *policy.Interface) bool {
	for _, p := range i.Addrs {
		if !linkLocal6(p.Addr()) {
			return true
		}
	}
	return false
}

// checkGuards: a router sees what it forwards, and nothing else.
func (r *resolver) checkGuards(s *service) {
	if s.guard == nil {
		return
	}
	for _, g := range s.guards {
		if g.stmt != nil && !g.p.Forwards && !containsHost(s.lives, g) {
			r.warnf(codeForwards, s.guard.Span(), "host %s guards service %s but does not forward", g.p.Name, s.p.Name).
				Helpf("add `forwards` to the host")
		}
	}
	for _, it := range s.items {
		why := ""
		switch {
		case it.kind == itemHost:
			why = "the addresses of its host are known only there, at run time"
		case it.kind == itemAddr && it.addr.IsLoopback():
			why = "no router ever forwards to a loopback address"
		case it.kind == itemIface:
			for _, h := range s.lives {
				if i := h.ifaces[it.iface]; i != nil && i.DHCP {
					why = "its address comes from DHCP and is known only there, at run time"
				}
			}
		}
		if why != "" {
			r.errorf(codeGuard, it.span, "this can't be guarded: %s", why).
				Helpf("move it to another service, without `guard`").See(s.guard.Span(), "the guard")
		}
	}
}

// checkServiceAt judges a service on one host where it lives.
func (r *resolver) checkServiceAt(s *service, h *host, scopes []*policy.Scope) {
	if s.bad || s.checked {
		return
	}
	own, everywhere, unreachable := false, false, true
	for _, c := range scopes {
		own = own || c.Kind == policy.ScopeOwn
		everywhere = everywhere || c.Kind == policy.ScopeHost
		// route-localnet opens 127/8 to the outside; nothing opens ::1.
		unreachable = unreachable && c.Addr.IsValid() && c.Addr.IsLoopback() && (c.Addr.Is6() || !h.p.RouteLocalnet)
	}
	for _, c := range scopes {
		if c.Kind == policy.ScopeIface && !everywhere {
			s.checked = true
			r.checkDHCP(s, c)
		}
	}
	allows, denies := (*rule)(nil), (*rule)(nil)
	for i := range s.rules {
		ru := &s.rules[i]
		which := &denies
		if ru.p.Allow {
			which = &allows
		}
		// The first by its text, whatever the order in the file.
		if *which == nil || ru.p.Text < (*which).p.Text {
			*which = ru
		}
	}
	if denies != nil && allows == nil && len(s.publishes) == 0 && !own {
		s.checked = true
		r.warnf(codeDenyOnly, denies.p.Span, "service %s only denies, on an address that it shares: what it names is closed to everybody, the rest is not touched", s.p.Name).
			Helpf("allow what is to be reached; or write the deny into `inbound`, where it is an exception")
	}
	if len(s.rules)+len(s.publishes) == 0 && len(s.localRules) > 0 && !own && !slices.ContainsFunc(s.localRules, func(ru rule) bool { return ru.p.Allow }) {
		s.checked = true
		r.warnf(codeDenyOnly, s.localRules[0].p.Span, "service %s only denies, on an address that it shares: what it names is closed to everybody outside, too", s.p.Name).
			Helpf("allow what is to be reached; or write the deny into `local`, where it is an exception")
	}
	if unreachable && allows != nil {
		s.checked = true
		r.warnf(codeLoopback, allows.p.Span, "nothing from outside can arrive at %s: this allows nothing", scopes[0].Addr).
			Helpf("for this host's own processes write allow-local; for others give the service an address that they can reach")
	}
	if len(s.publishes) > 0 && len(scopes) > 0 {
		s.checked = true
		r.checkPublishAllowed(s)
	}
}

func (r *resolver) checkDHCP(s *service, c *policy.Scope) {
	for i := range s.localRules {
		ru := &s.localRules[i]
		r.errorf(codeLocalDHCP, ru.p.Span, "%s can't be said of interface %s: its addresses are known only at run time, and local delivery does not arrive on it", ru.stmt.Action, c.Iface).
			Helpf("write `address host`, which holds for every address that the host has").
			See(c.Span, "the interface has its address by DHCP")
	}
	r.warnf(codeDHCP, c.Span, "interface %s has its address by DHCP: the service covers what arrives on it, not the same address reached through another interface", c.Iface).
		Helpf("write `address host` to cover every way to every address")
}

// checkPublishAllowed warns of what is translated and then refused.
func (r *resolver) checkPublishAllowed(s *service) {
	for _, pub := range s.publishes {
		open := false
		for i := range s.rules {
			open = open || s.rules[i].p.Allow && trafficOverlaps(pub.p.Traffic, s.rules[i].p.Traffic)
		}
		for i := range s.localRules {
			open = open || s.localRules[i].p.Allow && trafficOverlaps(pub.p.Traffic, s.localRules[i].p.Traffic)
		}
		if !open {
			r.warnf(codeUnreached, pub.p.Span, "this is published, but nothing allows it: publish translates and does not open").
				Helpf("add for example allow %s", trafficText(pub.stmt.Traffic))
		}
	}
}

// trafficOverlaps says whether two lists of classes have a common packet.
func trafficOverlaps(a, b []policy.Traffic) bool {
	for _, x := range a {
		for _, y := range b {
			if x.Any || y.Any {
				return true
			}
			if x.Proto == y.Proto && x.Families&y.Families != 0 && rangesOverlap(x.Ports, y.Ports) && rangesOverlap(x.Types, y.Types) {
				return true
			}
		}
	}
	return false
}

// rangesOverlap: nil means everything; both are sorted.
func rangesOverlap(a, b []policy.PortRange) bool {
	if a == nil || b == nil {
		return true
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i].Hi < b[j].Lo:
			i++
		case b[j].Hi < a[i].Lo:
			j++
		default:
			return true
		}
	}
	return false
}

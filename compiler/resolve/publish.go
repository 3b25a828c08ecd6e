package resolve

import (
	"net/netip"
	"slices"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

// publish is a publish statement as far as it is the same on every host.
type publish struct {
	stmt *ast.Publish
	p    policy.Publish
	// spans of the targets, by family: 0 IPv4, 1 IPv6
	spans        [2]diag.Span
	bad          bool
	localnetSaid bool
	familySaid   bool
	selfSaid     bool
	hairpinSaid  bool
}

func (r *resolver) newPublish(s *service, st *ast.Publish) {
	n := len(r.l.All)
	pub := &publish{stmt: st, p: policy.Publish{Span: st.Span()}}
	t, ok := r.trafficList(st.Traffic)
	pub.p.Traffic = t
	if ok {
		for _, c := range t {
			if !c.HasPorts() || c.Ports == nil {
				r.errorf(codeTarget, c.Span, "only ports of tcp, udp and sctp can be published").
					Helpf("for example publish tcp 80 to 172.17.0.2:8080")
			}
		}
	}
	if len(st.Traffic) == 0 {
		r.missing(codeTraffic, st.Span(), "publish needs to say which traffic").Helpf("for example publish tcp 80 to 172.17.0.2:8080")
	}
	if len(st.To) == 0 {
		r.missing(codeTarget, st.Span(), "publish needs a target").Helpf("for example publish tcp 80 to 172.17.0.2:8080")
	}
	for _, w := range st.To {
		r.publishTarget(pub, w)
	}
	if len(r.l.All) > n {
		for _, d := range r.l.All[n:] {
			pub.bad = pub.bad || d.Severity == diag.Error
		}
	}
	s.bad = s.bad || pub.bad
	b := append(r.buf[:0], "publish"...)
	b = append(r.appendTraffic(b, st.Traffic), " to "...)
	texts := []string{}
	for _, a := range [...]netip.AddrPort{pub.p.To4, pub.p.To6} {
		switch {
		case !a.IsValid() && !a.Addr().IsValid():
		case a.Port() == 0:
			texts = append(texts, a.Addr().String())
		default:
			texts = append(texts, a.String())
		}
	}
	r.buf = appendJoined(b, texts)
	pub.p.Text = string(r.buf)
	s.publishes = append(s.publishes, pub)
}

func (r *resolver) publishTarget(pub *publish, w ast.Word) {
	to, m := parseEndpoint(w.Text)
	if m == nil {
		m = unicast(to.Addr())
	}
	if m != nil {
		r.wrong(codeAddress, w.Span, m)
		return
	}
	a := to.Addr()
	if a.Is6() && a.IsLoopback() {
		r.errorf(codeTarget, w.Span, "the kernel never delivers to ::1 what came from outside, even after translation").
			Helpf("publish to an address of the host that is not ::1")
		return
	}
	slot, at := &pub.p.To4, 0
	if a.Is6() {
		slot, at = &pub.p.To6, 1
	}
	if slot.Addr().IsValid() {
		r.errorf(codeTarget, w.Span, "there is a second %s target", policy.FamilyOf(a)).
			Helpf("a connection goes to one target; balancing is not what publish does").See(pub.spans[at], "the other one")
		return
	}
	*slot, pub.spans[at] = to, w.Span
}

// publishesAt are the service's publishes on a host on which it lives.
func (r *resolver) publishesAt(s *service, h *host, scopes []*policy.Scope) []*policy.Publish {
	if len(s.publishes) == 0 {
		return nil
	}
	var fam policy.Family
	for _, c := range scopes {
		fam |= c.Family()
	}
	out := make([]*policy.Publish, 0, len(s.publishes))
	for _, pub := range s.publishes {
		p := pub.p
		p.Net4 = r.networkOf(h, p.To4.Addr())
		p.Net6 = r.networkOf(h, p.To6.Addr())
		r.checkPublish(s, h, pub, scopes, fam)
		out = append(out, &p)
	}
	sortPublishes(out)
	return out
}

// networkOf is the declared network of an interface that holds the address:
// the narrowest, if several do.
func (r *resolver) networkOf(h *host, a netip.Addr) netip.Prefix {
	var best netip.Prefix
	if !a.IsValid() {
		return best
	}
	for _, i := range h.p.Interfaces {
		for _, p := range i.Addrs {
			if p.Contains(a) && (!best.IsValid() || p.Bits() > best.Bits()) {
				best = p.Masked()
			}
		}
	}
	return best
}

func (r *resolver) checkPublish(s *service, h *host, pub *publish, scopes []*policy.Scope, fam policy.Family) {
	t4, t6 := pub.p.To4.Addr(), pub.p.To6.Addr()
	if t4.IsValid() && t4.IsLoopback() && !h.p.RouteLocalnet && !pub.localnetSaid {
		pub.localnetSaid = true
		d := r.errorf(codeTarget, pub.spans[0], "the kernel delivers nothing from outside to %s without route-localnet", t4)
		if h.stmt == nil {
			d.Helpf("declare the machine: host NAME { route-localnet }; or publish to another address of the host")
		} else {
			d.Helpf("add `route-localnet` to host %s, or publish to another address of it", h.p.Name).See(h.stmt.Name.Span, "the host")
		}
	}
	var have policy.Family
	if t4.IsValid() {
		have |= policy.V4
	}
	if t6.IsValid() {
		have |= policy.V6
	}
	if pub.bad {
		return
	}
	if have&fam == 0 && !pub.familySaid {
		pub.familySaid = true
		r.errorf(codeNoEffect, pub.p.Span, "this publishes nothing: the service has only %s addresses, and the target is %s", fam, have).
			Helpf("a packet keeps its family; name a target of the family of the addresses")
	}
	if lost := fam &^ have; lost != 0 && !pub.familySaid {
		pub.familySaid = true
		r.warnf(codeNoTarget, pub.p.Span, "there is no %s target: what is sent to these ports by %s is refused", lost, lost).
			Helpf("add an %s target, or give the service only %s addresses", lost, have)
	}
	for i, t := range [...]netip.AddrPort{pub.p.To4, pub.p.To6} {
		for _, c := range scopes {
			if t.Addr().IsValid() && c.Addr == t.Addr() && !pub.selfSaid && publishesToItself(pub.p.Traffic, t.Port()) {
				pub.selfSaid = true
				r.errorf(codeTarget, pub.spans[i], "%s is the address that is published", t.Addr()).
					Helpf("name the address, or the port, at which the service really listens").See(c.Span, "the service's address")
			}
		}
	}
	r.checkHairpin(h, pub, scopes)
	if h.stmt != nil && !h.p.Forwards && !h.forwardsSaid && r.leavesHost(h, t4, t6) {
		h.forwardsSaid = true
		r.warnf(codeForwards, pub.p.Span, "the target is on another machine, and host %s does not forward", h.p.Name).
			Helpf("add `forwards` to the host")
	}
}

// checkHairpin: a machine in the target's own network would be answered by the
// target past this host, unless its packets are masqueraded; which they are where
// the network is known.
func (r *resolver) checkHairpin(h *host, pub *publish, scopes []*policy.Scope) {
	for i, t := range [...]netip.Addr{pub.p.To4.Addr(), pub.p.To6.Addr()} {
		if !t.IsValid() || t.IsLoopback() || pub.hairpinSaid || h.addrs[t] != nil || r.networkOf(h, t).IsValid() ||
			slices.ContainsFunc(scopes, func(c *policy.Scope) bool { return c.Addr == t }) {
			continue
		}
		pub.hairpinSaid = true
		r.warnf(codeHairpin, pub.spans[i], "no interface of this host has a declared network with %s: machines of that network can't use what is published here", t).
			Helpf("declare it in the host, for example interface NAME = %s", exampleNet(t))
	}
}

// exampleNet is an address such as an interface in the target's network has.
func exampleNet(t netip.Addr) netip.Prefix {
	bits := 24
	if t.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(netip.PrefixFrom(t, bits).Masked().Addr().Next(), bits)
}

// publishesToItself: translating an address and port to the same is nothing.
func publishesToItself(traffic []policy.Traffic, port uint16) bool {
	if port == 0 {
		return true
	}
	for _, t := range traffic {
		for _, p := range t.Ports {
			if p.Lo <= port && port <= p.Hi {
				return true
			}
		}
	}
	return false
}

// leavesHost says whether a target is surely not on the host itself: it lies in
// a network of one of its interfaces and is not its own address there.
func (r *resolver) leavesHost(h *host, targets ...netip.Addr) bool {
	for _, a := range targets {
		if a.IsValid() && h.addrs[a] == nil && r.networkOf(h, a).IsValid() {
			return true
		}
	}
	return false
}

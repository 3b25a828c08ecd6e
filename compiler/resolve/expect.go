package resolve

import (
	"net/netip"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

// resolveExpects judges the tests. A class of several kinds of traffic (dns is
// tcp and udp) makes one Expect of each.
func (r *resolver) resolveExpects() {
	for _, e := range r.expects {
		r.resolveExpect(e)
	}
}

func (r *resolver) resolveExpect(e *ast.Expect) {
	n := len(r.l.All)
	out := policy.Expect{Span: e.Span(), Self: e.Packet.Self, Any: e.Packet.Any}
	switch e.Verdict.Text {
	case "accept":
	case "drop":
		out.Verdict = policy.Drop
	case "reject":
		out.Verdict = policy.Reject
	default:
		r.errorf(codeExpect, e.Verdict.Span, "%q is not a fate of a packet", e.Verdict.Text).Helpf("write accept, drop or reject")
	}
	h := r.expectHost(e)
	pk := &e.Packet
	var ok bool
	if out.To, ok = r.endpoint(pk.To); ok && out.To.Addr().IsUnspecified() {
		r.errorf(codeExpect, pk.To.Span, "nothing is sent to %s", out.To.Addr()).Helpf("name the address that it is sent to")
	}
	if pk.To.IsZero() {
		r.missing(codeExpect, pk.Span, "the packet goes nowhere").Helpf("add `to ADDRESS:PORT`")
	}
	if !pk.From.IsZero() {
		out.From, _ = r.endpoint(pk.From)
	} else if !pk.Self && !pk.Any {
		r.missing(codeExpect, pk.Span, "the packet comes from nowhere").Helpf("add `from ADDRESS`, `from self` or `from any`")
	}
	if !pk.User.IsZero() {
		if names, good := r.owners("user", []ast.Word{pk.User}); good {
			out.User = names[0]
		}
		if !pk.Self {
			r.errorf(codeExpect, pk.User.Span, "only what this host sends has a user").Helpf("write `from self user %s`", pk.User.Text)
		}
	}
	if !pk.On.IsZero() {
		if pk.Self {
			r.errorf(codeExpect, pk.On.Span, "what the host sends arrives on no interface").Helpf("leave out `on`")
		} else if h != nil {
			out.On, _ = r.ifaceList(h, []ast.Word{pk.On})
		}
	}
	if out.To.IsValid() && out.From.IsValid() && out.To.Addr().BitLen() != out.From.Addr().BitLen() {
		r.errorf(codeExpect, pk.Span, "a packet can't go from an %s to an %s address", policy.FamilyOf(out.From.Addr()), policy.FamilyOf(out.To.Addr())).
			Helpf("write both in one family")
	}
	list, good := r.trafficList([]ast.Traffic{pk.Traffic})
	if !good || len(r.l.All) > n && hasErrors(r.l.All[n:]) || h == nil {
		return
	}
	out.Host = h.p.Name
	r.expectTraffic(e, out, list)
}

func hasErrors(list []*diag.Diagnostic) bool {
	for _, d := range list {
		if d.Severity == diag.Error {
			return true
		}
	}
	return false
}

// expectHost is the host at which the packet is judged.
func (r *resolver) expectHost(e *ast.Expect) *host {
	switch {
	case !e.At.IsZero():
		h := r.hostOf[e.At.Text]
		if h == nil {
			if d := unknownName(r, "host", e.At, r.hostOf); d.Help == "" {
				r.listHosts(d)
			}
		}
		return h
	case len(r.hosts) == 1:
		return r.hosts[0]
	}
	r.errorf(codeExpect, e.Span(), "at which of the %d hosts is not said", len(r.hosts)).Helpf("add `at %s`", r.hosts[0].p.Name)
	return nil
}

func (r *resolver) endpoint(w ast.Word) (netip.AddrPort, bool) {
	if w.IsZero() {
		return netip.AddrPort{}, false
	}
	a, m := parseEndpoint(w.Text)
	if m != nil {
		r.wrong(codeAddress, w.Span, m)
	}
	return a, m == nil
}

// expectTraffic fits the classes to the addresses: those of the family, with
// the port of the destination.
func (r *resolver) expectTraffic(e *ast.Expect, out policy.Expect, list []policy.Traffic) {
	f := policy.FamilyOf(out.To.Addr())
	to := e.Packet.To.Span
	made := 0
	for _, t := range list {
		if t.Families&f == 0 {
			continue
		}
		t.Families = f
		x := out
		switch {
		case !t.HasPorts():
			if x.To.Port() != 0 || x.From.Port() != 0 {
				r.errorf(codeExpect, to, "%s has no ports", e.Packet.Traffic.Kind.Text).Helpf("leave out the port")
				return
			}
		case t.Ports == nil && x.To.Port() == 0:
			r.errorf(codeExpect, to, "the port is missing").Helpf("write %s", netip.AddrPortFrom(x.To.Addr(), 80))
			return
		case t.Ports != nil && x.To.Port() != 0:
			if !rangesOverlap(t.Ports, []policy.PortRange{{Lo: x.To.Port(), Hi: x.To.Port()}}) {
				r.errorf(codeExpect, to, "port %d is not one of %s", x.To.Port(), e.Packet.Traffic.Kind.Text).Helpf("leave out one of them")
				return
			}
			t.Ports = nil
		case len(t.Ports) == 1 && t.Ports[0].Lo == t.Ports[0].Hi:
			x.To = netip.AddrPortFrom(x.To.Addr(), t.Ports[0].Lo)
			t.Ports = nil
		}
		x.Traffic = t
		r.pol.Expects = append(r.pol.Expects, &x)
		made++
	}
	if made == 0 {
		r.errorf(codeExpect, e.Packet.Traffic.Span, "this traffic does not exist in %s", f).Helpf("name an address of the other family")
	}
}

package iproute

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/diag"
)

// Write what a host needs. Mistakes may be warnings; the text is nil where one
// of them is an error.
func Write(v *policy.View) (text []byte, mistakes []*diag.Diagnostic) {
	w := &writer{view: v, host: v.Host, onLo: map[netip.Addr]bool{}}
	w.header()
	w.services()
	w.sources()
	if v.Host.Forwards {
		w.elsewhere()
	}
	w.list.Sort()
	if w.list.Errors() > 0 {
		return nil, w.list.All
	}
	return w.b, w.list.All
}

type writer struct {
	view *policy.View
	host *policy.Host
	list diag.List
	b    []byte
	onLo map[netip.Addr]bool
}

func (w *writer) header() {
	of := ""
	if w.host.Name != "" {
		of = " of host " + emit.Comment(w.host.Name)
	}
	w.line("# loward: addresses and routes%s, for ip -batch", of)
	w.line("# It can be run again at any time. It removes nothing: what an earlier version")
	w.line("# added and this one does not name stays until you delete it.")
}

func (w *writer) line(format string, args ...any) {
	w.b = append(fmt.Appendf(w.b, format, args...), '\n')
}

// section begins with an empty line and a comment, before its first line only.
func (w *writer) section(title string) func() {
	begun := false
	return func() {
		if !begun {
			w.line("\n# %s", title)
			begun = true
		}
	}
}

// onlyHost is the prefix of one address.
func onlyHost(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// address puts an address on lo, once. Without nodad an IPv6 address is
// tentative for a moment, even on lo, and the route that names it as its source
// a line later is refused.
func (w *writer) address(a netip.Addr, comment string) {
	if a.IsLoopback() || w.onLo[a] {
		return // 127/8 is local as it is
	}
	w.onLo[a] = true
	nodad := ""
	if a.Is6() {
		nodad = " nodad"
	}
	w.line("address replace %s dev lo%s%s", onlyHost(a), nodad, note(comment))
}

// note is a comment at the end of a line, which ip cuts off at the first #.
func note(s string) string {
	if s == "" {
		return ""
	}
	return " # " + emit.Comment(s)
}

// services puts their own addresses on lo; those of interfaces are there, and
// those that are only guarded live elsewhere.
func (w *writer) services() {
	begin := w.section("Services' own addresses.")
	names := map[netip.Addr][]string{}
	for _, s := range w.view.Services {
		for _, sc := range s.Scopes {
			if sc.Kind == policy.ScopeOwn && !sc.Guarded && !slices.Contains(names[sc.Addr], s.Name) {
				names[sc.Addr] = append(names[sc.Addr], s.Name)
			}
		}
	}
	for _, a := range w.view.Own {
		if a.IsLoopback() || w.ofInterface(a) != nil {
			continue
		}
		begin()
		w.address(a, strings.Join(names[a], ", "))
	}
}

// ofInterface gives the declared interface that has the address.
func (w *writer) ofInterface(a netip.Addr) *policy.Interface {
	for _, i := range w.host.Interfaces {
		for _, p := range i.Addrs {
			if p.Addr() == a {
				return i
			}
		}
	}
	return nil
}

// sources writes the routes that prefer a source address. The kernel's own
// route to a network of an interface is replaced by the same with a source:
// IPv4 knows it by its protocol and scope, IPv6 needs its metric too.
func (w *writer) sources() {
	begin := w.section("Preferred source addresses.")
	for n, s := range w.host.Sources {
		if w.contradicted(n) {
			continue
		}
		onlink, iface := w.onLink(s.To)
		if iface == nil {
			w.list.Errorf(s.Span, "ip cannot say a source address to %s: no interface of the host is declared with a network that holds it, and the next hop is not known", s.To).
				WithCode(emit.CodeUnsupported).
				Helpf("declare the interface's address and network if %s is on it; otherwise add the source to the route yourself: ip route replace %s via NEXT-HOP src %s", s.To, s.To, s.Addr)
			continue
		}
		if !w.name(iface) {
			continue
		}
		begin()
		if w.ofInterface(s.Addr) == nil {
			w.address(s.Addr, "source to "+s.To.String())
		}
		route := "proto static scope link"
		switch {
		case s.To.Masked() == onlink && s.Addr.Is4():
			route = "proto kernel scope link"
		case s.To.Masked() == onlink:
			route = "proto kernel metric 256"
		case s.Addr.Is6():
			route = "proto static"
		}
		w.line("route replace %s dev %s %s src %s%s", s.To.Masked(), iface.Name, route, s.Addr, note(s.Span.FileLine()))
	}
}

// contradicted: an earlier statement names another source for the same
// destination.
func (w *writer) contradicted(n int) bool {
	s := w.host.Sources[n]
	for _, o := range w.host.Sources[:n] {
		if o.To.Masked() == s.To.Masked() {
			if o.Addr != s.Addr {
				w.list.Errorf(s.Span, "two source addresses to %s: %s and %s", s.To, o.Addr, s.Addr).
					WithCode(emit.CodeUnsupported).Helpf("keep one of them").See(o.Span, "the other")
			}
			return true
		}
	}
	return false
}

// onLink finds the smallest declared network of an interface that holds a
// destination.
func (w *writer) onLink(to netip.Prefix) (network netip.Prefix, iface *policy.Interface) {
	for _, i := range w.host.Interfaces {
		for _, p := range i.Addrs {
			m := p.Masked()
			if m.Bits() <= to.Bits() && m.Contains(to.Addr()) && (iface == nil || m.Bits() > network.Bits()) {
				network, iface = m, i
			}
		}
	}
	return network, iface
}

// name refuses interface names that ip -batch would read as something else: it
// cuts lines at every # and takes quotes away.
func (w *writer) name(i *policy.Interface) bool {
	if why := emit.IfaceName(i.Name); why != "" || strings.ContainsAny(i.Name, `#'"*\`) {
		w.list.Errorf(i.Span, "ip cannot say the interface name %q in a batch file", i.Name).
			WithCode(emit.CodeUnsupported).Helpf("rename the interface, or leave out what needs a route over it")
		return false
	}
	return true
}

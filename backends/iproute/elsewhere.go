package iproute

import (
	"net/netip"
	"strings"

	"github.com/loward/loward/compiler/policy"
)

// codeNoRoute is the code of a service elsewhere that this router can't reach.
const codeNoRoute = "LW092"

// elsewhere writes a router's routes to services that live on other hosts: the
// preferred home by metric 1, the next by 2. A home is reached by an address
// that it has in a network which this host has an interface in too.
func (w *writer) elsewhere() {
	begin := w.section("Services that live on other hosts: the preferred home has the smallest metric.")
	written := map[netip.Addr]bool{}
	for _, e := range w.view.Elsewhere {
		if written[e.Addr] || e.Addr.IsLoopback() {
			continue
		}
		written[e.Addr] = true
		reached := 0
		for n, home := range e.Homes {
			hop, iface := w.nextHop(e.Addr, home)
			if iface == nil {
				continue
			}
			reached++
			if !w.name(iface) {
				continue
			}
			begin()
			w.line("route replace %s via %s dev %s proto static metric %d%s",
				onlyHost(e.Addr), hop, iface.Name, n+1, note(e.Service+" on "+home.Name))
		}
		if reached < len(e.Homes) {
			w.unreached(e, reached)
		}
	}
}

func (w *writer) unreached(e *policy.Elsewhere, reached int) {
	var homes []string
	for _, h := range e.Homes {
		if _, iface := w.nextHop(e.Addr, h); iface == nil {
			homes = append(homes, h.Name)
		}
	}
	what := "no route"
	if reached > 0 {
		what = "not every route"
	}
	d := w.list.Warnf(e.Span, "%s to %s of service %s on router %s: it shares no %s network with %s", what, e.Addr, e.Service, w.host.Name,
		policy.FamilyOf(e.Addr), strings.Join(homes, ", ")).WithCode(codeNoRoute)
	d.Helpf("give both hosts an interface with an address in a common network, or route %s by other means", onlyHost(e.Addr))
}

// nextHop finds an address of home, of the family of a, in a network of one of
// this host's interfaces.
func (w *writer) nextHop(a netip.Addr, home *policy.Host) (hop netip.Addr, iface *policy.Interface) {
	for _, mine := range w.host.Interfaces {
		for _, p := range mine.Addrs {
			for _, theirs := range home.Interfaces {
				for _, q := range theirs.Addrs {
					// Link-local networks look the same everywhere and are not shared.
					hop := q.Addr()
					if hop.Is4() == a.Is4() && p.Masked().Contains(hop) && !hop.IsLinkLocalUnicast() && w.ofInterface(hop) == nil {
						return hop, mine
					}
				}
			}
		}
	}
	return netip.Addr{}, nil
}

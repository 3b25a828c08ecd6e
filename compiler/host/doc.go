// Package host holds the facts of a machine that decide where a packet goes:
// links, addresses, routes, routing rules and sysctls, as pure data that is the
// same on every platform.
//
//	h := host.New()
//	h.Add("eth0", netip.MustParsePrefix("203.0.113.5/24"))
//	r := h.Route(host.Query{Dst: netip.MustParseAddr("203.0.113.5")})
//	// r.Type is host.Local and r.Dev is "lo": a host talks to itself over lo.
package host

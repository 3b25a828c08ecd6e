package path

import (
	"fmt"
	"net/netip"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/ruleset"
)

// stray says why IPv6 refuses a packet as soon as it arrives, before any hook
// (ip6_rcv_core).
func stray(p *packet.Packet) string {
	switch {
	case !p.V6():
	case p.Src.IsLoopback() || p.Dst.IsLoopback():
		return "::1 never comes from outside (ip6_rcv)"
	case p.Src.IsMulticast():
		return "a source that is a group (ip6_rcv)"
	case p.Dst.IsInterfaceLocalMulticast(), p.Dst.IsMulticast() && p.Dst.As16()[1]&15 == 0:
		return "a group that no wire carries (ip6_rcv)"
	}
	return ""
}

// weird says why routing refuses a packet of IPv4 whatever the routes
// (ip_route_input_slow).
func (s *Space) weird(p *packet.Packet) string {
	limited := netip.AddrFrom4([4]byte{255, 255, 255, 255})
	localnet := s.host.Conf(false, p.IIF, "route_localnet", 0) > 0
	switch {
	case p.V6():
	case p.Src.IsMulticast(), p.Src == limited:
		return "a source that is no unicast address"
	case p.Dst == limited, p.Src.IsUnspecified() && p.Dst.IsUnspecified(), p.Dst.IsMulticast() && !p.Src.IsLoopback() && p.Src.As4()[0] != 0:
	case p.Dst.IsMulticast() && p.Src.As4()[0] == 0 && (p.Proto == packet.IGMP || netip.MustParsePrefix("224.0.0.0/24").Contains(p.Dst)):
	case p.Src.As4()[0] == 0, p.Dst.As4()[0] == 0:
		return "an address of 0.0.0.0/8"
	case p.Src.IsLoopback() && !localnet, p.Dst.IsLoopback() && !localnet:
		return "a loopback address never comes from outside (martian; see route_localnet)"
	}
	return ""
}

// martian says why routing refuses the source of a packet of IPv4 that would leave by
// an interface, "" where it is for the host (fib_validate_source). Without rp_filter
// only the host's own addresses are looked for, unless there are rules of routing, or
// the packet would leave as it came and redirects are sent.
func (s *Space) martian(p *packet.Packet, out string) string {
	if p.V6() || p.Src.As4()[0] == 0 {
		return ""
	}
	own := fmt.Sprintf("the source %s is this host's own (martian source)", p.Src)
	filter := s.host.Conf(false, p.IIF, "rp_filter", 0)
	accept := s.host.Conf(false, p.IIF, "accept_local", 0) > 0
	if filter == 0 && !(out == p.IIF && s.host.Conf(false, p.IIF, "send_redirects", 1) > 0) {
		switch {
		case accept:
			return ""
		case !s.host.PolicyRouted():
			if s.host.Has(p.Src) {
				return own
			}
			return ""
		}
	}
	q := host.Query{Dst: p.Src, Src: p.Dst, IIF: out}
	if out == "" && s.host.TypeOf(p.Dst, "") != host.Local {
		q.Src = netip.Addr{} // of groups and broadcasts it asks without
	}
	if s.host.Conf(false, p.IIF, "src_valid_mark", 0) > 0 {
		q.Mark = p.Mark
	}
	r := s.host.Route(q)
	dev := r.Dev
	switch {
	case !r.Found, r.Type == host.Blackhole, r.Type == host.Unreachable, r.Type == host.Prohibit:
		return s.unproven(p, filter)
	case r.Type == host.Local && !accept:
		return own
	case r.Type == host.Local:
		dev = s.host.Owner(p.Src)
	case r.Type != host.Unicast:
		return "a source that is a broadcast address"
	}
	switch {
	case dev == p.IIF || dev == packet.AnyLink:
		return ""
	case !s.host.Addressed(p.IIF):
		return s.unproven(p, filter)
	case filter == 1:
		return fmt.Sprintf("the way back to %s is not by %s (rp_filter)", p.Src, p.IIF)
	}
	return ""
}

// unproven is a source to which no way leads, or none can be told: only rp_filter
// minds.
func (s *Space) unproven(p *packet.Packet, filter int) string {
	if filter > 0 {
		return fmt.Sprintf("there is no way back to %s (rp_filter)", p.Src)
	}
	return ""
}

// onlyHere says why a packet that came to a group or to all is not sent on
// (ip_forward, ip6_forward).
func onlyHere(p *packet.Packet) string {
	switch {
	case p.Link != ruleset.PktHost:
		return "what a wire brought to a group or to all is never sent on"
	case p.V6() && (p.Src.IsUnspecified() || p.Src.IsLinkLocalUnicast()):
		return fmt.Sprintf("the source %s is of its own link alone (ip6_forward)", p.Src)
	}
	return ""
}

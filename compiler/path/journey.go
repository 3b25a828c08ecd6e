package path

import (
	"fmt"
	"net/netip"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/ruleset"
)

// finish a journey outside of any rule.
func finish(v *variant, verdict Verdict, why string, ended *[]*variant) {
	v.verdict, v.why = verdict, why
	*ended = append(*ended, v)
}

// output is the way of what the host sends: OUTPUT, POSTROUTING, and over lo back
// in where the destination is its own.
func (s *Space) output(v *variant, oif string, ended *[]*variant) {
	p := v.p
	r := s.host.Route(host.Query{Dst: p.Dst, Src: p.Src, Mark: p.Mark, OIF: oif})
	if why := nowhere(r, p.Dst); why != "" {
		finish(v, Reject, why, ended)
		return
	}
	if !p.Src.IsValid() || p.Src.IsUnspecified() {
		if p.Src = r.Src; !p.Src.IsValid() {
			finish(v, Reject, fmt.Sprintf("the host has no address to reach %s from", p.Dst), ended)
			return
		}
	}
	if p.Conn == nil && p.Src.Is4() != p.Dst.Is4() {
		finish(v, Reject, "source and destination are of different families", ended)
		return
	}
	p.IIF, p.OIF = "", r.Dev
	for _, v := range s.hook(ruleset.Output, []*variant{v}, ended) {
		p := v.p
		if v.rerouted {
			v.rerouted = false
			r := s.host.Route(host.Query{Dst: p.Dst, Src: p.Src, Mark: p.Mark})
			if why := nowhere(r, p.Dst); why != "" {
				finish(v, Drop, why, ended)
				continue
			}
			p.OIF = r.Dev
		}
		s.leave(v, ended)
	}
}

// leave by POSTROUTING. What leaves by lo comes in again.
func (s *Space) leave(v *variant, ended *[]*variant) {
	v.p.IIF = "" // chains at postrouting see it only of what is forwarded
	for _, v := range s.hook(ruleset.Postrouting, []*variant{v}, ended) {
		if v.p.OIF != host.Loopback {
			v.left = v.p.OIF
			finish(v, Accept, "", ended)
			continue
		}
		s.loop(v, ended)
	}
}

// loop is local delivery: the packet comes in over lo with its connection and its
// mark. Its route was decided on the way out, so nothing looks at its source.
func (s *Space) loop(v *variant, ended *[]*variant) {
	v.p.IIF, v.p.OIF = host.Loopback, ""
	v.p.Owner = nil
	for _, v := range s.hook(ruleset.Prerouting, []*variant{v}, ended) {
		s.deliver(v, ended)
	}
}

// deliver to the host, by INPUT.
func (s *Space) deliver(v *variant, ended *[]*variant) {
	v.p.OIF = ""
	for _, v := range s.hook(ruleset.Input, []*variant{v}, ended) {
		finish(v, Accept, "", ended)
	}
}

// input is the way of what arrives: PREROUTING, and INPUT or FORWARD and
// POSTROUTING.
func (s *Space) input(v *variant, ended *[]*variant) {
	p := v.p
	if p.IIF == host.Loopback {
		s.loop(v, ended)
		return
	}
	p.Link = linkType(s.host, p.Dst)
	if p.V6() && (p.Src.IsLoopback() || p.Dst.IsLoopback()) {
		finish(v, Drop, "::1 never comes from outside (ip6_rcv)", ended)
		return
	}
	for _, v := range s.hook(ruleset.Prerouting, []*variant{v}, ended) {
		s.routeIn(v, ended)
	}
}

// routeIn decides where a packet goes that has arrived (ip_route_input).
func (s *Space) routeIn(v *variant, ended *[]*variant) {
	p := v.p
	if why := s.martian(p); why != "" {
		finish(v, Drop, why, ended)
		return
	}
	r := s.host.Route(host.Query{Dst: p.Dst, Src: p.Src, Mark: p.Mark, IIF: p.IIF})
	switch {
	case r.Type == host.Local || r.Type == host.Multicast || r.Type == host.Broadcast, !p.V6() && p.Dst.IsUnspecified():
		s.deliver(v, ended)
	case nowhere(r, p.Dst) != "":
		finish(v, Reject, nowhere(r, p.Dst), ended)
	default:
		s.forward(v, r, ended)
	}
}

func (s *Space) forward(v *variant, r host.Result, ended *[]*variant) {
	p := v.p
	forwards, known := s.host.Forwards(p.V6())
	switch {
	case !known:
		w := v.clone()
		w.guesses = append(w.guesses, Guess{nil, "whether the host forwards", false})
		finish(w, Drop, "the host does not forward", ended)
		v.guesses = append(v.guesses, Guess{nil, "whether the host forwards", true})
	case !forwards:
		finish(v, Drop, "the host does not forward", ended)
		return
	}
	if p.TTL <= 1 {
		finish(v, Reject, "its time to live is over", ended)
		return
	}
	p.OIF = r.Dev
	for _, v := range s.hook(ruleset.Forward, []*variant{v}, ended) {
		v.p.TTL--
		for _, v := range s.hook(ruleset.Postrouting, []*variant{v}, ended) {
			v.left = v.p.OIF
			finish(v, Accept, "", ended)
		}
	}
}

// martian says why routing refuses a source or a destination of IPv4 that can't
// come from outside (ip_route_input_slow, fib_validate_source).
func (s *Space) martian(p *packet.Packet) string {
	if p.V6() {
		return ""
	}
	localnet := s.host.Conf(false, p.IIF, "route_localnet", 0) > 0
	accept := s.host.Conf(false, p.IIF, "accept_local", 0) > 0
	switch {
	case p.Src.IsLoopback() && !localnet, p.Dst.IsLoopback() && !localnet:
		return "a loopback address never comes from outside (martian; see route_localnet)"
	case p.Src.IsMulticast():
		return "a source that is no unicast address"
	case s.host.TypeOf(p.Src, "") == host.Local && !accept:
		return fmt.Sprintf("the source %s is this host's own (martian source)", p.Src)
	case s.host.TypeOf(p.Src, "") == host.Broadcast && !p.Src.IsUnspecified():
		return "a source that is a broadcast address"
	case p.Src.IsUnspecified() && !p.Dst.IsMulticast() && !p.Dst.IsUnspecified() && p.Dst != netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "0.0.0.0 sends to all alone"
	case p.Dst.As4()[0] == 0 && !(p.Src.IsUnspecified() && p.Dst.IsUnspecified()):
		return "a destination in 0.0.0.0/8"
	}
	switch s.host.Conf(false, p.IIF, "rp_filter", 0) {
	case 1:
		if r := s.host.Route(host.Query{Dst: p.Src, Src: p.Dst}); r.Dev != p.IIF && !p.Src.IsUnspecified() {
			return fmt.Sprintf("the way back to %s is not by %s (rp_filter)", p.Src, p.IIF)
		}
	case 2:
		if r := s.host.Route(host.Query{Dst: p.Src, Src: p.Dst}); !r.Found && !p.Src.IsUnspecified() {
			return fmt.Sprintf("there is no way back to %s (rp_filter)", p.Src)
		}
	}
	return ""
}

// nowhere says why a route leads nowhere, or "".
func nowhere(r host.Result, dst netip.Addr) string {
	switch {
	case !r.Found:
		return fmt.Sprintf("there is no route to %s", dst)
	case r.Type == host.Blackhole, r.Type == host.Unreachable, r.Type == host.Prohibit:
		return fmt.Sprintf("the route to %s is %s", dst, r.Type)
	}
	return ""
}

// linkType is how the link layer addressed a packet to that destination.
func linkType(h *host.Host, dst netip.Addr) uint8 {
	switch h.TypeOf(dst, "") {
	case host.Multicast:
		return ruleset.PktMulticast
	case host.Broadcast:
		return ruleset.PktBroadcast
	}
	return ruleset.PktHost
}

package path

import (
	"fmt"
	"net/netip"
	"slices"

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
	r := s.host.Route(query(p, oif))
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
	if why := s.confined(p, r.Dev); why != "" {
		finish(v, Reject, why, ended)
		return
	}
	if p.Conn == nil && p.Src.Is4() != p.Dst.Is4() {
		finish(v, Reject, "source and destination are of different families", ended)
		return
	}
	p.IIF, p.OIF, v.bound = "", r.Dev, oif
	for _, v := range s.hook(ruleset.Output, []*variant{v}, ended) {
		if v.next != "" {
			v.p.OIF, v.next = v.next, ""
		}
		s.leave(v, ended)
	}
}

// routing is a chain of type route: what it gives another mark is routed anew, as soon
// as it is through (nf_route_table_hook4).
func (s *Space) routing(b *base, in []*variant, ended *[]*variant) []*variant {
	var on []*variant
	for _, v := range in {
		before := v.p.Mark
		for _, v := range s.run(b, ruleset.Output, []*variant{v}, ended) {
			if v.p.Mark == before || s.reroute(v, ended) {
				on = append(on, v)
			}
		}
	}
	return merge(on)
}

// reroute looks for the way out once more (ip_route_me_harder), and says whether there
// is one.
func (s *Space) reroute(v *variant, ended *[]*variant) bool {
	p := v.p
	r := s.host.Route(query(p, v.bound))
	why := nowhere(r, p.Dst)
	if why == "" {
		why = s.confined(p, r.Dev)
	}
	if why != "" {
		v.legs[len(v.legs)-1].Cut = true
		finish(v, Drop, why, ended)
		return false
	}
	v.next = r.Dev
	return true
}

// leave by POSTROUTING. What leaves by lo comes in again.
func (s *Space) leave(v *variant, ended *[]*variant) {
	v.p.IIF = "" // chains at postrouting see it only of what is forwarded
	if v.p.OIF != host.Loopback && linkType(s.host, v.p.Dst) != ruleset.PktHost {
		v.heard = v.p.Clone()
	}
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
	if c := v.p.Conn; c != nil {
		c.Status |= ruleset.StatusConfirmed // at the end of POSTROUTING
	}
	for _, v := range s.hook(ruleset.Prerouting, []*variant{v}, ended) {
		s.deliver(v, ended)
	}
}

// copy of what the host sends to a group or to all: it passes POSTROUTING apart and
// without an owner, keeps its connection, its mark and the route by which it was sent
// (ip_mc_output, ip6_finish_output2), so that nothing looks at its source.
func (s *Space) copy(r *Result, all []*variant) *Result {
	i := slices.IndexFunc(all, func(v *variant) bool { return v.p == r.Packet })
	if i < 0 || all[i].heard == nil {
		return nil
	}
	v := &variant{p: all[i].heard, guesses: r.Guesses}
	v.p.Owner = nil
	var ended []*variant
	for _, v := range s.hook(ruleset.Postrouting, []*variant{v}, &ended) {
		v.p.IIF, v.p.OIF, v.p.Heard, v.p.Link = v.p.OIF, "", true, linkType(s.host, v.p.Dst)
		if c := v.p.Conn; c != nil {
			c.Status |= ruleset.StatusConfirmed
		}
		for _, v := range s.hook(ruleset.Prerouting, []*variant{v}, &ended) {
			s.deliver(v, &ended)
		}
	}
	return result(ended)
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
	if why := stray(p); why != "" {
		finish(v, Drop, why, ended)
		return
	}
	for _, v := range s.hook(ruleset.Prerouting, []*variant{v}, ended) {
		s.routeIn(v, ended)
	}
}

// routeIn decides where a packet goes that has arrived (ip_route_input).
func (s *Space) routeIn(v *variant, ended *[]*variant) {
	p := v.p
	if why := s.weird(p); why != "" {
		finish(v, Drop, why, ended)
		return
	}
	q := host.Query{Dst: p.Dst, Src: p.Src, Mark: p.Mark, IIF: p.IIF}
	if p.V6() && p.Dst.IsLoopback() {
		// Only where it arrived is ::1 looked for (rt6_need_strict): a translation to it
		// is never delivered, and may leave as it came.
		q.OIF, q.Strict = p.IIF, true
	}
	r := s.host.Route(q)
	here := r.Type == host.Local || r.Type == host.Multicast || r.Type == host.Broadcast || !p.V6() && p.Dst.IsUnspecified()
	if !here && nowhere(r, p.Dst) != "" {
		finish(v, Reject, nowhere(r, p.Dst), ended)
		return
	}
	out := r.Dev
	if here {
		out = ""
	}
	if why := s.martian(p, out); why != "" {
		finish(v, Drop, why, ended)
		return
	}
	if here {
		s.deliver(v, ended)
		return
	}
	s.forward(v, r, ended)
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
	if why := onlyHere(p); why != "" {
		finish(v, Drop, why, ended)
		return
	}
	if p.TTL <= 1 {
		finish(v, Reject, "its time to live is over", ended)
		return
	}
	p.OIF = r.Dev
	p.TTL-- // before the hook (ip_forward, ip6_forward)
	for _, v := range s.hook(ruleset.Forward, []*variant{v}, ended) {
		for _, v := range s.hook(ruleset.Postrouting, []*variant{v}, ended) {
			v.left = v.p.OIF
			finish(v, Accept, "", ended)
		}
	}
}

// query for the way of what the host sends. A socket that is bound to an interface
// reaches in IPv6 not even the host's other addresses (RT6_LOOKUP_F_IFACE).
func query(p *packet.Packet, bound string) host.Query {
	return host.Query{Dst: p.Dst, Src: p.Src, Mark: p.Mark, OIF: bound, Strict: bound != "" && p.Dst.Is6()}
}

// confined says why a source of 127/8 does not leave (__mkroute_output).
func (s *Space) confined(p *packet.Packet, dev string) string {
	if p.V6() || !p.Src.IsLoopback() || dev == host.Loopback || s.host.Conf(false, dev, "route_localnet", 0) > 0 {
		return ""
	}
	return fmt.Sprintf("%s does not leave the host (see route_localnet)", p.Src)
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

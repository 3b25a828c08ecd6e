package lint

import (
	"fmt"
	"net/netip"

	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

func closedInside() *Check {
	return &Check{
		Code: "LW103", Name: "open-outside-closed-inside",
		Title: "A port is open to other machines and closed to the host itself",
		Doc: `Rules let other machines reach a port of the host, but not the host itself: what it says
to its own address comes in by lo, not by the interface that the rules name, and from
its own address, not from the network that they allow. Health checks, backups and
programs that know a service by its public name fail, while everybody else is served.

To see it: connect to the port from the host, and from another machine.

To mend it: accept iif lo before anything else, or let the rules that open the port be
about the port alone.

It is a warning where a rule about what leaves closes the port, which may be meant.

What is tried are the TCP and UDP ports that rules single out, from another machine and
from the host, at the same address.

Sources: ip_route_output_key in net/ipv4/route.c.`,
		look: func(s *subject) {
			s.each(func(f *family) {
				ports := s.ports(f)
				for _, a := range f.own {
					for _, port := range ports {
						s.inside(a, f.far, port)
					}
				}
			})
		},
	}
}

// inside compares how a port is reached from outside and from the host.
func (s *subject) inside(a, far netip.Addr, port uint16) {
	for _, proto := range []uint8{packet.TCP, packet.UDP} {
		self := path.Start{From: netip.AddrPortFrom(a, 0), To: netip.AddrPortFrom(a, port), Proto: proto}
		h := s.host
		if h == nil {
			h, _ = path.Assume(self, true)
		}
		space := path.New(s.rs, h)
		space.Fresh = true
		in := space.Send(self)
		if in.Works() == path.Accept || in.Works() == path.Undecided {
			continue
		}
		leg, dead := failing(in)
		if !decided(dead) || !s.reached(space, a, far, port, proto) {
			continue
		}
		phrase := fmt.Sprintf("%s from self %s to %s", protoName(proto), a, self.To)
		d := &diag.Diagnostic{Message: fmt.Sprintf("port %d is open to other machines, but not to the host itself: %s %s at %s: %s", port, phrase, leg, hookOf(dead), lastStep(dead))}
		d.Helpf("accept what comes in by lo and goes out by lo before anything else")
		sev := diag.Error
		if in.Verdict != path.Accept && hookOf(dead) == ruleset.Output.String() {
			// Closed by a rule about what leaves: maybe even that was meant.
			sev = diag.Warning
		}
		s.once(sev, dead, &Finding{Diagnostic: d, Packet: phrase, Journey: in})
	}
}

// reached says whether another machine is served at a port, by some interface: one of
// the host's, or one that rules name, or one of which nothing is known.
func (s *subject) reached(space *path.Space, a, far netip.Addr, port uint16, proto uint8) bool {
	links := []string{packet.AnyLink}
	if s.host != nil {
		links = nil
		for i := range s.host.Links {
			if n := s.host.Links[i].Name; n != "lo" {
				links = append(links, n)
			}
		}
	}
	for _, iif := range links {
		st := path.Start{IIF: iif, From: netip.AddrPortFrom(far, 0), To: netip.AddrPortFrom(a, port), Proto: proto}
		if space.Send(st).Works() == path.Accept {
			return true
		}
	}
	return false
}

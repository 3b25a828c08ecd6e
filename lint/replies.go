package lint

import (
	"fmt"
	"net/netip"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

func repliesDropped() *Check {
	return &Check{
		Code: "LW301", Name: "replies-dropped",
		Title: "The host gets no answers to what it asks of others",
		Doc: `The first packet of a connection leaves, but what answers it is dropped on its way in: a
chain that drops by default, or drops what is for one of the host's addresses, and does
not accept established connections first. Updates, resolvers and mail hang until they
give up.

To see it: connect to another machine, from the address in question (curl --interface).

To mend it: accept ct state established,related before anything that drops.

What is tried is a connection to an ordinary port of another machine, TCP and UDP, from
addresses of the host. What does not even leave is not this check's business.

Sources: nf_conntrack_in in net/netfilter/nf_conntrack_core.c; nft(8), ct state.`,
		look: func(s *subject) {
			s.outgoing(func(o *outgoing) {
				leg, dead := failing(o.result)
				if o.result.Verdict != path.Accept || o.result.Works() == path.Accept || o.result.Works() == path.Undecided || !decided(dead) {
					return
				}
				d := &diag.Diagnostic{Message: fmt.Sprintf("the host gets no answers: %s %s at %s: %s", o.phrase, leg, hookOf(dead), lastStep(dead))}
				d.Helpf("accept ct state established,related before this")
				s.once(diag.Error, dead, &Finding{Diagnostic: d, Packet: o.phrase, Journey: o.result})
			})
		},
	}
}

func icmpErrors() *Check {
	return &Check{
		Code: "LW302", Name: "icmp-errors-dropped",
		Title: "ICMP errors about the host's connections are dropped",
		Doc: `A router that can't send a packet on because it is too long says so with an ICMP error
(fragmentation needed; packet too big). Where a firewall drops it, the connection begins
and then hangs as soon as a full packet is sent: behind tunnels, PPPoE, VPNs. Conntrack
knows the connection that such an error is about and gives it the state related.

To see it: ssh logs in and hangs at the first long output; tracepath shows a smaller MTU.

To mend it: accept ct state related along with established, or the ICMP types
destination-unreachable, time-exceeded, parameter-problem and, of ICMPv6, packet-too-big.

It is looked for at addresses from which the host's connections to others work, or at
which others reach a TCP port that rules single out.

Sources: RFC 1191; RFC 4890, 4.3.1; nf_conntrack_icmp_error in
net/netfilter/nf_conntrack_proto_icmp.c.`,
		look: func(s *subject) {
			s.outgoing(func(o *outgoing) {
				if o.proto != packet.TCP || o.result.Works() != path.Accept && !o.served(s.ports(o.family)) {
					return
				}
				st := path.Start{IIF: packet.AnyLink, From: netip.AddrPortFrom(router(o.v6), 0), To: netip.AddrPortFrom(o.from, 0), Proto: packet.ICMP, Type: 3, Code: 4}
				what, phrase := "fragmentation needed", "icmp type 3"
				if o.v6 {
					st.Proto, st.Type, st.Code = packet.ICMPv6, 2, 0
					what, phrase = "packet too big", "icmpv6 type 2"
				}
				r := o.space.Known(st, ruleset.StateRelated, false)
				if r.Verdict == path.Accept || r.Verdict == path.Undecided || !decided(r) {
					return
				}
				d := &diag.Diagnostic{Message: fmt.Sprintf("%q about connections of %s dies at %s: %s", what, o.from, hookOf(r), lastStep(r))}
				d.Helpf("accept ct state related before this, or the ICMP errors by their types")
				s.once(diag.Error, r, &Finding{Diagnostic: d, Packet: fmt.Sprintf("%s from %s to %s", phrase, st.From.Addr(), o.from), Journey: r})
			})
		},
	}
}

func neighbourDiscovery() *Check {
	return &Check{
		Code: "LW303", Name: "neighbour-discovery-dropped",
		Title: "IPv6 neighbour discovery is dropped",
		Doc: `IPv6 finds its neighbours by ICMPv6: neighbour solicitations and advertisements are what
ARP is to IPv4, and as part of ICMPv6 they pass the firewall. Conntrack leaves them
alone, so that ct state established never lets them in. Where they are dropped, IPv6
works for some seconds after the link has come up, or not at all.

To see it: ip -6 neigh shows FAILED; the router does not find the host.

To mend it: accept the ICMPv6 types 133 to 136 in input, and in output if that drops by
default.

It is looked for where the host's IPv6 connections to others would work otherwise: a
host whose IPv6 is closed altogether needs no neighbours.

Sources: RFC 4861; RFC 4890, 4.4.1; nf_conntrack_icmpv6_error in
net/netfilter/nf_conntrack_proto_icmpv6.c.`,
		look: func(s *subject) {
			s.outgoing(func(o *outgoing) {
				if !o.v6 || o.result.Works() != path.Accept || o.proto != packet.TCP {
					return
				}
				neighbour := netip.MustParseAddr("fe80::1")
				for _, typ := range []uint8{136, 135} {
					in := path.Start{IIF: packet.AnyLink, From: netip.AddrPortFrom(neighbour, 0), To: netip.AddrPortFrom(o.from, 0), Proto: packet.ICMPv6, Type: typ, TTL: 255}
					r := o.space.Send(in)
					if r.Verdict == path.Accept || r.Verdict == path.Undecided || !decided(r) {
						continue
					}
					name := map[uint8]string{135: "neighbour solicitations", 136: "neighbour advertisements"}[typ]
					d := &diag.Diagnostic{Message: fmt.Sprintf("%s die at %s: %s", name, hookOf(r), lastStep(r))}
					d.Helpf("accept the ICMPv6 types 133 to 136 before this")
					s.once(diag.Error, r, &Finding{Diagnostic: d, Packet: fmt.Sprintf("icmpv6 type %d from %s to %s", typ, neighbour, o.from), Journey: r})
				}
			})
		},
	}
}

// served says whether others can connect to the address by a port that rules name.
func (o *outgoing) served(ports []uint16) bool {
	for _, port := range ports {
		st := path.Start{IIF: packet.AnyLink, From: netip.AddrPortFrom(o.far, 0), To: netip.AddrPortFrom(o.from, port), Proto: packet.TCP}
		if o.space.Send(st).Works() == path.Accept {
			return true
		}
	}
	return false
}

func router(v6 bool) netip.Addr {
	if v6 {
		return netip.MustParseAddr("2001:db8:fffe::1")
	}
	return netip.MustParseAddr("192.0.2.1")
}

// outgoing is a connection of the host to another machine.
type outgoing struct {
	*family
	proto  uint8
	from   netip.Addr
	phrase string
	space  *path.Space
	result *path.Result
}

// outgoing tries connections to another machine from the host's addresses, TCP and
// UDP.
func (s *subject) outgoing(yield func(*outgoing)) {
	s.each(func(f *family) {
		for _, from := range f.own {
			for _, proto := range []uint8{packet.TCP, packet.UDP} {
				st := path.Start{From: netip.AddrPortFrom(from, 0), To: netip.AddrPortFrom(f.far, f.port), Proto: proto}
				h := s.host
				if h == nil {
					h, _ = path.Assume(st, true)
				} else if r := h.Route(host.Query{Dst: f.far, Src: from}); !r.Found || r.Type != host.Unicast {
					continue
				}
				space := path.New(s.rs, h)
				space.Fresh = true
				yield(&outgoing{f, proto, from, fmt.Sprintf("%s from self %s to %s", protoName(proto), from, st.To), space, space.Send(st)})
			}
		}
	})
}

// once finds what a rule does but once for each place.
func (s *subject) once(sev diag.Severity, dead *path.Result, f *Finding) {
	at := place(dead)
	for _, old := range s.report.Findings {
		if old.Check == s.check && old.Span == at {
			return
		}
	}
	s.find(sev, at, f)
}

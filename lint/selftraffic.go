package lint

func selfTraffic() *Check {
	return &Check{
		Code: "LW101", Name: "self-traffic-blocked",
		Title: "The host can't reach its own addresses",
		Doc: `Linux delivers all that a host sends to one of its own addresses over lo, whatever the
address and whichever interface has it: it passes output and postrouting with oif lo,
then prerouting and input with iif lo, and its source is the same address unless the
program binds another. A rule that accepts loopback traffic by the addresses 127.0.0.0/8
alone, or not at all, cuts the host off from its own services: its resolver on an
address of the LAN, its database by its public name, health checks, proxies.

To see it: connect to a port of an address of the host from the host itself, while the
same works from another machine; tcpdump -i lo shows the SYN.

To mend it: accept iif lo and oif lo, with no address, before anything else. To keep
strangers from sending packets with the host's addresses is the reverse path filter's
business, and nothing that arrives on a wire ever has iif lo.

What is tried is a new connection, TCP and UDP, to a port that no rule singles out, and
its reply.

Sources: ip_route_output_key in net/ipv4/route.c; nftables wiki, Netfilter hooks.`,
		look: func(s *subject) {
			s.each(func(f *family) { s.local(f, "the host can't reach its own address", f.own) })
		},
	}
}

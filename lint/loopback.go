package lint

func loopback() *Check {
	return &Check{
		Code: "LW102", Name: "loopback-blocked",
		Title: "The host can't reach its loopback addresses",
		Doc: `Programs of one host talk over 127.0.0.1 and ::1, and over any other address of
127.0.0.0/8: databases, resolvers (127.0.0.53), mail, desktop sessions. All of that
passes output, postrouting, prerouting and input on lo. A chain that drops by default
and does not accept lo first stops it; so does a rule against 127.0.0.0/8 that does not
say which interface it means.

To see it: ping 127.0.0.1, or connect to a port there.

To mend it: accept iif lo in input, and oif lo in output, before anything else. A rule
against forged loopback addresses has to say that it is not about lo; the kernel drops
them anyway, unless route_localnet is set.

Sources: RFC 1122, 3.2.1.3; ip_route_input_slow in net/ipv4/route.c.`,
		look: func(s *subject) {
			s.each(func(f *family) {
				at := addrs("127.0.0.1", "127.0.0.5")
				if f.v6 {
					at = addrs("::1")
				}
				s.local(f, "the host can't reach its loopback address", at)
			})
		},
	}
}

package speed

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"strconv"
)

// Shape of a generated policy.
type Shape uint8

const (
	// Plain: each service allows tcp 443, udp 53 and ping of both families on
	// one interface: six tuples.
	Plain Shape = iota
	// Mixed: as Plain, but of twenty services one has sources, one a limit, one
	// an exception, one a refusal of its own, one a range of ports and one logs.
	Mixed
)

// Interface is the one from which the services are reached.
const Interface = "lan0"

// WritePolicy generates a policy of n services, the same bytes every time.
// Service i lives on Addr4(i) and Addr6(i). An error is the writer's.
func WritePolicy(w io.Writer, n int, shape Shape) error {
	var b []byte
	b = append(b, "# Generated: "+strconv.Itoa(n)+" services.\n"...)
	b = append(b, "zone lan = "+Interface+"\nnet staff = 192.0.2.0/25, 2001:db8:5::/48\nport web = 80, 443, 8000-8010\n"...)
	for i := range n {
		b = fmt.Appendf(b, "\nservice s%06d {\n    address %s, %s\n", i, Addr4(i), Addr6(i))
		kind := -1
		if shape == Mixed {
			kind = i % 20
		}
		tcp, more := "    allow tcp 443 on lan\n", ""
		switch kind {
		case 3:
			tcp = "    allow tcp 443 from staff on lan\n"
		case 6:
			tcp = "    allow tcp 443 on lan limit 100/second burst 200 per source\n"
		case 9:
			more = "    deny tcp 443 from 192.0.2.66\n"
		case 12:
			more = "    refuse reject\n"
		case 15:
			tcp = "    allow tcp web on lan\n"
		case 18:
			more = "    log refused limit 10/minute\n"
		}
		b = append(b, tcp+"    allow udp 53 on lan\n    allow ping on lan\n"+more+"}\n"...)
		if _, err := w.Write(b); err != nil {
			return err
		}
		b = b[:0]
	}
	return nil
}

// Policy is the same as a text.
func Policy(n int, shape Shape) []byte {
	var b bytes.Buffer
	b.Grow(140 * n)
	_ = WritePolicy(&b, n, shape) // into memory: can't fail
	return b.Bytes()
}

// Addr4 of service i: from 10.0.0.1 on.
func Addr4(i int) netip.Addr {
	i++
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

// Addr6 of service i: from fd53::1 on.
func Addr6(i int) netip.Addr {
	i++
	return netip.AddrFrom16([16]byte{0: 0xfd, 1: 0x53, 13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i)})
}

// Linear is the ruleset that an administrator would write by hand for
// Policy(n, Plain): rule after rule, with the same meaning for what arrives
// from outside.
func Linear(n int) []byte {
	b := make([]byte, 0, 600*n+400)
	b = append(b, "table inet linear {\n\tchain prerouting {\n"...)
	b = append(b, "\t\ttype filter hook prerouting priority -150; policy accept;\n"...)
	b = append(b, "\t\tiifname \"lo\" accept\n\t\tct state established,related accept\n"...)
	for i := range n {
		for _, a := range []netip.Addr{Addr4(i), Addr6(i)} {
			to, ping := "ip", "icmp type echo-request"
			if a.Is6() {
				to, ping = "ip6", "icmpv6 type echo-request"
			}
			for _, match := range []string{"tcp dport 443", "udp dport 53", ping} {
				b = fmt.Appendf(b, "\t\tiifname %q %s daddr %s %s counter accept comment \"s%06d\"\n", Interface, to, a, match, i)
			}
			b = fmt.Appendf(b, "\t\t%s daddr %s counter drop comment \"s%06d\"\n", to, a, i)
		}
	}
	return append(b, "\t}\n}\n"...)
}

// Baseline is the ruleset that every ruleset of this kind is measured over: it
// does nothing but track connections.
func Baseline() []byte {
	return []byte("table inet baseline {\n\tchain prerouting {\n\t\ttype filter hook prerouting priority -150; policy accept;\n\t\tct state established,related accept\n\t}\n}\n")
}

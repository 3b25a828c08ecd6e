package speed

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
)

// WriteRules generates an nft ruleset of about n rules, the same bytes every time:
// three base chains of all families and the chains of services that they jump to.
// Together the rules look at every field that rules look at: interfaces, addresses of
// both families (single, networks, ranges, sets), protocols, ports of both ends, lists
// and ranges of them, ICMP types, TCP flags, users, states, marks, packet types, fib,
// rates. Of changed and a rule's number that says whether it is to be another one than
// in the ruleset without changes. An error is the writer's.
func WriteRules(w io.Writer, n int, changed func(i int) bool) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, "table inet filter {\n")
	fmt.Fprint(b, "\tset bad4 {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\telements = { ")
	for i := range badNets {
		fmt.Fprintf(b, "%s/28, ", netip.AddrFrom4([4]byte{185, byte(i >> 8), byte(i), byte(i%16) << 4}))
	}
	fmt.Fprint(b, "192.0.2.66 }\n\t}\n")
	// Services: a chain each of up to 50 rules, asked by destination.
	chains := (n + 49) / 50
	for c := range chains {
		fmt.Fprintf(b, "\tchain service%d {\n", c)
		for i := c * 50; i < min(n, c*50+50); i++ {
			fmt.Fprintf(b, "\t\t%s\n", rule(i, changed != nil && changed(i)))
		}
		fmt.Fprint(b, "\t}\n")
	}
	head := func(hook, policy string) {
		fmt.Fprintf(b, "\tchain %s {\n\t\ttype filter hook %s priority 0; policy %s;\n", hook, hook, policy)
	}
	head("input", "drop")
	fmt.Fprint(b, "\t\tiifname \"lo\" accept\n\t\tct state established,related accept\n\t\tct state invalid drop\n\t\tip saddr @bad4 drop\n")
	fmt.Fprint(b, "\t\ticmpv6 type { 133, 134, 135, 136 } accept\n\t\tmeta pkttype multicast udp dport 5353 accept\n\t\tfib daddr type broadcast drop\n")
	fmt.Fprint(b, "\t\ttcp flags & (fin|syn|rst|ack) != syn ct state new drop\n\t\ticmp type 8 limit rate 10/second accept\n")
	jumps(b, chains, 0)
	head2 := "\t}\n"
	fmt.Fprint(b, head2)
	head("forward", "drop")
	fmt.Fprint(b, "\t\tct state established,related accept\n\t\tip saddr @bad4 drop\n\t\tmeta mark 7 accept\n")
	jumps(b, chains, 1)
	fmt.Fprint(b, head2)
	head("output", "accept")
	fmt.Fprint(b, "\t\toifname \"lo\" accept\n\t\tct state established,related accept\n\t\tmeta skuid 1001 tcp dport 25 reject\n")
	jumps(b, chains, 2)
	fmt.Fprint(b, "\t}\n}\n")
	return b.Flush()
}

// badNets is how many sources are refused before all else.
const badNets = 200

// jumps to the chains that a hook asks: every third is its own.
func jumps(w io.Writer, chains, hook int) {
	for c := range chains {
		if c%3 == hook {
			fmt.Fprintf(w, "\t\tip daddr %s/24 jump service%d\n", net4(c), c)
			fmt.Fprintf(w, "\t\tip6 daddr %s/64 jump service%d\n", net6(c), c)
		}
	}
}

// net4 and net6 are where the services of a chain are.
func net4(c int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(c >> 8), byte(c), 0})
}

func net6(c int) netip.Addr {
	return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 1, byte(c >> 8), byte(c)})
}

func last(a netip.Addr, n int) netip.Addr {
	b := a.AsSlice()
	b[len(b)-1] = byte(n)
	a, _ = netip.AddrFromSlice(b)
	return a
}

// rule of a service; another one where it is changed.
func rule(i int, changed bool) string {
	c, k := i/50, i%50
	a4, a6 := last(net4(c), 1+k), last(net6(c), 1+k)
	port := 1024 + i*7%30000
	if changed {
		port += 30001
	}
	x := i * 13 % 251
	switch i % 16 {
	case 0:
		return fmt.Sprintf("ip daddr %s tcp dport %d accept", a4, port)
	case 1:
		return fmt.Sprintf("ip6 daddr %s tcp dport %d accept", a6, port)
	case 2:
		return fmt.Sprintf("ip saddr 172.16.%d.0/24 ip daddr %s tcp dport { 80, 443, %d } accept", x, a4, port)
	case 3:
		return fmt.Sprintf("ip6 saddr 2001:db8:%x::/48 ip6 daddr %s tcp dport { 80, 443, %d } accept", x, a6, port)
	case 4:
		return fmt.Sprintf("iifname \"eth%d\" ip daddr %s udp dport %d accept", i%4, a4, port)
	case 5:
		return fmt.Sprintf("iifname \"eth%d\" ip6 daddr %s udp dport %d-%d accept", i%4, a6, port, port+20)
	case 6:
		return fmt.Sprintf("ip saddr 172.17.%d.%d ip daddr %s tcp dport %d reject", x, i%256, a4, port)
	case 7:
		return fmt.Sprintf("ip6 saddr 2001:db8:%x::%x ip6 daddr %s tcp dport %d drop", x, i%0xffff, a6, port)
	case 8:
		return fmt.Sprintf("ip daddr %s udp sport 1024-65535 udp dport %d accept", a4, port)
	case 9:
		return fmt.Sprintf("ip6 daddr %s udp sport 1024-65535 udp dport %d accept", a6, port)
	case 10:
		return fmt.Sprintf("ip saddr 172.18.%d.1-172.18.%d.200 ip daddr %s-%s tcp dport %d accept", x, x, a4, last(net4(c), 1+k+5), port)
	case 11:
		return fmt.Sprintf("ip6 daddr %s icmpv6 type { %d, 128 } accept", a6, 1+(i+port)%4)
	case 12:
		return fmt.Sprintf("ip daddr %s icmp type { %d, 8 } accept", a4, 3+(i+port)%8)
	case 13:
		return fmt.Sprintf("ip daddr %s meta l4proto { %d, 50 } accept", a4, 89+(i+port)%40)
	case 14:
		return fmt.Sprintf("ip6 daddr %s tcp flags & (syn|ack) == syn tcp dport %d accept", a6, port)
	}
	return fmt.Sprintf("ip saddr 172.19.%d.0/24 tcp dport %d meta l4proto tcp accept", x, port)
}

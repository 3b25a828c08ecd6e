package random

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Policy writes a policy for the host "router" of the lab's topology of that
// name. Names, addresses and ports come from small pools, so that statements
// meet: services share addresses, denies cut into allows, claims overlap.
func Policy(r *rand.Rand) string {
	g := &gen{r: r}
	g.p(`zone lan = eth0, eth1
zone wan = wan*
zone mixed = eth1, wan1
zone many = eth1, wan1, %s
net a = 10.10.0.0/24
net b = 10.10.1.64/28, fd00:1::66
net c = 203.0.113.0/24, 198.51.100.7, 2001:db8:1::/64
net d = 10.10.0.7-10.10.0.9, fd00:1::/64, 198.51.100.0/24
host router {
    interface eth0 = 10.10.0.1/24
    interface eth1 = 10.10.1.1/24, fd00:1::1/64
    interface wan1 = dhcp
    forwards
`, strings.Join(absent(), ", "))
	if g.chance(3) {
		g.p("    masquerade on wan from 10.10.0.0/16\n")
	}
	g.p("}\n")
	refuse := pick(g, "", "", "refuse reject", "refuse drop", "log refused") // one for all: they share addresses
	for i := range 1 + r.IntN(4) {
		g.service(fmt.Sprintf("s%d", i), refuse)
	}
	for _, kind := range []string{"inbound", "outbound", "forward", "local"} {
		if g.chance(2) {
			g.block(kind)
		}
	}
	if g.chance(6) {
		g.p("option counters off\n")
	}
	if g.chance(6) {
		g.p("option invalid accept\n")
	}
	return g.b.String()
}

// absent interfaces fill a zone, until a statement on it is too much for the
// elements of a set.
func absent() []string {
	var names []string
	for i := range 70 {
		names = append(names, fmt.Sprintf("none%d", i))
	}
	return names
}

type gen struct {
	r *rand.Rand
	b strings.Builder
}

func (g *gen) p(format string, args ...any) { fmt.Fprintf(&g.b, format, args...) }

// chance is true once in n times.
func (g *gen) chance(n int) bool { return g.r.IntN(n) == 0 }

func pick(g *gen, from ...string) string { return from[g.r.IntN(len(from))] }

// some joins one to n different picks.
func some(g *gen, n int, from ...string) string {
	g.r.Shuffle(len(from), func(i, j int) { from[i], from[j] = from[j], from[i] })
	return strings.Join(from[:1+g.r.IntN(min(n, len(from)))], ", ")
}

func (g *gen) traffic() string {
	return some(g, 3, "tcp 22", "tcp 80, 443", "udp 53", "dns", "ping", "tcp 8000-8010", "http", "udp 5000-6000", "tcp 22-80",
		pick(g, "tcp", "udp", "any", "icmp 8", "sctp 22"))
}

func (g *gen) service(name, refuse string) {
	g.p("service %s {\n    home router\n", name)
	switch g.r.IntN(6) {
	case 0, 1, 2:
		g.p("    address %s\n", some(g, 3, "10.53.53.53", "fd53::53", "10.53.53.54"))
	case 3:
		g.p("    address host\n")
	case 4:
		g.p("    address interface eth1\n")
	case 5:
		g.p("    address %s\n", pick(g, "10.53.53.53, 127.0.0.1", "10.10.0.1", "127.0.0.1, ::1", "interface wan1"))
	}
	clauses := func() string {
		var c string
		if g.chance(3) {
			c += " from " + some(g, 2, "a", "b", "c", "d", "10.10.0.7", "fd00:1::7")
		}
		if g.chance(2) {
			c += " on " + some(g, 2, "lan", "wan", "mixed", "eth0", "many")
		}
		if g.chance(8) {
			c += " log"
		}
		if g.chance(8) {
			// Never reached, so that Decide's answer is the only one.
			c += " limit 10000/second burst 10000" + pick(g, "", " per source")
		}
		return c
	}
	for range 1 + g.r.IntN(3) {
		g.p("    allow %s%s\n", g.traffic(), clauses())
	}
	if g.chance(2) {
		c := clauses()
		if i := strings.Index(c, " limit"); i >= 0 {
			c = c[:i]
		}
		g.p("    deny %s%s\n", g.traffic(), c)
	}
	dhcp := strings.Contains(g.b.String()[strings.LastIndex(g.b.String(), "service "):], "interface wan1")
	if !dhcp && g.chance(2) {
		for range 1 + g.r.IntN(2) {
			g.p("    %s %s%s\n", pick(g, "allow-local", "allow-local", "deny-local"), g.traffic(), g.owner())
		}
	}
	if refuse != "" && g.chance(2) {
		g.p("    %s\n", refuse)
	}
	g.p("}\n")
}

func (g *gen) owner() string {
	return pick(g, "", " user daemon", " user nobody, mail", " group daemon", " user daemon group daemon, mail")
}

func (g *gen) block(kind string) {
	def := pick(g, "accept", "drop", "reject")
	if kind == "local" {
		def = pick(g, "accept", "reject")
	}
	g.p("%s {\n    default %s\n", kind, def)
	for range g.r.IntN(4) {
		g.p("    %s %s", pick(g, "allow", "allow", "deny"), g.traffic())
		if kind == "inbound" || kind == "forward" {
			if g.chance(3) {
				g.p(" from %s", some(g, 2, "a", "b", "c", "d"))
			}
		}
		if kind != "local" && g.chance(3) {
			g.p(" on %s", some(g, 2, "lan", "wan", "mixed"))
		}
		if g.chance(3) {
			g.p(" to %s", some(g, 2, "10.10.0.0/24", "203.0.113.9", "2001:db8:1::9", "10.10.1.7, fd00:1::/64", "s0"))
		}
		if kind == "forward" && g.chance(4) {
			g.p(" out %s", some(g, 2, "lan", "wan"))
		}
		if kind == "outbound" || kind == "local" {
			g.p("%s", g.owner())
		}
		g.p("\n")
	}
	if kind != "local" && g.chance(3) {
		g.p("    refuse %s\n", pick(g, "drop", "reject"))
	}
	if g.chance(4) {
		g.p("    log refused\n")
	}
	g.p("}\n")
}

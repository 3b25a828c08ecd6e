package referee

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/dsl/diag"
)

// Grammar makes rulesets of nft at random for a world, in about the mixture that
// rulesets of real hosts have.
type Grammar struct {
	d dice
	w *World
	// v6: the rule at hand is about IPv6.
	v6 int
	// family of the table at hand.
	family string
}

// NewGrammar for a world.
func NewGrammar(r *rand.Rand, w *World) *Grammar { return &Grammar{d: dice{r}, w: w} }

// Nft is a ruleset of one to three tables.
func (g *Grammar) Nft() string {
	var b strings.Builder
	for i := range 1 + g.d.IntN(3) {
		g.family = g.d.one("inet", "inet", "ip", "ip6")
		g.table(&b, fmt.Sprintf("t%d", i))
	}
	return b.String()
}

func (g *Grammar) ip() string { return [...]string{"ip", "ip6"}[g.v6] }

func (g *Grammar) not() string { return g.d.one("", "", "", "!= ") }

func (g *Grammar) addr() string { return g.w.any(g.d, g.v6) }

func (g *Grammar) net() string { return g.d.one(g.w.nets[g.v6]...) }

func (g *Grammar) port() string { return fmt.Sprint(ports[g.d.IntN(len(ports))]) }

// number of ports: one, a range, a set.
func (g *Grammar) ports() string {
	switch g.d.IntN(5) {
	case 0:
		return g.d.one("0-1023", "1024-65535", "53-80", "443-1000", "2000-3000")
	case 1:
		return g.set(g.port, g.port, func() string { return g.d.one("8080", "81-442", "1001-1999") })
	}
	return g.port()
}

// set of what some functions make, each once or not.
func (g *Grammar) set(of ...func() string) string {
	var out []string
	for _, f := range of {
		if s := f(); !slices.Contains(out, s) && (len(out) == 0 || g.d.in(2)) {
			out = append(out, s)
		}
	}
	return "{ " + strings.Join(out, ", ") + " }"
}

func (g *Grammar) link() string {
	links := []string{`"lo"`, `"lo"`, `"l*"`, `"wan*"`, `"ppp0"`, `"wan0"`, `"lan0"`}
	return g.d.one(links...)
}

// state of a connection.
func (g *Grammar) state() string {
	return g.d.one("new", "established", "invalid", "untracked", "related", "established,related", "{ established, related }", "{ new, untracked }", "! new", "vmap-free")
}

// match is one condition.
func (g *Grammar) match(hook string) string {
	d := g.d
	switch d.IntN(34) {
	case 0, 1, 2:
		return g.ip() + " saddr " + g.not() + d.one(g.addr(), g.net(), g.set(g.addr, g.addr, g.addr))
	case 3, 4, 5:
		return g.ip() + " daddr " + g.not() + d.one(g.addr(), g.net(), g.set(g.addr, g.addr, g.addr))
	case 6, 7, 8, 9:
		return d.one("tcp", "udp", "th", "tcp") + " dport " + g.not() + g.ports()
	case 10:
		return d.one("tcp", "udp", "th") + " sport " + g.not() + g.ports()
	case 11:
		return "meta l4proto " + g.not() + d.one("udp", "tcp", "icmp", "ipv6-icmp", "gre", "{ tcp, udp }", "{ icmp, ipv6-icmp }", "{ udp, esp }")
	case 12, 13, 14:
		return "ct state " + strings.Replace(g.state(), "vmap-free", "{ invalid, untracked }", 1)
	case 15:
		return "meta mark " + d.one("", "!= ", "& 2 == ", "& 3 != ") + d.one("0", "1", "2", "3", "0-1")
	case 16:
		return "ct mark " + d.one("0", "5", "!= 5", "& 4 == 4")
	case 17:
		return g.ip() + " saddr @" + []string{"a4", "a6"}[g.v6]
	case 18:
		return g.ip() + " daddr != @" + []string{"i4", "i6"}[g.v6]
	case 19:
		return g.ip() + " " + d.one("saddr", "daddr") + " . th dport " + g.not() + "{ " + g.addr() + " . 22, " + g.addr() + " . 53, " + g.addr() + " . 80-443 }"
	case 20:
		return "fib " + d.one("daddr", "saddr") + " type " + g.not() + d.one("local", "unicast", "broadcast", "multicast", "{ local, broadcast }")
	case 21:
		if hook == "prerouting" || hook == "input" || hook == "forward" {
			return d.one("fib daddr . iif type local", "fib daddr . iif type != local", "fib saddr . iif oif missing", "fib saddr oif missing", "fib saddr . iif oif exists", "fib saddr . mark . iif oif missing")
		}
		return "fib daddr type " + d.one("local", "!= local")
	case 22:
		return "ct original " + g.ip() + " " + d.one("daddr ", "saddr ") + g.addr()
	case 23:
		return "ct status " + d.one("dnat", "snat", "! dnat", "! snat", "seen-reply", "confirmed", "assured")
	case 24:
		if g.v6 == 1 {
			return "icmpv6 type " + g.not() + d.one("echo-request", "nd-neighbor-solicit", "{ echo-request, nd-neighbor-advert }", "{ destination-unreachable, time-exceeded }", "mld2-listener-report")
		}
		return "icmp type " + g.not() + d.one("echo-request", "echo-reply", "{ echo-request, destination-unreachable }", "timestamp-request", "8-11")
	case 25:
		return "tcp flags " + d.one("syn", "& (fin|syn|rst|ack) == syn", "& (syn|ack) == (syn|ack)", "! ack", "& (fin|syn) == (fin|syn)", "== 0x0", "& (fin|syn|rst|psh|ack|urg) == (fin|psh|urg)", "!= syn", "{ syn, ack }")
	case 26:
		return d.one("ip ttl", "ip6 hoplimit") + d.one(" 64", " < 64", " != 255", " > 1")
	case 27:
		return "meta length " + d.one("", "!= ", "< ", "> ") + d.one("40", "36", "66", "60")
	case 28:
		return d.one("meta nfproto ipv4", "meta nfproto ipv6", "ip protocol { tcp, udp }", "ip6 nexthdr tcp", "ip protocol != icmp", "ip6 nexthdr != ipv6-icmp", "ip version 4", "ip frag-off & 0x1fff == 0", "meta protocol ip", "ip dscp cs0", "ip6 dscp != 0")
	case 29:
		return "meta pkttype " + d.one("host", "multicast", "broadcast", "!= host", "{ broadcast, multicast }")
	case 30:
		return d.one("ct direction original", "ct direction reply", "ct original proto-dst "+g.port(), "ct protocol 6", "ct reply "+g.ip()+" saddr "+g.addr(), "ct original proto-src "+g.port())
	case 31:
		return d.one("iifname", "oifname") + d.one(" ", " != ") + g.set(g.link, g.link)
	}
	switch hook {
	case "output":
		return d.one("oifname "+g.link(), "oifname != "+g.link(), "oif lo", "oif != lo", "meta skuid 0", "meta skuid != 0", "meta skgid { 0, 33 }", "meta skuid 1000", "iifname \"lo\"")
	case "postrouting", "forward":
		return d.one("oifname "+g.link(), "oifname != "+g.link(), "iifname "+g.link(), "iifname != "+g.link(), "iif lo", "meta skuid 1000")
	}
	return d.one("iifname "+g.link(), "iifname != "+g.link(), "iif lo", "iif != lo", `oifname "lo"`, `oifname != "lo"`)
}

// end of a rule: what it does.
func (g *Grammar) end(hook string, chains []string) string {
	d := g.d
	if len(chains) > 0 && d.in(3) {
		return d.one("jump ", "jump ", "goto ") + d.one(chains...)
	}
	if d.in(6) {
		return d.one("meta mark set 1", "meta mark set meta mark or 2", "ct mark set 5", "ct mark set meta mark", "meta mark set ct mark", "meta mark set meta mark & 1", "counter", "log prefix \"x\"",
			"continue", "limit rate 5/second accept", "meta mark set 3 accept", "ct mark set ct mark or 4", "meta mark set th dport map { 22 : 1, 53 : 2 }", "meta nftrace set 1")
	}
	if (hook == "input" || hook == "output" || hook == "forward") && d.in(5) {
		return d.one("reject", "reject with icmpx admin-prohibited", "reject with icmpx host-unreachable", "reject with tcp reset", "counter reject")
	}
	return d.one("accept", "accept", "counter accept", "drop", "drop", "counter drop", "return")
}

// whole rules with maps of verdicts.
func (g *Grammar) vmap(chains []string) string {
	d := g.d
	if len(chains) > 0 && d.in(3) {
		c := d.one(chains...)
		return d.one("th dport vmap { 22 : jump "+c+", 53 : drop, 80-443 : accept }", "iifname vmap { \"lo\" : accept, \"wan0\" : jump "+c+", \"lan0\" : goto "+c+" }",
			"meta l4proto vmap { tcp : jump "+c+", udp : goto "+c+" }", "ct state vmap { new : jump "+c+", established : accept, invalid : drop }")
	}
	return d.one("ct state vmap { established : accept, related : accept, invalid : drop }", "th dport vmap @v", "ip saddr vmap { 192.168.7.20 : drop, 198.51.100.0/24 : accept }",
		"meta l4proto vmap { tcp : accept, icmp : return, ipv6-icmp : accept }", `iifname . th dport vmap { "wan0" . 22 : drop, "lo" . 53 : accept }`, "ip6 daddr vmap { 2001:db8:1::1 : accept, 2001:db8:9::/64 : drop }",
		"tcp dport vmap { 22 : accept, 0-1023 : continue, 3000 : drop }", "th sport . th dport vmap { 22 . 22 : drop, 1024-65535 . 53 : accept }")
}

// rule for a hook; "" of user chains.
func (g *Grammar) rule(hook string, chains []string) string {
	for {
		g.v6 = 0
		if g.family == "ip6" || g.family == "inet" && g.d.in(3) {
			g.v6 = 1
		}
		var r string
		if g.d.in(9) {
			r = g.vmap(chains)
		} else {
			var parts []string
			for range g.d.IntN(4) {
				parts = append(parts, g.match(hook))
			}
			r = strings.Join(append(parts, g.end(hook, chains)), " ")
		}
		if g.fits(r, chains) && !merged(r) {
			return r
		}
	}
}

// merged: of two neighbours in a header that are both compared with != nft 1.0.6 makes
// one comparison, which says that not both are equal. The kernel then does another thing
// than the text says, and the text is what the model has.
func merged(rule string) bool {
	n := 0
	for _, field := range []string{"port", "ttl", "hoplimit", "protocol", "nexthdr", "type", "dscp"} {
		n += strings.Count(rule, field+" !=")
	}
	return n > 1
}

// fits says whether the parts of a rule do not exclude each other, nor its table's
// family, which nft refuses.
func (g *Grammar) fits(rule string, chains []string) bool {
	var b strings.Builder
	for _, c := range chains {
		fmt.Fprintf(&b, " chain %s { }; ", c)
	}
	var l diag.List
	nft.Read(diag.NewFile("rule", []byte("table "+g.family+" t { "+g.sets()+b.String()+"chain c { "+rule+"; }; }")), nft.Options{}, &l)
	return l.Errors() == 0
}

func (g *Grammar) sets() string {
	return `
	set a4 { type ipv4_addr; elements = { 203.0.113.1, 198.51.100.7, 192.168.7.20 }; }
	set a6 { type ipv6_addr; elements = { ::1, 2001:db8:9::7, 2001:db8:1::20 }; }
	set i4 { type ipv4_addr; flags interval; elements = { 127.0.0.0/8, 192.168.7.0/28, 203.0.113.20-203.0.113.30 }; }
	set i6 { type ipv6_addr; flags interval; elements = { ::1, 2001:db8:1::/64, 2001:db8:2::10-2001:db8:2::20 }; }
	map v { type inet_service : verdict; elements = { 22 : accept, 1000 : drop, 53 : continue }; }
`
}

func (g *Grammar) table(b *strings.Builder, name string) {
	d := g.d
	fmt.Fprintf(b, "table %s %s {%s", g.family, name, g.sets())
	var chains []string // each calls those that are made before it
	for i := range d.IntN(4) {
		chain := fmt.Sprintf("u%d", i)
		fmt.Fprintf(b, "\tchain %s {\n", chain)
		for range 1 + d.IntN(4) {
			fmt.Fprintf(b, "\t\t%s\n", g.rule("", chains))
		}
		b.WriteString("\t}\n")
		chains = append(chains, chain)
	}
	for _, hook := range []string{"prerouting", "input", "forward", "output", "postrouting"} {
		if d.in(2) && hook != "input" {
			continue
		}
		kind := "filter"
		if hook == "output" && d.in(3) {
			kind = "route"
		}
		fmt.Fprintf(b, "\tchain %s {\n\t\ttype %s hook %s priority %s; policy %s;\n", hook, kind, hook, d.one("0", "0", "-5", "-150", "-300", "20", "-100", "100"), d.one("accept", "accept", "accept", "drop"))
		if d.in(3) {
			b.WriteString("\t\tct state established,related accept\n")
		}
		for range 1 + d.IntN(6) {
			r := g.rule(hook, chains)
			if (hook == "prerouting" || hook == "output") && d.in(12) {
				if n := g.match(hook) + " notrack"; g.fits(n, nil) {
					r = n
				}
			}
			fmt.Fprintf(b, "\t\t%s\n", r)
		}
		b.WriteString("\t}\n")
	}
	if d.in(2) {
		g.translations(b, chains)
	}
	b.WriteString("}\n")
}

// translations are the chains of type nat.
func (g *Grammar) translations(b *strings.Builder, chains []string) {
	d := g.d
	for _, hook := range []string{"prerouting", "output", "postrouting", "input"} {
		if d.in(2) || hook == "input" && !d.in(3) {
			continue
		}
		dst := hook == "prerouting" || hook == "output"
		priority := d.one("-100", "-100", "-99", "-110")
		if !dst {
			priority = d.one("100", "100", "99", "110")
		}
		fmt.Fprintf(b, "\tchain nat-%s {\n\t\ttype nat hook %s priority %s;\n", hook, hook, priority)
		for range 1 + d.IntN(3) {
			fmt.Fprintf(b, "\t\t%s\n", g.translation(hook, dst))
		}
		b.WriteString("\t}\n")
	}
}

func (g *Grammar) translation(hook string, dst bool) string {
	d := g.d
	for {
		g.v6 = 0
		if g.family == "ip6" || g.family == "inet" && d.in(3) {
			g.v6 = 1
		}
		of := ""
		if g.family == "inet" {
			of = g.ip() + " "
		}
		a := d.one(d.one(g.w.own[g.v6]...), d.one(append(slices.Clone(g.w.near[g.v6]), g.w.far[g.v6]...)...))
		p, bracket := g.port(), a
		if g.v6 == 1 {
			bracket = "[" + a + "]"
		}
		ported := d.one("meta l4proto tcp", "meta l4proto udp", "tcp dport "+g.ports(), "udp dport "+g.ports(), "tcp dport "+g.ports())
		r := ""
		switch {
		case dst:
			switch d.IntN(6) {
			case 0, 1:
				r = g.match(hook) + " dnat " + of + "to " + a
			case 2:
				r = ported + " " + g.match(hook) + " dnat " + of + "to " + bracket + ":" + p
			case 3:
				r = ported + " redirect to :" + p
			case 4:
				r = g.match(hook) + " redirect"
			default:
				if g.v6 == 0 {
					r = "dnat " + of + "to th dport map { 22 : 192.168.7.20, 53 : 198.51.100.7, 80 : 127.0.0.1 }"
				} else {
					r = "dnat " + of + "to th dport map { 22 : 2001:db8:2::20, 53 : 2001:db8:9::7 }"
				}
			}
		case hook == "postrouting" && d.in(2):
			r = d.one("oifname \"wan0\" masquerade", "oifname != \"lo\" masquerade", "masquerade", g.match(hook)+" masquerade")
		default:
			r = g.match(hook) + " snat " + of + "to " + d.one(g.w.own[g.v6]...)
			if d.in(4) {
				r = ported + " snat " + of + "to " + strings.Replace(bracket, a, d.one(g.w.own[g.v6]...), 1) + ":" + p
			}
		}
		if d.in(8) {
			r = g.match(hook) + " " + d.one("accept", "return", "counter")
		}
		if g.fits(r, nil) {
			return r
		}
	}
}

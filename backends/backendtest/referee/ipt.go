package referee

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Iptables makes rulesets of iptables-restore at random.
type Iptables struct {
	d  dice
	w  *World
	v6 int
	// table and hook of the rule at hand; hook is "" in chains of the user.
	table, hook string
	// sure names the transport that the rule at hand has asked for.
	sure string
}

// NewIptables for a world; v6 is 1 for ip6tables.
func NewIptables(r *rand.Rand, w *World, v6 int) *Iptables {
	return &Iptables{d: dice{r}, w: w, v6: v6}
}

// builtin chains of iptables' tables.
var builtin = []struct {
	table  string
	chains []string
}{
	{"raw", []string{"PREROUTING", "OUTPUT"}},
	{"mangle", []string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}},
	{"nat", []string{"PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"}},
	{"filter", []string{"INPUT", "FORWARD", "OUTPUT"}},
}

// Restore is a ruleset with all of the four tables.
func (g *Iptables) Restore() string {
	var b strings.Builder
	for _, t := range builtin {
		g.table = t.table
		var lines []string
		fmt.Fprintf(&b, "*%s\n", t.table)
		for _, c := range t.chains {
			policy := "ACCEPT"
			if t.table == "filter" && g.d.in(3) || t.table == "mangle" && g.d.in(12) {
				policy = "DROP"
			}
			fmt.Fprintf(&b, ":%s %s [0:0]\n", c, policy)
		}
		var chains []string
		n := g.d.IntN(3)
		if t.table == "filter" {
			n = g.d.IntN(5)
		}
		for i := range n {
			chain := fmt.Sprintf("u%d", i)
			fmt.Fprintf(&b, ":%s - [0:0]\n", chain)
			g.hook = ""
			for range 1 + g.d.IntN(4) {
				lines = append(lines, g.rule(chain, chains))
			}
			chains = append(chains, chain)
		}
		for _, c := range t.chains {
			g.hook = c
			n := g.d.IntN(4)
			switch {
			case t.table == "filter":
				n = g.d.IntN(8)
				if g.d.in(3) {
					lines = append(lines, "-A "+c+" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")
				}
				if c == "INPUT" && g.d.in(3) {
					lines = append(lines, "-A INPUT -i lo -j ACCEPT")
				}
			case g.d.in(2):
				n = 0
			}
			for range n {
				lines = append(lines, g.rule(c, chains))
			}
		}
		b.WriteString(strings.Join(lines, "\n"))
		if len(lines) > 0 {
			b.WriteString("\n")
		}
		b.WriteString("COMMIT\n")
	}
	return b.String()
}

// rule that the reader takes; what it finds wrong iptables does too.
func (g *Iptables) rule(chain string, chains []string) string {
	for {
		g.sure = ""
		var parts []string
		if g.d.in(2) {
			g.sure = g.d.one("tcp", "tcp", "udp", "icmp")
			if g.v6 == 1 {
				g.sure = strings.Replace(g.sure, "icmp", "ipv6-icmp", 1)
			}
			parts = append(parts, "-p "+g.sure)
		}
		for range g.d.IntN(4) {
			if m := g.match(); m != "" {
				parts = append(parts, m)
			}
		}
		r := "-A " + chain + " " + strings.Join(append(parts, g.target(chains)), " ")
		if g.fits(r, chain, chains) {
			return strings.Join(strings.Fields(r), " ")
		}
	}
}

// fits: no option twice, and understood.
func (g *Iptables) fits(rule, chain string, chains []string) bool {
	for _, o := range []string{" -s ", " -d ", " -i ", " -o ", " --dport ", " --sport ", " --tcp-flags ", " --syn", " --icmp-type ", " --icmpv6-type ", " -p ", " -m owner ", "-m mark ", "-m connmark "} {
		if strings.Count(rule, o) > 1 {
			return false
		}
	}
	if strings.Contains(rule, "--syn") && strings.Contains(rule, "--tcp-flags") {
		return false
	}
	var b strings.Builder
	fmt.Fprintf(&b, "*%s\n", g.table)
	if g.hook == "" {
		fmt.Fprintf(&b, ":%s - [0:0]\n", chain)
	}
	for _, c := range chains {
		fmt.Fprintf(&b, ":%s - [0:0]\n", c)
	}
	fmt.Fprintf(&b, "%s\nCOMMIT\n", rule)
	var l diag.List
	iptables.Read(diag.NewFile("rule", []byte(b.String())), g.family(), &l)
	return len(l.All) == 0
}

func (g *Iptables) family() ruleset.Family { return [...]ruleset.Family{ruleset.IP, ruleset.IP6}[g.v6] }

func (g *Iptables) not() string { return g.d.one("", "", "", "! ") }

func (g *Iptables) addr() string { return g.w.any(g.d, g.v6) }

func (g *Iptables) net() string {
	for {
		if n := g.d.one(g.w.nets[g.v6]...); !strings.Contains(n, "-") && !strings.HasSuffix(n, "/0") {
			return n
		}
	}
}

func (g *Iptables) ported() string {
	p := func() string { return fmt.Sprint(ports[g.d.IntN(len(ports))]) }
	switch g.d.IntN(6) {
	case 0:
		return g.not() + g.d.one("--dport", "--sport") + " " + g.d.one("0:1023", "1024:65535", "53:80", "443:1000", ":52", "2000:")
	case 1, 2:
		return "-m multiport " + g.not() + g.d.one("--dports", "--sports", "--ports") + " " + p() + "," + p() + g.d.one("", ",8080", ",81:442")
	}
	return g.not() + g.d.one("--dport", "--dport", "--dport", "--sport") + " " + p()
}

func (g *Iptables) link() string { return g.d.one("lo", "lo", "l+", "wan+", "ppp0", "wan0", "lan0") }

// match is one condition.
func (g *Iptables) match() string {
	d := g.d
	switch d.IntN(26) {
	case 0, 1, 2:
		return g.not() + "-s " + d.one(g.addr(), g.net())
	case 3, 4, 5:
		return g.not() + "-d " + d.one(g.addr(), g.net())
	case 6, 7, 8, 9:
		switch g.sure {
		case "tcp", "udp":
			return g.ported()
		case "icmp":
			return "-m icmp " + g.not() + "--icmp-type " + d.one("echo-request", "8", "0", "3", "3/1", "any", "11")
		case "ipv6-icmp":
			return "-m icmp6 " + g.not() + "--icmpv6-type " + d.one("128", "129", "135", "1", "3", "143", "echo-request")
		}
	case 10, 11, 12:
		return g.not() + d.one("-i", "-o") + " " + g.link()
	case 13, 14:
		return d.one("-m conntrack "+g.not()+"--ctstate ", "-m state "+g.not()+"--state ") + d.one("NEW", "ESTABLISHED", "RELATED,ESTABLISHED", "INVALID", "UNTRACKED", "NEW,INVALID")
	case 15:
		return "-m conntrack " + g.not() + d.one("--ctstate DNAT", "--ctstate SNAT", "--ctdir ORIGINAL", "--ctdir REPLY", "--ctstatus SEEN_REPLY", "--ctstatus CONFIRMED", "--ctorigdst "+g.addr(), "--ctorigsrc "+g.addr(), "--ctreplsrc "+g.addr(), "--ctproto tcp", "--ctorigdstport 80")
	case 16:
		return "-m mark " + g.not() + "--mark " + d.one("0", "1", "2", "0x2/0x2", "0x0/0x3", "3")
	case 17:
		return "-m connmark " + g.not() + "--mark " + d.one("0", "5", "0x4/0x4")
	case 18:
		if g.sure == "tcp" {
			return d.one(g.not()+"--syn", g.not()+"--tcp-flags FIN,SYN,RST,ACK SYN", g.not()+"--tcp-flags SYN,FIN SYN,FIN", "--tcp-flags ALL NONE", "--tcp-flags ALL FIN,PSH,URG", g.not()+"--tcp-flags ACK ACK")
		}
	case 19:
		return "-m addrtype " + g.not() + d.one("--dst-type", "--src-type") + " " + d.one("LOCAL", "UNICAST", "BROADCAST", "MULTICAST", "LOCAL,BROADCAST") + d.one("", "", " --limit-iface-in")
	case 20:
		return "-m pkttype " + g.not() + "--pkt-type " + d.one("unicast", "multicast", "broadcast")
	case 21:
		return d.one("-m length "+g.not()+"--length "+d.one("40", "36:60", "56", ":50"), [...]string{"-m ttl --ttl-" + d.one("eq 64", "lt 64", "gt 1"), "-m hl --hl-" + d.one("eq 64", "lt 64", "gt 1", "eq 255")}[g.v6])
	case 22:
		if g.hook == "OUTPUT" || g.hook == "POSTROUTING" {
			return "-m owner " + g.not() + d.one("--uid-owner 0", "--uid-owner 1000", "--gid-owner 0", "--uid-owner 1-2000", "--socket-exists")
		}
	case 23:
		if (g.table == "raw" || g.table == "mangle") && g.hook == "PREROUTING" {
			return "-m rpfilter" + d.one("", " --loose", " --invert", " --loose --invert", " --accept-local")
		}
	case 24:
		of := [...]string{"198.51.100.0-198.51.100.7", "2001:db8:9::-2001:db8:9::7"}[g.v6]
		return "-m iprange " + g.not() + d.one("--src-range", "--dst-range") + " " + of
	}
	return d.one("-m comment --comment x", "", "", "", "", "-m statistic --mode random --probability 0.5")
}

// target of a rule.
func (g *Iptables) target(chains []string) string {
	d := g.d
	if len(chains) > 0 && d.in(3) {
		return d.one("-j ", "-j ", "-g ") + d.one(chains...)
	}
	if d.in(12) {
		return d.one("", "-j LOG", "-j LOG --log-prefix x")
	}
	switch g.table {
	case "raw":
		return d.one("-j CT --notrack", "-j NOTRACK", "-j ACCEPT", "-j DROP", "-j RETURN")
	case "mangle":
		return d.one("-j MARK --set-mark 1", "-j MARK --set-xmark 0x2/0x2", "-j MARK --or-mark 2", "-j MARK --and-mark 1", "-j MARK --xor-mark 3", "-j CONNMARK --set-mark 5", "-j CONNMARK --save-mark", "-j CONNMARK --restore-mark",
			"-j CONNMARK --or-mark 4", "-j ACCEPT", "-j DROP", "-j RETURN")
	case "nat":
		return g.nat()
	}
	if d.in(6) {
		if g.v6 == 1 {
			return d.one("-j REJECT", "-j REJECT --reject-with icmp6-adm-prohibited", "-j REJECT --reject-with icmp6-port-unreachable")
		}
		return d.one("-j REJECT", "-j REJECT --reject-with icmp-host-prohibited", "-j REJECT --reject-with icmp-admin-prohibited")
	}
	if g.sure == "tcp" && d.in(10) {
		return "-j REJECT --reject-with tcp-reset"
	}
	return d.one("-j ACCEPT", "-j ACCEPT", "-j ACCEPT", "-j DROP", "-j DROP", "-j RETURN")
}

func (g *Iptables) nat() string {
	d := g.d
	if d.in(5) || g.hook == "" {
		return d.one("-j ACCEPT", "-j RETURN")
	}
	own, all := d.one(g.w.own[g.v6]...), append(slices.Clone(g.w.near[g.v6]), append(slices.Clone(g.w.far[g.v6]), g.w.own[g.v6]...)...)
	port := func(a string) string {
		if g.sure != "tcp" && g.sure != "udp" || d.in(2) {
			return a
		}
		if g.v6 == 1 {
			a = "[" + a + "]"
		}
		return a + fmt.Sprintf(":%d", ports[d.IntN(len(ports))])
	}
	switch g.hook {
	case "PREROUTING", "OUTPUT":
		if d.in(4) {
			if g.sure == "tcp" || g.sure == "udp" {
				return "-j REDIRECT --to-ports " + fmt.Sprint(ports[d.IntN(len(ports))])
			}
			return "-j REDIRECT"
		}
		if d.in(6) {
			return "-j NETMAP --to " + [...]string{d.one("192.168.7.0/24", "198.51.100.0/24"), d.one("2001:db8:2::/64", "2001:db8:9::/64")}[g.v6]
		}
		return "-j DNAT --to-destination " + port(d.one(all...))
	case "POSTROUTING":
		if d.in(2) {
			return "-j MASQUERADE"
		}
		if d.in(6) {
			return "-j NETMAP --to " + [...]string{"203.0.113.0/24", "2001:db8:1::/64"}[g.v6]
		}
	}
	return "-j SNAT --to-source " + port(own)
}

package backendtest

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// One packet and all packets: package path, which the kernel is held against, and
// package fate say the same, on rulesets and packets made at random.
func TestFates(t *testing.T) {
	n, first := number("LOWARD_FATES", 150), number("LOWARD_SEED", 1)
	packets, undecided := 0, 0
	for i := range n {
		r := rand.New(rand.NewPCG(uint64(first+i), 7))
		g := &world{generator{r}}
		text := g.ruleset()
		var l diag.List
		rs := nft.Read(diag.NewFile("in", []byte(text)), nft.Options{}, &l)
		if l.Errors() > 0 {
			t.Fatalf("seed %d: %s\n%s", first+i, messages(l.All), text)
		}
		h := worldHost(r)
		for _, v6 := range []bool{false, true} {
			a, b := compareFates(t, fmt.Sprintf("seed %d", first+i), text, rs, h, r, v6)
			packets, undecided = packets+a, undecided+b
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d packets, of which %d undecided", packets, undecided)
}

func compareFates(t *testing.T, at, text string, rs *ruleset.Ruleset, h *host.Host, r *rand.Rand, v6 bool) (packets, undecided int) {
	u := fate.NewUniverse(v6)
	u.AddHost(h)
	u.AddRuleset(rs)
	m := u.Map(rs, h, fate.Options{Strict: true})
	space := path.New(rs, h)
	for _, j := range fate.Journeys() {
		n, err := m.Fates(j, fate.First)
		if err != nil {
			t.Fatalf("%s: %s: %v\n%s", at, j, err, text)
		}
		for range 60 {
			st, p := worldPacket(r, h, j, v6)
			if st == nil {
				continue
			}
			got, want := m.Of(n, p), space.Send(*st)
			if len(got) == 1 && got[0].Verdict == fate.NoPacket {
				t.Fatalf("%s: %s: %+v does not set out\n%s", at, j, p, text)
			}
			packets++
			// What stands where a packet has no ports is one value for fate, and for path
			// another at each rule.
			if want.Verdict == path.Undecided {
				undecided++
			}
			if !agree(got, want) && !(want.Verdict == path.Undecided && !packet.Ported(p.Proto)) {
				t.Errorf("%s: %s: %+v: path says %s (%s), fate says %v\n%s", at, j, *p, want.Verdict, want.Why, got, text)
				return packets, undecided
			}
		}
	}
	return packets, undecided
}

// agree: where path has a verdict, fate has that one alone; where it has none, fate
// has several or none.
func agree(got []fate.Fate, want *path.Result) bool {
	verdicts := map[fate.Verdict]bool{}
	for _, f := range got {
		verdicts[f.Verdict] = true
	}
	if want.Verdict == path.Undecided {
		return len(verdicts) > 1 || verdicts[fate.Undecided]
	}
	return len(verdicts) == 1 && verdicts[map[path.Verdict]fate.Verdict{path.Accept: fate.Accept, path.Drop: fate.Drop, path.Reject: fate.Reject}[want.Verdict]]
}

func worldHost(r *rand.Rand) *host.Host {
	h := host.New()
	h.Add("lo", netip.MustParsePrefix("10.53.0.1/32"), netip.MustParsePrefix("2001:db8:53::1/128"))
	h.Add("wan0", netip.MustParsePrefix("203.0.113.1/24"), netip.MustParsePrefix("2001:db8:1::1/64"))
	h.Add("lan0", netip.MustParsePrefix("192.168.7.1/24"), netip.MustParsePrefix("2001:db8:2::1/64"))
	h.Routes = []host.Route{{Dst: netip.MustParsePrefix("0.0.0.0/0"), Dev: "wan0", Via: netip.MustParseAddr("203.0.113.9")},
		{Dst: netip.MustParsePrefix("::/0"), Dev: "wan0", Via: netip.MustParseAddr("2001:db8:1::9")}}
	h.Sysctls = map[string]string{"ipv4.ip_forward": "1", "ipv6.conf.all.forwarding": "1"}
	if r.IntN(4) == 0 {
		h.Sysctls["ipv4.conf.all.route_localnet"] = "1"
	}
	if r.IntN(4) == 0 {
		h.Sysctls["ipv4.conf.wan0.accept_local"] = "1"
	}
	return h
}

var (
	ownAddrs   = [2][]string{{"127.0.0.1", "127.0.0.5", "10.53.0.1", "203.0.113.1", "192.168.7.1"}, {"::1", "2001:db8:53::1", "2001:db8:1::1", "2001:db8:2::1"}}
	otherAddrs = [2][]string{{"203.0.113.9", "198.51.100.7", "192.168.7.20", "192.168.7.21", "224.0.0.251", "203.0.113.255"}, {"2001:db8:1::9", "2001:db8:2::20", "2001:db8:9::7", "ff02::fb"}}
)

// worldPacket makes a packet for a journey, for both packages.
func worldPacket(r *rand.Rand, h *host.Host, j fate.Journey, v6 bool) (*path.Start, *fate.Packet) {
	f := 0
	if v6 {
		f = 1
	}
	pick := func(list ...string) netip.Addr { return netip.MustParseAddr(list[r.IntN(len(list))]) }
	own, other := func() netip.Addr { return pick(ownAddrs[f]...) }, func() netip.Addr { return pick(otherAddrs[f]...) }
	p := &fate.Packet{TTL: 64}
	p.Proto = []uint8{packet.TCP, packet.TCP, packet.UDP, packet.UDP, packet.ICMP, 47}[r.IntN(6)]
	if v6 && p.Proto == packet.ICMP {
		p.Proto = packet.ICMPv6
	}
	switch p.Proto {
	case packet.TCP:
		p.Flags = packet.SYN
		fallthrough
	case packet.UDP:
		p.Sport, p.Dport = []uint16{40000, 3000, 53}[r.IntN(3)], []uint16{22, 53, 80, 443, 1000, 1001, 8080}[r.IntN(7)]
	case packet.ICMP:
		p.Type = 8
	case packet.ICMPv6:
		p.Type = []uint8{128, 135}[r.IntN(2)]
	}
	p.DstType, p.SrcType = host.Unicast, host.Unicast
	switch j {
	case fate.Local:
		p.Src, p.Dst, p.OIF, p.Owned = own(), own(), "wan0", true
	case fate.Outbound:
		p.Src, p.Dst, p.Owned = pick(ownAddrs[f][1:]...), other(), true
		if p.Src.Is4() && p.Src.IsLoopback() && h.Conf(false, "wan0", "route_localnet", 0) == 0 {
			return nil, nil // does not set out
		}
		if p.OIF = h.Route(host.Query{Dst: p.Dst, Src: p.Src}).Dev; p.OIF == "" || p.OIF == "lo" {
			return nil, nil
		}
	default:
		p.IIF = []string{"wan0", "lan0"}[r.IntN(2)]
		p.Src, p.Dst = other(), own()
		if r.IntN(2) == 0 {
			p.Dst = other()
		}
		if r.IntN(8) == 0 {
			p.Src = own()
		}
		p.OIF = h.Route(host.Query{Dst: p.Dst, Src: p.Src, IIF: p.IIF}).Dev
		if p.OIF == "" || p.OIF == "lo" {
			p.OIF = "wan0"
		}
	}
	st := &path.Start{IIF: p.IIF, From: netip.AddrPortFrom(p.Src, p.Sport), To: netip.AddrPortFrom(p.Dst, p.Dport), Proto: p.Proto, Type: p.Type, Flags: p.Flags, TTL: p.TTL}
	if p.Owned {
		p.UID, p.GID = uint32(r.IntN(2)), uint32(r.IntN(2))
		st.Owner = &packet.Owner{UID: int(p.UID), GID: int(p.GID)}
	}
	return st, p
}

// world makes rulesets of both families for a router.
type world struct{ generator }

func (g *world) matches(hook string) string {
	v6 := g.r.IntN(3) == 0
	addr := func(list [2][]string) string {
		if v6 {
			return list[1][g.r.IntN(len(list[1]))]
		}
		return list[0][g.r.IntN(len(list[0]))]
	}
	ip, any := "ip", func() string {
		return addr([2][]string{append(slices.Clone(ownAddrs[0]), otherAddrs[0]...), append(slices.Clone(ownAddrs[1]), otherAddrs[1]...)})
	}
	net := g.one("192.168.7.0/24", "203.0.113.0/24", "127.0.0.0/8", "10.0.0.0/8", "198.51.100.0-198.51.100.100")
	if v6 {
		ip, net = "ip6", g.one("2001:db8:1::/64", "2001:db8::/32", "fe80::/10", "2001:db8:2::10-2001:db8:2::30")
	}
	switch g.r.IntN(20) {
	case 0, 1:
		return ip + " saddr " + g.not() + any()
	case 2, 3:
		return ip + " daddr " + g.not() + net
	case 4, 5:
		return g.one("tcp", "udp", "th") + " dport " + g.not() + g.one("22", "53", "80-443", "1000")
	case 6:
		return "th sport " + g.one("3000", "1024-65535")
	case 7:
		return "meta l4proto " + g.not() + g.one("udp", "tcp", "icmp", "47", g.some("udp", "tcp", "ipv6-icmp"))
	case 8:
		return "ct state " + g.one("new", "established,related", "invalid", "untracked", "{ new, untracked }")
	case 9:
		return "meta mark " + g.one("", "!= ", "& 2 == ") + g.one("0", "1", "2", "3")
	case 10:
		return "ct mark " + g.one("0", "5", "!= 5")
	case 11:
		return ip + " saddr . th dport " + g.not() + "{ " + any() + " . 22, " + any() + " . 53 }"
	case 12:
		return "fib " + g.one("daddr", "saddr") + " type " + g.not() + g.one("local", "unicast", "{ local, broadcast }")
	case 13:
		return "fib " + g.one("daddr", "saddr") + " . iif type " + g.one("local", "!= local")
	case 14:
		return "ct original " + ip + " daddr " + any()
	case 15:
		return "ct status " + g.one("dnat", "! dnat", "snat")
	case 16:
		return "limit rate " + g.one("", "over ") + "5/second"
	case 17:
		if v6 {
			return "icmpv6 type " + g.one("echo-request", "nd-neighbor-solicit", "{ echo-request, nd-neighbor-advert }")
		}
		return "icmp type " + g.one("echo-request", "!= echo-request")
	case 18:
		return "ip saddr @" + g.one("nets", "!= nets", "seen")
	}
	switch hook {
	case "output":
		return g.one(`oifname "lo"`, `oifname != "lo"`, `oifname "wan0"`, "meta skuid 0", "meta skuid != 0", "meta skgid 1")
	case "postrouting", "forward":
		return g.one(`oifname "lo"`, `oifname "lan*"`, `oifname { "wan0", "lo" }`, `iifname "lan0"`, `iifname ""`)
	}
	return g.one(`iifname "lo"`, `iifname != "lo"`, `iifname "l*"`, `iifname { "wan0", "ppp*" }`, "meta pkttype multicast", `oifname ""`)
}

func (g *world) line(hook string, chains []string) string {
	for {
		var r string
		if g.r.IntN(8) == 0 {
			r = g.one("th dport vmap { 22 : accept, 53 : drop, 80-443 : continue }", "ip saddr vmap { 192.168.7.20 : drop, 198.51.100.0/24 : accept }",
				"meta l4proto vmap { tcp : accept, icmp : return }", "th dport vmap @v", `iifname . th dport vmap { "wan0" . 22 : drop, "lo" . 53 : accept }`,
				"meta mark set th dport map { 22 : 1, 53 : 2 }", "ct mark set meta mark", "meta mark set ct mark", "meta mark set meta mark or 2")
		} else {
			var parts []string
			for range g.r.IntN(3) {
				parts = append(parts, strings.Replace(g.matches(hook), "ip saddr @!= nets", "ip saddr != @nets", 1))
			}
			r = strings.Join(append(parts, g.verdict(chains)), " ")
		}
		if hook == "postrouting" || hook == "prerouting" || hook == "" {
			r = strings.Replace(strings.Replace(r, "reject with icmp admin-prohibited", "drop", 1), "reject", "drop", 1)
		}
		if g.fits(r, chains) {
			return r
		}
	}
}

func (g *world) fits(rule string, chains []string) bool {
	var b strings.Builder
	for _, c := range chains {
		fmt.Fprintf(&b, " chain %s { }; ", c)
	}
	var l diag.List
	nft.Read(diag.NewFile("rule", []byte("table inet t { "+worldSets+b.String()+"chain c { "+rule+"; }; }")), nft.Options{}, &l)
	return l.Errors() == 0
}

const worldSets = `
	set nets { type ipv4_addr; flags interval; elements = { 192.168.7.0/28, 203.0.113.9 }; }
	set seen { type ipv4_addr; flags dynamic; timeout 1m; }
	map v { type inet_service : verdict; elements = { 22 : accept, 1000 : drop }; }
`

func (g *world) ruleset() string {
	var b strings.Builder
	for i := range 1 + g.r.IntN(2) {
		fmt.Fprintf(&b, "table inet t%d {%s", i, worldSets)
		var chains []string
		for k := range g.r.IntN(4) {
			chain := fmt.Sprintf("u%d", k)
			fmt.Fprintf(&b, "\tchain %s {\n", chain)
			for range 1 + g.r.IntN(4) {
				fmt.Fprintf(&b, "\t\t%s\n", g.line("", chains))
			}
			b.WriteString("\t}\n")
			chains = append(chains, chain)
		}
		for _, hook := range []string{"output", "prerouting", "input", "forward", "postrouting"} {
			if g.r.IntN(3) == 0 {
				continue
			}
			fmt.Fprintf(&b, "\tchain %s {\n\t\ttype filter hook %s priority %s; policy %s;\n", hook, hook, g.one("0", "-5", "-150", "-300", "20"), g.one("accept", "accept", "drop"))
			for range 1 + g.r.IntN(5) {
				r := g.line(hook, chains)
				if strings.HasPrefix(hook, "pre") && g.r.IntN(9) == 0 {
					r = g.matches(hook) + " notrack"
					if !g.fits(r, nil) || strings.Contains(r, "!= nets") {
						r = "counter"
					}
				}
				fmt.Fprintf(&b, "\t\t%s\n", r)
			}
			b.WriteString("\t}\n")
		}
		if i == 0 && g.r.IntN(2) == 0 {
			g.translations(&b)
		}
		b.WriteString("}\n")
	}
	return b.String()
}

func (g *world) translations(b *strings.Builder) {
	chain := func(hook, priority string, lines ...string) {
		fmt.Fprintf(b, "\tchain nat-%s {\n\t\ttype nat hook %s priority %s;\n", hook, hook, priority)
		for range 1 + g.r.IntN(2) {
			fmt.Fprintf(b, "\t\t%s\n", g.one(lines...))
		}
		b.WriteString("\t}\n")
	}
	targets := []string{"dnat ip to 192.168.7.20", "dnat ip to 192.168.7.21:8080", "redirect to :1000", "dnat ip to 10.53.0.1",
		"dnat ip to th dport map { 22 : 192.168.7.20, 53 : 10.53.0.1 }", "dnat ip6 to 2001:db8:2::20", "dnat ip to 127.0.0.1:53"}
	var lines []string
	for _, t := range targets {
		m := g.one("tcp dport 80", "udp dport { 53, 1000 }", "meta l4proto tcp ip daddr 203.0.113.1", "meta l4proto udp fib daddr type local")
		if strings.Contains(t, "ip6") {
			m = "tcp dport { 22, 80 }"
		}
		if r := m + " " + t; g.fits(r, nil) {
			lines = append(lines, r)
		}
	}
	if g.r.IntN(2) == 0 {
		chain("prerouting", "-100", lines...)
	}
	if g.r.IntN(2) == 0 {
		chain("output", "-100", lines...)
	}
	if g.r.IntN(2) == 0 {
		chain("postrouting", "100", `oifname "wan0" masquerade`, "masquerade", "snat ip to 203.0.113.1", `oifname != "lo" snat ip6 to 2001:db8:1::1`, "ip saddr 127.0.0.0/8 masquerade")
	}
}

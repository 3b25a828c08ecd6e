package random

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"

	"github.com/loward/loward/compiler/policy"
)

// peer is a node of the lab's router topology, seen from the router.
type peer struct {
	node, iface string
	addrs       []string
}

func peers() []peer {
	return []peer{
		{"lan0", "eth0", []string{"10.10.0.7", "10.10.0.9", "10.10.0.80"}},
		{"lan1", "eth1", []string{"10.10.1.7", "10.10.1.66", "fd00:1::7", "fd00:1::66"}},
		{"wan", "wan1", []string{"203.0.113.9", "198.51.100.7", "198.51.100.25", "2001:db8:1::9", "2001:db8:99::7"}},
	}
}

func routerAddrs(v *policy.View) policy.Addrs {
	a := policy.Addrs{}
	add := func(iface string, addrs ...string) {
		for _, s := range addrs {
			a[iface] = append(a[iface], netip.MustParseAddr(s))
		}
	}
	add("eth0", "10.10.0.1", "fe80::b:0")
	add("eth1", "10.10.1.1", "fd00:1::1", "fe80::b:1")
	add("wan1", "203.0.113.1", "2001:db8:1::1", "fe80::b:2")
	a["lo"] = append(a["lo"], v.Own...)
	return a
}

// Probes writes n probes with what Decide says of each.
func Probes(r *rand.Rand, v *policy.View, n int) string {
	g := &gen{r: r}
	addrs := routerAddrs(v)
	g.p("lab router\nhost router\nself off expectations come from Decide\n")
	for _, a := range v.Own {
		g.p("addr router lo %s\n", netip.PrefixFrom(a, a.BitLen()))
	}
	seen := map[string]bool{}
	for range n {
		line, p := g.probe(v)
		if seen[line] {
			continue
		}
		seen[line] = true
		d := v.Decide(p, addrs)
		g.p("probe %s -> %s   # %s\n", line, d.Verdict, d.By)
	}
	return g.b.String()
}

func (g *gen) probe(v *policy.View) (string, policy.Packet) {
	own := []string{"10.10.0.1", "10.10.1.1", "203.0.113.1", "fd00:1::1", "2001:db8:1::1"}
	for _, a := range v.Own {
		own = append(own, a.String(), a.String())
	}
	all := peers()
	from := all[g.r.IntN(len(all))]
	self := g.chance(4)
	var dst, out string
	switch {
	case self && g.chance(3):
		dst = pick(g, append(own, "127.0.0.1", "::1")...)
	case !self && !g.chance(4):
		dst = pick(g, own...)
	default:
		to := all[g.r.IntN(len(all))]
		for !self && to.node == from.node {
			to = all[g.r.IntN(len(all))]
		}
		dst, out = pick(g, to.addrs...), to.iface
	}
	p := policy.Packet{Dst: netip.MustParseAddr(dst), Out: out, HopLimit: 64, Sport: 40000}
	var line strings.Builder
	proto := pick(g, "tcp", "tcp", "udp", "udp", "ping")
	if self {
		fmt.Fprintf(&line, "self %s", proto)
		if proto != "ping" && g.chance(2) {
			p.User = pick(g, "daemon", "nobody", "mail")
			p.Group = map[string]string{"daemon": "daemon", "nobody": "nogroup", "mail": "mail"}[p.User]
			fmt.Fprintf(&line, " user %s", p.User)
		} else {
			p.User, p.Group = "root", "root"
		}
	} else {
		src := pick(g, from.addrs...)
		for netip.MustParseAddr(src).Is4() != p.Dst.Is4() {
			if from.node == "lan0" { // has no IPv6 address
				return g.probe(v)
			}
			src = pick(g, from.addrs...)
		}
		p.In, p.Src = from.iface, netip.MustParseAddr(src)
		fmt.Fprintf(&line, "%s %s from %s", from.node, proto, src)
	}
	switch proto {
	case "ping":
		p.Proto, p.ICMPType = policy.ICMP, 8
		if p.Dst.Is6() {
			p.Proto, p.ICMPType = policy.ICMPv6, 128
		}
		fmt.Fprintf(&line, " to %s", dst)
	default:
		p.Proto = policy.TCP
		if proto == "udp" {
			p.Proto = policy.UDP
		}
		p.Dport = []uint16{22, 53, 80, 443, 8005, 8011, 5353, 4999}[g.r.IntN(8)]
		fmt.Fprintf(&line, " to %s", netip.AddrPortFrom(p.Dst, p.Dport))
	}
	return line.String(), p
}

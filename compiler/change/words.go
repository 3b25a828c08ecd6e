package change

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/policy"
)

// describe a class; its family is only said where both are compared.
func describe(c *Class, q *Question) words {
	r := &c.region
	w := words{what: protocols(c), from: "any", to: "any"}
	if q.V4 && q.V6 {
		w.family = "IPv4"
		if c.V6 {
			w.family = "IPv6"
		}
	}
	own := c.Ways&(Self|Out) != 0
	src, dst := addrs(r.Src, q.Names), addrs(r.Dst, q.Names)
	if wide := addrs(r.WideSrc, q.Names); !c.odd && len(wide) < len(src) {
		src = wide
	}
	if wide := addrs(r.WideDst, q.Names); len(wide) < len(dst) && r.WideDst != nil {
		switch but, ok := strings.CutPrefix(wide, "any but "); {
		case c.Ways != In && c.Ways != Self:
			dst = wide
		case ok && c.Ways == In:
			dst = "the host but " + but
		case ok:
			dst = "itself but " + but
		}
	}
	switch {
	case own && src != "":
		w.from = "self " + src
	case own:
		w.from = "self"
	case src != "":
		w.from = src
	case c.odd && c.region.Dst == nil:
		w.from = "addresses of its own"
	}
	switch c.Ways {
	case Self:
		w.to = "itself"
	case In:
		w.to = "the host"
	default:
		w.to = "others"
	}
	if dst != "" {
		w.to = dst
	}
	if kinds := types(r.DstType); kinds != "" && dst == "" && c.Ways == In {
		w.to = kinds
	}
	if strings.ContainsAny(src+dst, ".:") || strings.HasPrefix(w.what, "icmp") {
		w.family = ""
	}
	if !own {
		w.on = links(r.IIF)
	}
	if c.Ways == Out || c.Ways == Through {
		w.by = links(r.OIF)
	}
	var extra []string
	add := func(what, text string) {
		if text != "" {
			extra = append(extra, what+" "+text)
		}
	}
	add("source port", ranges(r.Sport, 65535))
	add("flags", flags(r.Flags))
	add("ttl", ranges(r.TTL, 255))
	if own {
		add("user", owners(r.User))
		add("group", owners(r.Group))
	}
	if !own {
		add("source", types(r.SrcType))
	}
	w.extra = strings.Join(extra, ", ")
	return w
}

// protocols with ports or types.
func protocols(c *Class) string {
	r := &c.region
	ports := ranges(r.Dport, 65535)
	if r.Proto == nil {
		if ports != "" {
			if but, ok := strings.CutPrefix(ports, "any but "); ok {
				return "any but port " + but
			}
			return "any protocol, port " + ports + ","
		}
		return "any"
	}
	list := values(r.Proto)
	if len(list) == 1 && len(r.Proto) == 1 {
		p := uint8(list[0])
		switch {
		case p == packet.ICMP || p == packet.ICMPv6:
			return icmp(p, r)
		case ports == "":
			return protocol(p)
		}
		if name := service(p, r.Dport); name != "" {
			ports += " (" + name + ")"
		}
		return protocol(p) + " " + ports
	}
	text := complement(r.Proto, c.V6, func(n uint32) string { return protocol(uint8(n)) })
	if ports != "" {
		return text + " port " + ports
	}
	return text
}

func icmp(p uint8, r *fate.Region) string {
	name := protocol(p)
	kinds := ranges(r.Type, 255)
	switch {
	case p == packet.ICMP && kinds == "8" || p == packet.ICMPv6 && kinds == "128":
		name = "ping"
	case kinds != "":
		name += " type " + kinds
	}
	if code := ranges(r.Code, 255); code != "" {
		name += " code " + code
	}
	return name
}

// protocol by its name in the language.
func protocol(p uint8) string {
	switch p {
	case packet.TCP:
		return "tcp"
	case packet.UDP:
		return "udp"
	case packet.SCTP:
		return "sctp"
	case packet.ICMP:
		return "icmp"
	case packet.ICMPv6:
		return "icmpv6"
	case packet.GRE:
		return "gre"
	case packet.ESP:
		return "esp"
	case packet.AH:
		return "ah"
	}
	return "proto " + strconv.Itoa(int(p))
}

// service is the traffic class of a single port, or "".
func service(proto uint8, ports []fate.Range) string {
	if len(ports) != 1 || ports[0].Lo != ports[0].Hi {
		return ""
	}
	for _, c := range policy.Classes() {
		for _, t := range c.Traffic {
			for _, p := range t.Ports {
				if t.Proto == proto && uint32(p.Lo) == ports[0].Lo && p.Lo == p.Hi {
					return c.Name
				}
			}
		}
	}
	return ""
}

// shown is how many items of a list are shown.
const shown = 6

// values of ranges, as far as they are shown.
func values(list []fate.Range) []uint32 {
	var out []uint32
	for _, r := range list {
		for n := r.Lo; n <= r.Hi && len(out) <= shown; n++ {
			out = append(out, n)
		}
	}
	return out
}

// ranges in words; of most numbers those that are not in them. "" is any.
func ranges(list []fate.Range, most uint32) string {
	if list == nil {
		return ""
	}
	gaps := without(list, most)
	if len(gaps) > 0 && len(gaps) < len(list) || len(gaps) == 1 && len(list) == 1 && list[0].Lo == 0 && gaps[0].Lo == gaps[0].Hi {
		return "any but " + rangeList(gaps)
	}
	return rangeList(list)
}

func rangeList(list []fate.Range) string {
	return items(len(list), func(i int) string {
		if list[i].Lo == list[i].Hi {
			return strconv.Itoa(int(list[i].Lo))
		}
		return fmt.Sprintf("%d-%d", list[i].Lo, list[i].Hi)
	})
}

// complement is protocols in words: of most of them those that are missing. Whether the
// other family's ICMP is says nothing.
func complement(list []fate.Range, v6 bool, name func(uint32) string) string {
	text, gaps := "", slices.DeleteFunc(without(list, 255), func(r fate.Range) bool {
		return r.Lo == uint32(alien(v6)) && r.Hi == r.Lo
	})
	if len(values(gaps)) < len(values(list)) {
		text, list = "any but ", gaps
	}
	all := values(list)
	if len(all) > shown {
		return text + "proto " + rangeList(list)
	}
	return text + items(len(all), func(i int) string { return name(all[i]) })
}

// without is what is between ranges.
func without(list []fate.Range, most uint32) []fate.Range {
	var out []fate.Range
	next := uint32(0)
	for _, r := range list {
		if r.Lo > next {
			out = append(out, fate.Range{Lo: next, Hi: r.Lo - 1})
		}
		next = r.Hi + 1
	}
	if next <= most {
		out = append(out, fate.Range{Lo: next, Hi: most})
	}
	return out
}

func items(n int, item func(i int) string) string {
	var list []string
	for i := range min(n, shown) {
		list = append(list, item(i))
	}
	text := strings.Join(list, ", ")
	if n > shown {
		text += fmt.Sprintf(" and %d more", n-shown)
	}
	return text
}

// addrs in words; of most addresses those that are not among them. "" is any.
func addrs(list []fate.Addrs, names map[netip.Addr]string) string {
	if list == nil {
		return ""
	}
	if gaps := others(list); len(gaps) > 0 && len(gaps) < len(list) {
		return "any but " + addrList(gaps, names)
	}
	return addrList(list, names)
}

func addrList(list []fate.Addrs, names map[netip.Addr]string) string {
	return items(len(list), func(i int) string {
		r := list[i]
		switch p := widest(r.Lo, r.Hi); {
		case r.Lo == r.Hi && names[r.Lo] != "":
			return names[r.Lo]
		case r.Lo == r.Hi:
			return r.Lo.String()
		case policy.PrefixRange(p).Hi == r.Hi:
			return p.String()
		}
		return r.Lo.String() + "-" + r.Hi.String()
	})
}

// widest network that begins at an address and does not go beyond another.
func widest(lo, hi netip.Addr) netip.Prefix {
	bits := lo.BitLen()
	for bits > 0 {
		p := netip.PrefixFrom(lo, bits-1)
		if p.Masked().Addr() != lo || policy.PrefixRange(p).Hi.Compare(hi) > 0 {
			break
		}
		bits--
	}
	return netip.PrefixFrom(lo, bits)
}

// others are the addresses between ranges.
func others(list []fate.Addrs) []fate.Addrs {
	var out []fate.Addrs
	first, last := netip.AddrFrom4([4]byte{}), netip.AddrFrom4([4]byte{255, 255, 255, 255})
	if list[0].Lo.Is6() {
		first, last = netip.IPv6Unspecified(), policy.PrefixRange(netip.PrefixFrom(netip.IPv6Unspecified(), 0)).Hi
	}
	for _, r := range list {
		if first.IsValid() && r.Lo.Compare(first) > 0 {
			out = append(out, fate.Addrs{Lo: first, Hi: r.Lo.Prev()})
		}
		first = r.Hi.Next()
	}
	if first.IsValid() && first.Compare(last) <= 0 {
		out = append(out, fate.Addrs{Lo: first, Hi: last})
	}
	return out
}

// links in words; "" is any.
func links(l *fate.Links) string {
	if l == nil || l.Not && len(l.Names) == 0 {
		return ""
	}
	names := l.Names
	if l.Others {
		names = append(slices.Clone(names), "others")
	}
	text := items(len(names), func(i int) string { return names[i] })
	if l.Not {
		return "any but " + text
	}
	return text
}

func owners(list []fate.Owners) string {
	var names []string
	for _, o := range list {
		switch {
		case o.Nobody:
			names = append(names, "none")
		case o.Name != "":
			names = append(names, o.Name)
		case o.Others:
			names = append(names, "others")
		case o.Lo == o.Hi:
			names = append(names, strconv.Itoa(int(o.Lo)))
		default:
			names = append(names, fmt.Sprintf("%d-%d", o.Lo, o.Hi))
		}
	}
	return items(len(names), func(i int) string { return names[i] })
}

// types of addresses.
func types(list []host.Type) string {
	var names []string
	for _, t := range list {
		names = append(names, t.String())
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " or ")
}

func flags(list []fate.Range) string {
	all := values(list)
	if len(all) > shown {
		if gaps := values(without(list, 255)); len(gaps) <= shown {
			return "any but " + items(len(gaps), func(i int) string { return flagText(gaps[i]) })
		}
		return "in some combinations"
	}
	return items(len(all), func(i int) string { return flagText(all[i]) })
}

func flagText(n uint32) string {
	var list []string
	for i, name := range []string{"fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"} {
		if n>>i&1 == 1 {
			list = append(list, name)
		}
	}
	if list == nil {
		return "none"
	}
	return strings.Join(list, "+")
}

package change

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/loward/loward/compiler/fate"
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
	src, dst := addrs(r.Src, !own && !c.odd, q.Names), addrs(r.Dst, c.Ways&(Through|Out) != 0, q.Names)
	if but, ok := strings.CutPrefix(dst, "any but "); ok && c.Ways == In {
		dst = "the host but " + but
	} else if ok && c.Ways == Self {
		dst = "itself but " + but
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
	if !strings.HasPrefix(w.what, "icmp") && w.what != "ping" {
		add("icmp type", ranges(r.Type, 255))
		add("icmp code", ranges(r.Code, 255))
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

// addrs in words; where they are many, those that are not among them. "" is any.
func addrs(set *fate.AddrSet, wide bool, names map[netip.Addr]string) string {
	if set == nil {
		return ""
	}
	list := set.List
	if wide && len(set.Wide) < len(list) {
		list = set.Wide
	}
	if len(set.Not) > 0 && (len(set.Not) < len(list) || len(set.Not) == 1 && whole(list)) {
		return "any but " + addrList(set.Not, names)
	}
	return addrList(list, names)
}

// whole: it has the first or the last address of all, so it is told by what is not in
// it.
func whole(list []fate.Addrs) bool {
	return !list[0].Lo.Prev().IsValid() || !list[len(list)-1].Hi.Next().IsValid()
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

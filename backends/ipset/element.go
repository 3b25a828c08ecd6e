package ipset

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// maxExpanded is how many elements a range becomes at most.
const maxExpanded = 256

// element reads an entry, "10.0.0.1,tcp:80", by the type of its set. What is
// wrong comes back as a sentence.
func element(s *ruleset.Set, entry string) (key []ruleset.Term, mistake string) {
	t := s.IPSet
	if ruleset.HasUnknown(entry) && !strings.Contains(entry, ",") {
		for range s.Key {
			key = append(key, ruleset.UnknownTerm(entry))
		}
		return key, ""
	}
	_, parts, _ := strings.Cut(t.Type, ":")
	rest, more := entry, true
	for part := range strings.SplitSeq(parts, ",") {
		if !more {
			if part == "mac" && t.Type == "bitmap:ip,mac" { // learnt from the first packet
				return key, ""
			}
			return nil, "an entry of " + t.Type + " has more parts"
		}
		var one string
		one, rest, more = strings.Cut(rest, ",")
		terms, why := value(s, part, one)
		if why != "" {
			return nil, why
		}
		key = append(key, terms...)
	}
	if more {
		return nil, "an entry of " + t.Type + " has fewer parts"
	}
	return key, ""
}

func value(s *ruleset.Set, part, text string) ([]ruleset.Term, string) {
	one := func(t ruleset.Term, ok bool, what string) ([]ruleset.Term, string) {
		if !ok {
			return nil, strconv.Quote(text) + " is no " + what
		}
		return []ruleset.Term{t}, ""
	}
	if ruleset.HasUnknown(text) {
		terms := []ruleset.Term{ruleset.UnknownTerm(text)}
		if part == "port" && s.IPSet.Type != "bitmap:port" {
			terms = append(terms, ruleset.UnknownTerm(text))
		}
		return terms, ""
	}
	switch part {
	case "ip", "net":
		t, why := address(s, part, text)
		if why != "" {
			return nil, why
		}
		return []ruleset.Term{t}, ""
	case "mac":
		t, ok := linkAddress(text)
		return one(t, ok, "link-layer address")
	case "iface":
		return one(ruleset.Text(text), text != "", "interface")
	case "mark":
		n, err := strconv.ParseUint(text, 0, 32)
		return one(ruleset.Num(n), err == nil, "mark")
	}
	if s.IPSet.Type == "bitmap:port" {
		t, ok := ports(text)
		return one(t, ok, "port")
	}
	proto, port, found := strings.Cut(text, ":")
	if !found {
		proto, port = "tcp", text
	}
	n, known := protocol(proto)
	if !known {
		return nil, strconv.Quote(proto) + " is no protocol whose ports a set can hold"
	}
	t, ok := ports(port)
	if n == 1 || n == 58 {
		t, ok = icmp(port), true
	} else if n != 6 && n != 17 && n != 132 && n != 136 {
		ok = t == ruleset.Num(0)
	}
	if !ok {
		return nil, strconv.Quote(text) + " is no port"
	}
	return []ruleset.Term{ruleset.Num(n), t}, ""
}

// address, prefix or range; a name stays one.
func address(s *ruleset.Set, part, text string) (ruleset.Term, string) {
	v6 := s.IPSet.Family == ruleset.IP6
	family := func(a netip.Addr) bool { return a.Is4() != v6 && a.Zone() == "" }
	no := func(why string) (ruleset.Term, string) { return ruleset.Term{}, strconv.Quote(text) + " " + why }
	if from, to, ok := strings.Cut(text, "-"); ok && !letters(text, v6) {
		lo, err1 := netip.ParseAddr(from)
		hi, err2 := netip.ParseAddr(to)
		if err1 != nil || err2 != nil || !family(lo) || !family(hi) || hi.Less(lo) {
			return no("is no range of addresses")
		}
		return ruleset.AddrRange(lo, hi), ""
	}
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		switch {
		case err != nil || !family(p.Addr()):
			return no("is no network")
		case p.Bits() == 0 && (s.IPSet.Type == "hash:net" || part == "ip"):
			return no("is too great for " + s.IPSet.Type)
		case v6 && part == "ip" && p.Bits() != 128:
			return no("is no single address: a set of addresses of IPv6 takes no networks")
		}
		return ruleset.Prefix(p), ""
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		if text == "" || !letters(text, v6) {
			return no("is no address")
		}
		return ruleset.Text(strings.Trim(text, "[]")), ""
	}
	if !family(a) {
		return no("is of the other address family")
	}
	return ruleset.Prefix(netip.PrefixFrom(a, netmask(s, part, a.BitLen()))), ""
}

// letters says whether a text may be a host's name.
func letters(s string, v6 bool) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c >= 'g' && c <= 'z' || c >= 'G' && c <= 'Z' || !v6 && c >= 'a' && c <= 'f' }) >= 0
}

// netmask of a set of addresses: each stands for its network.
func netmask(s *ruleset.Set, part string, bits int) int {
	for i, o := range s.IPSet.Options {
		if o == "netmask" && part == "ip" && i+1 < len(s.IPSet.Options) {
			if n, err := strconv.Atoi(s.IPSet.Options[i+1]); err == nil && n > 0 && n <= bits {
				return n
			}
		}
	}
	return bits
}

func linkAddress(s string) (ruleset.Term, bool) {
	var v uint64
	n := 0
	for one := range strings.SplitSeq(s, ":") {
		b, err := strconv.ParseUint(one, 16, 8)
		if n++; err != nil || n > 6 {
			return ruleset.Term{}, false
		}
		v = v<<8 | b
	}
	return ruleset.Num(v), n == 6
}

func ports(s string) (ruleset.Term, bool) {
	from, to, isRange := strings.Cut(s, "-")
	lo, err := strconv.ParseUint(from, 10, 16)
	if err != nil {
		name := strings.IndexFunc(s, func(c rune) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }) >= 0
		return ruleset.Text(s), name
	}
	if !isRange {
		return ruleset.Num(lo), true
	}
	hi, err := strconv.ParseUint(to, 10, 16)
	return ruleset.Range(lo, hi), err == nil && lo <= hi
}

// icmp type and code, 3/1, as one number. Names other than of the echo request
// stay names.
func icmp(s string) ruleset.Term {
	typ, code, _ := strings.Cut(s, "/")
	if code == "" {
		code = "0"
	}
	t, err1 := strconv.ParseUint(typ, 10, 8)
	c, err2 := strconv.ParseUint(code, 10, 8)
	if err1 != nil || err2 != nil {
		return ruleset.Text(s)
	}
	return ruleset.Num(t<<8 | c)
}

func protocol(s string) (uint64, bool) {
	switch strings.ToLower(s) {
	case "icmp":
		return 1, true
	case "tcp":
		return 6, true
	case "udp":
		return 17, true
	case "icmpv6", "ipv6-icmp":
		return 58, true
	case "sctp":
		return 132, true
	case "udplite":
		return 136, true
	}
	n, err := strconv.ParseUint(s, 10, 8)
	return n, err == nil
}

// expanded gives the elements that the kernel makes of one: a range of addresses
// or ports becomes all of them, where they are few.
func expanded(s *ruleset.Set, key []ruleset.Term) [][]ruleset.Term {
	all := [][]ruleset.Term{key}
	_, parts, _ := strings.Cut(s.IPSet.Type, ":")
	column := 0
	for part := range strings.SplitSeq(parts, ",") {
		if part == "port" && s.IPSet.Type != "bitmap:port" {
			column++
		}
		if column >= len(key) {
			break
		}
		t := key[column]
		step := uint64(1)
		if part == "ip" {
			bits := 32
			if s.IPSet.Family == ruleset.IP6 {
				bits = 128
			}
			host := bits - netmask(s, part, bits)
			if host >= 32 {
				column++
				continue
			}
			step = 1 << host
		}
		size := (t.Hi.Lo-t.Lo.Lo)/step + 1
		if (part == "ip" || part == "port") && t.Text == "" && size > 1 && t.Hi.Hi == t.Lo.Hi && size <= maxExpanded/uint64(len(all)) {
			all = spread(all, column, t, step)
		}
		column++
	}
	return all
}

func spread(all [][]ruleset.Term, column int, t ruleset.Term, step uint64) [][]ruleset.Term {
	var out [][]ruleset.Term
	for _, k := range all {
		for v := t.Lo.Lo; ; v += step {
			one := append([]ruleset.Term(nil), k...)
			lo := ruleset.U128{Hi: t.Lo.Hi, Lo: v}
			one[column] = ruleset.Term{Lo: lo, Hi: ruleset.U128{Hi: t.Lo.Hi, Lo: v + step - 1}}
			out = append(out, one)
			if t.Hi.Lo-v < step {
				break
			}
		}
	}
	return out
}

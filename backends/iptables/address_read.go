package iptables

import (
	"net/netip"
	"strings"

	"github.com/loward/loward/backends/iptables/internal/ext"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// address of -s or -d as a match: nil where it means any.
type address struct{ m *ruleset.Match }

// addresses reads the value of -s or -d: addresses with or without a mask, or
// names, between commas.
func (rd *reader) addresses(opt int, into []address) []address {
	if !rd.has(opt) {
		return append(into, address{})
	}
	w, neg := rd.value[opt], rd.negs&(1<<opt) != 0
	rest, from := w.Text, 0
	for {
		i := strings.IndexByte(rest, ',')
		one := rest
		if i >= 0 {
			one = rest[:i]
			if neg {
				rd.syntax(w.Span, "several addresses can't be inverted").Helpf("write a rule for each of them, or -m set")
				return into
			}
		}
		lead := len(one) - len(strings.TrimLeft(one, " \t")) // the tool passes over blanks in front
		into = append(into, address{rd.address(opt, one[lead:], part(w, from+lead, len(one)-lead), neg)})
		if i < 0 || rd.bad {
			return into
		}
		rest, from = rest[i+1:], from+i+1
	}
}

// part is the span of a part of a word, or all of it where quotes were removed.
func part(w Word, at, n int) diag.Span {
	s := w.Span
	if s.End-s.Start == len(w.Text) {
		s.Start += at
		s.End = s.Start + n
	}
	return s
}

// address reads one of them. It is nil where every packet has it.
func (rd *reader) address(opt int, text string, at diag.Span, neg bool) *ruleset.Match {
	v6 := rd.s.family == ruleset.IP6
	f := ruleset.In4or6(map[bool]ruleset.Field{true: ruleset.IPSaddr, false: ruleset.IPDaddr}[opt == optSource], v6)
	if ruleset.HasUnknown(text) {
		return rd.slab.in(f, neg, ruleset.UnknownTerm(text))
	}
	host, mask := text, ""
	slash := strings.LastIndexByte(text, '/')
	if slash >= 0 {
		host, mask = text[:slash], text[slash+1:]
	}
	width := 32
	if v6 {
		width = 128
	}
	bits, odd, ok := rd.mask(mask, slash >= 0, width)
	if !ok {
		rd.syntax(at, "%q is no mask", mask).Helpf("a mask is a number from 0 to %d, or written like an address", width)
		return nil
	}
	a, ok := parseAddr(host, v6)
	if !ok {
		if ext.HostName(host) {
			return rd.slab.in(f, neg, ruleset.Text(text))
		}
		d := rd.syntax(at, "%q is no address", text)
		switch {
		case host == "":
			d.Helpf("an address is missing")
		case host[0] == '!':
			d.Helpf("! stands before the option, as a word of its own: ! %s %s", map[bool]string{true: "-s", false: "-d"}[opt == optSource], host[1:])
		case !v6 && strings.Contains(host, ":"):
			d.Helpf("an IPv6 address is for ip6tables")
		case v6 && !strings.Contains(host, ":"):
			d.Helpf("an IPv4 address is for iptables")
		default:
			d.Helpf("an address looks like %s", map[bool]string{false: "192.0.2.1, with a mask 192.0.2.0/24", true: "2001:db8::1, with a mask 2001:db8::/32"}[v6])
		}
		return nil
	}
	if odd != nil {
		v := ruleset.AddrValue(a)
		v.Hi, v.Lo = v.Hi&odd.Hi, v.Lo&odd.Lo
		m := rd.slab.in(f, neg, ruleset.Term{Lo: v, Hi: v})
		m.Op, m.Mask = ruleset.OpMask, *odd
		return m
	}
	if bits == 0 && !neg {
		return nil
	}
	if bits == width {
		return rd.slab.in(f, neg, ruleset.Addr(a))
	}
	return rd.slab.in(f, neg, ruleset.Prefix(netip.PrefixFrom(a, bits)))
}

// mask reads what stands behind the slash: a length, or bits, which odd holds
// where they are no prefix.
func (rd *reader) mask(s string, given bool, width int) (bits int, odd *ruleset.U128, ok bool) {
	if !given {
		return width, nil, true
	}
	if len(s) > 0 && len(s) <= 3 { // a length, as it nearly always is
		n := 0
		for i := 0; i < len(s); i++ {
			if s[i] < '0' || s[i] > '9' || i == 0 && s[i] == '0' && len(s) > 1 {
				n = -1
				break
			}
			n = n*10 + int(s[i]-'0')
		}
		if n >= 0 {
			return n, nil, n <= width
		}
	}
	if n, isNum := ext.Number(s); isNum {
		return int(n & 0xff), nil, n <= uint64(width)
	}
	a, ok := parseAddr(s, width == 128)
	if !ok {
		return 0, nil, false
	}
	v := ruleset.AddrValue(a)
	if n, ok := prefixOf(v, width); ok {
		return n, nil, true
	}
	return 0, &v, true
}

// parseAddr reads an address. The last bytes of an IPv4 address may be left out,
// and are 0; its numbers may be octal and hexadecimal, as in C.
func parseAddr(s string, v6 bool) (netip.Addr, bool) {
	if v6 {
		a, err := netip.ParseAddr(s)
		return a, err == nil && a.Is6() && a.Zone() == ""
	}
	var b [4]byte
	for i := range b {
		j := 0
		n := 0
		for j < len(s) && j < 4 && s[j] >= '0' && s[j] <= '9' {
			n = n*10 + int(s[j]-'0')
			j++
		}
		if j == 0 || j > 1 && s[0] == '0' || j < len(s) && s[j] != '.' {
			// Not plainly decimal.
			k := strings.IndexByte(s, '.')
			if k < 0 {
				k = len(s)
			}
			v, ok := ext.Number(s[:k])
			if !ok {
				return netip.Addr{}, false
			}
			n, j = int(min(v, 256)), k
		}
		if n > 255 {
			return netip.Addr{}, false
		}
		b[i] = byte(n)
		if j == len(s) {
			return netip.AddrFrom4(b), true
		}
		s = s[j+1:]
	}
	return netip.Addr{}, false
}

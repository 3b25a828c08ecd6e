package ext

import (
	"math/bits"
	"net/netip"
	"strings"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// number reads a number as the tool does: decimal, or in C's ways hexadecimal
// and octal.
func number(s string) (n uint64, ok bool) {
	base := uint64(10)
	switch {
	case len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x':
		base, s = 16, s[2:]
	case len(s) > 1 && s[0] == '0':
		base, s = 8, s[1:]
	}
	if s == "" {
		return 0, false
	}
	for i := 0; i < len(s); i++ {
		d := uint64(99)
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			d = uint64(c - '0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			d = uint64(c|0x20-'a') + 10
		}
		if d >= base {
			return 0, false
		}
		hi, lo := bits.Mul64(n, base)
		sum, carry := bits.Add64(lo, d, 0)
		if hi != 0 || carry != 0 {
			return 0, false
		}
		n = sum
	}
	return n, true
}

// num reads a value from lo to hi.
func (p *parse) num(g *given, w Word, lo, hi uint64) (uint64, bool) {
	if ruleset.HasUnknown(w.Text) {
		p.unknown = w.Text
		return lo, true
	}
	n, ok := number(w.Text)
	if !ok || n < lo || n > hi {
		p.errorf(w.Span, "%q is no value of %s", w.Text, p.name(g)).Helpf("it is a number from %d to %d", lo, hi)
		return lo, false
	}
	return n, true
}

// name of an option that stands.
func (p *parse) name(g *given) string { return p.x.Ext.canonical(g.o) }

// numOf the value of an option; missing where it does not stand.
func (p *parse) numOf(id uint8, lo, hi, missing uint64) uint64 {
	g := p.get(id)
	if g == nil {
		return missing
	}
	n, _ := p.num(g, g.v[0], lo, hi)
	return n
}

// rng reads "a", "a:b", ":b", "a:" or ":" with the separator given.
func (p *parse) rng(g *given, w Word, sep byte, most uint64) (ruleset.Term, bool) {
	if ruleset.HasUnknown(w.Text) {
		return ruleset.UnknownTerm(w.Text), true
	}
	a, b, isRange := cutByte(w.Text, sep)
	lo, hi, ok, ok2 := uint64(0), most, true, true
	if a != "" || !isRange {
		lo, ok = number(a)
	}
	switch {
	case !isRange:
		hi = lo
	case b != "":
		hi, ok2 = number(b)
	}
	switch {
	case !ok || !ok2 || lo > most || hi > most:
		p.errorf(w.Span, "%q is no value of %s", w.Text, p.name(g)).Helpf("it is a number from 0 to %d, or two with %q between them", most, sep)
		return ruleset.Term{}, false
	case lo > hi:
		p.errorf(w.Span, "%q is a range of nothing", w.Text).Helpf("the smaller number comes first")
		return ruleset.Term{}, false
	}
	return ruleset.Range(lo, hi), true
}

func cutByte(s string, sep byte) (before, after string, found bool) {
	if i := strings.IndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// marked reads value[/mask].
func (p *parse) marked(g *given, most uint64) (value, mask uint64, ok bool) {
	w := g.v[0]
	if ruleset.HasUnknown(w.Text) {
		p.unknown = w.Text
		return 0, most, true
	}
	a, b, has := cutByte(w.Text, '/')
	value, ok = number(a)
	mask = most
	if has && ok {
		mask, ok = number(b)
	}
	if !ok || value > most || mask > most {
		p.errorf(w.Span, "%q is no value of %s", w.Text, p.name(g)).Helpf("it is a number up to %#x, or two: value/mask", most)
		return 0, most, false
	}
	return value, mask, true
}

// word reads one of some words, whatever their case.
func (p *parse) word(g *given, w Word, words []string) (int, bool) {
	if ruleset.HasUnknown(w.Text) {
		p.unknown = w.Text
		return 0, true
	}
	for i, s := range words {
		if strings.EqualFold(s, w.Text) {
			return i, true
		}
	}
	p.errorf(w.Span, "%q is no value of %s", w.Text, p.name(g)).Helpf("it is one of %s", strings.Join(words, ", "))
	return 0, false
}

// begins reads one of some words, or the beginning of one, as strncasecmp with
// the word's own length does: the first that fits wins.
func (p *parse) begins(g *given, w Word, words []string) (int, bool) {
	for i, s := range words {
		if w.Text != "" && len(w.Text) <= len(s) && strings.EqualFold(s[:len(w.Text)], w.Text) {
			return i, true
		}
	}
	return p.word(g, w, words)
}

// cut a text as the tool cuts it, to so many bytes.
func (p *parse) cut(g *given, most int) string {
	w := g.v[0]
	if ruleset.HasUnknown(w.Text) {
		return ruleset.ShowUnknown(w.Text)
	}
	if len(w.Text) <= most {
		return w.Text
	}
	p.c.List.Warnf(w.Span, "%s has %d bytes, and is cut to %d", p.name(g), len(w.Text), most).WithCode(ruleset.CodeRefused)
	return w.Text[:most]
}

// list of the words between commas; each is handed to f until one fails.
func (p *parse) list(w Word, f func(Word) bool) bool {
	if ruleset.HasUnknown(w.Text) {
		p.unknown = w.Text
		return true
	}
	rest, at := w.Text, 0
	for {
		i := strings.IndexByte(rest, ',')
		part := rest
		if i >= 0 {
			part = rest[:i]
		}
		if !f(Word{part, w.sub(at, len(part))}) {
			return false
		}
		if i < 0 {
			return true
		}
		rest, at = rest[i+1:], at+i+1
	}
}

// sub is the span of a part of a word, or all of it where quotes were removed.
func (w Word) sub(at, n int) (s diag.Span) {
	s = w.Span
	if s.End-s.Start == len(w.Text) {
		s.Start += at
		s.End = s.Start + n
	}
	return s
}

// addr4 reads an IPv4 address. A network may leave out its last bytes.
func addr4(s string) (netip.Addr, bool) {
	var b [4]byte
	for i := 0; ; i++ {
		part, rest, more := cutByte(s, '.')
		n, ok := number(part)
		if !ok || n > 255 || more && i == 3 {
			return netip.Addr{}, false
		}
		b[i] = byte(n)
		if !more {
			return netip.AddrFrom4(b), true
		}
		s = rest
	}
}

// aton reads an IPv4 address as inet_aton does: the last number fills all bytes
// that are left, so that 10 is 0.0.0.10.
func aton(s string) (netip.Addr, bool) {
	v := uint64(0)
	for i := 0; i < 4; i++ {
		part, rest, more := cutByte(s, '.')
		n, ok := number(part)
		most := uint64(255)
		if !more {
			most = 1<<(8*(4-i)) - 1
		}
		if !ok || n > most {
			return netip.Addr{}, false
		}
		if !more {
			return ruleset.U128{Lo: v | n}.Addr4Of(), true
		}
		v |= n << (8 * (3 - i))
		s = rest
	}
	return netip.Addr{}, false
}

// addr6 reads an IPv6 address.
func addr6(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a, err == nil && a.Is6() && a.Zone() == ""
}

// addr reads an address of the rule's family.
func (p *parse) addr(s string) (netip.Addr, bool) {
	if p.v6() {
		return addr6(s)
	}
	return aton(s)
}

// quad reads an address that is written in full; in IPv4 its last bytes may be
// left out.
func (p *parse) quad(s string) (netip.Addr, bool) {
	if p.v6() {
		return addr6(s)
	}
	return addr4(s)
}

// host reads an address, or a name that only the machine can resolve.
func (p *parse) host(g *given, w Word) (a netip.Addr, t ruleset.Term, ok bool) {
	if ruleset.HasUnknown(w.Text) {
		return a, ruleset.UnknownTerm(w.Text), true
	}
	if a, ok := p.addr(w.Text); ok {
		return a, ruleset.Addr(a), true
	}
	if hostName(w.Text) {
		return a, ruleset.Text(w.Text), true
	}
	p.errorf(w.Span, "%q is no address for %s", w.Text, p.name(g)).Helpf("it is an %s address", p.ipName())
	return a, t, false
}

func (p *parse) ipName() string {
	if p.v6() {
		return "IPv6"
	}
	return "IPv4"
}

// hostName says whether a word may be a host's name.
func hostName(s string) bool {
	letter := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			letter = true
		case c >= '0' && c <= '9', c == '-' && i > 0, c == '.' && i > 0, c == '_':
		default:
			return false
		}
	}
	return letter
}

// network reads address[/mask] into a term and, where the mask is no prefix, the
// mask.
func (p *parse) network(g *given, w Word) (t ruleset.Term, mask *ruleset.U128, ok bool) {
	if ruleset.HasUnknown(w.Text) {
		return ruleset.UnknownTerm(w.Text), nil, true
	}
	s, m, masked := cutByte(w.Text, '/')
	a, ok := p.addr(s)
	if !ok {
		if hostName(s) {
			return ruleset.Text(w.Text), nil, true
		}
		p.errorf(w.Span, "%q is no address for %s", w.Text, p.name(g)).Helpf("it is an %s address, or one with /length", p.ipName())
		return t, nil, false
	}
	if !masked {
		return ruleset.Addr(a), nil, true
	}
	if n, isNum := number(m); isNum && n <= uint64(a.BitLen()) {
		return ruleset.Prefix(netip.PrefixFrom(a, int(n))), nil, true
	}
	b, ok := p.addr(m)
	if !ok {
		p.errorf(w.Span, "%q is no mask", m).Helpf("it is a number from 0 to %d, or written like an address", a.BitLen())
		return t, nil, false
	}
	v, k := ruleset.AddrValue(a), ruleset.AddrValue(b)
	if n, ok := prefixOf(k, a.BitLen()); ok {
		return ruleset.Prefix(netip.PrefixFrom(a, n)), nil, true
	}
	v.Hi, v.Lo = v.Hi&k.Hi, v.Lo&k.Lo
	return ruleset.Term{Lo: v, Hi: v}, &k, true
}

// prefixOf a mask of some width.
func prefixOf(m ruleset.U128, width int) (int, bool) {
	n := bits.OnesCount64(m.Hi) + bits.OnesCount64(m.Lo)
	host := ruleset.Prefix(netip.PrefixFrom(netip.IPv6Unspecified(), 128-width+n))
	all := ruleset.Prefix(netip.PrefixFrom(netip.IPv6Unspecified(), 128-width))
	return n, m == ruleset.U128{Hi: all.Hi.Hi &^ host.Hi.Hi, Lo: all.Hi.Lo &^ host.Hi.Lo}
}

// address adds a match of an address with its mask.
func (p *parse) address(f ruleset.Field, g *given) {
	t, mask, ok := p.network(g, g.v[0])
	if !ok {
		return
	}
	p.match(p.field(f), g.neg, t)
	if mask != nil {
		m := p.means[len(p.means)-1].(*ruleset.Match)
		m.Op, m.Mask = ruleset.OpMask, *mask
	}
}

// mac reads a link-layer address.
func (p *parse) mac(g *given, w Word) (ruleset.Term, bool) {
	if ruleset.HasUnknown(w.Text) {
		return ruleset.UnknownTerm(w.Text), true
	}
	n, s := uint64(0), w.Text
	for i := 0; i < 6; i++ {
		part, rest, more := cutByte(s, ':')
		b, ok := number("0x" + part)
		if !ok || b > 255 || len(part) > 2 || more != (i < 5) {
			p.errorf(w.Span, "%q is no link-layer address", w.Text).Helpf("it is six bytes in hexadecimal: 02:00:5e:00:53:01")
			return ruleset.Term{}, false
		}
		n, s = n<<8|b, rest
	}
	return ruleset.Num(n), true
}

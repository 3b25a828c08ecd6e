package resolve

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/ast"
)

// mistake is what is wrong with a value, and what would be right.
type mistake struct {
	what string
	help string
}

// parseAddr judges one address: no prefix, no port, no zone id.
func parseAddr(text string) (netip.Addr, *mistake) {
	a, err := netip.ParseAddr(text)
	if err == nil {
		switch {
		case a.Zone() != "":
			return a, &mistake{"an address can't carry an interface (%" + a.Zone() + ")",
				"write " + a.WithZone("").String() + " and name the interface with `on`"}
		case a.Is4In6():
			return a, &mistake{text + " is an IPv4 address written as an IPv6 one", "write " + a.Unmap().String()}
		}
		return a, nil
	}
	m := &mistake{what: strconv.Quote(text) + " is not an address"}
	switch {
	case strings.HasPrefix(text, "["):
		if ap, err := netip.ParseAddrPort(text); err == nil {
			m.what = "a port can't stand here"
			m.help = "write " + ap.Addr().String()
		} else if in := strings.Trim(text, "[]"); validAddr(in) {
			m.help = "brackets belong to an address with a port; write " + in
		}
	case strings.Contains(text, "/"):
		m.what = text + " is a prefix, where one address is needed"
		if at, _, _ := strings.Cut(text, "/"); validAddr(at) {
			m.help = "write " + at
		}
	case strings.Count(text, ":") == 1:
		if ap, err := netip.ParseAddrPort(text); err == nil {
			m.what = "a port can't stand here"
			m.help = "write " + ap.Addr().String()
		}
	case strings.Count(text, ":") == 0 && strings.Contains(text, "."):
		explainIPv4(text, m)
	case strings.Contains(text, ":"):
		m.help = "an IPv6 address is eight groups of up to four hexadecimal digits, with :: at most once"
	}
	return netip.Addr{}, m
}

func validAddr(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// explainIPv4 says what is wrong with something that has dots.
func explainIPv4(text string, m *mistake) {
	parts := strings.Split(text, ".")
	stripped := make([]string, len(parts))
	zeros := false
	for i, p := range parts {
		if p == "" || strings.Trim(p, "0123456789") != "" {
			if !startsWithDigit(text) {
				m.what = strconv.Quote(text) + " is a host name, where an address is needed"
				m.help = "names of the DNS are never looked up; write the address"
			}
			return
		}
		stripped[i] = strings.TrimLeft(p, "0")
		if stripped[i] == "" {
			stripped[i] = "0"
		}
		zeros = zeros || stripped[i] != p
		if n, err := strconv.Atoi(p); err != nil || n > 255 {
			m.help = "each part of an IPv4 address is 0 to 255, " + p + " is not"
			return
		}
	}
	switch {
	case len(parts) != 4:
		m.help = "an IPv4 address has four parts"
	case zeros:
		m.what = text + " has leading zeros, which some programs read as octal"
		m.help = "write " + strings.Join(stripped, ".")
	}
}

// parsePrefix judges ADDR/LEN, or ADDR alone as the prefix of its full length.
// masked says that host bits were set, which the caller reports.
func parsePrefix(text string) (p netip.Prefix, hostBits bool, m *mistake) {
	at, length, found := strings.Cut(text, "/")
	a, m := parseAddr(at)
	if m != nil {
		return p, false, m
	}
	if !found {
		return netip.PrefixFrom(a, a.BitLen()), false, nil
	}
	n, ok := parseNumber(length, a.BitLen())
	if !ok {
		m = &mistake{what: text + " has no valid prefix length"}
		m.help = "the length is 0 to " + strconv.Itoa(a.BitLen())
		if bits, isMask := maskBits(length); isMask && a.Is4() {
			m.what = "a netmask can't stand here"
			m.help = "write " + at + "/" + strconv.Itoa(bits)
		}
		return p, false, m
	}
	p = netip.PrefixFrom(a, n)
	return p, p.Masked() != p, nil
}

func maskBits(text string) (int, bool) {
	a, err := netip.ParseAddr(text)
	if err != nil || !a.Is4() {
		return 0, false
	}
	b := a.As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	n := 0
	for v&0x80000000 != 0 {
		n++
		v <<= 1
	}
	return n, v == 0
}

// parseNumber reads a decimal number of at most max; no sign, no leading zeros.
func parseNumber(text string, max int) (int, bool) {
	if text == "" || len(text) > 9 || len(text) > 1 && text[0] == '0' {
		return 0, false
	}
	n := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, n <= max
}

// looksLikeAddr tells an address, prefix or range of addresses, even a wrong
// one, from a name: it has a colon or a slash, or begins with a digit and has a
// dot.
func looksLikeAddr(text string) bool {
	return strings.ContainsAny(text, ":/") || startsWithDigit(text) && strings.Contains(text, ".")
}

func startsWithDigit(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

// parseAddrRange judges FROM-TO.
func parseAddrRange(text string) (policy.AddrRange, *mistake) {
	from, to, _ := strings.Cut(text, "-")
	lo, m := parseAddr(from)
	if m != nil {
		return policy.AddrRange{}, m
	}
	hi, m := parseAddr(to)
	if m != nil {
		if _, ok := parseNumber(to, 255); ok && lo.Is4() {
			m = &mistake{"a range needs a full address at both ends",
				"write " + from + "-" + from[:strings.LastIndexByte(from, '.')+1] + to}
		}
		return policy.AddrRange{}, m
	}
	switch {
	case lo.BitLen() != hi.BitLen():
		return policy.AddrRange{}, &mistake{"a range can't begin in one address family and end in the other", ""}
	case hi.Less(lo):
		return policy.AddrRange{}, &mistake{"the range ends before it begins", "write " + to + "-" + from}
	}
	return policy.AddrRange{Lo: lo, Hi: hi}, nil
}

// parsePorts judges PORT or FROM-TO of ports.
func parsePorts(text string) (policy.PortRange, *mistake) {
	from, to, isRange := strings.Cut(text, "-")
	lo, ok := parseNumber(from, 65535)
	if !ok || lo == 0 {
		return policy.PortRange{}, &mistake{text + " is not a port", "a port is 1 to 65535, or FROM-TO"}
	}
	if !isRange {
		return policy.PortRange{Lo: uint16(lo), Hi: uint16(lo)}, nil
	}
	hi, ok := parseNumber(to, 65535)
	switch {
	case !ok || hi == 0:
		return policy.PortRange{}, &mistake{text + " is not a range of ports", "a port is 1 to 65535, or FROM-TO"}
	case hi < lo:
		return policy.PortRange{}, &mistake{"the range ends before it begins", "write " + to + "-" + from}
	}
	return policy.PortRange{Lo: uint16(lo), Hi: uint16(hi)}, nil
}

// parseEndpoint judges ADDR, ADDR:PORT or [ADDR6]:PORT; port 0 where none is given.
func parseEndpoint(text string) (netip.AddrPort, *mistake) {
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		text = text[1 : len(text)-1]
	}
	host, port := text, ""
	switch i := strings.LastIndexByte(text, ':'); {
	case i < 0:
	case strings.HasPrefix(text, "["):
		if !strings.HasSuffix(text[:i], "]") {
			return netip.AddrPort{}, &mistake{strconv.Quote(text) + " is not an address with a port", "write [" + strings.Trim(text, "[]") + "]:PORT"}
		}
		host, port = text[1:i-1], text[i+1:]
	case strings.IndexByte(text, ':') == i:
		host, port = text[:i], text[i+1:]
	}
	a, m := parseAddr(host)
	if m != nil {
		return netip.AddrPort{}, m
	}
	if len(host) == len(text) {
		return netip.AddrPortFrom(a, 0), nil
	}
	n, ok := parseNumber(port, 65535)
	if !ok || n == 0 {
		return netip.AddrPort{}, &mistake{strconv.Quote(port) + " is not a port", "a port is 1 to 65535"}
	}
	return netip.AddrPortFrom(a, uint16(n)), nil
}

// unicast judges an address that a host is to have. What it can't be is said.
func unicast(a netip.Addr) *mistake {
	switch {
	case a.IsUnspecified():
		return &mistake{a.String() + " stands for no address at all", "for every address of the host write `address host`"}
	case a.IsMulticast():
		return &mistake{a.String() + " is a multicast address, which no host has as its own", "multicast that arrives is judged by `inbound`"}
	case a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return &mistake{a.String() + " is the broadcast address, which no host has as its own", "broadcast that arrives is judged by `inbound`"}
	case a.IsLinkLocalUnicast() && a.Is6():
		return &mistake{a.String() + " is link-local: every link may have it", "use a global or unique local (fd00::/8) address"}
	case a.Is4() && (a.As4()[0] == 0 || a.As4()[0] >= 240):
		return &mistake{a.String() + " is reserved: hosts refuse it", ""}
	}
	return nil
}

// plainWord says whether a word may stand without quotes.
func plainWord(s string) bool {
	switch s {
	case "", "from", "on", "to", "out", "user", "group", "limit", "log":
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"'`#,;={}\\", c) >= 0 {
			return false
		}
	}
	return true
}

// canonicalWord is a word as Rule.Text shows it: in single quotes where it
// could be misread. Names hold no quotes, so nothing needs escaping.
func canonicalWord(w ast.Word) string {
	if plainWord(w.Text) {
		return w.Text
	}
	return "'" + w.Text + "'"
}

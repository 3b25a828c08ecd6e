package iptables

import (
	"math/bits"
	"strings"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// match writes one match. What needs more than one rule is refused.
func (p *rule) match(m *ruleset.Match) {
	if !p.sane(m) {
		return
	}
	switch m.Field {
	case ruleset.IIFName:
		p.iface("-i", m)
	case ruleset.OIFName:
		p.iface("-o", m)
	case ruleset.IPSaddr, ruleset.IP6Saddr:
		p.address("-s", "--src-range", m)
	case ruleset.IPDaddr, ruleset.IP6Daddr:
		p.address("-d", "--dst-range", m)
	case ruleset.NFProto:
		p.family(m)
	case ruleset.L4Proto:
		p.protocol(m)
	case ruleset.Sport:
		p.port("--sport", m)
	case ruleset.Dport:
		p.port("--dport", m)
	case ruleset.TCPFlags:
		p.tcpFlags(m)
	case ruleset.ICMPType, ruleset.ICMPv6Type:
		p.icmp(m)
	case ruleset.ICMPCode, ruleset.ICMPv6Code:
		p.icmpCode(m)
	case ruleset.IPFrag:
		p.fragment(m)
	case ruleset.MetaMark:
		p.mark("mark", m)
	case ruleset.SKUID:
		p.owner("--uid-owner", m)
	case ruleset.SKGID:
		p.owner("--gid-owner", m)
	case ruleset.EtherSaddr:
		if t, ok := p.one(m); ok {
			p.mod("mac", "--mac-source", m.Neg)
			p.matches = emit.MAC(p.matches, t.Lo.Lo)
		}
	case ruleset.IPTTL:
		p.number("ttl", "--ttl-eq", m)
	case ruleset.IP6HopLimit:
		p.number("hl", "--hl-eq", m)
	case ruleset.IPDSCP, ruleset.IP6DSCP:
		p.number("dscp", "--dscp", m)
	case ruleset.IPLength, ruleset.PacketLength:
		if t, ok := p.span(m); ok && t.Hi.Lo <= 65535 {
			p.mod("length", "--length", m.Neg)
			p.matches = appendSpan(p.matches, t)
		} else if ok {
			p.refuse("a packet longer than 65535 bytes")
		}
	case ruleset.PktType:
		p.pktType(m)
	case ruleset.FibSaddrType, ruleset.FibDaddrType, ruleset.FibSaddrIIFType, ruleset.FibDaddrIIFType:
		p.addrType(m)
	default:
		p.connection(m)
	}
}

// sane refuses what no field can have.
func (p *rule) sane(m *ruleset.Match) bool {
	i := m.Field.Info()
	if own := map[bool]ruleset.Family{false: ruleset.IP, true: ruleset.IP6}[p.w.v6]; i.Family != ruleset.Inet && i.Family != own {
		p.refuse("%s: it is of the other family", m.Field)
		return false
	}
	if len(m.Terms) == 0 {
		p.refuse("a match on %s without a value", m.Field)
		return false
	}
	named := i.Domain == ruleset.Name || i.Domain == ruleset.String
	for _, t := range m.Terms {
		switch {
		case named != (t.Text != "") && i.Domain != ruleset.User && i.Domain != ruleset.Group:
			p.refuse("a value of %s that is not of its kind", m.Field)
			return false
		case t.Hi.Cmp(t.Lo) < 0:
			p.refuse("a range of %s that ends before it begins", m.Field)
			return false
		case i.Width < 64 && (t.Hi.Hi != 0 || t.Hi.Lo>>i.Width != 0):
			p.refuse("a value greater than %s", m.Field)
			return false
		}
	}
	return true
}

// span gives the only term of a plain match, a value or a range.
func (p *rule) span(m *ruleset.Match) (ruleset.Term, bool) {
	if m.Op != ruleset.OpIn || len(m.Terms) != 1 {
		p.refuse("several values, or bits, of %s in one rule", m.Field)
		return ruleset.Term{}, false
	}
	return m.Terms[0], true
}

// one gives the only value of a plain match.
func (p *rule) one(m *ruleset.Match) (ruleset.Term, bool) {
	t, ok := p.span(m)
	if ok && !t.Single() {
		p.refuse("a range of %s", m.Field)
		return t, false
	}
	return t, ok
}

func appendSpan(b []byte, t ruleset.Term) []byte {
	b = emit.Uint(b, t.Lo.Lo)
	if !t.Single() {
		b = emit.Uint(append(b, ':'), t.Hi.Lo)
	}
	return b
}

func (p *rule) number(module, option string, m *ruleset.Match) {
	if t, ok := p.one(m); ok {
		p.mod(module, option, m.Neg)
		p.matches = emit.Uint(p.matches, t.Lo.Lo)
	}
}

func (p *rule) iface(option string, m *ruleset.Match) {
	t, ok := p.one(m)
	if !ok {
		return
	}
	name := t.Text
	if why := emit.IfaceName(name); why != "" {
		p.refuse("the interface %q, which %s", name, why)
		return
	}
	if strings.HasSuffix(name, "+") {
		p.refuse("the interface %q: a + at the end is its wildcard", name)
		return
	}
	if stem, wild := strings.CutSuffix(name, "*"); wild {
		switch {
		case stem == "" && !m.Neg:
			return // any interface
		case stem == "":
			p.refuse("that %s is no name at all", m.Field)
			return
		case len(stem) == 15:
			name = stem // as long as a name can be
		default:
			name = stem + "+"
		}
	}
	p.option(option, m.Neg)
	if strings.ContainsAny(name, " !\"'\\-+") && !plainName(name) {
		p.basic = quote(p.basic, name)
		return
	}
	p.basic = append(p.basic, name...)
}

// plainName needs no quotes.
func plainName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alnum && (i == 0 || !strings.ContainsRune("-+._@", rune(c))) {
			return false
		}
	}
	return true
}

// address writes -s or -d, or a range; a second match on the same address is a
// range too, since -s stands once in a rule.
func (p *rule) address(option, ranged string, m *ruleset.Match) {
	width := 32
	if p.w.v6 {
		width = 128
	}
	if m.Op == ruleset.OpMask && len(m.Terms) == 1 && m.Terms[0].Single() {
		p.option(option, m.Neg)
		p.basic = emit.Addr(p.basic, m.Terms[0].Lo, p.w.v6)
		p.basic = emit.Addr(append(p.basic, '/'), m.Mask, p.w.v6)
		return
	}
	t, ok := p.span(m)
	if !ok {
		return
	}
	n, prefix := t.PrefixLen(width)
	if prefix && n == 0 { // every packet of the family has some address
		if m.Neg {
			p.refuse("that %s is no address at all", m.Field)
		}
		return
	}
	if prefix && !p.limited && !contains(p.used, option) {
		p.option(option, m.Neg)
		p.basic = emit.Addr(p.basic, t.Lo, p.w.v6)
		if n < width {
			p.basic = emit.Int(append(p.basic, '/'), n)
		}
		return
	}
	p.mod("iprange", ranged, m.Neg)
	p.matches = emit.Addr(p.matches, t.Lo, p.w.v6)
	p.matches = emit.Addr(append(p.matches, '-'), t.Hi, p.w.v6)
}

func contains(used []string, option string) bool {
	for _, u := range used {
		if u == option {
			return true
		}
	}
	return false
}

// family: the table is of one.
func (p *rule) family(m *ruleset.Match) {
	own := uint64(ruleset.NFProtoIPv4)
	if p.w.v6 {
		own = ruleset.NFProtoIPv6
	}
	hit := false
	for _, t := range m.Terms {
		hit = hit || t.Lo.Lo <= own && own <= t.Hi.Lo
	}
	if m.Op != ruleset.OpIn || hit == m.Neg {
		p.refuse("a rule for the other family")
	}
}

func (p *rule) protocol(m *ruleset.Match) {
	t, ok := p.one(m)
	if !ok {
		return
	}
	if t.Lo.Lo == 0 {
		p.refuse("protocol 0: it means any")
		return
	}
	if t.Lo.Lo == 51 && p.w.v6 {
		// AH is an extension header to ip6tables: -p passes over it.
		if m.Neg {
			p.refuse("every protocol but ah")
			return
		}
		p.matches = append(p.matches, " -m ah"...)
		p.alone()
		return
	}
	p.option("-p", m.Neg)
	p.basic = appendProtocol(p.basic, t.Lo.Lo)
}

// maxSlots is how many ports multiport holds; a range takes two.
const maxSlots = 15

func (p *rule) port(option string, m *ruleset.Match) {
	if m.Op != ruleset.OpIn {
		p.refuse("bits of %s", m.Field)
		return
	}
	if !p.known || !emit.HasPorts(p.proto) {
		p.refuse("a port without the one protocol that it is of")
		return
	}
	if len(m.Terms) == 1 && (p.proto == 6 || p.proto == 17 || p.proto == 132) {
		p.mod(map[uint64]string{6: "tcp", 17: "udp", 132: "sctp"}[p.proto], option, m.Neg)
		p.matches = appendSpan(p.matches, m.Terms[0])
		return
	}
	slots := 0
	for _, t := range m.Terms {
		slots++
		if !t.Single() {
			slots++
		}
	}
	if slots > maxSlots {
		p.refuse("more than %d ports in a rule (a range counts as two)", maxSlots)
		return
	}
	p.mod("multiport", option+"s", m.Neg)
	for i, t := range m.Terms {
		if i > 0 {
			p.matches = append(p.matches, ',')
		}
		p.matches = appendSpan(p.matches, t)
	}
}

// prefixOf gives how many of the highest bits a mask covers; ok is false where
// it is no prefix.
func prefixOf(m ruleset.U128, width int) (n int, ok bool) {
	if width == 32 {
		n = bits.LeadingZeros32(^uint32(m.Lo))
		return n, m.Lo == uint64(uint32(^uint32(0))<<(32-n)) && m.Hi == 0
	}
	n = bits.LeadingZeros64(^m.Hi)
	if n == 64 {
		low := bits.LeadingZeros64(^m.Lo)
		return 64 + low, low == 64 || m.Lo == ^uint64(0)<<(64-low)
	}
	return n, m.Lo == 0 && m.Hi == ^uint64(0)<<(64-n)
}

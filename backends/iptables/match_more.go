package iptables

import (
	"strings"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// tcpFlags: --tcp-flags MASK VALUE knows the six flags of RFC 793.
func (p *rule) tcpFlags(m *ruleset.Match) {
	const six = 0x3f
	if len(m.Terms) != 1 || !m.Terms[0].Single() {
		p.refuse("several values of %s in one rule", m.Field)
		return
	}
	value, mask, neg := m.Terms[0].Lo.Lo, m.Mask.Lo, m.Neg
	switch m.Op {
	case ruleset.OpIn:
		p.refuse("all eight TCP flags at once: it knows six")
		return
	case ruleset.OpAny: // any of the bits: not (none of them)
		mask, value, neg = value, 0, !neg
	}
	if mask&^six != 0 || value&^mask != 0 {
		p.refuse("the TCP flags ecn and cwr, or flags outside the mask")
		return
	}
	p.transport(6, "TCP flags")
	p.mod("tcp", "--tcp-flags", neg)
	p.matches = appendFlags(p.matches, mask)
	p.matches = appendFlags(append(p.matches, ' '), value)
}

func appendFlags(b []byte, v uint64) []byte {
	if v == 0 {
		return append(b, "NONE"...)
	}
	sep := ""
	for i, n := range [...]string{"FIN", "SYN", "RST", "PSH", "ACK", "URG"} {
		if v>>i&1 != 0 {
			b = append(append(b, sep...), n...)
			sep = ","
		}
	}
	return b
}

// icmp writes a type, with the code that the rule asks for besides.
func (p *rule) icmp(m *ruleset.Match) {
	proto, module, option := uint64(1), "icmp", "--icmp-type"
	if p.w.v6 {
		proto, module, option = 58, "icmp6", "--icmpv6-type"
	}
	t, ok := p.span(m)
	if !ok {
		return
	}
	p.transport(proto, "an ICMP type")
	if t.Lo.Lo == 0 && t.Hi.Lo == 255 && !m.Neg {
		return // any type
	}
	if !t.Single() || t.Lo.Lo == 255 {
		p.refuse("a range of ICMP types, or type 255, in one rule")
		return
	}
	code := p.code()
	if code != nil && (m.Neg || code.Neg) {
		p.refuse("an ICMP type or code but one, together with the other")
		return
	}
	p.alone()
	p.mod(module, option, m.Neg)
	p.matches = emit.Uint(p.matches, t.Lo.Lo)
	if code != nil {
		if c, ok := p.one(code); ok {
			p.matches = emit.Uint(append(p.matches, '/'), c.Lo.Lo)
		}
	}
}

// code finds the match on the ICMP code of the rule.
func (p *rule) code() *ruleset.Match {
	for _, s := range p.src.Body {
		if m, ok := s.(*ruleset.Match); ok && (m.Field == ruleset.ICMPCode || m.Field == ruleset.ICMPv6Code) {
			return m
		}
	}
	return nil
}

// icmpCode stands with its type, which writes it.
func (p *rule) icmpCode(m *ruleset.Match) {
	types, codes := 0, 0
	for _, s := range p.src.Body {
		if o, ok := s.(*ruleset.Match); ok {
			switch o.Field {
			case ruleset.ICMPType, ruleset.ICMPv6Type:
				types++
			case ruleset.ICMPCode, ruleset.ICMPv6Code:
				codes++
			}
		}
	}
	if types != 1 || codes != 1 || p.limited {
		p.refuse("an ICMP code without the one type that it belongs to")
		return
	}
	p.one(m)
}

// fragment: iptables tells later fragments from everything else, no more.
func (p *rule) fragment(m *ruleset.Match) {
	const offset = 0x1fff
	neg := false
	switch {
	case m.Op == ruleset.OpAny && m.Terms[0].Lo.Lo == offset:
		neg = m.Neg
	case m.Op == ruleset.OpMask && m.Mask.Lo == offset && len(m.Terms) == 1 && m.Terms[0] == ruleset.Num(0):
		neg = !m.Neg
	default:
		p.refuse("fragments in any way but being a later one (frag-off & 0x1fff != 0)")
		return
	}
	p.option("-f", neg)
	p.basic = p.basic[:len(p.basic)-1]
}

// mark of a packet or a connection.
func (p *rule) mark(module string, m *ruleset.Match) {
	if len(m.Terms) != 1 || !m.Terms[0].Single() {
		p.refuse("several values of %s in one rule", m.Field)
		return
	}
	value, mask, neg := m.Terms[0].Lo.Lo, m.Mask.Lo, m.Neg
	switch m.Op {
	case ruleset.OpAny:
		mask, value, neg = value, 0, !neg
	case ruleset.OpIn:
		mask = 0xffffffff
	}
	p.alone()
	p.mod(module, "--mark", neg)
	p.matches = emit.Hex(p.matches, value)
	p.matches = emit.Hex(append(p.matches, '/'), mask)
}

// owner: only positive, since a negation matches packets without an owner too.
func (p *rule) owner(option string, m *ruleset.Match) {
	t, ok := p.span(m)
	if !ok {
		return
	}
	if m.Neg {
		p.refuse("every user or group but one: that matches packets of nobody")
		return
	}
	p.alone()
	p.mod("owner", option, false)
	if t.Text != "" {
		if !emit.Quotable(t.Text) || strings.ContainsAny(t.Text, " \t") {
			p.refuse("the user or group %q", t.Text)
			return
		}
		p.matches = quote(p.matches, t.Text)
		return
	}
	p.matches = emit.Uint(p.matches, t.Lo.Lo)
	if !t.Single() {
		p.matches = emit.Uint(append(p.matches, '-'), t.Hi.Lo)
	}
}

func (p *rule) pktType(m *ruleset.Match) {
	t, ok := p.one(m)
	if !ok {
		return
	}
	name := map[uint64]string{ruleset.PktHost: "unicast", ruleset.PktBroadcast: "broadcast", ruleset.PktMulticast: "multicast"}[t.Lo.Lo]
	if name == "" {
		p.refuse("packets to other hosts")
		return
	}
	p.alone()
	p.mod("pkttype", "--pkt-type", m.Neg)
	p.matches = append(p.matches, name...)
}

// addrType: in IPv6 xt_addrtype takes several types as all of them at once, and
// unicast as the shape of the address; so only what means the same is written.
func (p *rule) addrType(m *ruleset.Match) {
	names := map[uint64]string{
		ruleset.AddrUnspec: "UNSPEC", ruleset.AddrUnicast: "UNICAST", ruleset.AddrLocal: "LOCAL",
		ruleset.AddrBroadcast: "BROADCAST", ruleset.AddrAnycast: "ANYCAST", ruleset.AddrMulticast: "MULTICAST",
		ruleset.AddrBlackhole: "BLACKHOLE", ruleset.AddrUnreachable: "UNREACHABLE", ruleset.AddrProhibit: "PROHIBIT",
	}
	if m.Op != ruleset.OpIn {
		p.refuse("bits of %s", m.Field)
		return
	}
	option := "--dst-type"
	if m.Field == ruleset.FibSaddrType || m.Field == ruleset.FibSaddrIIFType {
		option = "--src-type"
	}
	p.alone()
	p.mod("addrtype", option, m.Neg)
	for i, t := range m.Terms {
		v := t.Lo.Lo
		lookup := v == ruleset.AddrLocal || v == ruleset.AddrAnycast || v == ruleset.AddrUnreachable
		if names[v] == "" || !t.Single() || p.w.v6 && !lookup && (v != ruleset.AddrMulticast || len(m.Terms) > 1) {
			p.refuse("these values of %s in one rule", m.Field)
			return
		}
		if i > 0 {
			p.matches = append(p.matches, ',')
		}
		p.matches = append(p.matches, names[v]...)
	}
	if m.Field == ruleset.FibSaddrIIFType || m.Field == ruleset.FibDaddrIIFType {
		p.matches = append(p.matches, " --limit-iface-in"...)
	}
	p.alone()
}

package ext

import (
	"net/netip"
	"strings"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Options of the targets that translate.
const (
	oToAddr = iota + 16
	oRandom
	oRandomFully
	oPersistent
)

var targetDNAT = Extension{
	Name: "DNAT", Target: true, Ends: true, tables: nat, chains: prerouting | output,
	finish: func(p *parse) { p.translate(ruleset.DNAT) },
	options: []Option{
		{Name: "--to-destination", ID: oToAddr, Values: 1, Must: true},
		{Name: "--random", ID: oRandom},
		{Name: "--persistent", ID: oPersistent},
	},
}

var targetSNAT = Extension{
	Name: "SNAT", Target: true, Ends: true, tables: nat, chains: input | postrouting,
	finish: func(p *parse) { p.translate(ruleset.SNAT) },
	options: []Option{
		{Name: "--to-source", ID: oToAddr, Values: 1, Must: true},
		{Name: "--random", ID: oRandom},
		{Name: "--random-fully", ID: oRandomFully},
		{Name: "--persistent", ID: oPersistent},
	},
}

var targetMasquerade = Extension{
	Name: "MASQUERADE", Target: true, Ends: true, tables: nat, chains: postrouting,
	finish: func(p *parse) { p.translate(ruleset.Masquerade) },
	options: []Option{
		{Name: "--to-ports", ID: oToAddr, Values: 1},
		{Name: "--random", ID: oRandom},
		{Name: "--random-fully", ID: oRandomFully},
	},
}

var targetRedirect = Extension{
	Name: "REDIRECT", Target: true, Ends: true, tables: nat, chains: prerouting | output,
	finish: func(p *parse) { p.translate(ruleset.Redirect) },
	options: []Option{
		{Name: "--to-ports", ID: oToAddr, Values: 1},
		{Name: "--random", ID: oRandom},
	},
}

// translate adds a NAT of a kind. That of DNAT whose ports are shifted from a base
// (1000-2000/3000) is to one of the range.
func (p *parse) translate(kind ruleset.NATKind) {
	n := &ruleset.NAT{
		Kind: kind, Of: p.c.Family,
		Random: p.is(oRandom), FullyRandom: p.is(oRandomFully), Persistent: p.is(oPersistent),
	}
	p.add(n)
	g := p.get(oToAddr)
	if g == nil {
		return
	}
	w := g.v[0]
	if kind == ruleset.Masquerade || kind == ruleset.Redirect {
		p.natPorts(n, w.Text, w.Span, false)
		return
	}
	if ruleset.HasUnknown(w.Text) {
		p.natUnknown(n, w)
		return
	}
	addrs, ports, hasPorts := p.natParts(w)
	if hasPorts && !p.natPorts(n, ports, w.Span, true) || p.bad || addrs == "" && hasPorts {
		return
	}
	a, b, isRange := cutByte(addrs, '-')
	if !isRange {
		b = a
	}
	var ok, ok2 bool
	n.Lo, ok = p.natAddr(a)
	n.Hi, ok2 = p.natAddr(b)
	if !ok || !ok2 {
		p.errorf(w.Span, "%q is no address to translate to", addrs).Helpf("it is an %s address, or two with a - between them%s", p.ipName(), p.portHelp())
		return
	}
	if n.Hi.Less(n.Lo) { // the tool takes it, and the kernel any address
		n.Lo, n.Hi, n.To = netip.Addr{}, netip.Addr{}, ruleset.UnknownTerm(addrs)
	}
}

func (p *parse) portHelp() string {
	if p.v6() {
		return "; with ports it is in brackets: [2001:db8::1]:80"
	}
	return "; ports follow a colon"
}

func (p *parse) natAddr(s string) (netip.Addr, bool) {
	if p.v6() {
		return addr6(s)
	}
	a, err := netip.ParseAddr(s) // as inet_pton: no zeros in front
	return a, err == nil && a.Is4()
}

// natParts splits addresses from ports.
func (p *parse) natParts(w Word) (addrs, ports string, hasPorts bool) {
	s := w.Text
	if !p.v6() {
		return cutByte(s, ':')
	}
	if s == "" || s[0] != '[' {
		return s, "", false
	}
	addrs, rest, closed := cutByte(s[1:], ']')
	if !closed || rest != "" && rest[0] != ':' {
		p.errorf(w.Span, "%q is no address and port", s).Helpf("write [ADDRESS]:PORT")
		return "", "", false
	}
	if rest == "" {
		return addrs, "", false
	}
	return addrs, rest[1:], true
}

// natUnknown is a translation to what can't be known.
func (p *parse) natUnknown(n *ruleset.NAT, w Word) {
	t := ruleset.UnknownTerm(w.Text)
	n.To = t
	// A known address in front of an unknown port stays known.
	if addrs, ports, hasPorts := cutByte(w.Text, ':'); hasPorts && !p.v6() && !ruleset.HasUnknown(addrs) {
		if a, ok := p.natAddr(addrs); ok {
			n.To, n.Lo, n.Hi = nil, a, a
			p.natPorts(n, ports, w.Span, true)
			return
		}
	}
	// A known port behind an unknown address stays known.
	if i := strings.LastIndexByte(w.Text, ':'); i >= 0 && !ruleset.HasUnknown(w.Text[i:]) {
		if (!p.v6() || strings.HasSuffix(w.Text[:i], "]")) && p.natPorts(n, w.Text[i+1:], w.sub(i+1, len(w.Text)-i-1), true) {
			n.To = ruleset.UnknownTerm(w.Text[:i])
		}
		return
	}
	n.ToPort = t
}

// natPorts reads PORT[-PORT[/BASE]].
func (p *parse) natPorts(n *ruleset.NAT, s string, at diag.Span, base bool) bool {
	p.needPorts("a translation of ports", at, protoTCP, protoUDP, protoSCTP, protoDCCP, protoICMP, protoICMPv6)
	if ruleset.HasUnknown(s) {
		n.ToPort = ruleset.UnknownTerm(s)
		return true
	}
	if d, ok := find(services[:], s); ok {
		n.PortLo, n.PortHi = d, d
		return true
	}
	ports, from, hasBase := cutByte(s, '/')
	a, b, isRange := cutByte(ports, '-')
	named := func(s string) (uint16, bool, bool) {
		if d, ok := number(s); ok {
			return uint16(d), d <= 65535, true
		}
		d, ok := find(services[:], s)
		return d, ok, false
	}
	lo, ok, digits := named(a)
	if !ok && !isRange && serviceName(a) { // the machine knows it
		n.ToPort = ruleset.Text(a)
		return true
	}
	hi := lo
	if isRange {
		var ok2 bool
		if hi, ok2, _ = named(b); !ok2 || !digits || !isDigits(b) {
			ok = false
		}
	}
	if hasBase {
		d, ok3, _ := named(from)
		ok = ok && ok3 && base && isRange && d > 0
	}
	switch {
	case !ok:
		p.errorf(at, "%q is no port to translate to", s).Helpf("it is a number up to 65535, or two with a - between them")
		return false
	case lo > hi:
		p.errorf(at, "%q is a range of nothing", s).Helpf("the smaller port comes first")
		return false
	}
	n.PortLo, n.PortHi = lo, hi
	return true
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

var targetNetmap = Extension{
	Name: "NETMAP", Target: true, Ends: true, tables: nat, finish: finishNetmap,
	options: []Option{{Name: "--to", ID: oToAddr, Values: 1, Must: true}},
}

// finishNetmap: the destination is mapped where it can still decide the way, the
// source behind that. In a user chain it depends on who calls it.
func finishNetmap(p *parse) {
	n := &ruleset.NAT{Kind: ruleset.DNAT, Of: p.c.Family, Netmap: true}
	if p.c.Chain == "POSTROUTING" || p.c.Chain == "INPUT" {
		n.Kind = ruleset.SNAT
	}
	g := p.get(oToAddr)
	t, mask, ok := p.network(g, g.v[0])
	if !p.c.Builtin {
		p.add(&ruleset.May{Why: "the source or the destination is mapped", Verdict: true})
		return
	}
	p.add(n)
	switch {
	case !ok:
	case t.Unknown || t.Text != "":
		n.To = t
	case mask != nil:
		n.To = ruleset.UnknownTerm(g.v[0].Text) // no prefix: no plain statement says it
	case p.v6():
		n.Lo, n.Hi = t.Lo.Addr6Of(), t.Hi.Addr6Of()
	default:
		n.Lo, n.Hi = t.Lo.Addr4Of(), t.Hi.Addr4Of()
	}
}

// Options of SNPT and DNPT.
const (
	oSrcPfx = iota
	oDstPfx
)

var targetSNPT = Extension{
	Name: "SNPT", Target: true, Family: ruleset.IP6, tables: mangle, chains: input | postrouting,
	finish: func(p *parse) { p.prefixTranslation(ruleset.IP6Saddr) },
	options: []Option{
		{Name: "--src-pfx", ID: oSrcPfx, Values: 1, Must: true},
		{Name: "--dst-pfx", ID: oDstPfx, Values: 1, Must: true},
	},
}

var targetDNPT = Extension{
	Name: "DNPT", Target: true, Family: ruleset.IP6, tables: mangle, chains: prerouting | output,
	finish: func(p *parse) { p.prefixTranslation(ruleset.IP6Daddr) },
	options: []Option{
		{Name: "--src-pfx", ID: oSrcPfx, Values: 1, Must: true},
		{Name: "--dst-pfx", ID: oDstPfx, Values: 1, Must: true},
	},
}

// prefixTranslation: the address gets another prefix, and the rest of it changes
// so that checksums stay as they are (RFC 6296).
func (p *parse) prefixTranslation(f ruleset.Field) {
	for i := range p.x.given {
		g := &p.x.given[i]
		w := g.v[0]
		if ruleset.HasUnknown(w.Text) {
			continue
		}
		a, length, _ := cutByte(w.Text, '/')
		_, ok := addr6(a)
		n, ok2 := number(length)
		if !ok || !ok2 || n > 128 {
			p.errorf(w.Span, "%q is no prefix", w.Text).Helpf("it is an IPv6 address and its length: 2001:db8::/64")
		} else if n > 64 {
			p.refusef("the prefix %q is longer than 64 bits", w.Text)
		}
	}
	p.add(&ruleset.SetField{Field: f, Value: ruleset.UnknownTerm("of " + p.text(oDstPfx))})
}

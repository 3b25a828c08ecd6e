package ext

import "github.com/loward/loward/compiler/ruleset"

// Options of addrtype.
const (
	oSrcType = iota
	oDstType
	oIfaceIn
	oIfaceOut
)

var matchAddrtype = Extension{
	Name: "addrtype", finish: finishAddrtype,
	options: []Option{
		{Name: "--src-type", ID: oSrcType, Values: 1, Neg: true},
		{Name: "--dst-type", ID: oDstType, Values: 1, Neg: true},
		{Name: "--limit-iface-in", ID: oIfaceIn, Excl: 1 << oIfaceOut},
		{Name: "--limit-iface-out", ID: oIfaceOut, Excl: 1 << oIfaceIn},
	},
}

// addrTypes are the names of the types, in the order of their numbers (RTN_* of
// linux/rtnetlink.h).
var addrTypes = [...]string{
	"UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT",
	"THROW", "NAT", "XRESOLVE",
}

func finishAddrtype(p *parse) {
	if !p.is(oSrcType) && !p.is(oDstType) {
		p.errorf(p.x.At, "the match addrtype needs a type").Helpf("write --src-type or --dst-type")
		return
	}
	if p.is(oIfaceIn) {
		p.chains(prerouting|input|forward, "addrtype --limit-iface-in")
	}
	if p.is(oIfaceOut) {
		p.chains(forward|output|postrouting, "addrtype --limit-iface-out")
	}
	for i := range p.x.given {
		g := &p.x.given[i]
		if g.o.ID > oDstType {
			continue
		}
		types := uint64(0)
		if !p.list(g.v[0], func(w Word) bool {
			i, ok := p.begins(g, w, addrTypes[:])
			types |= 1 << i
			return ok
		}) {
			return
		}
		if p.v6() {
			p.addrTypes6(g, types)
		} else {
			p.fibType(g.o.ID == oDstType, types, g.neg)
		}
	}
}

// fibType adds a match of what the routing table says of an address.
func (p *parse) fibType(dst bool, types uint64, neg bool) {
	var terms []ruleset.Term
	for n := range uint64(len(addrTypes)) {
		if types&(1<<n) != 0 {
			terms = append(terms, ruleset.Num(n))
		}
	}
	addr, plain, in := "saddr", ruleset.FibSaddrType, ruleset.FibSaddrIIFType
	if dst {
		addr, plain, in = "daddr", ruleset.FibDaddrType, ruleset.FibDaddrIIFType
	}
	switch {
	case p.is(oIfaceIn):
		p.match(in, neg, terms...)
	case p.is(oIfaceOut):
		p.of(&ruleset.Selector{Kind: ruleset.Fib, Args: []string{addr, "oif", "type"}, Width: 32, Domain: ruleset.Enum}, neg, terms...)
	default:
		p.match(plain, neg, terms...)
	}
}

// addrTypes6 follows match_type6 of net/netfilter/xt_addrtype.c: in IPv6 some
// types are told by the address alone, each of those asked for must be there,
// and only the others are looked up.
func (p *parse) addrTypes6(g *given, types uint64) {
	const (
		unspec    = 1 << ruleset.AddrUnspec
		unicast   = 1 << ruleset.AddrUnicast
		multicast = 1 << ruleset.AddrMulticast
		looked    = 1<<ruleset.AddrLocal | 1<<ruleset.AddrAnycast | 1<<ruleset.AddrUnreachable
		refused   = 1<<ruleset.AddrBroadcast | 1<<ruleset.AddrBlackhole | 1<<ruleset.AddrProhibit
	)
	if types&refused != 0 {
		p.refusef("IPv6 knows no such address type as %q", g.v[0].Text).Helpf("leave BROADCAST, BLACKHOLE and PROHIBIT out")
		return
	}
	dst := g.o.ID == oDstType
	f := ruleset.IP6Saddr
	if dst {
		f = ruleset.IP6Daddr
	}
	conditions := 0
	for _, b := range [...]uint64{unspec, unicast, multicast} {
		if types&b != 0 {
			conditions++
		}
	}
	if types&looked != 0 {
		conditions++
	}
	if types&looked&^(1<<ruleset.AddrLocal) != 0 || g.neg && conditions > 1 {
		p.may("the address type")
		return
	}
	zero := ruleset.Term{}
	if types&multicast != 0 {
		p.match(f, g.neg, multicast6())
	}
	if types&unicast != 0 { // ipv6_addr_type: neither ::, nor mapped IPv4, nor multicast
		mapped := ruleset.Term{Lo: ruleset.U128{Lo: 0xffff << 32}, Hi: ruleset.U128{Lo: 0xffff<<32 | 0xffffffff}}
		p.match(f, !g.neg, zero, mapped, multicast6())
	}
	if types&unspec != 0 {
		p.match(f, g.neg, zero)
	}
	if types&looked != 0 {
		p.fibType(dst, types&looked, g.neg)
	}
	if conditions == 0 && g.neg {
		p.never()
	}
}

func multicast6() ruleset.Term {
	return ruleset.Term{Lo: ruleset.U128{Hi: 0xff << 56}, Hi: ruleset.U128{Hi: ^uint64(0), Lo: ^uint64(0)}}
}

// Options of iprange.
const (
	oSrcRange = iota
	oDstRange
)

var matchIPRange = Extension{
	Name: "iprange", finish: finishIPRange,
	options: []Option{
		{Name: "--src-range", ID: oSrcRange, Values: 1, Neg: true},
		{Name: "--dst-range", ID: oDstRange, Values: 1, Neg: true},
	},
}

func finishIPRange(p *parse) {
	if len(p.x.given) == 0 {
		p.errorf(p.x.At, "the match iprange needs a range").Helpf("write --src-range or --dst-range")
		return
	}
	for i := range p.x.given {
		g := &p.x.given[i]
		f := p.field(ruleset.IPSaddr)
		if g.o.ID == oDstRange {
			f = p.field(ruleset.IPDaddr)
		}
		w := g.v[0]
		if ruleset.HasUnknown(w.Text) {
			p.match(f, g.neg, ruleset.UnknownTerm(w.Text))
			continue
		}
		a, b, isRange := cutByte(w.Text, '-')
		if !isRange {
			b = a
		}
		lo, ok := p.quad(a)
		hi, ok2 := p.quad(b)
		switch {
		case !ok || !ok2:
			p.errorf(w.Span, "%q is no range of addresses", w.Text).Helpf("it is two %s addresses with a - between them", p.ipName())
			return
		case hi.Less(lo): // the tool warns: it never matches
			p.c.List.Warnf(w.Span, "%q is a range of nothing", w.Text).Helpf("the smaller address comes first").WithCode(ruleset.CodeRefused)
			if !g.neg {
				p.never()
			}
		default:
			t := ruleset.AddrRange(lo, hi)
			t.Form = ruleset.AsRange
			p.match(f, g.neg, t)
		}
	}
}

var matchPkttype = Extension{
	Name: "pkttype", finish: finishPkttype,
	options: []Option{{Name: "--pkt-type", Values: 1, Neg: true, Must: true}},
}

func finishPkttype(p *parse) {
	g := p.get(0)
	words := []string{"unicast", "broadcast", "multicast", "otherhost", "host"}
	if i, ok := p.word(g, g.v[0], words); ok {
		p.match(ruleset.PktType, g.neg, ruleset.Num(uint64(i%4)))
	}
}

var matchMAC = Extension{
	Name: "mac", finish: finishMAC, chains: prerouting | input | forward,
	options: []Option{{Name: "--mac-source", Values: 1, Neg: true, Must: true}},
}

func finishMAC(p *parse) {
	g := p.get(0)
	if t, ok := p.mac(g, g.v[0]); ok {
		p.match(ruleset.EtherSaddr, g.neg, t)
	}
}

// Options of devgroup.
const (
	oSrcGroup = iota
	oDstGroup
)

var matchDevgroup = Extension{
	Name: "devgroup", finish: finishDevgroup,
	options: []Option{
		{Name: "--src-group", ID: oSrcGroup, Values: 1, Neg: true},
		{Name: "--dst-group", ID: oDstGroup, Values: 1, Neg: true},
	},
}

func finishDevgroup(p *parse) {
	if len(p.x.given) == 0 {
		p.errorf(p.x.At, "the match devgroup needs a group").Helpf("write --src-group or --dst-group")
		return
	}
	for i := range p.x.given {
		g := &p.x.given[i]
		f, where := ruleset.IIFGroup, prerouting|input|forward
		if g.o.ID == oDstGroup {
			f, where = ruleset.OIFGroup, forward|output|postrouting
		}
		p.chains(where, "devgroup "+p.name(g))
		p.namedMark(f, g)
	}
}

// namedMark adds a match of a number with a mask, or of a name of the machine.
func (p *parse) namedMark(f ruleset.Field, g *given) {
	w := g.v[0]
	if c := w.Text; serviceName(c) {
		p.match(f, g.neg, ruleset.Text(c))
	} else if value, mask, ok := p.marked(g, 1<<32-1); ok {
		p.masked(f, g.neg, value, mask)
	}
}

var matchRealm = Extension{
	Name: "realm", Family: ruleset.IP, finish: finishRealm, chains: input | forward | output | postrouting,
	options: []Option{{Name: "--realm", Values: 1, Neg: true, Must: true}},
}

func finishRealm(p *parse) { p.namedMark(ruleset.RTClassID, p.get(0)) }

// Options of physdev.
const (
	oPhysIn = iota
	oPhysOut
	oPhysIsIn
	oPhysIsOut
	oPhysBridged
)

var matchPhysdev = Extension{
	Name: "physdev", finish: finishPhysdev,
	options: []Option{
		{Name: "--physdev-in", ID: oPhysIn, Values: 1, Neg: true},
		{Name: "--physdev-out", ID: oPhysOut, Values: 1, Neg: true},
		{Name: "--physdev-is-in", ID: oPhysIsIn, Neg: true},
		{Name: "--physdev-is-out", ID: oPhysIsOut, Neg: true},
		{Name: "--physdev-is-bridged", ID: oPhysBridged, Neg: true},
	},
}

// finishPhysdev: a packet's ports of a bridge are no fields of the model.
func finishPhysdev(p *parse) {
	if len(p.x.given) == 0 {
		p.errorf(p.x.At, "the match physdev needs an option").Helpf("write --physdev-in, for instance")
		return
	}
	for i := range p.x.given {
		if g := &p.x.given[i]; g.o.Values > 0 && !ruleset.HasUnknown(g.v[0].Text) && (g.v[0].Text == "" || len(g.v[0].Text) > 15) {
			p.errorf(g.v[0].Span, "%q is no name of an interface", g.v[0].Text).Helpf("it has 1 to 15 bytes")
		}
	}
	p.may("the port of a bridge")
}

// Options of rpfilter.
const (
	oLoose = iota
	oValidMark
	oAcceptLocal
	oInvert
)

var matchRPFilter = Extension{
	Name: "rpfilter", finish: finishRPFilter, tables: mangle | raw, chains: prerouting,
	options: []Option{
		{Name: "--loose", ID: oLoose},
		{Name: "--validmark", ID: oValidMark},
		{Name: "--accept-local", ID: oAcceptLocal},
		{Name: "--invert", ID: oInvert},
	},
}

// finishRPFilter: the way back to the source leads over the arriving interface
// (or, loose, over any). The lookup is nft's fib.
func finishRPFilter(p *parse) {
	none := ruleset.Num(0)
	switch neg := !p.is(oInvert); {
	case p.is(oAcceptLocal):
		p.may("the way back to the source")
	case p.is(oValidMark):
		args := []string{"saddr", "mark", "iif", "oif"}
		if p.is(oLoose) {
			args = []string{"saddr", "mark", "oif"}
		}
		p.of(&ruleset.Selector{Kind: ruleset.Fib, Args: args, Width: 32}, neg, none)
	case p.is(oLoose):
		p.match(ruleset.FibSaddrOIF, neg, none)
	default:
		p.match(ruleset.FibSaddrIIFOIF, neg, none)
	}
}

package ext

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

var matchLength = Extension{
	Name: "length", finish: finishLength,
	options: []Option{{Name: "--length", Values: 1, Neg: true, Must: true}},
}

func finishLength(p *parse) {
	g := p.get(0)
	if t, ok := p.rng(g, g.v[0], ':', 65535); ok {
		p.match(ruleset.PacketLength, g.neg, t)
	}
}

// Options of ttl and hl.
const (
	oEq = iota
	oLess
	oMore
)

var matchTTL = Extension{
	Name: "ttl", Family: ruleset.IP, finish: finishTTL,
	options: []Option{
		{Name: "--ttl-eq", ID: oEq, Values: 1, Neg: true, Excl: 1<<oLess | 1<<oMore},
		{Name: "--ttl", ID: oEq, Values: 1, Neg: true, Excl: 1<<oLess | 1<<oMore},
		{Name: "--ttl-lt", ID: oLess, Values: 1, Excl: 1<<oEq | 1<<oMore},
		{Name: "--ttl-gt", ID: oMore, Values: 1, Excl: 1<<oEq | 1<<oLess},
	},
}

var matchHL = Extension{
	Name: "hl", Family: ruleset.IP6, finish: finishTTL,
	options: []Option{
		{Name: "--hl-eq", ID: oEq, Values: 1, Neg: true, Excl: 1<<oLess | 1<<oMore},
		{Name: "--hl-lt", ID: oLess, Values: 1, Excl: 1<<oEq | 1<<oMore},
		{Name: "--hl-gt", ID: oMore, Values: 1, Excl: 1<<oEq | 1<<oLess},
	},
}

func finishTTL(p *parse) {
	if len(p.x.given) == 0 {
		p.errorf(p.x.At, "%s needs a number", p.kind()).Helpf("write %s", p.x.Ext.namesOf(1<<oEq|1<<oLess|1<<oMore))
		return
	}
	g := &p.x.given[0]
	n, ok := p.num(g, g.v[0], 0, 255)
	f := p.field(ruleset.IPTTL)
	switch {
	case !ok:
	case g.o.ID == oEq:
		p.match(f, g.neg, ruleset.Num(n))
	case g.o.ID == oLess && n > 0:
		t := ruleset.Range(0, n-1)
		t.Form = ruleset.Less
		p.match(f, false, t)
	case g.o.ID == oMore && n < 255:
		t := ruleset.Range(n+1, 255)
		t.Form = ruleset.More
		p.match(f, false, t)
	default:
		p.never()
	}
}

// Options of dscp and DSCP.
const (
	oDSCP = iota
	oDSCPClass
)

var matchDSCP = Extension{
	Name: "dscp", finish: finishDSCP,
	options: []Option{
		{Name: "--dscp", ID: oDSCP, Values: 1, Neg: true, Excl: 1 << oDSCPClass},
		{Name: "--dscp-class", ID: oDSCPClass, Values: 1, Neg: true, Excl: 1 << oDSCP},
	},
}

// dscp reads the value that either option gives.
func (p *parse) dscp() (g *given, n uint64, ok bool) {
	if len(p.x.given) == 0 {
		p.errorf(p.x.At, "%s needs a value", p.kind()).Helpf("write %s", p.x.Ext.namesOf(1<<oDSCP|1<<oDSCPClass))
		return nil, 0, false
	}
	g = &p.x.given[0]
	if g.o.ID == oDSCP {
		n, ok = p.num(g, g.v[0], 0, 63)
	} else {
		n, ok = p.dscpClass(g)
	}
	return g, n, ok
}

// dscpClass reads BE, EF, CS0 to CS7 or AF11 to AF43.
func (p *parse) dscpClass(g *given) (uint64, bool) {
	w := g.v[0]
	if ruleset.HasUnknown(w.Text) {
		p.unknown = w.Text
		return 0, true
	}
	switch s := strings.ToUpper(w.Text); {
	case s == "BE":
		return 0, true
	case s == "EF":
		return 46, true
	case len(s) == 3 && s[:2] == "CS" && s[2] >= '0' && s[2] <= '7':
		return uint64(s[2]-'0') << 3, true
	case len(s) == 4 && s[:2] == "AF" && s[2] >= '1' && s[2] <= '4' && s[3] >= '1' && s[3] <= '3':
		return uint64(s[2]-'0')<<3 | uint64(s[3]-'0')<<1, true
	}
	p.errorf(w.Span, "%q is no DSCP class", w.Text).Helpf("it is BE, EF, CS0 to CS7 or AF11 to AF43")
	return 0, false
}

func finishDSCP(p *parse) {
	if g, n, ok := p.dscp(); ok {
		p.match(p.field(ruleset.IPDSCP), g.neg, ruleset.Num(n))
	}
}

var matchTOS = Extension{
	Name: "tos", finish: finishTOS,
	options: []Option{{Name: "--tos", Values: 1, Neg: true, Must: true}},
}

type tosName struct {
	name string
	tos  uint64
}

var tosNames = [...]tosName{
	{"Minimize-Delay", 16}, {"Maximize-Throughput", 8}, {"Maximize-Reliability", 4}, {"Minimize-Cost", 2},
	{"Normal-Service", 0},
}

// tos reads a value with its mask, or a name; a name has six bits (IPTOS_TOS and
// the ECN bits of old).
func (p *parse) tos(g *given) (value, mask uint64, ok bool) {
	w := g.v[0]
	if c := w.Text; !serviceName(c) {
		return p.marked(g, 255)
	}
	for _, n := range tosNames {
		if strings.EqualFold(n.name, w.Text) {
			return n.tos, 0x3f, true
		}
	}
	p.errorf(w.Span, "%q is no type of service", w.Text).Helpf("it is a number up to 255, value/mask, or one of Minimize-Delay, Maximize-Throughput, Maximize-Reliability, Minimize-Cost, Normal-Service")
	return 0, 0, false
}

// tosByte is where DSCP and ECN are, of the rule's family. In IPv6 they lie across
// two bytes, which are taken whole: shift is how far from the right they are.
func (p *parse) tosByte() (bytes *ruleset.Selector, shift int) {
	if p.v6() {
		return &ruleset.Selector{Kind: ruleset.RawPayload, Args: []string{"nh", "0", "16"}, Width: 16}, 4
	}
	return &ruleset.Selector{Kind: ruleset.RawPayload, Args: []string{"nh", "8", "8"}, Width: 8}, 0
}

func finishTOS(p *parse) {
	g := p.get(0)
	value, mask, ok := p.tos(g)
	switch {
	case !ok:
	case mask == 0xfc && value&3 == 0:
		p.match(p.field(ruleset.IPDSCP), g.neg, ruleset.Num(value>>2))
	case mask == 3 && value < 4:
		p.match(p.field(ruleset.IPECN), g.neg, ruleset.Num(value))
	default:
		bytes, shift := p.tosByte()
		p.of(bytes, g.neg, ruleset.Num(value<<shift))
		if mask != 255 || shift != 0 {
			m := p.means[len(p.means)-1].(*ruleset.Match)
			m.Op, m.Mask = ruleset.OpMask, ruleset.U128{Lo: mask << shift}
		}
	}
}

// Options of ecn.
const (
	oCWR = iota
	oECE
	oECT
)

var matchECN = Extension{
	Name: "ecn", finish: finishECN,
	options: []Option{
		{Name: "--ecn-tcp-cwr", ID: oCWR, Neg: true},
		{Name: "--ecn-tcp-ece", ID: oECE, Neg: true},
		{Name: "--ecn-ip-ect", ID: oECT, Values: 1, Neg: true},
	},
}

func finishECN(p *parse) {
	if len(p.x.given) == 0 {
		p.errorf(p.x.At, "the match ecn needs an option").Helpf("write --ecn-tcp-cwr, --ecn-tcp-ece or --ecn-ip-ect")
		return
	}
	if (p.is(oCWR) || p.is(oECE)) && !p.c.AnyProto && (p.c.Proto != protoTCP || p.c.NotProto) {
		p.refusef("the bits of TCP need the protocol tcp").Helpf("write -p tcp in front of it")
		return
	}
	for i := range p.x.given {
		g := &p.x.given[i]
		switch g.o.ID {
		case oCWR:
			p.bits(ruleset.TCPFlags, g.neg, 128)
		case oECE:
			p.bits(ruleset.TCPFlags, g.neg, 64)
		case oECT:
			if n, ok := p.num(g, g.v[0], 0, 3); ok {
				p.match(p.field(ruleset.IPECN), g.neg, ruleset.Num(n))
			}
		}
	}
}

var matchTCPMSS = Extension{
	Name: "tcpmss", proto: protoTCP, finish: finishTCPMSSMatch,
	options: []Option{{Name: "--mss", Values: 1, Neg: true, Must: true}},
}

func finishTCPMSSMatch(p *parse) {
	g := p.get(0)
	t, ok := p.rng(g, g.v[0], ':', 65535)
	if !ok {
		return
	}
	if g.neg { // what has no such option matches too
		p.may("the segment size, where there is one")
		return
	}
	p.selector(ruleset.TCPOption, 16, false, t, "maxseg", "size")
}

var matchESP = Extension{
	Name: "esp", proto: protoESP, finish: func(p *parse) { p.spi(ruleset.ESPSPI) },
	options: []Option{{Name: "--espspi", Values: 1, Neg: true}},
}

var matchAH = Extension{
	Name: "ah", Family: ruleset.IP, proto: protoAH, finish: func(p *parse) { p.spi(ruleset.AHSPI) },
	options: []Option{{Name: "--ahspi", Values: 1, Neg: true}},
}

var matchIPComp = Extension{
	Name: "ipcomp", proto: protoIPComp, finish: finishIPComp,
	options: []Option{
		{Name: "--ipcompspi", Values: 1, Neg: true},
		{Name: "--compres", ID: 1},
	},
}

// spi adds a match of a security parameter index.
func (p *parse) spi(f ruleset.Field) {
	g := p.get(0)
	if g == nil {
		return
	}
	if t, ok := p.rng(g, g.v[0], ':', 1<<32-1); ok {
		p.match(f, g.neg, t)
	}
}

func finishIPComp(p *parse) {
	if g := p.get(0); g != nil {
		if t, ok := p.rng(g, g.v[0], ':', 1<<32-1); !ok {
			return
		} else if t.Hi.Lo > 65535 && !t.Unknown { // the index has 16 bits
			if t.Lo.Lo > 65535 {
				p.may("the compression parameter index")
				return
			}
			p.match(ruleset.CompCPI, g.neg, ruleset.Range(t.Lo.Lo, 65535))
		} else {
			p.match(ruleset.CompCPI, g.neg, t)
		}
	}
	if p.is(1) {
		p.match(ruleset.CompFlags, false, ruleset.Num(0))
	}
}

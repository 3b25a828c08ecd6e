package ext

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

var targetDSCP = Extension{
	Name: "DSCP", Target: true, tables: mangle, finish: finishDSCPTarget,
	options: []Option{
		{Name: "--set-dscp", ID: oDSCP, Values: 1, Excl: 1 << oDSCPClass},
		{Name: "--set-dscp-class", ID: oDSCPClass, Values: 1, Excl: 1 << oDSCP},
	},
}

func finishDSCPTarget(p *parse) {
	if _, n, ok := p.dscp(); ok {
		p.add(&ruleset.SetField{Field: p.field(ruleset.IPDSCP), Value: ruleset.Num(n)})
	}
}

// Options of TOS.
const (
	oSetTOS = iota
	oAndTOS
	oOrTOS
	oXorTOS
)

const tosWays = 1<<oSetTOS | 1<<oAndTOS | 1<<oOrTOS | 1<<oXorTOS

var targetTOS = Extension{
	Name: "TOS", Target: true, tables: mangle, finish: finishTOSTarget,
	options: []Option{
		{Name: "--set-tos", ID: oSetTOS, Values: 1, Excl: tosWays},
		{Name: "--and-tos", ID: oAndTOS, Values: 1, Excl: tosWays},
		{Name: "--or-tos", ID: oOrTOS, Values: 1, Excl: tosWays},
		{Name: "--xor-tos", ID: oXorTOS, Values: 1, Excl: tosWays},
	},
}

func finishTOSTarget(p *parse) {
	if len(p.x.given) == 0 {
		p.errorf(p.x.At, "the target TOS needs a value").Helpf("write --set-tos, for instance")
		return
	}
	g := &p.x.given[0]
	keep, flip, ok := uint64(0), uint64(0), true
	switch g.o.ID {
	case oSetTOS:
		var mask uint64
		flip, mask, ok = p.tos(g)
		keep = 255 &^ mask
	case oAndTOS:
		keep, ok = p.num(g, g.v[0], 0, 255)
	case oOrTOS:
		flip, ok = p.num(g, g.v[0], 0, 255)
		keep = 255 &^ flip
	default:
		flip, ok = p.num(g, g.v[0], 0, 255)
		keep = 255
	}
	if !ok {
		return
	}
	if !p.v6() && p.unknown == "" && flip&keep == 0 && (keep == 0 || keep == 3 || keep == 0xfc) {
		// Whole fields of the byte.
		if keep != 0xfc {
			p.add(&ruleset.SetField{Field: ruleset.IPDSCP, Value: ruleset.Num(flip >> 2)})
		}
		if keep != 3 {
			p.add(&ruleset.SetField{Field: ruleset.IPECN, Value: ruleset.Num(flip & 3)})
		}
		return
	}
	bytes, shift := p.tosByte()
	all := uint64(1)<<bytes.Width - 1
	keep, flip = keep<<shift|all&^(255<<shift), flip<<shift
	s := &ruleset.SetField{Of: bytes}
	if keep == 0 {
		s.Value = ruleset.Num(flip)
	} else {
		s.From = change(bytes, keep, flip, all)
	}
	p.add(s)
}

// Options of ECN.
const (
	oRemove = iota
	oECNCWR
	oECNECE
	oECNECT
)

var targetECN = Extension{
	Name: "ECN", Target: true, Family: ruleset.IP, tables: mangle, finish: finishECNTarget,
	options: []Option{
		{Name: "--ecn-tcp-remove", ID: oRemove, Excl: 1<<oECNCWR | 1<<oECNECE},
		{Name: "--ecn-tcp-cwr", ID: oECNCWR, Values: 1, Excl: 1 << oRemove},
		{Name: "--ecn-tcp-ece", ID: oECNECE, Values: 1, Excl: 1 << oRemove},
		{Name: "--ecn-ip-ect", ID: oECNECT, Values: 1},
	},
}

func finishECNTarget(p *parse) {
	if len(p.x.given) == 0 {
		p.errorf(p.x.At, "the target ECN needs to know what to do").Helpf("write --ecn-tcp-remove")
		return
	}
	const cwr, ece = 128, 64
	keep, flip := uint64(255), uint64(0)
	for i := range p.x.given {
		g := &p.x.given[i]
		bit := uint64(cwr)
		switch g.o.ID {
		case oRemove:
			keep &^= cwr | ece
			continue
		case oECNECT:
			if n, ok := p.num(g, g.v[0], 0, 3); ok {
				p.add(&ruleset.SetField{Field: ruleset.IPECN, Value: ruleset.Num(n)})
			}
			continue
		case oECNECE:
			bit = ece
		}
		if n, ok := p.num(g, g.v[0], 0, 1); ok {
			keep &^= bit
			flip |= n * bit
		}
	}
	if keep == 255 {
		return
	}
	if !p.c.AnyProto && (p.c.Proto != protoTCP || p.c.NotProto) {
		p.refusef("the bits of TCP need the protocol tcp").Helpf("write -p tcp in front of it")
		return
	}
	p.set(ruleset.TCPFlags, keep, flip, 255)
}

// Options of TTL and HL.
const (
	oTTLSet = iota
	oTTLDec
	oTTLInc
)

const ttlWays = 1<<oTTLSet | 1<<oTTLDec | 1<<oTTLInc

var targetTTL = Extension{
	Name: "TTL", Target: true, Family: ruleset.IP, tables: mangle, finish: finishTTLTarget,
	options: []Option{
		{Name: "--ttl-set", ID: oTTLSet, Values: 1, Excl: ttlWays},
		{Name: "--ttl-dec", ID: oTTLDec, Values: 1, Excl: ttlWays},
		{Name: "--ttl-inc", ID: oTTLInc, Values: 1, Excl: ttlWays},
	},
}

var targetHL = Extension{
	Name: "HL", Target: true, Family: ruleset.IP6, tables: mangle, finish: finishTTLTarget,
	options: []Option{
		{Name: "--hl-set", ID: oTTLSet, Values: 1, Excl: ttlWays},
		{Name: "--hl-dec", ID: oTTLDec, Values: 1, Excl: ttlWays},
		{Name: "--hl-inc", ID: oTTLInc, Values: 1, Excl: ttlWays},
	},
}

// finishTTLTarget: what a number is added to is no expression of the model.
func finishTTLTarget(p *parse) {
	if len(p.x.given) == 0 {
		p.errorf(p.x.At, "%s needs to know what to do", p.kind()).Helpf("write %s", p.x.Ext.namesOf(ttlWays))
		return
	}
	g := &p.x.given[0]
	least := uint64(1)
	if g.o.ID == oTTLSet {
		least = 0
	}
	n, ok := p.num(g, g.v[0], least, 255)
	if !ok {
		return
	}
	s := &ruleset.SetField{Field: p.field(ruleset.IPTTL), Value: ruleset.Num(n)}
	switch g.o.ID {
	case oTTLDec:
		s.Value = ruleset.UnknownTerm("less by " + g.v[0].Text)
	case oTTLInc:
		s.Value = ruleset.UnknownTerm("more by " + g.v[0].Text)
	}
	p.add(s)
}

// Options of TCPMSS.
const (
	oSetMSS = iota
	oClamp
)

var targetTCPMSS = Extension{
	Name: "TCPMSS", Target: true, proto: protoTCP, finish: finishTCPMSS,
	options: []Option{
		{Name: "--set-mss", ID: oSetMSS, Values: 1},
		{Name: "--clamp-mss-to-pmtu", ID: oClamp},
	},
}

func finishTCPMSS(p *parse) {
	s := &ruleset.SetField{Of: &ruleset.Selector{Kind: ruleset.TCPOption, Args: []string{"maxseg", "size"}, Width: 16}}
	switch {
	case p.is(oSetMSS):
		s.Value = ruleset.Num(p.numOf(oSetMSS, 0, 65515, 0))
	case p.is(oClamp):
		p.chains(forward|output|postrouting, "TCPMSS --clamp-mss-to-pmtu")
		s.From = ruleset.RTMTU
	default:
		p.errorf(p.x.At, "the target TCPMSS needs a size").Helpf("write --set-mss or --clamp-mss-to-pmtu")
	}
	p.add(s)
}

var targetTCPOPTSTRIP = Extension{
	Name: "TCPOPTSTRIP", Target: true, tables: mangle, proto: protoTCP, finish: finishTCPOPTSTRIP,
	options: []Option{{Name: "--strip-options", Values: 1}},
}

func finishTCPOPTSTRIP(p *parse) {
	g := p.get(0)
	if g == nil {
		return
	}
	p.list(g.v[0], func(w Word) bool {
		n, ok := number(w.Text)
		switch strings.ToLower(w.Text) {
		case "mss":
			n, ok = 2, true
		case "wscale":
			n, ok = 3, true
		case "sack-permitted":
			n, ok = 4, true
		case "sack":
			n, ok = 5, true
		case "timestamp":
			n, ok = 8, true
		case "md5":
			n, ok = 19, true
		}
		if !ok || n < 2 || n > 255 {
			p.errorf(w.Span, "%q is no TCP option that can be taken out", w.Text).Helpf("it is a number from 2 to 255, or mss, wscale, sack-permitted, sack, timestamp, md5")
			return false
		}
		p.add(&ruleset.Reset{Of: &ruleset.Selector{Kind: ruleset.TCPOption, Args: []string{tcpOptionName(n)}, Width: 1}})
		return true
	})
}

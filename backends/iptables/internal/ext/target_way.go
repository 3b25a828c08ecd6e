package ext

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

var targetREJECT = Extension{
	Name: "REJECT", Target: true, Ends: true, tables: filter, chains: input | forward | output, finish: finishREJECT,
	options: []Option{{Name: "--reject-with", Values: 1}},
}

// rejectName is a name of an answer, with the shorter one.
type rejectName struct {
	name, alias string
	with        ruleset.RejectWith
}

// The answers in the tool's order: the beginning of a name stands for the first
// that it fits.
var rejects4 = [...]rejectName{
	{"icmp-net-unreachable", "net-unreach", ruleset.RejectNet},
	{"icmp-host-unreachable", "host-unreach", ruleset.RejectHost},
	{"icmp-proto-unreachable", "proto-unreach", ruleset.RejectProto},
	{"icmp-port-unreachable", "port-unreach", ruleset.RejectPort},
	{"icmp-net-prohibited", "net-prohib", ruleset.RejectNetProhib},
	{"icmp-host-prohibited", "host-prohib", ruleset.RejectHostProhib},
	{"tcp-reset", "tcp-rst", ruleset.RejectTCPReset},
	{"icmp-admin-prohibited", "admin-prohib", ruleset.RejectAdmin},
}

var rejects6 = [...]rejectName{
	{"icmp6-no-route", "no-route", ruleset.RejectNet},
	{"icmp6-adm-prohibited", "adm-prohibited", ruleset.RejectAdmin},
	{"icmp6-addr-unreachable", "addr-unreach", ruleset.RejectHost},
	{"icmp6-port-unreachable", "port-unreach", ruleset.RejectPort},
	{"tcp-reset", "tcp-reset", ruleset.RejectTCPReset},
	{"icmp6-policy-fail", "policy-fail", ruleset.RejectPolicyFail},
	{"icmp6-reject-route", "reject-route", ruleset.RejectRejectRoute},
}

func finishREJECT(p *parse) {
	r := &ruleset.Reject{With: ruleset.RejectPort, Of: p.c.Family}
	p.add(r)
	g := p.get(0)
	if g == nil || ruleset.HasUnknown(g.v[0].Text) {
		return
	}
	all := rejects4[:]
	if p.v6() {
		all = rejects6[:]
	}
	s := g.v[0].Text
	for _, n := range all {
		if !beginsFold(n.name, s) && !beginsFold(n.alias, s) {
			continue
		}
		if r.With = n.with; n.with == ruleset.RejectTCPReset {
			r.Of = ruleset.Inet
			if !p.c.AnyProto && (p.c.Proto != protoTCP || p.c.NotProto) {
				p.refusef("REJECT --reject-with tcp-reset needs the protocol tcp").Helpf("write -p tcp in front of it")
			}
		}
		return
	}
	names := make([]string, len(all))
	for i, n := range all {
		names[i] = n.name
	}
	p.errorf(g.v[0].Span, "%q is no answer of REJECT", s).Helpf("it is one of %s", strings.Join(names, ", "))
}

func beginsFold(s, begin string) bool {
	return len(begin) <= len(s) && strings.EqualFold(s[:len(begin)], begin)
}

// Options of NFQUEUE.
const (
	oQueueNum = iota
	oQueueBalance
	oQueueBypass
	oQueueFanout
)

var targetNFQUEUE = Extension{
	Name: "NFQUEUE", Target: true, Ends: true, finish: finishNFQUEUE,
	options: []Option{
		{Name: "--queue-num", ID: oQueueNum, Values: 1, Excl: 1 << oQueueBalance},
		{Name: "--queue-balance", ID: oQueueBalance, Values: 1, Excl: 1 << oQueueNum},
		{Name: "--queue-bypass", ID: oQueueBypass},
		{Name: "--queue-cpu-fanout", ID: oQueueFanout, Also: 1 << oQueueBalance},
	},
}

func finishNFQUEUE(p *parse) {
	q := &ruleset.Queue{Bypass: p.is(oQueueBypass), Fanout: p.is(oQueueFanout)}
	p.add(q)
	q.Lo = uint16(p.numOf(oQueueNum, 0, 65535, 0))
	q.Hi = q.Lo
	g := p.get(oQueueBalance)
	if g == nil {
		return
	}
	w := g.v[0]
	if ruleset.HasUnknown(w.Text) {
		p.unknown = w.Text
		return
	}
	a, b, isRange := cutByte(w.Text, ':')
	lo, hi, ok, ok2 := uint64(0), uint64(65534), true, true
	if a != "" {
		lo, ok = number(a)
	}
	if b != "" {
		hi, ok2 = number(b)
	}
	if !isRange || !ok || !ok2 || hi > 65534 || lo >= hi {
		p.errorf(w.Span, "%q is no range of queues", w.Text).Helpf("it is FIRST:LAST, from 0 to 65534, the smaller number first")
		return
	}
	q.Lo, q.Hi = uint16(lo), uint16(hi)
}

// Options of TEE.
const (
	oGateway = iota
	oOif
)

var targetTEE = Extension{
	Name: "TEE", Target: true, finish: finishTEE,
	options: []Option{
		{Name: "--gateway", ID: oGateway, Values: 1, Must: true},
		{Name: "--oif", ID: oOif, Values: 1},
	},
}

func finishTEE(p *parse) {
	g := p.get(oGateway)
	_, t, ok := p.host(g, g.v[0])
	if !ok {
		return
	}
	d := &ruleset.Dup{To: t}
	if g := p.get(oOif); g != nil {
		w := g.v[0]
		d.Device = ruleset.Text(w.Text)
		if ruleset.HasUnknown(w.Text) {
			d.Device = ruleset.UnknownTerm(w.Text)
		} else if w.Text == "" || len(w.Text) > 15 {
			p.errorf(w.Span, "%q is no name of an interface", w.Text).Helpf("it has 1 to 15 bytes")
		}
	}
	p.add(d)
}

// Options of TPROXY.
const (
	oOnPort = iota
	oOnIP
	oTproxyMark
)

// targetTPROXY accepts what it finds a socket for, and drops the rest.
var targetTPROXY = Extension{
	Name: "TPROXY", Target: true, Ends: true, tables: mangle, chains: prerouting, finish: finishTPROXY,
	options: []Option{
		{Name: "--on-port", ID: oOnPort, Values: 1, Must: true},
		{Name: "--on-ip", ID: oOnIP, Values: 1},
		{Name: "--tproxy-mark", ID: oTproxyMark, Values: 1},
	},
}

func finishTPROXY(p *parse) {
	p.needPorts("the target TPROXY", p.x.At, protoTCP, protoUDP)
	t := &ruleset.TProxy{Of: p.c.Family, MarkMask: 0}
	p.add(t)
	g := p.get(oOnPort)
	port, ok := p.port(g.v[0].Text, g.v[0].Span, p.name(g))
	if !ok {
		return
	}
	if t.Port = uint16(port.Lo.Lo); port.Unknown || port.Text != "" {
		t.ToPort = port
	}
	if g := p.get(oOnIP); g != nil {
		a, to, ok := p.host(g, g.v[0])
		if !ok {
			return
		}
		if a.IsValid() && !a.IsUnspecified() {
			t.Addr = a
		} else if !a.IsValid() {
			t.To = to
		}
	}
	if g := p.get(oTproxyMark); g != nil {
		unknown := p.unknown
		value, mask, _ := p.marked(g, all32)
		t.Mark, t.MarkMask = uint32(value), uint32(mask)
		if p.unknown != unknown { // the mark alone is not known
			p.unknown = unknown
			t.Mark, t.MarkMask = 0, 0
			p.means = append(p.means[:len(p.means)-1],
				&ruleset.SetField{Field: ruleset.MetaMark, Value: ruleset.UnknownTerm(g.v[0].Text)}, t)
		}
	}
}

// Options of SYNPROXY.
const (
	oSynSack = iota
	oSynTime
	oSynScale
	oSynMSS
	oSynECN
)

// targetSYNPROXY answers the first packets of a connection and lets no packet of
// TCP go on to the next rule.
var targetSYNPROXY = Extension{
	Name: "SYNPROXY", Target: true, Ends: true, proto: protoTCP, chains: input | forward, finish: finishSYNPROXY,
	options: []Option{
		{Name: "--sack-perm", ID: oSynSack},
		{Name: "--timestamp", ID: oSynTime},
		{Name: "--wscale", ID: oSynScale, Values: 1},
		{Name: "--mss", ID: oSynMSS, Values: 1},
		{Name: "--ecn", ID: oSynECN},
	},
}

func finishSYNPROXY(p *parse) {
	s := &ruleset.Synproxy{MSS: -1, WScale: -1, Timestamp: p.is(oSynTime), SackPerm: p.is(oSynSack), ECN: p.is(oSynECN)}
	if p.is(oSynScale) {
		s.WScale = int(p.numOf(oSynScale, 0, 255, 0))
	}
	if p.is(oSynMSS) {
		s.MSS = int(uint16(p.numOf(oSynMSS, 0, all32, 0))) // the tool cuts what is greater
	}
	p.add(s)
}

// Options of HMARK.
const (
	oHmTuple = iota
	oHmMod
	oHmOffset
	oHmRnd
	oHmSrc
	oHmDst
	oHmSportMask
	oHmDportMask
	oHmSPIMask
	oHmSport
	oHmDport
	oHmSPI
	oHmProto
)

// targetHMARK marks the packet by a hash of what is in it.
var targetHMARK = Extension{
	Name: "HMARK", Target: true, finish: finishHMARK,
	options: []Option{
		{Name: "--hmark-tuple", ID: oHmTuple, Values: 1},
		{Name: "--hmark-mod", ID: oHmMod, Values: 1, Must: true},
		{Name: "--hmark-offset", ID: oHmOffset, Values: 1},
		{Name: "--hmark-rnd", ID: oHmRnd, Values: 1, Must: true},
		{Name: "--hmark-src-prefix", ID: oHmSrc, Values: 1},
		{Name: "--hmark-dst-prefix", ID: oHmDst, Values: 1},
		{Name: "--hmark-sport-mask", ID: oHmSportMask, Values: 1, Excl: 1<<oHmSPI | 1<<oHmSPIMask},
		{Name: "--hmark-dport-mask", ID: oHmDportMask, Values: 1, Excl: 1<<oHmSPI | 1<<oHmSPIMask},
		{Name: "--hmark-spi-mask", ID: oHmSPIMask, Values: 1, Excl: 1<<oHmSportMask | 1<<oHmDportMask | 1<<oHmSport | 1<<oHmDport},
		{Name: "--hmark-sport", ID: oHmSport, Values: 1, Excl: 1<<oHmSPI | 1<<oHmSPIMask},
		{Name: "--hmark-dport", ID: oHmDport, Values: 1, Excl: 1<<oHmSPI | 1<<oHmSPIMask},
		{Name: "--hmark-spi", ID: oHmSPI, Values: 1, Excl: 1<<oHmSportMask | 1<<oHmDportMask | 1<<oHmSport | 1<<oHmDport},
		{Name: "--hmark-proto-mask", ID: oHmProto, Values: 1},
	},
}

func finishHMARK(p *parse) {
	if p.has&^(1<<oHmMod|1<<oHmOffset|1<<oHmRnd) == 0 {
		p.errorf(p.x.At, "the target HMARK needs to know what to hash").Helpf("write --hmark-tuple, for instance")
	}
	for i := range p.x.given {
		g := &p.x.given[i]
		switch w := g.v[0]; g.o.ID {
		case oHmTuple:
			p.list(w, func(part Word) bool {
				_, ok := p.word(g, part, []string{"src", "dst", "sport", "dport", "spi", "proto", "ct"})
				return ok
			})
		case oHmMod:
			p.num(g, w, 1, all32)
		case oHmOffset, oHmRnd, oHmSPI, oHmSPIMask:
			p.num(g, w, 0, all32)
		case oHmSrc, oHmDst:
			p.prefixLength(g)
		default:
			p.num(g, w, 0, 65535)
		}
	}
	p.add(&ruleset.SetField{Field: ruleset.MetaMark, Value: ruleset.UnknownTerm("a hash of the packet")})
}

// Options of CLUSTERIP.
const (
	oClNew = iota
	oClMode
	oClMAC
	oClTotal
	oClLocal
	oClSeed
)

// targetCLUSTERIP is the match cluster's forerunner, which kernels have no longer:
// the packet is dropped where another node has to take it.
var targetCLUSTERIP = Extension{
	Name: "CLUSTERIP", Target: true, Family: ruleset.IP, chains: input, finish: finishCLUSTERIP,
	options: []Option{
		{Name: "--new", ID: oClNew},
		{Name: "--hashmode", ID: oClMode, Values: 1, Also: 1 << oClNew},
		{Name: "--clustermac", ID: oClMAC, Values: 1, Also: 1 << oClNew},
		{Name: "--total-nodes", ID: oClTotal, Values: 1, Also: 1 << oClNew},
		{Name: "--local-node", ID: oClLocal, Values: 1, Also: 1 << oClNew},
		{Name: "--hash-init", ID: oClSeed, Values: 1, Also: 1 << oClNew},
	},
}

func finishCLUSTERIP(p *parse) {
	if g := p.get(oClMode); g != nil {
		p.word(g, g.v[0], []string{"sourceip", "sourceip-sourceport", "sourceip-sourceport-destport"})
	}
	if g := p.get(oClMAC); g != nil {
		p.mac(g, g.v[0])
	}
	p.numOf(oClTotal, 1, 16, 1)
	p.numOf(oClLocal, 1, 16, 1)
	p.numOf(oClSeed, 0, all32, 0)
	p.add(&ruleset.May{Why: "which node of the cluster is meant", Verdict: true})
}

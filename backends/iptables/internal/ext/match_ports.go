package ext

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// Options of tcp, udp, dccp and sctp.
const (
	oSport = iota
	oDport
	oFlags
	oOption
	oTypes
)

var matchTCP = Extension{
	Name: "tcp", proto: protoTCP, finish: finishTCP,
	options: []Option{
		{Name: "--sport", ID: oSport, Values: 1, Neg: true},
		{Name: "--source-port", ID: oSport, Values: 1, Neg: true},
		{Name: "--dport", ID: oDport, Values: 1, Neg: true},
		{Name: "--destination-port", ID: oDport, Values: 1, Neg: true},
		{Name: "--tcp-flags", ID: oFlags, Values: 2, Neg: true, Excl: 1 << oTypes},
		{Name: "--syn", ID: oTypes, Neg: true, Excl: 1 << oFlags},
		{Name: "--tcp-option", ID: oOption, Values: 1, Neg: true},
	},
}

var matchUDP = Extension{
	Name: "udp", proto: protoUDP, finish: finishUDP,
	options: []Option{
		{Name: "--sport", ID: oSport, Values: 1, Neg: true},
		{Name: "--source-port", ID: oSport, Values: 1, Neg: true},
		{Name: "--dport", ID: oDport, Values: 1, Neg: true},
		{Name: "--destination-port", ID: oDport, Values: 1, Neg: true},
	},
}

var matchDCCP = Extension{
	Name: "dccp", proto: protoDCCP, finish: finishDCCP,
	options: []Option{
		{Name: "--sport", ID: oSport, Values: 1, Neg: true},
		{Name: "--source-port", ID: oSport, Values: 1, Neg: true},
		{Name: "--dport", ID: oDport, Values: 1, Neg: true},
		{Name: "--destination-port", ID: oDport, Values: 1, Neg: true},
		{Name: "--dccp-types", ID: oTypes, Values: 1, Neg: true},
		{Name: "--dccp-option", ID: oOption, Values: 1, Neg: true},
	},
}

var matchSCTP = Extension{
	Name: "sctp", proto: protoSCTP, finish: finishSCTP,
	options: []Option{
		{Name: "--sport", ID: oSport, Values: 1, Neg: true},
		{Name: "--source-port", ID: oSport, Values: 1, Neg: true},
		{Name: "--dport", ID: oDport, Values: 1, Neg: true},
		{Name: "--destination-port", ID: oDport, Values: 1, Neg: true},
		{Name: "--chunk-types", ID: oTypes, Values: 2, Neg: true},
	},
}

// portPair adds what --sport and --dport say.
func (p *parse) portPair() {
	start := len(p.means)
	for i := range p.x.given {
		g := &p.x.given[i]
		f := ruleset.Sport
		switch g.o.ID {
		case oSport:
		case oDport:
			f = ruleset.Dport
		default:
			continue
		}
		t, ok := p.ports(g.v[0], ':', p.name(g))
		switch {
		case !ok:
		case g.neg && t.Lo.Lo == 0 && t.Hi.Lo == 65535:
			// The kernel's match takes no packet, the rule that iptables-nft 1.8.9
			// makes of it takes all.
			p.may("none of all ports, by the version of the tool")
		default:
			p.match(f, g.neg, t)
		}
	}
	if s, d := p.get(oSport), p.get(oDport); s != nil && d != nil && s.neg && d.neg && len(p.means) == start+2 {
		p.neither(start)
	}
}

// neither of two ports: the kernel's match takes a packet that has neither, but
// the rule that iptables-nft 1.8.9 makes for TCP and UDP compares both at once, and
// takes one that has not both. The first is the narrower.
func (p *parse) neither(start int) {
	if name := p.x.Ext.Name; name != "tcp" && name != "udp" {
		return
	}
	var pair []ruleset.Term
	for _, s := range p.means[start:] {
		m, ok := s.(*ruleset.Match)
		if !ok || !m.Terms[0].Single() {
			return
		}
		pair = append(pair, m.Terms[0])
	}
	first := p.means[start].(*ruleset.Match).Field
	second := ruleset.Sport
	if first == ruleset.Sport {
		second = ruleset.Dport
	}
	p.means = append(p.means[:start], &ruleset.Lookup{Key: ruleset.Keys(first, second), Neg: true, Elems: []ruleset.Elem{{Key: pair}}})
	p.may("neither port or not both, by the version of the tool")
}

// tcpFlagNames are in the order of their bits; the last two are all and none.
var tcpFlagNames = [...]string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ALL", "NONE"}

func (p *parse) tcpFlags(g *given, w Word) (flags uint64) {
	p.list(w, func(part Word) bool {
		if part.Text == "" { // strtok knows no empty words
			return true
		}
		i, ok := p.word(g, part, tcpFlagNames[:])
		switch {
		case i == 6:
			flags |= 0x3f
		case i < 6:
			flags |= 1 << i
		}
		return ok
	})
	return flags
}

func finishTCP(p *parse) {
	p.portPair()
	if g := p.get(oTypes); g != nil { // --syn
		p.masked(ruleset.TCPFlags, g.neg, 2, 1|2|4|16)
	}
	if g := p.get(oFlags); g != nil {
		mask, flags := p.tcpFlags(g, g.v[0]), p.tcpFlags(g, g.v[1])
		p.masked(ruleset.TCPFlags, g.neg, flags, mask)
	}
	if g := p.get(oOption); g != nil {
		if n, ok := p.num(g, g.v[0], 1, 255); !ok {
			return
		} else if n < 2 { // how end and padding are found differs from nft's way
			p.may("TCP option " + g.v[0].Text)
		} else {
			p.exists(ruleset.TCPOption, g.neg, tcpOptionName(n))
		}
	}
}

// tcpOptionName is nft's name of an option, or its number.
func tcpOptionName(n uint64) string {
	switch n {
	case 2:
		return "maxseg"
	case 3:
		return "window"
	case 4:
		return "sack-perm"
	case 5:
		return "sack"
	case 8:
		return "timestamp"
	case 19:
		return "md5sig"
	case 30:
		return "mptcp"
	case 34:
		return "fastopen"
	}
	return decimal(n)
}

func decimal(n uint64) string {
	var b [20]byte
	i := len(b)
	for {
		i--
		b[i] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return string(b[i:])
		}
	}
}

func finishUDP(p *parse) {
	p.decimal = true
	p.portPair()
}

func finishDCCP(p *parse) {
	p.decimal = true
	p.portPair()
	if g := p.get(oTypes); g != nil {
		types := []string{"REQUEST", "RESPONSE", "DATA", "ACK", "DATAACK", "CLOSEREQ", "CLOSE", "RESET", "SYNC", "SYNCACK", "INVALID"}
		var terms []ruleset.Term
		p.list(g.v[0], func(part Word) bool {
			i, ok := p.word(g, part, types)
			if i == 10 { // what has no name yet (RFC 4340, 5.1)
				terms = append(terms, ruleset.Range(10, 15))
			} else {
				terms = append(terms, ruleset.Num(uint64(i)))
			}
			return ok
		})
		p.owned(ruleset.DCCPType, g.neg, terms)
	}
	if g := p.get(oOption); g != nil {
		if n, ok := p.num(g, g.v[0], 1, 255); ok {
			p.exists(ruleset.DCCPOption, g.neg, decimal(n))
		}
	}
}

// sctpChunks are the names that the tool knows, and nft's, "" where it has none.
func sctpChunks() [22][2]string {
	return [...][2]string{
		{"DATA", "data"}, {"INIT", "init"}, {"INIT_ACK", "init-ack"}, {"SACK", "sack"},
		{"HEARTBEAT", "heartbeat"}, {"HEARTBEAT_ACK", "heartbeat-ack"}, {"ABORT", "abort"},
		{"SHUTDOWN", "shutdown"}, {"SHUTDOWN_ACK", "shutdown-ack"}, {"ERROR", "error"},
		{"COOKIE_ECHO", "cookie-echo"}, {"COOKIE_ACK", "cookie-ack"}, {"ECN_ECNE", "ecne"},
		{"ECN_CWR", "cwr"}, {"SHUTDOWN_COMPLETE", "shutdown-complete"}, {"ASCONF", "asconf"},
		{"ASCONF_ACK", "asconf-ack"}, {"FORWARD_TSN", "forward-tsn"}, {"I_DATA", ""},
		{"RE_CONFIG", ""}, {"PAD", ""}, {"I_FORWARD_TSN", ""},
	}
}

func finishSCTP(p *parse) {
	p.portPair()
	g := p.get(oTypes)
	if g == nil {
		return
	}
	how, ok := p.word(g, g.v[0], []string{"all", "any", "only"})
	if !ok {
		return
	}
	chunks, simple := []string(nil), how != 2
	known := sctpChunks()
	p.list(g.v[1], func(part Word) bool {
		name, flags, _ := cutByte(part.Text, ':')
		if strings.EqualFold(name, "ALL") || strings.EqualFold(name, "NONE") {
			simple = false
			return true
		}
		simple = simple && flags == ""
		for _, c := range known {
			if strings.EqualFold(c[0], name) {
				simple = simple && c[1] != ""
				chunks = append(chunks, c[1])
				return true
			}
		}
		p.errorf(part.Span, "%q is no SCTP chunk", name).Helpf("a chunk is DATA, INIT, SACK and so on, ALL or NONE; flags follow a colon")
		return false
	})
	// All of them is one after the other; any of them, and not all of them, is not.
	if !simple || len(chunks) != 1 && (how == 1) == !g.neg {
		p.may("SCTP chunks")
		return
	}
	for _, c := range chunks {
		p.exists(ruleset.SCTPChunk, g.neg, c)
	}
}

// Options of multiport.
const (
	oSports = iota
	oDports
	oPorts
)

// maxMultiport is how many ports the kernel's match has room for (XT_MULTI_PORTS);
// a range takes two.
const maxMultiport = 15

var matchMultiport = Extension{
	Name: "multiport", finish: finishMultiport,
	options: []Option{
		{Name: "--sports", ID: oSports, Values: 1, Neg: true, Excl: 1<<oDports | 1<<oPorts},
		{Name: "--source-ports", ID: oSports, Values: 1, Neg: true, Excl: 1<<oDports | 1<<oPorts},
		{Name: "--dports", ID: oDports, Values: 1, Neg: true, Excl: 1<<oSports | 1<<oPorts},
		{Name: "--destination-ports", ID: oDports, Values: 1, Neg: true, Excl: 1<<oSports | 1<<oPorts},
		{Name: "--ports", ID: oPorts, Values: 1, Neg: true, Excl: 1<<oSports | 1<<oDports},
	},
}

func finishMultiport(p *parse) {
	if len(p.x.given) == 0 {
		p.errorf(p.x.At, "the match multiport needs ports").Helpf("write --sports, --dports or --ports")
		return
	}
	p.needPorts("the match multiport", p.x.At, protoTCP, protoUDP, protoUDPLite, protoSCTP, protoDCCP)
	g := &p.x.given[0]
	w := g.v[0]
	n := 1 + strings.Count(w.Text, ",")
	terms, slots := take(&p.c.slab.term, min(n, 2*maxMultiport)), 0
	each := func(part Word) bool {
		part.Text = strings.TrimSpace(part.Text)
		a, b, isRange := cutByte(part.Text, ':')
		if slots++; isRange {
			if slots++; a == "" || b == "" {
				p.errorf(part.Span, "%q is no range of ports", part.Text).Helpf("here both ends must be said: %s", "1024:65535")
				return false
			}
		}
		if slots > maxMultiport {
			p.errorf(part.Span, "more than %d ports", maxMultiport).Helpf("a range counts twice; write another rule for the others")
			return false
		}
		t, ok := p.ports(part, ':', p.name(g))
		terms = append(terms, t)
		return ok
	}
	if ruleset.HasUnknown(w.Text) {
		terms = append(terms, ruleset.UnknownTerm(w.Text))
	} else if !p.list(w, each) {
		return
	}
	switch {
	case g.o.ID == oSports:
		p.owned(ruleset.Sport, g.neg, terms)
	case g.o.ID == oDports:
		p.owned(ruleset.Dport, g.neg, terms)
	case g.neg:
		p.owned(ruleset.Sport, true, terms)
		p.owned(ruleset.Dport, true, terms)
	default: // one of the two: a pair, of which the other port is any
		any := ruleset.Range(0, 65535)
		pairs := make([]ruleset.Elem, 0, 2*len(terms))
		for _, t := range terms {
			pairs = append(pairs, ruleset.Elem{Key: p.c.slab.terms(t, any)}, ruleset.Elem{Key: p.c.slab.terms(any, t)})
		}
		p.add(&ruleset.Lookup{Key: ruleset.Keys(ruleset.Sport, ruleset.Dport), Elems: pairs})
	}
}

package ext

import "github.com/loward/loward/compiler/ruleset"

// Options of conntrack. The first six ports and addresses are in pairs with
// their fields.
const (
	oCtState = iota
	oCtProto
	oCtOrigSrc
	oCtOrigDst
	oCtReplSrc
	oCtReplDst
	oCtStatus
	oCtExpire
	oCtDir
	oCtOrigSport
	oCtOrigDport
	oCtReplSport
	oCtReplDport
)

var matchConntrack = Extension{
	Name: "conntrack", finish: finishConntrack,
	options: []Option{
		{Name: "--ctstate", ID: oCtState, Values: 1, Neg: true},
		{Name: "--ctproto", ID: oCtProto, Values: 1, Neg: true},
		{Name: "--ctorigsrc", ID: oCtOrigSrc, Values: 1, Neg: true},
		{Name: "--ctorigdst", ID: oCtOrigDst, Values: 1, Neg: true},
		{Name: "--ctreplsrc", ID: oCtReplSrc, Values: 1, Neg: true},
		{Name: "--ctrepldst", ID: oCtReplDst, Values: 1, Neg: true},
		{Name: "--ctstatus", ID: oCtStatus, Values: 1, Neg: true},
		{Name: "--ctexpire", ID: oCtExpire, Values: 1, Neg: true},
		{Name: "--ctdir", ID: oCtDir, Values: 1},
		{Name: "--ctorigsrcport", ID: oCtOrigSport, Values: 1, Neg: true},
		{Name: "--ctorigdstport", ID: oCtOrigDport, Values: 1, Neg: true},
		{Name: "--ctreplsrcport", ID: oCtReplSport, Values: 1, Neg: true},
		{Name: "--ctrepldstport", ID: oCtReplDport, Values: 1, Neg: true},
	},
}

var matchState = Extension{
	Name: "state", finish: finishState,
	options: []Option{{Name: "--state", ID: oCtState, Values: 1, Neg: true, Must: true}},
}

// ctStates are the states and behind them the two that are bits of the status.
var ctStates = [...]string{"INVALID", "NEW", "ESTABLISHED", "RELATED", "UNTRACKED", "SNAT", "DNAT"}

// ctStateBits are the bits of ctStates, of CTState and (the last two) of CTStatus.
var ctStateBits = [...]uint64{
	ruleset.StateInvalid, ruleset.StateNew, ruleset.StateEstablished, ruleset.StateRelated, ruleset.StateUntracked,
	ruleset.StatusSNAT, ruleset.StatusDNAT,
}

// states reads a list of states: bits of CTState and of CTStatus.
func (p *parse) states(g *given, known []string) (state, status uint64, ok bool) {
	ok = p.list(g.v[0], func(w Word) bool {
		i, ok := p.begins(g, w, known)
		switch {
		case !ok:
			return false
		case i < 5:
			state |= ctStateBits[i]
		default:
			status |= ctStateBits[i]
		}
		return true
	})
	return state, status, ok
}

// state adds the match of connection states that are always the same.
func (p *parse) state(bits uint64, neg bool) {
	i := bits & 127
	if neg {
		i |= 128
	}
	m := p.c.slab.states[i]
	if m == nil {
		p.bits(ruleset.CTState, neg, bits)
		p.c.slab.states[i] = p.means[len(p.means)-1].(*ruleset.Match)
		return
	}
	p.add(m)
}

func finishState(p *parse) {
	g := p.get(oCtState)
	if bits, _, ok := p.states(g, ctStates[:5]); ok && p.unknown == "" {
		p.state(bits, g.neg)
	}
}

// finishConntrack follows conntrack_mt of net/netfilter/xt_conntrack.c. Where a
// state is asked for, a packet without a connection that has it (or, inverted,
// has it not) matches, whatever else is asked for.
func finishConntrack(p *parse) {
	if len(p.x.given) == 0 {
		p.errorf(p.x.At, "the match conntrack needs an option").Helpf("write --ctstate, for instance")
		return
	}
	if g := p.get(oCtState); g != nil {
		state, status, ok := p.states(g, ctStates[:])
		if !ok || p.unknown != "" {
			return
		}
		p.stateOrNAT(state, status, g.neg)
		without := state & (ruleset.StateInvalid | ruleset.StateUntracked)
		loose := without != 0
		if g.neg {
			loose = without != ruleset.StateInvalid|ruleset.StateUntracked
		}
		if loose && len(p.x.given) > 1 {
			// What follows counts for packets of connections alone. It is read for
			// its mistakes.
			keep := len(p.means)
			p.connection()
			p.means = p.means[:keep]
			p.may("the connection, where there is one")
			return
		}
	}
	p.connection()
}

// stateOrNAT adds a match of states (SNAT and DNAT are bits of the status). What
// has no connection has no status, and is INVALID or UNTRACKED.
func (p *parse) stateOrNAT(state, status uint64, neg bool) {
	switch {
	case status == 0:
		p.state(state, neg)
	case state == 0 && !neg:
		p.bits(ruleset.CTStatus, false, status)
	case !neg:
		p.may("the connection's state or its translation")
	default:
		if state != 0 {
			p.state(state, true)
		}
		if state&(ruleset.StateInvalid|ruleset.StateUntracked) == ruleset.StateInvalid|ruleset.StateUntracked {
			p.bits(ruleset.CTStatus, true, status)
		} else {
			p.may("whether the connection is translated")
		}
	}
}

// ctStatuses are the names of --ctstatus.
var ctStatuses = [...]string{"NONE", "EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED"}

var ctStatusBits = [...]uint64{0, ruleset.StatusExpected, ruleset.StatusSeenReply, ruleset.StatusAssured, ruleset.StatusConfirmed}

// connection adds what is asked of a connection.
func (p *parse) connection() {
	for i := range p.x.given {
		g := &p.x.given[i]
		w := g.v[0]
		switch g.o.ID {
		case oCtProto:
			t, ok := p.protocol(g, w)
			if ok && t.Text == "" && t.Lo.Lo == 0 {
				p.errorf(w.Span, "no connection is of the protocol 0").Helpf("write the protocol, or leave the option out")
			} else if ok {
				p.match(ruleset.CTProtocol, g.neg, t)
			}
		case oCtOrigSrc:
			p.address(ruleset.CTOrigSaddr, g)
		case oCtOrigDst:
			p.address(ruleset.CTOrigDaddr, g)
		case oCtReplSrc:
			p.address(ruleset.CTReplySaddr, g)
		case oCtReplDst:
			p.address(ruleset.CTReplyDaddr, g)
		case oCtOrigSport:
			p.ctPort(ruleset.CTOrigSport, g)
		case oCtOrigDport:
			p.ctPort(ruleset.CTOrigDport, g)
		case oCtReplSport:
			p.ctPort(ruleset.CTReplySport, g)
		case oCtReplDport:
			p.ctPort(ruleset.CTReplyDport, g)
		case oCtStatus:
			bits := uint64(0)
			if p.list(w, func(part Word) bool {
				i, ok := p.begins(g, part, ctStatuses[:])
				bits |= ctStatusBits[i]
				return ok
			}) {
				p.bits(ruleset.CTStatus, g.neg, bits)
			}
		case oCtExpire:
			if t, ok := p.rng(g, w, ':', 1<<32-1); ok { // the kernel compares whole seconds
				if !t.Unknown {
					t.Lo.Lo *= 1000
					t.Hi.Lo = t.Hi.Lo*1000 + 999
				}
				p.match(ruleset.CTExpiration, g.neg, t)
			}
		case oCtDir:
			if i, ok := p.word(g, w, []string{"ORIGINAL", "REPLY"}); ok {
				p.match(ruleset.CTDirection, false, ruleset.Num(uint64(i)))
			}
		}
	}
}

func (p *parse) ctPort(f ruleset.Field, g *given) {
	p.decimal = true
	if t, ok := p.ports(g.v[0], ':', p.name(g)); ok {
		p.match(f, g.neg, t)
	}
}

// Options of connbytes.
const (
	oBytes = iota
	oBytesDir
	oBytesMode
)

var matchConnbytes = Extension{
	Name: "connbytes", finish: finishConnbytes,
	options: []Option{
		{Name: "--connbytes", ID: oBytes, Values: 1, Neg: true, Must: true},
		{Name: "--connbytes-dir", ID: oBytesDir, Values: 1, Must: true},
		{Name: "--connbytes-mode", ID: oBytesMode, Values: 1, Must: true},
	},
}

// connCounters are the fields by direction (original, reply, both) and by what is
// counted (packets, bytes, the average size).
var connCounters = [3][3]ruleset.Field{
	{ruleset.CTOrigPackets, ruleset.CTOrigBytes, ruleset.CTOrigAvgpkt},
	{ruleset.CTReplyPackets, ruleset.CTReplyBytes, ruleset.CTReplyAvgpkt},
	{ruleset.CTPackets, ruleset.CTBytes, ruleset.CTAvgpkt},
}

func finishConnbytes(p *parse) {
	g, dir, mode := p.get(oBytes), p.get(oBytesDir), p.get(oBytesMode)
	t, ok := p.rng(g, g.v[0], ':', 1<<64-1)
	d, ok2 := p.word(dir, dir.v[0], []string{"original", "reply", "both"})
	m, ok3 := p.word(mode, mode.v[0], []string{"packets", "bytes", "avgpkt"})
	if !ok || !ok2 || !ok3 {
		return
	}
	if _, _, isRange := cutByte(g.v[0].Text, ':'); !isRange && !t.Unknown {
		t.Hi.Lo = 1<<64 - 1 // one number is the lower end
	}
	p.match(connCounters[d][m], g.neg, t)
}

// Options of connlabel.
const (
	oLabel = iota
	oLabelSet
)

var matchConnlabel = Extension{
	Name: "connlabel", finish: finishConnlabel,
	options: []Option{
		{Name: "--label", ID: oLabel, Values: 1, Neg: true, Must: true},
		{Name: "--set", ID: oLabelSet},
	},
}

func finishConnlabel(p *parse) {
	g := p.get(oLabel)
	w := g.v[0]
	t := ruleset.Text(w.Text)
	if ruleset.HasUnknown(w.Text) {
		t = ruleset.UnknownTerm(w.Text)
	} else if n, isNum := number(w.Text); isNum && n < 128 {
		t = ruleset.Num(n)
	} else if isNum || w.Text == "" {
		p.errorf(w.Span, "%q is no connection label", w.Text).Helpf("it is a number from 0 to 127, or a name of connlabel.conf")
		return
	}
	switch {
	case p.is(oLabelSet): // it matches where the connection could take the label
		p.add(&ruleset.SetField{Field: ruleset.CTLabel, Value: t})
		p.may("whether the connection takes labels")
	case g.neg: // what has no connection matches too
		p.may("whether the connection lacks the label")
	default:
		p.match(ruleset.CTLabel, false, t)
	}
}

var matchConnmark = Extension{
	Name: "connmark", finish: func(p *parse) { p.mark(ruleset.CTMark) },
	options: []Option{{Name: "--mark", Values: 1, Neg: true, Must: true}},
}

var matchMark = Extension{
	Name: "mark", finish: func(p *parse) { p.mark(ruleset.MetaMark) },
	options: []Option{{Name: "--mark", Values: 1, Neg: true, Must: true}},
}

func (p *parse) mark(f ruleset.Field) {
	g := p.get(0)
	if value, mask, ok := p.marked(g, 1<<32-1); ok {
		p.masked(f, g.neg, value, mask)
	}
}

// Options of connlimit.
const (
	oUpto = iota
	oAbove
	oConnMask
	oConnSaddr
	oConnDaddr
)

var matchConnlimit = Extension{
	Name: "connlimit", finish: finishConnlimit,
	options: []Option{
		{Name: "--connlimit-upto", ID: oUpto, Values: 1, Neg: true, Excl: 1 << oAbove},
		{Name: "--connlimit-above", ID: oAbove, Values: 1, Neg: true, Excl: 1 << oUpto},
		{Name: "--connlimit-mask", ID: oConnMask, Values: 1},
		{Name: "--connlimit-saddr", ID: oConnSaddr, Excl: 1 << oConnDaddr},
		{Name: "--connlimit-daddr", ID: oConnDaddr, Excl: 1 << oConnSaddr},
	},
}

func finishConnlimit(p *parse) {
	if !p.is(oUpto) && !p.is(oAbove) {
		p.errorf(p.x.At, "the match connlimit needs a number of connections").Helpf("write --connlimit-upto or --connlimit-above")
		return
	}
	p.numOf(oUpto, 0, 1<<32-1, 0)
	p.numOf(oAbove, 0, 1<<32-1, 0)
	if g := p.get(oConnMask); g != nil {
		p.prefixLength(g)
	}
	p.unknown = ""
	p.may("how many connections there are")
}

// prefixLength reads the length of a prefix, in IPv4 also a mask like an address.
func (p *parse) prefixLength(g *given) {
	w := g.v[0]
	most := uint64(32)
	if p.v6() {
		most = 128
	}
	if n, ok := number(w.Text); ok && n <= most || ruleset.HasUnknown(w.Text) {
		return
	}
	if _, ok := p.quad(w.Text); ok {
		return
	}
	p.errorf(w.Span, "%q is no value of %s", w.Text, p.name(g)).Helpf("it is a number from 0 to %d", most)
}

var matchHelper = Extension{
	Name: "helper", finish: finishHelper,
	options: []Option{{Name: "--helper", Values: 1, Neg: true, Must: true}},
}

func finishHelper(p *parse) {
	g := p.get(0)
	name := g.v[0].Text
	if ruleset.HasUnknown(name) {
		p.unknown = name
		return
	}
	// The kernel compares as many bytes as the helper's own name has, and lets what
	// has no helper pass an inverted match.
	switch name {
	case "ftp", "tftp", "irc", "sip", "amanda", "pptp", "sane", "snmp", "RAS", "Q.931", "H.245":
		if !g.neg {
			p.match(ruleset.CTHelper, false, ruleset.Text(name))
			return
		}
	}
	p.may("the connection's helper")
}

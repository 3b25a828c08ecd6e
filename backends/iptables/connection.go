package iptables

import (
	"strings"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// connection writes a match on what conntrack knows. A packet without a
// connection matches none of it but its state, neither way; where an extension
// sees that otherwise, it is asked for besides.
func (p *rule) connection(m *ruleset.Match) {
	switch m.Field {
	case ruleset.CTState:
		p.state(m)
	case ruleset.CTStatus:
		p.status(m)
	case ruleset.CTDirection:
		if t, ok := p.one(m); ok && t.Lo.Lo <= ruleset.DirReply {
			p.ct("--ctdir", false)
			p.matches = append(p.matches, [...]string{"ORIGINAL", "REPLY"}[(t.Lo.Lo^bit(m.Neg))&1]...)
		} else if ok {
			p.refuse("the direction %d", t.Lo.Lo)
		}
	case ruleset.CTMark:
		p.mark("connmark", m)
	case ruleset.CTLabel:
		p.label(m)
	case ruleset.CTHelper:
		if t, ok := p.one(m); ok {
			if m.Neg || len(t.Text) > 29 || !emit.Quotable(t.Text) {
				p.refuse("this match on %s", m.Field)
				return
			}
			p.mod("helper", "--helper", false)
			p.matches = quote(p.matches, t.Text)
		}
	case ruleset.CTProtocol:
		if t, ok := p.one(m); ok {
			if t.Lo.Lo == 0 {
				p.refuse("protocol 0: it means any")
			}
			p.ct("--ctproto", m.Neg)
			p.matches = emit.Uint(p.matches, t.Lo.Lo)
		}
	case ruleset.CTOrigSaddr, ruleset.CTOrig6Saddr:
		p.ctAddress("--ctorigsrc", m)
	case ruleset.CTOrigDaddr, ruleset.CTOrig6Daddr:
		p.ctAddress("--ctorigdst", m)
	case ruleset.CTReplySaddr, ruleset.CTReply6Saddr:
		p.ctAddress("--ctreplsrc", m)
	case ruleset.CTReplyDaddr, ruleset.CTReply6Daddr:
		p.ctAddress("--ctrepldst", m)
	case ruleset.CTOrigSport:
		p.ctPort("--ctorigsrcport", m)
	case ruleset.CTOrigDport:
		p.ctPort("--ctorigdstport", m)
	case ruleset.CTReplySport:
		p.ctPort("--ctreplsrcport", m)
	case ruleset.CTReplyDport:
		p.ctPort("--ctrepldstport", m)
	default:
		p.refuse("a match on %s", m.Field)
	}
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// ct writes an option of conntrack. It never stands in one -m with --ctstate:
// that would let packets without a connection through.
func (p *rule) ct(option string, neg bool) { p.mod("conntrack", option, neg) }

// states writes --ctstate in a -m of its own.
func (p *rule) states(neg bool, names ...string) {
	p.alone()
	p.mod("conntrack", "--ctstate", neg)
	p.matches = append(p.matches, strings.Join(names, ",")...)
	p.alone()
}

// tracked asks for a connection.
func (p *rule) tracked() { p.states(true, "INVALID", "UNTRACKED") }

func (p *rule) state(m *ruleset.Match) {
	var set uint64
	for _, t := range m.Terms {
		// A packet is in one state; a sum of several is none.
		if !t.Single() || m.Op == ruleset.OpIn && t.Lo.Lo&(t.Lo.Lo-1) != 0 {
			p.refuse("the combination %#x of connection states", t.Lo.Lo)
			return
		}
		set |= t.Lo.Lo
	}
	var names []string
	for _, s := range []struct {
		bit  uint64
		name string
	}{{ruleset.StateInvalid, "INVALID"}, {ruleset.StateNew, "NEW"}, {ruleset.StateEstablished, "ESTABLISHED"},
		{ruleset.StateRelated, "RELATED"}, {ruleset.StateUntracked, "UNTRACKED"}} {
		if set&s.bit != 0 {
			names = append(names, s.name)
			set &^= s.bit
		}
	}
	if set != 0 || len(names) == 0 || m.Op == ruleset.OpMask {
		p.refuse("the connection state %#x", set)
		return
	}
	p.states(m.Neg, names...)
}

// status: SNAT and DNAT are states to iptables.
func (p *rule) status(m *ruleset.Match) {
	if m.Op != ruleset.OpAny || len(m.Terms) != 1 {
		p.refuse("any match on the connection's status but for some of its bits")
		return
	}
	set := m.Terms[0].Lo.Lo
	translated := set & (ruleset.StatusSNAT | ruleset.StatusDNAT)
	var names []string
	for _, s := range []struct {
		bit  uint64
		name string
	}{{ruleset.StatusSNAT, "SNAT"}, {ruleset.StatusDNAT, "DNAT"}, {ruleset.StatusExpected, "EXPECTED"},
		{ruleset.StatusSeenReply, "SEEN_REPLY"}, {ruleset.StatusAssured, "ASSURED"}, {ruleset.StatusConfirmed, "CONFIRMED"}} {
		if set&s.bit != 0 {
			names = append(names, s.name)
			set &^= s.bit
		}
	}
	switch {
	case set != 0 || len(names) == 0 || translated != 0 && m.Terms[0].Lo.Lo != translated:
		p.refuse("the connection status %#x in one rule", m.Terms[0].Lo.Lo)
	case translated != 0 && m.Neg:
		p.states(true, append([]string{"INVALID", "UNTRACKED"}, names...)...)
	case translated != 0:
		p.states(false, names...)
	default:
		p.ct("--ctstatus", m.Neg)
		p.matches = append(p.matches, strings.Join(names, ",")...)
	}
}

func (p *rule) label(m *ruleset.Match) {
	t, ok := p.one(m)
	if !ok {
		return
	}
	if t.Lo.Hi != 0 || t.Lo.Lo > 127 {
		p.refuse("the connection label %d", t.Lo.Lo)
		return
	}
	if m.Neg {
		p.tracked()
	}
	p.alone()
	p.mod("connlabel", "--label", m.Neg)
	p.matches = emit.Uint(p.matches, t.Lo.Lo)
}

func (p *rule) ctAddress(option string, m *ruleset.Match) {
	width := 32
	if p.w.v6 {
		width = 128
	}
	t, ok := p.span(m)
	if !ok {
		return
	}
	n, prefix := t.PrefixLen(width)
	if !prefix {
		p.refuse("a range of %s that is no prefix", m.Field)
		return
	}
	p.ct(option, m.Neg)
	p.matches = emit.Addr(p.matches, t.Lo, p.w.v6)
	if n < width {
		p.matches = emit.Int(append(p.matches, '/'), n)
	}
}

func (p *rule) ctPort(option string, m *ruleset.Match) {
	t, ok := p.span(m)
	if !ok {
		return
	}
	if !p.ported {
		p.refuse("a connection's port without the one protocol that it is of")
		return
	}
	p.ct(option, m.Neg)
	p.matches = appendSpan(p.matches, t)
}

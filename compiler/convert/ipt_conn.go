package convert

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// connection says a match on what conntrack knows. A packet without a connection
// matches none of it but its state, neither way; where an extension sees that
// otherwise, it is asked for besides.
func (l *line) connection(m *ruleset.Match) {
	switch m.Field {
	case ruleset.CTState:
		l.state(m)
	case ruleset.CTStatus:
		l.status(m)
	case ruleset.CTDirection:
		if t, ok := l.one(m); ok && t.Lo.Lo <= ruleset.DirReply {
			way := t.Lo.Lo
			if m.Neg {
				way ^= 1
			}
			l.mod(&ruleset.Match{Field: m.Field, Terms: []ruleset.Term{ruleset.Num(way)}}, "conntrack", "--ctdir", [...]string{"ORIGINAL", "REPLY"}[way])
		} else if ok {
			l.no("the direction %d", t.Lo.Lo)
		}
	case ruleset.CTLabel:
		t, ok := l.one(m)
		switch {
		case !ok:
		case t.Lo.Hi != 0 || t.Lo.Lo > 127:
			l.no("the connection label %d", t.Lo.Lo)
		default:
			if m.Neg {
				l.tracked()
			}
			l.mod(m, "connlabel", "--label", dec(t.Lo.Lo))
		}
	case ruleset.CTHelper:
		if t, ok := l.one(m); ok && !m.Neg && len(t.Text) <= 29 {
			l.mod(m, "helper", "--helper", t.Text)
		} else if ok {
			l.no("this match on %s", m.Field)
		}
	case ruleset.CTProtocol, ruleset.CTOrigProtocol:
		if t, ok := l.one(m); ok && t.Lo.Lo != 0 {
			l.mod(m, "conntrack", "--ctproto", dec(t.Lo.Lo))
		} else if ok {
			l.no("protocol 0: it means any")
		}
	case ruleset.CTOrigSaddr, ruleset.CTOrig6Saddr:
		l.ctAddress("--ctorigsrc", m)
	case ruleset.CTOrigDaddr, ruleset.CTOrig6Daddr:
		l.ctAddress("--ctorigdst", m)
	case ruleset.CTReplySaddr, ruleset.CTReply6Saddr:
		l.ctAddress("--ctreplsrc", m)
	case ruleset.CTReplyDaddr, ruleset.CTReply6Daddr:
		l.ctAddress("--ctrepldst", m)
	case ruleset.CTOrigSport:
		l.ctPort("--ctorigsrcport", m)
	case ruleset.CTOrigDport:
		l.ctPort("--ctorigdstport", m)
	case ruleset.CTReplySport:
		l.ctPort("--ctreplsrcport", m)
	case ruleset.CTReplyDport:
		l.ctPort("--ctrepldstport", m)
	default:
		l.no("a match on %s", m.Field)
	}
}

// tracked asks for a connection.
func (l *line) tracked() {
	m := ruleset.None(ruleset.CTState, ruleset.StateInvalid|ruleset.StateUntracked)
	l.mod(m, "conntrack", "--ctstate", "INVALID,UNTRACKED")
}

func (l *line) state(m *ruleset.Match) {
	var set uint64
	for _, t := range m.Terms {
		// A packet is in one state; a sum of several is none.
		if !t.Single() || m.Op == ruleset.OpIn && t.Lo.Lo&(t.Lo.Lo-1) != 0 {
			l.no("the combination %#x of connection states", t.Lo.Lo)
			return
		}
		set |= t.Lo.Lo
	}
	var names []string
	rest := set
	for _, s := range [...]struct {
		bit  uint64
		name string
	}{{ruleset.StateInvalid, "INVALID"}, {ruleset.StateNew, "NEW"}, {ruleset.StateRelated, "RELATED"},
		{ruleset.StateEstablished, "ESTABLISHED"}, {ruleset.StateUntracked, "UNTRACKED"}} {
		if set&s.bit != 0 {
			names = append(names, s.name)
			rest &^= s.bit
		}
	}
	if rest != 0 || len(names) == 0 || m.Op == ruleset.OpMask {
		l.no("the connection state %#x", set)
		return
	}
	n := ruleset.Any(ruleset.CTState, set)
	n.Neg = m.Neg
	l.mod(n, "conntrack", "--ctstate", strings.Join(names, ","))
}

// status: SNAT and DNAT are states to iptables.
func (l *line) status(m *ruleset.Match) {
	if m.Op != ruleset.OpAny || len(m.Terms) != 1 {
		l.no("any match on the connection's status but for some of its bits")
		return
	}
	set := m.Terms[0].Lo.Lo
	translated := set & (ruleset.StatusSNAT | ruleset.StatusDNAT)
	rest := set
	var names []string
	for _, s := range [...]struct {
		bit  uint64
		name string
	}{{ruleset.StatusSNAT, "SNAT"}, {ruleset.StatusDNAT, "DNAT"}, {ruleset.StatusExpected, "EXPECTED"},
		{ruleset.StatusSeenReply, "SEEN_REPLY"}, {ruleset.StatusAssured, "ASSURED"}, {ruleset.StatusConfirmed, "CONFIRMED"}} {
		if set&s.bit != 0 {
			names = append(names, s.name)
			rest &^= s.bit
		}
	}
	switch {
	case rest != 0 || len(names) == 0 || translated != 0 && set != translated:
		l.no("the connection status %#x in one rule", set)
	case translated != 0 && m.Neg:
		l.mod(m, "conntrack", "--ctstate", strings.Join(append([]string{"INVALID", "UNTRACKED"}, names...), ","))
	case translated != 0:
		l.mod(m, "conntrack", "--ctstate", strings.Join(names, ","))
	default:
		l.mod(m, "conntrack", "--ctstatus", strings.Join(names, ","))
	}
}

func (l *line) ctAddress(option string, m *ruleset.Match) {
	t, ok := l.span(m)
	if !ok {
		return
	}
	width := m.Field.Info().Width
	n, prefix := t.PrefixLen(width)
	if !prefix {
		l.no("a range of %s that is no prefix", m.Field)
		return
	}
	text := l.addr(t.Lo)
	if n < width {
		text += "/" + dec(uint64(n))
	}
	l.mod(m, "conntrack", option, text)
}

func (l *line) ctPort(option string, m *ruleset.Match) {
	t, ok := l.span(m)
	switch {
	case !ok:
	case !hasPorts(l.proto):
		l.no("a connection's port without the one protocol that it is of")
	default:
		l.mod(m, "conntrack", option, span(t, ":"))
	}
}

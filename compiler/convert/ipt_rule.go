package convert

import (
	"github.com/loward/loward/compiler/ruleset"
)

// maxNested bounds how deep a rule is taken apart.
const maxNested = 64

// part is a piece of a rule that is being translated: it stands in a chain, and
// what it has matched already, without having said so yet.
type part struct {
	to *ruleset.Chain
	// conj are matches of which each has to hold.
	conj []*ruleset.Match
	// alts is in how many ways they can.
	alts int
	// proto is the one protocol that packets have which get here; 0 where it is
	// not settled.
	proto uint64
	level int
}

// emit appends to a chain the rules that a list of statements becomes. What
// can't be said in rules one after the other stands in a chain of its own, which
// these enter.
func (c *toIpt) emit(p part, stmts []ruleset.Stmt) {
	if p.level++; p.level > maxNested {
		c.no("this: it is nested too deeply")
		return
	}
	p.alts = max(p.alts, 1)
	for i, s := range stmts {
		if c.made > maxMade {
			return
		}
		switch s := s.(type) {
		case *ruleset.Counter, *ruleset.Last: // every rule of iptables counts
		case *ruleset.Match:
			if again, goOn := c.match(&p, s, stmts[i:]); !goOn {
				return
			} else if again {
				c.within(p, stmts[i:], func(p part) { c.emit(p, stmts[i:]) })
				return
			}
		case *ruleset.Lookup:
			c.lookup(p, s, stmts[i+1:])
			return
		case *ruleset.VMap:
			c.vmap(p, s, stmts[i+1:])
			return
		case *ruleset.Limit:
			c.limit(p, s, stmts[i:])
			return
		default:
			c.effects(p, stmts[i:])
			return
		}
	}
	c.rules(p, nil, nil)
}

// match takes a match into the part, or does all that is to be done about it and
// what follows; then goOn is false. again: it has no room beside what is in the
// part already.
func (c *toIpt) match(p *part, m *ruleset.Match, stmts []ruleset.Stmt) (again, goOn bool) {
	m, always, never := c.narrow(p.to, m)
	switch {
	case never:
		return false, false
	case always:
		return false, true
	case excluded(m):
		c.within(*p, stmts, func(in part) {
			for _, t := range m.Terms {
				one := *m
				one.Neg, one.Terms = false, []ruleset.Term{t}
				a := in
				if _, ok := c.match(&a, &one, nil); ok {
					c.rules(a, nil, ruleset.Return)
				}
			}
			c.emit(in, stmts[1:])
		})
		return false, false
	}
	if isPort(m.Field) && p.proto == 0 && !c.hasProto(p.conj) {
		ports := &ruleset.Match{Field: ruleset.L4Proto}
		for _, n := range [...]uint64{6, 17, 33, 132, 136} {
			ports.Terms = append(ports.Terms, ruleset.Num(n))
		}
		if again, goOn := c.match(p, ports, stmts); again || !goOn {
			return again, goOn
		}
	}
	alts, ok := c.alternatives(m)
	if !ok {
		return false, false
	}
	if len(alts) > 1 && c.assigned[m.Field] {
		c.no("several values of %s, which rules of the table change", m.Field)
		return false, false
	}
	if crowded(p.conj, m) || p.alts > 1 && p.alts*len(alts) > maxProduct {
		return true, true
	}
	p.alts *= len(alts)
	p.conj = append(p.conj[:len(p.conj):len(p.conj)], m)
	if n, ok := settledBy(m); ok {
		p.proto = n
	}
	return false, true
}

// maxProduct is how many rules a rule may become by having several values in
// several matches at once; beyond, there is a chain for each match.
const maxProduct = 16

// settledBy: the one protocol that a match leaves.
func settledBy(m *ruleset.Match) (uint64, bool) {
	switch m.Field {
	case ruleset.L4Proto, ruleset.IPProtocol:
		if m.Op == ruleset.OpIn && !m.Neg && len(m.Terms) == 1 && m.Terms[0].Single() {
			return m.Terms[0].Lo.Lo, true
		}
	case ruleset.TCPFlags:
		return 6, true
	case ruleset.ICMPType, ruleset.ICMPCode:
		return 1, true
	case ruleset.ICMPv6Type, ruleset.ICMPv6Code:
		return 58, true
	}
	return 0, false
}

func isPort(f ruleset.Field) bool { return f == ruleset.Sport || f == ruleset.Dport }

func isProto(f ruleset.Field) bool { return f == ruleset.L4Proto || f == ruleset.IPProtocol }

func (c *toIpt) hasProto(conj []*ruleset.Match) bool {
	for _, m := range conj {
		if _, ok := settledBy(m); ok || isProto(m.Field) && !m.Neg {
			return true
		}
	}
	return false
}

// crowded: the match needs an option that stands once in a rule, and does.
func crowded(conj []*ruleset.Match, m *ruleset.Match) bool {
	once := func(f ruleset.Field) int {
		switch {
		case f == ruleset.IIFName:
			return 1
		case f == ruleset.OIFName:
			return 2
		case isProto(f):
			return 3
		case f == ruleset.IPFrag:
			return 4
		case f == ruleset.ICMPType || f == ruleset.ICMPv6Type:
			return 5
		case f == ruleset.ICMPCode || f == ruleset.ICMPv6Code:
			return 6
		}
		return 0
	}
	k := once(m.Field)
	for _, o := range conj {
		if k != 0 && once(o.Field) == k {
			return true
		}
	}
	return false
}

// within lets what follows stand in a chain of its own, which the matches lead
// to. rest are the statements that will stand there: where they end with return
// or goto, the chain has to be entered so that the way back is the same.
func (c *toIpt) within(p part, rest []ruleset.Stmt, fill func(part)) {
	kind := ruleset.VerdictJump
	if c.leaves(rest) {
		if fallible(rest) {
			c.no("a rule that takes several, and ends with return or goto")
			return
		}
		kind = ruleset.VerdictGoto
	}
	aux := c.aux()
	c.rules(p, nil, &ruleset.Verdict{Kind: kind, Chain: auxMark + aux.Name})
	fill(part{to: aux, proto: p.proto, level: p.level})
}

// auxMark stands in front of a chain's name that is iptables' already; in a name
// of the source it can't stand.
const auxMark = "\x00"

// leaves: the statements end with return or goto, which mean another way back
// once they stand in a chain of their own.
func (c *toIpt) leaves(stmts []ruleset.Stmt) bool {
	for _, s := range stmts {
		switch s := s.(type) {
		case *ruleset.Verdict:
			if s.Kind == ruleset.VerdictReturn || s.Kind == ruleset.VerdictGoto {
				return true
			}
		case *ruleset.VMap:
			elems := s.Elems
			if set := c.src.Find(s.Map); s.Map != "" && set != nil {
				elems = set.Elems
			}
			for _, e := range elems {
				if e.Verdict != nil && (e.Verdict.Kind == ruleset.VerdictReturn || e.Verdict.Kind == ruleset.VerdictGoto) {
					return true
				}
			}
		}
	}
	return false
}

// fallible: something in the statements may not match.
func fallible(stmts []ruleset.Stmt) bool {
	for _, s := range stmts {
		switch s := s.(type) {
		case *ruleset.Match, *ruleset.Lookup, *ruleset.VMap, *ruleset.Limit, *ruleset.Meter, *ruleset.SetUpdate, *ruleset.Quota, *ruleset.ConnCount, *ruleset.Compare:
			return true
		case *ruleset.NAT:
			if s.To != nil || s.ToPort != nil || s.Map != "" {
				return true
			}
		}
	}
	return false
}

// limit: what comes behind it must not be asked before it, and it is asked once.
func (c *toIpt) limit(p part, l *ruleset.Limit, stmts []ruleset.Stmt) {
	if l.Bytes {
		c.no("a limit in bytes")
		return
	}
	rest := withoutCounters(stmts[1:])
	switch {
	case l.Over:
		c.within(p, stmts, func(p part) {
			upto := *l
			upto.Over = false
			c.rules(p, &upto, ruleset.Return)
			c.emit(p, rest)
		})
	case p.alts > 1:
		c.within(p, stmts, func(p part) { c.limit(p, l, stmts) })
	case len(rest) == 0:
		c.rules(p, l, nil)
	case len(rest) == 1 && !fallible(rest):
		c.rules(p, l, rest[0])
	default:
		kind := ruleset.VerdictJump
		if c.leaves(rest) {
			if fallible(rest) {
				c.no("a rule that takes several, and ends with return or goto")
				return
			}
			kind = ruleset.VerdictGoto
		}
		aux := c.aux()
		c.rules(p, l, &ruleset.Verdict{Kind: kind, Chain: auxMark + aux.Name})
		c.emit(part{to: aux, proto: p.proto, level: p.level}, rest)
	}
}

func withoutCounters(stmts []ruleset.Stmt) []ruleset.Stmt {
	out := make([]ruleset.Stmt, 0, len(stmts))
	for _, s := range stmts {
		switch s := s.(type) {
		case *ruleset.Counter, *ruleset.Last:
		case *ruleset.Verdict:
			if s.Kind != ruleset.VerdictContinue {
				out = append(out, s)
			}
		default:
			out = append(out, s)
		}
	}
	return out
}

// effects: a rule of iptables has one target, so several need several rules.
func (c *toIpt) effects(p part, stmts []ruleset.Stmt) {
	stmts = withoutCounters(stmts)
	if len(stmts) == 0 {
		c.rules(p, nil, nil)
		return
	}
	if n, ok := stmts[0].(*ruleset.NAT); ok && len(stmts) == 1 && (n.To != nil || n.ToPort != nil || n.Map != "") {
		c.natMap(p, n)
		return
	}
	if len(stmts) == 1 {
		c.rules(p, nil, stmts[0])
		return
	}
	// Lines in the log change nothing that a match looks at.
	logs := 0
	for logs < len(stmts)-1 {
		if _, ok := stmts[logs].(*ruleset.Log); !ok {
			break
		}
		logs++
	}
	if logs == len(stmts)-1 && p.alts*len(stmts) <= maxProduct && !fallible(stmts) {
		for _, s := range stmts {
			c.rules(p, nil, s)
		}
		return
	}
	if len(p.conj) == 0 {
		c.rules(p, nil, stmts[0])
		c.emit(p, stmts[1:])
		return
	}
	c.within(p, stmts, func(p part) {
		c.rules(p, nil, stmts[0])
		c.emit(p, stmts[1:])
	})
}

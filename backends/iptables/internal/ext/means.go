package ext

import (
	"net/netip"

	"github.com/loward/loward/compiler/ruleset"
)

func (p *parse) add(s ruleset.Stmt) { p.means = append(p.means, s) }

// may adds a May.
func (p *parse) may(why string) { p.add(&ruleset.May{Why: why}) }

// match adds a match of a field on terms.
func (p *parse) match(f ruleset.Field, neg bool, t ...ruleset.Term) {
	m := p.c.slab.newMatch()
	m.Field, m.Neg, m.Terms = f, neg, p.c.slab.terms(t...)
	p.add(m)
}

// owned adds a match whose terms are the match's own already.
func (p *parse) owned(f ruleset.Field, neg bool, t []ruleset.Term) {
	m := p.c.slab.newMatch()
	m.Field, m.Neg, m.Terms = f, neg, t
	p.add(m)
}

// of adds a match of an expression.
func (p *parse) of(e ruleset.Expr, neg bool, t ...ruleset.Term) {
	m := p.c.slab.newMatch()
	m.Of, m.Neg, m.Terms = e, neg, p.c.slab.terms(t...)
	p.add(m)
}

// masked adds a match of a field's bits. A mask of all bits is left out.
func (p *parse) masked(f ruleset.Field, neg bool, value, mask uint64) {
	m := p.c.slab.newMatch()
	m.Field, m.Neg, m.Terms = f, neg, p.c.slab.terms(ruleset.Num(value))
	if mask != uint64(1)<<f.Info().Width-1 {
		m.Op, m.Mask = ruleset.OpMask, ruleset.U128{Lo: mask}
	}
	p.add(m)
}

// bits adds a match where the field has any of the bits, or none.
func (p *parse) bits(f ruleset.Field, none bool, bits uint64) {
	m := p.c.slab.newMatch()
	m.Field, m.Op, m.Neg, m.Terms = f, ruleset.OpAny, none, p.c.slab.terms(ruleset.Num(bits))
	p.add(m)
}

// never adds a match that no packet passes: each has some protocol.
func (p *parse) never() { p.match(ruleset.L4Proto, true, ruleset.Range(0, 255)) }

// exists adds a match on the presence of a thing that is named with parameters.
func (p *parse) exists(kind ruleset.SelectorKind, neg bool, args ...string) {
	want := uint64(1)
	if neg {
		want = 0
	}
	p.of(&ruleset.Selector{Kind: kind, Args: args, Width: 1, Exists: true}, false, ruleset.Num(want))
}

// selector adds a match on a number that is named with parameters.
func (p *parse) selector(kind ruleset.SelectorKind, width int, neg bool, t ruleset.Term, args ...string) {
	p.of(&ruleset.Selector{Kind: kind, Args: args, Width: width}, neg, t)
}

// field of the rule's family.
func (p *parse) field(f ruleset.Field) ruleset.Field {
	if !p.v6() {
		return f
	}
	switch f {
	case ruleset.CTReplySaddr:
		return ruleset.CTReply6Saddr
	case ruleset.CTReplyDaddr:
		return ruleset.CTReply6Daddr
	case ruleset.IPDSCP:
		return ruleset.IP6DSCP
	case ruleset.IPECN:
		return ruleset.IP6ECN
	case ruleset.IPTTL:
		return ruleset.IP6HopLimit
	}
	return ruleset.In4or6(f, true)
}

// set adds an assignment: field = (field & keep) ^ flip.
func (p *parse) set(f ruleset.Field, keep, flip, all uint64) {
	if keep&all == 0 {
		p.add(&ruleset.SetField{Field: f, Value: ruleset.Num(flip)})
		return
	}
	p.add(&ruleset.SetField{Field: f, From: change(f, keep, flip, all)})
}

// change is (e & keep) ^ flip.
func change(e ruleset.Expr, keep, flip, all uint64) ruleset.Expr {
	if keep&all == all {
		if flip == 0 {
			return e
		}
		return &ruleset.Binary{Op: ruleset.Xor, Left: e, Right: ruleset.Num(flip)}
	}
	if flip != 0 && flip&keep == 0 { // what is cleared is set: no bit is flipped
		if keep|flip == all {
			return &ruleset.Binary{Op: ruleset.Or, Left: e, Right: ruleset.Num(flip)}
		}
		e = &ruleset.Binary{Op: ruleset.And, Left: e, Right: ruleset.Num(keep)}
		return &ruleset.Binary{Op: ruleset.Or, Left: e, Right: ruleset.Num(flip)}
	}
	e = &ruleset.Binary{Op: ruleset.And, Left: e, Right: ruleset.Num(keep)}
	if flip == 0 {
		return e
	}
	return &ruleset.Binary{Op: ruleset.Xor, Left: e, Right: ruleset.Num(flip)}
}

// blur the meaning of an instance of whose values one can't be known.
func (p *parse) blur() {
	t := ruleset.UnknownTerm(p.unknown)
	if !p.x.Ext.Target {
		p.means = p.means[:0]
		p.may("the value of " + t.Text + " is not known")
		return
	}
	for _, s := range p.means {
		switch s := s.(type) {
		case *ruleset.SetField:
			s.Value, s.From = t, nil
		case *ruleset.NAT:
			s.Lo, s.Hi, s.PortLo, s.PortHi = netip.Addr{}, netip.Addr{}, 0, 0
			s.To, s.ToPort = t, t
		case *ruleset.Queue:
			s.Lo, s.Hi, s.From = 0, 0, t
		case *ruleset.TProxy:
			s.Addr, s.Port, s.To, s.ToPort = netip.Addr{}, 0, t, t
		case *ruleset.Dup:
			s.To = t
		case *ruleset.SetUpdate:
			s.Key = nil
		}
	}
}

package nft

import (
	"cmp"
	"slices"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// rule makes a rule ready to be written: everything nft can't say is refused,
// values of a match are brought into an order without overlaps, matches that
// always hold are left out, and the protocols that have ports are matched where
// a rule looks at a port without having settled that. The result is valid until
// the next call.
func (p *program) rule(r *ruleset.Rule) []ruleset.Stmt {
	p.stmts = p.stmts[:0]
	ported := false // the protocol is known to be one with ports
	for i, s := range r.Body {
		switch s := s.(type) {
		case *ruleset.Match:
			p.family(r.Origin, s.Field)
			m := p.match(r.Origin, s)
			if m == nil {
				continue
			}
			if isPort(m.Field) {
				ported = p.ports(ported)
			}
			p.stmts = append(p.stmts, m)
			ported = ported || settlesPorts(m)
			continue
		case *ruleset.Lookup:
			set := p.find(r.Origin, s.Set, s.Key)
			if set != nil && (set.Verdicts || set.Data != nil) {
				p.report.Unsupported(r.Origin, "a lookup in %s, which is a map", s.Set)
			}
			ported = p.keyPorts(ported, s.Key, set)
		case *ruleset.VMap:
			ported = p.vmap(r.Origin, s, ported)
		case *ruleset.Meter:
			ported = p.meter(r.Origin, s, ported)
		case *ruleset.NAT:
			ported = p.nat(r.Origin, s, ported)
		case *ruleset.SetField:
			if isPort(s.Field) {
				ported = p.ports(ported)
			}
			p.setField(r.Origin, s)
		case *ruleset.Verdict:
			p.verdict(r.Origin, s)
			if i != len(r.Body)-1 {
				p.report.Unsupported(r.Origin, "something behind the verdict %s", s.Kind)
			}
		case *ruleset.Limit:
			p.limit(r.Origin, s)
		case *ruleset.Log:
			p.log(r.Origin, s)
		case *ruleset.Reject:
			p.reject(r.Origin, s)
		case *ruleset.Opaque:
			if !plainStatement(s.Text) {
				p.report.Unsupported(r.Origin, "the unknown text %q within a rule", s.Text)
			}
		case *ruleset.NoTrack:
		default:
			p.report.Unsupported(r.Origin, "a statement of type %T", s)
		}
		p.stmts = append(p.stmts, s)
	}
	return p.stmts
}

// match checks a match and normalises its terms; nil where it always holds.
func (p *program) match(at diag.Span, m *ruleset.Match) *ruleset.Match {
	if len(m.Terms) == 0 {
		p.report.Unsupported(at, "a match on %s without a value", m.Field)
		return m
	}
	v := p.syntax[m.Field].values
	// nft shifts the six bits of a DSCP, and forgets it under a mask.
	dscp := m.Field == ruleset.IPDSCP || m.Field == ruleset.IP6DSCP
	if m.Op != ruleset.OpIn && (v == quoted || v == owner || m.Field == ruleset.CTLabel || dscp) {
		p.report.Unsupported(at, "a mask of %s", m.Field)
		return m
	}
	if m.Op == ruleset.OpAny && (len(m.Terms) != 1 || !m.Terms[0].Single()) {
		p.report.Unsupported(at, "a test for any of several sets of bits of %s", m.Field)
		return m
	}
	if m.Op == ruleset.OpMask && !fits(m.Field, m.Mask) {
		p.report.Unsupported(at, "a mask greater than %s", m.Field)
		return m
	}
	if m.Field.Info().Domain == ruleset.Name && slices.ContainsFunc(m.Terms, func(t ruleset.Term) bool { return t.Text == "*" }) {
		if !m.Neg {
			return nil
		}
		p.report.Unsupported(at, "that %s is no name at all", m.Field)
		return m
	}
	for i := range m.Terms {
		if !p.term(at, m.Field, &m.Terms[i]) {
			return m
		}
	}
	if m.Op == ruleset.OpIn && len(m.Terms) > 1 {
		n := *m
		n.Terms = tidy(m.Terms)
		return &n
	}
	return m
}

// tidy sorts terms and merges those that overlap: in an anonymous set nft 1.0.6
// refuses some overlaps and repetitions.
func tidy(terms []ruleset.Term) []ruleset.Term {
	all := slices.Clone(terms)
	slices.SortStableFunc(all, func(a, b ruleset.Term) int {
		return cmp.Or(cmp.Compare(a.Text, b.Text), a.Lo.Cmp(b.Lo), b.Hi.Cmp(a.Hi))
	})
	out := all[:0:0]
	for _, t := range all {
		if t.Text != "" {
			covered := func(o ruleset.Term) bool { return o.Text != t.Text && covers(o.Text, t.Text) }
			if !slices.ContainsFunc(all, covered) && (len(out) == 0 || out[len(out)-1].Text != t.Text) {
				out = append(out, t)
			}
			continue
		}
		if n := len(out) - 1; n < 0 || out[n].Text != "" || t.Lo.Cmp(out[n].Hi) > 0 {
			out = append(out, t)
		} else if out[n].Hi.Cmp(t.Hi) < 0 {
			out[n].Hi = t.Hi
		}
	}
	return out
}

func covers(wildcard, name string) bool {
	n := len(wildcard) - 1
	return wild(wildcard) && len(name) >= n && name[:n] == wildcard[:n]
}

func isPort(f ruleset.Field) bool {
	switch f {
	case ruleset.Sport, ruleset.Dport, ruleset.CTOrigSport, ruleset.CTOrigDport, ruleset.CTReplySport, ruleset.CTReplyDport:
		return true
	}
	return false
}

func isPortExpr(e ruleset.Expr) bool { return isPort(ruleset.FieldOf(e)) }

// settlesPorts says whether only packets of protocols with ports pass a match,
// in a way that nft itself sees too (it asks for that before it takes a port of
// a connection or of a translation).
func settlesPorts(m *ruleset.Match) bool {
	if m.Field == ruleset.TCPFlags {
		return true
	}
	if m.Field != ruleset.L4Proto || m.Op != ruleset.OpIn || m.Neg {
		return false
	}
	for _, t := range m.Terms {
		if !t.Single() || !emit.HasPorts(t.Lo.Lo) {
			return false
		}
	}
	return true
}

// ports writes a match on the protocols that have ports, unless they are known.
func (p *program) ports(known bool) bool {
	if !known {
		m := &ruleset.Match{Field: ruleset.L4Proto}
		for _, n := range emit.PortProtocols() {
			m.Terms = append(m.Terms, ruleset.Num(n))
		}
		p.stmts = append(p.stmts, m)
	}
	return true
}

// keyPorts does so for a concatenation, unless it holds the protocol itself and
// no element of the set has a protocol without ports.
func (p *program) keyPorts(known bool, key []ruleset.Expr, set *ruleset.Set) bool {
	if known || !slices.ContainsFunc(key, isPortExpr) {
		return known
	}
	proto := slices.Index(key, ruleset.Expr(ruleset.L4Proto))
	packet := !slices.ContainsFunc(key, func(f ruleset.Expr) bool { return isPortExpr(f) && f != ruleset.Sport && f != ruleset.Dport })
	if set != nil && proto >= 0 && packet {
		only, asked := p.portsOnly[set]
		if !asked {
			only = onlyPorts(set.Elems, proto)
			p.portsOnly[set] = only
		}
		if only {
			return false
		}
	}
	return p.ports(false)
}

func onlyPorts(elems []ruleset.Elem, column int) bool {
	for i := range elems {
		if k := elems[i].Key; column < len(k) && (!k[column].Single() || !emit.HasPorts(k[column].Lo.Lo)) {
			return false
		}
	}
	return true
}

// find a set and compare the types of its key with those of the fields.
func (p *program) find(at diag.Span, set string, key []ruleset.Expr) *ruleset.Set {
	for _, e := range key {
		p.family(at, ruleset.FieldOf(e))
	}
	s := p.sets[set]
	if s == nil {
		p.report.Unsupported(at, "a lookup in %s: the table has no such set", set)
		return nil
	}
	same := len(s.Key) == len(key)
	for i := 0; same && i < len(key); i++ {
		have, want := ruleset.FieldOf(key[i]), ruleset.FieldOf(s.Key[i])
		same = have != ruleset.NoField && want != ruleset.NoField &&
			(have == want || p.syntax[have].datatype == p.syntax[want].datatype && width(have) == width(want))
	}
	if !same {
		p.report.Unsupported(at, "a lookup in %s with fields of other types than its key's", set).See(s.Origin, "the set")
	}
	return s
}

func (p *program) vmap(at diag.Span, v *ruleset.VMap, ported bool) bool {
	if v.Map != "" {
		set := p.find(at, v.Map, v.Key)
		if set != nil && !set.Verdicts {
			p.report.Unsupported(at, "verdicts from %s, which holds none", v.Map)
		}
		return p.keyPorts(ported, v.Key, set)
	}
	if len(v.Elems) == 0 || len(v.Key) == 0 {
		p.report.Unsupported(at, "a verdict map without elements")
		return ported
	}
	p.concatenation(at, v.Key)
	for i := range v.Elems {
		e := &v.Elems[i]
		p.keyOf(e, v.Key, true)
		if e.Verdict == nil {
			p.report.Unsupported(at, "an element without a verdict in a verdict map")
			continue
		}
		p.verdict(at, e.Verdict)
	}
	if c := slices.Index(v.Key, ruleset.Expr(ruleset.L4Proto)); c >= 0 && onlyPorts(v.Elems, c) {
		return ported
	}
	return p.keyPorts(ported, v.Key, nil)
}

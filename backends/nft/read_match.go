package nft

import (
	"strings"

	tree "github.com/loward/loward/backends/nft/internal/syntax"
	"github.com/loward/loward/compiler/ruleset"
)

// match reads a comparison.
func (s *State) match(x *tree.Expr) {
	if x.Kind != tree.XRel || len(x.Args) != 2 {
		s.opaque(x, false)
		return
	}
	left, right := x.Args[0], x.Args[1]
	var e ruleset.Expr
	if left.Kind == tree.XFib && presence1(right) {
		e = s.fib(left, true)
	} else {
		// nft knows the family of ct original saddr from what it is compared with.
		s.rule.direct = left.Kind == tree.XCT
		e = s.expr(left)
		s.rule.direct = false
	}
	if e == nil {
		s.opaque(x, true)
		return
	}
	neg := x.Op == tree.Neq
	if x.Op == tree.Not {
		switch _, binary := e.(*ruleset.Binary); {
		case binary:
			s.refuse(left.Span, "cannot combine negation with binary expression")
			s.opaque(x, true)
			return
		case !s.kindOf(e).bitmask() || right.Kind == tree.XSet:
			s.refuse(left.Span, "negation can only be used with singleton bitmask values")
			s.opaque(x, true)
			return
		}
	}
	switch {
	case right.Kind == tree.XSetRef:
		s.lookup(right, keys(e), neg)
	case right.Kind == tree.XSet:
		s.inSet(x, right, e, neg)
	case !constant(right):
		r := s.expr(right)
		if r == nil {
			s.opaque(x, true)
			return
		}
		s.add(&ruleset.Compare{Left: e, Right: r, Neg: neg})
	default:
		s.compare(x, e, right)
	}
}

func presence1(x *tree.Expr) bool {
	return x.Kind == tree.XSymbol && (x.Text == "exists" || x.Text == "missing")
}

func (s *State) add(st ruleset.Stmt) { s.rule.body = append(s.rule.body, st) }

// opaque keeps a comparison as it stands. said: why has been told already.
func (s *State) opaque(x *tree.Expr, said bool) {
	if !said {
		s.notModelled(x.Span, x.Span.Text())
	}
	s.add(&ruleset.Opaque{Text: strings.Join(strings.Fields(x.Span.Text()), " ")})
}

// lookup in a named set.
func (s *State) lookup(x *tree.Expr, key []ruleset.Expr, neg bool) {
	l := &ruleset.Lookup{Key: key, Set: textOf(x), Neg: neg}
	if set := s.findSet(x, x.Text); set != nil {
		s.sameTypes(x, key, set)
	}
	s.add(l)
}

// sameTypes compares the types of a lookup with those of the set's key.
func (s *State) sameTypes(x *tree.Expr, key []ruleset.Expr, set *ruleset.Set) {
	if len(set.Key) == 0 {
		return
	}
	if len(key) != len(set.Key) {
		s.refuse(x.Span, "datatype mismatch: the key of %s has %d parts, not %d", set.Name, len(set.Key), len(key)).See(set.Origin, "the set")
		return
	}
	for i, e := range key {
		have, want := s.kindOf(e), s.kindOf(set.Key[i])
		if integer(e) && want.datatype != "" && !set.Typeof {
			s.refuse(x.Span, "datatype mismatch, expected %s, expression has type integer", typeName(want)).See(set.Origin, "the set")
			return
		}
		if have.width == 0 || want.width == 0 || have.datatype == want.datatype && have.datatype != "" || have.width == want.width && !distinct(have, want) {
			continue
		}
		s.refuse(x.Span, "datatype mismatch, expected %s, expression has type %s", typeName(want), typeName(have)).See(set.Origin, "the set")
		return
	}
}

// integer: what has no type of its own.
func integer(e ruleset.Expr) bool {
	switch e := e.(type) {
	case *ruleset.Numgen, *ruleset.Hash:
		return true
	case *ruleset.Selector:
		return e.Kind == ruleset.RawPayload
	}
	return false
}

// distinct says whether two kinds of one width are different types to nft:
// integers go with everything.
func distinct(a, b kind) bool {
	return a.datatype != b.datatype && a.datatype != "" && b.datatype != "" && (a.domain != b.domain)
}

// inSet compares with an anonymous set.
func (s *State) inSet(x, right *tree.Expr, e ruleset.Expr, neg bool) {
	one := e
	c, several := e.(ruleset.Concat)
	if several && len(c) == 1 {
		one, several = c[0], false
	}
	if several || elaborate(right) {
		key := keys(e)
		kinds := s.kindsOf(key)
		elems := s.elements(right, kinds, nil, elemSet)
		s.add(&ruleset.Lookup{Key: key, Elems: elems, Neg: neg})
		return
	}
	// A set that lacks one of its values would be another set.
	terms, ok := s.setTerms(right, s.kindOf(one), nil)
	if !ok || len(terms) == 0 {
		s.opaque(x, true)
		return
	}
	s.push(e, ruleset.Match{Neg: neg, Set: true, Terms: terms})
}

// setTerms are the values of an anonymous set of one type; all says whether each
// of them is among the terms.
func (s *State) setTerms(x *tree.Expr, k kind, terms []ruleset.Term) (_ []ruleset.Term, all bool) {
	if terms == nil {
		terms = s.slabs.few(len(x.Args))
	}
	all = true
	for _, a := range x.Args {
		ok := false
		if a.Kind == tree.XSet {
			terms, ok = s.setTerms(a, k, terms)
		} else {
			var t ruleset.Term
			if t, ok = s.value(a, k); ok {
				terms = append(terms, t)
			}
		}
		all = all && ok
	}
	return terms, all
}

// elaborate says whether an anonymous set has more than values.
func elaborate(x *tree.Expr) bool {
	for _, a := range x.Args {
		switch a.Kind {
		case tree.XElem, tree.XConcat, tree.XStar, tree.XSetRef:
			return true
		case tree.XSet:
			if elaborate(a) {
				return true
			}
		}
	}
	return false
}

// push adds a match on an expression, on its field where it is one.
func (s *State) push(e ruleset.Expr, m ruleset.Match) {
	switch e := e.(type) {
	case ruleset.Field:
		m.Field = e
	case *ruleset.Binary:
		f := ruleset.FieldOf(e.Left)
		mask, ok := e.Right.(ruleset.Term)
		if e.Op == ruleset.And && f != ruleset.NoField && f != ruleset.CTLabel && ok && mask.Text == "" && m.Op == ruleset.OpIn && !ordered(m.Terms) {
			m.Field, m.Op, m.Mask = f, ruleset.OpMask, mask.Lo
		} else {
			m.Of = e
		}
	default:
		m.Of = e
	}
	m = canonical(m)
	n := s.slabs.match(m)
	s.add(n)
	s.settle(n)
}

// ordered says whether terms are more than single values: they compare by order.
func ordered(terms []ruleset.Term) bool {
	for _, t := range terms {
		if !t.Single() || t.Form != ruleset.Plain {
			return true
		}
	}
	return false
}

// compare with a constant.
func (s *State) compare(x *tree.Expr, e ruleset.Expr, right *tree.Expr) {
	if c, ok := e.(ruleset.Concat); ok {
		s.refuse(x.Args[0].Span, "Use concatenations with sets and maps, not singleton values").Helpf("put the value in braces")
		elem, ok := s.key(right, s.kindsOf(c))
		if ok {
			s.add(&ruleset.Lookup{Key: c, Elems: []ruleset.Elem{{Key: elem, Origin: origin(right.Span)}}, Neg: x.Op == tree.Neq})
		}
		return
	}
	key, shared := s.memo.key(s.rule.family, x, e, right)
	if !shared {
		s.compareWith(x, e, right)
		return
	}
	if m := s.memo.matches[key]; m != nil {
		s.add(m)
		s.settle(m)
		return
	}
	n, said := len(s.rule.body), len(s.l.All)
	s.compareWith(x, e, right)
	if len(s.rule.body) == n+1 && len(s.l.All) == said && len(s.memo.matches) < maxMemo {
		if m, ok := s.rule.body[n].(*ruleset.Match); ok {
			s.memo.matches[key] = m
		}
	}
}

// compareWith makes a match with a constant that is no concatenation.
func (s *State) compareWith(x *tree.Expr, e ruleset.Expr, right *tree.Expr) {
	k := s.kindOf(e)
	masked := false
	if b, ok := e.(*ruleset.Binary); ok && b.Op == ruleset.And {
		masked = true
	}
	switch {
	case k.datatype == "ct_label" && (x.Op == tree.Implicit || x.Op == tree.Not):
		s.labels(x, e, right, k)
	case k.bitmask() && !masked && right.Kind == tree.XPrefix:
		s.slashed(x, e, right, k)
	case x.Op == tree.Not || k.bitmask() && x.Op == tree.Implicit && !masked:
		v, ok := s.bits(right, k)
		if !ok {
			s.unknownValue(e, right, x)
			return
		}
		s.push(e, ruleset.Match{Op: ruleset.OpAny, Neg: x.Op == tree.Not, Terms: s.slabs.one(ruleset.Term{Lo: v, Hi: v})})
	case k.datatype == "ct_label":
		v, ok := s.bits(right, k)
		if ok {
			s.add(&ruleset.Compare{Left: e, Right: ruleset.Term{Lo: v, Hi: v}, Neg: x.Op == tree.Neq})
		}
	default:
		neg := x.Op == tree.Neq
		if k.datatype == "hour" && right.Kind == tree.XRange {
			right, neg = s.overnight(right, k, neg)
		}
		t, ok := s.value(right, k)
		if !ok {
			s.opaque(x, true)
			return
		}
		if t, ok = s.bounded(x, t, k); !ok {
			s.opaque(x, true)
			return
		}
		// Less than 0 and the like: none of all values.
		never := (x.Op == tree.Lt || x.Op == tree.Gt) && t.Form == ruleset.AsRange
		s.inRange(right, e, t)
		s.push(e, ruleset.Match{Neg: neg || never, Terms: s.slabs.one(t)})
	}
}

// overnight turns a range of hours around that has midnight in it: 23:00-02:00 is
// whatever is not within 02:00-23:00, both included (so nft does it).
func (s *State) overnight(x *tree.Expr, k kind, neg bool) (*tree.Expr, bool) {
	n := len(s.l.All)
	lo, ok1 := s.value(x.Args[0], k)
	hi, ok2 := s.value(x.Args[1], k)
	s.l.All = s.l.All[:n] // they are read once more
	if !ok1 || !ok2 || lo.Text != "" || hi.Text != "" || hi.Lo.Cmp(lo.Lo) >= 0 {
		return x, neg
	}
	turned := *x
	turned.Args = []*tree.Expr{x.Args[1], x.Args[0]}
	return &turned, !neg
}

// inRange refuses what a counted, drawn or hashed number can't be.
func (s *State) inRange(x *tree.Expr, e ruleset.Expr, t ruleset.Term) {
	most := uint64(0)
	switch e := e.(type) {
	case *ruleset.Numgen:
		most = uint64(e.Offset) + uint64(e.Mod)
	case *ruleset.Hash:
		most = uint64(e.Offset) + uint64(e.Mod)
	default:
		return
	}
	if v := x.Text; t.Text == "" && t.Form == ruleset.Plain && t.Hi.Lo >= most && most > 1 { // of a single one nft does not look
		s.refuse(x.Span, "Value %s exceeds valid range 0-%d", v, most-1)
	}
}

// unknownValue: bits that can't be known.
func (s *State) unknownValue(e ruleset.Expr, right, x *tree.Expr) {
	if ruleset.HasUnknown(right.Text) {
		s.push(e, ruleset.Match{Terms: s.slabs.one(ruleset.UnknownTerm(right.Text))})
		return
	}
	s.opaque(x, true)
}

// labels that a connection carries: ct label 3, or with "!" does not.
func (s *State) labels(x *tree.Expr, e ruleset.Expr, right *tree.Expr, k kind) {
	list := []*tree.Expr{right}
	if right.Kind == tree.XList {
		list = right.Args
	}
	var terms []ruleset.Term
	for _, a := range list {
		if t, ok := s.scalar(a, k); ok {
			terms = append(terms, t)
		}
	}
	s.push(e, ruleset.Match{Neg: x.Op == tree.Not, Terms: terms})
}

// slashed is flags / mask: tcp flags syn / syn,ack.
func (s *State) slashed(x *tree.Expr, e ruleset.Expr, right *tree.Expr, k kind) {
	v, ok1 := s.bits(right.Args[0], k)
	m, ok2 := s.bits(right.Args[1], k)
	if !ok1 || !ok2 {
		s.opaque(x, true)
		return
	}
	s.push(e, ruleset.Match{Op: ruleset.OpMask, Mask: m, Neg: x.Op == tree.Neq, Terms: s.slabs.one(ruleset.Term{Lo: v, Hi: v})})
}

// bounded turns < 5 and the like into a range.
func (s *State) bounded(x *tree.Expr, t ruleset.Term, k kind) (ruleset.Term, bool) {
	most := lowBits(k.width)
	if k.width == 0 {
		most = lowBits(32)
	}
	switch x.Op {
	case tree.Lt, tree.Gt, tree.Lte, tree.Gte:
	default:
		return t, true
	}
	if t.Text != "" || !t.Single() {
		s.refuse(x.Span, "only a single number has an order")
		return t, false
	}
	switch x.Op {
	case tree.Lt:
		if t.Lo == (ruleset.U128{}) {
			return ruleset.Term{Hi: most, Form: ruleset.AsRange}, true
		}
		return ruleset.Term{Hi: t.Lo.Prev(), Form: ruleset.Less}, true
	case tree.Lte:
		return ruleset.Term{Hi: t.Lo, Form: ruleset.LessEqual}, true
	case tree.Gt:
		if t.Lo.Cmp(most) >= 0 {
			return ruleset.Term{Hi: most, Form: ruleset.AsRange}, true
		}
		return ruleset.Term{Lo: t.Lo.Next(), Hi: most, Form: ruleset.More}, true
	}
	return ruleset.Term{Lo: t.Lo, Hi: most, Form: ruleset.MoreEqual}, true
}

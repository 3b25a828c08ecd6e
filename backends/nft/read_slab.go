package nft

import "github.com/loward/loward/compiler/ruleset"

// slabs allocate what a ruleset consists of many at a time, and hold what rules
// share.
type slabs struct {
	rules   []ruleset.Rule
	matches []ruleset.Match
	terms   []ruleset.Term
	lists   []ruleset.Stmt
	counter *ruleset.Counter
	implied map[impliedKey]*ruleset.Match
}

type impliedKey struct {
	field ruleset.Field
	value uint64
}

const slabSize = 256

func take[T any](slab *[]T) *T {
	if len(*slab) == 0 {
		*slab = make([]T, slabSize)
	}
	v := &(*slab)[0]
	*slab = (*slab)[1:]
	return v
}

func (s *slabs) rule() *ruleset.Rule { return take(&s.rules) }

func (s *slabs) match(m ruleset.Match) *ruleset.Match {
	v := take(&s.matches)
	*v = m
	return v
}

// one term as a list of its own.
func (s *slabs) one(t ruleset.Term) []ruleset.Term {
	if len(s.terms) == 0 {
		s.terms = make([]ruleset.Term, slabSize)
	}
	v := s.terms[:1:1]
	s.terms = s.terms[1:]
	v[0] = t
	return v
}

// few is an empty list with room for that many terms.
func (s *slabs) few(n int) []ruleset.Term {
	if n > slabSize/4 {
		return make([]ruleset.Term, 0, n)
	}
	if len(s.terms) < n {
		s.terms = make([]ruleset.Term, slabSize)
	}
	v := s.terms[:0:n]
	s.terms = s.terms[n:]
	return v
}

// body copies the statements of a rule.
func (s *slabs) body(list []ruleset.Stmt) []ruleset.Stmt {
	n := len(list)
	if n == 0 {
		return nil
	}
	if n > slabSize/4 {
		return append([]ruleset.Stmt(nil), list...)
	}
	if len(s.lists) < n {
		s.lists = make([]ruleset.Stmt, 2*slabSize)
	}
	v := s.lists[:n:n]
	s.lists = s.lists[n:]
	copy(v, list)
	return v
}

// impliedMatch is shared by all rules that imply the same.
func (s *slabs) impliedMatch(f ruleset.Field, value uint64) *ruleset.Match {
	k := impliedKey{f, value}
	if m := s.implied[k]; m != nil {
		return m
	}
	if s.implied == nil {
		s.implied = map[impliedKey]*ruleset.Match{}
	}
	m := &ruleset.Match{Field: f, Implied: true, Terms: []ruleset.Term{ruleset.Num(value)}}
	s.implied[k] = m
	return m
}

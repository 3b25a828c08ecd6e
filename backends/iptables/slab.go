package iptables

import "github.com/loward/loward/compiler/ruleset"

// slab hands out memory in pieces of blocks: a ruleset has very many small parts
// that live as long as it does.
type slab struct {
	rules []ruleset.Rule
	list  []*ruleset.Rule
	stmts []ruleset.Stmt
	match []ruleset.Match
	terms []ruleset.Term
}

// piece of n from a block, or of a new one.
func piece[T any](block *[]T, n int) []T {
	b := *block
	if cap(b)-len(b) < n {
		b = make([]T, 0, max(n, min(1024, 2*cap(b)+16)))
	}
	*block = b[:len(b)+n]
	return b[len(b) : len(b)+n : len(b)+n]
}

func (s *slab) rule() *ruleset.Rule { return &piece(&s.rules, 1)[0] }

func (s *slab) body(all []ruleset.Stmt) []ruleset.Stmt {
	if len(all) == 0 {
		return nil
	}
	b := piece(&s.stmts, len(all))
	copy(b, all)
	return b
}

// in is a match of a field on one term.
func (s *slab) in(f ruleset.Field, neg bool, t ruleset.Term) *ruleset.Match {
	m := &piece(&s.match, 1)[0]
	m.Field, m.Neg, m.Terms = f, neg, piece(&s.terms, 1)
	m.Terms[0] = t
	return m
}

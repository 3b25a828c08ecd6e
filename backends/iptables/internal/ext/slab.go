package ext

import "github.com/loward/loward/compiler/ruleset"

// slab hands out memory in pieces of blocks: a ruleset has very many small
// statements, and they all live as long as it does.
type slab struct {
	words   []string
	list    []ruleset.Stmt
	match   []ruleset.Match
	term    []ruleset.Term
	scratch []ruleset.Stmt

	// states are the matches of connection states, which are nearly always the
	// same few; by their bits, the inverted ones last.
	states [256]*ruleset.Match
}

// take a piece of n from a block, or of a new one.
func take[T any](block *[]T, n int) []T {
	b := *block
	if cap(b)-len(b) < n {
		b = make([]T, 0, max(n, min(1024, 2*cap(b)+16)))
	}
	*block = b[:len(b)+n]
	return b[len(b) : len(b) : len(b)+n]
}

func (s *slab) strings(n int) []string { return take(&s.words, n) }

func (s *slab) stmts(all []ruleset.Stmt) []ruleset.Stmt {
	if len(all) == 0 {
		return nil
	}
	return append(take(&s.list, len(all)), all...)
}

func (s *slab) newMatch() *ruleset.Match { return &take(&s.match, 1)[:1][0] }

func (s *slab) terms(t ...ruleset.Term) []ruleset.Term {
	return append(take(&s.term, len(t)), t...)
}

package parser

import "github.com/loward/loward/dsl/ast"

// slab hands out memory for many small values in few allocations. A tree lives
// and dies as a whole, so that nothing is lost by it.
type slab[T any] struct{ free []T }

const slabSize = 128

// one value.
func (s *slab[T]) one() *T {
	if len(s.free) == 0 {
		s.free = make([]T, slabSize)
	}
	v := &s.free[0]
	s.free = s.free[1:]
	return v
}

// keep copies a list; its capacity ends with it.
func (s *slab[T]) keep(list []T) []T {
	n := len(list)
	switch {
	case n == 0:
		return nil
	case n > slabSize/4:
		return append(make([]T, 0, n), list...)
	case n > len(s.free):
		s.free = make([]T, slabSize)
	}
	out := s.free[:n:n]
	copy(out, list)
	s.free = s.free[n:]
	return out
}

// slabs of one tree.
type slabs struct {
	words    slab[ast.Word]
	traffic  slab[ast.Traffic]
	lists    slab[ast.List]
	rules    slab[ast.Rule]
	services slab[ast.Service]
	homes    slab[ast.Home]
	address  slab[ast.Address]
	items    slab[ast.AddressItem]
	limits   slab[ast.Limit]
	stmts    slab[ast.Stmt]
	// pending statements of the bodies being read, the outermost first.
	pending []ast.Stmt
}

// takeStmts ends the body whose statements are pending from first on.
func (s *slabs) takeStmts(first int) []ast.Stmt {
	out := s.stmts.keep(s.pending[first:])
	clear(s.pending[first:])
	s.pending = s.pending[:first]
	return out
}

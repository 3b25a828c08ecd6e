package syntax

// slab hands out values whose memory is used again after a reset.
type slab[T any] struct {
	chunks [][]T
	c, n   int
}

// slabSize is how many values are allocated at a time, and slabKeep how many
// such pieces are kept for use again.
const (
	slabSize = 128
	slabKeep = 256
)

// one value, not cleared.
func (s *slab[T]) one() *T {
	if s.c == len(s.chunks) {
		s.chunks = append(s.chunks, make([]T, slabSize))
	}
	v := &s.chunks[s.c][s.n]
	if s.n++; s.n == slabSize {
		s.c, s.n = s.c+1, 0
	}
	return v
}

func (s *slab[T]) used() bool { return s.c > 0 || s.n > 0 }

func (s *slab[T]) reset() {
	if len(s.chunks) > slabKeep {
		s.chunks = s.chunks[:slabKeep:slabKeep]
	}
	s.c, s.n = 0, 0
}

// runs hands out slices.
type runs[T any] struct {
	buf []T
	// all were handed out of buf since the last reset.
	used int
}

const runSize = 512

// of copies a slice.
func (r *runs[T]) of(v []T) []T {
	if len(v) == 0 {
		return nil
	}
	if len(v) > runSize/4 {
		return append([]T(nil), v...)
	}
	if r.used+len(v) > len(r.buf) {
		r.buf, r.used = make([]T, runSize), 0
	}
	s := r.buf[r.used : r.used+len(v) : r.used+len(v)]
	r.used += len(v)
	copy(s, v)
	return s
}

func (r *runs[T]) reset() { r.used = 0 }

// arena holds the nodes of one command.
type arena struct {
	exprs slab[Expr]
	stmts slab[Stmt]
	elems slab[Elem]
	rules slab[Rule]
	nums  slab[Numbers]
	args  runs[*Expr]
	list  runs[*Stmt]
	words runs[string]
	num   runs[Num]
}

// used says whether there is anything in it.
func (a *arena) used() bool {
	return a.exprs.used() || a.stmts.used() || a.elems.used() || a.rules.used() || a.nums.used() ||
		a.args.used > 0 || a.list.used > 0 || a.words.used > 0 || a.num.used > 0
}

func (a *arena) reset() {
	a.exprs.reset()
	a.stmts.reset()
	a.elems.reset()
	a.rules.reset()
	a.nums.reset()
	a.args.reset()
	a.list.reset()
	a.words.reset()
	a.num.reset()
}

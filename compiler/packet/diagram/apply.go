package diagram

import "sort"

// Operations of two functions.
const (
	opNone = iota
	opOver
	opAnd
	opMinus
	opFirstParam // and above: operations with a parameter of their own
)

// In is the condition that a variable has one of the classes lo to hi.
func (s *Space) In(level int, lo, hi uint32) Node {
	return s.InAny(level, [][2]uint32{{lo, hi}})
}

// InAny is the condition that a variable has a class of one of these ranges,
// which are sorted and do not touch.
func (s *Space) InAny(level int, ranges [][2]uint32) Node {
	last := s.sizes[level] - 1
	start, next := len(s.buf), uint32(0)
	for _, r := range ranges {
		if r[0] > next {
			s.push(start, r[0]-1, False)
		}
		s.push(start, r[1], True)
		next = r[1] + 1
	}
	if next <= last {
		s.push(start, last, False)
	}
	if len(s.buf) == start {
		return False
	}
	return s.done(start, uint32(level))
}

// Over is a, and b where a is Miss: the first of two lists of cases, and then the
// second.
func (s *Space) Over(a, b Node) Node { return s.apply(opOver, a, b, nil) }

// And of two conditions; b may be any function: it is kept where a holds, and Miss
// elsewhere.
func (s *Space) And(a, b Node) Node { return s.apply(opAnd, a, b, nil) }

// Or of two conditions.
func (s *Space) Or(a, b Node) Node { return s.apply(opOver, a, b, nil) }

// Minus is a where the condition b does not hold, Miss elsewhere.
func (s *Space) Minus(a, b Node) Node { return s.apply(opMinus, a, b, nil) }

// Not of a condition.
func (s *Space) Not(a Node) Node { return s.Minus(True, a) }

// Ite is a where the condition holds, b elsewhere.
func (s *Space) Ite(cond, a, b Node) Node {
	switch {
	case cond == True:
		return a
	case cond == False:
		return b
	case b == Miss:
		return s.And(cond, a)
	case a == Miss:
		return s.Minus(b, cond)
	case s.Min(a) > 0:
		return s.Over(s.And(cond, a), b)
	}
	return s.Over(s.And(cond, a), s.Minus(b, cond))
}

// OverAll is the list of cases of all functions, the first first: merged in pairs,
// for that costs n log n where one after the other costs n².
func (s *Space) OverAll(list []Node) Node {
	switch len(list) {
	case 0:
		return Miss
	case 1:
		return list[0]
	}
	m := len(list) / 2
	a := s.OverAll(list[:m])
	if s.Min(a) > 0 {
		return a
	}
	return s.Over(a, s.OverAll(list[m:]))
}

// apply an operation. leaf is asked for those with a parameter where a is a leaf
// and, for Combine, where b is one too.
func (s *Space) apply(op uint32, a, b Node, leaf func(a, b Node) (Node, bool)) Node {
	switch op {
	case opOver:
		switch {
		case a == Miss:
			return b
		case b == Miss || a == b || a.IsLeaf() || s.nodes[a].min > 0:
			return a
		}
	case opAnd:
		switch {
		case a == False || b == Miss:
			return Miss
		case a.IsLeaf():
			return b
		case a == b:
			return a
		}
	case opMinus:
		switch {
		case a == Miss || b.IsLeaf() && b != False || a == b:
			return Miss
		case b == False:
			return a
		}
	default:
		if r, ok := leaf(a, b); ok {
			return r
		}
	}
	slot := cell(op, a, b) & uint32(len(s.cache)-1)
	if e := &s.cache[slot]; e.op == op && e.a == a && e.b == b {
		return e.r
	}
	la, lb := s.level(a), s.level(b)
	level := min(la, lb)
	start := len(s.buf)
	switch {
	case la < lb:
		for i, n := 0, int(s.nodes[a].count); i < n; i++ {
			e := s.edges[int(s.nodes[a].first)+i]
			r := s.apply(op, e.to, b, leaf)
			s.push(start, e.hi, r)
		}
	case lb < la:
		for i, n := 0, int(s.nodes[b].count); i < n; i++ {
			e := s.edges[int(s.nodes[b].first)+i]
			r := s.apply(op, a, e.to, leaf)
			s.push(start, e.hi, r)
		}
	default:
		sparse := op == opAnd || op == opMinus
		for i, j := int(s.nodes[a].first), int(s.nodes[b].first); ; {
			x, y := s.edges[i], s.edges[j]
			if sparse && x.to == Miss && y.hi < x.hi {
				// Nothing comes of b here, however many edges it has.
				list := s.edges[j : s.nodes[b].first+s.nodes[b].count]
				j += sort.Search(len(list), func(k int) bool { return list[k].hi >= x.hi })
				y = s.edges[j]
			}
			hi := min(x.hi, y.hi)
			r := s.apply(op, x.to, y.to, leaf)
			s.push(start, hi, r)
			if hi == s.sizes[level]-1 {
				break
			}
			if x.hi == hi {
				i++
			}
			if y.hi == hi {
				j++
			}
		}
	}
	r := s.done(start, level)
	s.cache[cell(op, a, b)&uint32(len(s.cache)-1)] = entry{op, a, b, r}
	return r
}

func cell(op uint32, a, b Node) uint32 {
	h := (uint64(a)<<32 | uint64(b)) * 0x9e3779b97f4a7c15
	h ^= uint64(op) * 0xc2b2ae3d27d4eb4f
	return uint32(h >> 29)
}

// param makes the number of an operation that has a parameter.
func (s *Space) param() uint32 {
	s.params++
	return opFirstParam + s.params
}

// Select is b where a has that value, a elsewhere.
func (s *Space) Select(a Node, value uint32, b Node) Node {
	return s.apply(s.param(), a, b, func(a, b Node) (Node, bool) {
		switch {
		case s.Min(a) > value || s.Max(a) < value:
			return a, true
		case a.IsLeaf():
			return b, true
		}
		return 0, false
	})
}

// Combine is the function of two functions' values. Where both are the same
// function the answer is f of any one value, if that is the same for all: pass
// diagonal for it, or nil.
func (s *Space) Combine(a, b Node, f func(x, y uint32) uint32, diagonal *Node) Node {
	return s.apply(s.param(), a, b, func(a, b Node) (Node, bool) {
		switch {
		case a == b && diagonal != nil:
			return *diagonal, true
		case a.IsLeaf() && b.IsLeaf():
			return Leaf(f(a.Value(), b.Value())), true
		}
		return 0, false
	})
}

// Map changes the values of a function.
func (s *Space) Map(a Node, f func(uint32) uint32) Node {
	return s.apply(s.param(), a, Miss, func(a, _ Node) (Node, bool) {
		if a.IsLeaf() {
			return Leaf(f(a.Value())), true
		}
		return 0, false
	})
}

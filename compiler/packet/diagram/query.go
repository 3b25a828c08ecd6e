package diagram

import "slices"

// Eval is the value of a function where the variables have these classes.
func (s *Space) Eval(n Node, classes []uint32) uint32 {
	for !n.IsLeaf() {
		n = s.child(n, classes[s.nodes[n].level])
	}
	return n.Value()
}

// Descend gives what is left of a function where the first variables have these
// classes.
func (s *Space) Descend(n Node, classes []uint32) Node {
	for !n.IsLeaf() && int(s.nodes[n].level) < len(classes) {
		n = s.child(n, classes[s.nodes[n].level])
	}
	return n
}

func (s *Space) child(n Node, class uint32) Node {
	list := s.edgesOf(n)
	i, _ := slices.BinarySearchFunc(list, class, func(e edge, c uint32) int {
		switch {
		case e.hi < c:
			return -1
		case e.hi > c:
			return 1
		}
		return 0
	})
	return list[i].to
}

// Values that a function takes, sorted.
func (s *Space) Values(n Node) []uint32 {
	seen, found := map[Node]bool{}, map[uint32]bool{}
	var walk func(n Node)
	walk = func(n Node) {
		if n.IsLeaf() {
			found[n.Value()] = true
			return
		}
		if seen[n] {
			return
		}
		seen[n] = true
		for _, e := range s.edgesOf(n) {
			walk(e.to)
		}
	}
	walk(n)
	out := make([]uint32, 0, len(found))
	for v := range found {
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}

// Below replaces every part of a function that asks only for variables from level
// on by the leaf that f makes of the values that this part takes (sorted): what
// those variables are is left open.
func (s *Space) Below(n Node, level int, f func(values []uint32) uint32) Node {
	done := map[Node]Node{}
	var walk func(n Node) Node
	walk = func(n Node) Node {
		if r, ok := done[n]; ok {
			return r
		}
		var r Node
		if s.level(n) >= uint32(level) {
			r = Leaf(f(s.Values(n)))
		} else {
			start := len(s.buf)
			for i, count := 0, int(s.nodes[n].count); i < count; i++ {
				e := s.edges[int(s.nodes[n].first)+i]
				to := walk(e.to)
				s.push(start, e.hi, to)
			}
			r = s.done(start, s.nodes[n].level)
		}
		done[n] = r
		return r
	}
	return walk(n)
}

// Box is classes of which a function has one value: a range for each variable.
type Box struct {
	Value  uint32
	Ranges [][2]uint32
}

// Boxes yields the boxes of a function whose values are wanted, in order.
func (s *Space) Boxes(n Node, want func(uint32) bool, yield func(Box) bool) {
	reach := s.reach(n, want)
	ranges := make([][2]uint32, len(s.sizes))
	for i, size := range s.sizes {
		ranges[i] = [2]uint32{0, size - 1}
	}
	var walk func(n Node) bool
	walk = func(n Node) bool {
		switch {
		case !reach(n):
			return true
		case n.IsLeaf():
			return yield(Box{n.Value(), slices.Clone(ranges)})
		}
		level, lo := s.nodes[n].level, uint32(0)
		whole := ranges[level]
		for _, e := range s.edgesOf(n) {
			ranges[level] = [2]uint32{lo, e.hi}
			if !walk(e.to) {
				return false
			}
			lo = e.hi + 1
		}
		ranges[level] = whole
		return true
	}
	walk(n)
}

// reach says of nodes whether they lead to a leaf that is wanted.
func (s *Space) reach(n Node, want func(uint32) bool) func(Node) bool {
	known := map[Node]bool{}
	var reach func(n Node) bool
	reach = func(n Node) bool {
		if n.IsLeaf() {
			return want(n.Value())
		}
		if r, ok := known[n]; ok {
			return r
		}
		r := false
		for _, e := range s.edgesOf(n) {
			if reach(e.to) {
				r = true
				break
			}
		}
		known[n] = r
		return r
	}
	return reach
}

// Pick finds classes for which a function has a value that is wanted; ok is false
// where there are none. Of the ranges of a variable's classes that lead there,
// choose gives the index of the one to take, and the class in it.
func (s *Space) Pick(n Node, want func(uint32) bool, choose func(level int, ranges [][2]uint32) (int, uint32)) (classes []uint32, ok bool) {
	reach := s.reach(n, want)
	if !reach(n) {
		return nil, false
	}
	classes = make([]uint32, len(s.sizes))
	for level := range s.sizes {
		if int(s.level(n)) != level {
			_, classes[level] = choose(level, [][2]uint32{{0, s.sizes[level] - 1}})
			continue
		}
		var ranges [][2]uint32
		var to []Node
		lo := uint32(0)
		for _, e := range s.edgesOf(n) {
			if reach(e.to) {
				ranges, to = append(ranges, [2]uint32{lo, e.hi}), append(to, e.to)
			}
			lo = e.hi + 1
		}
		i, class := choose(level, ranges)
		n, classes[level] = to[i], class
	}
	return classes, true
}

package diagram

// Region is a set of classes for each variable, as ranges that are sorted and do not
// touch: a box with gaps.
type Region [][][2]uint32

// Grow makes a region around a point, in which a function has wanted values alone.
// One variable after the other, in this order, gets all the classes that leave it
// so: in the end no variable can get one more. The function asks for no variable but
// these.
func (s *Space) Grow(n Node, at []uint32, order []int, want func(uint32) bool) Region {
	r := make(Region, len(s.sizes))
	for v := range r {
		r[v] = [][2]uint32{{0, s.sizes[v] - 1}}
	}
	for _, v := range order {
		r[v] = [][2]uint32{{at[v], at[v]}}
	}
	for _, v := range order {
		r[v] = s.quantify(n, r, v, true, want)
	}
	return r
}

// Among gives the classes of a variable with which a function has some wanted value
// in a region, whatever the region's own classes of it are.
func (s *Space) Among(n Node, r Region, v int, want func(uint32) bool) [][2]uint32 {
	return s.quantify(n, r, v, false, want)
}

// Inside is the condition that packets are in a region.
func (s *Space) Inside(r Region) Node {
	n := True
	for v := len(r) - 1; v >= 0; v-- {
		if !s.whole(r[v], v) {
			n = s.And(s.InAny(v, r[v]), n)
		}
	}
	return n
}

func (s *Space) whole(list [][2]uint32, v int) bool {
	return len(list) == 1 && list[0] == [2]uint32{0, s.sizes[v] - 1}
}

// quantify gives the classes of a variable for which all, or some, of what the
// region has of the other variables is wanted.
func (s *Space) quantify(n Node, r Region, v int, all bool, want func(uint32) bool) [][2]uint32 {
	below := map[Node]bool{}
	var holds func(n Node) bool
	holds = func(n Node) bool {
		if n.IsLeaf() {
			return want(n.Value())
		}
		if known, ok := below[n]; ok {
			return known
		}
		out := all
		s.eachEdge(n, r, func(to Node) bool {
			out = holds(to)
			return out == all
		})
		below[n] = out
		return out
	}
	full := [][2]uint32{{0, s.sizes[v] - 1}}
	above := map[Node][][2]uint32{}
	var classes func(n Node) [][2]uint32
	classes = func(n Node) [][2]uint32 {
		level := int(s.level(n))
		if level > v {
			if holds(n) {
				return full
			}
			return nil
		}
		if known, ok := above[n]; ok {
			return known
		}
		var out [][2]uint32
		if level == v {
			lo := uint32(0)
			for i, count := 0, int(s.nodes[n].count); i < count; i++ {
				e := s.edges[int(s.nodes[n].first)+i]
				if holds(e.to) {
					if k := len(out); k > 0 && out[k-1][1]+1 == lo {
						out[k-1][1] = e.hi
					} else {
						out = append(out, [2]uint32{lo, e.hi})
					}
				}
				lo = e.hi + 1
			}
		} else {
			if all {
				out = full
			}
			s.eachEdge(n, r, func(to Node) bool {
				if all {
					out = Common(out, classes(to))
					return len(out) > 0
				}
				out = unite(out, classes(to))
				return !s.whole(out, v)
			})
		}
		above[n] = out
		return out
	}
	return classes(n)
}

// eachEdge yields where a node's edges lead whose classes a region has.
func (s *Space) eachEdge(n Node, r Region, yield func(Node) bool) {
	set := r[s.nodes[n].level]
	lo, k := uint32(0), 0
	for i, count := 0, int(s.nodes[n].count); i < count; i++ {
		e := s.edges[int(s.nodes[n].first)+i]
		for k < len(set) && set[k][1] < lo {
			k++
		}
		if k == len(set) {
			return
		}
		if set[k][0] <= e.hi && !yield(e.to) {
			return
		}
		lo = e.hi + 1
	}
}

// Common is what two lists of ranges have in common.
func Common(a, b [][2]uint32) [][2]uint32 {
	var out [][2]uint32
	for i, j := 0, 0; i < len(a) && j < len(b); {
		lo, hi := max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
		if lo <= hi {
			out = append(out, [2]uint32{lo, hi})
		}
		if a[i][1] < b[j][1] {
			i++
		} else {
			j++
		}
	}
	return out
}

func unite(a, b [][2]uint32) [][2]uint32 {
	var out [][2]uint32
	for i, j := 0, 0; i < len(a) || j < len(b); {
		var r [2]uint32
		if j == len(b) || i < len(a) && a[i][0] <= b[j][0] {
			r, i = a[i], i+1
		} else {
			r, j = b[j], j+1
		}
		if k := len(out); k > 0 && r[0] <= out[k-1][1]+1 {
			out[k-1][1] = max(out[k-1][1], r[1])
			continue
		}
		out = append(out, r)
	}
	return out
}

package diagram

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// table is a function of three variables, written out.
type table struct {
	sizes [3]uint32
	at    map[[3]uint32]uint32
}

func (f table) each(yield func(c [3]uint32, v uint32)) {
	for i := uint32(0); i < f.sizes[0]; i++ {
		for j := uint32(0); j < f.sizes[1]; j++ {
			for k := uint32(0); k < f.sizes[2]; k++ {
				yield([3]uint32{i, j, k}, f.at[[3]uint32{i, j, k}])
			}
		}
	}
}

// draw a function as a list of boxes with values, and the same as a table.
func draw(t *rapid.T, s *Space, sizes [3]uint32, values uint32) (Node, table) {
	f := table{sizes, map[[3]uint32]uint32{}}
	n := Miss
	for range rapid.IntRange(0, 4).Draw(t, "boxes") {
		cond := True
		var box [3][2]uint32
		for v := range sizes {
			lo := rapid.Uint32Range(0, sizes[v]-1).Draw(t, "lo")
			box[v] = [2]uint32{lo, rapid.Uint32Range(lo, sizes[v]-1).Draw(t, "hi")}
			cond = s.And(cond, s.In(v, box[v][0], box[v][1]))
		}
		value := rapid.Uint32Range(1, values).Draw(t, "value")
		n = s.Ite(cond, Leaf(value), n)
		f.each(func(c [3]uint32, _ uint32) {
			for v := range c {
				if c[v] < box[v][0] || c[v] > box[v][1] {
					return
				}
			}
			f.at[c] = value
		})
	}
	return n, f
}

// TestAlgebra: every operation is what it is of tables.
func TestAlgebra(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New(1 << 20)
		var sizes [3]uint32
		for i := range sizes {
			sizes[i] = rapid.Uint32Range(1, 5).Draw(t, "size")
			s.Var(sizes[i])
		}
		a, fa := draw(t, s, sizes, 3)
		b, fb := draw(t, s, sizes, 3)
		c, fc := draw(t, s, sizes, 1)
		same := func(what string, n Node, f func(x, y, z uint32) uint32) {
			fa.each(func(at [3]uint32, x uint32) {
				want := f(x, fb.at[at], fc.at[at])
				if got := s.Eval(n, at[:]); got != want {
					t.Fatalf("%s at %v: %d, not %d", what, at, got, want)
				}
			})
		}
		pick := func(yes bool, x, y uint32) uint32 {
			if yes {
				return x
			}
			return y
		}
		same("a", a, func(x, _, _ uint32) uint32 { return x })
		same("over", s.Over(a, b), func(x, y, _ uint32) uint32 { return pick(x != 0, x, y) })
		same("and", s.And(c, b), func(_, y, z uint32) uint32 { return pick(z != 0, y, 0) })
		same("minus", s.Minus(b, c), func(_, y, z uint32) uint32 { return pick(z == 0, y, 0) })
		same("not", s.Not(c), func(_, _, z uint32) uint32 { return 1 - z })
		same("ite", s.Ite(c, a, b), func(x, y, z uint32) uint32 {
			return pick(z != 0, x, y)
		})
		same("select", s.Select(a, 2, b), func(x, y, _ uint32) uint32 { return pick(x == 2, y, x) })
		same("map", s.Map(a, func(v uint32) uint32 { return v / 2 }), func(x, _, _ uint32) uint32 { return x / 2 })
		same("combine", s.Combine(a, b, func(x, y uint32) uint32 { return 4*x + y }, nil), func(x, y, _ uint32) uint32 { return 4*x + y })
		none := Leaf(9)
		same("diagonal", s.Combine(a, b, func(x, y uint32) uint32 { return pick(x == y, 9, x) }, &none), func(x, y, _ uint32) uint32 { return pick(x == y, 9, x) })
		// One function is one number.
		if s.Not(s.Not(c)) != c || s.Over(s.And(c, a), s.Minus(a, c)) != a {
			t.Fatal("equal functions are different nodes")
		}
		boxes(t, s, a, fa)
		below(t, s, a, fa)
	})
}

func boxes(t *rapid.T, s *Space, a Node, fa table) {
	seen := map[[3]uint32]int{}
	s.Boxes(a, func(v uint32) bool { return v > 0 }, func(b Box) bool {
		fa.each(func(at [3]uint32, x uint32) {
			for v := range at {
				if at[v] < b.Ranges[v][0] || at[v] > b.Ranges[v][1] {
					return
				}
			}
			seen[at]++
			if x != b.Value {
				t.Fatalf("a box of %d holds %d", b.Value, x)
			}
		})
		return true
	})
	fa.each(func(at [3]uint32, x uint32) {
		if x > 0 && seen[at] != 1 || x == 0 && seen[at] != 0 {
			t.Fatalf("%v of %d is in %d boxes", at, x, seen[at])
		}
	})
	last := func(_ int, r [][2]uint32) (int, uint32) { return len(r) - 1, r[len(r)-1][1] }
	at, ok := s.Pick(a, func(v uint32) bool { return v == 2 }, last)
	if ok && s.Eval(a, at) != 2 {
		t.Fatalf("picked %v of %d", at, s.Eval(a, at))
	}
	has := false
	for _, v := range s.Values(a) {
		has = has || v == 2
	}
	if has != ok {
		t.Fatal("Pick and Values disagree")
	}
}

func below(t *rapid.T, s *Space, a Node, fa table) {
	n := s.Below(a, 2, func(values []uint32) uint32 {
		sum := uint32(0)
		for _, v := range values {
			sum |= 1 << v
		}
		return sum
	})
	want := map[[2]uint32]uint32{}
	fa.each(func(at [3]uint32, x uint32) { want[[2]uint32{at[0], at[1]}] |= 1 << x })
	fa.each(func(at [3]uint32, _ uint32) {
		if got := s.Eval(n, at[:]); got != want[[2]uint32{at[0], at[1]}] {
			t.Fatalf("below at %v: %b, not %b", at, got, want[[2]uint32{at[0], at[1]}])
		}
	})
}

func TestBudget(t *testing.T) {
	s := New(200)
	for range 2 {
		s.Var(100)
	}
	n := Miss
	err := s.Try(func() {
		for i := uint32(0); i < 100; i++ {
			n = s.Over(n, s.And(s.In(0, i, i), s.In(1, i, i)))
		}
	})
	if !errors.Is(err, ErrBudget) {
		t.Fatalf("%v", err)
	}
	if s.Try(func() { s.And(s.In(0, 1, 1), s.In(1, 1, 1)) }) != nil {
		t.Error("what is there already is not to be had")
	}
}

// BenchmarkRules is a list of rules of four fields, each of its own verdict.
func BenchmarkRules(b *testing.B) {
	for _, n := range []uint32{1000, 10000, 100000} {
		b.Run(map[uint32]string{1000: "1k", 10000: "10k", 100000: "100k"}[n], func(b *testing.B) {
			for b.Loop() {
				s := New(1 << 28)
				for _, size := range []uint32{4, 4, 2*n + 1, 2048, 512} {
					s.Var(size)
				}
				list := make([]Node, n)
				for i := uint32(0); i < n; i++ {
					c := s.And(s.In(0, i%3, i%3), s.In(1, i%2, i%2))
					c = s.And(c, s.And(s.In(2, 2*(i*7919%n), 2*(i*7919%n)), s.In(3, i*31%2000, i*31%2000)))
					list[i] = s.Ite(s.And(c, s.In(4, i%500, i%500+i%7)), Leaf(i+1), Miss)
				}
				s.OverAll(list)
				nodes, edges := s.Size()
				b.ReportMetric(float64(nodes), "nodes")
				b.ReportMetric(float64(edges), "edges")
			}
		})
	}
}

package diagram

import "errors"

// Node is a function, within its Space.
type Node uint32

const leafBit = 1 << 31

// Leaf is the constant function with that value, which must be below 1<<31.
func Leaf(v uint32) Node { return Node(v | leafBit) }

// Conditions have two leaves. Miss is the leaf of what a list of cases leaves open
// as well.
const (
	Miss  = Node(leafBit)
	False = Miss
	True  = Node(leafBit | 1)
)

// IsLeaf says whether a function is constant.
func (n Node) IsLeaf() bool { return n&leafBit != 0 }

// Value of a leaf.
func (n Node) Value() uint32 { return uint32(n &^ leafBit) }

// ErrBudget is what Try answers where the budget was too small.
var ErrBudget = errors.New("the diagram grows beyond its budget")

// edge leads the classes up to hi, from behind the edge before it, to a node.
type edge struct {
	hi uint32
	to Node
}

// node is where its edges begin in the slab, which variable it asks for, and the
// least and the greatest value of the leaves that it leads to.
type node struct {
	first    uint32
	count    uint32
	level    uint32
	min, max uint32
}

// Space holds diagrams over one list of variables.
type Space struct {
	sizes  []uint32
	nodes  []node
	edges  []edge
	unique []uint32 // open addressing: node number + 1
	buf    []edge   // edges of nodes that are being made
	cache  []entry
	params uint32 // operations with a parameter of their own that were made
	budget int
}

// entry of the cache of results.
type entry struct {
	op      uint32
	a, b, r Node
}

// New makes a space whose diagrams may have as many edges as the budget says, taken
// together.
func New(budget int) *Space {
	return &Space{unique: make([]uint32, 1<<10), cache: make([]entry, 1<<12), budget: budget}
}

// Try runs f, and gives ErrBudget if it made too many edges. Nodes made until then
// are as good as before.
func (s *Space) Try(f func()) (err error) {
	defer func() {
		switch r := recover(); r {
		case nil:
		case ErrBudget:
			s.buf = s.buf[:0]
			err = ErrBudget
		default:
			panic(r)
		}
	}()
	f()
	return nil
}

// Var adds a variable of that many classes, numbered from 0; it is asked for after
// all others. The answer is its number.
func (s *Space) Var(classes uint32) int {
	s.sizes = append(s.sizes, max(classes, 1))
	return len(s.sizes) - 1
}

// Vars is how many variables there are.
func (s *Space) Vars() int { return len(s.sizes) }

// Classes of a variable.
func (s *Space) Classes(level int) uint32 { return s.sizes[level] }

// Size is how many nodes and edges there are.
func (s *Space) Size() (nodes, edges int) { return len(s.nodes), len(s.edges) }

// Min and Max are the least and the greatest value that a function takes.
func (s *Space) Min(n Node) uint32 {
	if n.IsLeaf() {
		return n.Value()
	}
	return s.nodes[n].min
}

// Max is the greatest value that a function takes.
func (s *Space) Max(n Node) uint32 {
	if n.IsLeaf() {
		return n.Value()
	}
	return s.nodes[n].max
}

// level of a leaf is below all variables.
func (s *Space) level(n Node) uint32 {
	if n.IsLeaf() {
		return uint32(len(s.sizes))
	}
	return s.nodes[n].level
}

func (s *Space) edgesOf(n Node) []edge {
	x := &s.nodes[n]
	return s.edges[x.first : x.first+x.count : x.first+x.count]
}

// push an edge onto the node in the making that began at start.
func (s *Space) push(start int, hi uint32, to Node) {
	if n := len(s.buf); n > start && s.buf[n-1].to == to {
		s.buf[n-1].hi = hi
		return
	}
	s.buf = append(s.buf, edge{hi, to})
}

// done makes the node of the edges from start on, or finds it.
func (s *Space) done(start int, level uint32) Node {
	list := s.buf[start:]
	s.buf = s.buf[:start]
	if len(list) == 1 {
		return list[0].to
	}
	h := hash(level, list)
	mask := uint32(len(s.unique) - 1)
	i := h & mask
	for ; s.unique[i] != 0; i = (i + 1) & mask {
		n := s.unique[i] - 1
		if x := &s.nodes[n]; x.level == level && x.count == uint32(len(list)) && same(s.edges[x.first:x.first+x.count], list) {
			return Node(n)
		}
	}
	if len(s.edges)+len(list) > s.budget {
		panic(ErrBudget)
	}
	x := node{first: uint32(len(s.edges)), count: uint32(len(list)), level: level, min: ^uint32(0)}
	for _, e := range list {
		x.min, x.max = min(x.min, s.Min(e.to)), max(x.max, s.Max(e.to))
	}
	s.edges = append(s.edges, list...)
	s.nodes = append(s.nodes, x)
	s.unique[i] = uint32(len(s.nodes))
	if len(s.nodes)*2 > len(s.unique) {
		s.grow()
	}
	return Node(len(s.nodes) - 1)
}

// grow the tables.
func (s *Space) grow() {
	s.unique = make([]uint32, 2*len(s.unique))
	mask := uint32(len(s.unique) - 1)
	for n := range s.nodes {
		x := &s.nodes[n]
		i := hash(x.level, s.edges[x.first:x.first+x.count]) & mask
		for s.unique[i] != 0 {
			i = (i + 1) & mask
		}
		s.unique[i] = uint32(n + 1)
	}
	if len(s.cache) < 1<<20 && len(s.cache) < len(s.unique) {
		s.cache = make([]entry, len(s.unique))
	}
}

func same(a, b []edge) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func hash(level uint32, list []edge) uint32 {
	h := uint64(level) + 0x9e3779b97f4a7c15
	for _, e := range list {
		h = (h ^ (uint64(e.hi)<<32 | uint64(e.to))) * 0xff51afd7ed558ccd
		h ^= h >> 32
	}
	return uint32(h ^ h>>29)
}

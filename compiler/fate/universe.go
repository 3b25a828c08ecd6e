package fate

import (
	"cmp"
	"slices"

	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/ruleset"
)

// The variables that every universe has, in the order in which diagrams ask for
// them: what a packet is when it sets out.
const (
	varIIF     = iota // name of the interface on which it arrives
	varOIF            // name of the interface by which it leaves, if it does
	varProto          // transport protocol
	varDst            // destination
	varDport          // destination port
	varSrc            // source
	varSport          // source port
	varType           // ICMP type
	varCode           // ICMP code
	varFlags          // TCP flags
	varUser           // owner of the sending socket
	varGroup          // its group
	varTTL            // time to live
	varDstType        // what the routing table says of the destination, where no facts tell
	varSrcType        // and of the source
	numFixed
)

// Universe is the packets of one family, as far as rules and questions tell them
// apart. Everything that will be asked has to be added before the first diagram is
// made.
type Universe struct {
	v6   bool
	dd   *diagram.Space
	cuts [][]ruleset.U128 // of each variable: where its classes begin
	raw  [][]ruleset.U128 // the same, not yet in order
	free map[ruleset.Field]int
	// atoms are the variables of what can't be known, by what it is.
	atoms     map[string]int
	atomNames []string
	firstAtom int
	// users are names of users and groups, by their numbers here.
	users map[string]uint64
	// numbered and named: owners are asked for by number, by name.
	numbered, named bool
	// live are the fields that some rule looks at.
	live map[ruleset.Field]bool
	*numbers
	// Budget of edges, to be set before the first question; 0 is what fits in about
	// 600 MB.
	Budget int
}

// defaultBudget of edges: about 600 MB.
const defaultBudget = 40_000_000

// NewUniverse of IPv4 or IPv6.
func NewUniverse(v6 bool) *Universe {
	u := &Universe{
		v6: v6, raw: make([][]ruleset.U128, numFixed), free: map[ruleset.Field]int{},
		atoms: map[string]int{}, users: map[string]uint64{}, live: map[ruleset.Field]bool{},
		numbers: newNumbers(),
	}
	for v := range u.raw {
		u.raw[v] = []ruleset.U128{{}}
	}
	u.cut(varIIF, nameValue("lo"), nameValue("lo"))
	u.cut(varIIF, ruleset.U128{}, ruleset.U128{}) // none
	for _, proto := range []uint64{packet.ICMP, packet.IGMP, packet.TCP, packet.UDP, packet.DCCP, packet.ICMPv6, packet.SCTP, packet.UDPLite} {
		u.cutNum(varProto, proto, proto)
	}
	for v, most := range map[int]uint64{varProto: 255, varDport: 65535, varType: 255, varCode: 255} {
		u.cutNum(v, 0, most)
	}
	u.cutNum(varTTL, 1, 255)
	for _, v := range []int{varUser, varGroup} {
		u.cutNum(v, 1, 1<<32)
		u.cut(v, ruleset.U128{Hi: 1}, ruleset.U128{Hi: 1, Lo: 1 << 32})
	}
	if !v6 {
		u.cutNum(varDst, 0, 1<<32-1)
	}
	u.cutNum(varUser, 0, 0)
	u.cutNum(varGroup, 0, 0)
	for n := uint64(0); n <= 10; n++ {
		u.cutNum(varDstType, n, n)
		u.cutNum(varSrcType, n, n)
	}
	u.well()
	return u
}

// well cuts where the kernel itself tells packets apart.
func (u *Universe) well() {
	if u.v6 {
		for _, p := range []string{"::1/128", "ff00::/8", "fe80::/10", "::/128"} {
			u.AddPrefix(p)
		}
		for _, r := range wireless() {
			u.cut(varDst, r[0], r[1])
		}
		for _, t := range []uint64{128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 139, 143} {
			u.cutNum(varType, t, t)
		}
		u.cutNum(varTTL, 1, 1)
		u.cutNum(varTTL, 255, 255)
		return
	}
	for _, p := range []string{"127.0.0.0/8", "224.0.0.0/4", "224.0.0.0/24", "255.255.255.255/32", "0.0.0.0/8", "0.0.0.0/32"} {
		u.AddPrefix(p)
	}
	for _, t := range []uint64{0, 8, 13, 15, 17} {
		u.cutNum(varType, t, t)
	}
}

// cut makes it possible to ask whether a variable is within lo to hi.
func (u *Universe) cut(v int, lo, hi ruleset.U128) {
	switch v { // addresses, ports and names are asked for in both directions
	case varOIF:
		v = varIIF
	case varSrc:
		v = varDst
	case varSport:
		v = varDport
	case varTTL: // and as it is a hop later
		if hi.Lo < 255 {
			u.raw[v] = append(u.raw[v], lo.Next(), hi.Next().Next())
		}
	}
	u.raw[v] = append(u.raw[v], lo)
	if next := hi.Next(); next != (ruleset.U128{}) {
		u.raw[v] = append(u.raw[v], next)
	}
}

func (u *Universe) cutNum(v int, lo, hi uint64) {
	u.cut(v, ruleset.U128{Lo: lo}, ruleset.U128{Lo: hi})
}

// space makes the diagrams' space, at the first question.
func (u *Universe) space() *diagram.Space {
	if u.dd != nil {
		return u.dd
	}
	u.dd = diagram.New(cmp.Or(u.Budget, defaultBudget))
	u.raw[varOIF], u.raw[varSrc], u.raw[varSport] = u.raw[varIIF], u.raw[varDst], u.raw[varDport]
	u.cuts = make([][]ruleset.U128, len(u.raw))
	for v, list := range u.raw {
		if v == varFlags && len(list) > 1 {
			list = nil
			for n := range uint64(257) {
				list = append(list, ruleset.U128{Lo: n})
			}
		}
		list = slices.Clone(list)
		slices.SortFunc(list, ruleset.U128.Cmp)
		u.cuts[v] = slices.Compact(list)
		u.dd.Var(uint32(len(u.cuts[v])))
	}
	u.raw = nil
	u.firstAtom = u.dd.Vars()
	return u.dd
}

// classes of a variable from lo to hi, which must be cuts.
func (u *Universe) classes(v int, lo, hi ruleset.U128) (uint32, uint32) {
	list := u.cuts[v]
	i, found := slices.BinarySearchFunc(list, lo, ruleset.U128.Cmp)
	if !found {
		panic(missingCut{v, lo})
	}
	next := hi.Next()
	if next == (ruleset.U128{}) {
		return uint32(i), uint32(len(list) - 1)
	}
	j, found := slices.BinarySearchFunc(list, next, ruleset.U128.Cmp)
	if !found {
		panic(missingCut{v, next})
	}
	return uint32(i), uint32(j - 1)
}

// missingCut is a mistake of this package: something is asked that was not added.
type missingCut struct {
	v  int
	at ruleset.U128
}

// bounds of a class: its least and its greatest value.
func (u *Universe) bounds(v int, class uint32) (lo, hi ruleset.U128) {
	lo = u.cuts[v][class]
	if int(class)+1 < len(u.cuts[v]) {
		return lo, u.cuts[v][class+1].Prev()
	}
	return lo, ruleset.U128{Hi: ^uint64(0), Lo: ^uint64(0)}
}

// in is the condition that a variable is within one of the ranges, which may
// overlap.
func (u *Universe) in(v int, ranges [][2]ruleset.U128) diagram.Node {
	list := make([][2]uint32, 0, len(ranges))
	for _, r := range ranges {
		if r[0].Cmp(r[1]) > 0 {
			continue
		}
		lo, hi := u.classes(v, r[0], r[1])
		list = append(list, [2]uint32{lo, hi})
	}
	return u.space().InAny(v, union(list))
}

// is the condition that a variable is one of some numbers.
func (u *Universe) is(v int, numbers ...uint64) diagram.Node {
	ranges := make([][2]ruleset.U128, len(numbers))
	for i, n := range numbers {
		ranges[i] = [2]ruleset.U128{{Lo: n}, {Lo: n}}
	}
	return u.in(v, ranges)
}

// union sorts ranges and joins those that overlap or touch.
func union(list [][2]uint32) [][2]uint32 {
	slices.SortFunc(list, func(a, b [2]uint32) int { return cmp.Compare(a[0], b[0]) })
	out := list[:0]
	for _, r := range list {
		if n := len(out); n > 0 && r[0] <= out[n-1][1]+1 {
			out[n-1][1] = max(out[n-1][1], r[1])
			continue
		}
		out = append(out, r)
	}
	return out
}

// maxAtoms bounds how much may be unknown.
const maxAtoms = 400

// atom is the condition that something holds that can't be known.
func (u *Universe) atom(what string) diagram.Node {
	v, ok := u.atoms[what]
	if !ok {
		if len(u.atomNames) == maxAtoms {
			panic(diagram.ErrBudget)
		}
		v = u.space().Var(2)
		u.atoms[what] = v
		u.atomNames = append(u.atomNames, what)
	}
	return u.space().In(v, 1, 1)
}

// nameValue is an interface's name as a number; names that begin alike are a range.
func nameValue(s string) ruleset.U128 {
	var n ruleset.U128
	for i := 0; i < len(s) && i < 16; i++ {
		b := uint64(s[i])
		if i < 8 {
			n.Hi |= b << (56 - 8*i)
		} else {
			n.Lo |= b << (120 - 8*i)
		}
	}
	return n
}

// nameOf undoes nameValue.
func nameOf(n ruleset.U128) string {
	var b []byte
	for i := range 16 {
		var c byte
		if i < 8 {
			c = byte(n.Hi >> (56 - 8*i))
		} else {
			c = byte(n.Lo >> (120 - 8*i))
		}
		if c == 0 {
			break
		}
		b = append(b, c)
	}
	return string(b)
}

// nameRange of a name that may end in *.
func nameRange(s string) (lo, hi ruleset.U128) {
	s, wild := ruleset.Wildcard(s)
	if wild {
		lo = nameValue(s)
		hi = lo
		for i := len(s); i < 16; i++ {
			if i < 8 {
				hi.Hi |= 0xff << (56 - 8*i)
			} else {
				hi.Lo |= 0xff << (120 - 8*i)
			}
		}
		return lo, hi
	}
	return nameValue(s), nameValue(s)
}

package fate

import (
	"math"
	"net/netip"
	"slices"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/ruleset"
)

// Region is packets, told by what each field may be; nil is anything.
type Region struct {
	IIF, OIF         *Links
	Proto            []Range
	Dst, Src         *AddrSet
	Dport, Sport     []Range
	Type, Code       []Range
	Flags            []Range
	User, Group      []Owners
	TTL              []Range
	DstType, SrcType []host.Type
	// Size is the logarithm, to the base of 2, of how great a part of all packets it
	// is: 0 is all of them.
	Size float64

	u   *Universe
	box diagram.Region
}

// Has says whether a packet is in a region.
func (r *Region) Has(p *Packet) bool {
	for v, class := range r.u.place(p) {
		if !slices.ContainsFunc(r.box[v], func(in [2]uint32) bool { return in[0] <= class && class <= in[1] }) {
			return false
		}
	}
	return true
}

// V6: it is of packets of IPv6.
func (r *Region) V6() bool { return r.u.v6 }

// Inside is the condition that packets are in a region.
func (r *Region) Inside() diagram.Node { return r.u.dd.Inside(r.box) }

// Holds says whether a condition may hold for a packet.
func (u *Universe) Holds(cond diagram.Node, p *Packet) bool {
	return u.dd.Max(u.dd.Descend(cond, u.place(p))) != 0
}

// Range of numbers.
type Range struct{ Lo, Hi uint32 }

// Addrs is a range of addresses.
type Addrs struct{ Lo, Hi netip.Addr }

// AddrSet is addresses that count: exactly, in ranges that may reach over others which
// do not count, and those that count and are not in it.
type AddrSet struct{ List, Wide, Not []Addrs }

// Links are interfaces by their names, which may end in *: these, or with Not all but
// these. Others: and some more, whose names no rule knows.
type Links struct {
	Names       []string
	Not, Others bool
}

// Owners are users or groups: none, a range of numbers, one of that name, or others.
type Owners struct {
	Nobody bool
	Name   string
	Lo, Hi uint32
	Others bool
}

// growth is the order in which fields become as wide as they can be: first what
// tells the least.
var growth = []int{varSrcType, varDstType, varTTL, varGroup, varUser, varFlags, varCode, varSport, varType, varOIF, varSrc, varIIF, varProto, varDport, varDst}

// Cover tells of which packets a diagram has values other than 0 and open, in
// regions that are as wide as they can be: each has one value, and where the value
// is open, and nothing counts, it may be in it or not. They may overlap. Each has a
// packet that is in none before it. The diagram asks for no atoms.
func (u *Universe) Cover(n diagram.Node, open uint32, t Taste, yield func(value uint32, r *Region, w *Packet) bool) {
	dd := u.dd
	counts := func(v uint32) bool { return v != 0 && v != open }
	left := dd.Map(n, func(v uint32) uint32 {
		if v == open {
			return 0
		}
		return v
	})
	for left != diagram.Miss {
		w, at, ok := u.pick(left, counts, t)
		if !ok {
			return
		}
		value := dd.Eval(left, at)
		box := dd.Grow(n, at, growth, func(v uint32) bool { return v == value || v == open })
		r := u.region(n, box, func(v uint32) bool { return v != open })
		left = dd.Minus(left, dd.Inside(box))
		if !yield(value, r, w) {
			return
		}
	}
}

// region of classes; what counts says which values are of packets at all.
func (u *Universe) region(n diagram.Node, box diagram.Region, counts func(uint32) bool) *Region {
	r := &Region{u: u, box: box}
	has := func(v int) [][2]ruleset.U128 {
		if len(box[v]) == 1 && box[v][0] == [2]uint32{0, u.dd.Classes(v) - 1} {
			return nil
		}
		in := u.dd.Among(n, box, v, counts)
		list := u.valuesOf(v, diagram.Common(box[v], in))
		r.Size += math.Log2(extentOf(list) / extentOf(u.valuesOf(v, in)))
		return list
	}
	r.IIF, r.OIF = u.links(n, box, varIIF, counts), u.links(n, box, varOIF, counts)
	r.Proto, r.Dport, r.Sport = numbersOf(has(varProto)), numbersOf(has(varDport)), numbersOf(has(varSport))
	r.Type, r.Code, r.Flags, r.TTL = numbersOf(has(varType)), numbersOf(has(varCode)), numbersOf(has(varFlags)), numbersOf(has(varTTL))
	r.Dst, r.Src = u.addrSet(n, box, varDst, has(varDst), counts), u.addrSet(n, box, varSrc, has(varSrc), counts)
	r.User, r.Group = u.ownersOf(has(varUser)), u.ownersOf(has(varGroup))
	r.DstType, r.SrcType = typesOf(has(varDstType)), typesOf(has(varSrcType))
	return r
}

// valuesOf classes.
func (u *Universe) valuesOf(v int, list [][2]uint32) [][2]ruleset.U128 {
	var out [][2]ruleset.U128
	add := func(from, to uint32) {
		lo, _ := u.bounds(v, from)
		_, hi := u.bounds(v, to)
		out = append(out, [2]ruleset.U128{lo, hi})
	}
	for _, r := range list {
		if v == varUser || v == varGroup {
			for c := r[0]; c <= r[1]; c++ { // each has a name of its own
				add(c, c)
			}
			continue
		}
		add(r[0], r[1])
	}
	return out
}

// extentOf ranges: how many values they have.
func extentOf(list [][2]ruleset.U128) float64 {
	sum := 0.0
	for _, r := range list {
		sum += (float64(r[1].Hi)-float64(r[0].Hi))*math.Exp2(64) + float64(r[1].Lo) - float64(r[0].Lo) + 1
	}
	return max(sum, 1)
}

func numbersOf(list [][2]ruleset.U128) []Range {
	var out []Range
	for _, r := range list {
		out = append(out, Range{uint32(r[0].Lo), uint32(min(r[1].Lo, 1<<32-1))})
	}
	return out
}

// addrSet of a region, whose values are given.
func (u *Universe) addrSet(n diagram.Node, box diagram.Region, v int, values [][2]ruleset.U128, counts func(uint32) bool) *AddrSet {
	if values == nil {
		return nil
	}
	in := u.dd.Among(n, box, v, counts)
	meets := func(r [2]uint32, list [][2]uint32) bool { return len(diagram.Common([][2]uint32{r}, list)) > 0 }
	var wide, not [][2]uint32
	for _, r := range box[v] {
		if meets(r, in) {
			wide = append(wide, r)
		}
	}
	for _, r := range diagram.Common(u.gaps(box[v], v), in) {
		if k := len(not); k > 0 && r[0]-not[k-1][1] <= 2 && !meets([2]uint32{not[k-1][1] + 1, r[0] - 1}, in) {
			not[k-1][1] = r[1] // over a single address that does not count
			continue
		}
		not = append(not, r)
	}
	for i, r := range not { // a whole network, where what is missing does not count
		for _, more := range [][2]uint32{{r[0], r[1] + 1}, {r[0] - min(r[0], 1), r[1]}, {r[0] - min(r[0], 1), r[1] + 1}} {
			if more[1] < u.dd.Classes(v) && !u.network(v, r) && u.network(v, more) &&
				!meets([2]uint32{more[0], more[0]}, diagram.Common(box[v], in)) && !meets([2]uint32{more[1], more[1]}, diagram.Common(box[v], in)) {
				not[i] = more
			}
		}
	}
	return &AddrSet{u.addrsOf(values), u.addrsOf(u.valuesOf(v, wide)), u.addrsOf(u.valuesOf(v, not))}
}

// network says whether classes of addresses are all of one network.
func (u *Universe) network(v int, r [2]uint32) bool {
	lo, _ := u.bounds(v, r[0])
	_, hi := u.bounds(v, r[1])
	width := 32
	if u.v6 {
		width = 128
	}
	_, ok := ruleset.Term{Lo: lo, Hi: hi}.PrefixLen(width)
	return ok
}

// gaps are a variable's classes that are not in a list.
func (u *Universe) gaps(list [][2]uint32, v int) [][2]uint32 {
	var out [][2]uint32
	next := uint32(0)
	for _, r := range list {
		if r[0] > next {
			out = append(out, [2]uint32{next, r[0] - 1})
		}
		next = r[1] + 1
	}
	if last := u.dd.Classes(v) - 1; next <= last {
		out = append(out, [2]uint32{next, last})
	}
	return out
}

func (u *Universe) addrsOf(list [][2]ruleset.U128) []Addrs {
	var out []Addrs
	for _, r := range list {
		if !u.v6 {
			if r[0].Hi > 0 || r[0].Lo > 1<<32-1 {
				continue // no address
			}
			if r[1].Hi > 0 || r[1].Lo > 1<<32-1 {
				r[1] = ruleset.U128{Lo: 1<<32 - 1}
			}
		}
		if u.v6 {
			out = append(out, Addrs{r[0].Addr6Of(), r[1].Addr6Of()})
		} else {
			out = append(out, Addrs{r[0].Addr4Of(), r[1].Addr4Of()})
		}
	}
	return out
}

// links of a region: by those that are in it, or by those that are not.
func (u *Universe) links(n diagram.Node, box diagram.Region, v int, counts func(uint32) bool) *Links {
	full := [][2]uint32{{0, u.dd.Classes(v) - 1}}
	if slices.Equal(box[v], full) {
		return nil
	}
	names, others := u.namesOf(box[v], v)
	if !others {
		return &Links{Names: names}
	}
	in := u.dd.Among(n, box, v, counts)
	not, more := u.namesOf(diagram.Common(u.gaps(box[v], v), in), v)
	if more {
		return &Links{Names: names, Others: true}
	}
	return &Links{Names: not, Not: true}
}

// namesOf classes; others: there are some between those that rules know.
func (u *Universe) namesOf(list [][2]uint32, v int) (names []string, others bool) {
	for _, r := range list {
		lo, _ := u.bounds(v, r[0])
		_, hi := u.bounds(v, r[1])
		stem := nameOf(lo)
		switch from, to := nameRange(stem + "*"); {
		case lo == hi && stem != "" && stem != host.Loopback:
			names = append(names, stem)
		case lo == hi:
		case lo == from && hi == to:
			names = append(names, stem+"*")
		default:
			others = true
		}
	}
	return names, others
}

func (u *Universe) ownersOf(list [][2]ruleset.U128) []Owners {
	var out []Owners
	for _, r := range list {
		o := Owners{Others: true}
		switch {
		case r[0] == ruleset.U128{}:
			o = Owners{Nobody: true}
		case r[0].Hi == 0 && r[1].Hi == 0 && r[0].Lo <= 1<<32:
			o = Owners{Lo: uint32(r[0].Lo - 1), Hi: uint32(min(r[1].Lo, 1<<32) - 1)}
		case r[0].Hi == 1 && r[0] == r[1]:
			for name, id := range u.users {
				if id == r[0].Lo {
					o = Owners{Name: name}
				}
			}
		}
		out = append(out, o)
	}
	return out
}

func typesOf(list [][2]ruleset.U128) []host.Type {
	var out []host.Type
	for _, r := range list {
		for n := r[0].Lo; n <= min(r[1].Lo, 10); n++ {
			out = append(out, host.Type(n))
		}
	}
	return out
}

package change

import (
	"net/netip"
	"slices"

	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet/diagram"
)

// open is the value of what sets out on no such way: it counts nothing.
const open = 1

// ways divides a journey's packets, and makes classes of those that differ.
func (c *comparison) ways(j fate.Journey, conn fate.Conn, kinds, starts diagram.Node) {
	told, astray := map[Way][]*Class{}, c.astray(conn)
	for _, p := range c.parts(j, starts) {
		left := kinds
		if p.odd && !c.out.Complete {
			break // what would be left is not known
		}
		if p.odd {
			left = c.leave(kinds, p, told[p.way])
		}
		if c.dd.And(p.where, left) == diagram.Miss {
			continue
		}
		n := c.dd.Ite(p.where, left, diagram.Leaf(open))
		count := 0
		c.u.Cover(n, open, c.taste(p.way), func(value uint32, r *fate.Region, w *fate.Packet) bool {
			if count == c.q.Max {
				c.out.Complete = false
				return false
			}
			k := c.sets.kinds[value]
			if p.odd && !c.accepts(k.old) && !c.accepts(k.new) {
				return true // refused either way
			}
			if astray != diagram.False && !c.has(c.dd.Minus(c.dd.And(r.Inside(), c.dd.And(p.where, left)), astray), value) {
				return true
			}
			if r.Dst == nil {
				r.Dst = p.dst
			}
			count++
			class := &Class{
				V4: !c.v6, V6: c.v6, Ways: p.way, Conns: 1 << conn, Old: c.fates(k.old), New: c.fates(k.new), Certain: k.certain,
				Packet: w, region: *r, odd: p.odd, at: place{u: c.u, way: p.way, conn: conn, value: value, where: p.where, also: diagram.Miss},
			}
			told[p.way] = append(told[p.way], class)
			c.out.Classes = append(c.out.Classes, class)
			return true
		})
	}
}

// has says whether a function has a value.
func (c *comparison) has(n diagram.Node, value uint32) bool {
	return c.dd.Min(n) <= value && value <= c.dd.Max(n) && slices.Contains(c.dd.Values(n), value)
}

// leave out of an odd part what classes before it say of all packets.
func (c *comparison) leave(kinds diagram.Node, p part, told []*Class) diagram.Node {
	kinds = c.dd.And(p.where, kinds)
	for _, class := range told {
		if kinds == diagram.Miss {
			break
		}
		if class.odd {
			continue
		}
		also := c.dd.Map(c.dd.And(class.region.Inside(), kinds), func(v uint32) uint32 {
			if v == class.at.value {
				return 1
			}
			return 0
		})
		class.at.also = c.dd.Or(class.at.also, also)
		kinds = c.dd.Minus(kinds, also)
	}
	return kinds
}

// part of a journey's packets. A class in one says nothing of those in others.
type part struct {
	way   Way
	where diagram.Node
	dst   *fate.AddrSet // what any destination is
	odd   bool          // packets that nobody sends
}

// parts of a journey, so that what is odd does not split what is not.
func (c *comparison) parts(j fate.Journey, starts diagram.Node) []part {
	switch j {
	case fate.Local:
		return []part{{Self, starts, nil, false}}
	case fate.Outbound:
		return []part{{Out, starts, nil, false}}
	}
	here, loop, forged := c.old.Here(), c.dd.And(c.old.Nowhere(), starts), c.old.Forged()
	in := c.dd.Minus(c.dd.And(here, starts), loop)
	through := c.dd.Minus(starts, c.dd.Or(here, loop))
	return []part{
		{In, c.dd.Minus(in, forged), nil, false}, {Through, c.dd.Minus(through, forged), nil, false},
		{In, c.dd.Minus(loop, forged), nowhere(c.v6), true}, {In, c.dd.And(forged, c.dd.Or(in, loop)), nil, true}, {Through, c.dd.And(forged, through), nil, true},
	}
}

// accepts says whether a set of fates has one that accepts.
func (c *comparison) accepts(set uint32) bool {
	return slices.ContainsFunc(c.sets.sets[set-1], func(v uint32) bool { return c.old.Fate(v).Verdict == fate.Accept })
}

func (c *comparison) fates(set uint32) []fate.Fate {
	var out []fate.Fate
	for _, v := range c.sets.sets[set-1] {
		f := c.old.Fate(v)
		if !slices.ContainsFunc(out, func(g fate.Fate) bool { return alike(f, g) }) {
			out = append(out, f)
		}
	}
	return out
}

func (c *comparison) taste(way Way) fate.Taste {
	var t fate.Taste
	if c.q.Host == nil {
		return t
	}
	for i := range c.q.Host.Links {
		l := &c.q.Host.Links[i]
		if l.Name != host.Loopback {
			t.IIF, t.OIF = append(t.IIF, l.Name), append(t.OIF, l.Name)
		}
		for _, p := range l.Addrs {
			if p.Addr().IsLoopback() || p.Addr().IsLinkLocalUnicast() {
				continue
			}
			if way == Self || way == In {
				t.Dst = append(t.Dst, p.Addr())
			}
			if way == Self || way == Out {
				t.Src = append(t.Src, p.Addr())
			}
		}
	}
	return t
}

func nowhere(v6 bool) *fate.AddrSet {
	list := []fate.Addrs{
		{Lo: netip.AddrFrom4([4]byte{}), Hi: netip.AddrFrom4([4]byte{0, 255, 255, 255})},
		{Lo: netip.AddrFrom4([4]byte{127}), Hi: netip.AddrFrom4([4]byte{127, 255, 255, 255})},
	}
	if v6 {
		list = []fate.Addrs{{Lo: netip.IPv6Loopback(), Hi: netip.IPv6Loopback()}}
	}
	return &fate.AddrSet{List: list, Wide: list}
}

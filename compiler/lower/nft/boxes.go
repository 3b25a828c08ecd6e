package nft

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// The kernel refuses overlapping elements of an interval set of concatenations
// (nft_set_pipapo), so what statements allow is cut into boxes that are
// disjoint: ports by sources, for each destination, protocol and interface.

// boxGroup are the boxes that could overlap.
type boxGroup struct {
	addr  netip.Addr
	proto uint8
	any   bool // on every interface
}

type box struct {
	ports   policy.PortRange
	lo, hi  ruleset.U128 // sources
	iface   string
	comment string
	origin  diag.Span
}

// covers says whether a's interfaces contain b's.
func (a box) covers(b box) bool {
	return a.iface == b.iface || isWild(a.iface) && strings.HasPrefix(b.iface, strings.TrimSuffix(a.iface, "*"))
}

// minus cuts from a what o holds: up to four boxes.
func (a box) minus(o box, out []box) []box {
	if a.ports.Hi < o.ports.Lo || a.ports.Lo > o.ports.Hi || a.hi.Cmp(o.lo) < 0 || a.lo.Cmp(o.hi) > 0 {
		return append(out, a)
	}
	if a.ports.Lo < o.ports.Lo {
		left := a
		left.ports.Hi = o.ports.Lo - 1
		out = append(out, left)
		a.ports.Lo = o.ports.Lo
	}
	if a.ports.Hi > o.ports.Hi {
		right := a
		right.ports.Lo = o.ports.Hi + 1
		out = append(out, right)
		a.ports.Hi = o.ports.Hi
	}
	if a.lo.Cmp(o.lo) < 0 {
		below := a
		below.hi = o.lo.Prev()
		out = append(out, below)
	}
	if a.hi.Cmp(o.hi) > 0 {
		above := a
		above.lo = o.hi.Next()
		out = append(out, above)
	}
	return out
}

// disjoint cuts the boxes so that none overlaps another and their union stays.
func disjoint(boxes []box) []box {
	// Wildcards first, the shorter before the longer, so that whatever could
	// cover a box is already there when its turn comes.
	slices.SortStableFunc(boxes, func(a, b box) int {
		wa, wb := isWild(a.iface), isWild(b.iface)
		switch {
		case wa && !wb:
			return -1
		case wb && !wa:
			return 1
		case wa && len(a.iface) != len(b.iface):
			return cmp.Compare(len(a.iface), len(b.iface))
		}
		return 0
	})
	var done []box
	for _, n := range boxes {
		parts := []box{n}
		for _, d := range done {
			if !d.covers(n) {
				continue
			}
			var rest []box
			for _, p := range parts {
				rest = p.minus(d, rest)
			}
			if parts = rest; len(parts) == 0 {
				break
			}
		}
		done = append(done, parts...)
	}
	return done
}

// flushBoxes turns the boxes into elements of the interval sets.
func (b *builder) flushBoxes() {
	for _, g := range b.boxOrder {
		f := policy.FamilyOf(g.addr)
		s := b.counted(rangesSet(f, g.any), rangesKey(f, g.any))
		s.Interval = true
		list := b.boxes[g]
		if len(list) > 1 {
			list = disjoint(list)
		}
		for _, x := range list {
			key := []ruleset.Term{
				ruleset.Addr(g.addr), ruleset.Num(uint64(g.proto)),
				ruleset.Range(uint64(x.ports.Lo), uint64(x.ports.Hi)), {Lo: x.lo, Hi: x.hi},
			}
			if !g.any {
				key = append(key, ruleset.Text(x.iface))
			}
			s.Elems = append(s.Elems, ruleset.Elem{Key: b.key(key...), Comment: x.comment, Origin: x.origin})
		}
	}
}

package ipt

import (
	"math/bits"
	"net/netip"
	"sort"

	"github.com/loward/loward/compiler/ruleset"
)

// netPrefix is a prefix with its bounds as numbers.
type netPrefix struct {
	netip.Prefix
	lo ruleset.U128
}

func newPrefix(p netip.Prefix) netPrefix { return netPrefix{p, ruleset.AddrValue(p.Addr())} }

// entry says where packets of a prefix go.
type entry struct {
	netPrefix
	to *ruleset.Verdict
}

const (
	// linear is the number of addresses that one chain holds without a tree:
	// below it, comparing costs less than branching.
	linear = 12
	// fan is the number of branches that a chain is divided into. Half as many
	// rules would be met in a binary tree, but the nf_tables variant allows no
	// more than 15 chains in a row.
	fan = 16
)

// where matches an address of the packet in a rule.
type where ruleset.Field

func (f where) in(p netPrefix) ruleset.Stmt {
	return &ruleset.Match{Field: ruleset.Field(f), Terms: []ruleset.Term{ruleset.Prefix(p.Prefix)}}
}

// tree appends to c rules that send a packet to the entry that its address is
// in; others fall through c. Entries are sorted and disjoint. Branches are
// chains named by kind and prefix, and end with cont, which must go where
// falling through c leads.
//
// A branch is a prefix that holds a sixteenth of the entries, or up to half as
// many: so the depth is logarithmic whatever the addresses are.
func (w *lowerer) tree(c *node, kind string, f where, entries []entry, cont *ruleset.Verdict) {
	w.branch(c, kind, f, merge(entries), cont)
}

// branch may reorder entries, which are its own.
func (w *lowerer) branch(c *node, kind string, f where, entries []entry, cont *ruleset.Verdict) {
	most := max(linear, (len(entries)+fan-1)/fan)
	for len(entries) > linear {
		from, to := split(entries, most)
		part := entries[from:to]
		p := common(part)
		sub := w.chainAt(c.t, kind, p.Prefix)
		c.add(origin{}, f.in(p), sub.to)
		w.branch(sub, kind, f, part, cont)
		sub.end(cont)
		// Close the gap from the side that is shorter.
		if from < len(entries)-to {
			copy(entries[to-from:to], entries[:from])
			entries = entries[to-from:]
		} else {
			entries = append(entries[:from], entries[to:]...)
		}
	}
	for _, e := range entries {
		c.add(origin{}, f.in(e.netPrefix), e.to)
	}
}

// split finds the stretch of entries of one prefix that holds at most so many,
// and more than half as many, by going to the fuller side at each bit.
func split(entries []entry, most int) (from, to int) {
	from, to = 0, len(entries)
	for to-from > most {
		// The first bit in which the stretch's entries differ divides it.
		part := entries[from:to]
		mid := from + first(part, common(part).Bits())
		if mid-from >= to-mid {
			to = mid
		} else {
			from = mid
		}
	}
	return from, to
}

// first entry that has the bit set; entries before that agree in all bits
// before it.
func first(part []entry, bit int) int {
	return sort.Search(len(part), func(i int) bool { return hasBit(part[i].netPrefix, bit) })
}

func hasBit(p netPrefix, bit int) bool {
	n := p.Addr().BitLen() - 1 - bit
	if n >= 64 {
		return p.lo.Hi>>(n-64)&1 == 1
	}
	return p.lo.Lo>>n&1 == 1
}

// common prefix of sorted entries: that of the first and the last.
func common(part []entry) netPrefix {
	a, b := part[0].netPrefix, part[len(part)-1].netPrefix
	n := a.Addr().BitLen() - 64 + bits.LeadingZeros64(a.lo.Lo^b.lo.Lo)
	if a.lo.Hi != b.lo.Hi {
		n = bits.LeadingZeros64(a.lo.Hi ^ b.lo.Hi)
	}
	n = min(n, a.Bits(), b.Bits())
	return newPrefix(netip.PrefixFrom(a.Addr(), n).Masked())
}

// merge joins neighbouring entries that lead to the same place and make up one
// prefix together.
func merge(entries []entry) []entry {
	out := make([]entry, 0, len(entries))
	for _, e := range entries {
		out = append(out, e)
		for len(out) > 1 {
			a, b := out[len(out)-2], out[len(out)-1]
			if a.to != b.to || a.Bits() != b.Bits() || a.Bits() == 0 {
				break
			}
			up := netip.PrefixFrom(a.Addr(), a.Bits()-1).Masked()
			if up.Addr() != a.Addr() || !up.Contains(b.Addr()) {
				break
			}
			out = append(out[:len(out)-2], entry{newPrefix(up), a.to})
		}
	}
	return out
}

// prefixOf undoes where.in.
func prefixOf(m *ruleset.Match, v6 bool) netPrefix {
	t := m.Terms[0]
	width, addr := 32, t.Lo.Addr4Of
	if v6 {
		width, addr = 128, t.Lo.Addr6Of
	}
	n, _ := t.PrefixLen(width)
	return newPrefix(netip.PrefixFrom(addr(), n))
}

package iptables

import (
	"github.com/loward/loward/backends/iptables/internal/ext"
	"github.com/loward/loward/compiler/ruleset"
)

// reaches says whether a packet that enters a chain can come to another. Most
// chains lead nowhere, and cost nothing.
func (t *table) reaches(from, to *chain) bool {
	for _, c := range t.chains {
		c.mark = fresh
	}
	from.mark = done
	for next := []*chain{from}; len(next) > 0; {
		c := next[len(next)-1]
		next = next[:len(next)-1]
		if c == to {
			return true
		}
		for i, left := 0, c.leads; left > 0 && i < c.rules.len(); i++ {
			if o := t.target(c.rules.at(i)); o != nil {
				left--
				if o.mark == fresh {
					o.mark = done
					next = append(next, o)
				}
			}
		}
	}
	return false
}

// loops refuses chains that lead to themselves and that a packet can reach, as
// the kernel does (mark_source_chains of ip_tables.c).
func (rd *reader) loops(t *table) {
	if !t.jumped {
		return
	}
	t.jumped = false
	for _, c := range t.chains {
		c.mark = fresh
	}
	circles := 0
	for _, c := range t.chains {
		if c.base != nil && c.mark == fresh && circles < maxCircles {
			circles = rd.search(t, c, circles)
		}
	}
}

// maxCircles that are told of a table.
const maxCircles = 10

// Marks of the search.
const (
	fresh = iota
	open
	done
)

// visit is a chain on the way of the search, and the rule to look at next.
type visit struct {
	c    *chain
	next int
}

// search from a chain on, along the rules that lead on, without recursion: a
// chain of chains may be long.
func (rd *reader) search(t *table, from *chain, circles int) int {
	from.mark = open
	way := []visit{{c: from}}
	for len(way) > 0 && circles < maxCircles {
		v := &way[len(way)-1]
		if v.next == v.c.rules.len() {
			v.c.mark = done
			way = way[:len(way)-1]
			continue
		}
		r := v.c.rules.at(v.next)
		v.next++
		to := t.target(r)
		switch {
		case to == nil || to.mark == done:
		case to.mark == fresh:
			to.mark = open
			way = append(way, visit{c: to})
		default:
			// The last of the rules that lead into the circle and around it is the one
			// that the kernel does not take.
			last := r
			for i := range way {
				if o := way[i].c.rules.at(way[i].next - 1); o.Origin.Start > last.Origin.Start {
					last = o
				}
			}
			d := rd.l.Errorf(last.Origin, "the chain %s leads to itself", to.name).WithCode(ruleset.CodeRefused).
				Helpf("the kernel takes no circle of chains")
			if last != r {
				d.See(r.Origin, "the circle closes here")
			}
			circles++
		}
	}
	return circles
}

// places refuses extensions in chains to which a builtin chain leads in which the
// kernel does not take them (xt_check_match with the hooks of
// mark_source_chains).
func (rd *reader) places(t *table) {
	picky := false
	for _, c := range t.chains {
		picky = picky || c.base == nil && c.picky
	}
	if !picky {
		return
	}
	type entry struct {
		c    *chain
		last *ruleset.Rule // of those that lead here, the one that came last
	}
	for _, base := range t.chains {
		if base.base == nil {
			break // they stand in front
		}
		for _, c := range t.chains {
			c.mark = fresh
		}
		base.mark = done
		for next := []entry{{c: base}}; len(next) > 0; {
			e := next[len(next)-1]
			next = next[:len(next)-1]
			if e.c.base == nil && e.c.picky {
				rd.place(e.c, base.name, e.last)
			}
			for i, left := 0, e.c.leads; left > 0 && i < e.c.rules.len(); i++ {
				r := e.c.rules.at(i)
				o := t.target(r)
				if o == nil {
					continue
				}
				if left--; o.mark == fresh {
					o.mark = done
					next = append(next, entry{o, later(e.last, r)})
				}
			}
		}
	}
}

// later of two rules in the source.
func later(a, b *ruleset.Rule) *ruleset.Rule {
	if a != nil && a.Origin.Start > b.Origin.Start {
		return a
	}
	return b
}

// place looks at the rules of a chain to which a builtin one leads by last.
func (rd *reader) place(c *chain, base string, last *ruleset.Rule) {
	for i := range c.rules.len() {
		r := c.rules.at(i)
		for _, s := range r.Body {
			m, ok := s.(*ruleset.Module)
			if !ok {
				continue
			}
			e := ext.Find(m.Name, m.Target, rd.s.family)
			if e == nil || !e.Forbids(base) {
				continue
			}
			d := rd.l.Errorf(later(last, r).Origin, "%s can't stand in %s, to which %s leads", m.Name, c.name, base).
				WithCode(ruleset.CodeRefused).Helpf("it is for %s", e.Chains())
			if later(last, r) != r {
				d.See(r.Origin, "it stands here")
			} else {
				d.See(last.Origin, "%s leads here", base)
			}
			return
		}
	}
}

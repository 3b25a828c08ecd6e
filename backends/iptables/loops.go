package iptables

import (
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
	for _, c := range t.chains {
		if c.base != nil && c.mark == fresh {
			rd.search(t, c)
		}
	}
}

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
func (rd *reader) search(t *table, from *chain) {
	from.mark = open
	way := []visit{{c: from}}
	for len(way) > 0 {
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
			// Of the rules that make the circle, the last one closed it.
			last := r
			for i := len(way) - 1; i >= 0 && way[i].c != to; i-- {
				if o := way[i-1].c.rules.at(way[i-1].next - 1); o.Origin.Start > last.Origin.Start {
					last = o
				}
			}
			rd.l.Errorf(last.Origin, "the chain %s leads to itself", to.name).WithCode(ruleset.CodeRefused).
				Helpf("the kernel takes no circle of chains")
		}
	}
}

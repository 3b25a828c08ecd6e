package fate

import (
	"cmp"
	"slices"

	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/ruleset"
)

// elements of a set, and what may have become of them.
type elements struct {
	list []ruleset.Elem
	open bool                     // there may be others
	gone func(*ruleset.Elem) bool // nil: all of them are there
	name string
}

// elems of a named set or map, or of an anonymous one.
func (m *Map) elems(t *ruleset.Table, named string, own []ruleset.Elem) elements {
	if named == "" {
		return elements{list: own}
	}
	return m.held(t.Find(named))
}

// ipset is the elements of a set of ipset(8).
func (m *Map) ipset(named string) elements { return m.held(m.rs.FindIPSet(named)) }

func (m *Map) held(set *ruleset.Set) elements {
	if set == nil {
		return elements{open: true}
	}
	return elements{set.Elems, m.changes.Open(set), func(e *ruleset.Elem) bool { return m.changes.Gone(set, e) }, set.Name}
}

// still is the condition that an element is there.
func (m *Map) still(in elements, e *ruleset.Elem) diagram.Node {
	if in.gone == nil || !in.gone(e) {
		return diagram.True
	}
	return m.u.atom("the set " + in.name + " still holds it")
}

// found is an element, and the condition under which it is the one that counts.
type found struct {
	cond diagram.Node
	elem *ruleset.Elem
}

// key is one way to have the values of a key: all where cond holds.
type key struct {
	cond   diagram.Node
	values []sym
}

// keys of a state: where a part has several cases, all their combinations. What
// lacks a part is in none of them.
func (m *Map) keys(st *state, t *ruleset.Table, parts []ruleset.Expr) []key {
	out := []key{{cond: diagram.True}}
	for _, p := range parts {
		var next []key
		for _, k := range m.eval(st, t, p) {
			for _, o := range out {
				if c := m.dd.And(o.cond, k.cond); c != diagram.False {
					next = append(next, key{c, append(slices.Clone(o.values), k.value)})
				}
			}
		}
		out = next
	}
	return out
}

// holdsElem is the condition that values are those of an element.
func (m *Map) holdsElem(values []sym, parts []ruleset.Expr, e *ruleset.Elem) diagram.Node {
	if len(e.Key) != len(values) {
		return m.u.atom("what the set holds")
	}
	out := diagram.True
	plain := &ruleset.Match{}
	// What is the same for all packets first: it mostly settles it.
	for i := range values {
		if values[i].kind != symVar {
			if out = m.dd.And(out, m.term(values[i], parts[i], plain, &e.Key[i])); out == diagram.False {
				return out
			}
		}
	}
	for i := len(values) - 1; i >= 0; i-- {
		if values[i].kind == symVar {
			out = m.dd.And(m.term(values[i], parts[i], plain, &e.Key[i]), out)
		}
	}
	return out
}

// find the elements that hold a key's values; they exclude each other.
func (m *Map) find(st *state, t *ruleset.Table, k []ruleset.Expr, in elements) []found {
	parts := flat(k)
	var out []found
	var other *ruleset.Elem
	for _, k := range m.keys(st, t, parts) {
		var seen []diagram.Node
		for i := range in.list {
			e := &in.list[i]
			if e.Any {
				other = e
				continue
			}
			if c := m.dd.And(m.dd.And(k.cond, m.holdsElem(k.values, parts, e)), m.still(in, e)); c != diagram.False {
				out = append(out, found{c, e})
				seen = append(seen, c)
			}
		}
		if other != nil {
			out = append(out, found{m.dd.Minus(k.cond, m.dd.OverAll(seen)), other})
		}
	}
	return out
}

type setKey struct {
	first *ruleset.Elem
	count int
	state uint32
	expr  *ruleset.Expr
	ports bool
}

// lookup is the condition that packets' values are in a set.
func (m *Map) lookup(st *state, t *ruleset.Table, l *ruleset.Lookup) diagram.Node {
	in := elements{open: true}
	switch {
	case l.IPSet && l.Key != nil:
		in = m.ipset(l.Set)
	case !l.IPSet:
		in = m.elems(t, l.Set, l.Elems)
	}
	present, hit := m.members(st, t, l.Key, in)
	if in.open {
		hit = m.dd.Or(hit, m.dd.And(present, m.u.atom("the set "+l.Set+" holds it")))
	}
	switch {
	case l.Neg && l.IPSet: // what lacks a part matches as well (ip_set_test)
		return m.dd.Not(hit)
	case l.Neg:
		return m.dd.Minus(present, hit)
	}
	return hit
}

// members is the condition that packets have all parts of a key, and that a list of
// elements holds them.
func (m *Map) members(st *state, t *ruleset.Table, k []ruleset.Expr, in elements) (present, hit diagram.Node) {
	parts := flat(k)
	var id setKey
	if len(in.list) > 8 && len(k) > 0 {
		id = setKey{&in.list[0], len(in.list), m.stateID(st), &k[0], m.portsOnly}
	}
	present = diagram.False
	for _, k := range m.keys(st, t, parts) {
		present = m.dd.Or(present, k.cond)
	}
	if n, ok := m.sets[id]; ok && id.first != nil {
		return present, n
	}
	hit = diagram.False
	list := in.list
	if slices.ContainsFunc(list, func(e ruleset.Elem) bool { return e.Except }) {
		// Of ranges within ranges the narrower one counts.
		list = slices.Clone(list)
		slices.SortStableFunc(list, func(a, b ruleset.Elem) int { return cmp.Compare(extent(&a), extent(&b)) })
	}
	for _, k := range m.keys(st, t, parts) {
		var all []diagram.Node
		for i := range list {
			e := &list[i]
			if e.Any {
				continue
			}
			c := m.dd.And(m.holdsElem(k.values, parts, e), m.still(in, e))
			if e.Except {
				c = m.dd.And(c, diagram.Leaf(2))
			}
			if c != diagram.False {
				all = append(all, c)
			}
		}
		n := m.dd.OverAll(all)
		if m.dd.Max(n) > 1 {
			n = m.dd.Map(n, func(v uint32) uint32 { return v & 1 })
		}
		hit = m.dd.Or(hit, m.dd.And(k.cond, n))
	}
	if slices.ContainsFunc(list, func(e ruleset.Elem) bool { return e.Any }) {
		hit = present
	}
	if id.first != nil {
		m.sets[id] = hit
	}
	return present, hit
}

// extent of an element: how many bits its range has.
func extent(e *ruleset.Elem) int {
	n := 0
	for _, t := range e.Key {
		d := ruleset.U128{Hi: t.Lo.Hi ^ t.Hi.Hi, Lo: t.Lo.Lo ^ t.Hi.Lo}
		for d != (ruleset.U128{}) {
			n++
			d = ruleset.U128{Hi: d.Hi >> 1, Lo: d.Lo>>1 | d.Hi<<63}
		}
	}
	return n
}

package path

import (
	"strings"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/ruleset"
)

// answer of a match.
type answer uint8

const (
	no answer = iota
	yes
	maybe
)

func of(b bool) answer {
	if b {
		return yes
	}
	return no
}

// not turns an answer round, but for a field that is not there.
func (a answer) not() answer { return [...]answer{yes, no, maybe}[a] }

// match says whether a packet has what a Match asks for.
func (s *Space) match(p *packet.Packet, t *ruleset.Table, m *ruleset.Match) answer {
	e := m.Of
	if m.Field != ruleset.NoField {
		e = m.Field
	}
	v := s.eval(p, t, e)
	if v.Presence == packet.Absent {
		if name(e) {
			v = packet.Value{Presence: packet.Known}
		} else {
			return no
		}
	}
	hit := no
	for i := range m.Terms {
		switch s.term(v, e, m, &m.Terms[i]) {
		case yes:
			hit = yes
		case maybe:
			if hit == no {
				hit = maybe
			}
		}
	}
	// Nothing is known of the field: it may even be absent, which fails both ways.
	if v.Presence == packet.Unknown {
		hit = unsure(v, m, hit)
	}
	if m.Neg {
		return hit.not()
	}
	return hit
}

// unsure is the answer for a value that is not known. An index of which only is
// known that it is not zero settles the question whether it is.
func unsure(v packet.Value, m *ruleset.Match, hit answer) answer {
	if v.Text == "not zero" && len(m.Terms) == 1 && m.Terms[0].Text == "" && !m.Terms[0].Unknown && m.Terms[0].Hi == (ruleset.U128{}) {
		return no
	}
	return hit
}

func name(e ruleset.Expr) bool { return ruleset.DomainOf(e) == ruleset.Name }

// term says whether a value is, or is within, a term.
func (s *Space) term(v packet.Value, e ruleset.Expr, m *ruleset.Match, t *ruleset.Term) answer {
	if t.Unknown {
		return maybe
	}
	f := ruleset.FieldOf(e)
	switch ruleset.DomainOf(e) {
	case ruleset.Name:
		if v.Presence == packet.Unknown {
			if v.Text == packet.NotLoopback && t.Text == host.Loopback {
				return no
			}
			return maybe
		}
		return of(wildcard(v.Text, t.Text))
	case ruleset.String:
		if v.Presence == packet.Unknown {
			return maybe
		}
		return of(v.Text == t.Text)
	case ruleset.User, ruleset.Group:
		return owned(v, t)
	}
	switch {
	case v.Presence == packet.Unknown || t.Text != "":
		return maybe
	case f == ruleset.CTLabel:
		return of(t.Lo.Lo < 64 && v.Num.Lo>>t.Lo.Lo&1 == 1 || t.Lo.Lo >= 64 && t.Lo.Lo < 128 && v.Num.Hi>>(t.Lo.Lo-64)&1 == 1)
	}
	n := v.Num
	switch m.Op {
	case ruleset.OpAny:
		return of(n.Lo&t.Lo.Lo|n.Hi&t.Lo.Hi != 0)
	case ruleset.OpMask:
		n = ruleset.U128{Hi: n.Hi & m.Mask.Hi, Lo: n.Lo & m.Mask.Lo}
	}
	return of(t.Lo.Cmp(n) <= 0 && n.Cmp(t.Hi) <= 0)
}

// wildcard compares a name with a term, which may end in *.
func wildcard(name, term string) bool {
	stem, wild := ruleset.Wildcard(term)
	return wild && strings.HasPrefix(name, stem) || name == stem
}

// owned compares who owns a socket, by number or by name.
func owned(v packet.Value, t *ruleset.Term) answer {
	switch {
	case t.Text != "" && v.Text != "":
		return of(t.Text == v.Text)
	case t.Text == "" && v.Presence == packet.Known:
		return of(t.Lo.Cmp(v.Num) <= 0 && v.Num.Cmp(t.Hi) <= 0)
	}
	return maybe
}

// compare says whether two computed values are equal.
func (s *Space) compare(p *packet.Packet, t *ruleset.Table, c *ruleset.Compare) answer {
	a, b := s.eval(p, t, c.Left), s.eval(p, t, c.Right)
	switch {
	case a.Presence == packet.Absent || b.Presence == packet.Absent:
		return no
	case a.Presence == packet.Unknown || b.Presence == packet.Unknown:
		return maybe
	}
	hit := of(a.Num == b.Num && a.Text == b.Text)
	if c.Neg {
		return hit.not()
	}
	return hit
}

// elements of a set, and what may have become of them.
type elements struct {
	list []ruleset.Elem
	open bool                     // there may be others
	gone func(*ruleset.Elem) bool // nil: all of them are there
}

// elems of a named set or map, or of an anonymous one.
func (s *Space) elems(t *ruleset.Table, named string, own []ruleset.Elem) elements {
	if named == "" {
		return elements{list: own}
	}
	return s.held(t.Find(named))
}

// ipset is the elements of a set of ipset(8).
func (s *Space) ipset(named string) elements { return s.held(s.rs.FindIPSet(named)) }

func (s *Space) held(set *ruleset.Set) elements {
	switch {
	case set == nil:
		return elements{open: true}
	case s.Fresh:
		return elements{list: set.Elems, open: set.IPSet != nil && len(set.IPSet.Members) > 0}
	}
	return elements{set.Elems, s.changes.Open(set), func(e *ruleset.Elem) bool { return s.changes.Gone(set, e) }}
}

// find the element that holds a packet's values.
func (s *Space) find(p *packet.Packet, t *ruleset.Table, key []ruleset.Expr, in elements) (*ruleset.Elem, answer) {
	values := make([]packet.Value, 0, len(key))
	for _, k := range flat(key) {
		v := s.eval(p, t, k)
		if v.Presence == packet.Absent {
			if !name(k) {
				return nil, no
			}
			v = packet.Value{Presence: packet.Known}
		}
		values = append(values, v)
	}
	parts := flat(key)
	var best, other *ruleset.Elem
	result := no
	for i := range in.list {
		e := &in.list[i]
		if e.Any {
			other = e
			continue
		}
		switch s.holds(values, parts, e) {
		case yes:
			// Of ranges within ranges the narrower one counts (ipset's nomatch).
			if result != yes || narrower(e, best) {
				best, result = e, yes
			}
		case maybe:
			if result == no {
				best, result = e, maybe
			}
		}
	}
	sure := result == no || in.gone == nil || !in.gone(best)
	switch {
	case !sure && best.Except:
		return nil, maybe
	case !sure:
		return best, maybe
	case result == yes && best.Except:
		return nil, no
	case result == no && in.open:
		return nil, maybe
	case result == no && other != nil:
		return other, yes
	}
	return best, result
}

// candidates are the elements that may hold a packet's values.
func (s *Space) candidates(p *packet.Packet, t *ruleset.Table, key []ruleset.Expr, in elements) []*ruleset.Elem {
	parts := flat(key)
	values := make([]packet.Value, len(parts))
	for i, k := range parts {
		if values[i] = s.eval(p, t, k); values[i].Presence == packet.Absent && name(k) {
			values[i] = packet.Value{Presence: packet.Known}
		}
	}
	var out []*ruleset.Elem
	for i := range in.list {
		if e := &in.list[i]; e.Any || s.holds(values, parts, e) != no {
			out = append(out, e)
		}
	}
	return out
}

func (s *Space) holds(values []packet.Value, parts []ruleset.Expr, e *ruleset.Elem) answer {
	if len(e.Key) != len(values) {
		return maybe
	}
	hit := yes
	for i := range values {
		switch s.term(values[i], parts[i], &ruleset.Match{}, &e.Key[i]) {
		case no:
			return no
		case maybe:
			hit = maybe
		}
	}
	return hit
}

func narrower(a, b *ruleset.Elem) bool {
	for i := range a.Key {
		if a.Key[i].Lo.Cmp(b.Key[i].Lo) < 0 || a.Key[i].Hi.Cmp(b.Key[i].Hi) > 0 {
			return false
		}
	}
	return true
}

// flat is a key without concatenations in it.
func flat(key []ruleset.Expr) []ruleset.Expr {
	var out []ruleset.Expr
	for _, k := range key {
		if c, ok := k.(ruleset.Concat); ok {
			out = append(out, flat(c)...)
			continue
		}
		out = append(out, k)
	}
	return out
}

// lookup says whether a packet's values are in a set, and which element holds them.
func (s *Space) lookup(p *packet.Packet, t *ruleset.Table, l *ruleset.Lookup) (*ruleset.Elem, answer) {
	if l.IPSet {
		return nil, s.lookupIPSet(p, t, l)
	}
	for _, k := range flat(l.Key) {
		if v := s.eval(p, t, k); v.Presence == packet.Absent && !name(k) {
			return nil, no
		}
	}
	e, hit := s.find(p, t, l.Key, s.elems(t, l.Set, l.Elems))
	if l.Neg {
		return nil, hit.not()
	}
	return e, hit
}

// lookupIPSet: what lacks a part of the key is not in the set, and so does match
// a negated one (ip_set_test).
func (s *Space) lookupIPSet(p *packet.Packet, t *ruleset.Table, l *ruleset.Lookup) answer {
	hit := maybe
	if l.Key != nil {
		_, hit = s.find(p, t, l.Key, s.ipset(l.Set))
	}
	if l.Neg {
		return hit.not()
	}
	return hit
}

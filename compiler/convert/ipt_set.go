package convert

import (
	"github.com/loward/loward/compiler/ruleset"
)

// lookup in a set: as matches on its elements.
func (c *toIpt) lookup(p part, l *ruleset.Lookup, rest []ruleset.Stmt) {
	if l.IPSet {
		c.no("a set of ipset in a table of nft")
		return
	}
	elems, ok := l.Elems, true
	if l.Set != "" {
		elems, ok = c.elements(l.Set)
	}
	switch {
	case !ok:
	case len(elems) == 0 && !l.Neg: // nothing is in it
	case len(elems) == 0:
		c.emit(p, rest)
	case len(l.Key) == 1 && ruleset.FieldOf(l.Key[0]) != ruleset.NoField:
		m := &ruleset.Match{Field: ruleset.FieldOf(l.Key[0]), Neg: l.Neg, Set: true}
		for _, e := range elems {
			if len(e.Key) != 1 || e.Any || e.Except {
				c.no("an element of a set that is no value")
				return
			}
			m.Terms = append(m.Terms, e.Key[0])
		}
		c.emit(p, append([]ruleset.Stmt{m}, rest...))
	case l.Neg:
		// Whatever is in the set leaves a chain that goes on with the rest.
		c.within(p, append([]ruleset.Stmt{l}, rest...), func(p part) {
			for _, e := range elems {
				c.element(p, l.Key, e, ruleset.Return)
			}
			c.emit(p, rest)
		})
	case len(rest) <= 1 && !fallible(rest):
		for _, e := range elems {
			c.element(p, l.Key, e, rest...)
		}
	default:
		c.within(p, append([]ruleset.Stmt{l}, rest...), func(p part) {
			hit := c.aux()
			for _, e := range elems {
				c.element(p, l.Key, e, &ruleset.Verdict{Kind: ruleset.VerdictJump, Chain: auxMark + hit.Name})
			}
			c.emit(part{to: hit, level: p.level}, rest)
		})
	}
}

// vmap: rules for each element, one of which matches at most.
func (c *toIpt) vmap(p part, v *ruleset.VMap, rest []ruleset.Stmt) {
	elems, ok := v.Elems, true
	if v.Map != "" {
		elems, ok = c.elements(v.Map)
	}
	switch {
	case !ok:
		return
	case len(rest) > 0:
		c.no("what stands behind a verdict map")
		return
	}
	if len(p.conj) > 0 && len(elems) > 2 && !c.leaves([]ruleset.Stmt{v}) {
		c.within(p, nil, func(p part) { c.vmap(p, v, nil) })
		return
	}
	var other *ruleset.Verdict
	for _, e := range elems {
		switch {
		case e.Verdict == nil:
			c.no("an element without a verdict")
			return
		case e.Any:
			other = e.Verdict
		default:
			c.element(p, v.Key, e, e.Verdict)
		}
	}
	if other == nil {
		return
	}
	for _, e := range elems {
		// A chain that came back has been the answer already.
		if k := e.Verdict.Kind; !e.Any && k != ruleset.VerdictAccept && k != ruleset.VerdictDrop && k != ruleset.VerdictReturn && k != ruleset.VerdictGoto {
			c.no("a verdict map with an answer for everything else, from whose chains packets come back")
			return
		}
	}
	c.emit(p, []ruleset.Stmt{other})
}

// element appends the rules for one element of a set: its key, and what then.
func (c *toIpt) element(p part, key []ruleset.Expr, e ruleset.Elem, then ...ruleset.Stmt) {
	if len(e.Key) != len(key) || e.Except {
		c.no("an element of a set that is no list of values")
		return
	}
	out := make([]ruleset.Stmt, 0, len(key)+len(then))
	for i, k := range key {
		m := &ruleset.Match{Field: ruleset.FieldOf(k), Terms: []ruleset.Term{e.Key[i]}}
		if m.Field == ruleset.NoField {
			m.Of = k
		} else if c.assigned[m.Field] {
			c.no("several values of %s, which rules of the table change", m.Field)
			return
		}
		if isProto(m.Field) && i > 0 { // ports are of it
			out = append([]ruleset.Stmt{m}, out...)
			continue
		}
		out = append(out, m)
	}
	c.emit(p, append(out, then...))
}

// elements of a named set or map, where rules do not change it.
func (c *toIpt) elements(name string) ([]ruleset.Elem, bool) {
	s := c.src.Find(name)
	switch {
	case s == nil:
		c.no("the set %s: the table has none of that name", name)
	case s.Dynamic || s.Timeout > 0 || s.Timeouts:
		c.no("the set %s, whose elements come and go", name).See(s.Origin, "the set")
	case len(s.Elems) > maxMade:
		c.no("the set %s, which has %d elements", name, len(s.Elems)).See(s.Origin, "the set").
			Helpf("iptables looks into large sets with -m set, which ipset fills")
	default:
		return s.Elems, true
	}
	return nil, false
}

// natMap: a rule for each element of the map that holds the targets.
func (c *toIpt) natMap(p part, n *ruleset.NAT) {
	key, name, elems := n.Key, n.Map, []ruleset.Elem(nil)
	if m, ok := n.To.(*ruleset.MapExpr); ok && n.ToPort == nil {
		key, name, elems = m.Key, m.Map, m.Elems
	} else if n.To != nil || n.ToPort != nil {
		c.no("a translation to what is computed")
		return
	}
	if name != "" {
		var ok bool
		if elems, ok = c.elements(name); !ok {
			return
		}
	}
	for _, e := range elems {
		to, ok := c.constantNAT(n, e)
		if !ok {
			return
		}
		c.element(p, key, e, to)
	}
}

// constantNAT is a translation to what an element holds.
func (c *toIpt) constantNAT(n *ruleset.NAT, e ruleset.Elem) (*ruleset.NAT, bool) {
	to := *n
	to.To, to.Map, to.Key = nil, "", nil
	if len(e.Data) < 1 || len(e.Data) > 2 || e.Any || n.Netmap {
		c.no("this map of targets")
		return nil, false
	}
	a := e.Data[0]
	if a.Text != "" || a.Unknown {
		c.no("the target %s", a.Text)
		return nil, false
	}
	to.Lo, to.Hi = a.Lo.Addr4Of(), a.Hi.Addr4Of()
	if c.v6 {
		to.Lo, to.Hi = a.Lo.Addr6Of(), a.Hi.Addr6Of()
	}
	if len(e.Data) == 2 {
		to.PortLo, to.PortHi = uint16(e.Data[1].Lo.Lo), uint16(e.Data[1].Hi.Lo)
	}
	return &to, true
}

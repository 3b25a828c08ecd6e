package nft

import (
	"slices"

	"github.com/loward/loward/compiler/ruleset"
)

// expand gives the table that JSON can say: nft 1.0.6 reads no map from JSON
// whose data are an address and a port, so a translation by such a map becomes a
// rule for each of its elements. They match one packet at most, as elements do.
func (w *jsonWriter) expand(t *ruleset.Table) *ruleset.Table {
	pairs := map[string]*ruleset.Set{}
	for _, s := range t.Sets {
		if len(s.Data) > 1 {
			pairs[s.Name] = s
		}
	}
	if len(pairs) == 0 {
		return t
	}
	n := *t
	n.Sets = slices.DeleteFunc(slices.Clone(t.Sets), func(s *ruleset.Set) bool { return pairs[s.Name] != nil })
	n.Chains = make([]*ruleset.Chain, len(t.Chains))
	for i, c := range t.Chains {
		d := *c
		d.Rules = nil
		for _, r := range c.Rules {
			if m := natOf(r); m != nil && pairs[m.Map] != nil {
				d.Rules = append(d.Rules, w.each(r, m, pairs[m.Map])...)
			} else {
				d.Rules = append(d.Rules, r)
			}
		}
		n.Chains[i] = &d
	}
	return &n
}

// natOf a rule: its last statement, or nil.
func natOf(r *ruleset.Rule) *ruleset.NAT {
	if len(r.Body) == 0 {
		return nil
	}
	n, _ := r.Body[len(r.Body)-1].(*ruleset.NAT)
	return n
}

// each element of a map as a rule.
func (w *jsonWriter) each(r *ruleset.Rule, n *ruleset.NAT, s *ruleset.Set) []*ruleset.Rule {
	before := r.Body[:len(r.Body)-1]
	for _, b := range before {
		switch b.(type) {
		case *ruleset.Match, *ruleset.Lookup:
		default:
			w.report.Unsupported(r.Origin, "%s by map %s behind a limit or another effect", n.Kind, n.Map)
			return nil
		}
	}
	if len(n.Key) != len(s.Key) || !natData(s.Data) {
		w.report.Unsupported(r.Origin, "%s by map %s: its types differ", n.Kind, n.Map)
		return nil
	}
	var rules []*ruleset.Rule
	for i := range s.Elems {
		e := &s.Elems[i]
		if len(e.Key) != len(n.Key) || len(e.Data) != 2 {
			w.report.Unsupported(e.Origin, "an element of %s of another type than the map", s.Name)
			continue
		}
		body := slices.Clone(before)
		for pass := range 2 { // the protocol before the ports that need it
			for j, part := range n.Key {
				if f := ruleset.FieldOf(part); (f == ruleset.L4Proto) == (pass == 0) {
					body = append(body, &ruleset.Match{Field: f, Terms: e.Key[j : j+1]})
				}
			}
		}
		a := e.Data[0].Lo.Addr4Of()
		if ruleset.DomainOf(s.Data[0]) == ruleset.Addr6 {
			a = e.Data[0].Lo.Addr6Of()
		}
		port := uint16(e.Data[1].Lo.Lo)
		body = append(body, &ruleset.NAT{Kind: n.Kind, Lo: a, Hi: a, PortLo: port, PortHi: port})
		rules = append(rules, &ruleset.Rule{Body: body, Comment: e.Comment, Counted: r.Counted, Origin: e.Origin})
	}
	return rules
}

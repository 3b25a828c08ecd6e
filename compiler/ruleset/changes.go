package ruleset

// Changes are the sets that rules change while packets pass, those of tables and
// of ipset(8).
type Changes map[*Set]change

type change struct{ adds, deletes bool }

// Changes of a ruleset's sets by its own rules.
func (rs *Ruleset) Changes() Changes {
	out := Changes{}
	for _, t := range rs.Tables {
		for _, c := range t.Chains {
			out.rules(rs, t, c.Rules)
		}
	}
	return out
}

func (c Changes) rules(rs *Ruleset, t *Table, list []*Rule) {
	for _, r := range list {
		for s := range r.Plain {
			switch s := s.(type) {
			case *SetUpdate:
				set := t.Find(s.Set)
				if s.IPSet {
					set = rs.FindIPSet(s.Set)
				}
				c.note(set, s.Op)
			case *Meter:
				c.note(t.Find(s.Set), OpMeter)
			case *Verdict:
				c.rules(rs, t, s.Inline)
			}
		}
	}
}

func (c Changes) note(s *Set, op UpdateOp) {
	if s == nil {
		return
	}
	ch := c[s]
	ch.adds = ch.adds || op != OpDelete
	ch.deletes = ch.deletes || op == OpDelete
	c[s] = ch
}

// Open says whether a set may hold more than is listed. A set with timeouts is made
// to be filled while it is in use; of one whose type is not known nothing is.
func (c Changes) Open(s *Set) bool {
	return len(s.Key) == 0 || s.Dynamic || s.Timeouts || s.Timeout != 0 || c[s].adds || s.IPSet != nil && len(s.IPSet.Members) > 0
}

// Gone says whether an element that is listed may not be there any more: a rule
// takes elements out, or its time is over.
func (c Changes) Gone(s *Set, e *Elem) bool {
	return c[s].deletes || e.Timeout != 0 || e.Expires != 0 || s.Timeout != 0
}

// FindIPSet is the set of ipset(8) of that name, or nil.
func (rs *Ruleset) FindIPSet(name string) *Set {
	for _, s := range rs.IPSets {
		if s.Name == name {
			return s
		}
	}
	return nil
}

package iptables

import (
	"github.com/loward/loward/backends/iptables/internal/ext"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// CompleteSets fills in what the rules of iptables' tables look for in sets of
// ipset(8): the text of a rule says only whether it is the source's or the
// destination's, and the set's type says of what. It is for those who learn of the
// sets after the rules. Where IPSetsComplete says that there are no others, a set
// that is missing is a mistake, as is one of the other family.
func CompleteSets(rs *ruleset.Ruleset, l *diag.List) {
	sets := make(map[string]*ruleset.Set, len(rs.IPSets))
	for _, s := range rs.IPSets {
		sets[s.Name] = s
	}
	for _, t := range rs.Tables {
		if t.Dialect != ruleset.Iptables {
			continue
		}
		c := completer{sets: sets, all: rs.IPSetsComplete, family: t.Family, l: l}
		for _, chain := range t.Chains {
			for _, r := range chain.Rules {
				for _, s := range r.Body {
					if m, ok := s.(*ruleset.Module); ok && (m.Name == "set" || m.Name == "SET") {
						c.module(m, r.Origin)
					}
				}
			}
		}
	}
}

type completer struct {
	sets   map[string]*ruleset.Set
	all    bool
	family ruleset.Family
	l      *diag.List
}

// module completes the statements of one -m set or -j SET.
func (c *completer) module(m *ruleset.Module, at diag.Span) {
	for i := 0; i+2 < len(m.Args); i++ {
		switch m.Args[i] {
		case "--match-set", "--add-set", "--del-set", "--map-set":
		default:
			continue
		}
		name, directions := m.Args[i+1], m.Args[i+2]
		i += 2
		key := c.key(name, directions, at)
		if key == nil {
			continue
		}
		for _, s := range m.Means {
			switch s := s.(type) {
			case *ruleset.Lookup:
				if s.IPSet && s.Set == name && s.Key == nil {
					s.Key = key
				}
			case *ruleset.SetUpdate:
				if s.IPSet && s.Set == name && s.Key == nil {
					s.Key = key
				}
			}
		}
	}
}

func (c *completer) key(name, directions string, at diag.Span) []ruleset.Expr {
	s := c.sets[name]
	switch {
	case s == nil && !c.all, s != nil && s.IPSet == nil:
		return nil
	case s == nil:
		c.l.Errorf(at, "there is no set %s", name).WithCode(ruleset.CodeRefused).Helpf("create it with ipset in front of the rule")
		return nil
	case s.IPSet.Family != ruleset.Inet && s.IPSet.Family != c.family:
		c.l.Errorf(at, "the set %s is of the family %s", name, s.IPSet.Family).WithCode(ruleset.CodeRefused).
			Helpf("name one of the family %s", c.family).See(s.Origin, "the set")
		return nil
	}
	key, _ := ext.SetKey(s.IPSet, directions, c.family == ruleset.IP6)
	return key
}

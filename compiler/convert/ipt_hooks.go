package convert

import (
	"slices"

	"github.com/loward/loward/compiler/ruleset"
)

// hooksOf are the hooks from which packets come to each chain of a table.
func hooksOf(t *ruleset.Table, byName map[string]*ruleset.Chain) map[string][]ruleset.Hook {
	out := map[string][]ruleset.Hook{}
	var rules func([]*ruleset.Rule, ruleset.Hook)
	enter := func(name string, h ruleset.Hook) {
		if ch := byName[name]; ch != nil && !slices.Contains(out[name], h) {
			out[name] = append(out[name], h)
			rules(ch.Rules, h)
		}
	}
	verdict := func(v *ruleset.Verdict, h ruleset.Hook) {
		if v != nil {
			enter(v.Chain, h)
			rules(v.Inline, h)
		}
	}
	rules = func(list []*ruleset.Rule, h ruleset.Hook) {
		for _, r := range list {
			for s := range r.Plain {
				switch s := s.(type) {
				case *ruleset.Verdict:
					verdict(s, h)
				case *ruleset.VMap:
					elems := s.Elems
					if set := t.Find(s.Map); set != nil {
						elems = set.Elems
					}
					for i := range elems {
						verdict(elems[i].Verdict, h)
					}
				}
			}
		}
	}
	for _, ch := range t.Chains {
		if ch.Base != nil {
			enter(ch.Name, ch.Base.Hook)
		}
	}
	return out
}

// at refuses what the kernel has at some hooks only.
func (l *line) at(what string, hooks ...ruleset.Hook) bool {
	for _, h := range l.c.hooks[l.c.chain] {
		if !slices.Contains(hooks, h) {
			l.no("%s at the hook %s", what, h)
			return false
		}
	}
	return true
}

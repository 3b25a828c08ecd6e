package cli

import (
	"slices"
	"strings"

	"github.com/loward/loward/backends/ipset"
	"github.com/loward/loward/compiler/ruleset"
)

// setLines are comments for text of iptables: the sets of ipset(8) that its rules
// look into, which iptables-restore does not make and refuses to do without.
func setLines(rs *ruleset.Ruleset, f ruleset.Family) []string {
	names := usedSets(rs, f)
	var known []*ruleset.Set
	var out []string
	for i := 0; i < len(names); i++ {
		set := rs.FindIPSet(names[i])
		if set == nil {
			out = append(out, "The rules look into the set "+ruleset.ShowUnknown(names[i])+" of ipset(8), of which nothing is known here.")
			continue
		}
		for _, m := range set.IPSet.Members {
			if !slices.Contains(names, m) {
				names = append(names, m)
			}
		}
		known = append(known, set)
	}
	if len(known) == 0 {
		return out
	}
	// The members of a list come before it.
	slices.SortStableFunc(known, func(a, b *ruleset.Set) int { return len(a.IPSet.Members) - len(b.IPSet.Members) })
	out = append(out, "The rules look into sets of ipset(8), which have to be there before:", "sed -n 's/^# ipset: //p' THIS | ipset restore")
	for line := range strings.Lines(string(ipset.Write(known))) {
		out = append(out, "ipset: "+strings.TrimSpace(line))
	}
	return out
}

// usedSets are the names of the sets that rules of a family ask or change.
func usedSets(rs *ruleset.Ruleset, f ruleset.Family) []string {
	var names []string
	use := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, t := range rs.Tables {
		if t.Family != f {
			continue
		}
		for _, c := range t.Chains {
			for _, r := range c.Rules {
				for s := range r.Plain {
					switch s := s.(type) {
					case *ruleset.Lookup:
						if s.IPSet {
							use(s.Set)
						}
					case *ruleset.SetUpdate:
						if s.IPSet {
							use(s.Set)
						}
					}
				}
			}
		}
	}
	return names
}

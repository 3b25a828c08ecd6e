package live

import (
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// same says whether a table of nft and what iptables-save prints of it are the
// same rules. iptables leaves out, without a word, what it does not know (a look
// into a set for one), so a table that nft too has written to is not to be taken
// from it.
func same(listed, saved *ruleset.Table) bool {
	if len(listed.Sets)+len(listed.Objects)+len(listed.Flowtables) > 0 || listed.Dormant {
		return false
	}
	chains := 0
	for _, s := range saved.Chains {
		c := listed.Chain(s.Name)
		switch {
		case c == nil && len(s.Rules) == 0:
			continue // a builtin chain that is not there, or not yet
		case c == nil || len(c.Rules) != len(s.Rules) || !sameBase(c.Base, s.Base):
			return false
		}
		chains++
		for i := range c.Rules {
			if !likely(c.Rules[i], s.Rules[i]) {
				return false
			}
		}
	}
	return chains == len(listed.Chains)
}

func sameBase(a, b *ruleset.Base) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.Hook == b.Hook && a.Priority == b.Priority && a.Type == b.Type && a.Policy == b.Policy
}

// likely says whether two forms of a rule may be the same: nft's shows nothing
// that iptables has no words for, and both end alike.
func likely(listed, saved *ruleset.Rule) bool {
	for _, s := range listed.Body {
		switch s := s.(type) {
		case *ruleset.Lookup, *ruleset.VMap, *ruleset.SetUpdate, *ruleset.Meter:
			return false
		case *ruleset.Match:
			if s.Set {
				return false
			}
		}
	}
	a, b := verdict(listed), verdict(saved)
	return a == nil && b == nil || a != nil && b != nil && a.Kind == b.Kind && a.Chain == b.Chain
}

// verdict at the end of a rule, or nil.
func verdict(r *ruleset.Rule) *ruleset.Verdict {
	if len(r.Body) == 0 {
		return nil
	}
	v, _ := r.Body[len(r.Body)-1].(*ruleset.Verdict)
	return v
}

// outside are the diagnostics that do not stand within a span.
func outside(all []*diag.Diagnostic, at diag.Span) []*diag.Diagnostic {
	var out []*diag.Diagnostic
	for _, d := range all {
		if d.Span.File != at.File || d.Span.Start < at.Start || d.Span.Start >= at.End {
			out = append(out, d)
		}
	}
	return out
}

package lint

import (
	"fmt"

	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// maxShadows are named of a shadowed rule.
const maxShadows = 20

func shadowed() *Check {
	return &Check{
		Code: "LW401", Name: "shadowed",
		Title: "Rules before it take all that a rule would match",
		Doc: `The first rule that decides wins. A rule all of whose packets are taken by rules before
it, by one of them or by several together, is never asked: it does nothing, whatever its
counter is supposed to show. Most often an exception stands behind the rule that it is
an exception of, or was appended where it had to be inserted.

To see it: the rule's counter stays at 0.

To mend it: move it in front of the rules that are named, or delete it. What depends on
a rate, the time or the past is not held to take anything for sure.`,
		look: func(s *subject) { s.idleRules(true) },
	}
}

func neverMatches() *Check {
	return &Check{
		Code: "LW402", Name: "never-matches",
		Title: "No packet can match a rule",
		Doc: `A rule asks for what no packet has where it stands: an incoming interface in output,
where there is none yet; lo in forward; an address of the one family in a table of the
other; two ports at once; an interface by the name of an alias.

To see it: the rule's counter stays at 0.

To mend it: ask in the chain where the packet has what is asked for.`,
		look: func(s *subject) { s.idleRules(false) },
	}
}

// idleRules finds idle rules, the shadowed or the others.
func (s *subject) idleRules(shadowed bool) {
	all, err := s.idles()
	if err != nil {
		s.undecided(diag.Span{}, err.Error())
		return
	}
	for _, i := range all {
		if i.Rule.Origin.File == nil || shadowed != (len(i.By) > 0) || !shadowed && !s.plain(i) {
			continue
		}
		s.find(diag.Warning, i.Rule.Origin, &Finding{Diagnostic: idle(i)})
	}
}

// plain says whether a rule asks for nothing but what is known to the last value of
// every packet: a set that is empty today may be filled tomorrow, and there are headers
// and kinds of addresses that the evaluator has no packets of.
func (s *subject) plain(i *fate.Idle) bool {
	for st := range i.Rule.Plain {
		switch st := st.(type) {
		case *ruleset.Match:
			if st.Of != nil || !exact(st.Field) {
				return false
			}
		case *ruleset.Compare:
			return false
		case *ruleset.Lookup:
			if st.Set != "" {
				return false
			}
			for _, k := range st.Key {
				if f, ok := k.(ruleset.Field); !ok || !exact(f) {
					return false
				}
			}
		}
	}
	return true
}

// exact fields have in some packet each value that they can have in any.
func exact(f ruleset.Field) bool {
	switch f {
	case ruleset.IIFName, ruleset.IIF, ruleset.OIFName, ruleset.OIF, ruleset.IPSaddr, ruleset.IPDaddr, ruleset.IP6Saddr, ruleset.IP6Daddr,
		ruleset.L4Proto, ruleset.NFProto, ruleset.Sport, ruleset.Dport, ruleset.CTState, ruleset.SKUID, ruleset.SKGID:
		return true
	}
	return false
}

func idle(i *fate.Idle) *diag.Diagnostic {
	if len(i.By) == 0 {
		d := &diag.Diagnostic{Message: fmt.Sprintf("no packet matches this rule in %s %s", i.Table.Name, i.Chain.Name)}
		return d.Helpf("delete it, or ask where packets have what it asks for")
	}
	d := &diag.Diagnostic{Message: fmt.Sprintf("rules before it in %s %s take all that this rule would match", i.Table.Name, i.Chain.Name)}
	d.Helpf("move it in front of them, or delete it")
	for k, r := range i.By {
		if k == maxShadows {
			d.Help += fmt.Sprintf("; %d more rules take part", len(i.By)-k)
			break
		}
		d.See(r.Origin, "shadowed by this")
	}
	return d
}

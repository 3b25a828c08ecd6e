package prove

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/loward/loward/compiler"
	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// A judge who never finds anybody guilty is none: of rulesets with a rule or an
// element taken away, or a verdict turned round, each is refuted, by a packet of
// which the policy and the rules, asked one by one, say the same as the proof did; or
// no packet of many shows a difference.
func TestSabotage(t *testing.T) {
	for _, name := range []string{"router", "database", "guard", "outbound", "docker-publish", "tenants"} {
		t.Run(name, func(t *testing.T) {
			p := load(t, examples+name+".low")
			v := p.Views[len(p.Views)-1]
			for _, target := range []compiler.Target{compiler.Nft, compiler.IPTables, compiler.IP6Tables} {
				rs := compiler.Compile(v, target, &diag.List{})
				refuted, survived := 0, 0
				sabotage(rs, func(what string) {
					if mutant(t, v, rs, what) {
						refuted++
					} else {
						survived++
					}
				})
				t.Logf("target %d: %d refuted, %d mean the same", target, refuted, survived)
				if refuted < 15 {
					t.Errorf("target %d: only %d refuted", target, refuted)
				}
			}
		})
	}
}

// sabotage a ruleset in all sorts of ways, one after the other, and mend it again.
func sabotage(rs *ruleset.Ruleset, try func(what string)) {
	for _, tb := range rs.Tables {
		for _, c := range tb.Chains {
			all := c.Rules
			for i, r := range all {
				c.Rules = slices.Delete(slices.Clone(all), i, i+1)
				try(c.Name + ": a rule is missing")
				if len(r.Body) == 0 {
					continue
				}
				turned, ok := turn(r.Body[len(r.Body)-1])
				if !ok {
					continue
				}
				other := *r
				other.Body = append(slices.Clone(r.Body[:len(r.Body)-1]), turned)
				c.Rules = slices.Clone(all)
				c.Rules[i] = &other
				try(c.Name + ": a verdict is another")
			}
			c.Rules = all
		}
		for _, s := range tb.Sets {
			all := s.Elems
			for i := range all {
				s.Elems = slices.Delete(slices.Clone(all), i, i+1)
				try(s.Name + ": an element is missing")
			}
			s.Elems = all
		}
	}
}

func turn(s ruleset.Stmt) (ruleset.Stmt, bool) {
	v, ok := s.(*ruleset.Verdict)
	if !ok {
		return nil, false
	}
	switch v.Kind {
	case ruleset.VerdictAccept, ruleset.VerdictReturn:
		return ruleset.Drop, true
	case ruleset.VerdictDrop:
		return ruleset.Accept, true
	}
	return nil, false
}

// mutant says whether a ruleset is refuted.
func mutant(t *testing.T, v *policy.View, rs *ruleset.Ruleset, what string) bool {
	t.Helper()
	r, err := View(v, rs, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Counterexamples {
		one := r.Follow(c, rs)
		if !c.Agrees(one) {
			t.Errorf("%s: %s: one by one: %s", what, c, one.Verdict)
		}
	}
	if len(r.Counterexamples) == 0 {
		harmless(t, v, rs, r, what)
	}
	return len(r.Counterexamples) > 0
}

// harmless looks for a packet that shows a difference which the proof did not find.
func harmless(t *testing.T, v *policy.View, rs *ruleset.Ruleset, r *Result, what string) {
	t.Helper()
	s := newSampler(rand.New(rand.NewPCG(7, 7)), v, r.Host)
	for _, v6 := range []bool{false, true} {
		if !serves(rs, v6) {
			continue
		}
		p := newProof(v, rs, r.Host, v6, Options{})
		for _, j := range fate.Journeys() {
			set, err := p.m.Starts(j, fate.First)
			if err != nil {
				t.Fatal(err)
			}
			for range 25 {
				w := s.packet(j, v6)
				if p.u.At(p.possible(j, set), w)[0] == 0 {
					continue
				}
				c := &Counterexample{Journey: j, Packet: w}
				d := v.Decide(p.packet(j, w), p.d.addrs)
				got := r.Follow(c, rs)
				if got.Why != "" || got.Verdict == path.Undecided || d.Limited {
					continue // the kernel itself refuses it, or a limit decides
				}
				if want := map[policy.Verdict]path.Verdict{policy.Accept: path.Accept, policy.Drop: path.Drop, policy.Reject: path.Reject}[d.Verdict]; got.Verdict != want {
					t.Errorf("%s: proven, but %s %+v: policy says %s, rules %s", what, j, *w, d.Verdict, got.Verdict)
				}
			}
		}
	}
}

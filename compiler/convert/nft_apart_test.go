package convert

import (
	"testing"

	"github.com/loward/loward/compiler/ruleset"
)

// Two negated values next to one another become ranges; one alone stays.
func TestApart(t *testing.T) {
	s, d := ruleset.NotIn(ruleset.Sport, ruleset.Num(1)), ruleset.NotIn(ruleset.Dport, ruleset.Num(2))
	body := apart([]ruleset.Stmt{s, ruleset.Accept})
	if body[0] != s || s.Terms[0].Form != ruleset.Plain {
		t.Error("a value that is alone was changed")
	}
	body = apart([]ruleset.Stmt{s, ruleset.In(ruleset.IPTTL, ruleset.Num(1)), d, ruleset.Accept})
	for _, i := range []int{0, 2} {
		if m := body[i].(*ruleset.Match); m.Terms[0].Form != ruleset.AsRange || !m.Neg {
			t.Errorf("%d: %+v", i, m)
		}
	}
	if s.Terms[0].Form != ruleset.Plain || d.Terms[0].Form != ruleset.Plain {
		t.Error("the rule that was read was changed")
	}
}

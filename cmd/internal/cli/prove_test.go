package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/loward/loward/compiler"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/prove"
	"github.com/loward/loward/compiler/resolve"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// A ruleset that does something else than its policy is shown with a packet, what the
// policy says of it and where, and its way through the rules.
func TestRefuted(t *testing.T) {
	p, l, err := resolve.LoadText("db.low", []byte(`zone lan = eth0

service db {
    address 10.0.0.5
    allow tcp 5432 from 10.0.0.0/24 on lan
}
`))
	if err != nil || l.Errors() > 0 {
		t.Fatal(err, l.All)
	}
	v := p.Views[0]
	var none diag.List
	rs := compiler.Compile(v, compiler.Nft, &none)
	for _, c := range rs.Tables[0].Chains {
		for i, r := range c.Rules {
			for k, s := range r.Body {
				if d, ok := s.(*ruleset.Verdict); ok && d.Kind == ruleset.VerdictDrop {
					c.Rules[i].Body[k] = ruleset.Accept
				}
			}
		}
	}
	q := &proof{target: "nft", rs: rs}
	if q.result, q.err = prove.View(v, rs, prove.Options{}); q.err != nil || q.proven() {
		t.Fatalf("not refuted: %v", q.err)
	}
	text := string(proofsText([]*proof{q}))
	for _, want := range []string{"nft: NOT what the policy says\n", " to 10.0.0.5:22, arriving by eth0", "the policy: drop, by antispoof", "the rules: accept", "prerouting"} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
	if code := proofsCode([]*proof{q}); code == nil || code.(*status).code != exitFindings {
		t.Errorf("code %v", code)
	}
	var out struct {
		Proofs []struct {
			Result          string
			Counterexamples []struct {
				Packet, Policy, Rules string
				Path                  struct{ Verdict string }
			}
		}
	}
	if err := json.Unmarshal(proofsJSON([]*proof{q}), &out); err != nil {
		t.Fatal(err)
	}
	if c := out.Proofs[0]; c.Result != "refuted" || c.Counterexamples[0].Path.Verdict != "accept" {
		t.Errorf("%+v", c)
	}
	q.err = diagram.ErrBudget
	if text := string(proofsText([]*proof{q})); !strings.HasPrefix(text, "nft: undecided: ") {
		t.Error(text)
	}
	if code := proofsCode([]*proof{q}); code.(*status).code != exitUndecided {
		t.Errorf("code %v", code)
	}
}

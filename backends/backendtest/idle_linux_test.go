package backendtest

import (
	"math/rand/v2"
	"testing"

	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// A rule that is called idle is never a step of a packet's journey, and what is said
// to be taken before it is: on rulesets and packets made at random.
func TestIdles(t *testing.T) {
	n, first := number("LOWARD_FATES", 150), number("LOWARD_SEED", 1)
	idle, shadowed, rules, steps := 0, 0, 0, 0
	for i := range n {
		r := rand.New(rand.NewPCG(uint64(first+i), 9))
		g := &world{generator{r}}
		text := g.ruleset()
		var l diag.List
		rs := nft.Read(diag.NewFile("in", []byte(text)), nft.Options{}, &l)
		if l.Errors() > 0 {
			t.Fatalf("seed %d: %s", first+i, messages(l.All))
		}
		h := worldHost(r)
		all, err := fate.Idles(rs, h)
		if err != nil {
			t.Fatal(err)
		}
		of := map[*ruleset.Rule]*fate.Idle{}
		for _, d := range all {
			of[d.Rule] = d
			if idle++; len(d.By) > 0 {
				shadowed++
			}
		}
		for _, tb := range rs.Tables {
			for _, c := range tb.Chains {
				rules += len(c.Rules)
			}
		}
		look := func(q *path.Result) {
			// What path guesses it guesses anew for each rule, also where two ask the same;
			// such a way need not be one that a packet takes.
			for ; q != nil && len(q.Guesses) == 0; q = q.Reply {
				for k := range q.Legs {
					for _, s := range q.Legs[k].Steps {
						steps++
						if d := of[s.Rule]; d != nil && !s.May {
							t.Errorf("seed %d: idle: %s %s: but a packet matches: %+v\n%s", first+i, s.Chain.Name, s.Rule.Origin.Text(), q.Packet, text)
							delete(of, s.Rule)
						}
					}
				}
			}
		}
		for range 200 {
			st, _ := worldPacket(r, h, fate.Journeys()[r.IntN(3)], r.IntN(2) == 0)
			if st == nil {
				continue
			}
			q := path.New(rs, h).Send(*st)
			look(q)
			if q.Other != nil {
				look(q.Other)
			}
		}
	}
	t.Logf("%d of %d rules are idle, %d of them shadowed; %d steps of packets", idle, rules, shadowed, steps)
	if idle < n/4 || shadowed < n/10 {
		t.Errorf("too few: %d idle, %d shadowed", idle, shadowed)
	}
}

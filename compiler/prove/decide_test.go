package prove

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/loward/loward/compiler"
	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/diag"
)

// What a policy says of all packets at once is what it says of each.
func TestDecide(t *testing.T) {
	files, _ := filepath.Glob(examples + "*.low")
	asked, kinds := 0, map[string]int{}
	for _, file := range files {
		for i, v := range load(t, file).Views {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			h, _ := policy.Machine(v)
			s := newSampler(r, v, h)
			rs := compiler.Compile(v, compiler.Nft, &diag.List{})
			for _, v6 := range []bool{false, true} {
				p := newProof(v, rs, h, v6, Options{})
				for _, j := range fate.Journeys() {
					fates, err := p.m.Fates(j, fate.First)
					if err != nil {
						t.Fatal(err)
					}
					says := p.d.decide(j)
					for range 300 {
						w := s.packet(j, v6)
						if p.m.Of(fates, w)[0].Verdict == fate.NoPacket {
							continue
						}
						got := p.u.At(says, w)
						d := v.Decide(p.packet(j, w), p.d.addrs)
						want := uint32(map[policy.Verdict]int{policy.Accept: saysAccept, policy.Drop: saysDrop, policy.Reject: saysReject}[d.Verdict])
						if d.Limited {
							want = saysLimited
						}
						if len(got) != 1 || got[0] != want {
							t.Errorf("%s, %s: %s %+v: policy says %s (%s), all at once %v", filepath.Base(file), v.Host.Name, j, *w, d.Verdict, d.By, got)
						}
						asked++
						kinds[j.String()+" "+d.Verdict.String()]++
					}
				}
			}
		}
	}
	t.Logf("%d packets: %v", asked, kinds)
	if asked < 10_000 || len(kinds) < 7 {
		t.Errorf("only %d packets, of %d kinds", asked, len(kinds))
	}
}

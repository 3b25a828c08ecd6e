package backendtest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/loward/loward/backends/backendtest/random"
	"github.com/loward/loward/compiler"
	"github.com/loward/loward/compiler/prove"
	"github.com/loward/loward/compiler/resolve"
	"github.com/loward/loward/dsl/diag"
)

// Policies made at random mean in every target what they say, for every packet.
func TestProofs(t *testing.T) {
	n, first := number("LOWARD_PROOFS", 150), number("LOWARD_SEED", 1)
	proofs, refused, edges := 0, 0, 0
	// Seeds with which the proof has found mistakes in a lowering: what IP needs denied
	// by the inbound block at a claimed address; one chain for an address of each
	// family, although a service had something to say in one of them alone.
	seeds := []int{860, 1017, 2925}
	for i := range n {
		seeds = append(seeds, first+i)
	}
	for _, seed := range seeds {
		text := random.Policy(rand.New(rand.NewPCG(uint64(seed), 0)))
		p, l, err := resolve.LoadText(fmt.Sprintf("random-%d.low", seed), []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if l.Errors() > 0 {
			refused++ // what the pools make may contradict itself
			continue
		}
		for _, target := range []compiler.Target{compiler.Nft, compiler.IPTables, compiler.IP6Tables} {
			var l diag.List
			rs := compiler.Compile(p.Views[0], target, &l)
			if rs == nil {
				continue
			}
			r, err := prove.View(p.Views[0], rs, prove.Options{})
			if err != nil {
				t.Fatalf("seed %d, target %d: %v", seed, target, err)
			}
			proofs, edges = proofs+1, edges+r.Edges
			for _, c := range r.Counterexamples {
				t.Errorf("seed %d, target %d: %s\n%s", seed, target, c, text)
			}
			if t.Failed() {
				return
			}
		}
	}
	if refused > n*2/3 {
		t.Errorf("%d of %d policies were refused: the pools make too little that can be asked", refused, n)
	}
	t.Logf("%d proofs, %d edges each", proofs, edges/max(proofs, 1))
}

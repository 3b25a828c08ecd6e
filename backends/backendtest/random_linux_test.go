package backendtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/loward/loward/backends/backendtest/probes"
	"github.com/loward/loward/backends/backendtest/random"
	"github.com/loward/loward/backends/lab"
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/resolve"
	"github.com/loward/loward/dsl/diag"
)

// TestRandom compiles policies made at random and asks the kernel what
// policy.Decide has said of packets made at random, through each loader.
// LOWARD_RANDOM=FIRST-COUNT asks about other seeds than the usual ones.
func TestRandom(t *testing.T) {
	if err := lab.Available(); err != nil {
		t.Skipf("SKIPPED, NOTHING WAS ASKED OF THE KERNEL: %v", err)
	}
	first, count := uint64(1), uint64(60)
	if s := os.Getenv("LOWARD_RANDOM"); s != "" {
		if _, err := fmt.Sscanf(s, "%d-%d", &first, &count); err != nil {
			t.Fatalf("LOWARD_RANDOM=%s: want FIRST-COUNT", s)
		}
	}
	counts := &tallies{run: map[string]int{}, skipped: map[string]int{}}
	refused := 0
	t.Run("all", func(t *testing.T) {
		for seed := first; seed < first+count; seed++ {
			r := rand.New(rand.NewPCG(seed, 0))
			text := random.Policy(r)
			p, l, err := resolve.LoadText(fmt.Sprintf("random-%d.low", seed), []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if l.Errors() > 0 {
				// What the pools make may contradict itself: not what is asked here.
				refused++
				continue
			}
			t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
				t.Parallel()
				randomCase(t, p.Views[0], text, random.Probes(r, p.Views[0], 150), counts)
			})
		}
	})
	if uint64(refused) > count*2/3 {
		t.Errorf("%d of %d policies were refused: the pools make too little that can be asked", refused, count)
	}
	unsaid := uint64(counts.run["refused"])
	if unsaid > count/20 {
		t.Errorf("%d of %d policies can't be said in some target", unsaid, count)
	}
	for _, ld := range loaders() {
		t.Logf("%d policies, %s: %d packets", count-uint64(refused)-unsaid, ld.name, counts.run[ld.name])
	}
}

func randomCase(t *testing.T, v *policy.View, text, asked string, counts *tallies) {
	f := diag.NewFile(t.Name()+".probes", []byte(asked))
	script, mistakes := probes.ParseScript(f)
	for _, d := range mistakes {
		t.Fatalf("%s: %s", d.Span, d.Message)
	}
	e := &example{name: t.Name(), file: f, script: script}
	c, ok := inProcess(t, v)
	if !ok {
		counts.add("refused", 1, 0)
		t.Skip("SKIPPED: a target can't say this policy, and says so")
	}
	e.hosts = []compiled{c}
	failed := false
	for _, ld := range loaders() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		l, err := lab.Build(ctx, &script.Plan)
		if err != nil {
			t.Fatal(err)
		}
		if err := ld.load(ctx, l, e.hosts[0]); err != nil {
			t.Errorf("%s: %v", ld.name, err)
		} else {
			demand(ctx, t, e, ld, l, script.Probes, counts, "")
		}
		l.Close()
		cancel()
		failed = failed || t.Failed()
	}
	if failed {
		t.Logf("the policy:\n%s", text)
	}
}

package referee

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/backends/lab"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// How much there is for each world. There are LOWARD_REFEREE worlds, from LOWARD_SEED
// on, if the environment says so.
const (
	rulesets = 6
	each     = 200 // packets for each ruleset
)

func number(name string, fallback int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return fallback
}

// The kernel and the model, on hosts, rulesets and packets made at random.
func TestNft(t *testing.T) { run(t, 25, nftWorld) }

func run(t *testing.T, worlds int, world func(t *testing.T, seed uint64, sum *tally)) {
	if err := lab.Available(); err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	n, first := number("LOWARD_REFEREE", worlds), number("LOWARD_SEED", 1)
	var sum tally
	start := time.Now()
	for i := range n {
		world(t, uint64(first+i), &sum)
		if sum.odd > 20 {
			t.Fatal("and so on")
		}
	}
	t.Logf("referee: %s in %s", &sum, time.Since(start).Round(time.Second))
	if sum.refused > sum.rulesets/4 {
		t.Errorf("%d of %d rulesets are not taken", sum.refused, sum.rulesets)
	}
}

// Rulesets of iptables-restore, of both families, in nf_tables and in x_tables.
func TestIptables(t *testing.T) {
	// iptables-nft-restore takes its time.
	for variant, worlds := range map[string]int{"nft": 5, "legacy": 15} {
		t.Run(variant, func(t *testing.T) {
			run(t, worlds, func(t *testing.T, seed uint64, sum *tally) { iptWorld(t, variant, seed, sum) })
		})
	}
}

func iptWorld(t *testing.T, variant string, seed uint64, sum *tally) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	r := rand.New(rand.NewPCG(seed, 5))
	w := NewWorld(r)
	c, err := convene(ctx, w)
	if err != nil {
		t.Fatalf("seed %d: %v\n%s", seed, err, strings.Join(w.IP, "\n"))
	}
	defer c.close()
	for i := range rulesets {
		at := fmt.Sprintf("%s, seed %d, ruleset %d", variant, seed, i)
		rs, all := &ruleset.Ruleset{}, ""
		sum.rulesets++
		taken := true
		for v6, tool := range []string{"iptables-", "ip6tables-"} {
			g := NewIptables(r, w, v6)
			text := g.Restore()
			all += text
			var l diag.List
			one := iptables.Read(diag.NewFile("in", []byte(text)), g.family(), &l)
			if l.Errors() > 0 {
				t.Fatalf("%s: %s\n%s", at, l.All[0].Message, text)
			}
			rs.Tables = append(rs.Tables, one.Tables...)
			if _, err := c.host.Run(ctx, text, tool+variant+"-restore"); err != nil {
				n := 0
				fmt.Sscanf(err.Error()[strings.Index(err.Error(), ": line ")+1:], " line %d", &n)
				t.Logf("%s: not taken: %v: %s", at, err, append(strings.Split(text, "\n"), "")[max(n-1, 0)])
				taken = false
			}
		}
		if !taken {
			sum.refused++
			continue
		}
		b := c.book(t, rs)
		b.legacy = variant == "legacy"
		hear(t, c, r, b, at, all, sum)
	}
}

// tally of a run.
type tally struct {
	rulesets, refused             int
	packets, replies              int
	undecided, arrived, odd, late int
}

func (s *tally) String() string {
	return fmt.Sprintf("%d rulesets (%d not taken), %d packets (%d arrived, %d undecided), %d replies, %d seen only alone, %d disagreements",
		s.rulesets, s.refused, s.packets, s.arrived, s.undecided, s.replies, s.late, s.odd)
}

func nftWorld(t *testing.T, seed uint64, sum *tally) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	r := rand.New(rand.NewPCG(seed, 4))
	w := NewWorld(r)
	c, err := convene(ctx, w)
	if err != nil {
		t.Fatalf("seed %d: %v\n%s", seed, err, strings.Join(w.IP, "\n"))
	}
	defer c.close()
	g := NewGrammar(r, w)
	for i := range rulesets {
		text := g.Nft()
		at := fmt.Sprintf("seed %d, ruleset %d", seed, i)
		var l diag.List
		rs := nft.Read(diag.NewFile("in", []byte(text)), nft.Options{}, &l)
		if l.Errors() > 0 {
			t.Fatalf("%s: %s\n%s", at, l.All[0].Message, text)
		}
		sum.rulesets++
		if _, err := c.host.Run(ctx, text, "nft", "-f", "-"); err != nil {
			n := 0
			fmt.Sscanf(err.Error()[strings.Index(err.Error(), ": line ")+1:], " line %d", &n)
			t.Logf("%s: not taken: %v: %s", at, err, append(strings.Split(text, "\n"), "")[max(n-1, 0)])
			sum.refused++
			continue
		}
		hear(t, c, r, c.book(t, rs), at, text, sum)
		var b strings.Builder
		for _, table := range rs.Tables {
			fmt.Fprintf(&b, "delete table %s %s\n", table.Family, table.Name)
		}
		if _, err := c.host.Run(ctx, b.String(), "nft", "-f", "-"); err != nil {
			t.Fatal(err)
		}
	}
}

// hear the kernel and the model about a ruleset that is loaded.
func hear(t *testing.T, c *court, r *rand.Rand, b *book, at, text string, sum *tally) {
	t.Helper()
	space := path.New(b.rs, c.w.Host)
	all := packets(r, c.w, each)
	id := all[len(all)-1].id
	next := func() uint32 { id++; return id }
	var trials []*trial
	for _, s := range all {
		trials = append(trials, newTrial(space, c.w.Host, s, askOwners(text), next))
	}
	if err := c.forget(); err != nil {
		t.Fatal(err)
	}
	alive, odd := trials, map[*trial]int{}
	for k := 0; len(alive) > 0; k++ {
		heard := c.told(t, b, alive, k)
		var on []*trial
		for _, tr := range alive {
			if k == 0 {
				sum.packets++
			} else {
				sum.replies++
			}
			if !tr.decided(k) {
				sum.undecided++
				continue
			}
			same, kernel, _ := tr.compare(b, k, heard)
			if !same {
				odd[tr] = k
				continue
			}
			if kernel.arrived {
				sum.arrived++
				if k+1 < len(tr.sent) {
					on = append(on, tr)
				}
			}
		}
		alive = on
	}
	shown := 0
	for _, tr := range trials {
		k, ok := odd[tr]
		if !ok {
			continue
		}
		// Once more alone, without a past.
		if err := c.forget(); err != nil {
			t.Fatal(err)
		}
		for i := range k {
			c.told(t, b, []*trial{tr}, i)
		}
		same, kernel, model := tr.compare(b, k, c.told(t, b, []*trial{tr}, k))
		if same {
			sum.late++
			continue
		}
		sum.odd++
		t.Errorf("%s, %d: %s\nkernel %s\n model %s (%s, %s)\n%s", at, k, tr.sent[k], kernel, model, tr.model[k].Verdict, tr.model[k].Why, b.differing(kernel, model))
		if shown == 0 && verbose() {
			t.Logf("%v\n%s\n%s", c.w.Host.Sysctls, strings.Join(c.w.IP, "\n"), text)
		}
		if shown++; shown > 2 {
			return
		}
	}
}

// book of a ruleset that is loaded.
func (c *court) book(t *testing.T, rs *ruleset.Ruleset) *book {
	t.Helper()
	var handles map[place][]uint64
	if err := c.host.Do(func() (err error) { handles, err = c.ask.handles(); return err }); err != nil {
		t.Fatal(err)
	}
	return newBook(rs, handles, c.links)
}

// told is what the kernel says of the k-th packets of trials.
func (c *court) told(t *testing.T, b *book, trials []*trial, k int) map[uint32]*journey {
	t.Helper()
	var list []*sent
	for _, tr := range trials {
		list = append(list, tr.sent[k])
	}
	events, err := c.send(list)
	if err != nil {
		t.Fatal(err)
	}
	return b.ofKernel(events)
}

// verbose: with every disagreement its host and its ruleset are shown.
func verbose() bool { return os.Getenv("LOWARD_VERBOSE") != "" }

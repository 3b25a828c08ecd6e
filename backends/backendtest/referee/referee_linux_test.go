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

	"github.com/loward/loward/backends/lab"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// How much there is, unless the environment says otherwise: LOWARD_REFEREE worlds,
// from LOWARD_SEED on.
const (
	worlds   = 20
	rulesets = 6   // of each world
	each     = 200 // packets for each ruleset
)

func number(name string, fallback int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return fallback
}

// The kernel and the model, on hosts, rulesets and packets made at random.
func TestNft(t *testing.T) {
	if err := lab.Available(); err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	n, first := number("LOWARD_REFEREE", worlds), number("LOWARD_SEED", 1)
	var sum tally
	start := time.Now()
	for i := range n {
		nftWorld(t, uint64(first+i), &sum)
		if sum.odd > 20 {
			t.Fatal("and so on")
		}
	}
	t.Logf("referee: %s in %s", &sum, time.Since(start).Round(time.Second))
	if sum.refused > sum.rulesets/4 {
		t.Errorf("%d of %d rulesets are not taken", sum.refused, sum.rulesets)
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
			t.Logf("%s: not taken: %v", at, err)
			sum.refused++
			continue
		}
		hear(t, c, r, rs, at, text, sum)
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
func hear(t *testing.T, c *court, r *rand.Rand, rs *ruleset.Ruleset, at, text string, sum *tally) {
	t.Helper()
	var handles map[place][]uint64
	err := c.host.Do(func() (err error) { handles, err = c.ask.handles(); return err })
	if err != nil {
		t.Fatal(err)
	}
	b := newBook(rs, handles, c.links)
	space := path.New(rs, c.w.Host)
	all := packets(r, c.w, each)
	kernel, shown := c.judged(t, b, all), 0
	for _, s := range all {
		got := space.Send(s.Start)
		sum.packets++
		if got.Verdict == path.Undecided || len(got.Guesses) > 0 {
			sum.undecided++
			continue
		}
		doubtful := b.doubtful(s.Proto, got)
		group := s.IIF == "" && (s.To.Addr().IsMulticast() || c.w.Host.TypeOf(s.To.Addr(), "") == host.Broadcast)
		heard := func(all map[uint32]*journey) *journey {
			k := all[s.id]
			switch {
			case k == nil:
				return &journey{}
			case group:
				k = k.sent()
			}
			return k.without(doubtful)
		}
		k, m := heard(kernel), b.ofModel(got).without(doubtful)
		if group {
			m = m.sent()
		}
		if !m.equal(k) {
			if k = heard(c.judged(t, b, []*sent{s})); m.equal(k) {
				sum.late++
				continue
			}
			sum.odd++
			t.Errorf("%s: %s\nkernel %s\n model %s (%s, %s)\n%s", at, show(s), k, m, got.Verdict, got.Why, b.differing(k, m))
			if shown == 0 && verbose() {
				t.Logf("%v\n%s\n%s", c.w.Host.Sysctls, strings.Join(c.w.IP, "\n"), text)
			}
			if shown++; shown > 2 {
				return
			}
		}
		if k.arrived {
			sum.arrived++
		}
	}
}

// judged is what the kernel does with packets that have no past.
func (c *court) judged(t *testing.T, b *book, all []*sent) map[uint32]*journey {
	t.Helper()
	if err := c.forget(); err != nil {
		t.Fatal(err)
	}
	events, err := c.send(all)
	if err != nil {
		t.Fatal(err)
	}
	return b.ofKernel(events)
}

func show(s *sent) string {
	o := ""
	if s.Owner != nil {
		o = fmt.Sprintf(" uid %d gid %d", s.Owner.UID, s.Owner.GID)
	}
	return fmt.Sprintf("in %q proto %d %s to %s type %d flags %#x ttl %d length %d mark %d%s", s.IIF, s.Proto, s.From, s.To, s.Type, s.Flags, s.TTL, s.Length, s.Mark, o)
}

// verbose: with every disagreement its host and its ruleset are shown.
func verbose() bool { return os.Getenv("LOWARD_VERBOSE") != "" }

package backendtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/change"
	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Two rulesets made at random, the second mostly the first with a line less: a packet
// that package path sends otherwise through one than through the other is in a class,
// and one that it sends alike is in none that is certain.
func TestChanges(t *testing.T) {
	n, first := number("LOWARD_CHANGES", 120), number("LOWARD_SEED", 1)
	var count struct{ packets, differ, classes, equal int }
	for i := range n {
		r := rand.New(rand.NewPCG(uint64(first+i), 11))
		g := &world{generator{r}}
		texts := [2]string{g.ruleset()}
		texts[1] = mutated(g, texts[0])
		q := change.Question{Host: worldHost(r), Routes: true, V4: true, V6: true, Max: 100000}
		q.Old, q.New = readWorld(t, texts[0]), readWorld(t, texts[1])
		a := change.Compare(q)
		at := fmt.Sprintf("seed %d\n%s\n--- becomes ---\n%s", first+i, texts[0], texts[1])
		if len(a.Open) > 0 || !a.Complete {
			t.Fatalf("%s: %v", at, a.Open)
		}
		count.classes += len(a.Classes)
		if len(a.Classes) == 0 {
			count.equal++
		}
		for _, c := range a.Classes {
			w := q.Send(c)
			if w.Wrong {
				t.Fatalf("%s: class %s: %+v is %s (%s) and then %s (%s)", at, c, *c.Packet, w.Old.Verdict, w.Old.Why, w.New.Verdict, w.New.Why)
			}
			if w.Old.Verdict != path.Undecided && w.New.Verdict != path.Undecided && fares(w.Old) == fares(w.New) && !vague(c) {
				t.Fatalf("%s: class %s: %+v is %s both times", at, c, *c.Packet, fares(w.Old))
			}
		}
		old, new := path.New(q.Old, q.Host), path.New(q.New, q.Host)
		for _, v6 := range []bool{false, true} {
			for _, j := range fate.Journeys() {
				for range 40 {
					st, p := worldPacket(r, q.Host, j, v6)
					if st == nil {
						continue
					}
					count.packets++
					if compareChange(t, at, a, q.Host, j, p, *st, old, new) {
						count.differ++
					}
					if t.Failed() {
						return
					}
				}
			}
		}
	}
	t.Logf("%d packets, of which %d fare otherwise; %d pairs of rulesets, of which %d are equal; %d classes", count.packets, count.differ, n, count.equal, count.classes)
	if count.differ == 0 || count.equal == 0 {
		t.Error("this tested nothing")
	}
}

func compareChange(t *testing.T, at string, a *change.Answer, h *host.Host, j fate.Journey, p *fate.Packet, st path.Start, old, new *path.Space) (differs bool) {
	way := change.Self
	switch {
	case j == fate.Outbound:
		way = change.Out
	case j == fate.Arriving && h.TypeOf(p.Dst, "") == host.Unicast:
		way = change.Through
	case j == fate.Arriving:
		way = change.In
	}
	odd := j == fate.Arriving && (p.Dst.IsLoopback() || h.TypeOf(p.Src, "") != host.Unicast || p.Src.IsMulticast())
	shown := false
	for _, conn := range []fate.Conn{fate.First, fate.Original, fate.Reply, fate.Related} {
		switch icmp := p.Proto == packet.ICMP || p.Proto == packet.ICMPv6; {
		case icmp && conn == fate.Reply: // a question is no reply
			continue
		case icmp && conn != fate.First && p.Type == 135: // conntrack leaves it alone
			continue
		}
		send := func(s *path.Space) *path.Result {
			switch conn {
			case fate.First:
				return s.Send(st)
			case fate.Related:
				return s.Known(st, ruleset.StateRelated, false)
			}
			return s.Known(st, ruleset.StateEstablished, conn == fate.Reply)
		}
		x, y := send(old), send(new)
		known := x.Verdict != path.Undecided && y.Verdict != path.Undecided
		unlike := fares(x) != fares(y)
		inSure, inMaybe, named := false, false, true
		for _, c := range a.Classes {
			if c.Has(way, conn, p) {
				inSure, inMaybe, named = inSure || c.Certain, inMaybe || !c.Certain, named && !vague(c)
			}
		}
		fail := func(what string) {
			t.Errorf("%s\n%s: %s %s %+v: %s then %s", at, what, j, conn, *p, fares(x), fares(y))
			for _, c := range a.Classes {
				t.Logf("%v %s", c.Certain, c)
			}
		}
		switch {
		case conn != fate.First && shown:
		case j == fate.Arriving && h.TypeOf(p.Src, "") != host.Unicast:
			// Nobody out there has such an address: it is no source to diff, though the kernel
			// looks at it only where it filters by reverse path (fate.Options.Strict).
		case odd && x.Verdict != path.Accept && y.Verdict != path.Accept:
		case known && unlike && !inSure && !inMaybe:
			fail("in no class")
		case known && !unlike && (inSure || inMaybe && named):
			fail("in a class")
		case !known && inSure && x.Verdict == y.Verdict && slices.Equal(guesses(x), guesses(y)):
			fail("in a class that is certain")
		}
		if conn == fate.First {
			shown = unlike || inSure || inMaybe
			differs = known && unlike
		}
	}
	return differs
}

// vague classes are translated to an address of which package fate does not know the
// number; package path does.
func vague(c *change.Class) bool {
	return !c.Certain && strings.Contains(c.Change(), "the address of the leaving interface")
}

func guesses(r *path.Result) []string {
	var out []string
	for _, g := range r.Guesses {
		out = append(out, g.Why)
	}
	return out
}

// fares is how a journey ends.
func fares(r *path.Result) string {
	p := r.Packet
	if r.Verdict != path.Accept {
		return r.Verdict.String()
	}
	if !packet.Ported(p.Proto) {
		return fmt.Sprintf("accept to %s from %s", p.Dst, p.Src)
	}
	return fmt.Sprintf("accept to %s:%d from %s:%d", p.Dst, p.Dport, p.Src, p.Sport)
}

func readWorld(t *testing.T, text string) *ruleset.Ruleset {
	var l diag.List
	rs := nft.Read(diag.NewFile("in", []byte(text)), nft.Options{}, &l)
	if l.Errors() > 0 {
		t.Fatalf("%s\n%s", messages(l.All), text)
	}
	return rs
}

// mutated is a ruleset without one of its rules, with two that changed places, or
// another one.
func mutated(g *world, text string) string {
	lines := strings.Split(text, "\n")
	var rules []int
	for i, line := range lines {
		s := strings.TrimSpace(line)
		if strings.HasPrefix(line, "\t\t") && !strings.HasPrefix(s, "type") {
			rules = append(rules, i)
		}
	}
	switch {
	case len(rules) < 2 || g.r.IntN(10) == 0:
		return g.ruleset()
	case g.r.IntN(3) == 0:
		if i := g.r.IntN(len(rules) - 1); rules[i]+1 == rules[i+1] {
			lines[rules[i]], lines[rules[i+1]] = lines[rules[i+1]], lines[rules[i]]
			return strings.Join(lines, "\n")
		}
	}
	i := rules[g.r.IntN(len(rules))]
	return strings.Join(slices.Delete(lines, i, i+1), "\n")
}

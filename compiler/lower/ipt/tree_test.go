package ipt

import (
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// TestTree: whatever the addresses are, a packet meets few rules and goes where
// its address says.
func TestTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v6 := rapid.Bool().Draw(t, "v6")
		n := rapid.IntRange(1, 600).Draw(t, "addresses")
		spread := rapid.IntRange(1, 32).Draw(t, "bits that differ")
		seen := map[netip.Addr]bool{}
		w := &lowerer{prefix: "LOWARD-", v6: v6, f: policy.V4}
		if v6 {
			w.f = policy.V6
		}
		leaves := []*ruleset.Verdict{ruleset.Goto("a"), ruleset.Goto("b"), ruleset.Goto("c")}
		var entries []entry
		for range n {
			x := rapid.Uint32().Draw(t, "address") >> (32 - spread)
			a := netip.AddrFrom4([4]byte{byte(x >> 24), byte(x >> 16), byte(x >> 8), byte(x)})
			if v6 {
				b := [16]byte{0xfd, 15: byte(x)}
				b[3], b[8], b[14] = byte(x>>24), byte(x>>16), byte(x>>8)
				a = netip.AddrFrom16(b)
			}
			if !seen[a] {
				seen[a] = true
				entries = append(entries, entry{hostPrefix(a), leaves[len(entries)%7%3]})
			}
		}
		slices.SortFunc(entries, func(a, b entry) int { return a.Addr().Compare(b.Addr()) })
		tb := w.table("filter", 0, ruleset.Input)
		root := tb.node("root")
		w.tree(root, "t", w.daddr(plain), entries, ruleset.Drop)
		root.end(ruleset.Drop)

		most := 0
		walk := func(a netip.Addr) *ruleset.Verdict {
			met := 0
			c := root.Chain
		chain:
			for {
				for _, r := range c.Rules {
					met++
					v := r.Body[len(r.Body)-1].(*ruleset.Verdict)
					if m, ok := r.Body[0].(*ruleset.Match); ok && !prefixOf(m, v6).Contains(a) {
						continue
					}
					most = max(most, met)
					if next := tb.Chain(v.Chain); next != nil {
						c = next
						continue chain
					}
					return v
				}
				t.Fatalf("chain %s has no end", c.Name)
			}
		}
		for _, e := range entries {
			if got := walk(e.Addr()); got != e.to {
				t.Fatalf("%s goes to %+v, want %+v", e.Addr(), got, e.to)
			}
			if next := e.Addr().Next(); next.IsValid() && !seen[next] {
				if got := walk(next); got != ruleset.Drop {
					t.Fatalf("%s is nobody's and goes to %+v", next, got)
				}
			}
		}
		// A chain holds fewer than 2*fan branches, the last few entries and its end.
		bound := linear + 1
		for m := len(entries); m > linear; m = max(linear, (m+fan-1)/fan) {
			bound += 2*fan + linear + 1
		}
		if most > bound {
			t.Fatalf("%d addresses: a packet met %d rules, more than %d", len(entries), most, bound)
		}
	})
}

func TestCover(t *testing.T) {
	for _, c := range []struct {
		lo, hi string
		want   []string
	}{
		{"10.0.0.1", "10.0.0.6", []string{"10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/31", "10.0.0.6/32"}},
		{"0.0.0.0", "255.255.255.255", []string{"0.0.0.0/0"}},
		{"10.0.0.0", "10.0.0.255", []string{"10.0.0.0/24"}},
		{"255.255.255.254", "255.255.255.255", []string{"255.255.255.254/31"}},
		{"::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", []string{"::/0"}},
		{"fd00::ffff", "fd00::1:0", []string{"fd00::ffff/128", "fd00::1:0/128"}},
	} {
		var got []string
		for _, p := range cover(nil, policy.AddrRange{Lo: netip.MustParseAddr(c.lo), Hi: netip.MustParseAddr(c.hi)}) {
			got = append(got, p.String())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s-%s: got %v, want %v", c.lo, c.hi, got, c.want)
		}
	}
}

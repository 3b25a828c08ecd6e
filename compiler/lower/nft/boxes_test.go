package nft

import (
	"testing"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
	"pgregory.net/rapid"
)

// Whatever statements allow is allowed by exactly one box, and nothing else is.
func TestDisjoint(t *testing.T) {
	ifaces := []string{"a", "ab", "abc", "a*", "ab*", "c"}
	concrete := []string{"a", "ab", "abc", "abd", "c", "d"}
	rapid.Check(t, func(t *rapid.T) {
		gen := rapid.Custom(func(t *rapid.T) box {
			lo := rapid.Uint16Range(0, 9).Draw(t, "lo")
			src := rapid.Uint64Range(0, 9).Draw(t, "src")
			return box{
				ports: policy.PortRange{Lo: lo, Hi: rapid.Uint16Range(lo, 9).Draw(t, "hi")},
				lo:    ruleset.U128{Lo: src}, hi: ruleset.U128{Lo: rapid.Uint64Range(src, 9).Draw(t, "end")},
				iface: rapid.SampledFrom(ifaces).Draw(t, "iface"),
			}
		})
		in := rapid.SliceOfN(gen, 0, 6).Draw(t, "boxes")
		holds := func(b box, port uint16, src uint64, iface string) bool {
			return b.ports.Lo <= port && port <= b.ports.Hi && b.lo.Lo <= src && src <= b.hi.Lo &&
				box{iface: b.iface}.covers(box{iface: iface})
		}
		count := func(list []box, port uint16, src uint64, iface string) (n int) {
			for _, b := range list {
				if holds(b, port, src, iface) {
					n++
				}
			}
			return n
		}
		before := append([]box(nil), in...)
		out := disjoint(in)
		for port := range uint16(10) {
			for src := range uint64(10) {
				for _, iface := range concrete {
					was, is := count(before, port, src, iface), count(out, port, src, iface)
					if was > 0 != (is > 0) || is > 1 {
						t.Fatalf("port %d source %d on %s: in %d boxes before, in %d after\nbefore %v\nafter %v", port, src, iface, was, is, before, out)
					}
				}
			}
		}
	})
}

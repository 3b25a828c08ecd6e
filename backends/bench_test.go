package backends_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/loward/loward/backends"
	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/ruleset"
)

// services gives a table in which each of n services has six elements, four of
// them of IPv4, with comments.
func services(n int) *ruleset.Ruleset {
	sets := []*ruleset.Set{
		{Name: "allowed4", Key: []ruleset.Expr{ruleset.IPDaddr, ruleset.L4Proto, ruleset.Dport, ruleset.IIFName}, Size: 4 * n, Counted: true},
		{Name: "allowed6", Key: []ruleset.Expr{ruleset.IP6Daddr, ruleset.L4Proto, ruleset.Dport, ruleset.IIFName}, Size: 2 * n, Counted: true},
	}
	a4, a6 := netip.MustParseAddr("10.32.0.0"), netip.MustParseAddr("fd53::")
	for i := range n {
		a4, a6 = a4.Next(), a6.Next()
		comment := fmt.Sprintf("service%d policy.low:%d", i, 4*i)
		for j, s := range []*ruleset.Set{sets[0], sets[0], sets[0], sets[0], sets[1], sets[1]} {
			a := a4
			if s == sets[1] {
				a = a6
			}
			s.Elems = append(s.Elems, ruleset.Elem{Comment: comment,
				Key: []ruleset.Term{ruleset.Addr(a), ruleset.Num(uint64(6 + 11*(j&1))), ruleset.Num(uint64(80 + j)), ruleset.Text("eth0")}})
		}
	}
	chain := &ruleset.Chain{Name: "prerouting", Base: &ruleset.Base{Type: "filter", Priority: -150}}
	for _, s := range sets {
		chain.Rules = append(chain.Rules, &ruleset.Rule{Body: []ruleset.Stmt{&ruleset.Lookup{Key: s.Key, Set: s.Name}, ruleset.Accept}})
	}
	return &ruleset.Ruleset{Tables: []*ruleset.Table{{Name: "loward", Sets: sets, Chains: []*ruleset.Chain{chain}}}}
}

// chains gives an iptables table with six rules for each of n services.
func chains(n int) *ruleset.Ruleset {
	t := &ruleset.Table{Dialect: ruleset.Iptables, Family: ruleset.IP, Name: "filter"}
	a := netip.MustParseAddr("10.32.0.0")
	for i := range n {
		a = a.Next()
		c := &ruleset.Chain{Name: fmt.Sprintf("LOWARD-s-%d", i)}
		for j := range 6 {
			c.Rules = append(c.Rules, &ruleset.Rule{Comment: fmt.Sprintf("service%d policy.low:%d", i, 4*i), Body: []ruleset.Stmt{
				ruleset.In(ruleset.IPDaddr, ruleset.Addr(a)), ruleset.In(ruleset.L4Proto, ruleset.Num(6)), ruleset.In(ruleset.Dport, ruleset.Num(uint64(80+j))),
				ruleset.In(ruleset.IIFName, ruleset.Text("eth0")), ruleset.Any(ruleset.CTState, ruleset.StateNew), ruleset.Return}})
		}
		t.Chains = append(t.Chains, c)
	}
	return &ruleset.Ruleset{Tables: []*ruleset.Table{t}}
}

func BenchmarkWrite(b *testing.B) {
	for _, n := range []int{1000, 10000, 100000} {
		for _, c := range []struct {
			w  backends.Writer
			rs *ruleset.Ruleset
		}{{nft.Text{}, services(n)}, {nft.JSON{}, services(n)}, {iptables.Restore{Family: ruleset.IP}, chains(n)}} {
			b.Run(fmt.Sprintf("%s/services=%d", c.w.Name(), n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					text, mistakes := c.w.Write(c.rs)
					if len(mistakes) > 0 {
						b.Fatal(mistakes[0].Message)
					}
					b.SetBytes(int64(len(text)))
				}
			})
		}
	}
}

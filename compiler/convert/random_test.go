package convert

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/loward/loward/compiler/ruleset"
)

// gen draws random tables of nft with few values, so that packets hit them.
type gen struct {
	*rapid.T
	n int
}

func (g *gen) int(n int) int {
	g.n++
	return rapid.IntRange(0, n-1).Draw(g.T, fmt.Sprint(g.n))
}

func addr(n int) ruleset.Term {
	return ruleset.Addr(netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}))
}

func (g *gen) term(f ruleset.Field) ruleset.Term {
	switch f {
	case ruleset.IIFName:
		return ruleset.Text([]string{"lo", "eth0", "eth1", "eth*", "*"}[g.int(5)])
	case ruleset.IPSaddr, ruleset.IPDaddr:
		if g.int(4) == 0 {
			return ruleset.AddrRange(netip.AddrFrom4([4]byte{10, 0, 0, 1}), netip.AddrFrom4([4]byte{10, 0, 0, byte(1 + g.int(3))}))
		}
		return addr(g.int(5))
	case ruleset.L4Proto:
		return ruleset.Num([]uint64{1, 6, 17}[g.int(3)])
	case ruleset.Sport, ruleset.Dport:
		lo := uint64(1 + g.int(4))
		return ruleset.Range(lo, lo+uint64(g.int(2)))
	case ruleset.ICMPType:
		return ruleset.Num(uint64([]int{0, 8}[g.int(2)]))
	case ruleset.CTState:
		return ruleset.Num([]uint64{1, 2, 4, 8, 64}[g.int(5)])
	}
	return ruleset.Num(uint64(g.int(4)))
}

func (g *gen) field() ruleset.Field {
	return []ruleset.Field{ruleset.IIFName, ruleset.IPSaddr, ruleset.IPDaddr, ruleset.L4Proto, ruleset.Sport, ruleset.Dport, ruleset.ICMPType, ruleset.MetaMark, ruleset.CTState, ruleset.NFProto}[g.int(10)]
}

// terms that do not overlap, as in a set.
func (g *gen) terms(f ruleset.Field, n int) []ruleset.Term {
	var out []ruleset.Term
next:
	for range n {
		t := g.term(f)
		for _, o := range out {
			if t.Text != "" && (strings.Contains(t.Text+o.Text, "*") || t.Text == o.Text) || t.Text == "" && t.Lo.Cmp(o.Hi) <= 0 && o.Lo.Cmp(t.Hi) <= 0 {
				continue next
			}
		}
		out = append(out, t)
	}
	return out
}

func (g *gen) match() ruleset.Stmt {
	f := g.field()
	if f == ruleset.NFProto {
		return ruleset.In(f, ruleset.Num([]uint64{2, 2, 2, 10}[g.int(4)]))
	}
	m := &ruleset.Match{Field: f, Neg: g.int(4) == 0, Terms: g.terms(f, 1+g.int(3)*g.int(2))}
	m.Set = len(m.Terms) > 1
	if f == ruleset.CTState && g.int(2) == 0 {
		m.Op, m.Set, m.Terms = ruleset.OpAny, false, []ruleset.Term{ruleset.Num([]uint64{2, 6, 8}[g.int(3)])}
	}
	if f == ruleset.MetaMark && g.int(3) == 0 {
		m.Op, m.Mask = ruleset.OpMask, ruleset.U128{Lo: 3}
	}
	return m
}

func (g *gen) verdict(chain int) *ruleset.Verdict {
	switch k := g.int(7); {
	case k < 2:
		return ruleset.Accept
	case k < 4:
		return ruleset.Drop
	case k == 4:
		return ruleset.Return
	case chain < 3 && k == 5:
		return ruleset.Jump(fmt.Sprintf("c%d", chain+1+g.int(3-chain)))
	case chain < 3:
		return ruleset.Goto(fmt.Sprintf("c%d", chain+1+g.int(3-chain)))
	}
	return ruleset.Accept
}

func (g *gen) elems(key []ruleset.Expr, chain int, verdicts bool) []ruleset.Elem {
	first := g.terms(ruleset.FieldOf(key[0]), 1+g.int(3))
	var out []ruleset.Elem
	for _, t := range first {
		e := ruleset.Elem{Key: []ruleset.Term{t}}
		for _, k := range key[1:] {
			e.Key = append(e.Key, g.term(ruleset.FieldOf(k)))
		}
		if verdicts {
			e.Verdict = g.verdict(chain)
		}
		out = append(out, e)
	}
	if verdicts && g.int(4) == 0 {
		out = append(out, ruleset.Elem{Any: true, Verdict: g.verdict(chain)})
	}
	return out
}

func (g *gen) rule(chain int) *ruleset.Rule {
	r := &ruleset.Rule{}
	for range g.int(4) {
		switch g.int(12) {
		case 0:
			key := []ruleset.Expr{ruleset.IPSaddr, ruleset.Dport}[:1+g.int(2)]
			r.Body = append(r.Body, &ruleset.Lookup{Key: key, Neg: g.int(3) == 0, Elems: g.elems(key, chain, false)})
		case 1:
			r.Body = append(r.Body, &ruleset.Log{Prefix: fmt.Sprintf("l%d", g.int(9))})
		case 2:
			r.Body = append(r.Body, &ruleset.Limit{Rate: 1 + g.int(9), Unit: "second", Burst: 5, Over: g.int(3) == 0})
		case 3:
			r.Body = append(r.Body, &ruleset.Counter{})
		case 4:
			if g.int(3) == 0 {
				r.Body = append(r.Body, &ruleset.SetField{Field: ruleset.MetaMark, Value: ruleset.Num(uint64(g.int(4)))})
			}
		default:
			r.Body = append(r.Body, g.match())
		}
	}
	switch g.int(8) {
	case 0:
		key := []ruleset.Expr{ruleset.Expr([]ruleset.Field{ruleset.IIFName, ruleset.Dport, ruleset.CTState, ruleset.L4Proto}[g.int(4)])}
		r.Body = append(r.Body, &ruleset.VMap{Key: key, Elems: g.elems(key, chain, true)})
	case 1:
		r.Body = append(r.Body, &ruleset.Reject{With: ruleset.RejectPort})
	case 2:
	default:
		r.Body = append(r.Body, g.verdict(chain))
	}
	return r
}

func (g *gen) packet() packet {
	p := packet{map[ruleset.Field]uint64{}, map[ruleset.Field]string{ruleset.IIFName: []string{"lo", "eth0", "eth1", "wan"}[g.int(4)]}}
	p.fields[ruleset.NFProto] = 2
	for _, f := range []ruleset.Field{ruleset.IPSaddr, ruleset.IPDaddr} {
		p.fields[f] = addr(g.int(5)).Lo.Lo
	}
	proto := []uint64{1, 6, 17, 47}[g.int(4)]
	p.fields[ruleset.L4Proto] = proto
	switch proto {
	case 1:
		p.fields[ruleset.ICMPType] = uint64([]int{0, 8, 3}[g.int(3)])
	case 6, 17:
		p.fields[ruleset.Sport], p.fields[ruleset.Dport] = uint64(1+g.int(6)), uint64(1+g.int(6))
	}
	p.fields[ruleset.MetaMark] = uint64(g.int(5))
	p.fields[ruleset.CTState] = []uint64{1, 2, 4, 8, 64}[g.int(5)]
	p.fields[ruleset.PacketLength] = uint64(40 + g.int(2))
	return p
}

// Whatever a table of nft says, its translation does the same to every packet:
// the same verdict, the same lines in the log, the same marks, and every limit
// is asked as often; and so does what that becomes on the way back.
func TestToIptablesMeansTheSame(t *testing.T) {
	same, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		g := &gen{T: rt}
		table := &ruleset.Table{Name: "t", Chains: []*ruleset.Chain{{Name: "input", Base: &ruleset.Base{Type: "filter", Hook: ruleset.Input, Policy: ruleset.VerdictKind(g.int(2))}}}}
		for i := 1; i <= 3; i++ {
			table.Chains = append(table.Chains, &ruleset.Chain{Name: fmt.Sprintf("c%d", i)})
		}
		for i, c := range table.Chains {
			for range 1 + g.int(3) {
				c.Rules = append(c.Rules, g.rule(i))
			}
		}
		out, mistakes := ToIptables(&ruleset.Ruleset{Tables: []*ruleset.Table{table}}, ruleset.IP)
		if out == nil {
			refused++
			for _, m := range mistakes {
				if m.Code != CodeUnsupported {
					rt.Fatalf("%s: %s", m.Code, m.Message)
				}
			}
			return
		}
		back, mistakes := ToNft(out, func(name string) bool { return name != "c2" })
		if back == nil {
			rt.Fatalf("not back to nft: %s", mistakes[0].Message)
		}
		same++
		for range 20 {
			p := g.packet()
			if want, got := judge(table, ruleset.Input, p), judge(out.Tables[0], ruleset.Input, p); want != got {
				rt.Fatalf("%v\nnft:      %s\niptables: %s\n%s\nbecame\n%s", p, want, got, show(table), show(out.Tables[0]))
			} else if got := judge(back.Tables[0], ruleset.Input, p); want != got {
				rt.Fatalf("%v\nnft:      %s\nand back: %s\n%s\nbecame\n%s", p, want, got, show(table), show(back.Tables[0]))
			}
		}
	})
	t.Logf("%d translated, %d refused", same, refused)
	if same < refused/4 {
		t.Errorf("only %d of %d tables were translated", same, same+refused)
	}
}

// show a table for people.
func show(t *ruleset.Table) string {
	var b strings.Builder
	for _, c := range t.Chains {
		fmt.Fprintf(&b, "%s:\n", c.Name)
		for _, r := range c.Rules {
			b.WriteString("   ")
			for _, s := range r.Body {
				switch s := s.(type) {
				case *ruleset.Module:
					fmt.Fprintf(&b, " %s %s", moduleName(s), strings.Join(s.Args, " "))
				case *ruleset.Match:
					fmt.Fprintf(&b, " [%s neg=%v op=%d", s.Field, s.Neg, s.Op)
					for _, t := range s.Terms {
						fmt.Fprintf(&b, " %d-%d%s", t.Lo.Lo, t.Hi.Lo, t.Text)
					}
					b.WriteString("]")
				case *ruleset.Verdict:
					fmt.Fprintf(&b, " %s %s", s.Kind, s.Chain)
				case *ruleset.VMap:
					fmt.Fprintf(&b, " vmap %v", s.Key)
					for _, e := range s.Elems {
						fmt.Fprintf(&b, " %v:%s %s", e.Key, e.Verdict.Kind, e.Verdict.Chain)
					}
				default:
					fmt.Fprintf(&b, " %T%+v", s, s)
				}
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

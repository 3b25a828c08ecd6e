package ipt

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// journey runs the first packet of a connection through the chains that this
// package writes, as netfilter would: enough of it to hold the lowering against
// policy.Decide.
type journey struct {
	rs    *ruleset.Ruleset
	p     policy.Packet
	addrs policy.Addrs
	// tokens: every limit has one.
	tokens bool

	dst    netip.AddrPort // as it is now
	dnat   bool
	labels map[uint64]bool
	helper string
	depth  int
}

// outcome of the walk; "" where the packet RETURNs to the builtin chain.
type outcome string

func (j *journey) table(name string) *ruleset.Table {
	for _, t := range j.rs.Tables {
		if t.Name == name {
			return t
		}
	}
	panic("no table " + name)
}

// fate of the packet: accept, drop or reject.
func (j *journey) fate() outcome {
	j.dst = netip.AddrPortFrom(j.p.Dst, j.p.Dport)
	j.labels = map[uint64]bool{}
	local := j.p.In == ""
	if local {
		j.run("raw", "OUTPUT")
		j.run("nat", "OUTPUT")
		j.translate()
		return j.or(j.run("filter", "OUTPUT"), "accept")
	}
	j.run("raw", "PREROUTING")
	if o := j.run("mangle", "PREROUTING"); o != "" {
		return o
	}
	j.run("nat", "PREROUTING")
	j.translate()
	hook := "INPUT"
	if j.p.Out != "" {
		hook = "FORWARD"
	}
	return j.or(j.run("filter", hook), "accept")
}

func (j *journey) or(o, other outcome) outcome {
	if o == "" {
		return other
	}
	return o
}

// translate as somebody else's rule says, where none of ours did.
func (j *journey) translate() {
	if !j.dnat && j.p.To.IsValid() {
		j.dst, j.dnat = j.p.To, true
	}
}

func (j *journey) run(table, builtin string) outcome {
	t := j.table(table)
	j.depth = 0
	return j.walk(t, t.Chain(builtin))
}

// walk a chain; "" is a return to who jumped there.
func (j *journey) walk(t *ruleset.Table, c *ruleset.Chain) outcome {
	if j.depth++; j.depth > 10000 {
		panic("the chains go in a circle")
	}
	for _, r := range c.Rules {
		o, verdict := j.rule(t, r)
		if verdict == nil {
			if o != "" {
				return o
			}
			continue
		}
		switch verdict.Kind {
		case ruleset.VerdictReturn:
			return ""
		case ruleset.VerdictGoto:
			return j.walk(t, j.chain(t, verdict.Chain))
		case ruleset.VerdictJump:
			if o := j.walk(t, j.chain(t, verdict.Chain)); o != "" {
				return o
			}
		case ruleset.VerdictDrop:
			return "drop"
		default:
			panic("a verdict that this lowering never gives: " + verdict.Kind.String())
		}
	}
	return ""
}

func (j *journey) chain(t *ruleset.Table, name string) *ruleset.Chain {
	c := t.Chain(name)
	if c == nil {
		panic("no chain " + name)
	}
	return c
}

// rule gives its verdict where it matches and has one, or an outcome.
func (j *journey) rule(t *ruleset.Table, r *ruleset.Rule) (outcome, *ruleset.Verdict) {
	for _, s := range r.Body {
		switch s := s.(type) {
		case *ruleset.Match:
			if !j.match(s) {
				return "", nil
			}
		case *ruleset.Meter:
			if !j.tokens {
				return "", nil
			}
		case *ruleset.Verdict:
			return "", s
		case *ruleset.Reject:
			return "reject", nil
		case *ruleset.Log:
		case *ruleset.SetField:
			if s.Field == ruleset.CTLabel {
				j.labels[s.Value.Lo.Lo] = true
			} else {
				j.helper = s.Value.Text
			}
		case *ruleset.NAT:
			if s.Kind == ruleset.DNAT {
				port := s.PortLo
				if port == 0 {
					port = j.p.Dport
				}
				j.dst, j.dnat = netip.AddrPortFrom(s.Lo, port), true
			}
			return "translated", nil
		default:
			panic(fmt.Sprintf("%T in table %s", s, t.Name))
		}
	}
	return "", nil
}

func (j *journey) match(m *ruleset.Match) bool {
	if m.Op == ruleset.OpAny {
		bits := m.Terms[0].Lo.Lo
		switch m.Field {
		case ruleset.CTState:
			return bits&ruleset.StateNew != 0 != m.Neg
		case ruleset.CTStatus:
			return j.dnat != m.Neg
		}
		panic("any bits of " + m.Field.String())
	}
	return slices.ContainsFunc(m.Terms, func(t ruleset.Term) bool { return j.is(m.Field, t) }) != m.Neg
}

func (j *journey) is(f ruleset.Field, t ruleset.Term) bool {
	num := func(n uint64) bool { return t.Lo.Lo <= n && n <= t.Hi.Lo }
	addr := func(a netip.Addr) bool {
		v := ruleset.AddrValue(a)
		return t.Lo.Cmp(v) <= 0 && v.Cmp(t.Hi) <= 0
	}
	name := func(s string) bool {
		if w, ok := strings.CutSuffix(t.Text, "*"); ok {
			return strings.HasPrefix(s, w)
		}
		return s == t.Text
	}
	switch f {
	case ruleset.IIFName:
		return name(j.p.In)
	case ruleset.OIFName:
		if j.p.In == "" && j.p.Out == "" {
			return name("lo") // NAT of local packets leaves that as it was
		}
		return name(j.p.Out)
	case ruleset.IPSaddr, ruleset.IP6Saddr:
		return addr(j.p.Src)
	case ruleset.IPDaddr, ruleset.IP6Daddr:
		return addr(j.dst.Addr())
	case ruleset.CTOrigDaddr, ruleset.CTOrig6Daddr:
		return addr(j.p.Dst)
	case ruleset.CTOrigDport:
		return num(uint64(j.p.Dport))
	case ruleset.L4Proto:
		return num(uint64(j.p.Proto))
	case ruleset.Sport:
		return num(uint64(j.p.Sport))
	case ruleset.Dport:
		return num(uint64(j.dst.Port()))
	case ruleset.ICMPType, ruleset.ICMPv6Type:
		return num(uint64(j.p.ICMPType))
	case ruleset.IP6HopLimit:
		return num(uint64(j.p.HopLimit))
	case ruleset.CTDirection:
		return num(ruleset.DirOriginal)
	case ruleset.CTLabel:
		return j.labels[t.Lo.Lo]
	case ruleset.SKUID:
		return j.p.User == t.Text
	case ruleset.SKGID:
		return j.p.Group == t.Text
	case ruleset.FibSaddrType:
		return num(j.typeOf(j.p.Src, ""))
	case ruleset.FibDaddrType:
		return num(j.typeOf(j.dst.Addr(), ""))
	case ruleset.FibSaddrIIFType:
		return num(j.typeOf(j.p.Src, j.p.In))
	case ruleset.FibDaddrIIFType:
		return num(j.typeOf(j.dst.Addr(), j.p.In))
	}
	panic("a match that this lowering never makes: " + f.String())
}

func (j *journey) typeOf(a netip.Addr, iface string) uint64 {
	switch {
	case iface == "" && j.addrs.Has(a), iface != "" && slices.Contains(j.addrs[iface], a):
		return ruleset.AddrLocal
	case a == netip.MustParseAddr("255.255.255.255"):
		return ruleset.AddrBroadcast
	}
	return ruleset.AddrUnicast
}

package ipt

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// The machine of the random policies: what it has at run time.
var machine = policy.Addrs{
	"lo":   append(addrList("10.53.0.1", "10.53.0.2", "10.53.0.3", "fd53::1", "fd53::2", "fd53::3"), crowd()...),
	"eth0": addrList("10.10.0.1", "fd00::1", "fe80::1"),
	"eth1": addrList("10.10.1.1", "fe80::2"),
	"wan1": addrList("203.0.113.1", "2001:db8::1"), // dhcp
}

// crowd is enough addresses for trees.
func crowd() []netip.Addr {
	var out []netip.Addr
	for i := range 24 {
		out = append(out, netip.AddrFrom4([4]byte{10, 54, byte(i * i), byte(i)}), netip.MustParseAddr(fmt.Sprintf("fd54:%x::%x", i%3, i)))
	}
	return out
}

func addrList(text ...string) []netip.Addr {
	out := make([]netip.Addr, len(text))
	for i, s := range text {
		out[i] = netip.MustParseAddr(s)
	}
	return out
}

var (
	ownAddrs    = addrList("10.53.0.1", "10.53.0.2", "10.53.0.3", "fd53::1", "fd53::2", "fd53::3")
	guardAddrs  = addrList("10.99.0.1", "10.99.0.2", "fd99::1")
	sharedAddrs = addrList("127.0.0.1", "::1", "10.10.0.1", "fd00::1", "10.10.1.1")
	outsiders   = addrList("10.10.0.7", "10.10.0.9", "10.10.1.66", "198.51.100.7", "192.0.2.1", "fd00::7", "2001:db8:9::9", "fe80::9")
	strange     = addrList("224.0.0.5", "255.255.255.255", "ff02::1", "127.0.0.53", "::1", "127.0.0.1", "10.99.0.3")
	ifaceNames  = []string{"eth0", "eth1", "wan1", "ppp0"}
	userNames   = []string{"daemon", "mail", "nobody"}
	targets     = []netip.AddrPort{netip.MustParseAddrPort("172.17.0.2:80"), netip.MustParseAddrPort("10.53.0.1:53"), netip.MustParseAddrPort("10.10.0.1:22"), netip.MustParseAddrPort("10.53.0.3:22")}
	targets6    = []netip.AddrPort{netip.MustParseAddrPort("[fd17::2]:80"), netip.MustParseAddrPort("[fd53::1]:53"), netip.MustParseAddrPort("[fd00::1]:22")}
)

// gen draws parts of a policy.
type gen struct {
	*rapid.T
	n int
}

func (g *gen) chance(of int) bool { return rapid.IntRange(1, of).Draw(g.T, "chance") == 1 }

func pickOf[E any](g *gen, list []E) E { return rapid.SampledFrom(list).Draw(g.T, "of") }

func (g *gen) some(max int) int { return rapid.IntRange(1, max).Draw(g.T, "some") }

func (g *gen) traffic(ports bool) []policy.Traffic {
	var out []policy.Traffic
	for range g.some(3) {
		switch k := rapid.IntRange(0, 9).Draw(g.T, "traffic"); {
		case k < 5 || ports:
			t := policy.Traffic{Proto: pickOf(g, []uint8{policy.TCP, policy.UDP}), Families: policy.Both}
			if ports || !g.chance(6) {
				for range g.some(3) {
					lo := pickOf(g, []uint16{22, 53, 80, 9000})
					t.Ports = append(t.Ports, policy.PortRange{Lo: lo, Hi: lo + pickOf(g, []uint16{0, 0, 3})})
				}
				t.Ports = policy.MergePorts(t.Ports)
			}
			out = append(out, t)
		case k == 5:
			out = append(out, policy.Traffic{Any: true, Families: policy.Both})
		case k == 6:
			out = append(out, policy.Traffic{Proto: pickOf(g, []uint8{policy.ESP, 89, policy.IGMP}), Families: policy.Both})
		default:
			out = append(out, policy.Traffic{Proto: policy.ICMP, Types: []policy.PortRange{{Lo: 8, Hi: 8}}, Families: policy.V4},
				policy.Traffic{Proto: policy.ICMPv6, Types: []policy.PortRange{{Lo: 128, Hi: 128}}, Families: policy.V6})
		}
	}
	return out
}

func (g *gen) nets() *policy.Nets {
	n := &policy.Nets{}
	if g.chance(6) {
		for i, a := range crowd() {
			if i%3 > 0 {
				n.Ranges = append(n.Ranges, policy.AddrRange{Lo: a, Hi: a})
			}
		}
	}
	for range g.some(3) {
		a := pickOf(g, append(slices.Clone(outsiders), ownAddrs...))
		r := policy.AddrRange{Lo: a, Hi: a}
		if g.chance(2) {
			r = policy.PrefixRange(netip.PrefixFrom(a, a.BitLen()-pickOf(g, []int{3, 8, 16})))
		}
		if g.chance(3) && r.Hi.Next().IsValid() {
			r.Hi = r.Hi.Next() // no prefix any more
		}
		n.Ranges = append(n.Ranges, r)
	}
	n.Ranges = policy.MergeAddrs(n.Ranges)
	return n
}

func (g *gen) ifaces() *policy.Ifaces {
	z := &policy.Ifaces{}
	for range g.some(3) {
		z.Names = append(z.Names, pickOf(g, []string{"eth0", "eth1", "wan1", "ppp*"}))
	}
	slices.Sort(z.Names)
	z.Names = slices.Compact(z.Names)
	return z
}

func (g *gen) rule(limit bool) *policy.Rule {
	g.n++
	r := &policy.Rule{Allow: !g.chance(3), Traffic: g.traffic(false), Families: policy.Both, Text: fmt.Sprint("rule ", g.n)}
	if limit && r.Allow && g.chance(4) {
		r.Limit = &policy.Limit{Rate: 5, Unit: "second", Burst: 5, PerSource: g.chance(2)}
	}
	if g.chance(5) {
		r.Log = &policy.Log{Prefix: "log ", Limit: &policy.Limit{Rate: 10, Unit: "minute", Burst: 5}}
	}
	return r
}

func (g *gen) fromOn(r *policy.Rule) *policy.Rule {
	if g.chance(2) {
		r.From = g.nets()
	}
	if g.chance(2) {
		r.On = g.ifaces()
	}
	return r
}

func (g *gen) owner(r *policy.Rule) *policy.Rule {
	if g.chance(2) {
		r.Users = []string{pickOf(g, userNames)}
	}
	if g.chance(4) {
		r.Groups = []string{"daemon", "mail"}
	}
	return r
}

func (g *gen) to(r *policy.Rule, ifaces bool) *policy.Rule {
	if !g.chance(3) {
		return r
	}
	r.To = &policy.Dest{}
	if g.chance(2) {
		r.To.Nets = g.nets()
	}
	r.To.Host = r.To.Nets == nil || g.chance(3)
	if ifaces && g.chance(3) {
		r.To.Ifaces = []string{"wan1"}
	}
	return r
}

// view draws a policy as a host sees it. Opinions on refusing are the same for
// all services that have one, as resolve sees to it where it matters.
func (g *gen) view() *policy.View {
	v := &policy.View{
		Policy: &policy.Policy{Options: policy.Options{Antispoof: !g.chance(4), InvalidDrop: !g.chance(4), Table: "loward"}},
		Host:   &policy.Host{Name: "h", RouteLocalnet: g.chance(3), Interfaces: []*policy.Interface{{Name: "wan1", DHCP: true}}},
	}
	refuse := pickOf(g, []policy.Verdict{policy.Drop, policy.Reject})
	log := &policy.Log{Prefix: "refused ", Limit: &policy.Limit{Rate: 10, Unit: "minute", Burst: 5}}
	ownHere := map[netip.Addr]bool{}
	for i := range rapid.IntRange(0, 4).Draw(g.T, "services") {
		s := &policy.Service{Name: fmt.Sprint("s", i)}
		seen := map[string]bool{}
		for range g.some(3) {
			sc := &policy.Scope{}
			switch g.some(6) {
			case 1, 2:
				sc.Addr = pickOf(g, ownAddrs)
				ownHere[sc.Addr] = true
			case 3:
				sc.Addr, sc.Guarded = pickOf(g, guardAddrs), true
			case 4:
				sc.Kind, sc.Addr = policy.ScopeShared, pickOf(g, sharedAddrs)
			case 5:
				sc.Kind = policy.ScopeHost
			case 6:
				sc.Kind, sc.Iface = policy.ScopeIface, "wan1"
			}
			if sc.Kind == policy.ScopeOwn && !sc.Guarded && g.chance(3) {
				for j, a := range crowd() {
					if j%4 >= i {
						ownHere[a] = true
						s.Scopes = append(s.Scopes, &policy.Scope{Addr: a})
					}
				}
			}
			if key := fmt.Sprint(*sc); !seen[key] {
				seen[key] = true
				s.Scopes = append(s.Scopes, sc)
			}
		}
		for range rapid.IntRange(0, 4).Draw(g.T, "rules") {
			s.Rules = append(s.Rules, g.fromOn(g.rule(true)))
		}
		if !slices.ContainsFunc(s.Scopes, func(sc *policy.Scope) bool { return sc.Kind == policy.ScopeIface }) {
			for range rapid.IntRange(0, 2).Draw(g.T, "local rules") {
				s.LocalRules = append(s.LocalRules, g.owner(g.rule(false)))
			}
		}
		if g.chance(4) {
			p := &policy.Publish{Traffic: g.traffic(true)}
			if g.chance(2) {
				p.To4 = targets[0]
			}
			if g.chance(2) {
				p.To6 = targets6[0]
			}
			s.Publishes = append(s.Publishes, p)
		}
		if g.chance(2) {
			s.Refuse, s.RefuseSet = refuse, true
		}
		if g.chance(3) {
			s.LogRefused = log
		}
		v.Services = append(v.Services, s)
	}
	for a := range ownHere {
		v.Own = append(v.Own, a)
	}
	slices.SortFunc(v.Own, netip.Addr.Compare)
	if len(v.Own) > 0 && g.chance(3) {
		v.SharedOwn = v.Own[:1]
	}
	v.Local, v.Inbound, v.Outbound, v.Forward = g.block(true), g.block(false), g.block(false), g.block(false)
	for i, n := range []int{g.n % 3, g.n % 2, g.n % 4, g.n % 3} {
		b := []*policy.Block{v.Local, v.Inbound, v.Outbound, v.Forward}[i]
		for range n {
			r := g.to(g.rule(i > 0), i == 1 || i == 3)
			switch i {
			case 0:
				g.owner(r)
			case 2:
				g.owner(r)
				if g.chance(2) {
					r.On = g.ifaces()
				}
			default:
				g.fromOn(r)
				if i == 3 && g.chance(3) {
					r.Out = g.ifaces()
				}
			}
			b.Rules = append(b.Rules, r)
		}
	}
	return v
}

func (g *gen) block(local bool) *policy.Block {
	b := &policy.Block{Default: pickOf(g, []policy.Verdict{policy.Accept, policy.Drop, policy.Reject}), Refuse: policy.Drop}
	if local && b.Default == policy.Drop || g.chance(2) {
		b.Default = policy.Accept
	}
	if b.Refuse = b.Default; b.Default == policy.Accept {
		b.Refuse = pickOf(g, []policy.Verdict{policy.Drop, policy.Reject})
	}
	if local {
		b.Refuse = policy.Reject
	}
	if g.chance(3) {
		b.LogRefused = &policy.Log{Prefix: "refused ", Limit: &policy.Limit{Rate: 10, Unit: "minute", Burst: 5}}
	}
	return b
}

// packet draws one of a family, from outside or from the machine itself.
func (g *gen) packet(f policy.Family) policy.Packet {
	of := func(list ...[]netip.Addr) netip.Addr {
		var all []netip.Addr
		for _, a := range slices.Concat(list...) {
			if policy.FamilyOf(a) == f {
				all = append(all, a)
			}
		}
		return pickOf(g, all)
	}
	p := policy.Packet{
		Proto: pickOf(g, []uint8{policy.TCP, policy.TCP, policy.UDP, policy.ICMP, policy.ESP, policy.IGMP, 89}),
		Sport: pickOf(g, []uint16{40000, 67, 547, 68, 546}), Dport: pickOf(g, []uint16{22, 53, 54, 80, 82, 9000, 68, 546, 67, 547, 4}),
		HopLimit: pickOf(g, []uint8{64, 255, 1}),
	}
	if p.Proto == policy.ICMP {
		p.ICMPType, p.Sport, p.Dport = pickOf(g, []uint8{8, 3, 13}), 0, 0
		if f == policy.V6 {
			p.Proto, p.ICMPType = policy.ICMPv6, pickOf(g, []uint8{128, 135, 143, 1})
		}
	}
	if p.Proto != policy.TCP && p.Proto != policy.UDP {
		p.Sport, p.Dport = 0, 0
	}
	if g.chance(3) { // from the machine
		p.Dst = of(ownAddrs, ownAddrs, sharedAddrs, sharedAddrs, machine["wan1"], outsiders, crowd())
		p.Src = of(ownAddrs, machine["eth0"])
		p.User, p.Group = pickOf(g, append(userNames, "")), pickOf(g, []string{"daemon", "users"})
		if !machine.Has(p.Dst) {
			p.Out = pickOf(g, ifaceNames)
		}
		return p
	}
	p.In = pickOf(g, ifaceNames)
	p.Src = of(outsiders, outsiders, outsiders, crowd(), ownAddrs, machine["eth0"], strange[3:6])
	p.Dst = of(ownAddrs, ownAddrs, ownAddrs, crowd(), guardAddrs, sharedAddrs, machine["wan1"], machine["eth0"], outsiders, strange)
	p.Broadcast = p.Dst == strange[1]
	if p.Dport == 68 || p.Dport == 546 {
		return g.route(p) // Decide looks at what DHCP needs before NAT, netfilter behind it
	}
	if g.chance(3) && !p.Dst.IsMulticast() && !p.Broadcast && (p.Proto == policy.TCP || p.Proto == policy.UDP) {
		p.To = pickOf(g, targets)
		if f == policy.V6 {
			p.To = pickOf(g, targets6)
		}
	}
	return g.route(p)
}

// route a packet from outside: to the machine, or through it.
func (g *gen) route(p policy.Packet) policy.Packet {
	at := p.Dst
	if p.To.IsValid() {
		at = p.To.Addr()
	}
	if !machine.Has(at) && !at.IsMulticast() && at != strange[1] {
		p.Out = pickOf(g, ifaceNames)
	}
	return p
}

// TestMeaning holds random policies' rules against policy.Decide.
func TestMeaning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &gen{T: t}
		v := g.view()
		f := pickOf(g, []policy.Family{policy.V4, policy.V6})
		// With chains for every clause, as usual, and with none.
		w := build(v, f, pickOf(g, []int{1, multiplied, flat}))
		if len(w.diag.All) > 0 {
			t.Fatal(w.diag.All[0].Message)
		}
		rs := w.ruleset()
		for range 30 {
			p := g.packet(f)
			want := v.Decide(p, machine)
			for _, tokens := range [...]bool{true, false} {
				j := &journey{rs: rs, p: p, addrs: machine, tokens: tokens}
				got := j.fate()
				ok := string(got) == want.Verdict.String()
				if want.Limited && !tokens {
					ok = got != "accept"
				}
				if !ok {
					t.Fatalf("packet %+v (limits have tokens: %v)\ngot  %s\nwant %+v\n%s", p, tokens, got, want, dump(rs, true))
				}
			}
		}
	})
}

// TestNeverAccept: an allowed packet is left to outsiders' rules.
func TestNeverAccept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &gen{T: t}
		var l diag.List
		for _, tb := range Lower(g.view(), pickOf(g, []policy.Family{policy.V4, policy.V6}), &l).Tables {
			for _, c := range tb.Chains {
				if len(c.Name) > maxName {
					t.Fatalf("chain name %q is too long", c.Name)
				}
				for _, r := range c.Rules {
					for _, s := range r.Body {
						v, ok := s.(*ruleset.Verdict)
						if ok && (v.Kind == ruleset.VerdictAccept || v.Kind == ruleset.VerdictJump && !c.Foreign) {
							t.Fatalf("chain %s: %s", c.Name, v.Kind)
						}
					}
				}
			}
		}
	})
}

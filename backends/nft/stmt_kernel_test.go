package nft

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/loward/loward/compiler/ruleset"
)

// full is a ruleset with every statement, every kind of set and every hook.
func full(family ruleset.Family) *ruleset.Ruleset {
	v6 := family == ruleset.IP6
	daddr, saddr := ruleset.In4or6(ruleset.IPDaddr, v6), ruleset.In4or6(ruleset.IPSaddr, v6)
	addr, to := netip.MustParseAddr("10.53.53.53"), netip.MustParseAddr("172.17.0.2")
	mask := ruleset.U128{Lo: 0xffffff00}
	if v6 {
		addr, to = netip.MustParseAddr("fd53::53"), netip.MustParseAddr("fd17::2")
		mask = ruleset.U128{Hi: ^uint64(0)}
	}
	tcp := ruleset.In(ruleset.L4Proto, ruleset.Num(6))
	key := []ruleset.Expr{daddr, ruleset.L4Proto, ruleset.Dport, ruleset.IIFName}
	elem := func(comment string, port ruleset.Term, iface string) ruleset.Elem {
		return ruleset.Elem{Key: []ruleset.Term{ruleset.Addr(addr), ruleset.Num(6), port, ruleset.Text(iface)}, Comment: comment}
	}
	verdict := elem("dns policy.low:21", ruleset.Range(80, 90), "ppp*")
	verdict.Verdict = ruleset.Jump("service-dns")
	t := &ruleset.Table{
		Family: family, Name: "loward", Comment: "the whole of it",
		Objects: []*ruleset.Object{{Name: "ftp-21", Helper: "ftp", Proto: 6}, {Name: "tftp", Helper: "tftp", Proto: 17}},
		Sets: []*ruleset.Set{
			{Name: "allowed", Key: key, Size: 4096, Counted: true, Comment: "exact", Elems: []ruleset.Elem{
				elem("dns policy.low:21", ruleset.Num(53), "eth0"), elem("", ruleset.Num(53), "eth1")}},
			{Name: "ranges", Key: key, Interval: true, Verdicts: true, Elems: []ruleset.Elem{verdict}},
			{Name: "targets", Key: []ruleset.Expr{ruleset.L4Proto, daddr, ruleset.Dport}, Data: []ruleset.Expr{daddr, ruleset.Dport},
				Elems: []ruleset.Elem{{Key: []ruleset.Term{ruleset.Num(6), ruleset.Addr(addr), ruleset.Num(80)},
					Data: []ruleset.Term{ruleset.Addr(to), ruleset.Num(2368)}, Comment: "publish"}}},
			{Name: "sources", Key: []ruleset.Expr{saddr}, Dynamic: true, Timeout: 300 * time.Second, Size: 65535},
			{Name: "nets", Key: []ruleset.Expr{saddr}, Interval: true, Elems: []ruleset.Elem{
				{Key: []ruleset.Term{ruleset.Prefix(netip.PrefixFrom(addr, addr.BitLen()-8))}},
				{Key: []ruleset.Term{ruleset.AddrRange(to, to.Next().Next())}}}},
			{Name: "zone-wan", Key: []ruleset.Expr{ruleset.IIFName}, Interval: true, Elems: []ruleset.Elem{
				{Key: []ruleset.Term{ruleset.Text("ppp*")}}, {Key: []ruleset.Term{ruleset.Text("wan1")}}}},
		},
		Absent: []*ruleset.Chain{{Name: "old-input", Base: &ruleset.Base{Type: "filter", Hook: ruleset.Input, Policy: ruleset.VerdictDrop}}},
	}
	rule := func(body ...ruleset.Stmt) *ruleset.Rule {
		return &ruleset.Rule{Body: body, Comment: "rule policy.low:7", Counted: true}
	}
	lookup := &ruleset.Lookup{Key: key, Set: "allowed"}
	body := []*ruleset.Rule{
		rule(ruleset.Any(ruleset.CTState, ruleset.StateEstablished|ruleset.StateRelated), ruleset.Accept),
		rule(ruleset.None(ruleset.CTState, ruleset.StateNew), ruleset.Return),
		rule(&ruleset.VMap{Key: []ruleset.Expr{ruleset.CTState}, Elems: []ruleset.Elem{
			{Key: []ruleset.Term{ruleset.Num(ruleset.StateInvalid)}, Verdict: ruleset.Drop},
			{Key: []ruleset.Term{ruleset.Num(ruleset.StateNew)}, Verdict: ruleset.Goto("service-dns")}}}),
		rule(lookup, ruleset.Accept),
		rule(&ruleset.Lookup{Key: []ruleset.Expr{saddr}, Set: "nets", Neg: true}, &ruleset.Log{Prefix: "dns refused: "}, ruleset.Drop),
		rule(&ruleset.Log{Prefix: "to a group", Nflog: true, Group: 3}),
		rule(&ruleset.Log{}),
		rule(&ruleset.VMap{Key: key, Map: "ranges"}),
		rule(tcp, ruleset.In(ruleset.Dport, ruleset.Num(22)), &ruleset.Limit{Rate: 6, Unit: "minute", Burst: 5}, ruleset.Accept),
		rule(&ruleset.Limit{Rate: 1000, Unit: "day", Bytes: true, Over: true, Burst: 20}, ruleset.Drop),
		rule(&ruleset.Limit{Rate: 1, Unit: "week"}, ruleset.Accept),
		rule(&ruleset.Meter{Set: "sources", Key: []ruleset.MeterKey{{Field: saddr, Mask: mask}}, Limit: ruleset.Limit{Rate: 20, Unit: "second", Burst: 40}}, ruleset.Accept),
		rule(ruleset.In(ruleset.Dport, ruleset.Range(0, 65535)), ruleset.Jump("service-dns")),
		rule(ruleset.In(ruleset.SKUID, ruleset.Text("daemon"), ruleset.Text("mail"), ruleset.Num(7)), ruleset.Accept),
		rule(ruleset.In(ruleset.FibDaddrIIFType, ruleset.Num(ruleset.AddrLocal)), ruleset.In(ruleset.IIFName, ruleset.Text("*")), ruleset.Accept),
		rule(&ruleset.SetField{Field: ruleset.CTLabel, Value: ruleset.Num(125)}),
		rule(&ruleset.SetField{Field: ruleset.MetaMark, Value: ruleset.Num(7)}),
		rule(&ruleset.SetField{Field: ruleset.CTMark, Value: ruleset.Num(7)}),
		rule(tcp, &ruleset.SetField{Field: ruleset.CTHelper, Value: ruleset.Text("ftp-21")}),
		rule(&ruleset.Opaque{Text: "meta nftrace set 1"}),
		rule(&ruleset.Verdict{Kind: ruleset.VerdictContinue}),
		rule(tcp, &ruleset.Reject{With: ruleset.RejectTCPReset}),
	}
	for w := ruleset.RejectAdmin; w <= ruleset.RejectRejectRoute; w++ {
		if with, only := rejectCode(family, w); with != "" && w != ruleset.RejectTCPReset && (family == ruleset.Inet || family == only) {
			body = append(body, rule(&ruleset.Reject{With: w}))
		}
	}
	t.Chains = []*ruleset.Chain{{Name: "service-dns", Comment: "dns policy.low:20", Rules: []*ruleset.Rule{rule(ruleset.Return)}}}
	base := func(name, kind string, h ruleset.Hook, prio int, rules ...*ruleset.Rule) *ruleset.Chain {
		t.Chains = append(t.Chains, &ruleset.Chain{Name: name, Base: &ruleset.Base{Type: kind, Hook: h, Priority: prio}, Rules: rules})
		return t.Chains[len(t.Chains)-1]
	}
	base("input", "filter", ruleset.Input, 0, body...).Base.Policy = ruleset.VerdictDrop
	base("output", "filter", ruleset.Output, -150, body[0])
	dnat := &ruleset.NAT{Kind: ruleset.DNAT, Map: "targets", Key: t.Sets[2].Key}
	base("raw", "filter", ruleset.Prerouting, -300, rule(&ruleset.NoTrack{}))
	base("rerouted", "route", ruleset.Output, -150)
	base("destination", "nat", ruleset.Prerouting, -100, rule(dnat),
		rule(&ruleset.NAT{Kind: ruleset.DNAT, Lo: to, Hi: to}),
		rule(&ruleset.NAT{Kind: ruleset.DNAT, Lo: to, Hi: to, PortLo: 80, PortHi: 80}),
		rule(tcp, &ruleset.NAT{Kind: ruleset.DNAT, Lo: to, Hi: to.Next(), PortLo: 80, PortHi: 90}),
		rule(tcp, &ruleset.NAT{Kind: ruleset.DNAT, PortLo: 80}),
		rule(tcp, &ruleset.NAT{Kind: ruleset.Redirect, PortLo: 80, PortHi: 81}), rule(&ruleset.NAT{Kind: ruleset.Redirect}))
	base("source", "nat", ruleset.Postrouting, 100, rule(&ruleset.NAT{Kind: ruleset.Masquerade}),
		rule(tcp, &ruleset.NAT{Kind: ruleset.Masquerade, PortLo: 1024, PortHi: 65535}),
		rule(&ruleset.NAT{Kind: ruleset.SNAT, Lo: to, Hi: to.Next()}))
	return &ruleset.Ruleset{Header: []string{"loward: a ruleset of everything", "line one\nline two \\"}, Tables: []*ruleset.Table{t}}
}

// Everything that the model holds is taken by nft, twice, in every family.
func TestEveryStatement(t *testing.T) {
	for _, f := range []ruleset.Family{ruleset.Inet, ruleset.IP, ruleset.IP6} {
		t.Run(fmt.Sprint(f), func(t *testing.T) { load(t, write(t, full(f))) })
	}
}

func TestDevices(t *testing.T) {
	rs := tableOf(
		&ruleset.Chain{Name: "one", Base: &ruleset.Base{Type: "filter", Hook: ruleset.Ingress, Devices: []string{"lo"}}},
		&ruleset.Chain{Name: "two", Base: &ruleset.Base{Type: "filter", Hook: ruleset.Egress, Priority: 3, Devices: []string{"lo"}}})
	rs.Tables[0].Family = ruleset.Netdev
	load(t, write(t, rs))
}

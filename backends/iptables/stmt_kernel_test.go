package iptables

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/compiler/ruleset"
)

// full is a ruleset with every statement that iptables has.
func full(family ruleset.Family) *ruleset.Ruleset {
	v6 := family == ruleset.IP6
	of := func(f ruleset.Field) ruleset.Field { return ruleset.In4or6(f, v6) }
	to, mask, net := netip.MustParseAddr("172.17.0.2"), ruleset.U128{Lo: 0xffffff00}, netip.MustParsePrefix("10.53.53.0/24")
	if v6 {
		to, mask, net = netip.MustParseAddr("fd17::2"), ruleset.U128{Hi: ^uint64(0)}, netip.MustParsePrefix("fd53::/64")
	}
	tcp := ruleset.In(ruleset.L4Proto, ruleset.Num(6))
	rule := func(body ...ruleset.Stmt) *ruleset.Rule {
		return &ruleset.Rule{Body: body, Comment: "rule policy.low:7", Counted: true}
	}
	meter := func(name string, rate int, unit string, burst int, keys ...ruleset.MeterKey) *ruleset.Meter {
		return &ruleset.Meter{Set: name, Key: keys, Limit: ruleset.Limit{Rate: rate, Unit: unit, Burst: burst}}
	}
	filter := []*ruleset.Rule{
		rule(ruleset.Any(ruleset.CTState, ruleset.StateEstablished|ruleset.StateRelated), ruleset.Return),
		rule(ruleset.Any(ruleset.CTStatus, ruleset.StatusDNAT), ruleset.In(of(ruleset.CTOrigDaddr), ruleset.Prefix(net)),
			ruleset.In(ruleset.CTDirection, ruleset.Num(ruleset.DirOriginal)), ruleset.Goto("LOWARD-s-dns")),
		rule(tcp, ruleset.In(ruleset.CTOrigDport, ruleset.Range(80, 90)), ruleset.Drop),
		rule(ruleset.None(ruleset.CTStatus, ruleset.StatusDNAT), ruleset.NotIn(ruleset.CTLabel, ruleset.Num(126)), ruleset.Jump("LOWARD-s-dns")),
		rule(ruleset.In(ruleset.IIFName, ruleset.Text("ppp*")), ruleset.NotIn(ruleset.OIFName, ruleset.Text("lo")),
			ruleset.In(of(ruleset.IPSaddr), ruleset.Prefix(net)), ruleset.NotIn(of(ruleset.IPSaddr), ruleset.Addr(net.Addr().Next())), ruleset.Accept),
		rule(ruleset.In(ruleset.L4Proto, ruleset.Num(17)), ruleset.In(ruleset.Dport, ruleset.Num(53), ruleset.Range(8000, 8010)),
			ruleset.In(ruleset.Sport, ruleset.Range(1024, 65535)), ruleset.In(ruleset.Dport, ruleset.Num(53)), ruleset.Return),
		rule(ruleset.In(of(ruleset.ICMPType), ruleset.Num(3)), ruleset.In(of(ruleset.ICMPCode), ruleset.Num(4)), ruleset.Return),
		rule(ruleset.In(ruleset.FibDaddrIIFType, ruleset.Num(ruleset.AddrLocal)), ruleset.In(ruleset.FibSaddrType, ruleset.Num(ruleset.AddrLocal)), ruleset.Return),
		rule(tcp, &ruleset.Limit{Rate: 6, Unit: "minute", Burst: 5}, ruleset.Return),
		rule(&ruleset.Limit{Rate: 10000, Unit: "second"}, ruleset.Return),
		rule(meter("loward-ssh-6m", 6, "minute", 5, ruleset.MeterKey{Field: of(ruleset.IPSaddr), Mask: mask}), ruleset.Return),
		rule(meter("loward-all", 1, "day", 1), ruleset.Return),
		rule(meter("loward-fast", 10000, "second", 10000), ruleset.Return),
		rule(tcp, meter("loward-five", 1, "hour", 24, ruleset.MeterKey{Field: of(ruleset.IPSaddr)}, ruleset.MeterKey{Field: of(ruleset.IPDaddr), Mask: mask},
			ruleset.MeterKey{Field: ruleset.Sport}, ruleset.MeterKey{Field: ruleset.Dport}), ruleset.Return),
		rule(ruleset.In(ruleset.SKUID, ruleset.Text("daemon")), ruleset.In(ruleset.SKGID, ruleset.Range(7, 9)), ruleset.Return),
		rule(&ruleset.Log{Prefix: `dns "refused" \ $x: `}),
		rule(&ruleset.Log{}),
		rule(&ruleset.Log{Prefix: "to a group", Nflog: true, Group: 3}),
		rule(&ruleset.Opaque{Text: `-m string --string "x y" --algo bm`}),
		rule(&ruleset.Opaque{Text: `-j LOG --log-level 4`, Verdict: true}),
		rule(tcp, &ruleset.Reject{With: ruleset.RejectTCPReset}),
		rule(&ruleset.Reject{With: ruleset.RejectTCPReset}),
		rule(&ruleset.Verdict{Kind: ruleset.VerdictContinue}),
		rule(&ruleset.Verdict{Kind: ruleset.VerdictQueue}),
		rule(&ruleset.SetField{Field: ruleset.CTLabel, Value: ruleset.Num(126)}),
		rule(&ruleset.SetField{Field: ruleset.CTMark, Value: ruleset.Num(7)}),
	}
	answers := []ruleset.RejectWith{ruleset.RejectAdmin, ruleset.RejectPort, ruleset.RejectHost, ruleset.RejectNet}
	if v6 {
		answers = append(answers, ruleset.RejectPolicyFail, ruleset.RejectRejectRoute)
	} else {
		answers = append(answers, ruleset.RejectProto, ruleset.RejectNetProhib, ruleset.RejectHostProhib)
	}
	for _, w := range answers {
		filter = append(filter, rule(&ruleset.Reject{With: w}))
	}
	ttl := ruleset.IPTTL
	if v6 {
		ttl = ruleset.IP6HopLimit
	}
	own := func(name string, rules ...*ruleset.Rule) *ruleset.Chain {
		return &ruleset.Chain{Name: name, Rules: rules}
	}
	hook := func(h ruleset.Hook, name, to string) *ruleset.Chain {
		return &ruleset.Chain{Name: name, Foreign: true, Base: &ruleset.Base{Type: "filter", Hook: h}, Rules: []*ruleset.Rule{{Body: []ruleset.Stmt{ruleset.Jump(to)}}}}
	}
	table := func(name string, chains ...*ruleset.Chain) *ruleset.Table {
		return &ruleset.Table{Dialect: ruleset.Iptables, Family: family, Name: name, Chains: chains}
	}
	filters := table("filter", hook(ruleset.Input, "INPUT", "LOWARD-INPUT"), own("LOWARD-INPUT", rule(ruleset.Goto("LOWARD-s-dns"))),
		own("LOWARD-s-dns"), own("LOWARD-ALL", filter...))
	filters.Sets = []*ruleset.Set{{Name: "loward-ssh-6m", Key: []ruleset.Expr{of(ruleset.IPSaddr)}, Dynamic: true, Size: 65535}}
	return &ruleset.Ruleset{
		Header: []string{"loward: everything that iptables can say", "for iptables-restore --noflush"},
		Tables: []*ruleset.Table{
			filters,
			table("mangle", own("LOWARD-MANGLE",
				rule(&ruleset.SetField{Field: ruleset.MetaMark, Value: ruleset.Num(7)}),
				rule(&ruleset.SetField{Field: ttl, Value: ruleset.Num(7)}))),
			table("raw", own("LOWARD-RAW", rule(&ruleset.NoTrack{}), rule(tcp, &ruleset.SetField{Field: ruleset.CTHelper, Value: ruleset.Text("ftp")}))),
			table("nat", hook(ruleset.Postrouting, "POSTROUTING", "LOWARD-SNAT"), own("LOWARD-DNAT",
				rule(&ruleset.NAT{Kind: ruleset.DNAT, Lo: to, Hi: to}),
				rule(tcp, &ruleset.NAT{Kind: ruleset.DNAT, Lo: to, PortLo: 80, PortHi: 80}),
				rule(tcp, &ruleset.NAT{Kind: ruleset.DNAT, Lo: to, Hi: to.Next(), PortLo: 80, PortHi: 90}),
				rule(tcp, &ruleset.NAT{Kind: ruleset.DNAT, PortLo: 80}),
				rule(tcp, &ruleset.NAT{Kind: ruleset.Redirect, PortLo: 80, PortHi: 81}), rule(&ruleset.NAT{Kind: ruleset.Redirect})),
				own("LOWARD-SNAT", rule(&ruleset.NAT{Kind: ruleset.Masquerade}), rule(tcp, &ruleset.NAT{Kind: ruleset.Masquerade, PortLo: 1024, PortHi: 65535}),
					rule(&ruleset.NAT{Kind: ruleset.SNAT, Lo: to, Hi: to.Next()}))),
			table("security"),
		},
	}
}

// loadable is full without what only root can load.
func loadable(t *testing.T, f ruleset.Family) *ruleset.Ruleset {
	rs := full(f)
	if !kernel.Unprivileged() {
		return rs
	}
	t.Log("without rules on users, whom a user namespace does not map: run as root")
	for _, c := range rs.Tables[0].Chains {
		c.Rules = slices.DeleteFunc(c.Rules, func(r *ruleset.Rule) bool {
			m, ok := r.Body[0].(*ruleset.Match)
			return ok && m.Field == ruleset.SKUID
		})
	}
	return rs
}

// Everything that iptables can say is taken by both variants, twice, in both
// families.
func TestEveryStatement(t *testing.T) {
	for _, f := range families {
		t.Run(f.String(), func(t *testing.T) {
			text, mistakes := Restore{Family: f}.Write(loadable(t, f))
			for _, m := range mistakes {
				t.Errorf("%s: %s", m.Span, m.Message)
			}
			if len(mistakes) == 0 {
				load(t, f, text)
			}
		})
	}
}

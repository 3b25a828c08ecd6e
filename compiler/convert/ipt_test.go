package convert_test

import (
	"strings"
	"testing"
	"time"

	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/compiler/convert"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// input is a table with one base chain of these rules.
func input(f ruleset.Family, rules ...[]ruleset.Stmt) *ruleset.Table {
	c := &ruleset.Chain{Name: "in", Base: &ruleset.Base{Type: "filter", Hook: ruleset.Input, Policy: ruleset.VerdictDrop}}
	for _, r := range rules {
		c.Rules = append(c.Rules, &ruleset.Rule{Body: r})
	}
	return &ruleset.Table{Family: f, Name: "t", Chains: []*ruleset.Chain{c}}
}

// saved is the text of iptables that a table becomes, or what was refused.
func saved(f ruleset.Family, tables ...*ruleset.Table) string {
	out, mistakes := convert.ToIptables(&ruleset.Ruleset{Tables: tables}, f)
	if out == nil {
		return say(mistakes)
	}
	text, mistakes := iptables.Save{Family: f}.Write(out)
	if text == nil {
		return say(mistakes)
	}
	return string(text)
}

func tcp(ports ...ruleset.Term) []ruleset.Stmt {
	return []ruleset.Stmt{&ruleset.Match{Field: ruleset.L4Proto, Terms: []ruleset.Term{ruleset.Num(6)}, Implied: true}, ruleset.In(ruleset.Dport, ports...)}
}

// How rules are said, in iptables' own words.
func TestRulesOfIptables(t *testing.T) {
	lo := ruleset.In(ruleset.IIFName, ruleset.Text("lo"))
	many := &ruleset.Match{Field: ruleset.Dport, Set: true}
	for i := range 20 {
		many.Terms = append(many.Terms, ruleset.Num(uint64(10*i+1)))
	}
	for _, c := range []struct {
		name string
		body []ruleset.Stmt
		want string
	}{
		{"one port", append(tcp(ruleset.Num(22)), ruleset.Accept), "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"},
		{"some ports", append(tcp(ruleset.Num(22), ruleset.Range(80, 90)), ruleset.Accept), "-A INPUT -p tcp -m multiport --dports 22,80:90 -j ACCEPT"},
		{"too many ports", []ruleset.Stmt{ruleset.In(ruleset.L4Proto, ruleset.Num(17)), many, ruleset.Drop},
			"-A INPUT -p udp -m multiport --dports 1,11,21,31,41,51,61,71,81,91,101,111,121,131,141 -j DROP\n-A INPUT -p udp -m multiport --dports 151,161,171,181,191 -j DROP"},
		{"an interface", []ruleset.Stmt{lo, ruleset.Accept}, "-A INPUT -i lo -j ACCEPT"},
		{"no interface", []ruleset.Stmt{ruleset.NotIn(ruleset.OIFName, ruleset.Text("eth0")), ruleset.Accept}, "-A INPUT -j ACCEPT"},
		{"the other family", []ruleset.Stmt{ruleset.In(ruleset.NFProto, ruleset.Num(10)), ruleset.Accept}, ""},
		{"its own family", []ruleset.Stmt{ruleset.In(ruleset.NFProto, ruleset.Num(2)), ruleset.Drop}, "-A INPUT -j DROP"},
		{"two lines of a log", []ruleset.Stmt{lo, &ruleset.Log{Prefix: "a "}, ruleset.Drop}, "-A INPUT -i lo -j LOG --log-prefix \"a \"\n-A INPUT -i lo -j DROP"},
		{"a limit with something behind it", []ruleset.Stmt{lo, &ruleset.Limit{Rate: 3, Unit: "minute"}, &ruleset.Log{Prefix: "a "}, ruleset.Drop},
			":in-part - [0:0]\n-A INPUT -i lo -m limit --limit 3/minute --limit-burst 5 -j in-part\n-A in-part -j LOG --log-prefix \"a \"\n-A in-part -j DROP"},
		{"a limit that is exceeded", []ruleset.Stmt{lo, &ruleset.Limit{Rate: 3, Unit: "minute", Over: true}, ruleset.Drop},
			":in-part - [0:0]\n-A INPUT -i lo -j in-part\n-A in-part -m limit --limit 3/minute --limit-burst 5 -j RETURN\n-A in-part -j DROP"},
		{"a mark", []ruleset.Stmt{&ruleset.SetField{Field: ruleset.MetaMark, From: &ruleset.Binary{Op: ruleset.Or, Right: ruleset.Num(4),
			Left: &ruleset.Binary{Op: ruleset.And, Left: ruleset.MetaMark, Right: ruleset.Num(0xfffffff0)}}}}, "-A INPUT -j MARK --set-xmark 0x4/0xf"},
		{"a reject", []ruleset.Stmt{&ruleset.Reject{With: ruleset.RejectNet}}, "-A INPUT -j REJECT --reject-with icmp-net-unreachable"},
		{"a reject of the other family", []ruleset.Stmt{&ruleset.Reject{With: ruleset.RejectNet, Of: ruleset.IP6}}, ""},
		{"a reset", []ruleset.Stmt{&ruleset.Reject{With: ruleset.RejectTCPReset}}, "-A INPUT -p tcp -j REJECT --reject-with tcp-reset"},
		{"nothing but a counter", []ruleset.Stmt{lo, &ruleset.Counter{}}, "-A INPUT -i lo"},
		{"an address twice", []ruleset.Stmt{ruleset.In(ruleset.IPSaddr, ruleset.Term{Lo: ruleset.U128{Lo: 0x0a000000}, Hi: ruleset.U128{Lo: 0x0affffff}}), ruleset.NotIn(ruleset.IPSaddr, ruleset.Num(0x0a000001)), ruleset.Drop},
			"-A INPUT -s 10.0.0.0/8 -m iprange ! --src-range 10.0.0.1-10.0.0.1 -j DROP"},
	} {
		text := saved(ruleset.IP, input(ruleset.Inet, c.body))
		got := strings.TrimSpace(strings.NewReplacer("*filter\n", "", ":INPUT DROP [0:0]\n", "", ":FORWARD ACCEPT [0:0]\n", "", ":OUTPUT ACCEPT [0:0]\n", "", "COMMIT\n", "").Replace(text))
		if want := strings.NewReplacer("3/minute", "3/min").Replace(c.want); strings.NewReplacer("3/minute", "3/min").Replace(got) != want {
			t.Errorf("%s:\n%s\nwant:\n%s", c.name, got, want)
		}
	}
}

// What iptables has no words for.
func TestRefusedByIptables(t *testing.T) {
	lo := ruleset.In(ruleset.IIFName, ruleset.Text("lo"))
	early := input(ruleset.Inet)
	early.Chains[0].Base.Priority = -10
	two := input(ruleset.Inet)
	two.Chains = append(two.Chains, &ruleset.Chain{Name: "again", Base: two.Chains[0].Base})
	dynamic := input(ruleset.Inet, []ruleset.Stmt{&ruleset.Lookup{Key: ruleset.Keys(ruleset.IPSaddr), Set: "s"}, ruleset.Drop})
	dynamic.Sets = []*ruleset.Set{{Name: "s", Key: ruleset.Keys(ruleset.IPSaddr), Dynamic: true}}
	timeout := input(ruleset.Inet, []ruleset.Stmt{&ruleset.Lookup{Key: ruleset.Keys(ruleset.IPSaddr), Set: "s"}, ruleset.Drop})
	timeout.Sets = []*ruleset.Set{{Name: "s", Key: ruleset.Keys(ruleset.IPSaddr), Timeout: time.Hour}}
	large := input(ruleset.Inet, []ruleset.Stmt{&ruleset.Lookup{Key: ruleset.Keys(ruleset.IPSaddr), Set: "s"}, ruleset.Drop})
	large.Sets = []*ruleset.Set{{Name: "s", Key: ruleset.Keys(ruleset.IPSaddr), Elems: make([]ruleset.Elem, 5000)}}
	flow := input(ruleset.Inet)
	flow.Flowtables = []*ruleset.Flowtable{{Name: "f"}}
	for name, c := range map[string]struct {
		table *ruleset.Table
		want  string
	}{
		"priority":       {early, "priority -10"},
		"two chains":     {two, "two base chains"},
		"dynamic set":    {dynamic, "come and go"},
		"timeouts":       {timeout, "come and go"},
		"large set":      {large, "5000 elements"},
		"flowtable":      {flow, "the flowtable f"},
		"bridge":         {&ruleset.Table{Family: ruleset.Bridge, Name: "b"}, "family bridge"},
		"quota":          {input(ruleset.IP, []ruleset.Stmt{lo, &ruleset.Quota{Bytes: 5}}), "a quota"},
		"opaque":         {input(ruleset.IP, []ruleset.Stmt{&ruleset.Opaque{Text: "xyz"}}), `"xyz"`},
		"owner":          {input(ruleset.IP, []ruleset.Stmt{ruleset.NotIn(ruleset.SKUID, ruleset.Num(5)), ruleset.Drop}), "every owner but one"},
		"owner at input": {input(ruleset.IP, []ruleset.Stmt{ruleset.In(ruleset.SKUID, ruleset.Num(5)), ruleset.Drop}), "the owner of a packet at the hook input"},
		"owner behind a jump": {&ruleset.Table{Family: ruleset.IP, Name: "t", Chains: []*ruleset.Chain{
			{Name: "in", Base: &ruleset.Base{Type: "filter", Hook: ruleset.Input}, Rules: []*ruleset.Rule{{Body: []ruleset.Stmt{&ruleset.VMap{Key: ruleset.Keys(ruleset.IPSaddr),
				Elems: []ruleset.Elem{{Key: []ruleset.Term{ruleset.Num(1)}, Verdict: ruleset.Jump("u")}}}}}}},
			{Name: "u", Rules: []*ruleset.Rule{{Body: []ruleset.Stmt{ruleset.In(ruleset.SKUID, ruleset.Num(5)), ruleset.Drop}}}}}}, "the owner of a packet at the hook input"},
		"the route's size": {input(ruleset.IP, []ruleset.Stmt{&ruleset.SetField{Of: &ruleset.Selector{Kind: ruleset.TCPOption, Args: []string{"maxseg", "size"}, Width: 16}, From: ruleset.RTMTU}}), "at the hook input"},
		"a selector":       {input(ruleset.IP, []ruleset.Stmt{&ruleset.Match{Of: &ruleset.Numgen{Mod: 2}, Terms: []ruleset.Term{ruleset.Num(0)}}}), "counted up or drawn"},
		"behind a vmap":    {input(ruleset.IP, []ruleset.Stmt{&ruleset.VMap{Key: ruleset.Keys(ruleset.IIFName), Elems: []ruleset.Elem{{Key: []ruleset.Term{ruleset.Text("lo")}, Verdict: ruleset.Accept}}}, ruleset.Drop}), "behind a verdict map"},
		"unknown":          {input(ruleset.IP, []ruleset.Stmt{ruleset.In(ruleset.IIFName, ruleset.UnknownTerm("$WAN")), ruleset.Drop}), "$WAN"},
		"nat in filter":    {input(ruleset.IP, []ruleset.Stmt{&ruleset.NAT{Kind: ruleset.Masquerade}}), "masquerade in its table filter"},
		"drop in nat":      {&ruleset.Table{Family: ruleset.IP, Name: "n", Chains: []*ruleset.Chain{{Name: "p", Base: &ruleset.Base{Type: "nat"}, Rules: []*ruleset.Rule{{Body: []ruleset.Stmt{ruleset.Drop}}}}}}, "drop in its table nat"},
		"bytes":            {input(ruleset.IP, []ruleset.Stmt{&ruleset.Limit{Rate: 5, Unit: "second", Bytes: true}}), "in bytes"},
		"other family":     {input(ruleset.IP6), "other family"},
	} {
		if text := saved(ruleset.IP, c.table); !strings.Contains(text, c.want) || strings.Contains(text, "COMMIT") {
			t.Errorf("%s: %s\nwant something about %q", name, text, c.want)
		}
	}
}

// One flag of several is asked for as such: TCPMSS wants a match that SYN is set.
func TestOneFlag(t *testing.T) {
	syn := &ruleset.Match{Field: ruleset.TCPFlags, Op: ruleset.OpAny, Terms: []ruleset.Term{ruleset.Num(2)}}
	if text := saved(ruleset.IP, input(ruleset.IP, []ruleset.Stmt{syn, ruleset.Drop})); !strings.Contains(text, "--tcp-flags SYN SYN -j DROP") {
		t.Error(text)
	}
}

// Of an inet table each family gets what concerns it.
func TestInetIsSplit(t *testing.T) {
	table := input(ruleset.Inet,
		[]ruleset.Stmt{&ruleset.Match{Field: ruleset.NFProto, Terms: []ruleset.Term{ruleset.Num(2)}, Implied: true}, ruleset.In(ruleset.IPSaddr, ruleset.Num(0x0a000001)), ruleset.Accept},
		[]ruleset.Stmt{&ruleset.Match{Field: ruleset.NFProto, Terms: []ruleset.Term{ruleset.Num(10)}, Implied: true}, ruleset.In(ruleset.IP6Saddr, ruleset.Num(1)), ruleset.Accept},
		[]ruleset.Stmt{&ruleset.Reject{With: ruleset.RejectAdmin}})
	four, six := saved(ruleset.IP, table), saved(ruleset.IP6, table)
	if !strings.Contains(four, "-A INPUT -s 10.0.0.1/32 -j ACCEPT\n-A INPUT -j REJECT --reject-with icmp-admin-prohibited\n") {
		t.Error(four)
	}
	if !strings.Contains(six, "-A INPUT -s ::1/128 -j ACCEPT\n-A INPUT -j REJECT --reject-with icmp6-adm-prohibited\n") {
		t.Error(six)
	}
}

// IPv6 knows no broadcast, and its addrtype takes no word of it.
func TestNoBroadcast(t *testing.T) {
	types := ruleset.In(ruleset.FibDaddrType, ruleset.Num(ruleset.AddrLocal), ruleset.Num(ruleset.AddrBroadcast))
	other := ruleset.NotIn(ruleset.FibDaddrType, ruleset.Num(ruleset.AddrBroadcast))
	text := saved(ruleset.IP6, input(ruleset.Inet, []ruleset.Stmt{types, ruleset.Accept}, []ruleset.Stmt{other, ruleset.Drop}))
	if !strings.Contains(text, "-A INPUT -m addrtype --dst-type LOCAL -j ACCEPT\n-A INPUT -j DROP\n") || strings.Contains(text, "BROADCAST") {
		t.Error(text)
	}
	if text := saved(ruleset.IP6, input(ruleset.Inet, []ruleset.Stmt{ruleset.In(ruleset.FibDaddrType, ruleset.Num(ruleset.AddrBlackhole)), ruleset.Drop})); !strings.Contains(text, "BLACKHOLE") || strings.Contains(text, "COMMIT") {
		t.Error(text)
	}
}

// A log prefix that is too long is cut, and that is said.
func TestLongPrefix(t *testing.T) {
	out, mistakes := convert.ToIptables(&ruleset.Ruleset{Tables: []*ruleset.Table{input(ruleset.IP, []ruleset.Stmt{&ruleset.Log{Prefix: strings.Repeat("x", 40)}})}}, ruleset.IP)
	if out == nil || len(mistakes) != 1 || mistakes[0].Severity != diag.Warning {
		t.Fatalf("%v %s", out, say(mistakes))
	}
}

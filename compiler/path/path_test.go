package path

import (
	"net/netip"
	"testing"
	"time"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/ruleset"
)

// router is the host of the tests: an address on lo, two networks, a default
// route.
func router() *host.Host {
	h := host.New()
	h.Add("lo", netip.MustParsePrefix("10.32.16.8/32"), netip.MustParsePrefix("2001:db8:53::8/128"))
	h.Add("wan1", netip.MustParsePrefix("203.0.113.1/24"), netip.MustParsePrefix("2001:db8:1::1/64"))
	h.Add("lan1", netip.MustParsePrefix("192.168.77.1/24"))
	h.Routes = []host.Route{{Dst: netip.MustParsePrefix("0.0.0.0/0"), Via: netip.MustParseAddr("203.0.113.9"), Dev: "wan1"}}
	h.Sysctls = map[string]string{"ipv4.ip_forward": "1"}
	return h
}

func filter(name string, h ruleset.Hook, policy ruleset.VerdictKind, rules ...*ruleset.Rule) *ruleset.Chain {
	return &ruleset.Chain{Name: name, Base: &ruleset.Base{Type: "filter", Hook: h, Policy: policy}, Rules: rules}
}

func nat(name string, h ruleset.Hook, rules ...*ruleset.Rule) *ruleset.Chain {
	return &ruleset.Chain{Name: name, Base: &ruleset.Base{Type: "nat", Hook: h}, Rules: rules}
}

func rule(body ...ruleset.Stmt) *ruleset.Rule { return &ruleset.Rule{Body: body} }

func space(h *host.Host, chains ...*ruleset.Chain) *Space {
	return New(&ruleset.Ruleset{Tables: []*ruleset.Table{{Family: ruleset.Inet, Name: "t", Chains: chains}}}, h)
}

func tcp(iif, from, to string) Start {
	st := Start{IIF: iif, To: netip.MustParseAddrPort(to), Proto: packet.TCP}
	if from != "" {
		st.From = netip.MustParseAddrPort(from)
	}
	return st
}

// What is to a packet's own host goes over lo, whatever the address: the facts on
// which the tool was built.
func TestLocalDelivery(t *testing.T) {
	lo127 := rule(ruleset.In(ruleset.IIFName, ruleset.Text("lo")), ruleset.In(ruleset.IPSaddr, ruleset.Prefix(netip.MustParsePrefix("127.0.0.0/8"))), ruleset.Accept)
	s := space(router(), filter("input", ruleset.Input, ruleset.VerdictDrop, lo127))
	for to, want := range map[string]Verdict{"127.0.0.1:22": Accept, "127.9.9.9:22": Accept, "203.0.113.1:22": Drop, "10.32.16.8:22": Drop, "[::1]:22": Drop} {
		r := s.Send(tcp("", "", to))
		if r.Verdict != want {
			t.Errorf("%s: %s", to, r.Verdict)
		}
		var hooks []ruleset.Hook
		for _, l := range r.Legs {
			hooks = append(hooks, l.Hook)
			if l.OIF+l.IIF != "lo" {
				t.Errorf("%s at %s: in %q out %q", to, l.Hook, l.IIF, l.OIF)
			}
		}
		if len(hooks) != 4 || hooks[0] != ruleset.Output || hooks[1] != ruleset.Postrouting || hooks[2] != ruleset.Prerouting || hooks[3] != ruleset.Input {
			t.Errorf("%s: %v", to, hooks)
		}
	}
}

// Published elsewhere: INPUT never sees it, and the reply is as the connection
// began.
func TestForwardedPort(t *testing.T) {
	dnat := &ruleset.NAT{Kind: ruleset.DNAT, Lo: netip.MustParseAddr("192.168.77.20"), Hi: netip.MustParseAddr("192.168.77.20"), PortLo: 80, PortHi: 80}
	s := space(router(),
		filter("input", ruleset.Input, ruleset.VerdictDrop),
		nat("pre", ruleset.Prerouting, rule(ruleset.In(ruleset.Dport, ruleset.Num(8080)), dnat)),
		nat("post", ruleset.Postrouting, rule(ruleset.In(ruleset.OIFName, ruleset.Text("wan1")), &ruleset.NAT{Kind: ruleset.Masquerade})))
	r := s.Send(tcp("wan1", "203.0.113.9:5000", "203.0.113.1:8080"))
	if r.Works() != Accept || r.Packet.Dst.String() != "192.168.77.20" || r.Packet.Dport != 80 {
		t.Errorf("%s %+v", r.Works(), r.Packet)
	}
	if p := r.Reply.Packet; p.Src.String() != "203.0.113.1" || p.Sport != 8080 || p.OIF != "wan1" {
		t.Errorf("the reply %+v", p)
	}
	// From the network of the server itself it answers directly.
	r = s.Send(tcp("lan1", "192.168.77.10:5000", "203.0.113.1:8080"))
	if r.Verdict != Accept || r.Works() != Drop || r.Reply.Why == "" {
		t.Errorf("hairpin: %s, %s: %q", r.Verdict, r.Works(), r.Reply.Why)
	}
	// From the host itself nothing translates.
	if r = s.Send(tcp("", "", "203.0.113.1:8080")); r.Verdict != Drop {
		t.Errorf("from itself: %s", r.Verdict)
	}
}

// What can't come from outside.
func TestMartians(t *testing.T) {
	s := space(router())
	for _, c := range []struct {
		from, to string
		want     Verdict
	}{
		{"203.0.113.9:1", "203.0.113.1:22", Accept},
		{"203.0.113.9:1", "192.168.77.1:22", Accept}, // weak host model
		{"203.0.113.1:1", "10.32.16.8:22", Drop},
		{"127.0.0.1:1", "203.0.113.1:22", Drop},
		{"203.0.113.9:1", "127.0.0.1:22", Drop},
		{"[::1]:1", "[2001:db8:1::1]:22", Drop},
		{"[2001:db8:1::1]:1", "[2001:db8:53::8]:22", Accept}, // IPv6 takes it
	} {
		if r := s.Send(tcp("wan1", c.from, c.to)); r.Verdict != c.want {
			t.Errorf("%s to %s: %s %s", c.from, c.to, r.Verdict, r.Why)
		}
	}
}

// What can't be known is tried both ways.
func TestUndecided(t *testing.T) {
	limited := rule(&ruleset.Limit{Rate: 5, Unit: "second"}, ruleset.Accept)
	s := space(router(), filter("input", ruleset.Input, ruleset.VerdictDrop, limited))
	r := s.Send(tcp("wan1", "203.0.113.9:1", "203.0.113.1:22"))
	if r.Verdict != Undecided || r.Other == nil || len(r.Guesses) != 1 {
		t.Errorf("%+v", r)
	}
	s.Fresh = true
	if r := s.Send(tcp("wan1", "203.0.113.9:1", "203.0.113.1:22")); r.Verdict != Accept {
		t.Errorf("%s", r.Verdict)
	}
	// A rule that only logs makes no difference.
	s = space(router(), filter("input", ruleset.Input, ruleset.VerdictDrop, rule(&ruleset.Limit{Rate: 5, Unit: "second"}, &ruleset.Log{})))
	if r := s.Send(tcp("wan1", "203.0.113.9:1", "203.0.113.1:22")); r.Verdict != Drop || len(r.Guesses) != 0 {
		t.Errorf("%+v", r)
	}
	// Nor do chains that end alike, however many questions there are.
	var rules []*ruleset.Rule
	for range 40 {
		rules = append(rules, rule(&ruleset.May{Why: "the time"}, ruleset.Jump("u")))
	}
	s = space(router(), filter("input", ruleset.Input, ruleset.VerdictDrop, rules...), &ruleset.Chain{Name: "u"})
	if r := s.Send(tcp("wan1", "203.0.113.9:1", "203.0.113.1:22")); r.Verdict != Drop {
		t.Errorf("%s %s", r.Verdict, r.Why)
	}
}

// What rules put into a set, or take out of it, and what has its time, may be there
// or not.
func TestSetsThatChange(t *testing.T) {
	key := []ruleset.Expr{ruleset.IPSaddr}
	listed := ruleset.Elem{Key: []ruleset.Term{ruleset.Addr(netip.MustParseAddr("203.0.113.9"))}}
	timed := listed
	timed.Timeout = time.Minute
	in := rule(&ruleset.Lookup{Key: key, Set: "s"}, ruleset.Accept)
	ipset := rule(&ruleset.Lookup{Key: key, Set: "s", IPSet: true}, ruleset.Accept)
	update := func(op ruleset.UpdateOp, ipset bool) *ruleset.Rule {
		return rule(&ruleset.SetUpdate{Op: op, Set: "s", Key: key, IPSet: ipset})
	}
	for name, c := range map[string]struct {
		set     ruleset.Set
		rules   []*ruleset.Rule
		in, out Verdict // of what is listed, and of what is not
		fresh   bool
	}{
		"constant":        {set: ruleset.Set{Elems: []ruleset.Elem{listed}}, rules: []*ruleset.Rule{in}, in: Accept, out: Drop},
		"added":           {set: ruleset.Set{Elems: []ruleset.Elem{listed}}, rules: []*ruleset.Rule{in, update(ruleset.OpAdd, false)}, in: Accept, out: Undecided},
		"updated":         {set: ruleset.Set{Elems: []ruleset.Elem{listed}}, rules: []*ruleset.Rule{in, update(ruleset.OpUpdate, false)}, in: Accept, out: Undecided},
		"deleted":         {set: ruleset.Set{Elems: []ruleset.Elem{listed}}, rules: []*ruleset.Rule{in, update(ruleset.OpDelete, false)}, in: Undecided, out: Drop},
		"deleted, fresh":  {set: ruleset.Set{Elems: []ruleset.Elem{listed}}, rules: []*ruleset.Rule{in, update(ruleset.OpDelete, false)}, in: Accept, out: Drop, fresh: true},
		"timed":           {set: ruleset.Set{Elems: []ruleset.Elem{timed}, Timeouts: true}, rules: []*ruleset.Rule{in}, in: Undecided, out: Undecided},
		"of a timed set":  {set: ruleset.Set{Elems: []ruleset.Elem{listed}, Timeout: time.Hour}, rules: []*ruleset.Rule{in}, in: Undecided, out: Undecided},
		"another's":       {set: ruleset.Set{Elems: []ruleset.Elem{listed}}, rules: []*ruleset.Rule{in, update(ruleset.OpAdd, true)}, in: Accept, out: Drop},
		"ipset":           {set: ruleset.Set{Elems: []ruleset.Elem{listed}, IPSet: &ruleset.IPSetType{}}, rules: []*ruleset.Rule{ipset}, in: Accept, out: Drop},
		"ipset, added":    {set: ruleset.Set{Elems: []ruleset.Elem{listed}, IPSet: &ruleset.IPSetType{}}, rules: []*ruleset.Rule{ipset, update(ruleset.OpAdd, true)}, in: Accept, out: Undecided},
		"ipset, timeouts": {set: ruleset.Set{Elems: []ruleset.Elem{timed}, Timeouts: true, IPSet: &ruleset.IPSetType{}}, rules: []*ruleset.Rule{ipset}, in: Undecided, out: Undecided},
	} {
		s := space(router(), filter("input", ruleset.Input, ruleset.VerdictDrop, c.rules...))
		set := c.set
		set.Name, set.Key = "s", key
		if set.IPSet != nil {
			s.rs.IPSets = []*ruleset.Set{&set}
		} else {
			s.rs.Tables[0].Sets = []*ruleset.Set{&set}
		}
		s = New(s.rs, s.host)
		s.Fresh = c.fresh
		for from, want := range map[string]Verdict{"203.0.113.9:1": c.in, "203.0.113.8:1": c.out} {
			if r := s.Send(tcp("wan1", from, "203.0.113.1:22")); r.Verdict != want {
				t.Errorf("%s: from %s: %s, not %s", name, from, r.Verdict, want)
			}
		}
	}
}

// accept ends one base chain, drop all of them; goto does not come back.
func TestVerdicts(t *testing.T) {
	early := filter("early", ruleset.Input, ruleset.VerdictDrop, rule(ruleset.Accept))
	early.Base.Priority = -10
	s := space(router(), early, filter("late", ruleset.Input, ruleset.VerdictAccept, rule(ruleset.In(ruleset.Dport, ruleset.Num(22)), ruleset.Drop)))
	if r := s.Send(tcp("wan1", "203.0.113.9:1", "203.0.113.1:22")); r.Verdict != Drop {
		t.Error(r.Verdict)
	}
	if r := s.Send(tcp("wan1", "203.0.113.9:1", "203.0.113.1:23")); r.Verdict != Accept {
		t.Error(r.Verdict)
	}
	s = space(router(), filter("input", ruleset.Input, ruleset.VerdictDrop, rule(ruleset.Goto("u")), rule(ruleset.Accept)), &ruleset.Chain{Name: "u"})
	if r := s.Send(tcp("wan1", "203.0.113.9:1", "203.0.113.1:22")); r.Verdict != Drop {
		t.Error(r.Verdict)
	}
}

// Before conntrack has seen a packet, its state is invalid, that of a reply too.
func TestBeforeConntrack(t *testing.T) {
	early := filter("early", ruleset.Output, ruleset.VerdictAccept, rule(ruleset.Any(ruleset.CTState, ruleset.StateEstablished), ruleset.Drop))
	early.Base.Priority = -300
	s := space(router(), early)
	if r := s.Send(tcp("wan1", "203.0.113.9:1", "203.0.113.1:22")); r.Works() != Accept {
		t.Errorf("%s", r.Works())
	}
	early.Base.Priority = 0
	s = space(router(), early)
	if r := s.Send(tcp("wan1", "203.0.113.9:1", "203.0.113.1:22")); r.Verdict != Accept || r.Works() != Drop {
		t.Errorf("%s", r.Works())
	}
}

// The third packet of the handshake makes the connection, and is judged like
// others; so is not the reply's fate alone what decides.
func TestAcknowledgement(t *testing.T) {
	third := rule(ruleset.Any(ruleset.CTState, ruleset.StateEstablished), ruleset.In(ruleset.CTDirection, ruleset.Num(ruleset.DirOriginal)), ruleset.In(ruleset.TCPFlags, ruleset.Num(packet.ACK)), ruleset.Drop)
	for _, to := range []string{"203.0.113.1:22", "192.168.77.10:22"} {
		s := space(router(), filter("input", ruleset.Input, ruleset.VerdictAccept, third), filter("forward", ruleset.Forward, ruleset.VerdictAccept, third))
		r := s.Send(tcp("wan1", "203.0.113.9:1", to))
		if r.Verdict != Accept || r.Reply.Verdict != Accept || r.Works() != Drop {
			t.Errorf("%s: %s, %s, %s", to, r.Verdict, r.Reply.Verdict, r.Works())
		}
		// Translated as the first packet was.
		dnat := &ruleset.NAT{Kind: ruleset.DNAT, Lo: netip.MustParseAddr("192.168.77.20"), Hi: netip.MustParseAddr("192.168.77.20")}
		s = space(router(), nat("pre", ruleset.Prerouting, rule(ruleset.In(ruleset.IIFName, ruleset.Text("wan1")), dnat)))
		r = s.Send(tcp("wan1", "203.0.113.9:1", to))
		if r.Works() != Accept || r.Reply.Reply.Packet.Dst.String() != "192.168.77.20" {
			t.Errorf("%s: %s, %+v", to, r.Works(), r.Reply.Reply.Packet)
		}
	}
	// Nothing acknowledges what is no connection.
	s := space(router())
	if r := s.Send(Start{IIF: "wan1", From: netip.MustParseAddrPort("203.0.113.9:1"), To: netip.MustParseAddrPort("203.0.113.1:53"), Proto: packet.UDP}); r.Reply == nil || r.Reply.Reply != nil {
		t.Errorf("%+v", r.Reply)
	}
}

package model_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/loward/loward/backends/model"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

func write(t *testing.T, rs *ruleset.Ruleset) string {
	t.Helper()
	text, mistakes := model.JSON{}.Write(rs)
	if len(mistakes) > 0 {
		t.Fatal(mistakes[0].Message)
	}
	if !json.Valid(text) {
		t.Fatalf("no JSON:\n%s", text)
	}
	return string(text)
}

// every kind of statement and of value.
func statements() []ruleset.Stmt {
	eth := ruleset.Text("eth*")
	key := ruleset.Keys(ruleset.IPSaddr, ruleset.Dport)
	elem := ruleset.Elem{Key: []ruleset.Term{ruleset.Num(0x0a000001), ruleset.Range(80, 90)}, Verdict: ruleset.Jump("x"), Timeout: time.Minute, Comment: "c"}
	return []ruleset.Stmt{
		ruleset.In(ruleset.IIFName, eth),
		ruleset.NotIn(ruleset.IPDaddr, ruleset.Prefix(netip.MustParsePrefix("10.0.0.0/8")), ruleset.AddrRange(netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.9"))),
		ruleset.In(ruleset.IP6Saddr, ruleset.Addr(netip.MustParseAddr("2001:db8::1"))),
		ruleset.In(ruleset.EtherSaddr, ruleset.Num(0x0011223344ff)),
		ruleset.In(ruleset.SKUID, ruleset.Text("daemon"), ruleset.UnknownTerm("$USER")),
		ruleset.Any(ruleset.CTState, 6),
		&ruleset.Match{Field: ruleset.IPSaddr, Op: ruleset.OpMask, Mask: ruleset.U128{Lo: 0xff0000ff}, Terms: []ruleset.Term{ruleset.Num(1)}, Implied: true},
		&ruleset.Match{Of: &ruleset.Selector{Kind: ruleset.TCPOption, Args: []string{"mss"}, Exists: true, Width: 1}, Terms: []ruleset.Term{ruleset.Num(1)}},
		&ruleset.Match{Of: &ruleset.Binary{Op: ruleset.And, Left: ruleset.MetaMark, Right: ruleset.Num(3)}, Terms: []ruleset.Term{{Lo: ruleset.U128{Hi: 1}, Hi: ruleset.U128{Hi: 1}}}},
		&ruleset.Compare{Left: ruleset.MetaMark, Right: ruleset.Concat{ruleset.CTMark, ruleset.Num(1 << 60)}},
		&ruleset.Lookup{Key: key, Elems: []ruleset.Elem{elem}}, &ruleset.Lookup{Key: key, Set: "s", IPSet: true},
		&ruleset.VMap{Key: key, Map: "m"}, &ruleset.VMap{Key: key, Elems: []ruleset.Elem{elem, {Any: true, Verdict: ruleset.Drop}}},
		&ruleset.Limit{Rate: 5, Unit: "minute", Burst: 3, Over: true}, &ruleset.Meter{Set: "m", Key: []ruleset.MeterKey{{Field: ruleset.IPSaddr, Mask: ruleset.U128{Lo: 0xffffff00}}}},
		&ruleset.Log{Prefix: "<x>", Nflog: true, Flags: []string{"all"}, Snaplen: -1}, &ruleset.Reject{With: ruleset.RejectCode, Of: ruleset.IP, Code: 3},
		&ruleset.NAT{Kind: ruleset.DNAT, Lo: netip.MustParseAddr("10.0.0.1"), Hi: netip.MustParseAddr("10.0.0.9"), PortLo: 1, PortHi: 2, Random: true},
		&ruleset.NAT{Kind: ruleset.SNAT, To: &ruleset.MapExpr{Key: key, Elems: []ruleset.Elem{{Key: elem.Key, Data: []ruleset.Term{ruleset.Num(1)}}}, Data: ruleset.Keys(ruleset.IPSaddr)}},
		&ruleset.SetField{Field: ruleset.MetaMark, Value: ruleset.Num(1)}, &ruleset.SetField{Of: &ruleset.Selector{Kind: ruleset.RawPayload, Args: []string{"th", "0", "8"}, Width: 8}, From: &ruleset.Numgen{Mod: 2}},
		&ruleset.NoTrack{}, &ruleset.Opaque{Text: "-m x", Verdict: true}, &ruleset.May{Why: "the time"}, &ruleset.Counter{Packets: 1}, &ruleset.Quota{Bytes: 5},
		&ruleset.ConnCount{Count: 2}, &ruleset.Last{Used: true, Ago: time.Second}, &ruleset.ObjectRef{Kind: ruleset.ObjCounter, Name: "c"},
		&ruleset.SetUpdate{Op: ruleset.OpUpdate, Set: "s", Key: key, Stmts: []ruleset.Stmt{&ruleset.Counter{}}}, &ruleset.Queue{Lo: 1, Hi: 3, From: &ruleset.Hash{Mod: 4, Seeded: true}},
		&ruleset.TProxy{Port: 1, Mark: 2, MarkMask: 3}, &ruleset.Synproxy{MSS: 1460, WScale: -1}, &ruleset.Dup{To: ruleset.Num(1), Device: eth}, &ruleset.Fwd{Device: eth},
		&ruleset.Offload{Flowtable: "f"}, &ruleset.Reset{Of: ruleset.TCPFlags},
		&ruleset.Module{Name: "tcp", Args: []string{"--dport", "22"}, Means: []ruleset.Stmt{ruleset.In(ruleset.Dport, ruleset.Num(22))}},
		&ruleset.Verdict{Kind: ruleset.VerdictJump, Inline: []*ruleset.Rule{{Body: []ruleset.Stmt{ruleset.Accept}}}}, ruleset.Goto("y"),
	}
}

func TestEveryStatement(t *testing.T) {
	at := diag.NewFile("in", []byte("abc")).Span(0, 1)
	rs := &ruleset.Ruleset{
		Tables: []*ruleset.Table{{Family: ruleset.IP, Name: "t", Dormant: true, Origin: at, Chains: []*ruleset.Chain{
			{Name: "c", Base: &ruleset.Base{Type: "filter", Hook: ruleset.Ingress, Devices: []string{"eth0"}}, Rules: []*ruleset.Rule{{Body: statements(), Comment: "\"é\x01", Origin: at}}}, {Name: "d"}},
			Sets:       []*ruleset.Set{{Name: "s", Key: ruleset.Keys(ruleset.IPSaddr), Timeout: time.Hour, Stmts: []ruleset.Stmt{&ruleset.Counter{}}}},
			Objects:    []*ruleset.Object{{Kind: ruleset.ObjTimeout, Name: "o", Proto: 6, Policy: []ruleset.StateTimeout{{State: "established", Timeout: time.Second}}}, {Kind: ruleset.ObjCounter, Name: "n", State: &ruleset.Counter{}}},
			Flowtables: []*ruleset.Flowtable{{Name: "f", Devices: []string{"eth0"}}},
		}, {Dialect: ruleset.Iptables, Name: "filter", Family: ruleset.IP6}},
		IPSets: []*ruleset.Set{{Name: "i", IPSet: &ruleset.IPSetType{Type: "hash:ip", Family: ruleset.IP}}},
	}
	text := write(t, rs)
	for _, want := range []string{
		`{"match":{"field":"iifname","in":["eth*"]}}`, `"in":["10.0.0.0/8","192.0.2.1-192.0.2.9"],"neg":true`, `"in":["2001:db8::1"]`, `"in":["00:11:22:33:44:ff"]`,
		`"in":[{"name":"daemon"},{"unknown":"$USER"}]`, `{"anyOf":[6],"field":"ct state"}`, `"mask":"255.0.0.255"`, `"key":["10.0.0.1","80-90"]`,
		`{"may":{"why":"the time"}}`, `"prefix":"<x>"`, `"at":"in:1:1"`, `"means":[{"match":{"field":"th dport","in":[22]}}]`, `"dialect":"iptables"`,
		`"mask":"255.255.255.0"`, `"timeout":"1h0m0s"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, `"other"`) {
		t.Errorf("a statement without a form of its own:\n%s", text)
	}
	if again := write(t, rs); again != text {
		t.Error("twice the same ruleset, and not the same bytes")
	}
}

func TestEmpty(t *testing.T) {
	if got, want := write(t, &ruleset.Ruleset{}), "{\"version\":1,\"tables\":[],\"ipsets\":[],\"ipsetsComplete\":false}\n"; got != want {
		t.Errorf("%s", got)
	}
}

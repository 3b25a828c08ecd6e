package nft

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// implied is a match that a statement behind it implies.
func implied(f ruleset.Field, n uint64) *ruleset.Match {
	return &ruleset.Match{Field: f, Terms: []ruleset.Term{ruleset.Num(n)}, Implied: true}
}

func formed(t ruleset.Term, f ruleset.Form) ruleset.Term {
	t.Form = f
	return t
}

type plainTest struct {
	body []ruleset.Stmt
	want string // text
	json string // JSON
}

func of(e ruleset.Expr, terms ...ruleset.Term) *ruleset.Match {
	return &ruleset.Match{Of: e, Terms: terms}
}

// plainTests are rules as readers make them of the text.
func plainTests() []plainTest {
	tcp, saddr, dport, mark := implied(ruleset.L4Proto, 6), ruleset.IPSaddr, ruleset.Dport, ruleset.MetaMark
	addr := ruleset.Addr(netip.MustParseAddr("10.0.0.1"))
	first, last := netip.MustParseAddr("10.0.0.0"), netip.MustParseAddr("10.255.255.255")
	key := func(e ...ruleset.Expr) []ruleset.Expr { return e }
	sel := func(k ruleset.SelectorKind, width int, args ...string) *ruleset.Selector {
		return &ruleset.Selector{Kind: k, Args: args, Width: width}
	}
	there := func(k ruleset.SelectorKind, args ...string) *ruleset.Selector {
		return &ruleset.Selector{Kind: k, Args: args, Width: 1, Exists: true}
	}
	and := func(e ruleset.Expr, n uint64) *ruleset.Binary {
		return &ruleset.Binary{Op: ruleset.And, Left: e, Right: ruleset.Num(n)}
	}
	elem := func(v *ruleset.Verdict, terms ...ruleset.Term) ruleset.Elem {
		return ruleset.Elem{Key: terms, Verdict: v}
	}
	to := func(e ruleset.Elem, data ...ruleset.Term) ruleset.Elem {
		e.Data = data
		return e
	}
	return []plainTest{
		{[]ruleset.Stmt{tcp, ruleset.In(dport, ruleset.Num(22)), ruleset.In(ruleset.Sport, formed(ruleset.Range(1024, 65535), ruleset.MoreEqual))},
			"tcp dport 22 tcp sport >= 1024", `{"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":22}},{"match":{"op":">=","left":{"payload":{"protocol":"tcp","field":"sport"}},"right":1024}}`},
		{[]ruleset.Stmt{tcp, &ruleset.Match{Field: dport, Set: true, Terms: []ruleset.Term{ruleset.Num(22)}}}, "tcp dport { 22 }", ""},
		{[]ruleset.Stmt{tcp, ruleset.In(dport, formed(ruleset.Range(0, 99), ruleset.Less))}, "tcp dport < 100", ""},
		{[]ruleset.Stmt{ruleset.In(saddr, formed(ruleset.AddrRange(first, last), ruleset.AsRange))}, "ip saddr 10.0.0.0-10.255.255.255", ""},
		{[]ruleset.Stmt{ruleset.In(saddr, ruleset.AddrRange(first, last))}, "ip saddr 10.0.0.0/8", `{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":{"prefix":{"addr":"10.0.0.0","len":8}}}}`},
		{[]ruleset.Stmt{&ruleset.Match{Of: sel(ruleset.RawPayload, 32, "th", "0", "32"), Terms: []ruleset.Term{ruleset.Num(5)}}}, "@th,0,32 5", `{"match":{"op":"==","left":{"payload":{"base":"th","offset":0,"len":32}},"right":5}}`},
		{[]ruleset.Stmt{of(there(ruleset.ExtHdr, "frag"), ruleset.Num(1))}, "exthdr frag exists", `{"match":{"op":"==","left":{"exthdr":{"name":"frag"}},"right":true}}`},
		{[]ruleset.Stmt{of(sel(ruleset.ExtHdr, 8, "rt", "type"), ruleset.Num(0))}, "rt type 0", ""},
		{[]ruleset.Stmt{of(there(ruleset.TCPOption, "sack-perm"), ruleset.Num(0))}, "tcp option sack-perm missing", ""},
		{[]ruleset.Stmt{of(sel(ruleset.TCPOption, 16, "maxseg", "size"), ruleset.Range(500, 1400))}, "tcp option maxseg size 500-1400", ""},
		{[]ruleset.Stmt{of(there(ruleset.IPOption, "lsrr"), ruleset.Num(1))}, "ip option lsrr exists", ""},
		{[]ruleset.Stmt{of(sel(ruleset.SCTPChunk, 32, "data", "tsn"), ruleset.Num(7))}, "sctp chunk data tsn 7", ""},
		{[]ruleset.Stmt{of(there(ruleset.Fib, "saddr", "iif", "exists"), ruleset.Num(0))}, "fib saddr . iif oif missing", `{"match":{"op":"==","left":{"fib":{"result":"oif","flags":["saddr","iif"]}},"right":false}}`},
		{[]ruleset.Stmt{of(&ruleset.Selector{Kind: ruleset.Osf, Args: []string{"name", "loose"}, Width: 128, Domain: ruleset.String}, ruleset.Text("Linux"))}, `osf ttl loose name "Linux"`, ""},
		{[]ruleset.Stmt{of(sel(ruleset.IPsec, 32, "in", "1", "reqid"), ruleset.Num(5))}, "ipsec in spnum 1 reqid 5", `{"match":{"op":"==","left":{"ipsec":{"key":"reqid","dir":"in","spnum":1}},"right":5}}`},
		{[]ruleset.Stmt{&ruleset.Match{Field: mark, Op: ruleset.OpMask, Mask: ruleset.U128{Lo: 0xff}, Terms: []ruleset.Term{ruleset.Num(0x10)}}}, "meta mark & 0xff == 0x10", ""},
		{[]ruleset.Stmt{&ruleset.Match{Of: &ruleset.Binary{Op: ruleset.Xor, Left: mark, Right: ruleset.Num(5)}, Terms: []ruleset.Term{ruleset.Num(7)}, Neg: true}}, "meta mark ^ 0x5 != 0x7", ""},
		{[]ruleset.Stmt{&ruleset.Lookup{Key: key(saddr, ruleset.IIFName), Elems: []ruleset.Elem{elem(nil, addr, ruleset.Text("eth0"))}}}, `ip saddr . iifname { 10.0.0.1 . "eth0" }`, ""},
		{[]ruleset.Stmt{tcp, &ruleset.Lookup{Key: key(saddr, dport), Neg: true, Elems: []ruleset.Elem{elem(nil, addr, ruleset.Range(1, 5))}}}, `ip saddr . tcp dport != { 10.0.0.1 . 1-5 }`, ""},
		{[]ruleset.Stmt{&ruleset.VMap{Key: key(saddr), Elems: []ruleset.Elem{elem(ruleset.Drop, addr), {Any: true, Verdict: ruleset.Jump("d")}}}}, "ip saddr vmap { 10.0.0.1 : drop, * : jump d }", ""},
		{[]ruleset.Stmt{&ruleset.Counter{Packets: 5, Bytes: 7}, &ruleset.Quota{Bytes: 5000, Over: true, Used: 3}}, "counter packets 5 bytes 7 quota over 5000 bytes used 3 bytes", ""},
		{[]ruleset.Stmt{&ruleset.ConnCount{Count: 20, Over: true}, ruleset.Drop}, "ct count over 20 drop", `{"ct count":{"val":20,"inv":true}},{"drop":null}`},
		{[]ruleset.Stmt{&ruleset.ObjectRef{Kind: ruleset.ObjCounter, Name: "hits"}, &ruleset.ObjectRef{Kind: ruleset.ObjLimit, Name: "slow"}}, `counter name "hits" limit name "slow"`, `{"counter":"hits"},{"limit":"slow"}`},
		{[]ruleset.Stmt{&ruleset.ObjectRef{Kind: ruleset.ObjCounter, Map: &ruleset.MapExpr{Key: key(mark), Map: "counters"}}}, `counter name meta mark map @counters`, ""},
		{[]ruleset.Stmt{&ruleset.SetUpdate{Set: "dyn", Key: key(saddr), Timeout: time.Minute, Stmts: []ruleset.Stmt{&ruleset.Limit{Rate: 5, Unit: "minute", Burst: 5}}}}, "add @dyn { ip saddr timeout 60s limit rate 5/minute burst 5 packets }", ""},
		{[]ruleset.Stmt{&ruleset.SetUpdate{Op: ruleset.OpMeter, Set: "m", Size: 128, Key: key(saddr), Stmts: []ruleset.Stmt{&ruleset.Limit{Rate: 5, Unit: "second", Burst: 5, Over: true}}}, ruleset.Drop}, "meter m size 128 { ip saddr limit rate over 5/second burst 5 packets } drop", ""},
		{[]ruleset.Stmt{&ruleset.SetField{Field: mark, From: &ruleset.Binary{Op: ruleset.Or, Left: and(ruleset.CTMark, 0xff), Right: ruleset.Num(0x100)}}}, "meta mark set (ct mark & 0xff) | 0x100", ""},
		{[]ruleset.Stmt{&ruleset.SetField{Field: mark, From: &ruleset.MapExpr{Key: key(saddr), Data: key(mark), Elems: []ruleset.Elem{to(elem(nil, addr), ruleset.Num(5))}}}}, "meta mark set ip saddr map { 10.0.0.1 : 0x5 }", ""},
		{[]ruleset.Stmt{&ruleset.SetField{Field: mark, From: &ruleset.Numgen{Mod: 10, Offset: 3}}}, "meta mark set numgen inc mod 10 offset 3", ""},
		{[]ruleset.Stmt{&ruleset.SetField{Field: mark, From: &ruleset.Hash{Key: key(saddr, ruleset.IPDaddr), Mod: 16, Seed: 7, Seeded: true}}}, "meta mark set jhash ip saddr . ip daddr mod 16 seed 0x7", ""},
		{[]ruleset.Stmt{&ruleset.SetField{Field: mark, From: &ruleset.Hash{Mod: 16, Offset: 1}}}, "meta mark set symhash mod 16 offset 1", ""},
		{[]ruleset.Stmt{&ruleset.SetField{Field: ruleset.CTEvent, Value: ruleset.Num(5)}}, "ct event set new,destroy", ""},
		{[]ruleset.Stmt{&ruleset.SetField{Of: sel(ruleset.TCPOption, 16, "maxseg", "size"), Value: ruleset.Num(1400)}}, "tcp option maxseg size set 1400", ""},
		{[]ruleset.Stmt{&ruleset.Log{Prefix: "a", Level: "debug", Flags: []string{"tcp sequence", "skuid"}}}, `log prefix "a" level debug flags tcp sequence flags skuid`, ""},
		{[]ruleset.Stmt{&ruleset.Log{Nflog: true, Group: 3, Snaplen: 100, Threshold: 7}}, "log group 3 snaplen 100 queue-threshold 7", ""},
		{[]ruleset.Stmt{&ruleset.Reject{With: ruleset.RejectPort}}, "reject with icmpx port-unreachable", ""},
		{[]ruleset.Stmt{implied(ruleset.NFProto, 2), &ruleset.Reject{With: ruleset.RejectHost, Of: ruleset.IP}}, "reject with icmp host-unreachable", ""},
		{[]ruleset.Stmt{implied(ruleset.NFProto, 2), &ruleset.Reject{With: ruleset.RejectCode, Of: ruleset.IP, Code: 14}}, "reject with icmp 14", `{"reject":{"type":"icmp","expr":14}}`},
		{[]ruleset.Stmt{tcp, ruleset.In(dport, ruleset.Num(80)), &ruleset.Synproxy{MSS: 1460, WScale: 7, Timestamp: true, SackPerm: true}}, "tcp dport 80 synproxy mss 1460 wscale 7 timestamp sack-perm", ""},
		{[]ruleset.Stmt{ruleset.Goto("d")}, "goto d", ""},
	}
}

// natTests are rules that need a chain of their own.
func natTests() []plainTest {
	tcp, dport := implied(ruleset.L4Proto, 6), ruleset.Dport
	a, b := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.9")
	web := []ruleset.Stmt{tcp, ruleset.In(dport, ruleset.Num(80))}
	with := func(s ruleset.Stmt) []ruleset.Stmt { return append(web[:len(web):len(web)], s) }
	elem := ruleset.Elem{Key: []ruleset.Term{ruleset.Num(80)}, Data: []ruleset.Term{ruleset.Addr(a)}}
	return []plainTest{
		{with(&ruleset.NAT{Kind: ruleset.DNAT, Of: ruleset.IP, Lo: a, Hi: b, PortLo: 80, PortHi: 90, Random: true}), "tcp dport 80 dnat ip to 10.0.0.1-10.0.0.9:80-90 random", ""},
		{with(&ruleset.NAT{Kind: ruleset.DNAT, Of: ruleset.IP6, Lo: netip.MustParseAddr("fd00::1"), Hi: netip.MustParseAddr("fd00::1"), PortLo: 80, PortHi: 80}), "tcp dport 80 dnat ip6 to [fd00::1]:80", ""},
		{with(&ruleset.NAT{Kind: ruleset.DNAT, PortLo: 80, PortHi: 80, Persistent: true, FullyRandom: true}), "tcp dport 80 dnat to :80 fully-random,persistent", ""},
		{with(&ruleset.NAT{Kind: ruleset.Redirect, PortLo: 80, PortHi: 81}), "tcp dport 80 redirect to :80-81", ""},
		{[]ruleset.Stmt{tcp, &ruleset.NAT{Kind: ruleset.DNAT, Of: ruleset.IP, To: &ruleset.MapExpr{Key: []ruleset.Expr{dport}, Data: []ruleset.Expr{ruleset.IPDaddr}, Elems: []ruleset.Elem{elem}}}}, "dnat ip to tcp dport map { 80 : 10.0.0.1 }", ""},
		{[]ruleset.Stmt{tcp, &ruleset.NAT{Kind: ruleset.DNAT, Of: ruleset.IP, To: &ruleset.MapExpr{Key: []ruleset.Expr{dport}, Map: "addresses"}}}, "dnat ip to tcp dport map @addresses", ""},
	}
}

// TestPlain writes every statement alone.
func TestPlain(t *testing.T) {
	for _, tt := range append(plainTests(), natTests()...) {
		rs := tableOf(&ruleset.Chain{Name: "c", Rules: []*ruleset.Rule{{Body: tt.body}}})
		text, mistakes := Text{Plain: true}.Write(rs)
		if mistakes != nil {
			t.Errorf("%s: %s", tt.want, mistakes[0].Message)
			continue
		}
		_, got, _ := strings.Cut(string(text), "\tchain c {\n\t\t")
		got, _, _ = strings.Cut(got, "\n")
		if got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
		doc, _ := JSON{Plain: true}.Write(rs)
		_, got, _ = strings.Cut(string(doc), `"expr":[`)
		if got, _, _ = strings.Cut(got, "]}}\n]}"); tt.json != "" && got != tt.json {
			t.Errorf("got  %s\nwant %s", got, tt.json)
		}
	}
}

// foreign is a ruleset with all of them, and all that they name.
func foreign() *ruleset.Ruleset {
	counters := ruleset.ObjCounter
	tb := &ruleset.Table{Name: "t", Comment: "of others",
		Objects: []*ruleset.Object{{Kind: ruleset.ObjCounter, Name: "hits", State: &ruleset.Counter{Packets: 1, Bytes: 2}},
			{Kind: ruleset.ObjLimit, Name: "slow", State: &ruleset.Limit{Rate: 5, Unit: "hour", Burst: 7}},
			{Kind: ruleset.ObjQuota, Name: "much", State: &ruleset.Quota{Bytes: 700, Over: true}},
			{Kind: ruleset.ObjHelper, Name: "ftp", Helper: "ftp", Proto: 6},
			{Kind: ruleset.ObjSynproxy, Name: "sp", State: &ruleset.Synproxy{MSS: 1460, WScale: 7, SackPerm: true}},
			{Kind: ruleset.ObjExpectation, Name: "e", Proto: 17, L3: ruleset.IP, Dport: 9876, Timeout: time.Minute, Size: 12},
			{Kind: ruleset.ObjTimeout, Name: "short", Proto: 6, L3: ruleset.IP, Policy: []ruleset.StateTimeout{{State: "established", Timeout: time.Minute}}}},
		Sets: []*ruleset.Set{
			{Name: "dyn", Key: []ruleset.Expr{ruleset.IPSaddr}, Dynamic: true, Timeouts: true, Size: 100},
			{Name: "counters", Key: []ruleset.Expr{ruleset.MetaMark}, Objects: &counters, Elems: []ruleset.Elem{{Key: []ruleset.Term{ruleset.Num(1)}, Object: "hits"}}},
			{Name: "addresses", Key: []ruleset.Expr{ruleset.Dport}, Data: []ruleset.Expr{ruleset.IPDaddr}, Elems: []ruleset.Elem{{Key: []ruleset.Term{ruleset.Num(1)}, Data: []ruleset.Term{ruleset.Addr(netip.MustParseAddr("10.0.0.1"))}}}},
			{Name: "timed", Key: []ruleset.Expr{ruleset.IPSaddr}, Timeouts: true, GC: time.Minute, Memory: true, Timeout: time.Hour,
				Elems: []ruleset.Elem{{Key: []ruleset.Term{ruleset.Addr(netip.MustParseAddr("10.0.0.1"))}, Timeout: 2 * time.Hour, Comment: "two"}}},
			{Name: "nets", Key: []ruleset.Expr{ruleset.IPSaddr}, Interval: true, AutoMerge: true, Constant: true, Counted: true, Elems: []ruleset.Elem{
				{Key: []ruleset.Term{ruleset.Prefix(netip.MustParsePrefix("10.0.0.0/8"))}}}},
		}}
	all := &ruleset.Chain{Name: "c", Base: &ruleset.Base{Type: "filter", Hook: ruleset.Input, Priority: 5, Policy: ruleset.VerdictDrop}}
	for _, tt := range plainTests() {
		all.Rules = append(all.Rules, &ruleset.Rule{Body: tt.body, Comment: "one"})
	}
	nat := &ruleset.Chain{Name: "n", Base: &ruleset.Base{Type: "nat", Hook: ruleset.Prerouting, Priority: -100}}
	for _, tt := range natTests() {
		nat.Rules = append(nat.Rules, &ruleset.Rule{Body: tt.body})
	}
	tb.Chains = []*ruleset.Chain{{Name: "d"}, all, nat}
	return &ruleset.Ruleset{Tables: []*ruleset.Table{tb}}
}

// lessened leaves out what nft 1.0.6 does not take from JSON, whoever wrote it:
// comments of tables, some objects, sets that rules fill, auto-merge.
func lessened(rs *ruleset.Ruleset) *ruleset.Ruleset {
	tb := rs.Tables[0]
	tb.Comment = ""
	tb.Objects = slices.DeleteFunc(tb.Objects, func(o *ruleset.Object) bool {
		return o.Kind == ruleset.ObjSynproxy || o.Kind == ruleset.ObjExpectation || o.Kind == ruleset.ObjTimeout
	})
	tb.Sets = slices.DeleteFunc(tb.Sets, func(s *ruleset.Set) bool {
		s.AutoMerge = false
		return s.Dynamic
	})
	for _, c := range tb.Chains {
		c.Rules = slices.DeleteFunc(c.Rules, func(r *ruleset.Rule) bool {
			u, ok := r.Body[0].(*ruleset.SetUpdate)
			return ok && u.Op != ruleset.OpMeter
		})
	}
	return rs
}

// What both plain writers write gives the same in the kernel.
func TestPlainLoads(t *testing.T) {
	list := func(flag string, doc []byte, mistakes []*diag.Diagnostic) string {
		for _, m := range mistakes {
			t.Error(m.Message)
		}
		out, err := kernel.Script(t, "nft "+flag+" -f x\nnft list ruleset", map[string][]byte{"x": doc}, "nft")
		if err != nil {
			t.Fatalf("%v\n%s", err, doc)
		}
		return regexp.MustCompile(` expires [0-9a-z]*`).ReplaceAllString(out, "")
	}
	text, mistakes := Text{Plain: true}.Write(foreign())
	list("", text, mistakes)
	text, mistakes = Text{Plain: true}.Write(lessened(foreign()))
	fromText := list("", text, mistakes)
	doc, mistakes := JSON{Plain: true}.Write(lessened(foreign()))
	differ(t, "plain", fromText, list("-j", doc, mistakes), "\n")
}

// Copies and redirections of frames.
func TestPlainNetdev(t *testing.T) {
	lo, addr := ruleset.Text("lo"), ruleset.Addr(netip.MustParseAddr("10.0.0.1"))
	c := &ruleset.Chain{Name: "c", Base: &ruleset.Base{Type: "filter", Hook: ruleset.Ingress, Devices: []string{"lo"}}}
	for _, s := range []ruleset.Stmt{&ruleset.Dup{Device: lo}, &ruleset.Fwd{Device: lo}, &ruleset.Fwd{Of: ruleset.IP, To: addr, Device: lo}} {
		c.Rules = append(c.Rules, &ruleset.Rule{Body: []ruleset.Stmt{s}})
	}
	rs := tableOf(c)
	rs.Tables[0].Family = ruleset.Netdev
	var out [2]string
	for i, flag := range []string{"", "-j"} {
		doc, mistakes := Text{Plain: true}.Write(rs)
		if i == 1 {
			doc, mistakes = JSON{Plain: true}.Write(rs)
		}
		var err error
		if out[i], err = kernel.Script(t, "nft "+flag+" -f x\nnft list ruleset", map[string][]byte{"x": doc}, "nft"); err != nil || mistakes != nil {
			t.Fatalf("%v %v\n%s", mistakes, err, doc)
		}
	}
	differ(t, "netdev", out[0], out[1], "\n")
}

// What a plain writer can't say is refused where it stands, and never in a model.
func TestPlainUnsupported(t *testing.T) {
	at := diag.NewFile("x.nft", []byte("first\nsecond\n")).Span(6, 12)
	unknown := ruleset.UnknownTerm(ruleset.MarkUnknown("$WAN"))
	tests := []struct {
		stmt ruleset.Stmt
		want string
		json string
	}{
		{&ruleset.Opaque{Text: "accept\n}"}, "the unknown text", `{"opaque":"accept\u000a}"}`},
		{&ruleset.May{Why: "the time of day"}, "what depends on the time of day", `{"may":"the time of day"}`},
		{ruleset.In(ruleset.IIFName, unknown), "a value that is not known: $WAN", `"right":{"unknown":"$WAN"}`},
		{&ruleset.Module{Name: "string", Args: []string{"--algo", "bm"}}, "iptables' module string", `{"xt":{"type":"match","name":"string","args":["--algo","bm"]}}`},
		{&ruleset.Module{Name: "LOG", Target: true}, "iptables' module LOG", `{"xt":{"type":"target","name":"LOG","args":[]}}`},
		{&ruleset.Lookup{Key: []ruleset.Expr{ruleset.IPSaddr}, Set: "bad", IPSet: true}, "a lookup in a set of ipset", `"right":{"ipset":"bad"}`},
		{ruleset.In(ruleset.IPSaddr, ruleset.Text("a b")), `the name "a b"`, `"right":{"unresolved":"a b"}`},
	}
	for _, tt := range tests {
		rs := tableOf(&ruleset.Chain{Name: "c", Rules: []*ruleset.Rule{{Body: []ruleset.Stmt{tt.stmt}, Origin: at}}})
		text, mistakes := Text{Plain: true}.Write(rs)
		if text != nil || len(mistakes) == 0 || !strings.Contains(mistakes[0].Message, tt.want) || mistakes[0].Span.FileLine() != "x.nft:2" {
			t.Errorf("%s: %s %v", tt.want, text, mistakes)
		}
		doc, mistakes := JSON{Model: true}.Write(rs)
		if mistakes != nil || !strings.Contains(string(doc), tt.json) {
			t.Errorf("%s: %s %v", tt.json, doc, mistakes)
		}
	}
}

package nft

import (
	"bytes"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

func TestGolden(t *testing.T) {
	golden(t, "full.nft", write(t, full(ruleset.Inet)))
	doc, mistakes := JSON{}.Write(noOpaque(full(ruleset.Inet)))
	if mistakes != nil {
		t.Fatal(mistakes[0].Message)
	}
	golden(t, "full.json", doc)
}

// noOpaque leaves out the rules that JSON can't say.
func noOpaque(rs *ruleset.Ruleset) *ruleset.Ruleset {
	for _, c := range rs.Tables[0].Chains {
		for i := len(c.Rules) - 1; i >= 0; i-- {
			if _, ok := c.Rules[i].Body[0].(*ruleset.Opaque); ok {
				c.Rules = append(c.Rules[:i:i], c.Rules[i+1:]...)
			}
		}
	}
	return rs
}

// What nft needs in a rule besides what the model says, and what it does not.
func TestRule(t *testing.T) {
	tcp, ten := ruleset.In(ruleset.L4Proto, ruleset.Num(6)), ruleset.Num(10)
	addr := netip.MustParseAddr("10.0.0.1")
	key := []ruleset.Expr{ruleset.L4Proto, ruleset.Dport}
	elem := func(proto uint64) ruleset.Elem {
		return ruleset.Elem{Key: []ruleset.Term{ruleset.Num(proto), ruleset.Num(53)}}
	}
	sets := []*ruleset.Set{
		{Name: "tcp-only", Key: key, Elems: []ruleset.Elem{elem(6), elem(17)}},
		{Name: "any", Key: key, Elems: []ruleset.Elem{elem(6), elem(1)}},
		{Name: "first-ports", Key: []ruleset.Expr{ruleset.CTOrigDport, ruleset.L4Proto}},
		{Name: "ports", Key: []ruleset.Expr{ruleset.Dport}},
		{Name: "targets", Key: key, Data: []ruleset.Expr{ruleset.IPDaddr, ruleset.Dport}, Elems: []ruleset.Elem{{Key: []ruleset.Term{ruleset.Num(6), ruleset.Num(80)}, Data: []ruleset.Term{ruleset.Addr(addr), ruleset.Num(81)}}}},
	}
	const guard = "meta l4proto { tcp, udp, dccp, sctp, udplite } "
	tests := []struct {
		body []ruleset.Stmt
		want string
	}{
		{[]ruleset.Stmt{ruleset.In(ruleset.Dport, ten)}, guard + "th dport 10"},
		{[]ruleset.Stmt{ruleset.In(ruleset.Dport, ten), ruleset.In(ruleset.Sport, ten)}, guard + "th dport 10 th sport 10"},
		{[]ruleset.Stmt{tcp, ruleset.In(ruleset.Dport, ten)}, "tcp dport 10"},
		{[]ruleset.Stmt{tcp, ruleset.NotIn(ruleset.Dport, ten), ruleset.In(ruleset.Sport, ten)}, "tcp dport != 10 tcp sport 10"},
		{[]ruleset.Stmt{tcp, ruleset.In(ruleset.IIFName, ruleset.Text("eth0")), ruleset.In(ruleset.Dport, ten)}, `meta l4proto tcp iifname "eth0" th dport 10`},
		{[]ruleset.Stmt{ruleset.In(ruleset.L4Proto, ruleset.Num(6), ruleset.Num(17)), ruleset.In(ruleset.Dport, ten)}, "meta l4proto { tcp, udp } th dport 10"},
		{[]ruleset.Stmt{ruleset.In(ruleset.L4Proto, ruleset.Range(6, 17)), ruleset.In(ruleset.Dport, ten)}, "meta l4proto 6-17 " + guard + "th dport 10"},
		{[]ruleset.Stmt{ruleset.NotIn(ruleset.L4Proto, ruleset.Num(1)), ruleset.In(ruleset.Dport, ten)}, "meta l4proto != icmp " + guard + "th dport 10"},
		{[]ruleset.Stmt{tcp, &ruleset.Lookup{Key: []ruleset.Expr{ruleset.Dport}, Set: "ports"}}, "tcp dport @ports"},
		{[]ruleset.Stmt{&ruleset.Lookup{Key: key, Set: "tcp-only"}}, "meta l4proto . th dport @tcp-only"},
		{[]ruleset.Stmt{&ruleset.Lookup{Key: key, Set: "any"}}, guard + "meta l4proto . th dport @any"},
		{[]ruleset.Stmt{&ruleset.Lookup{Key: []ruleset.Expr{ruleset.CTOrigDport, ruleset.L4Proto}, Set: "first-ports"}}, guard + "ct original proto-dst . meta l4proto @first-ports"},
		{[]ruleset.Stmt{&ruleset.VMap{Key: key, Elems: []ruleset.Elem{{Key: []ruleset.Term{ruleset.Num(6), ten}, Verdict: ruleset.Drop}}}}, "meta l4proto . th dport vmap { tcp . 10 : drop }"},
		{[]ruleset.Stmt{ruleset.In(ruleset.CTOrigDport, ten)}, guard + "ct original proto-dst 10"},
		{[]ruleset.Stmt{ruleset.Any(ruleset.TCPFlags, 2), ruleset.In(ruleset.Dport, ten)}, "tcp flags & syn != 0 th dport 10"},
		{[]ruleset.Stmt{tcp, ruleset.Any(ruleset.TCPFlags, 2)}, "tcp flags & syn != 0"},
		{[]ruleset.Stmt{ruleset.In(ruleset.L4Proto, ruleset.Num(1)), ruleset.In(ruleset.ICMPType, ruleset.Num(8))}, "icmp type 8"},
		{[]ruleset.Stmt{ruleset.In(ruleset.L4Proto, ruleset.Num(58)), ruleset.In(ruleset.ICMPv6Type, ruleset.Num(128))}, "icmpv6 type 128"},
		{[]ruleset.Stmt{ruleset.In(ruleset.L4Proto, ruleset.Num(47)), ruleset.Accept}, "meta l4proto 47 accept"},
		{[]ruleset.Stmt{&ruleset.NAT{Kind: ruleset.DNAT, Map: "targets", Key: key}}, "dnat ip to meta l4proto . th dport map @targets"},
		{[]ruleset.Stmt{&ruleset.NAT{Kind: ruleset.DNAT, Lo: addr, PortLo: 80}}, guard + "dnat ip to 10.0.0.1:80"},
		{[]ruleset.Stmt{&ruleset.NAT{Kind: ruleset.DNAT, Lo: netip.MustParseAddr("::1"), PortLo: 80, PortHi: 81}}, guard + "dnat ip6 to [::1]:80-81"},
		{[]ruleset.Stmt{ruleset.In(ruleset.IIFName, ruleset.Text("*")), ruleset.Accept}, "accept"},
		{[]ruleset.Stmt{ruleset.In(ruleset.IIFName, ruleset.Text("ppp0"), ruleset.Text("eth0"), ruleset.Text("ppp*"), ruleset.Text("eth0"))}, `iifname { "eth0", "ppp*" }`},
		{[]ruleset.Stmt{ruleset.In(ruleset.IPSaddr, ruleset.Prefix(netip.MustParsePrefix("10.0.0.0/8")), ruleset.Addr(addr), ruleset.Addr(netip.MustParseAddr("9.9.9.9")))}, "ip saddr { 9.9.9.9, 10.0.0.0/8 }"},
		{[]ruleset.Stmt{ruleset.In(ruleset.CTState, ruleset.Num(ruleset.StateNew))}, "ct state == new"},
		{[]ruleset.Stmt{ruleset.Any(ruleset.CTState, ruleset.StateEstablished|ruleset.StateRelated)}, "ct state established,related"},
		{[]ruleset.Stmt{ruleset.None(ruleset.CTState, ruleset.StateEstablished|ruleset.StateRelated)}, "ct state & (established | related) == 0"},
		{[]ruleset.Stmt{&ruleset.Match{Field: ruleset.TCPFlags, Op: ruleset.OpMask, Mask: ruleset.U128{Lo: 0x17}, Terms: []ruleset.Term{ruleset.Num(2)}}}, "tcp flags & (fin | syn | rst | ack) == syn"},
		{[]ruleset.Stmt{&ruleset.Match{Field: ruleset.IPSaddr, Op: ruleset.OpMask, Mask: ruleset.U128{Lo: 0xff}, Terms: []ruleset.Term{ruleset.Num(1)}, Neg: true}}, "ip saddr & 0.0.0.255 != 0.0.0.1"},
		{[]ruleset.Stmt{ruleset.NotIn(ruleset.CTLabel, ruleset.Num(1), ruleset.Num(7))}, "ct label ! 1,7"},
		{[]ruleset.Stmt{ruleset.In(ruleset.FibSaddrIIFOIF, ruleset.Num(0))}, "fib saddr . iif oif 0"},
	}
	for _, tt := range tests {
		rs := tableOf(&ruleset.Chain{Name: "c", Rules: []*ruleset.Rule{{Body: tt.body}}})
		rs.Tables[0].Sets = sets
		text := string(write(t, rs))
		_, got, _ := strings.Cut(text, "\tchain c {\n\t\t")
		got, _, _ = strings.Cut(got, "\n")
		if got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// What the text can say and the JSON of nft 1.0.6 can't.
func TestUnsupportedJSON(t *testing.T) {
	at := diag.NewFile("policy.low", []byte("first\nsecond\n")).Span(6, 12)
	tests := []struct {
		want string
		set  *ruleset.Set
		rule *ruleset.Rule
	}{
		{"has no named type", &ruleset.Set{Name: "s", Key: []ruleset.Expr{ruleset.IPTTL}, Origin: at}, nil},
		{"which it would take for a set's", nil, &ruleset.Rule{Body: []ruleset.Stmt{ruleset.In(ruleset.IIFName, ruleset.Text("@s"))}, Origin: at}},
		{"the unknown text", nil, &ruleset.Rule{Body: []ruleset.Stmt{&ruleset.Opaque{Text: "meta nftrace set 1"}}, Origin: at}},
	}
	for _, tt := range tests {
		c := &ruleset.Chain{Name: "c"}
		rs := tableOf(c)
		if tt.set != nil {
			rs.Tables[0].Sets = []*ruleset.Set{tt.set}
		} else {
			c.Rules = []*ruleset.Rule{tt.rule}
		}
		write(t, rs)
		doc, mistakes := JSON{}.Write(rs)
		if doc != nil || len(mistakes) == 0 || !strings.Contains(mistakes[0].Message, tt.want) || mistakes[0].Span.FileLine() != "policy.low:2" {
			t.Errorf("want %q, got %+v", tt.want, mistakes)
		}
	}
}

// Everything that nft can't say is refused where it stands, all of it at once,
// and nothing is written.
func TestUnsupported(t *testing.T) {
	file := diag.NewFile("policy.low", []byte("first\nsecond\n"))
	at := file.Span(6, 12)
	ok := &ruleset.Set{Name: "ok", Key: []ruleset.Expr{ruleset.Dport}, Origin: at}
	tests := []struct {
		want   string
		change func(t *ruleset.Table, r *ruleset.Rule)
	}{
		{"the name of table \"ip\"", func(t *ruleset.Table, _ *ruleset.Rule) { t.Name = "ip" }},
		{"the name of chain \"a b\"", func(t *ruleset.Table, _ *ruleset.Rule) { t.Chains[0].Name = "a b" }},
		{"it is a word of nft's own", func(t *ruleset.Table, _ *ruleset.Rule) { t.Chains[0].Name = "drop" }},
		{"iptables' table", func(t *ruleset.Table, _ *ruleset.Rule) { t.Dialect = ruleset.Iptables }},
		{"rules in another's chain", func(t *ruleset.Table, _ *ruleset.Rule) { t.Chains[0].Foreign = true }},
		{"two sets named \"ok\"", func(t *ruleset.Table, _ *ruleset.Rule) { t.Sets = append(t.Sets, ok) }},
		{"ct label as a part of a set's key", func(t *ruleset.Table, _ *ruleset.Rule) {
			t.Sets = append(t.Sets, &ruleset.Set{Name: "l", Key: []ruleset.Expr{ruleset.CTLabel}, Origin: at})
		}},
		{"ip6 saddr in a table of family ip", func(t *ruleset.Table, r *ruleset.Rule) {
			t.Family = ruleset.IP
			r.Body = []ruleset.Stmt{ruleset.In(ruleset.IP6Saddr, ruleset.Num(1))}
		}},
		{"without a value", func(_ *ruleset.Table, r *ruleset.Rule) { r.Body = []ruleset.Stmt{ruleset.In(ruleset.IPTTL)} }},
		{"greater than the field", func(_ *ruleset.Table, r *ruleset.Rule) {
			r.Body = []ruleset.Stmt{ruleset.In(ruleset.IPTTL, ruleset.Num(256))}
		}},
		{"ends before it begins", func(_ *ruleset.Table, r *ruleset.Rule) {
			r.Body = []ruleset.Stmt{ruleset.In(ruleset.IPTTL, ruleset.Range(5, 3))}
		}},
		{"is longer than the 15 bytes", func(_ *ruleset.Table, r *ruleset.Rule) {
			r.Body = []ruleset.Stmt{ruleset.In(ruleset.IIFName, ruleset.Text("abcdefghijklmnop"))}
		}},
		{"holds a character", func(_ *ruleset.Table, r *ruleset.Rule) {
			r.Body = []ruleset.Stmt{ruleset.In(ruleset.IIFName, ruleset.Text(`a"b`))}
		}},
		{"is no name at all", func(_ *ruleset.Table, r *ruleset.Rule) {
			r.Body = []ruleset.Stmt{ruleset.NotIn(ruleset.IIFName, ruleset.Text("*"))}
		}},
		{"the table has no such set", func(_ *ruleset.Table, r *ruleset.Rule) {
			r.Body = []ruleset.Stmt{&ruleset.Lookup{Key: []ruleset.Expr{ruleset.Dport}, Set: "no"}}
		}},
		{"fields of other types", func(_ *ruleset.Table, r *ruleset.Rule) {
			r.Body = []ruleset.Stmt{&ruleset.Lookup{Key: []ruleset.Expr{ruleset.IPSaddr}, Set: "ok"}}
		}},
		{"the table has no such chain", func(_ *ruleset.Table, r *ruleset.Rule) { r.Body = []ruleset.Stmt{ruleset.Jump("no")} }},
		{"something behind the verdict", func(_ *ruleset.Table, r *ruleset.Rule) { r.Body = []ruleset.Stmt{ruleset.Drop, ruleset.Accept} }},
		{"the log prefix", func(_ *ruleset.Table, r *ruleset.Rule) { r.Body = []ruleset.Stmt{&ruleset.Log{Prefix: "a $b"}} }},
		{"a rate per \"fortnight\"", func(_ *ruleset.Table, r *ruleset.Rule) {
			r.Body = []ruleset.Stmt{&ruleset.Limit{Rate: 1, Unit: "fortnight"}}
		}},
		{"the unknown text", func(_ *ruleset.Table, r *ruleset.Rule) { r.Body = []ruleset.Stmt{&ruleset.Opaque{Text: "accept\n}"}} }},
		{"an assignment to ct state", func(_ *ruleset.Table, r *ruleset.Rule) {
			r.Body = []ruleset.Stmt{&ruleset.SetField{Field: ruleset.CTState, Value: ruleset.Num(2)}}
		}},
		{"a meter in ok", func(_ *ruleset.Table, r *ruleset.Rule) {
			r.Body = []ruleset.Stmt{&ruleset.Meter{Set: "ok", Key: []ruleset.MeterKey{{Field: ruleset.Dport}}, Limit: ruleset.Limit{Rate: 1, Unit: "day"}}}
		}},
		{"dnat to nothing", func(_ *ruleset.Table, r *ruleset.Rule) { r.Body = []ruleset.Stmt{&ruleset.NAT{Kind: ruleset.DNAT}} }},
		{"a range or wildcard", func(t *ruleset.Table, _ *ruleset.Rule) {
			t.Sets = []*ruleset.Set{{Name: "s", Key: []ruleset.Expr{ruleset.Dport}, Elems: []ruleset.Elem{{Key: []ruleset.Term{ruleset.Range(1, 2)}, Origin: at}}}}
		}},
		{"of another type than the map's", func(t *ruleset.Table, _ *ruleset.Rule) {
			t.Sets = []*ruleset.Set{{Name: "s", Key: []ruleset.Expr{ruleset.Dport}, Verdicts: true, Elems: []ruleset.Elem{{Key: []ruleset.Term{ruleset.Num(1)}, Origin: at}}}}
		}},
		{"that chain \"c\" exists and must not exist", func(t *ruleset.Table, _ *ruleset.Rule) {
			t.Absent = []*ruleset.Chain{{Name: "c", Base: &ruleset.Base{Type: "filter"}, Origin: at}}
		}},
	}
	for _, tt := range tests {
		r := &ruleset.Rule{Body: []ruleset.Stmt{ruleset.Accept}, Origin: at}
		rs := tableOf(&ruleset.Chain{Name: "c", Rules: []*ruleset.Rule{r}, Origin: at})
		rs.Tables[0].Origin, rs.Tables[0].Sets = at, []*ruleset.Set{ok}
		tt.change(rs.Tables[0], r)
		for _, w := range []interface {
			Write(*ruleset.Ruleset) ([]byte, []*diag.Diagnostic)
		}{Text{}, JSON{}} {
			text, mistakes := w.Write(rs)
			if text != nil {
				t.Errorf("%s: there is a text: %s", tt.want, text)
			}
			if len(mistakes) == 0 || !strings.Contains(mistakes[0].Message, tt.want) || mistakes[0].Code != "LW090" || mistakes[0].Span.FileLine() != "policy.low:2" {
				t.Errorf("want %q, got %+v", tt.want, mistakes)
			}
		}
	}
}

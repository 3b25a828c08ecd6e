package iptables

import (
	"bytes"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestGolden(t *testing.T) {
	for _, f := range families {
		text, _ := Restore{Family: f}.Write(full(f))
		path := filepath.Join("testdata", "full."+f.String()+".rules")
		if *update {
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(text, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", path, text, want)
		}
	}
}

func num(n uint64) ruleset.Term { return ruleset.Num(n) }

// Rules whose text differs from the model's order or words, and why.
func TestRule(t *testing.T) {
	tcp := ruleset.In(ruleset.L4Proto, num(6))
	addr := netip.MustParseAddr("10.0.0.1")
	tests := []struct {
		body []ruleset.Stmt
		want string
	}{
		// Addresses, interfaces and the protocol come first, in any case.
		{[]ruleset.Stmt{ruleset.Any(ruleset.CTState, ruleset.StateNew), tcp, ruleset.In(ruleset.IIFName, ruleset.Text("ppp*")), ruleset.Return},
			`-p tcp -i ppp+ -m conntrack --ctstate NEW -j RETURN`},
		// --ctstate beside other options of conntrack would let untracked packets through.
		{[]ruleset.Stmt{ruleset.In(ruleset.CTDirection, num(0)), ruleset.None(ruleset.CTState, ruleset.StateNew), ruleset.In(ruleset.CTOrigDaddr, ruleset.Addr(addr))},
			`-m conntrack --ctdir ORIGINAL -m conntrack ! --ctstate NEW -m conntrack --ctorigdst 10.0.0.1`},
		// A packet without a connection has no status and no label.
		{[]ruleset.Stmt{ruleset.None(ruleset.CTStatus, ruleset.StatusDNAT)}, `-m conntrack ! --ctstate INVALID,UNTRACKED,DNAT`},
		{[]ruleset.Stmt{ruleset.NotIn(ruleset.CTLabel, num(7))}, `-m conntrack ! --ctstate INVALID,UNTRACKED -m connlabel ! --label 7`},
		{[]ruleset.Stmt{ruleset.Any(ruleset.CTStatus, ruleset.StatusAssured)}, `-m conntrack --ctstatus ASSURED`},
		{[]ruleset.Stmt{tcp, ruleset.In(ruleset.Dport, num(80)), ruleset.In(ruleset.Sport, ruleset.Range(1, 9))}, `-p tcp -m tcp --dport 80 --sport 1:9`},
		{[]ruleset.Stmt{tcp, ruleset.NotIn(ruleset.Dport, num(80), ruleset.Range(1, 9))}, `-p tcp -m multiport ! --dports 80,1:9`},
		{[]ruleset.Stmt{ruleset.In(ruleset.ICMPType, num(3)), ruleset.In(ruleset.ICMPCode, num(4))}, `-p icmp -m icmp --icmp-type 3/4`},
		{[]ruleset.Stmt{ruleset.In(ruleset.ICMPCode, num(4)), ruleset.In(ruleset.ICMPType, num(3))}, `-p icmp -m icmp --icmp-type 3/4`},
		{[]ruleset.Stmt{ruleset.In(ruleset.ICMPType, ruleset.Range(0, 255))}, `-p icmp`},
		{[]ruleset.Stmt{ruleset.Any(ruleset.TCPFlags, 6)}, `-p tcp -m tcp ! --tcp-flags SYN,RST NONE`},
		{[]ruleset.Stmt{&ruleset.Match{Field: ruleset.TCPFlags, Op: ruleset.OpMask, Mask: ruleset.U128{Lo: 0x17}, Terms: []ruleset.Term{num(2)}}},
			`-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN`},
		{[]ruleset.Stmt{ruleset.Any(ruleset.MetaMark, 6)}, `-m mark ! --mark 0x0/0x6`},
		{[]ruleset.Stmt{ruleset.Any(ruleset.IPFrag, 0x1fff)}, `-f`},
		{[]ruleset.Stmt{ruleset.In(ruleset.IPSaddr, ruleset.AddrRange(addr, addr.Next().Next()))}, `-m iprange --src-range 10.0.0.1-10.0.0.3`},
		{[]ruleset.Stmt{ruleset.In(ruleset.IPSaddr, ruleset.Range(0, 0xffffffff))}, ``},
		{[]ruleset.Stmt{ruleset.In(ruleset.NFProto, num(ruleset.NFProtoIPv4)), ruleset.Accept}, `-j ACCEPT`},
		{[]ruleset.Stmt{ruleset.In(ruleset.IIFName, ruleset.Text("abcdefghijklmno*"))}, `-i abcdefghijklmno`},
		{[]ruleset.Stmt{ruleset.In(ruleset.IIFName, ruleset.Text(`-t'0`))}, `-i "-t'0"`},
		{[]ruleset.Stmt{&ruleset.Reject{With: ruleset.RejectTCPReset}}, `-p tcp -j REJECT --reject-with tcp-reset`},
		{[]ruleset.Stmt{&ruleset.Meter{Set: "m", Limit: ruleset.Limit{Rate: 7, Unit: "hour", Burst: 3}}},
			`-m hashlimit --hashlimit-upto 7/hour --hashlimit-burst 3 --hashlimit-htable-size 1 --hashlimit-htable-expire 1543858 --hashlimit-name "m"`},
		{[]ruleset.Stmt{&ruleset.SetField{Field: ruleset.CTLabel, Value: num(126)}, ruleset.Return}, `-m connlabel --label 126 --set -j RETURN`},
		{[]ruleset.Stmt{ruleset.Goto("LOWARD-X")}, `-g LOWARD-X`},
		{[]ruleset.Stmt{&ruleset.Log{Prefix: `a "b" \ `}}, `-j LOG --log-prefix "a \"b\" \\ "`},
	}
	for _, tt := range tests {
		text, mistakes := Restore{Family: ruleset.IP}.Write(tableOf(ruleset.IP, "filter", &ruleset.Rule{Body: tt.body}))
		if len(mistakes) > 0 {
			t.Errorf("want %s: %s", tt.want, mistakes[0].Message)
		}
		_, got, _ := strings.Cut(string(text), "-A LOWARD-X")
		got, _, _ = strings.Cut(got, "\n")
		if got = strings.TrimPrefix(got, " "); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// What can't be said in one rule is refused where it stands.
func TestUnsupported(t *testing.T) {
	file := diag.NewFile("policy.low", []byte("first\nsecond\n"))
	at := file.Span(6, 12)
	tcp := ruleset.In(ruleset.L4Proto, num(6))
	var sixteen []ruleset.Term
	for n := range uint64(8) {
		sixteen = append(sixteen, ruleset.Range(10*n, 10*n+1))
	}
	limit := func(rate int, unit string, burst int) ruleset.Stmt {
		return &ruleset.Limit{Rate: rate, Unit: unit, Burst: burst}
	}
	tests := []struct {
		want   string
		family ruleset.Family
		table  string
		body   []ruleset.Stmt
	}{
		{"more than 15 ports", ruleset.IP, "filter", []ruleset.Stmt{tcp, ruleset.In(ruleset.Dport, sixteen...)}},
		{"a port without the one protocol", ruleset.IP, "filter", []ruleset.Stmt{ruleset.In(ruleset.Dport, num(1))}},
		{"a connection's port without", ruleset.IP, "filter", []ruleset.Stmt{ruleset.In(ruleset.CTOrigDport, num(1))}},
		{"several values", ruleset.IP, "filter", []ruleset.Stmt{ruleset.In(ruleset.IIFName, ruleset.Text("a"), ruleset.Text("b"))}},
		{"several values", ruleset.IP, "filter", []ruleset.Stmt{ruleset.In(ruleset.L4Proto, num(6), num(17))}},
		{"behind a limit", ruleset.IP, "filter", []ruleset.Stmt{limit(1, "second", 1), tcp}},
		{"-i twice", ruleset.IP, "filter", []ruleset.Stmt{ruleset.In(ruleset.IIFName, ruleset.Text("a")), ruleset.NotIn(ruleset.IIFName, ruleset.Text("b"))}},
		{"a + at the end", ruleset.IP, "filter", []ruleset.Stmt{ruleset.In(ruleset.IIFName, ruleset.Text("eth+"))}},
		{"of nobody", ruleset.IP, "filter", []ruleset.Stmt{ruleset.NotIn(ruleset.SKUID, ruleset.Text("mail"))}},
		{"a range of ct original ip daddr", ruleset.IP, "filter", []ruleset.Stmt{ruleset.In(ruleset.CTOrigDaddr, ruleset.Range(1, 6))}},
		{"of the other family", ruleset.IP6, "filter", []ruleset.Stmt{ruleset.In(ruleset.IPSaddr, num(1))}},
		{"a rule for the other family", ruleset.IP6, "filter", []ruleset.Stmt{ruleset.In(ruleset.NFProto, num(ruleset.NFProtoIPv4))}},
		{"these values of fib daddr type", ruleset.IP6, "filter", []ruleset.Stmt{ruleset.In(ruleset.FibDaddrType, num(ruleset.AddrLocal), num(ruleset.AddrMulticast))}},
		{"a lookup in the set s", ruleset.IP, "filter", []ruleset.Stmt{&ruleset.Lookup{Set: "s"}}},
		{"a verdict map", ruleset.IP, "filter", []ruleset.Stmt{&ruleset.VMap{}}},
		{"behind the target", ruleset.IP, "filter", []ruleset.Stmt{&ruleset.Log{}, ruleset.Drop}},
		{"no such chain of ours", ruleset.IP, "filter", []ruleset.Stmt{ruleset.Jump("LOWARD-Y")}},
		{"reject in the table nat", ruleset.IP, "nat", []ruleset.Stmt{&ruleset.Reject{}}},
		{"dnat in the table filter", ruleset.IP, "filter", []ruleset.Stmt{&ruleset.NAT{Kind: ruleset.DNAT, Lo: netip.MustParseAddr("10.0.0.1")}}},
		{"to a port without", ruleset.IP, "nat", []ruleset.Stmt{&ruleset.NAT{Kind: ruleset.DNAT, Lo: netip.MustParseAddr("10.0.0.1"), PortLo: 7}}},
		{"by a map", ruleset.IP, "nat", []ruleset.Stmt{&ruleset.NAT{Kind: ruleset.DNAT, Map: "m"}}},
		{"a log prefix of 30 bytes", ruleset.IP, "filter", []ruleset.Stmt{&ruleset.Log{Prefix: strings.Repeat("x", 30)}}},
		{"a rate per week", ruleset.IP, "filter", []ruleset.Stmt{limit(1, "week", 1)}},
		{"a limit of 20000/second", ruleset.IP, "filter", []ruleset.Stmt{limit(20000, "second", 1)}},
		{"more than a day", ruleset.IP, "filter", []ruleset.Stmt{limit(1, "day", 2)}},
		{"more than a day", ruleset.IP, "filter", []ruleset.Stmt{limit(7, "hour", 10000)}},
		{"under a mask that", ruleset.IP, "filter", []ruleset.Stmt{&ruleset.Meter{Set: "m", Key: []ruleset.MeterKey{{Field: ruleset.IPSaddr, Mask: ruleset.U128{Lo: 5}}}, Limit: ruleset.Limit{Rate: 1, Unit: "second"}}}},
		{"a character", ruleset.IP, "filter", []ruleset.Stmt{ruleset.In(ruleset.IIFName, ruleset.Text(`a"b`))}},
		{"the table \"x\"", ruleset.IP, "x", nil},
	}
	for _, tt := range tests {
		rs := tableOf(tt.family, tt.table, &ruleset.Rule{Body: tt.body, Origin: at})
		rs.Tables[0].Origin = at
		text, mistakes := Restore{Family: tt.family}.Write(rs)
		if text != nil {
			t.Errorf("%s: there is a text: %s", tt.want, text)
		}
		if len(mistakes) == 0 || !strings.Contains(mistakes[0].Message, tt.want) || mistakes[0].Code != "LW090" || mistakes[0].Span.FileLine() != "policy.low:2" {
			t.Errorf("want %q, got %+v", tt.want, mistakes)
		}
	}
}

// Own chains are replaced, others' rules stay, and Reload adds no second jump.
func TestReload(t *testing.T) {
	for _, f := range families {
		once, _ := Restore{Family: f}.Write(loadable(t, f))
		again, _ := Restore{Family: f, Reload: true}.Write(loadable(t, f))
		for _, variant := range []string{"legacy", "nft"} {
			tool := Restore{Family: f}.Name() + "-" + variant
			script := fmt.Sprintf(`T=%s
$T -N f2b-sshd; $T -A f2b-sshd -j RETURN; $T -A INPUT -j f2b-sshd; $T -P FORWARD DROP
$T-restore --noflush <once
$T -A LOWARD-INPUT -j DROP
$T-restore --noflush <again
$T-save -t filter | grep -v '^#' >first
$T-restore --noflush <again
$T-save -t filter | grep -v '^#' >second
sed -i 's/\[.*\]//' first second
cmp first second
$T -S INPUT; $T -S FORWARD; $T -S LOWARD-INPUT; $T -S f2b-sshd`, tool)
			out, err := kernel.Script(t, script, map[string][]byte{"once": once, "again": again}, tool)
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			want := "-P INPUT ACCEPT\n-A INPUT -j LOWARD-INPUT\n-A INPUT -j f2b-sshd\n-P FORWARD DROP\n" +
				"-N LOWARD-INPUT\n-A LOWARD-INPUT -m comment --comment \"rule policy.low:7\" -g LOWARD-s-dns\n-N f2b-sshd\n-A f2b-sshd -j RETURN\n"
			if out != want {
				t.Errorf("%s: got\n%s\nwant\n%s", tool, out, want)
			}
		}
	}
}

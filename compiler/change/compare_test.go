package change_test

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/change"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/resolve"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

var update = flag.Bool("update", false, "rewrite the golden file")

const golden = "testdata/classes.golden"

// cases are rules of the input chain, unless they name another one, before and after.
func cases() []struct{ name, chain, old, new string } {
	const in = "input"
	return []struct{ name, chain, old, new string }{
		{"nothing", in, "tcp dport 22 accept", "tcp dport ssh accept"},
		{"order", in, "tcp dport 22 accept; udp dport 53 accept", "udp dport 53 accept; tcp dport 22 accept"},
		{"a port", in, "tcp dport 22 accept", "tcp dport { 22, 80 } accept"},
		{"another port", in, "tcp dport 22 accept", "tcp dport 2222 accept"},
		{"ports and ranges", in, "", "tcp dport { 80, 443, 8000-8010 } accept"},
		{"both transports", in, "", "meta l4proto { tcp, udp } th dport 53 accept"},
		{"one interface", in, "", `iifname "wan0" tcp dport 22 accept`},
		{"all but one interface", in, "", `iifname != "wan0" tcp dport 22 accept`},
		{"interfaces by their stem", in, "", `iifname "lan*" tcp dport 22 accept`},
		{"a source", in, "", "ip saddr 10.0.0.0/24 tcp dport 22 accept"},
		{"sources of both families", in, "", "ip saddr 10.0.0.0/24 tcp dport 22 accept; ip6 saddr fd00::/64 tcp dport 22 accept"},
		{"all but a source", in, "", "ip saddr != 10.0.0.0/24 tcp dport 22 accept"},
		{"one family", in, "", "meta nfproto ipv4 tcp dport 22 accept"},
		{"ping", in, "", "icmp type 8 accept; icmpv6 type 128 accept"},
		{"a destination", in, "", "ip daddr 10.53.53.53 udp dport 53 accept"},
		{"reject instead of drop", in, "", "tcp dport 113 reject"},
		{"everything", in, "", "accept"},
		{"a rate", in, "tcp dport 22 accept", "tcp dport 22 limit rate 5/second accept"},
		{"the same rate", in, "tcp dport 22 limit rate 5/second accept", "udp dport 53 drop; tcp dport 22 limit rate 5/second accept"},
		{"another rate", in, "tcp dport 22 limit rate 5/second accept", "tcp dport 22 limit rate 50/second accept"},
		{"replies", in, "ct state established accept", ""},
		{"states", in, "ct state established,related accept", "ct state established accept"},
		{"a flag", in, "tcp dport 22 accept", "tcp flags & (fin|syn|rst|ack) == syn tcp dport 22 accept"},
		{"a user", "output", "", "meta skuid 1001 tcp dport 25 drop"},
		{"to itself", "output", "", `oifname "lo" tcp dport 5432 reject`},
		{"to others", "output", "", `oifname "wan0" tcp dport 25 drop`},
		{"through", "forward", "", `iifname "lan0" oifname "wan0" drop`},
		{"a target", "prerouting", `iifname "wan0" tcp dport 80 dnat ip to 10.0.0.2:80`, `iifname "wan0" tcp dport 80 dnat ip to 10.0.0.3:80`},
		{"masquerade", "postrouting", "", `oifname "wan0" ip saddr 10.0.0.0/8 masquerade`},
	}
}

func read(t *testing.T, chain, rules string) *ruleset.Ruleset {
	t.Helper()
	kind, policy := "filter", "accept"
	switch chain {
	case "input":
		policy = "drop"
	case "prerouting", "postrouting":
		kind = "nat"
	}
	text := fmt.Sprintf("table inet t {\n\tchain c {\n\t\ttype %s hook %s priority 0; policy %s;\n%s\n\t}\n}\n", kind, chain, policy, strings.ReplaceAll(rules, "; ", "\n"))
	var l diag.List
	rs := nft.Read(diag.NewFile("in", []byte(text)), nft.Options{}, &l)
	if l.Errors() > 0 {
		t.Fatalf("%s: %s\n%s", chain, l.All[0].Message, text)
	}
	return rs
}

func machine() *host.Host {
	h := host.New()
	h.Add("lo", netip.MustParsePrefix("10.53.53.53/32"))
	h.Add("wan0", netip.MustParsePrefix("203.0.113.1/24"), netip.MustParsePrefix("2001:db8:1::1/64"))
	h.Add("lan0", netip.MustParsePrefix("10.0.0.1/24"), netip.MustParsePrefix("fd00::1/64"))
	h.Sysctls = map[string]string{"ipv4.ip_forward": "1", "ipv6.conf.all.forwarding": "1"}
	return h
}

// Classes are few and say what a person would: without and with facts of the host, and
// each with a packet for which it holds.
func TestClasses(t *testing.T) {
	var b strings.Builder
	for _, c := range cases() {
		for _, h := range []*host.Host{nil, machine()} {
			q := change.Question{Old: read(t, c.chain, c.old), New: read(t, c.chain, c.new), Host: h, V4: true, V6: true, Max: 50}
			fmt.Fprintf(&b, "%s%s\n", c.name, map[bool]string{true: "", false: ", with facts"}[h == nil])
			a := change.Compare(q)
			if len(a.Open) > 0 || !a.Complete {
				t.Errorf("%s: %v", c.name, a.Open)
			}
			for _, class := range a.Classes {
				w := q.Send(class)
				if w.Wrong {
					t.Errorf("%s: %s: %s is %s and then %s", c.name, class, class.Phrase(), w.Old.Verdict, w.New.Verdict)
				}
				var l diag.List
				if resolve.Packet(diag.NewFile("packet", []byte(class.Phrase())), &l); l.Errors() > 0 {
					t.Errorf("%s: trace does not take %s: %s", c.name, class.Phrase(), l.All[0].Message)
				}
				fmt.Fprintf(&b, "\t%s\n\t\t%s\n", class, class.Phrase())
			}
		}
	}
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		t.Errorf("not what %s has:\n%s", golden, got)
	}
}

// Where there are more than may be shown it is said, and what is shown is right.
func TestMax(t *testing.T) {
	var rules []string
	for i := range 40 {
		rules = append(rules, fmt.Sprintf("ip saddr 10.%d.0.0/16 tcp dport %d accept", i, 1000+i))
	}
	q := change.Question{Old: read(t, "input", ""), New: read(t, "input", strings.Join(rules, "; ")), V4: true, Max: 10}
	a := change.Compare(q)
	if len(a.Classes) != 20 || // from itself, and from others
		a.Complete || !a.Certain() {
		t.Errorf("%d classes, complete: %v", len(a.Classes), a.Complete)
	}
}

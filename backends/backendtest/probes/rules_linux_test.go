package probes

import (
	"context"
	"fmt"
	"github.com/loward/loward/backends/lab"
	"strings"
	"testing"
	"time"
)

// rules is a hand-written ruleset with the same meaning in each loader's text.
type rules struct {
	nft       string
	four, six string
}

func (r rules) load(t *testing.T, l *lab.Lab, node, loader string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if loader != "nft" && strings.Contains(r.four, "-owner") && !lab.OtherUsers() {
		t.Skip("SKIPPED: the kernel takes no owner rules of iptables in a user namespace with one user")
	}
	var err error
	switch loader {
	case "nft":
		err = l.LoadNFT(ctx, node, r.nft)
	case "iptables-nft":
		err = l.LoadIPTables(ctx, node, lab.NFT, r.four, r.six)
	case "iptables-legacy":
		err = l.LoadIPTables(ctx, node, lab.Legacy, r.four, r.six)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func loaders() []string { return []string{"nft", "iptables-nft", "iptables-legacy"} }

// verdictRules: every way in which a packet can be lost or refused.
func verdictRules() rules {
	iptables := func(unreachable, icmp, echo, own string) string {
		return fmt.Sprintf(`*filter
-A INPUT -p tcp --dport 101 -j DROP
-A INPUT -p tcp --dport 102 -j REJECT --reject-with tcp-reset
-A INPUT -p tcp --dport 103 -j REJECT --reject-with %[1]s
-A INPUT -p udp --dport 101 -j DROP
-A INPUT -p udp --dport 102 -j REJECT
-A INPUT -p udp --dport 103 -j REJECT --reject-with %[1]s
-A INPUT -p sctp --dport 101 -j DROP
-A INPUT -p sctp --dport 102 -j REJECT
-A INPUT -p gre -j DROP
-A INPUT -p esp -j REJECT
-A INPUT -p ospf -j REJECT
-A INPUT -p vrrp -j REJECT
-A INPUT -p %[2]s --%[3]s -m mark ! --mark 7 -m limit --limit 1/s --limit-burst 5 -j RETURN
-A INPUT -p %[2]s --%[3]s -m mark ! --mark 7 -j DROP
-A INPUT ! -i lo -s %[4]s -j DROP
-A INPUT -p tcp --dport 104 --syn -m limit --limit 6/minute --limit-burst 4 -j RETURN
-A INPUT -p tcp --dport 104 --syn -j REJECT --reject-with tcp-reset
-A INPUT -p udp --dport 104 -m state --state NEW -m limit --limit 6/minute --limit-burst 4 -j RETURN
-A INPUT -p udp --dport 104 -m state --state NEW -j DROP
-A INPUT -p tcp --dport 111 ! --syn -m state --state ESTABLISHED -m length --length 400:65535 -j DROP
-A OUTPUT -p tcp --dport 105 -m owner --uid-owner nobody -j REJECT --reject-with tcp-reset
-A OUTPUT -p udp --dport 105 -m owner --uid-owner nobody -j DROP
-A OUTPUT -p udp --dport 106 -m owner --uid-owner nobody -j REJECT
-A OUTPUT -p tcp --dport 107 -m owner --gid-owner mail -j REJECT --reject-with tcp-reset
-A OUTPUT -p tcp --dport 108 -j DROP
-A OUTPUT -p %[2]s --%[3]s -m owner --uid-owner nobody -j REJECT --reject-with %[1]s
-A OUTPUT -p udp --sport 109 -j DROP
-A OUTPUT -p tcp --sport 110 --tcp-flags SYN,ACK SYN,ACK -j DROP
-A FORWARD -p tcp --dport 101 -j DROP
-A FORWARD -p tcp --dport 102 -j REJECT --reject-with %[1]s
-A FORWARD -p udp -m conntrack --ctstate NEW --ctorigdstport 103 -j REJECT
COMMIT
`, unreachable, icmp, echo, own)
	}
	return rules{
		nft: `table inet hand {
	chain input {
		type filter hook input priority 0; policy accept;
		tcp dport 101 drop
		tcp dport 102 reject with tcp reset
		tcp dport 103 reject with icmpx type admin-prohibited
		udp dport 101 drop
		udp dport 102 reject
		udp dport 103 reject with icmpx type admin-prohibited
		sctp dport 101 drop
		sctp dport 102 reject
		meta l4proto gre drop
		meta l4proto { esp, 89, vrrp } reject
		meta mark != 7 icmp type echo-request limit rate 1/second burst 5 packets accept
		meta mark != 7 icmp type echo-request drop
		meta mark != 7 icmpv6 type echo-request limit rate 1/second burst 5 packets accept
		meta mark != 7 icmpv6 type echo-request drop
		iif != lo ip saddr { 10.10.0.1, 127.0.0.0/8 } drop
		iif != lo ip6 saddr fd00:1::1 drop
		meta nfproto ipv4 tcp dport 104 ct state new limit rate 6/minute burst 4 packets accept
		meta nfproto ipv6 tcp dport 104 ct state new limit rate 6/minute burst 4 packets accept
		tcp dport 104 ct state new reject with tcp reset
		meta nfproto ipv4 udp dport 104 ct state new limit rate 6/minute burst 4 packets accept
		meta nfproto ipv6 udp dport 104 ct state new limit rate 6/minute burst 4 packets accept
		udp dport 104 ct state new drop
		tcp dport 111 ct state established meta length 400-65535 drop
	}
	chain output {
		type filter hook output priority 0; policy accept;
		tcp dport 105 skuid nobody reject with tcp reset
		udp dport 105 skuid nobody drop
		udp dport 106 skuid nobody reject
		tcp dport 107 skgid mail reject with tcp reset
		tcp dport 108 drop
		icmp type echo-request skuid nobody reject with icmpx type admin-prohibited
		icmpv6 type echo-request skuid nobody reject with icmpx type admin-prohibited
		udp sport 109 drop
		tcp sport 110 tcp flags & (syn | ack) == syn | ack drop
	}
	chain forward {
		type filter hook forward priority 0; policy accept;
		tcp dport 101 drop
		tcp dport 102 reject with icmpx type admin-prohibited
		udp dport 103 ct state new reject
	}
}
`,
		four: strings.Replace(iptables("icmp-admin-prohibited", "icmp", "icmp-type echo-request", "10.10.0.1"),
			"-A INPUT ! -i lo", "-A INPUT ! -i lo -s 127.0.0.0/8 -j DROP\n-A INPUT ! -i lo", 1),
		six: iptables("icmp6-adm-prohibited", "icmpv6", "icmpv6-type echo-request", "fd00:1::1"),
	}
}

const verdictScript = `lab router
probe lan0 tcp to 10.10.0.1:100 -> accept
probe lan0 tcp to 10.10.0.1:101 -> drop
probe lan0 tcp to 10.10.0.1:102 -> reject
probe lan0 tcp to 10.10.0.1:103 -> reject
probe lan1 tcp to [fd00:1::1]:100 -> accept
probe lan1 tcp to [fd00:1::1]:101 -> drop
probe lan1 tcp to [fd00:1::1]:102 -> reject
probe lan1 tcp to [fd00:1::1]:103 -> reject
probe lan0 udp to 10.10.0.1:100 -> accept
probe lan0 udp to 10.10.0.1:101 -> drop
probe lan0 udp to 10.10.0.1:102 -> reject
probe lan0 udp to 10.10.0.1:103 -> reject
probe lan1 udp to [fd00:1::1]:101 -> drop
probe lan1 udp to [fd00:1::1]:102 -> reject
probe lan1 udp to [fd00:1::1]:103 -> reject
probe lan0 sctp to 10.10.0.1:100 -> accept
probe lan0 sctp to 10.10.0.1:101 -> drop
probe lan0 sctp to 10.10.0.1:102 -> reject
probe lan1 sctp to [fd00:1::1]:102 -> reject
probe lan0 gre to 10.10.0.1 -> drop
probe lan1 gre to fd00:1::1 -> drop
probe lan0 esp to 10.10.0.1 -> reject
probe lan1 esp to fd00:1::1 -> reject
probe lan0 ah to 10.10.0.1 -> accept
probe lan0 ospf to 10.10.0.1 -> reject
probe lan1 ospf to fd00:1::1 -> reject
probe lan0 vrrp to 10.10.0.1 -> reject
probe lan1 vrrp to fd00:1::1 -> reject
probe lan1 ospf to ff02::5%eth0 -> drop
probe lan0 proto 99 to 10.10.0.1 -> accept
probe lan0 udp from 10.10.0.7:68 to 10.10.0.1:67 -> accept
probe self udp from 0.0.0.0:67 to 255.255.255.255%eth0:68 at=lan0 -> accept
probe self udp from 10.10.0.1:67 to 10.10.0.7:68 -> accept
probe self udp from 0.0.0.0:68 to 10.10.0.7:67 -> accept
probe wan udp spoof from 10.10.0.1 to 203.0.113.1:100 -> drop
probe wan udp spoof from 127.0.0.1 to 203.0.113.1:100 -> drop
probe wan tcp spoof from fd00:1::1 to [2001:db8:1::1]:100 -> drop
probe wan udp spoof from fd00:1::1 to [2001:db8:1::1]:100 -> drop
probe wan udp spoof from 203.0.113.1 to 203.0.113.1:100 -> accept
probe self tcp to 10.10.0.1:101 -> drop
probe self tcp to 10.10.0.1:102 -> reject
probe self udp to 10.10.0.1:101 -> drop
probe self udp to [::1]:102 -> reject
probe self tcp user nobody to 127.0.0.1:105 -> reject
probe self tcp user mail to 127.0.0.1:105 -> accept
probe self tcp to [::1]:105 -> accept
probe self tcp user nobody to [::1]:105 -> reject
probe self udp user nobody to 127.0.0.1:105 -> drop
probe self udp user nobody to [::1]:106 -> reject
probe self udp user nobody to 10.10.0.7:106 -> reject
probe self udp user daemon to 127.0.0.1:106 -> accept
probe self tcp user mail to 127.0.0.1:107 -> reject
probe self tcp group mail to [::1]:107 -> reject
probe self tcp user daemon group mail to 10.10.0.7:107 -> reject
probe self tcp user daemon to 127.0.0.1:107 -> accept
probe self tcp to 10.10.0.7:108 -> drop
probe self ping user nobody to 10.10.0.7 -> reject
probe self ping user daemon to 10.10.0.7 -> accept
probe self ping user nobody to fd00:1::7 -> reject
probe lan0 tcp to 10.10.1.7:101 -> drop
probe lan0 tcp to 10.10.1.7:102 -> reject
probe lan0 udp to 10.10.1.7:103 -> reject
probe wan tcp to [fd00:1::7]:101 -> drop
probe wan tcp to [fd00:1::7]:102 -> reject
`

func TestVerdicts(t *testing.T) {
	for _, loader := range loaders() {
		t.Run(loader, func(t *testing.T) {
			t.Parallel()
			l, s := mustBuild(t, verdictScript)
			verdictRules().load(t, l, "self", loader)
			demand(t, l, s)
		})
	}
}

// TestCounts: limits, which need a fresh lab each (the script of one limit has
// one lab here).
func TestCounts(t *testing.T) {
	for _, line := range []string{
		"probe lan0 tcp count=10 pass=4 to 10.10.0.1:104 -> reject",
		"probe lan1 tcp count=10 pass=4 to [fd00:1::1]:104 -> reject",
		"probe lan0 udp count=10 pass=4 to 10.10.0.1:104 -> drop",
		"probe lan0 ping count=10 pass=5..6 to 10.10.0.1 -> drop",
		"probe lan1 ping count=10 pass=5..6 to fd00:1::1 -> drop",
		"probe lan0 sctp count=5 pass=0 to 10.10.0.1:102 -> reject",
		"probe lan0 gre count=5 pass=0 to 10.10.0.1 -> drop",
		"probe lan0 ah count=5 pass=5 to 10.10.0.1 -> accept",
		"probe lan0 udp count=5 pass=0 to 10.10.0.1:102 -> reject",
		"probe lan0 sctp count=5 pass=5 to 10.10.0.1:100 -> accept",
		// The mark is still there when the packet comes in by lo.
		"probe self ping mark=7 count=20 pass=20 to 10.10.0.1 -> accept",
		"probe self ping count=20 pass=5..6 to 10.10.0.1 -> drop",
		// A connection that was let in is not counted again: 300 segments.
		"probe lan0 tcp bytes=150000 to 10.10.0.1:104 -> accept",
	} {
		for _, loader := range loaders() {
			t.Run(loader, func(t *testing.T) {
				t.Parallel()
				l, s := mustBuild(t, "lab router\n"+line+"\n")
				verdictRules().load(t, l, "self", loader)
				demand(t, l, s)
			})
		}
	}
}

// TestOnTheWire: fragments are fragments, and errors about packets that are too
// big are lost where they are dropped.
func TestOnTheWire(t *testing.T) {
	l, s := mustBuild(t, `lab router
probe lan0 udp to 10.10.0.1:53 -> accept
probe lan0 udp frag to 10.10.0.1:53 -> drop
probe lan1 udp to [fd00:1::1]:53 -> accept
probe lan1 udp frag to [fd00:1::1]:53 -> drop
probe lan0 ping frag to 10.10.0.1 -> drop
probe lan1 ping frag to fd00:1::1 -> drop
probe lan0 frag-needed to 10.10.0.1:22 -> drop
probe lan1 frag-needed to [fd00:1::1]:22 -> drop
probe self frag-needed to 198.51.100.7:443 -> drop
probe self frag-needed to [2001:db8:99::7]:443 -> drop
probe wan frag-needed noconn to 203.0.113.1:22 -> drop
probe wan frag-needed noconn to [2001:db8:1::1]:22 -> drop
`)
	r := rules{nft: `table inet wire {
	chain pre {
		type filter hook prerouting priority -450; policy accept;
		ip frag-off & 0x1fff != 0 drop
		exthdr frag exists drop
		icmp type destination-unreachable icmp code frag-needed drop
		icmpv6 type packet-too-big drop
	}
}
`}
	r.load(t, l, "self", "nft")
	demand(t, l, s)
}

// TestWrongExpectation: the lab notices what is not as expected, and says what it
// saw instead.
func TestWrongExpectation(t *testing.T) {
	l, s := mustBuild(t, `lab router
probe lan0 tcp to 10.10.0.1:101 -> accept
probe lan0 tcp to 10.10.0.1:102 -> drop
probe lan0 tcp to 10.10.0.1:100 -> reject
probe lan0 udp to 10.10.0.1:109 -> drop
probe lan0 tcp to 10.10.0.1:110 -> drop
probe lan0 tcp bytes=2000 to 10.10.0.1:111 -> drop
probe lan0 tcp as=10.10.0.9 to 10.10.0.1:100 -> accept
probe lan0 tcp at=wan to 10.10.0.1:100 -> accept
probe lan0 tcp from 10.9.9.9 to 10.10.0.1:100 -> drop
probe lan0 tcp to [fd00:1::1]:100 -> reject
probe self tcp user no-such-user to 10.10.0.1:100 -> reject
probe lan0 udp count=10 pass=3 to 10.10.0.1:104 -> drop
`)
	verdictRules().load(t, l, "self", "nft")
	want := []string{"drop", "reject", "accept", "half", "half", "half", "other", "other", "error", "error", "error", "4 of 10"}
	for i, r := range l.Probes(context.Background(), s.Probes) {
		if r.OK() || !strings.HasPrefix(r.String(), want[i]) {
			t.Errorf("line %d: %s\n\tok %t, got %s, want %s", r.Probe.Line, r.Probe.Text, r.OK(), r, want[i])
		}
	}
}

// TestRefusedByKernel: a reset that does not come from a rule is not taken for a
// firewall's.
func TestRefusedByKernel(t *testing.T) {
	l, s := mustBuild(t, "lab router\nprobe lan0 tcp to 10.10.0.1:100 -> reject\n")
	p := *s.Probes[0]
	p.To.Port = 4242 // nothing listens there
	if r := l.Probe(context.Background(), &p); r.Got != lab.Fault || !strings.Contains(r.Detail, "nothing listens") {
		t.Errorf("got %s", r)
	}
}

// TestToolError: what the tool said is in the error.
func TestToolError(t *testing.T) {
	l, _ := mustBuild(t, "lab server\n")
	ctx := context.Background()
	if err := l.LoadNFT(ctx, "self", "table inet x { chain y { nonsense; } }\n"); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("nft: %v", err)
	}
	if err := l.LoadIPTables(ctx, "self", lab.Legacy, "*filter\n-A INPUT -j NOWHERE\nCOMMIT\n", ""); err == nil || !strings.Contains(err.Error(), "line") {
		t.Errorf("iptables: %v", err)
	}
	if err := l.LoadIP(ctx, "self", "addr add nonsense dev lo\n"); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("ip: %v", err)
	}
}

package backendtest

import (
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/convert"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// listings are rulesets of nft; of most the rules of a chain at input, with the
// policy in front.
func listings() []string {
	rules := func(policy string, rules ...string) string {
		return "table ip t {\n chain sub { }\n chain other { }\n chain input {\n type filter hook input priority 0; policy " + policy + ";\n ct state established,related accept\n " + strings.Join(rules, "\n ") + "\n }\n}\n"
	}
	within := func(sub, other string, rules ...string) string {
		return "table ip t {\n chain other {\n " + other + "\n }\n chain sub {\n " + sub + "\n }\n chain input {\n type filter hook input priority 0; policy drop;\n ct state established,related accept\n " + strings.Join(rules, "\n ") + "\n }\n}\n"
	}
	return []string{
		rules("drop", "udp dport 1000 accept"),
		rules("drop", "udp dport != 1000 accept"),
		rules("drop", "udp dport { 1000, 2000 } accept", "tcp dport 1000-1999 accept"),
		rules("drop", "udp dport != { 1000, 2000 } accept"),
		rules("drop", "ip saddr 127.0.0.5 accept"),
		rules("drop", "ip saddr != 127.0.0.5 accept"),
		rules("drop", "ip saddr { 127.0.0.5, 127.1.0.0/16 } udp dport { 1000, 1001 } accept"),
		rules("drop", "ip saddr 127.0.0.3-127.0.0.7 accept"),
		rules("drop", "ip saddr . udp dport { 127.0.0.5 . 1000, 127.0.0.1 . 2000 } accept"),
		rules("drop", "meta l4proto udp accept"),
		rules("drop", "meta l4proto { udp, icmp } accept"),
		rules("drop", "meta l4proto != udp accept"),
		rules("drop", "iifname \"l*\" tcp dport 1000 accept"),
		rules("accept", "iifname != \"lo\" accept", "meta l4proto udp drop"),
		rules("accept", "udp dport 1000 reject", "tcp dport 1000 reject with tcp reset"),
		rules("accept", "udp dport 1000 reject with icmp admin-prohibited"),
		rules("accept", "tcp flags syn / fin,syn,rst,ack drop"),
		rules("accept", "tcp flags & (syn|ack) == syn drop"),
		rules("accept", "icmp type echo-request drop"),
		rules("accept", "icmp type { echo-request, timestamp-request } drop"),
		rules("drop", "udp dport vmap { 1000 : accept, 1001 : drop, 2000 : accept }", "tcp dport 1000 accept"),
		rules("drop", "ip saddr vmap { 127.0.0.1 : accept, 127.0.0.5 : drop }"),
		rules("drop", "ct state new udp dport 1000 accept"),
		rules("drop", "ct state { new, invalid } accept"),
		rules("drop", "ct original ip daddr 127.0.0.2 accept"),
		rules("drop", "ct direction original udp dport 2000 accept"),
		rules("drop", "meta mark set 7", "udp dport 1000 meta mark set 5", "meta mark 5 accept"),
		rules("drop", "ip saddr 127.0.0.5 meta mark set meta mark | 0x10", "meta mark & 0x10 == 0x10 accept"),
		rules("drop", "ct mark set 9", "udp dport 2000 ct mark 9 accept"),
		rules("drop", "fib daddr type local udp dport 1000 accept"),
		rules("drop", "meta length 30-40 accept"),
		rules("drop", "ip ttl > 63 udp dport 1000 accept"),
		rules("drop", "ip dscp 0 udp dport 1000 accept"),
		rules("drop", "limit rate 1000/second burst 1000 packets udp dport 1000 accept"),
		rules("drop", "log prefix \"x\" accept"),
		rules("drop", "counter", "udp dport 1000 counter accept comment \"a b\""),
		rules("drop", "ip saddr & 255.0.255.0 == 127.0.0.0 accept"),
		rules("drop", "th dport 1000 accept"),
		rules("drop", "meta l4proto { tcp, udp } th dport { 1000, 2000 } accept"),
		within("ip saddr 127.0.0.5 return\n drop", "accept", "meta l4proto udp jump sub", "accept"),
		within("ip saddr 127.0.0.5 return\n ip daddr 127.0.0.2 accept", "accept", "meta l4proto udp goto sub", "accept"),
		within("goto other\n accept", "ip saddr 127.0.0.5 accept\n ip saddr 127.0.0.1 return", "meta l4proto udp jump sub", "tcp dport 1000 accept"),
		within("accept", "drop", "udp dport vmap { 1000 : jump sub, 1001 : goto other }", "udp dport 2000 accept"),
		"table inet t {\n set s { type ipv4_addr; flags interval; elements = { 127.0.0.4/30, 127.1.0.9 }; }\n set p { type inet_service; elements = { 1000, 2000 }; }\n chain input {\n type filter hook input priority 0; policy drop;\n ct state established accept\n ip saddr @s udp dport @p accept\n tcp dport @p accept\n }\n}\n",
		"table inet t {\n chain input {\n type filter hook input priority 0; policy accept;\n ip6 saddr ::/0 drop\n udp dport 1001 drop\n }\n chain output {\n type filter hook output priority 0; policy accept;\n oifname \"lo\" udp dport 2000 drop\n meta skuid 0 udp dport 1000 reject\n }\n}\n",
		"table ip t {\n chain out {\n type nat hook output priority -100;\n udp dport 1000 redirect to :2000\n ip daddr 127.0.0.1 udp dport 1001 dnat to 127.0.0.1:2000\n }\n chain input {\n type filter hook input priority 0; policy drop;\n udp dport 2000 accept\n ct state established accept\n }\n}\n",
		"table ip t {\n chain out {\n type nat hook output priority -100;\n dnat to udp dport map { 1000 : 127.0.0.2, 1001 : 127.0.0.1 }\n }\n}\n",
		"table ip t {\n chain raw {\n type filter hook prerouting priority raw;\n udp dport 1000 drop\n }\n chain out {\n type filter hook output priority raw;\n udp dport 2000 notrack\n }\n chain input {\n type filter hook input priority 0;\n ct state untracked drop\n }\n}\n",
		"table ip t {\n chain m {\n type route hook output priority mangle;\n udp dport 1000 meta mark set 3\n }\n chain input {\n type filter hook input priority 0; policy drop;\n meta mark 3 accept\n }\n}\n",
		"table ip t {\n chain post {\n type nat hook postrouting priority 100;\n ip saddr 127.0.0.5 ip daddr 127.0.0.1 udp dport 1000 snat to 127.0.0.9\n }\n chain input {\n type filter hook input priority 0; policy drop;\n ip saddr 127.0.0.9 accept\n }\n}\n",
	}
}

// Each ruleset of nft, loaded as it is and as we translate it to iptables, does the
// same to real packets; and what the model says of the packets is what the kernel
// did.
func TestTranslatedToIptables(t *testing.T) {
	if !alone(t) {
		return
	}
	probes, refused := 0, 0
	for _, text := range listings() {
		var l diag.List
		rs := nft.Read(diag.NewFile("in", []byte(text)), nft.Options{}, &l)
		if l.Errors() > 0 {
			t.Errorf("%s\n%v", text, messages(l.All))
			continue
		}
		tool(t, text, "nft", "-f", "-")
		want := answers(t)
		if len(disagreements(rs, want)) > 0 {
			want = answers(t) // on a busy machine a packet may come late
		}
		tool(t, "flush ruleset\n", "nft", "-f", "-")
		modelled(t, rs, want, text)
		probes += len(want)
		out, mistakes := convert.ToIptables(rs, ruleset.IP)
		if out == nil {
			refused++
			t.Logf("can't be said: %s", messages(mistakes))
			continue
		}
		translated, mistakes := iptables.Save{Family: ruleset.IP}.Write(out)
		if translated == nil {
			t.Errorf("%s\n%v", text, messages(mistakes))
			continue
		}
		tool(t, string(translated), "iptables-nft-restore")
		got := answers(t)
		if !slices.Equal(got, want) {
			got = answers(t)
		}
		tool(t, "flush ruleset\n", "nft", "-f", "-")
		differ(t, want, got, text, string(translated))
		probes += len(got)
	}
	for _, text := range saves() {
		var l diag.List
		rs := iptables.Read(diag.NewFile("in", []byte(text)), ruleset.IP, &l)
		tool(t, text, "iptables-nft-restore")
		want := answers(t)
		if len(disagreements(rs, want)) > 0 {
			want = answers(t)
		}
		tool(t, "flush ruleset\n", "nft", "-f", "-")
		modelled(t, rs, want, text)
		probes += len(want)
	}
	t.Logf("to iptables, and in the model: %d probes; %d can't be said", probes, refused)
	if refused > 2 {
		t.Errorf("%d rulesets can't be said in iptables", refused)
	}
}

// modelled compares what the kernel did with the knocks with what the model says.
func modelled(t *testing.T, rs *ruleset.Ruleset, want []string, text string) {
	t.Helper()
	for _, odd := range disagreements(rs, want) {
		t.Errorf("%s\n%s", odd, text)
	}
}

// disagreements of the kernel and the model about the knocks.
func disagreements(rs *ruleset.Ruleset, want []string) []string {
	var odd []string
	s := path.New(rs, host.New())
	s.Fresh = true
	for i, k := range knocks() {
		st := path.Start{To: netip.AddrPortFrom(netip.MustParseAddr(k.to), uint16(k.dport)), Owner: &packet.Owner{User: "root", Group: "root"}}
		from := netip.MustParseAddr("127.0.0.1")
		if k.from != "" {
			from = netip.MustParseAddr(k.from)
		}
		st.From = netip.AddrPortFrom(from, uint16(k.sport))
		switch k.proto {
		case "udp4":
			st.Proto, st.Length = packet.UDP, 33 // "knock" behind both headers
		case "tcp4":
			st.Proto, st.Length = packet.TCP, 60
		default:
			st.Proto, st.Type, st.Length, st.From = packet.ICMP, 8, 34, netip.AddrPort{}
		}
		r := s.Send(st)
		got := r.Verdict
		if k.proto != "udp4" {
			got = r.Works()
		}
		// To "th dport" an echo request has a port as well: its checksum, which the
		// model does not know.
		ok := false
		switch unknown := k.proto == "ping" && got == path.Undecided; want[i] {
		case "busy":
			ok = true
		case "arrived":
			// At the socket that listens, which a translation may have left.
			ok = got == path.Accept && r.Packet.Dst.String() == k.to && int(r.Packet.Dport) == k.dport
		case "connected", "answered":
			ok = got == path.Accept || unknown
		case "silence":
			// Also where it went to another socket, or nowhere; and where what tells of a
			// refusal was lost itself, which is not followed here.
			ok = unknown || got == path.Drop || got == path.Reject || got == path.Accept && (r.Packet.Dst.String() != k.to || int(r.Packet.Dport) != k.dport)
		default:
			// A drop on the way out is an error of the sender's too; and a port to which
			// a translation leads, and where nobody listens, refuses.
			ok = got == path.Reject || got == path.Drop && outward(r) || got == path.Accept && (r.Packet.Dst.String() != k.to || int(r.Packet.Dport) != k.dport)
		}
		if !ok {
			odd = append(odd, fmt.Sprintf("%+v: the kernel: %s, the model: %s %v %s", k, want[i], got, r.Guesses, r.Why))
		}
	}
	return odd
}

// outward says whether a journey ended before the packet was delivered to lo.
func outward(r *path.Result) bool {
	for i := range r.Legs {
		if h := r.Legs[i].Hook; h != ruleset.Output && h != ruleset.Postrouting {
			return false
		}
	}
	return true
}

// taken loads a ruleset, and says whether the kernel took it.
func taken(t *testing.T, text string) bool {
	t.Helper()
	cmd := exec.Command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Logf("not taken: %s", out)
	}
	return err == nil
}

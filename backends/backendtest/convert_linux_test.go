package backendtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/backends/lab"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/convert"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// inNamespace marks a run of a test in a network namespace of its own.
const inNamespace = "LOWARD_TEST_NAMESPACE"

// alone runs the test again in a network namespace of its own, and says whether
// this is that run.
func alone(t *testing.T) bool {
	t.Helper()
	if os.Getenv(inNamespace) != "" {
		return true
	}
	for _, tool := range []string{"unshare", "nft", "iptables-nft-restore", "iptables-translate", "ip"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: not installed: %s", tool)
		}
	}
	if out, err := exec.Command("unshare", "-n", "true").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: no network namespace can be made here: %v: %s", err, out)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "-n", "--", "sh", "-ec", "ip link set lo up; exec \"$0\" -test.run '^"+t.Name()+"$' -test.v", os.Args[0])
	cmd.Env = append(os.Environ(), inNamespace+"=1", "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, ": ") && strings.Contains(line, "probes") {
			t.Log(strings.TrimSpace(line))
		}
	}
	return false
}

// tool runs a command with standard input.
func tool(t *testing.T, in string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = strings.NewReader(in)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s\n%s", name, args, err, out, in)
	}
	return string(out)
}

// knock is a packet over lo: what became of it is the answer.
type knock struct {
	proto    string
	from, to string
	sport    int
	dport    int
}

func knocks() []knock {
	var all []knock
	for _, from := range []string{"127.0.0.1", "127.0.0.5", "127.1.0.9"} {
		for _, dport := range []int{1000, 1001, 2000} {
			all = append(all, knock{"udp4", from, "127.0.0.1", 0, dport})
		}
		all = append(all, knock{"udp4", from, "127.0.0.2", 3000, 1000}, knock{"udp4", from, "127.0.0.1", 3001, 2000}, knock{"tcp4", from, "127.0.0.1", 0, 1000})
	}
	return append(all, knock{"tcp4", "127.0.0.1", "127.0.0.2", 3100, 2000}, knock{"ping", "", "127.0.0.1", 0, 0}, knock{"ping", "", "127.0.0.2", 0, 0})
}

// answers of the kernel to all knocks.
func answers(t *testing.T) []string {
	t.Helper()
	if err := lab.FlushOwnConntrack(); err != nil {
		t.Fatal(err) // connections of the ruleset before
	}
	var out []string
	for _, k := range knocks() {
		out = append(out, k.ask(t))
	}
	return out
}

// ping an address, and wait a moment for the answer.
func ping(t *testing.T, to string) string {
	t.Helper()
	c, err := net.DialIP("ip4:icmp", nil, &net.IPAddr{IP: net.ParseIP(to)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// Another identifier each time: conntrack remembers the last.
	now := time.Now().UnixNano()
	id, high := byte(now>>10), byte(now>>18)
	echo := []byte{8, 0, 0, 0, high, id, 0, 1, 'k', 'n', 'o', 'c', 'k', 0}
	sum := uint32(0)
	for i := 0; i < len(echo); i += 2 {
		sum += uint32(echo[i])<<8 | uint32(echo[i+1])
	}
	sum = sum>>16 + sum&0xffff
	sum = ^(sum + sum>>16)
	echo[2], echo[3] = byte(sum>>8), byte(sum)
	if _, err := c.Write(echo); err != nil {
		return "silence" // dropped on its way out
	}
	_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	answer := make([]byte, 256)
	for {
		n, _, err := c.ReadFromIP(answer)
		if err != nil {
			return "silence"
		}
		if n >= 8 && answer[0] == 0 && answer[4] == high && answer[5] == id {
			return "answered"
		}
	}
}

func (k knock) ask(t *testing.T) string {
	t.Helper()
	if k.proto == "ping" {
		return ping(t, k.to)
	}
	to := netip.AddrPortFrom(netip.MustParseAddr(k.to), uint16(k.dport))
	from := netip.AddrPortFrom(netip.MustParseAddr(k.from), uint16(k.sport))
	if k.proto == "tcp4" {
		l, err := net.Listen("tcp4", to.String())
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		d := net.Dialer{Timeout: 50 * time.Millisecond, LocalAddr: net.TCPAddrFromAddrPort(from), ControlContext: reuse}
		c, err := d.Dial("tcp4", to.String())
		if err == nil {
			// Closed by a reset: no port stays occupied.
			_ = c.(*net.TCPConn).SetLinger(0)
			c.Close()
			return "connected"
		}
		var e net.Error
		switch {
		case errors.As(err, &e) && e.Timeout():
			return "silence"
		case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, syscall.EADDRNOTAVAIL):
			return "busy" // the port of an earlier connection
		}
		return "refused"
	}
	l, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.DialUDP("udp4", net.UDPAddrFromAddrPort(from), net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, sent := c.Write([]byte("knock"))
	_ = l.SetReadDeadline(time.Now().Add(15 * time.Millisecond))
	if _, _, err := l.ReadFromUDPAddrPort(make([]byte, 16)); err == nil {
		return "arrived"
	}
	// An ICMP error comes back as one of the socket's.
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
	_, err = c.Read(make([]byte, 16))
	var e net.Error
	if sent == nil && errors.As(err, &e) && e.Timeout() {
		return "silence"
	}
	return "refused"
}

// saves are rulesets of iptables; each line of a list one rule of INPUT, with
// the policy in front.
func saves() []string {
	rules := func(policy string, rules ...string) string {
		return "*filter\n:INPUT " + policy + " [0:0]\n:sub - [0:0]\n:other - [0:0]\n-A " + strings.Join(rules, "\n-A ") + "\nCOMMIT\n"
	}
	back := "INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
	return []string{
		rules("DROP", back, "INPUT -p udp -m udp --dport 1000 -j ACCEPT"),
		rules("DROP", back, "INPUT -p udp -m udp ! --dport 1000 -j ACCEPT"),
		rules("DROP", back, "INPUT ! -p udp -j ACCEPT"),
		rules("DROP", back, "INPUT -s 127.0.0.4/30 -j ACCEPT"),
		rules("DROP", back, "INPUT ! -s 127.0.0.4/30 -j ACCEPT"),
		rules("DROP", back, "INPUT -s 127.0.0.5 -d 127.0.0.1 -p udp -j ACCEPT"),
		rules("DROP", back, "INPUT -i l+ -p tcp -j ACCEPT"),
		rules("ACCEPT", back, "INPUT ! -i lo -j ACCEPT", "INPUT -p udp -j DROP"),
		rules("ACCEPT", back, "INPUT -s 127.0.0.0/255.0.255.0 -p udp -j DROP"),
		rules("ACCEPT", back, "INPUT -m iprange --src-range 127.0.0.3-127.0.0.7 -j DROP"),
		rules("ACCEPT", back, "INPUT -m iprange ! --src-range 127.0.0.3-127.0.0.7 -j DROP"),
		rules("ACCEPT", back, "INPUT -p udp -m multiport --dports 1000:1001,4000 -j DROP"),
		rules("ACCEPT", back, "INPUT -p udp -m multiport ! --dports 1000:1001,4000 -j DROP"),
		rules("ACCEPT", back, "INPUT -p udp -m multiport --ports 3000,2000 -j DROP"),
		rules("ACCEPT", back, "INPUT -p udp -m udp --sport 3000:3001 -m udp --dport 1000 -j DROP"),
		rules("ACCEPT", back, "INPUT -p udp -m udp --dport 1001: -j REJECT"),
		rules("ACCEPT", back, "INPUT -p tcp -m tcp --dport 1000 -j REJECT --reject-with tcp-reset", "INPUT -p udp -j REJECT --reject-with icmp-admin-prohibited"),
		rules("ACCEPT", back, "INPUT -p tcp -m tcp --syn -j DROP"),
		rules("ACCEPT", back, "INPUT -p tcp -m tcp ! --tcp-flags SYN,ACK SYN -j DROP"),
		rules("ACCEPT", back, "INPUT -p icmp -m icmp --icmp-type 8 -j DROP"),
		rules("ACCEPT", back, "INPUT -p icmp -m icmp ! --icmp-type 8/0 -j DROP"),
		rules("ACCEPT", back, "INPUT -p icmp -m icmp --icmp-type any -j DROP"),
		// Chains, and the ways back out of them.
		rules("DROP", back, "INPUT -p udp -j sub", "INPUT -j ACCEPT", "sub -s 127.0.0.5 -j RETURN", "sub -j DROP"),
		rules("DROP", back, "INPUT -p udp -g sub", "INPUT -j ACCEPT", "sub -s 127.0.0.5 -j RETURN", "sub -d 127.0.0.2 -j ACCEPT"),
		rules("DROP", back, "INPUT -p udp -j sub", "INPUT -p tcp -j ACCEPT", "sub -g other", "sub -j ACCEPT", "other -s 127.0.0.5 -j ACCEPT", "other -s 127.0.0.1 -j RETURN"),
		// RETURN in a builtin chain is its policy.
		rules("DROP", back, "INPUT -s 127.0.0.5 -j RETURN", "INPUT -j ACCEPT"),
		rules("ACCEPT", back, "INPUT -s 127.0.0.5 -j RETURN", "INPUT -p udp -j DROP"),
		// What only says something, and goes on.
		rules("DROP", back, "INPUT -p udp -j LOG --log-prefix \"x \" --log-level 5 --log-ip-options", "INPUT -p udp", "INPUT -s 127.0.0.5 -j ACCEPT"),
		rules("DROP", back, "INPUT -p udp -j NFLOG --nflog-group 3 --nflog-prefix y", "INPUT -p udp -m comment --comment \"a b\" -j ACCEPT"),
		// Marks, and what looks at them.
		rules("DROP", back, "INPUT -s 127.0.0.5 -j MARK --set-xmark 0x5/0xff", "INPUT -d 127.0.0.2 -j MARK --or-mark 0x10", "INPUT -m mark --mark 0x5/0x5 -j ACCEPT", "INPUT -m mark --mark 0x10/0x10 -j ACCEPT"),
		rules("DROP", back, "INPUT -s 127.0.0.5 -j MARK --set-mark 7", "INPUT -j CONNMARK --save-mark", "INPUT -m connmark --mark 7 -j ACCEPT"),
		rules("DROP", back, "INPUT -j MARK --set-mark 0xf0", "INPUT -s 127.0.0.5 -j MARK --and-mark 0x30", "INPUT -m mark ! --mark 0xf0 -j ACCEPT"),
		// The connection.
		rules("DROP", "INPUT -m state --state NEW -p udp -j ACCEPT"),
		rules("DROP", "INPUT -m conntrack --ctstate NEW --ctorigdst 127.0.0.2 -j ACCEPT", back),
		rules("DROP", back, "INPUT -m conntrack --ctproto udp --ctdir ORIGINAL -j ACCEPT"),
		rules("DROP", back, "INPUT -p udp -m conntrack --ctorigdstport 1001:2000 -j ACCEPT"),
		// Addresses by what they are, length, TTL.
		rules("DROP", back, "INPUT -m addrtype --src-type LOCAL --dst-type LOCAL -p udp -j ACCEPT"),
		rules("DROP", back, "INPUT -m addrtype ! --src-type LOCAL -j ACCEPT", "INPUT -m pkttype --pkt-type unicast -p tcp -j ACCEPT"),
		rules("DROP", back, "INPUT -m length --length 30:40 -j ACCEPT"),
		rules("DROP", back, "INPUT -m ttl --ttl-gt 63 -p udp -j ACCEPT"),
		// A limit that is not exceeded.
		rules("DROP", back, "INPUT -m limit --limit 1000/sec --limit-burst 1000 -p udp -j ACCEPT"),
		// The sender.
		rules("DROP", back, "INPUT -j ACCEPT", "OUTPUT -p udp -m udp --dport 1000 -m owner --uid-owner 0 -j DROP", "OUTPUT -m owner --uid-owner 5000 -j DROP"),
		// Tables besides.
		rules("ACCEPT", back) + "*raw\n-A PREROUTING -p udp -m udp --dport 1000 -j NOTRACK\nCOMMIT\n*mangle\n-A INPUT -m conntrack --ctstate UNTRACKED -j DROP\nCOMMIT\n",
		rules("DROP", back, "INPUT -p udp -m udp --dport 2000 -j ACCEPT") + "*nat\n-A OUTPUT -p udp -d 127.0.0.1 -m udp --dport 1000 -j REDIRECT --to-ports 2000\n-A OUTPUT -p udp -m udp --dport 1001 -j DNAT --to-destination 127.0.0.1:2000\nCOMMIT\n",
		rules("ACCEPT", back) + "*nat\n-A OUTPUT -d 127.0.0.2/32 -p udp -j NETMAP --to 127.0.0.1/32\nCOMMIT\n",
	}
}

// Each ruleset of iptables, loaded by the tool and as we translate it, does the
// same to real packets.
func TestTranslatedToNft(t *testing.T) {
	if !alone(t) {
		return
	}
	probes := 0
	for _, text := range saves() {
		tool(t, text, "iptables-nft-restore")
		want := answers(t)
		tool(t, "flush ruleset\n", "nft", "-f", "-")
		var l diag.List
		rs := iptables.Read(diag.NewFile("in", []byte(text)), ruleset.IP, &l)
		out, mistakes := convert.ToNft(rs, nft.ValidName)
		if out == nil || l.Errors() > 0 {
			t.Errorf("%s\n%v", text, messages(append(l.All, mistakes...)))
			continue
		}
		translated, mistakes := nft.Text{Plain: true}.Write(out)
		if translated == nil {
			t.Errorf("%s\n%v", text, messages(mistakes))
			continue
		}
		tool(t, string(translated), "nft", "-f", "-")
		got := answers(t)
		tool(t, "flush ruleset\n", "nft", "-f", "-")
		differ(t, want, got, text, string(translated))
		probes += len(got)
	}
	t.Logf("to nft: %d probes", probes)
}

func differ(t *testing.T, want, got []string, before, after string) {
	t.Helper()
	for i, k := range knocks() {
		if want[i] != got[i] && want[i] != "busy" && got[i] != "busy" {
			t.Errorf("%+v: %s, and %s in the translation\n%s\n%s", k, want[i], got[i], before, after)
			return
		}
	}
}

func messages(all []*diag.Diagnostic) string {
	var b strings.Builder
	for _, d := range all {
		fmt.Fprintf(&b, "%s: %s\n", d.Span, d.Message)
	}
	return b.String()
}

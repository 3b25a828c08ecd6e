package nft

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// bytecodeLine of nft --debug=netlink: a load of something of meta, of the flags
// of TCP or of the state of a connection; a mask; a comparison.
var bytecodeLine = regexp.MustCompile(`\[ (?:meta load (l4proto|nfproto|protocol|iiftype) |payload load (?:2b @ link header \+ 12|8b @ link header \+ 6) |(payload load 1b @ transport header \+ 13|ct load state) |bitwise reg \d+ = \( reg \d+ & (0x[0-9a-f]+) \)|cmp (eq|neq) reg \d+ (0x[0-9a-f]+) )`)

// asked of the packet, of what nft makes of a rule: the order of what it asks of
// protocols, and how it compares bits.
func bytecode(out string) []string {
	var asks []string
	bits, mask := false, ""
	for _, line := range strings.Split(out, "\n") {
		m := bytecodeLine.FindStringSubmatch(line)
		switch {
		case strings.Contains(line, " load ") && m == nil:
			bits = false
		case m == nil:
		case m[1] != "":
			asks, bits = append(asks, m[1]), false
		case m[2] != "":
			bits, mask = true, "-"
		case m[3] == "" && m[4] == "":
			asks, bits = append(asks, "ether type"), false
		case m[3] != "":
			mask = number0(m[3])
		case bits:
			asks = append(asks, fmt.Sprintf("&%s %s %s", mask, m[4], number0(m[5])))
			bits = false
		}
	}
	return asks
}

func number0(hex string) string {
	v, _ := number(hex)
	return fmt.Sprint(v)
}

// asks says the same of what we have read.
func asks(body []ruleset.Stmt) []string {
	var out []string
	for _, st := range body {
		m, ok := st.(*ruleset.Match)
		if !ok {
			continue
		}
		switch m.Field {
		case ruleset.L4Proto:
			out = append(out, "l4proto")
		case ruleset.NFProto:
			out = append(out, "nfproto")
		case ruleset.MetaProtocol:
			out = append(out, "protocol")
		case ruleset.EtherType:
			out = append(out, "ether type")
		case ruleset.IIFType:
			out = append(out, "iiftype")
		case ruleset.TCPFlags, ruleset.CTState:
			if m.Set {
				continue
			}
			op := map[bool]string{false: "eq", true: "neq"}
			v := m.Terms[0].Lo.Lo
			switch m.Op {
			case ruleset.OpAny:
				out = append(out, fmt.Sprintf("&%d %s 0", v, op[!m.Neg]))
			case ruleset.OpMask:
				out = append(out, fmt.Sprintf("&%d %s %d", m.Mask.Lo, op[m.Neg], v))
			default:
				out = append(out, fmt.Sprintf("&- %s %d", op[m.Neg], v))
			}
		}
	}
	return out
}

// What a match asks, and what it asks before, is what nft tells the kernel.
func TestBytecode(t *testing.T) {
	var texts []string
	for _, family := range []string{"ip", "ip6", "inet", "bridge", "netdev"} {
		for _, rule := range []string{
			"tcp flags syn", "tcp flags == syn", "tcp flags != syn", "tcp flags ! syn", "tcp flags syn,ack",
			"tcp flags syn / syn,ack", "tcp flags != syn / fin,syn,rst", "tcp flags & (fin|syn) == syn",
			"tcp flags & (syn|ack) != syn", "tcp flags & syn == 0", "tcp flags & (fin|syn|rst|ack) == syn|ack",
			"tcp flags & syn != 0", "tcp flags syn|ack", "tcp flags { syn, ack }",
			"ct state new", "ct state established,related", "ct state != invalid", "ct state ! invalid",
			"ct state == new", "ct state & (new|established) == new", "ct state { new, established }", "ct state != { new, established }",
			"tcp dport 22", "tcp dport 22 tcp sport 1", "udp dport { 53, 67 }", "th dport 22", "meta l4proto tcp th dport 22",
			"meta l4proto { tcp, udp } th dport 53", "meta nfproto ipv4 tcp dport 1", "icmp type echo-request",
			"icmpv6 type echo-request", "meta l4proto icmp icmp type 8", "meta l4proto 6 tcp dport 80",
			"ip saddr 1.2.3.4", "ip6 saddr ::1", "ip saddr 1.2.3.4 tcp dport 80", "ip saddr 1.2.3.4 ip daddr 1.2.3.5",
			"ip protocol tcp tcp dport 80", "ip6 nexthdr udp udp dport 80", "ether saddr 00:01:02:03:04:05",
			"ether saddr 00:01:02:03:04:05 ip saddr 1.2.3.4", "ether type ip ip saddr 1.2.3.4", "meta protocol ip ip saddr 1.2.3.4",
			"meta nfproto ipv6 ip6 saddr ::1", "ip saddr 1.2.3.4 icmp type 8", "esp spi 1", "ah spi 1", "sctp dport 1", "dccp dport 1", "comp cpi 1",
			"udplite sport 1", "ip saddr . tcp dport { 1.2.3.4 . 80 }", "tcp dport . ip saddr { 80 . 1.2.3.4 }",
			"tcp option maxseg size 1", "ip dscp cs1", "meta mark 1 tcp dport 1", "tcp dport != 1 udp length 1",
			"reject with tcp reset", "tcp dport 1 reject with tcp reset", "ip ttl 1 ip6 hoplimit 1",
			"ether saddr 00:01:02:03:04:05 icmp type 8", "ether saddr 00:01:02:03:04:05 arp htype 1", "meta iiftype ether ip saddr 1.2.3.4",
			"igmp type 0x11", "icmp type 8 ip saddr 1.2.3.4", "icmp type 8 ip6 saddr ::1", "ether type ip ip6 saddr ::1",
			"meta nfproto ipv6 ether type ip ip saddr 1.2.3.4", "ether saddr 00:01:02:03:04:05 tcp dport 1 ip saddr 1.2.3.4",
			"ether saddr 00:01:02:03:04:05 ct state new",
		} {
			texts = append(texts, fmt.Sprintf("table %s t { chain c { %s; }; }\n", family, rule))
		}
	}
	files := map[string][]byte{}
	for i, text := range texts {
		files[fmt.Sprintf("in%d", i)] = []byte(text)
	}
	out, err := kernel.Script(t, `i=0; while [ -e in$i ]; do nft -c --debug=netlink -f in$i 2>&1 || true; printf '\001'; i=$((i+1)); done`, files, "nft")
	if err != nil {
		t.Fatal(err)
	}
	answers, compared := strings.Split(out, "\x01"), 0
	for i, text := range texts {
		var l diag.List
		rs := Read(diag.NewFile("in", []byte(text)), Options{}, &l)
		// Whether the kernel takes what nft has made of it is another question.
		refused := strings.Contains(answers[i], "Error:") && !strings.Contains(answers[i], "Could not process rule")
		if refused != (l.Errors() > 0) {
			t.Errorf("%s: %v, and nft says %s", text, l.All, answers[i])
		}
		if refused || l.Errors() > 0 {
			continue
		}
		compared++
		if strings.Contains(text, "meta protocol ip ip saddr") && rs.Tables[0].Family == ruleset.IP {
			continue // nft leaves out what its table has settled; we keep what was written
		}
		have, want := fmt.Sprint(asks(rs.Tables[0].Chains[0].Rules[0].Body)), fmt.Sprint(bytecode(answers[i]))
		if have != want {
			t.Errorf("%s: asks %s, and nft %s", text, have, want)
		}
	}
	t.Logf("%d of %d rules are taken", compared, len(texts))
}

package ext

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/compiler/ruleset"
)

// meaningRules are judged by the kernel: as they are, and as what they mean. Those
// with a protocol have it in front in both.
var meaningRules = map[ruleset.Family][]string{
	ruleset.IP: {
		"-p tcp -m tcp --dport 22", "-p tcp -m tcp ! --dport 22", "-p tcp -m tcp --sport 1000:2000 ! --dport 80:90",
		"-p tcp -m tcp --tcp-flags SYN,ACK SYN", "-p tcp -m tcp ! --tcp-flags SYN,ACK SYN", "-p tcp -m tcp ! --syn",
		"-p tcp -m tcp --syn", "-p tcp -m tcp --tcp-flags ALL NONE", "-p tcp -m tcp --tcp-option 2", "-p tcp -m tcp ! --tcp-option 2",
		"-p tcp -m tcp --tcp-option 8", "-p tcp -m tcp --tcp-option 99", "-p tcp -m tcp ! --tcp-option 99",
		"-p tcp -m tcpmss --mss 1400:1500", "-p tcp -m tcpmss ! --mss 1400:1500", "-p tcp -m tcpmss --mss 536",
		"-p tcp -m multiport --ports 22,80", "-p tcp -m multiport ! --ports 22,80", "-p udp -m multiport --dports 53,100:200",
		"-p udp -m multiport ! --sports 53,100:200", "-p udp -m udp --dport 53", "-p udp -m udp ! --sport 53", "-p udp -m udp ! --sport :", "-p udp -m udp ! --sport 53 ! --dport 53", "-p tcp -m tcp ! --sport 22 ! --dport 22", "-p tcp -m tcp ! --sport 22 ! --dport 80:90",
		"-p icmp -m icmp --icmp-type 8", "-p icmp -m icmp ! --icmp-type 8", "-p icmp -m icmp --icmp-type 3/1", "-p icmp -m icmp ! --icmp-type 3/1",
		"-p icmp -m icmp --icmp-type any", "-p icmp -m icmp ! --icmp-type any", "-p icmp -m icmp --icmp-type host-unreachable",
		"-m ttl --ttl-eq 64", "-m ttl ! --ttl-eq 64", "-m ttl --ttl-lt 10", "-m ttl --ttl-gt 64", "-m ttl --ttl-lt 0", "-m ttl --ttl-gt 255",
		"-m dscp --dscp 10", "-m dscp ! --dscp-class AF11", "-m tos --tos 0x10", "-m tos ! --tos 0x10/0x3f", "-m tos --tos 0x28/0xfc",
		"-m tos --tos 1/3", "-m tos --tos 0x30/0xf", "-m ecn --ecn-ip-ect 1", "-m ecn ! --ecn-ip-ect 1",
		"-p tcp -m ecn --ecn-tcp-cwr", "-p tcp -m ecn ! --ecn-tcp-cwr", "-p tcp -m ecn --ecn-tcp-ece ! --ecn-tcp-cwr",
		"-m length --length 40", "-m length ! --length 0:60", "-m length --length 100:",
		"-m iprange --src-range 127.0.0.2-127.0.0.4", "-m iprange ! --src-range 127.0.0.2-127.0.0.4 --dst-range 127.0.0.1-127.0.0.9",
		"-m iprange --src-range 127.0.0.4-127.0.0.2", "-m iprange ! --dst-range 127.0.0.4-127.0.0.2",
		"-m addrtype --dst-type LOCAL", "-m addrtype ! --dst-type LOCAL", "-m addrtype --src-type LOCAL ! --dst-type MULTICAST,BROADCAST",
		"-m addrtype --src-type UNICAST", "-m addrtype --dst-type LOCAL --limit-iface-in", "-m addrtype ! --src-type LOCAL --limit-iface-in",
		"-m conntrack --ctstate NEW", "-m conntrack ! --ctstate NEW", "-m conntrack --ctstate INVALID", "-m conntrack ! --ctstate INVALID,NEW",
		"-m conntrack --ctstate ESTABLISHED,RELATED", "-m conntrack --ctstate UNTRACKED", "-m conntrack ! --ctstate UNTRACKED", "-m state --state NEW", "-m state ! --state NEW",
		"-m conntrack --ctproto udp", "-m conntrack ! --ctproto udp", "-m conntrack --ctorigsrc 127.0.0.3", "-m conntrack ! --ctorigsrc 127.0.0.0/30",
		"-m conntrack --ctreplsrc 127.0.0.1", "-m conntrack ! --ctrepldst 127.0.0.3", "-m conntrack --ctorigdst 127.0.0.1 --ctstate NEW",
		"-p udp -m conntrack --ctorigdstport 53", "-p udp -m conntrack ! --ctorigsrcport 1000:2000", "-p udp -m conntrack --ctreplsrcport 53", "-p tcp -m conntrack --ctrepldstport 5:60000",
		"-m conntrack --ctdir ORIGINAL", "-m conntrack --ctdir REPLY", "-m conntrack --ctstatus SEEN_REPLY", "-m conntrack ! --ctstatus SEEN_REPLY",
		"-m conntrack --ctstatus NONE", "-m conntrack ! --ctstatus NONE", "-m conntrack --ctstatus CONFIRMED,ASSURED", "-m conntrack --ctexpire 20:40", "-m conntrack ! --ctexpire 0:5",
		"-m conntrack --ctstate SNAT", "-m conntrack ! --ctstate DNAT", "-m conntrack --ctstate NEW,DNAT", "-m conntrack ! --ctstate NEW,DNAT",
		"-m conntrack ! --ctstate INVALID,UNTRACKED,SNAT", "-m conntrack --ctstate INVALID --ctproto udp", "-m conntrack ! --ctstate NEW --ctproto udp",
		"-m conntrack ! --ctstate INVALID,UNTRACKED --ctproto udp", "-m connbytes --connbytes 2 --connbytes-mode packets --connbytes-dir both",
		"-m connbytes ! --connbytes 2:3 --connbytes-mode packets --connbytes-dir original", "-m connbytes --connbytes :100 --connbytes-mode avgpkt --connbytes-dir reply",
		"-m mark --mark 5", "-m mark ! --mark 5", "-m mark --mark 4/6", "-m mark ! --mark 1/1", "-m mark --mark 0x10/0xf",
		"-m connmark --mark 0", "-m connmark ! --mark 0", "-m connmark --mark 7/5", "-m connlabel --label 3", "-m connlabel ! --label 3",
		"-m pkttype --pkt-type unicast", "-m pkttype ! --pkt-type unicast", "-m pkttype --pkt-type host", "-m pkttype --pkt-type broadcast", "-m pkttype --pkt-type multicast",
		"-m mac ! --mac-source 02:00:00:00:00:01", "-m mac --mac-source 00:00:00:00:00:00", "-m devgroup --src-group 0", "-m devgroup ! --src-group 0/1",
		"-m cpu ! --cpu 99", "-m cgroup --cgroup 0", "-m cgroup ! --cgroup 0", "-m realm --realm 0", "-m realm ! --realm 0",
		"-m helper --helper ftp", "-m helper ! --helper ftp", "-m policy --dir in --pol none", "-m policy --dir in --pol ipsec", "-m policy --dir in --pol ipsec --proto esp",
		"-m socket", "-m socket --nowildcard", "-m socket --transparent", "-m comment --comment x", "-p esp -m esp --espspi 5:9", "-p esp -m esp ! --espspi 7", "-p ah -m ah --ahspi 7",
		"-p sctp -m sctp --dport 5", "-p sctp -m sctp --chunk-types any INIT", "-p sctp -m sctp ! --chunk-types any INIT", "-p sctp -m sctp --chunk-types all INIT,DATA",
		"-p dccp -m dccp --dport 5", "-p dccp -m dccp --dccp-types REQUEST", "-p dccp -m dccp ! --dccp-types REQUEST,INVALID",
		"-p ipcomp -m ipcomp --ipcompspi 7",
	},
	ruleset.IP6: {
		"-p tcp -m tcp ! --dport 22", "-p tcp -m multiport --ports 22,80", "-p ipv6-icmp -m icmp6 --icmpv6-type 128", "-p ipv6-icmp -m icmp6 ! --icmpv6-type 1/3",
		"-p ipv6-icmp -m icmp6 --icmpv6-type 1/3", "-m hl --hl-eq 64", "-m hl ! --hl-eq 64", "-m hl --hl-lt 64", "-m hl --hl-gt 64",
		"-m addrtype --dst-type LOCAL", "-m addrtype ! --dst-type LOCAL", "-m addrtype --dst-type UNICAST", "-m addrtype ! --src-type UNICAST", "-m addrtype --dst-type MULTICAST",
		"-m addrtype ! --dst-type MULTICAST", "-m addrtype --dst-type MULTICAST,LOCAL", "-m addrtype --src-type LOCAL,UNICAST", "-m addrtype --dst-type ANYCAST", "-m addrtype --src-type UNSPEC",
		"-m addrtype --dst-type LOCAL --limit-iface-in",
		"-m dscp --dscp 10", "-m tos --tos 0x10", "-m tos ! --tos 0x28/0xfc", "-m tos --tos 0x28/0x3c", "-m ecn --ecn-ip-ect 1", "-m length --length 48", "-m length ! --length 0:60",
		"-m iprange --src-range fd00::2-fd00::4", "-m conntrack --ctorigsrc fd00::3", "-m conntrack ! --ctreplsrc fd00::/64", "-m conntrack --ctstate NEW",
		"-m frag", "-m frag --fragid 7", "-m frag ! --fragid 0:5", "-m frag --fragfirst", "-m frag --fragmore", "-m frag --fraglast", "-m frag --fragres", "-m frag --fraglen 8", "-m frag ! --fraglen 8",
		"-m hbh", "-m hbh --hbh-len 8", "-m hbh ! --hbh-len 8", "-m hbh --hbh-len 16", "-m hbh --hbh-len 9", "-m hbh ! --hbh-len 9", "-m hbh --hbh-opts 1:4", "-m dst", "-m dst --dst-len 8",
		"-m rt", "-m rt --rt-type 4", "-m rt ! --rt-type 4", "-m rt --rt-segsleft 0:1", "-m rt ! --rt-segsleft 0", "-m rt --rt-len 24", "-m rt --rt-type 0 --rt-0-res",
		"-m ah", "-m ah --ahspi 7", "-m ipv6header --header frag --soft", "-m ipv6header --header hop,dst --soft", "-m ipv6header --header frag", "-m ipv6header ! --header frag --soft", "-m srh", "-m srh --srh-segs-left-eq 0",
		"-p mh -m mh --mh-type 5", "-p mh -m mh ! --mh-type 0:3", "-m eui64", "-p esp -m esp --espspi 5:9",
	},
}

// ownerRules are judged where packets are sent.
var ownerRules = []string{
	"-m owner --uid-owner 0", "-m owner ! --uid-owner 0", "-m owner --uid-owner 1-5", "-m owner ! --uid-owner 1-5", "-m owner --gid-owner 0",
	"-m owner ! --gid-owner 0", "-m owner --socket-exists", "-m owner ! --socket-exists", "-m owner --uid-owner 0 ! --gid-owner 7",
	"-m owner ! --uid-owner 0 ! --gid-owner 7", "-m owner --socket-exists ! --uid-owner 7", "-m owner ! --socket-exists --uid-owner 0",
	"-m addrtype --dst-type LOCAL --limit-iface-out", "-m cgroup --cgroup 0", "-m cgroup ! --cgroup 0", "-m policy --dir out --pol none", "-m policy --dir out --pol ipsec",
	"-m conntrack --ctstate NEW", "-m conntrack --ctdir REPLY", "-m realm --realm 0", "-m devgroup --dst-group 0", "-m devgroup ! --dst-group 0",
}

// arrivingRules are judged where packets arrive.
var arrivingRules = []string{
	"-m rpfilter", "-m rpfilter --invert", "-m rpfilter --loose", "-m rpfilter --loose --invert", "-m rpfilter --validmark", "-m rpfilter --validmark --invert",
	"-m rpfilter --accept-local", "-m rpfilter --accept-local --invert", "-m addrtype --dst-type LOCAL", "-m addrtype --src-type LOCAL --limit-iface-in",
	"-m socket --transparent", "-m socket --nowildcard", "-m conntrack --ctstate NEW", "-m conntrack --ctdir REPLY", "-m pkttype --pkt-type host", "-m physdev --physdev-in eth0", "-m physdev ! --physdev-is-bridged",
}

// place is where rules stand to be judged, and the priority of a chain of nft that
// comes right behind.
type place struct {
	family       ruleset.Family
	table, chain string
	priority     int
	rules        []string
}

// senderVariable makes the test binary, run again in the namespace, send packets.
const senderVariable = "LOWARD_EXT_TEST_SENDER"

// TestMeaning has the kernel count real packets by each rule and by what it is
// said to mean. Where that holds a May, it may count more packets, never fewer.
func TestMeaning(t *testing.T) {
	if os.Getenv(senderVariable) != "" {
		send(t)
		return
	}
	if kernel.Unprivileged() {
		t.Skip("raw sockets and other users' packets need root")
	}
	for _, at := range []place{
		{ruleset.IP, "filter", "INPUT", 1, meaningRules[ruleset.IP]},
		{ruleset.IP6, "filter", "INPUT", 1, meaningRules[ruleset.IP6]},
		{ruleset.IP, "filter", "OUTPUT", 1, ownerRules},
		{ruleset.IP, "mangle", "PREROUTING", -149, arrivingRules},
		{ruleset.IP6, "mangle", "PREROUTING", -149, arrivingRules},
	} {
		for _, variant := range []string{"nft", "legacy"} {
			t.Run(at.family.String()+"/"+at.chain+"/"+variant, func(t *testing.T) { judge(t, at, variant) })
		}
	}
}

type judged struct {
	rule  string
	exact bool
}

func judge(t *testing.T, at place, variant string) {
	f, chain := at.family, at.chain
	tool, nft := "iptables-"+variant, "ip"
	if f == ruleset.IP6 {
		tool, nft = "ip6tables-"+variant, "ip6"
	}
	c := Ctx{Family: f, Table: at.table, Chain: chain, Builtin: true}
	var asIs, plain strings.Builder
	var all []judged
	for _, r := range at.rules {
		d := drive(&c, r)
		if !d.ok() {
			t.Errorf("%s: %s", r, d.list.All[0].Message)
			continue
		}
		said, exact, ok := sayNft(d.means)
		if !ok {
			t.Errorf("%s: the test can't say it in nft", r)
			continue
		}
		if c.Proto != 0 {
			said = "meta l4proto " + strconv.Itoa(int(c.Proto)) + " " + said
		}
		asIs.WriteString("-A " + chain + " " + r + "\n")
		plain.WriteString("add rule " + nft + " m x " + said + "counter\n")
		all = append(all, judged{r, exact})
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	hook := strings.ToLower(chain)
	// NAT makes the bits of its status known to conntrack, accounting the counters.
	script := `ip link set lo up
for i in 2 3 4; do ip addr add 127.0.0.$i/8 dev lo; ip addr add fd00::$i/64 dev lo nodad; done
echo 1 >/proc/sys/net/netfilter/nf_conntrack_acct
` + tool + ` -t raw -A OUTPUT -p udp --dport 999 -j CT --notrack
` + tool + ` -t mangle -A OUTPUT -p udp --dport 100 -j MARK --set-mark 5
` + tool + ` -t mangle -A OUTPUT -p udp --dport 100 -j CONNMARK --set-mark 7
` + tool + ` -t nat -A OUTPUT -p udp --dport 101 -j REDIRECT --to-ports 53
` + tool + `-restore <rules
nft -f plain
` + senderVariable + `=` + f.String() + ` ` + self + ` -test.run '^TestMeaning$'
` + tool + `-save -c -t ` + at.table + `
echo =
nft list chain ` + nft + ` m x
`
	files := map[string][]byte{
		"rules": []byte("*" + at.table + "\n" + asIs.String() + "COMMIT\n"),
		"plain": []byte("add table " + nft + " m\nadd chain " + nft + " m x { type filter hook " + hook + " priority " + strconv.Itoa(at.priority) + "; }\n" + plain.String()),
	}
	out, err := kernel.Script(t, script, files, tool, "nft", "ip")
	if err != nil {
		t.Fatalf("%v\n%s", err, plain.String())
	}
	first, second, _ := strings.Cut(out, "\n=\n")
	a, b := counts(first, "["), counts(second, "counter packets ")
	if len(a) != len(all) || len(b) != len(all) {
		t.Fatalf("%d and %d counters of %d rules\n%s", len(a), len(b), len(all), out)
	}
	hits := 0
	for i, j := range all {
		if a[i] > 0 {
			hits++
		}
		if a[i] > b[i] || j.exact && a[i] != b[i] {
			t.Errorf("%s: the kernel counts %d packets, and %d by what it means (exact: %v)", j.rule, a[i], b[i], j.exact)
		}
	}
	t.Logf("%d rules, %d of which match something", len(all), hits)
}

// counts reads the numbers behind a mark, one a line that has it.
func counts(text, mark string) (out []int) {
	for _, line := range strings.Split(text, "\n") {
		if mark == "[" && !strings.HasPrefix(line, "[") {
			continue
		}
		if _, rest, ok := strings.Cut(line, mark); ok {
			n := 0
			for i := 0; i < len(rest) && rest[i] >= '0' && rest[i] <= '9'; i++ {
				n = n*10 + int(rest[i]-'0')
			}
			out = append(out, n)
		}
	}
	return out
}

// send packets of many kinds over lo.
func send(t *testing.T) {
	if os.Getenv(senderVariable) == "ip6" {
		send6(t)
		return
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_RAW)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	put := func(src, dst string, proto, tos, ttl byte, payload []byte) {
		h := make([]byte, 20, 20+len(payload))
		h[0], h[1], h[8], h[9] = 0x45, tos, ttl, proto
		binary.BigEndian.PutUint16(h[2:], uint16(20+len(payload)))
		s, d := netip.MustParseAddr(src).As4(), netip.MustParseAddr(dst).As4()
		copy(h[12:], s[:])
		copy(h[16:], d[:])
		sum(payload, proto, s[:], d[:])
		_ = syscall.Sendto(fd, append(h, payload...), 0, &syscall.SockaddrInet4{Addr: d}) // what the kernel refuses to send is not counted
	}
	var first, n int
	if got, _ := fmt.Sscanf(os.Getenv(senderVariable), "ports %d %d", &first, &n); got == 2 {
		for i := range n {
			put("127.0.0.1", "127.0.0.1", 17, 0, 64, udp(5, uint16(first+i), 4))
		}
		return
	}
	for _, src := range []string{"127.0.0.1", "127.0.0.3"} {
		for _, p := range payloads() {
			for i, tos := range []byte{0, 0x10, 0x28, 0x29, 1} {
				put(src, "127.0.0.1", p.proto, tos, [...]byte{64, 5, 200, 1, 255}[i], p.data)
			}
			put(src, "127.0.0.4", p.proto, 0, 64, p.data)
		}
		put(src, "127.255.255.255", 17, 0, 64, udp(5, 6, 4))
		put(src, "224.0.0.1", 17, 0, 64, udp(5, 6, 4))
	}
	for _, typ := range [][2]byte{{8, 0}, {3, 1}, {3, 0}, {0, 0}, {13, 0}, {11, 1}} {
		put("127.0.0.1", "127.0.0.1", 1, 0, 64, []byte{typ[0], typ[1], 0, 0, 0, 7, 0, 1})
	}
}

type payload struct {
	proto byte
	data  []byte
}

func udp(sport, dport uint16, n int) []byte {
	b := make([]byte, 8+n)
	binary.BigEndian.PutUint16(b, sport)
	binary.BigEndian.PutUint16(b[2:], dport)
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)))
	return b
}

func tcp(sport, dport uint16, flags byte, options []byte) []byte {
	b := make([]byte, 20, 20+len(options))
	binary.BigEndian.PutUint16(b, sport)
	binary.BigEndian.PutUint16(b[2:], dport)
	b[12], b[13] = byte(5+len(options)/4)<<4, flags
	b[14] = 0x20
	return append(b, options...)
}

func payloads() []payload {
	var all []payload
	for _, ports := range [][2]uint16{{1500, 22}, {22, 1500}, {53, 53}, {80, 80}, {5000, 85}, {1500, 9}} {
		for _, flags := range []byte{2, 0x12, 0x10, 0, 0x82, 0x42, 0xc2} {
			all = append(all, payload{6, tcp(ports[0], ports[1], flags, nil)})
		}
		all = append(all, payload{6, tcp(ports[0], ports[1], 2, []byte{2, 4, 5, 0xb4})}, payload{6, tcp(ports[0], ports[1], 2, []byte{1, 2, 4, 2, 24, 1, 99, 2, 0, 0, 0, 0})})
	}
	for _, ports := range [][2]uint16{{1500, 53}, {53, 1500}, {150, 100}, {1000, 150}, {7, 999}, {8, 101}} {
		all = append(all, payload{17, udp(ports[0], ports[1], 4)}, payload{17, udp(ports[0], ports[1], 200)})
	}
	spi := func(n byte) []byte { return []byte{0, 0, 0, n, 0, 0, 0, 1, 0, 0, 0, 0} }
	sctp := []byte{0, 9, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 4}
	sctp2 := append([]byte{0, 9, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 16}, make([]byte, 12)...)
	dccp := func(typ byte) []byte {
		b := make([]byte, 20)
		b[1], b[3], b[4], b[8] = 9, 5, 5, typ<<1|1
		return b
	}
	all = append(all, payload{50, spi(7)}, payload{50, spi(20)}, payload{51, append([]byte{59, 1, 0, 0, 0, 0, 0, 7}, make([]byte, 8)...)},
		payload{108, []byte{6, 0, 0, 7}}, payload{108, []byte{6, 0, 0, 8}}, payload{132, sctp}, payload{132, sctp2}, payload{33, dccp(0)}, payload{33, dccp(3)}, payload{33, dccp(12)})
	return all
}

// sum puts the checksum of TCP, UDP and ICMP into its place.
func sum(b []byte, proto byte, src, dst []byte) {
	at := map[byte]int{6: 16, 17: 6, 1: 2, 58: 2}[proto]
	if at == 0 {
		return
	}
	b[at], b[at+1] = 0, 0
	s := uint32(0)
	add := func(b []byte) {
		for i := 0; i < len(b); i += 2 {
			s += uint32(b[i]) << 8
			if i+1 < len(b) {
				s += uint32(b[i+1])
			}
		}
	}
	add(b)
	if proto != 1 {
		add(src)
		add(dst)
		s += uint32(proto) + uint32(len(b))
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	binary.BigEndian.PutUint16(b[at:], ^uint16(s))
}

func send6(t *testing.T) {
	fd, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_RAW, syscall.IPPROTO_RAW)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	put := func(src, dst string, class, hops, next byte, headers, payload []byte, proto byte) {
		h := make([]byte, 40, 40+len(headers)+len(payload))
		h[0], h[1], h[6], h[7] = 0x60|class>>4, class<<4, next, hops
		binary.BigEndian.PutUint16(h[4:], uint16(len(headers)+len(payload)))
		s, d := netip.MustParseAddr(src).As16(), netip.MustParseAddr(dst).As16()
		copy(h[8:], s[:])
		copy(h[24:], d[:])
		sum(payload, proto, s[:], d[:])
		_ = syscall.Sendto(fd, append(append(h, headers...), payload...), 0, &syscall.SockaddrInet6{Addr: d, ZoneId: 1})
	}
	for _, src := range []string{"::1", "fd00::3", "::"} {
		for _, dst := range []string{"::1", "fd00::4", "ff02::1"} {
			for _, p := range payloads()[:20] {
				for i, class := range []byte{0, 0x10, 0x28, 1} {
					put(src, dst, class, [...]byte{64, 5, 200, 255}[i], p.proto, nil, p.data, p.proto)
				}
			}
			u := func() []byte { return udp(5, 53, 4) }
			put(src, dst, 0, 64, 0, []byte{17, 0, 1, 4, 0, 0, 0, 0}, u(), 17)
			put(src, dst, 0, 64, 0, append([]byte{17, 1, 1, 12}, make([]byte, 12)...), u(), 17)
			put(src, dst, 0, 64, 0, []byte{60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0}, u(), 17)
			put(src, dst, 0, 64, 60, []byte{17, 0, 1, 4, 0, 0, 0, 0}, u(), 17)
			for _, typ := range []byte{0, 2, 4, 9} {
				for left := byte(0); left < 3; left++ {
					put(src, dst, 0, 64, 43, append([]byte{17, 2, typ, left, 0, 0, 0, 0}, make([]byte, 16)...), u(), 17)
				}
			}
			for _, offset := range []byte{0, 1, 8, 9} { // atomic, first, last, middle: conntrack holds them together
				put(src, dst, 0, 64, 44, []byte{17, 0, 0, offset, 0, 0, 0, 7}, u(), 17)
			}
			put(src, dst, 0, 64, 51, append([]byte{17, 4, 0, 0, 0, 0, 0, 7}, make([]byte, 16)...), u(), 17)
			put(src, dst, 0, 64, 50, nil, []byte{0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0}, 50)
			for _, typ := range []byte{0, 5} {
				put(src, dst, 0, 64, 135, nil, []byte{59, 0, typ, 0, 0, 0, 0, 0}, 135)
			}
			for _, typ := range [][2]byte{{128, 0}, {1, 3}, {1, 4}, {129, 0}} {
				put(src, dst, 0, 64, 58, nil, []byte{typ[0], typ[1], 0, 0, 0, 7, 0, 1}, 58)
			}
		}
	}
}

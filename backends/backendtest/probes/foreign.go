package probes

import (
	"fmt"
	"github.com/loward/loward/backends/lab"
	"net/netip"
	"slices"
	"strings"
)

// Style is how the other users of netfilter on a host have loaded their rules.
type Style uint8

const (
	// StyleNFT: fail2ban with a table of its own, Docker through iptables-nft,
	// as on a current Debian.
	StyleNFT Style = iota
	// StyleIPTablesNFT: both through iptables-nft.
	StyleIPTablesNFT
	// StyleLegacy: both through iptables-legacy.
	StyleLegacy
)

func (s Style) variant() lab.Variant {
	if s == StyleLegacy {
		return lab.Legacy
	}
	return lab.NFT
}

// foreignPort is the port that the Docker-like ruleset publishes on every
// address in any case.
const foreignPort = 18080

// foreignNFT are the tables that are there in each style, and that must not
// change by a byte.
func foreignNFT(s Style) (text string, tables []string) {
	text = `table inet monitoring {
	chain watch {
		type filter hook input priority -10; policy accept;
		tcp dport 65001 counter drop comment "a foreign rule"
	}
}
`
	tables = []string{"monitoring"}
	if s != StyleNFT {
		return text, tables
	}
	var four, six []string
	for _, a := range Banned() {
		if a.Is4() {
			four = append(four, a.String())
		} else {
			six = append(six, a.String())
		}
	}
	text += fmt.Sprintf(`table inet f2b-table {
	set addr-set-sshd { type ipv4_addr; elements = { %s }; }
	set addr6-set-sshd { type ipv6_addr; elements = { %s }; }
	chain f2b-chain {
		type filter hook input priority filter - 1; policy accept;
		tcp dport 22 ip saddr @addr-set-sshd reject with icmp type port-unreachable
		tcp dport 22 ip6 saddr @addr6-set-sshd reject with icmpv6 type port-unreachable
	}
}
`, strings.Join(four, ", "), strings.Join(six, ", "))
	return text, append(tables, "f2b-table")
}

// foreignIPTables is the restore text of a family: Docker's chains with what
// they publish, and fail2ban's unless it has a table of its own.
func foreignIPTables(s Style, six bool, published []Published) string {
	network, own, container, unreachable := "172.17.0.0/16", "127.0.0.0/8", netip.MustParseAddr("172.17.0.2"), "icmp-port-unreachable"
	if six {
		network, own, container, unreachable = "fd17::/64", "::1/128", netip.MustParseAddr("fd17::2"), "icmp6-port-unreachable"
	}
	published = append([]Published{{Proto: "tcp", From: netip.AddrPortFrom(unspecified(six), foreignPort), To: netip.AddrPortFrom(container, 80)}}, published...)
	var nat, filter strings.Builder
	fmt.Fprintf(&nat, "*nat\n:DOCKER - [0:0]\n-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n"+
		"-A OUTPUT ! -d %s -m addrtype --dst-type LOCAL -j DOCKER\n-A POSTROUTING -s %s ! -o docker0 -j MASQUERADE\n", own, network)
	fmt.Fprint(&filter, "*filter\n:DOCKER - [0:0]\n:DOCKER-ISOLATION-STAGE-1 - [0:0]\n:DOCKER-ISOLATION-STAGE-2 - [0:0]\n:DOCKER-USER - [0:0]\n"+
		"-A FORWARD -j DOCKER-USER\n-A FORWARD -j DOCKER-ISOLATION-STAGE-1\n"+
		"-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A FORWARD -o docker0 -j DOCKER\n"+
		"-A FORWARD -i docker0 ! -o docker0 -j ACCEPT\n-A FORWARD -i docker0 -o docker0 -j ACCEPT\n"+
		"-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2\n-A DOCKER-ISOLATION-STAGE-1 -j RETURN\n"+
		"-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP\n-A DOCKER-ISOLATION-STAGE-2 -j RETURN\n-A DOCKER-USER -j RETURN\n")
	for _, p := range published {
		if p.To.Addr().Is6() != six {
			continue
		}
		to := ""
		if !p.From.Addr().IsUnspecified() {
			to = fmt.Sprintf(" -d %s/%d", p.From.Addr(), p.From.Addr().BitLen())
		}
		fmt.Fprintf(&nat, "-A DOCKER%s ! -i docker0 -p %s -m %s --dport %d -j DNAT --to-destination %s\n", to, p.Proto, p.Proto, p.From.Port(), p.To)
		fmt.Fprintf(&filter, "-A DOCKER -d %s/%d ! -i docker0 -o docker0 -p %s -m %s --dport %d -j ACCEPT\n", p.To.Addr(), p.To.Addr().BitLen(), p.Proto, p.Proto, p.To.Port())
	}
	if s != StyleNFT {
		fmt.Fprint(&filter, ":f2b-sshd - [0:0]\n-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd\n")
		for _, a := range Banned() {
			if a.Is6() == six {
				fmt.Fprintf(&filter, "-A f2b-sshd -s %s/%d -j REJECT --reject-with %s\n", a, a.BitLen(), unreachable)
			}
		}
		fmt.Fprint(&filter, "-A f2b-sshd -j RETURN\n")
	}
	return nat.String() + "COMMIT\n" + filter.String() + "COMMIT\n"
}

func unspecified(six bool) netip.Addr {
	if six {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

// Snapshot is the text of every foreign ruleset on a node.
type Snapshot struct {
	Tables map[string]string // nft, without state
	Saved  map[string]string // iptables-save by command
}

// Changed says what of the foreign rules in before is no longer the same in
// after. Tables must be equal byte for byte. In iptables our own chains, which
// ours tells by name, stand in the same tables, with jumps to them; all else
// must be there line by line in the same order, and nothing more.
func Changed(before, after Snapshot, ours func(chain string) bool) []string {
	var out []string
	for _, name := range sortedKeys(before.Tables) {
		if before.Tables[name] != after.Tables[name] {
			out = append(out, fmt.Sprintf("table %s: was\n%sis\n%s", name, before.Tables[name], after.Tables[name]))
		}
	}
	for _, name := range sortedKeys(before.Saved) {
		was, is := foreignLines(before.Saved[name], nil), foreignLines(after.Saved[name], ours)
		if !slices.Equal(was, is) {
			out = append(out, fmt.Sprintf("%s: was\n%s\nis\n%s", name, strings.Join(was, "\n"), strings.Join(is, "\n")))
		}
	}
	return out
}

func sortedKeys(m map[string]string) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// foreignLines are the lines of an iptables-save that are not ours, without
// comments (they hold the time) and the counters of chains. Tables in which
// nothing stands but built-in chains are left out: looking makes them.
func foreignLines(text string, ours func(string) bool) []string {
	var out, table []string
	used := false
	for _, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		switch {
		case strings.HasPrefix(line, "*"):
			table, used = []string{line}, false
			continue
		case line == "COMMIT":
			if used {
				out = append(append(out, table...), line)
			}
			continue
		case strings.HasPrefix(line, ":"):
			if ours != nil && ours(words[0][1:]) {
				continue
			}
			line = words[0] + " " + words[1]
			used = used || words[1] != "ACCEPT"
		case ours != nil && len(words) > 1 && (ours(words[1]) || jumpsTo(words, ours)):
			continue
		default:
			used = true
		}
		table = append(table, line)
	}
	return out
}

func jumpsTo(words []string, ours func(string) bool) bool {
	for i := range words[:len(words)-1] {
		if (words[i] == "-j" || words[i] == "-g") && ours(words[i+1]) {
			return true
		}
	}
	return false
}

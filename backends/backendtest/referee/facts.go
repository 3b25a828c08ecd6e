package referee

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/path"
)

// fact is something that the kernel does with a packet, which a model has to know.
type fact struct {
	name string
	// nft is the ruleset, in a table inet t; a chain is named by its hook and type:
	// "input: iif lo accept; drop", "nat output: …", "raw prerouting: …".
	nft string
	// sysctl is set to 1, or is of the form "name=value".
	sysctl string
	// packet as "wan1: 203.0.113.9 > 203.0.113.1", "self: …" of what the host sends;
	// udp to port 53, or what stands in front: "ping", "syn", "nd".
	packet string
	want   bool // whether it arrives
}

// facts of the kernel, in the order in which docs/referee.md has them, and folklore that
// is not so.
func facts() []fact {
	const notLo = "output: oifname != \"lo\" drop|postrouting: oifname != \"lo\" drop|prerouting: iifname != \"lo\" drop|input: iifname != \"lo\" drop"
	list := []fact{
		{"self: 127", notLo, "", "self: 127.0.0.1 > 127.0.0.1", true},
		{"self: all of 127/8", notLo, "", "self: 127.0.0.1 > 127.9.9.9", true},
		{"self: an address of a NIC", notLo, "", "self: 203.0.113.1 > 203.0.113.1", true},
		{"self: another NIC's", notLo, "", "self: 203.0.113.1 > 192.168.77.1", true},
		{"self: an address of lo", notLo, "", "self: 203.0.113.1 > 10.32.16.8", true},
		{"self: IPv6", notLo, "", "self: 2001:db8:1::1 > 2001:db8:2::1", true},
		{"self: ::1", notLo, "", "self: ::1 > ::1", true},
		{"self: bound to the NIC, over lo still", notLo, "", "self wan1: 203.0.113.1 > 203.0.113.1", true},
		{"self: bound, in IPv6", notLo, "", "self wan1: 2001:db8:1::1 > 2001:db8:1::1", true},
		{"self: bound elsewhere, in IPv6, it leaves", notLo, "", "self lan1: 2001:db8:2::1 > 2001:db8:1::1", false},
		{"self: never by the NIC that has the address", "input: iifname \"wan1\" accept; drop", "", "self: 203.0.113.1 > 203.0.113.1", false},
		{"a group heard by who sends comes in by the NIC", "input: iifname \"lo\" drop", "", "self: 203.0.113.1 > 224.0.0.251", true},
		{"nothing asks for the way back to it", "prerouting: fib saddr . iif oif missing drop", "", "self: 192.168.77.1 > 224.0.0.251", true},
		{"it has no owner", "postrouting: meta skuid 0 accept; drop", "", "self: 203.0.113.1 > 224.0.0.251", false},
		{"marks cross lo", "output: meta mark set 1|input: meta mark 1 drop", "", "self: 203.0.113.1 > 10.32.16.8", false},
		{"connection marks cross lo", "output: ct mark set 5|input: ct mark 5 drop", "", "self: 203.0.113.1 > 10.32.16.8", false},
		{"notrack at PREROUTING is too late for lo", "raw prerouting: notrack|input: ct state untracked drop", "", "self: 203.0.113.1 > 10.32.16.8", true},
		{"notrack at OUTPUT is in time", "raw output: notrack|input: ct state untracked drop", "", "self: 203.0.113.1 > 10.32.16.8", false},
		{"dnat at PREROUTING is not asked for lo", "nat prerouting: dnat ip to 192.168.77.20|forward: drop", "", "self: 203.0.113.1 > 10.32.16.8", true},
		{"dnat at OUTPUT is", "nat output: dnat ip to 192.168.77.20|postrouting: oifname \"lan1\" drop", "", "self: 203.0.113.1 > 10.32.16.8", false},
		{"own source from outside", "", "", "wan1: 192.168.77.1 > 203.0.113.1", false},
		{"own source with accept_local", "", "ipv4.conf.all.accept_local", "wan1: 192.168.77.1 > 203.0.113.1", true},
		{"127 as source", "", "", "wan1: 127.0.0.1 > 203.0.113.1", false},
		{"127 as source with accept_local alone", "", "ipv4.conf.all.accept_local", "wan1: 127.0.0.1 > 203.0.113.1", false},
		{"127 as source with route_localnet alone", "", "ipv4.conf.all.route_localnet", "wan1: 127.0.0.1 > 203.0.113.1", false},
		{"127 as destination", "", "", "wan1: 203.0.113.9 > 127.0.0.1", false},
		{"127 as destination with route_localnet", "", "ipv4.conf.all.route_localnet", "wan1: 203.0.113.9 > 127.0.0.1", true},
		{"dnat comes before the look at 127", "nat prerouting: ip daddr 127.0.0.1 dnat ip to 203.0.113.1", "", "wan1: 203.0.113.9 > 127.0.0.1", true},
		{"dnat to 127 needs route_localnet", "nat prerouting: dnat ip to 127.0.0.1", "", "wan1: 203.0.113.9 > 203.0.113.1", false},
		{"dnat to 127 with route_localnet", "nat prerouting: dnat ip to 127.0.0.1", "ipv4.conf.wan1.route_localnet", "wan1: 203.0.113.9 > 203.0.113.1", true},
		{"::1 from outside", "", "", "wan1: ::1 > 2001:db8:1::1", false},
		{"own source of IPv6 from outside", "", "", "wan1: 2001:db8:2::1 > 2001:db8:1::1", true},
		{"fib's reverse path spares lo", "prerouting: fib saddr . iif oif missing drop", "", "self: 203.0.113.1 > 10.32.16.8", true},
		{"fib's local by interface does not", "prerouting: fib daddr . iif type != local drop", "", "self: 203.0.113.1 > 203.0.113.1", false},
		{"iif is none at OUTPUT", "output: iifname \"lo\" drop", "", "self: 203.0.113.1 > 10.32.16.8", true},
		{"so it is not lo", "output: iifname != \"lo\" drop", "", "self: 203.0.113.1 > 10.32.16.8", false},
		{"oif is none at INPUT", "input: oifname \"lo\" drop", "", "self: 203.0.113.1 > 10.32.16.8", true},
		{"neighbour discovery is untracked", "input: ct state untracked accept; drop", "", "nd wan1: 2001:db8:1::9 > 2001:db8:1::1", true},
		{"not invalid", "input: ct state invalid drop", "", "nd wan1: 2001:db8:1::9 > 2001:db8:1::1", true},
		{"nor established", "input: ct state established accept; drop", "", "nd wan1: 2001:db8:1::9 > 2001:db8:1::1", false},
		{"accept ends one chain", "early input: accept|input: drop", "", "wan1: 203.0.113.9 > 203.0.113.1", false},
		{"drop ends all", "early input: drop|input: accept", "", "wan1: 203.0.113.9 > 203.0.113.1", false},
		{"weak host: any address by any link", "", "", "wan1: 203.0.113.9 > 192.168.77.1", true},
		{"strict reverse path", "", "ipv4.conf.all.rp_filter", "lan1: 203.0.113.9 > 192.168.77.1", false},
		{"loose reverse path", "", "ipv4.conf.all.rp_filter=2", "lan1: 203.0.113.9 > 192.168.77.1", true},
		{"no forwarding", "", "ipv4.ip_forward=0", "wan1: 203.0.113.9 > 192.168.77.20", false},
		{"forwarding", "", "", "wan1: 203.0.113.9 > 192.168.77.20", true},
		{"INPUT does not see what is forwarded", "input: drop", "", "wan1: 203.0.113.9 > 192.168.77.20", true},
		{"filters see the translated port", "nat prerouting: udp dport 53 redirect to :1000|input: udp dport 53 accept; drop", "", "wan1: 203.0.113.9 > 203.0.113.1", false},
		{"redirect leads to the interface's first address", "nat prerouting: meta l4proto udp redirect to :1000|input: ip daddr 203.0.113.1 udp dport 1000 accept; drop", "", "wan1: 203.0.113.9 > 192.168.77.1", true},
		{"redirect at OUTPUT leads to 127.0.0.1", "nat output: meta l4proto udp redirect to :1000|input: ip daddr 127.0.0.1 udp dport 1000 accept; drop", "", "self: 203.0.113.1 > 203.0.113.9", true},
		{"a netmap keeps the host's part", "nat prerouting: dnat ip prefix to ip daddr map { 203.0.113.0/24 : 192.168.77.0/24 }|forward: ip daddr 192.168.77.44 accept; drop", "", "wan1: 203.0.113.9 > 203.0.113.44", true},
		{"what is untracked is not translated", "raw prerouting: notrack|nat prerouting: dnat ip to 192.168.77.20|forward: drop", "", "wan1: 203.0.113.9 > 203.0.113.1", true},
		{"an untranslated source is lo's in POSTROUTING too", "nat postrouting: snat ip to 192.168.77.1|input: ip saddr 203.0.113.1 drop", "", "self: 203.0.113.1 > 10.32.16.8", true},

		// Folklore.
		{"false: rp_filter breaks localhost", "", "ipv4.conf.all.rp_filter", "self: 127.0.0.1 > 127.0.0.1", true},
		{"false: rp_filter breaks own addresses", "", "ipv4.conf.all.rp_filter", "self: 203.0.113.1 > 10.32.16.8", true},
		{"false: dropping invalid first breaks localhost", "input: ct state invalid drop; iif lo accept; drop", "", "syn self: 127.0.0.1 > 127.0.0.1", true},
		{"false: ! -i lo keeps localhost from being translated", "nat postrouting: iifname != \"lo\" snat ip to 192.168.77.1|input: ip saddr 192.168.77.1 drop", "", "self: 203.0.113.1 > 10.32.16.8", false},
		{"false: marks divert what a host says to itself", "mangle output: meta mark set 2|postrouting: oifname != \"lo\" drop", "", "self: 203.0.113.1 > 10.32.16.8", true},
		{"but they divert the rest", "mangle output: meta mark set 2|postrouting: oifname \"lan1\" drop", "", "self: 203.0.113.1 > 198.51.100.7", false},
		{"false: IPv6 takes dnat to ::1 as IPv4 takes 127.0.0.1", "nat prerouting: dnat ip6 to ::1|postrouting: oifname \"wan1\" drop", "", "wan1: 2001:db8:1::9 > 2001:db8:1::1", false},
		{"false: a rule of an address by its network's interface", "input: iifname \"lan1\" ip daddr 192.168.77.1 accept; drop", "", "wan1: 203.0.113.9 > 192.168.77.1", false},
	}
	return list
}

// text of a fact's ruleset.
func (f *fact) text() string {
	var b strings.Builder
	b.WriteString("table inet t {\n")
	for i, c := range strings.Split(f.nft, "|") {
		at, rules, ok := strings.Cut(c, ": ")
		if !ok {
			continue
		}
		kind, priority := "filter", 0
		hook := at
		if before, after, ok := strings.Cut(at, " "); ok {
			hook = after
			switch before {
			case "nat":
				kind = "nat"
				priority = map[string]int{"prerouting": -100, "output": -100, "input": 100, "postrouting": 100}[hook]
			case "raw":
				priority = -300
			case "mangle":
				kind, priority = "route", -150
			case "early":
				priority = -10
			}
		}
		fmt.Fprintf(&b, "\tchain c%d {\n\t\ttype %s hook %s priority %d;\n", i, kind, hook, priority)
		for _, r := range strings.Split(rules, "; ") {
			fmt.Fprintf(&b, "\t\t%s\n", r)
		}
		b.WriteString("\t}\n")
	}
	b.WriteString("}\n")
	return b.String()
}

// sent is the packet of a fact.
func (f *fact) sent(id uint32) *sent {
	where, what, _ := strings.Cut(f.packet, ": ")
	from, to, _ := strings.Cut(what, " > ")
	s := &sent{id: id, seq: id << 8, echo: uint16(id)}
	s.Proto = packet.UDP
	sport, dport := uint16(40000), uint16(53)
	words := strings.Fields(where)
	switch words[0] {
	case "syn":
		s.Proto, s.Flags, words = packet.TCP, packet.SYN, words[1:]
	case "nd":
		s.Proto, s.Type, s.TTL, words, sport, dport = packet.ICMPv6, 135, 255, words[1:], 0, 0
	}
	if s.IIF = words[0]; s.IIF == "self" {
		s.IIF, s.Owner = "", &packet.Owner{}
		if len(words) > 1 {
			s.OIF = words[1]
		}
	}
	s.From, s.To = netip.AddrPortFrom(netip.MustParseAddr(from), sport), netip.AddrPortFrom(netip.MustParseAddr(to), dport)
	s.Length = len(s.bytes())
	return s
}

// world of the facts: a router with an address on lo.
func factWorld(f *fact) *World {
	w := &World{Host: host.New(), Links: []string{"wan1", "lan1"}}
	for _, a := range [][2]string{{"lo", "10.32.16.8/32"}, {"lo", "2001:db8:53::8/128"}, {"wan1", "203.0.113.1/24"}, {"wan1", "2001:db8:1::1/64"}, {"lan1", "192.168.77.1/24"}, {"lan1", "2001:db8:2::1/64"}} {
		w.addr(a[0], a[1])
	}
	w.route(host.Route{Dst: netip.MustParsePrefix("0.0.0.0/0"), Dev: "wan1"})
	w.route(host.Route{Dst: netip.MustParsePrefix("::/0"), Dev: "wan1"})
	w.Host.Sysctls = map[string]string{"ipv4.ip_forward": "1", "ipv6.conf.all.forwarding": "1"}
	if f.sysctl != "" {
		name, value, ok := strings.Cut(f.sysctl, "=")
		if !ok {
			value = "1"
		}
		w.Host.Sysctls[name] = value
	}
	if strings.Contains(f.nft, "meta mark set 2") {
		w.route(host.Route{Dst: netip.MustParsePrefix("0.0.0.0/0"), Dev: "lan1", Table: 100})
		w.IP = append(w.IP, "rule add pref 100 fwmark 2 table 100")
		w.Host.Rules = []host.Rule{{Table: host.TableLocal}, {Priority: 100, Mark: 2, Table: 100}, {Priority: 32766, Table: host.TableMain}, {Priority: 32767, Table: host.TableDefault}}
	}
	return w
}

// arrives by the model.
func arrives(r *path.Result) bool {
	if r.Copy != nil && r.Copy.Verdict != path.Accept {
		return false
	}
	return r.Verdict == path.Accept
}

package path

import (
	"net/netip"
	"testing"

	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// read a ruleset of nft.
func read(t *testing.T, text string) *ruleset.Ruleset {
	t.Helper()
	var l diag.List
	rs := nft.Read(diag.NewFile("in", []byte(text)), nft.Options{}, &l)
	if l.Errors() > 0 {
		t.Fatalf("%s\n%s", l.All[0].Message, text)
	}
	return rs
}

func dgram(proto uint8, iif, from, to string) Start {
	st := Start{IIF: iif, Proto: proto, From: netip.AddrPortFrom(netip.MustParseAddr(from), 40000), To: netip.AddrPortFrom(netip.MustParseAddr(to), 53)}
	if proto == packet.ICMP || proto == packet.ICMPv6 {
		st.Type = map[uint8]uint8{packet.ICMP: 8, packet.ICMPv6: 128}[proto]
	}
	return st
}

// What the referee taught: see docs/referee.md.
func TestTaughtByTheKernel(t *testing.T) {
	drops := func(hook, rule string) string {
		return "table inet t { chain c { type filter hook " + hook + " priority 0; " + rule + " drop; }; }"
	}
	flags := func(f uint8) Start {
		st := tcp("wan1", "203.0.113.9:1", "203.0.113.1:22")
		st.Flags = f
		return st
	}
	udp := func(iif, from, to string) Start { return dgram(packet.UDP, iif, from, to) }
	for _, c := range []struct {
		name, text string
		st         Start
		sysctl     string
		want       Verdict
	}{
		{"SYN begins a connection", drops("input", "ct state new"), flags(packet.SYN), "", Drop},
		{"ACK alone does too", drops("input", "ct state new"), flags(packet.ACK | packet.PSH), "", Drop},
		{"SYN, ACK does not", drops("input", "ct state invalid"), flags(packet.SYN | packet.ACK), "", Drop},
		{"FIN, ACK does not", drops("input", "ct state invalid"), flags(packet.FIN | packet.ACK), "", Drop},
		{"RST does not", drops("input", "ct state invalid"), flags(packet.RST), "", Drop},
		{"FORWARD sees a hop less", drops("forward", "ip ttl 63"), udp("wan1", "203.0.113.9", "192.168.77.10"), "", Drop},
		{"INPUT does not", drops("input", "ip ttl 63"), udp("wan1", "203.0.113.9", "203.0.113.1"), "", Accept},
		{"th reads any protocol", drops("input", "th dport 53"), dgram(packet.ICMP, "wan1", "203.0.113.9", "203.0.113.1"), "", Undecided},
		{"tcp does not", drops("input", "tcp dport 53"), dgram(packet.ICMP, "wan1", "203.0.113.9", "203.0.113.1"), "", Accept},
		{"a group is no source of IPv6", "", udp("wan1", "ff02::1", "2001:db8:1::1"), "", Drop},
		{"of its own link alone", "", udp("lan1", "fe80::9", "2001:db8:1::9"), "", Drop},
		{"a broadcast is a source, if nobody looks", "", udp("wan1", "203.0.113.255", "10.32.16.8"), "", Accept},
		{"rp_filter looks", "", udp("wan1", "203.0.113.255", "10.32.16.8"), "ipv4.conf.all.rp_filter", Drop},
		{"so does who would send it back", "", udp("wan1", "203.0.113.255", "203.0.113.9"), "", Drop},
		{"all of 127/8 is no source", "", udp("wan1", "127.0.0.5", "203.0.113.1"), "", Drop},
		{"but where it is routed, what no link has is one", "", udp("wan1", "127.0.0.5", "203.0.113.1"), "ipv4.conf.all.route_localnet", Accept},
		{"and 127.0.0.1 is not", "", udp("wan1", "127.0.0.1", "203.0.113.1"), "ipv4.conf.all.route_localnet", Drop},
		{"127/8 does not leave", "", udp("", "127.0.0.1", "203.0.113.9"), "", Reject},
		{"a packet of all is not sent on", "table ip t { chain c { type nat hook prerouting priority -100; dnat to 192.168.77.10; }; }", udp("wan1", "203.0.113.9", "203.0.113.255"), "", Drop},
		{"no mark to take, no rule", "table inet t { chain c { type filter hook input priority 0; meta mark set ct mark drop; }; chain p { type filter hook prerouting priority -300; notrack; }; }", udp("wan1", "203.0.113.9", "203.0.113.1"), "", Accept},
		{"a source that is routed elsewhere", drops("prerouting", "fib saddr . iif oif missing"), udp("lan1", "203.0.113.9", "203.0.113.1"), "", Drop},
		{"local packets are confirmed when they come in", drops("input", "ct status confirmed"), udp("", "203.0.113.1", "10.32.16.8"), "", Drop},
		{"those from outside are not yet", drops("input", "ct status confirmed"), udp("wan1", "203.0.113.9", "10.32.16.8"), "", Accept},
		{"IPv6 without a route is unreachable to fib", drops("input", "fib saddr type unicast"), udp("wan1", "2001:db8:ffff::1", "2001:db8:1::1"), "", Accept},
		{"IPv4 is unicast", drops("input", "fib saddr type unicast"), udp("lan1", "198.51.100.1", "192.168.77.1"), "", Drop},
	} {
		h := router()
		h.Sysctls["ipv6.conf.all.forwarding"] = "1"
		if c.sysctl != "" {
			h.Sysctls[c.sysctl] = "1"
		}
		if r := New(read(t, c.text), h).Send(c.st); r.Verdict != c.want {
			t.Errorf("%s: %s (%s)", c.name, r.Verdict, r.Why)
		}
	}
}

// ::1 is looked for where a packet arrives alone: who translates to it sends it on.
func TestLoopback6FromOutside(t *testing.T) {
	h := router()
	h.Sysctls["ipv6.conf.all.forwarding"] = "1"
	h.Routes = append(h.Routes, host.Route{Dst: netip.MustParsePrefix("::/0"), Dev: "wan1"})
	rs := read(t, "table ip6 t { chain c { type nat hook prerouting priority -100; dnat to ::1; }; }")
	r := New(rs, h).Send(dgram(packet.UDP, "wan1", "2001:db8:1::9", "2001:db8:1::1"))
	if r.Verdict != Accept || r.Packet.OIF != "wan1" || r.Legs[len(r.Legs)-1].Hook != ruleset.Postrouting {
		t.Errorf("%s %+v", r.Verdict, r.Packet)
	}
	h.Routes = nil
	if r := New(rs, h).Send(dgram(packet.UDP, "wan1", "2001:db8:1::9", "2001:db8:1::1")); r.Verdict != Reject {
		t.Errorf("without a way: %s", r.Verdict)
	}
}

// What changes its destination or its mark at OUTPUT is routed anew at once: without a
// way no other chain sees it, and rules of OUTPUT still see the old interface.
func TestReroute(t *testing.T) {
	h := router()
	h.Routes = append(h.Routes, host.Route{Dst: netip.MustParsePrefix("198.51.100.0/24"), Type: host.Blackhole})
	later := "chain late { type filter hook output priority 0; oifname \"lan1\" drop; }; chain post { type filter hook postrouting priority 0; oifname \"lan1\" accept; drop; };"
	for to, want := range map[string]Verdict{"192.168.77.20": Accept, "198.51.100.1": Drop, "203.0.113.20": Drop} {
		rs := read(t, "table ip t { chain n { type nat hook output priority -100; dnat to "+to+"; }; "+later+" }")
		r := New(rs, h).Send(dgram(packet.UDP, "", "203.0.113.1", "203.0.113.9"))
		if r.Verdict != want {
			t.Errorf("%s: %s %s", to, r.Verdict, r.Why)
		}
		if to == "198.51.100.1" && (len(r.Legs) != 1 || !r.Legs[0].Cut) {
			t.Errorf("%+v", r.Legs)
		}
	}
}

// The kernel's own translation is as old as the first chain that asks for it: of a chain
// with the same priority the younger is asked first.
func TestTranslationAmongEquals(t *testing.T) {
	f := "chain f { type filter hook input priority 100; ip saddr 203.0.113.1 drop; }; "
	n := "chain n { type nat hook input priority 100; snat to 203.0.113.1; }; "
	for text, want := range map[string]Verdict{f + n: Drop, n + f: Accept} {
		r := New(read(t, "table ip t { "+text+"}"), router()).Send(dgram(packet.UDP, "wan1", "203.0.113.9", "10.32.16.8"))
		if r.Verdict != want {
			t.Errorf("%s: %s", text, r.Verdict)
		}
	}
}

// Of a handshake whose second packet conntrack did not see, the third is invalid.
func TestUnseenReply(t *testing.T) {
	rs := read(t, "table ip t { chain o { type filter hook output priority -300; notrack; }; chain i { type filter hook input priority 0; ct state invalid drop; }; }")
	r := New(rs, router()).Send(tcp("wan1", "203.0.113.9:1", "203.0.113.1:22"))
	if r.Verdict != Accept || r.Reply.Verdict != Accept || r.Reply.Reply.Verdict != Drop {
		t.Errorf("%s, %s, %s", r.Verdict, r.Reply.Verdict, r.Reply.Reply.Verdict)
	}
}

// A masqueraded connection that leaves by another interface is over.
func TestMasqueradeElsewhere(t *testing.T) {
	h := router()
	h.Rules = []host.Rule{{Table: host.TableLocal}, {Priority: 100, Mark: 2, Table: 100}, {Priority: 32766, Table: host.TableMain}}
	h.Routes = append(h.Routes, host.Route{Dst: netip.MustParsePrefix("0.0.0.0/0"), Dev: "wan1", Table: 100})
	rs := read(t, "table ip t { chain p { type filter hook prerouting priority 0; ct state new meta mark set 2; }; chain n { type nat hook postrouting priority 100; masquerade; }; }")
	r := New(rs, h).Send(tcp("lan1", "192.168.77.10:1", "192.168.77.20:22"))
	if r.Verdict != Accept || r.Packet.OIF != "wan1" || r.Works() != Drop {
		t.Errorf("%s by %s, %s", r.Verdict, r.Packet.OIF, r.Works())
	}
}

package convert

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// match says one match. way are all of the rule.
func (l *line) match(m *ruleset.Match, way []*ruleset.Match) {
	for _, t := range m.Terms {
		if w := m.Field.Info().Width; t.Hi.Cmp(t.Lo) < 0 || w < 64 && (t.Hi.Hi != 0 || t.Hi.Lo>>w != 0) {
			l.no("a value of %s that it can't have", m.Field)
			return
		}
	}
	switch m.Field {
	case ruleset.IIFName:
		l.iface("i", m)
	case ruleset.OIFName:
		l.iface("o", m)
	case ruleset.IPSaddr, ruleset.IP6Saddr:
		l.address("s", "--src-range", m)
	case ruleset.IPDaddr, ruleset.IP6Daddr:
		l.address("d", "--dst-range", m)
	case ruleset.Sport:
		l.port("--sport", m)
	case ruleset.Dport:
		l.port("--dport", m)
	case ruleset.TCPFlags:
		l.tcpFlags(m)
	case ruleset.ICMPType, ruleset.ICMPv6Type:
		l.icmp(m, way)
	case ruleset.ICMPCode, ruleset.ICMPv6Code:
		for _, o := range way {
			if o.Field == ruleset.ICMPType || o.Field == ruleset.ICMPv6Type {
				return // which says the code too
			}
		}
		l.no("an ICMP code without the one type that it belongs to")
	case ruleset.IPFrag:
		l.fragment(m)
	case ruleset.MetaMark:
		l.mark("mark", m)
	case ruleset.CTMark:
		l.mark("connmark", m)
	case ruleset.SKUID:
		l.owner("--uid-owner", m)
	case ruleset.SKGID:
		l.owner("--gid-owner", m)
	case ruleset.EtherSaddr:
		if t, ok := l.one(m); ok && l.at("the sender's MAC address", ruleset.Prerouting, ruleset.Input, ruleset.Forward) {
			l.mod(m, "mac", "--mac-source", mac(t.Lo.Lo))
		}
	case ruleset.IPTTL:
		l.ordered("ttl", "--ttl", m)
	case ruleset.IP6HopLimit:
		l.ordered("hl", "--hl", m)
	case ruleset.IPDSCP, ruleset.IP6DSCP:
		if t, ok := l.one(m); ok {
			l.mod(m, "dscp", "--dscp", hex(t.Lo.Lo))
		}
	case ruleset.IPLength, ruleset.PacketLength:
		if t, ok := l.span(m); ok && t.Hi.Lo <= 65535 {
			l.mod(m, "length", "--length", span(t, ":"))
		} else if ok {
			l.no("a packet longer than 65535 bytes")
		}
	case ruleset.PktType:
		l.named(m, "pkttype", "--pkt-type", "unicast", "broadcast", "multicast")
	case ruleset.FibSaddrType:
		l.addrType(m, "--src-type")
	case ruleset.FibDaddrType:
		l.addrType(m, "--dst-type")
	case ruleset.FibSaddrIIFType:
		l.addrType(m, "--src-type", "--limit-iface-in")
	case ruleset.FibDaddrIIFType:
		l.addrType(m, "--dst-type", "--limit-iface-in")
	case ruleset.CPU:
		if t, ok := l.one(m); ok {
			l.mod(m, "cpu", "--cpu", dec(t.Lo.Lo))
		}
	case ruleset.Cgroup:
		if t, ok := l.one(m); ok && !m.Neg {
			l.mod(m, "cgroup", "--cgroup", dec(t.Lo.Lo))
		} else if ok {
			l.no("every cgroup but one: packets without a socket differ")
		}
	default:
		l.connection(m)
	}
}

func mac(v uint64) string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", v>>40&255, v>>32&255, v>>24&255, v>>16&255, v>>8&255, v&255)
}

// port of the protocol that -p names.
func (l *line) port(option string, m *ruleset.Match) {
	switch {
	case m.Op != ruleset.OpIn:
		l.no("bits of %s", m.Field)
		return
	case !hasPorts(l.proto):
		l.never = true // a packet without ports
		return
	}
	name := map[uint64]string{6: "tcp", 17: "udp", 132: "sctp", 33: "dccp"}[l.proto]
	if len(m.Terms) == 1 && name != "" {
		l.mod(m, name, option, span(m.Terms[0], ":"))
		return
	}
	var ports []string
	for _, t := range m.Terms {
		ports = append(ports, span(t, ":"))
	}
	l.mod(m, "multiport", option+"s", strings.Join(ports, ","))
}

// tcpFlags: --tcp-flags MASK VALUE knows the six flags of RFC 793.
func (l *line) tcpFlags(m *ruleset.Match) {
	const six = 0x3f
	if len(m.Terms) != 1 || !m.Terms[0].Single() {
		l.no("several values of %s in one rule", m.Field)
		return
	}
	value, mask := m.Terms[0].Lo.Lo, m.Mask.Lo
	n := *m
	switch m.Op {
	case ruleset.OpIn:
		l.no("all eight TCP flags at once: it knows six")
		return
	case ruleset.OpAny: // any of the bits: not none of them
		if mask = value; bits.OnesCount64(value) > 1 {
			value, n.Neg = 0, !m.Neg
		}
	}
	if mask&^six != 0 || value&^mask != 0 {
		l.no("the TCP flags ecn and cwr, or flags outside the mask")
		return
	}
	n.Op, n.Mask, n.Terms = ruleset.OpMask, ruleset.U128{Lo: mask}, []ruleset.Term{ruleset.Num(value)}
	l.mod(&n, "tcp", "--tcp-flags", flagNames(mask), flagNames(value))
}

func flagNames(v uint64) string {
	if v == 0 {
		return "NONE"
	}
	var names []string
	for i, n := range [...]string{"FIN", "SYN", "RST", "PSH", "ACK", "URG"} {
		if v>>i&1 != 0 {
			names = append(names, n)
		}
	}
	return strings.Join(names, ",")
}

// icmp says a type, with the code that the rule asks for besides.
func (l *line) icmp(m *ruleset.Match, way []*ruleset.Match) {
	name, option := "icmp", "--icmp-type"
	if l.c.v6 {
		name, option = "icmp6", "--icmpv6-type"
	}
	t, ok := l.one(m)
	if !ok {
		return
	}
	value := dec(t.Lo.Lo)
	means := []ruleset.Stmt{plain(m)}
	for _, o := range way {
		if o.Field != ruleset.ICMPCode && o.Field != ruleset.ICMPv6Code {
			continue
		}
		code, ok := l.one(o)
		switch {
		case !ok:
			return
		case m.Neg || o.Neg:
			l.no("an ICMP type or code but one, together with the other")
			return
		}
		value += "/" + dec(code.Lo.Lo)
		means = append(means, plain(o))
	}
	if t.Lo.Lo == 255 {
		l.no("ICMP type 255: it means any")
		return
	}
	l.mod(m, name, option, value)
	l.mods[len(l.mods)-1].(*ruleset.Module).Means = means
}

// fragment: iptables tells later fragments from everything else, no more.
func (l *line) fragment(m *ruleset.Match) {
	const offset = 0x1fff
	n := &ruleset.Match{Field: ruleset.IPFrag, Op: ruleset.OpAny, Terms: []ruleset.Term{ruleset.Num(offset)}}
	switch {
	case m.Op == ruleset.OpAny && m.Terms[0].Lo.Lo == offset:
		n.Neg = m.Neg
	case m.Op == ruleset.OpMask && m.Mask.Lo == offset && len(m.Terms) == 1 && m.Terms[0].Single() && m.Terms[0].Lo.Lo == 0:
		n.Neg = !m.Neg
	default:
		l.no("fragments in any way but being a later one (frag-off & 0x1fff != 0)")
		return
	}
	l.base = append(l.base, n)
}

// mark of a packet or a connection.
func (l *line) mark(name string, m *ruleset.Match) {
	if len(m.Terms) != 1 || !m.Terms[0].Single() {
		l.no("a range of %s", m.Field)
		return
	}
	value, mask := m.Terms[0].Lo.Lo, m.Mask.Lo
	n := *m
	switch m.Op {
	case ruleset.OpAny:
		mask, value, n.Neg = value, 0, !m.Neg
		n.Op, n.Mask, n.Terms = ruleset.OpMask, ruleset.U128{Lo: mask}, []ruleset.Term{ruleset.Num(0)}
	case ruleset.OpIn:
		mask = 0xffffffff
	}
	text := hex(value)
	if mask != 0xffffffff {
		text += "/" + hex(mask)
	}
	l.mod(&n, name, "--mark", text)
}

// owner: only positive, since iptables' negation matches packets without an
// owner too.
func (l *line) owner(option string, m *ruleset.Match) {
	t, ok := l.span(m)
	switch {
	case !ok:
	case m.Neg:
		l.no("every owner but one: packets that nobody owns differ")
	case !l.at("the owner of a packet", ruleset.Output, ruleset.Postrouting):
	case t.Text != "":
		l.mod(m, "owner", option, t.Text)
	default:
		l.mod(m, "owner", option, span(t, "-"))
	}
}

// ordered: equal, less or greater.
func (l *line) ordered(name, option string, m *ruleset.Match) {
	t, ok := l.span(m)
	switch {
	case !ok:
	case t.Single():
		l.mod(m, name, option+"-eq", dec(t.Lo.Lo))
	case m.Neg:
		l.no("all but a range of %s", m.Field)
	case t.Lo.Lo == 0:
		l.mod(m, name, option+"-lt", dec(t.Hi.Lo+1))
	case t.Hi.Lo == 255:
		l.mod(m, name, option+"-gt", dec(t.Lo.Lo-1))
	default:
		lo, hi := *m, *m
		lo.Terms, hi.Terms = []ruleset.Term{ruleset.Range(t.Lo.Lo, 255)}, []ruleset.Term{ruleset.Range(0, t.Hi.Lo)}
		l.mod(&lo, name, option+"-gt", dec(t.Lo.Lo-1))
		l.mod(&hi, name, option+"-lt", dec(t.Hi.Lo+1))
	}
}

// named values, by number.
func (l *line) named(m *ruleset.Match, name, option string, names ...string) {
	t, ok := l.one(m)
	switch {
	case !ok:
	case t.Lo.Lo >= uint64(len(names)):
		l.no("the value %s of %s", strconv.FormatUint(t.Lo.Lo, 10), m.Field)
	default:
		l.mod(m, name, option, names[t.Lo.Lo])
	}
}

func (l *line) addrType(m *ruleset.Match, option string, more ...string) {
	names := [...]string{"UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT"}
	t, ok := l.one(m)
	switch {
	case !ok:
	case t.Lo.Lo >= uint64(len(names)):
		l.no("the value %d of %s", t.Lo.Lo, m.Field)
	case l.c.v6 && t.Lo.Lo == ruleset.AddrBroadcast:
		l.never = l.never || !m.Neg // IPv6 has none, and xt_addrtype refuses to look
	case l.c.v6 && t.Lo.Lo > ruleset.AddrMulticast && t.Lo.Lo != ruleset.AddrUnreachable:
		l.no("the type %s of an IPv6 address", names[t.Lo.Lo])
	default:
		l.mod(m, "addrtype", option, append([]string{names[t.Lo.Lo]}, more...)...)
	}
}

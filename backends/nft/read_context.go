package nft

import (
	"slices"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// ruleReader is what is known while a rule is read.
type ruleReader struct {
	family ruleset.Family
	table  *readTable
	chain  *readChain // of the rule before, until something else is done
	in     *readTable // which chain is in
	body   []ruleset.Stmt
	depth  int
	direct bool // the expression is one side of a comparison with a value
	proto
}

// proto is what the statements so far have settled of a packet's protocols. nft
// keeps the same account to know what else it must ask (see proto_ctx in its
// src/proto.c, and nft --debug=netlink).
type proto struct {
	network   string // "", ip, ip6, arp, or another ethertype by number
	transport int    // -1 where it is not known
	several   bool   // the transport is one of a set
	lastOf    int    // of that set the last; 0 where it is not known
	firstOf   int    // and the first
	ofConn    bool   // the connection's transport is settled
	vlan      bool
	linked    bool // network was settled by the Ethernet header
	icmp      bool // the type of an ICMP packet is settled
	icmpType  int  // the one that it has to be; -1 where it is not known
}

// begin a rule of a family.
func (r *ruleReader) begin(f ruleset.Family) {
	r.body = r.body[:0]
	r.proto = proto{transport: -1, icmpType: -1}
	switch f {
	case ruleset.IP:
		r.network = "ip"
	case ruleset.IP6:
		r.network = "ip6"
	case ruleset.ARP:
		r.network = "arp"
	}
	r.family = f
}

func (s *State) imply(f ruleset.Field, value uint64) {
	s.rule.body = append(s.rule.body, s.slabs.impliedMatch(f, value))
}

// needNetwork asks for a network protocol where nothing has settled it; false
// where another one is settled.
func (s *State) needNetwork(at diag.Span, want string) bool {
	r := &s.rule
	if r.network == want {
		return true
	}
	if r.network != "" {
		s.refuse(at, "conflicting protocols specified: %s vs. %s", r.network, want)
		return false
	}
	if r.family == ruleset.Inet && want == "arp" && !r.ethernet() && !r.vlan {
		s.refuse(at, "conflicting protocols specified: inet vs. arp")
		return false
	}
	etherType := etherTypeOf(want)
	switch {
	case r.family != ruleset.Bridge && !r.vlan && r.ethernet():
		s.imply(ruleset.EtherType, etherType) // where the header is looked at, it is asked
	case r.family == ruleset.Inet && want == "ip":
		s.imply(ruleset.NFProto, ruleset.NFProtoIPv4)
	case r.family == ruleset.Inet && want == "ip6":
		s.imply(ruleset.NFProto, ruleset.NFProtoIPv6)
	case r.vlan:
		s.imply(ruleset.VLANType, etherType)
	case r.family == ruleset.Bridge && want == "arp":
		s.imply(ruleset.EtherType, etherType)
	default:
		s.imply(ruleset.MetaProtocol, etherType)
	}
	r.network = want
	return true
}

// needTransport does the same for a transport protocol.
func (s *State) needTransport(at diag.Span, want int, name string) bool {
	r := &s.rule
	if r.transport == want {
		return true
	}
	if r.transport >= 0 {
		s.refuse(at, "conflicting protocols specified: %s vs. %s", transportName(r.transport), name)
		return false
	}
	if r.several && r.lastOf > 0 {
		// nft takes the last of a set for the transport.
		other := r.lastOf
		if other == want {
			other = r.firstOf
		}
		s.refuse(at, "conflicting protocols specified: %s vs. %s", transportName(other), name).Helpf("write th instead of %s", name)
		return false
	}
	if r.network == "arp" {
		s.refuse(at, "conflicting protocols specified: arp vs. %s", name)
		return false
	}
	ok := true
	// ICMP settles the family where nothing has, and asks no questions where
	// another one is settled: such a rule never matches.
	switch {
	case r.network != "":
	case want == 1 || want == 2:
		ok = s.needICMPNetwork(at, "ip")
	case want == 58:
		ok = s.needICMPNetwork(at, "ip6")
	}
	if ok {
		s.imply(ruleset.L4Proto, uint64(want))
		r.transport, r.several = want, false
	}
	return ok
}

// needICMPNetwork is needNetwork; in a bridge ICMP asks the Ethernet header.
func (s *State) needICMPNetwork(at diag.Span, want string) bool {
	r := &s.rule
	if r.family != ruleset.Bridge || r.vlan || r.network != "" {
		return s.needNetwork(at, want)
	}
	s.imply(ruleset.EtherType, etherTypeOf(want))
	r.network = want
	return true
}

func etherTypeOf(network string) uint64 {
	switch network {
	case "ip6":
		return 0x86dd
	case "arp":
		return 0x0806
	}
	return 0x0800
}

func transportName(n int) string {
	if s := protocolName(uint64(n)); s != "" {
		return s
	}
	return "protocol " + string(appendNumber(nil, uint64(n)))
}

// needLink asks for an Ethernet header.
func (s *State) needLink() {
	r := &s.rule
	if r.family == ruleset.Bridge || r.vlan {
		return
	}
	if !r.ethernet() {
		s.imply(ruleset.IIFType, 1)
	}
}

// ethernet says whether the rule has looked at an Ethernet header, or asked
// whether there is one.
func (r *ruleReader) ethernet() bool {
	for _, b := range r.body {
		if m, ok := b.(*ruleset.Match); ok && (m.Field == ruleset.IIFType || m.Field == ruleset.EtherSaddr || m.Field == ruleset.EtherDaddr || m.Field == ruleset.EtherType) {
			return true
		}
	}
	return false
}

// transportOf a header.
func transportOf(header string) int {
	switch header {
	case "tcp":
		return 6
	case "udp", "vxlan", "geneve":
		return 17
	case "udplite":
		return 136
	case "sctp":
		return 132
	case "dccp":
		return 33
	case "icmp":
		return 1
	case "igmp":
		return 2
	case "icmpv6":
		return 58
	case "ah":
		return 51
	case "esp":
		return 50
	case "comp":
		return 108
	case "gre", "gretap":
		return 47
	}
	return -1
}

// needHeader settles the protocols that a header needs.
func (s *State) needHeader(at diag.Span, header string) bool {
	switch header {
	case "ip", "ip6", "arp":
		return s.needNetwork(at, header)
	case "ether":
		s.needLink()
		return true
	case "vlan":
		if s.rule.linked {
			s.refuse(at, "conflicting protocols specified: ether vs. vlan")
			return false
		}
		if !s.rule.vlan {
			s.needLink()
			s.imply(ruleset.EtherType, 0x8100)
			s.rule.vlan = true
		}
		return true
	case "th":
		return true
	}
	if n := transportOf(header); n >= 0 {
		return s.needTransport(at, n, header)
	}
	return true
}

// needType asks for the types of ICMP that a field belongs to.
func (s *State) needType(at diag.Span, f ruleset.Field) {
	types := func(of ruleset.Field, values ...uint64) {
		if s.rule.icmp {
			if have := s.rule.icmpType; have >= 0 && !slices.Contains(values, uint64(have)) {
				s.refuse(at, "incompatible icmp match: rule has %d, need %d", have, values[0])
			}
			return
		}
		s.rule.icmpType = int(values[0])
		m := &ruleset.Match{Field: of, Implied: true, Set: len(values) > 1}
		for _, v := range values {
			m.Terms = append(m.Terms, ruleset.Num(v))
		}
		s.rule.body = append(s.rule.body, m)
		s.rule.icmp = true
	}
	switch f {
	case ruleset.ICMPID, ruleset.ICMPSequence:
		types(ruleset.ICMPType, 8, 0)
	case ruleset.ICMPMTU:
		types(ruleset.ICMPType, 3)
	case ruleset.ICMPGateway:
		types(ruleset.ICMPType, 5)
	case ruleset.ICMPv6ID, ruleset.ICMPv6Sequence:
		types(ruleset.ICMPv6Type, 128, 129)
	case ruleset.ICMPv6MTU:
		types(ruleset.ICMPv6Type, 2)
	case ruleset.ICMPv6ParamProblem:
		types(ruleset.ICMPv6Type, 4)
	case ruleset.ICMPv6MaxDelay:
		types(ruleset.ICMPv6Type, 130)
	}
}

// networkOf an ethertype, in the word of nft for its header.
func networkOf(etherType uint64) string {
	switch etherType {
	case 0x0800:
		return "ip"
	case 0x86dd:
		return "ip6"
	case 0x0806:
		return "arp"
	}
	return ""
}

// settle learns from a match what it says of the protocols.
func (s *State) settle(m *ruleset.Match) {
	r := &s.rule
	if m.Op != ruleset.OpIn || m.Neg {
		return
	}
	value, single := uint64(0), len(m.Terms) == 1 && m.Terms[0].Single() && m.Terms[0].Text == ""
	if single {
		value = m.Terms[0].Lo.Lo
	}
	switch m.Field {
	case ruleset.NFProto, ruleset.CTL3Proto:
		if single && r.network == "" {
			switch value {
			case ruleset.NFProtoIPv4:
				r.network = "ip"
			case ruleset.NFProtoIPv6:
				r.network = "ip6"
			}
		}
	case ruleset.MetaProtocol, ruleset.EtherType, ruleset.VLANType:
		// In an inet table meta protocol settles nothing (nft asks for the family once
		// more).
		if !single || m.Field == ruleset.MetaProtocol && r.family == ruleset.Inet {
			return
		}
		if name := networkOf(value); name != "" {
			// A header that says otherwise is right: such a rule never matches.
			if r.network == "" || m.Field != ruleset.MetaProtocol {
				r.network = name
			}
			r.linked = m.Field == ruleset.EtherType
		}
		if value == 0x8100 || value == 0x88a8 {
			r.vlan = m.Field == ruleset.EtherType || r.vlan
		}
	case ruleset.L4Proto, ruleset.IPProtocol, ruleset.IP6Nexthdr:
		if single {
			r.transport, r.several = int(value), false
		} else {
			// The last of a set settles it, as nft has it: only th goes on from here.
			r.several = true
			if last := m.Terms[len(m.Terms)-1]; m.Set && last.Text == "" && last.Single() {
				r.lastOf, r.firstOf = int(last.Lo.Lo), int(m.Terms[0].Lo.Lo)
			}
		}
	case ruleset.CTProtocol, ruleset.CTOrigProtocol, ruleset.CTReplyProtocol:
		r.ofConn = true
	case ruleset.ICMPType, ruleset.ICMPv6Type:
		if r.icmp = true; single {
			r.icmpType = int(value)
		}
	}
}

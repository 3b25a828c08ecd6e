package nft

import "github.com/loward/loward/compiler/ruleset"

// syntax is how nft writes a field and its values.
type syntax struct {
	// datatype of sets, or "" where only typeof can name it.
	datatype string
	// expr is the expression in text; json the same as a JSON value.
	expr, json string
	// values says how a value is written.
	values values
	// names of values or of bits, or nil.
	names []name
}

// values is a way to write a value.
type values uint8

const (
	decimal values = iota
	hexadecimal
	address4
	address6
	linkAddress
	protocol
	quoted  // Term.Text between quotes
	owner   // quoted where Text is set, else decimal
	seconds // of a number of nanoseconds
	milliseconds
)

// name of a value of an Enum, or of a bit.
type name struct {
	value uint64
	text  string
}

func meta(datatype, key string, v values, names []name) syntax {
	return syntax{datatype, key, `{"meta":{"key":"` + lastWord(key) + `"}}`, v, names}
}

func payload(datatype, proto, field string, v values, names []name) syntax {
	return syntax{datatype, proto + " " + field, `{"payload":{"protocol":"` + proto + `","field":"` + field + `"}}`, v, names}
}

func ct(datatype, key string, v values, names []name) syntax {
	return syntax{datatype, "ct " + key, `{"ct":{"key":"` + key + `"}}`, v, names}
}

func ctDir(datatype, dir, key string, v values) syntax {
	return syntax{datatype, "ct " + dir + " " + key, `{"ct":{"key":"` + key + `","dir":"` + dir + `"}}`, v, nil}
}

func fib(result, flags, jsonFlags string) syntax {
	s := syntax{"fib_addrtype", "fib " + flags + " " + result, `{"fib":{"result":"` + result + `","flags":` + jsonFlags + `}}`, decimal, nil}
	if result == "oif" {
		s.datatype = "iface_index"
	} else {
		s.names = addrTypes()
	}
	return s
}

func lastWord(s string) string {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == ' ' {
			return s[i+1:]
		}
	}
	return s
}

// syntaxOf is the table of how each field is written.
func syntaxOf(f ruleset.Field) syntax {
	switch f {
	case ruleset.IIFName:
		return meta("ifname", "iifname", quoted, nil)
	case ruleset.OIFName:
		return meta("ifname", "oifname", quoted, nil)
	case ruleset.IIF:
		return meta("iface_index", "iif", quoted, nil)
	case ruleset.OIF:
		return meta("iface_index", "oif", quoted, nil)
	case ruleset.IIFType:
		return meta("iface_type", "iiftype", decimal, nil)
	case ruleset.OIFType:
		return meta("iface_type", "oiftype", decimal, nil)
	case ruleset.PktType:
		return meta("pkt_type", "meta pkttype", decimal, packetTypes())
	case ruleset.MetaMark:
		return meta("mark", "meta mark", hexadecimal, nil)
	case ruleset.SKUID:
		return meta("uid", "meta skuid", owner, nil)
	case ruleset.SKGID:
		return meta("gid", "meta skgid", owner, nil)
	case ruleset.NFProto:
		return meta("nf_proto", "meta nfproto", decimal, families())
	case ruleset.L4Proto:
		return meta("inet_proto", "meta l4proto", protocol, nil)
	case ruleset.PacketLength:
		return meta("", "meta length", decimal, nil)
	case ruleset.EtherType:
		return payload("ether_type", "ether", "type", hexadecimal, nil)
	case ruleset.EtherSaddr:
		return payload("ether_addr", "ether", "saddr", linkAddress, nil)
	case ruleset.IPSaddr:
		return payload("ipv4_addr", "ip", "saddr", address4, nil)
	case ruleset.IPDaddr:
		return payload("ipv4_addr", "ip", "daddr", address4, nil)
	case ruleset.IPTTL:
		return payload("", "ip", "ttl", decimal, nil)
	case ruleset.IPFrag:
		return payload("", "ip", "frag-off", hexadecimal, nil)
	case ruleset.IPDSCP:
		return payload("dscp", "ip", "dscp", hexadecimal, nil)
	case ruleset.IPLength:
		return payload("", "ip", "length", decimal, nil)
	case ruleset.IP6Saddr:
		return payload("ipv6_addr", "ip6", "saddr", address6, nil)
	case ruleset.IP6Daddr:
		return payload("ipv6_addr", "ip6", "daddr", address6, nil)
	case ruleset.IP6HopLimit:
		return payload("", "ip6", "hoplimit", decimal, nil)
	case ruleset.IP6DSCP:
		return payload("dscp", "ip6", "dscp", hexadecimal, nil)
	case ruleset.Sport:
		return payload("inet_service", "th", "sport", decimal, nil)
	case ruleset.Dport:
		return payload("inet_service", "th", "dport", decimal, nil)
	case ruleset.TCPFlags:
		return payload("tcp_flag", "tcp", "flags", hexadecimal, tcpFlags())
	case ruleset.ICMPType:
		return payload("icmp_type", "icmp", "type", decimal, nil)
	case ruleset.ICMPCode:
		return payload("icmp_code", "icmp", "code", decimal, nil)
	case ruleset.ICMPv6Type:
		return payload("icmpv6_type", "icmpv6", "type", decimal, nil)
	case ruleset.ICMPv6Code:
		return payload("icmpv6_code", "icmpv6", "code", decimal, nil)
	}
	return connSyntax(f)
}

func connSyntax(f ruleset.Field) syntax {
	switch f {
	case ruleset.CTState:
		return ct("ct_state", "state", hexadecimal, connStates())
	case ruleset.CTStatus:
		return ct("ct_status", "status", hexadecimal, connStatus())
	case ruleset.CTDirection:
		return ct("ct_dir", "direction", decimal, []name{{ruleset.DirOriginal, "original"}, {ruleset.DirReply, "reply"}})
	case ruleset.CTMark:
		return ct("mark", "mark", hexadecimal, nil)
	case ruleset.CTLabel:
		return ct("ct_label", "label", decimal, nil)
	case ruleset.CTHelper:
		return ct("", "helper", quoted, nil)
	case ruleset.CTProtocol:
		return ct("inet_proto", "protocol", protocol, nil)
	case ruleset.CTOrigSaddr:
		return ctDir("ipv4_addr", "original", "ip saddr", address4)
	case ruleset.CTOrigDaddr:
		return ctDir("ipv4_addr", "original", "ip daddr", address4)
	case ruleset.CTOrig6Saddr:
		return ctDir("ipv6_addr", "original", "ip6 saddr", address6)
	case ruleset.CTOrig6Daddr:
		return ctDir("ipv6_addr", "original", "ip6 daddr", address6)
	case ruleset.CTOrigSport:
		return ctDir("inet_service", "original", "proto-src", decimal)
	case ruleset.CTOrigDport:
		return ctDir("inet_service", "original", "proto-dst", decimal)
	case ruleset.CTReplySaddr:
		return ctDir("ipv4_addr", "reply", "ip saddr", address4)
	case ruleset.CTReplyDaddr:
		return ctDir("ipv4_addr", "reply", "ip daddr", address4)
	case ruleset.CTReply6Saddr:
		return ctDir("ipv6_addr", "reply", "ip6 saddr", address6)
	case ruleset.CTReply6Daddr:
		return ctDir("ipv6_addr", "reply", "ip6 daddr", address6)
	case ruleset.CTReplySport:
		return ctDir("inet_service", "reply", "proto-src", decimal)
	case ruleset.CTReplyDport:
		return ctDir("inet_service", "reply", "proto-dst", decimal)
	case ruleset.FibSaddrType:
		return fib("type", "saddr", `"saddr"`)
	case ruleset.FibDaddrType:
		return fib("type", "daddr", `"daddr"`)
	case ruleset.FibSaddrIIFType:
		return fib("type", "saddr . iif", `["saddr","iif"]`)
	case ruleset.FibDaddrIIFType:
		return fib("type", "daddr . iif", `["daddr","iif"]`)
	case ruleset.FibSaddrOIF:
		return fib("oif", "saddr", `"saddr"`)
	case ruleset.FibSaddrIIFOIF:
		return fib("oif", "saddr . iif", `["saddr","iif"]`)
	}
	return foreignSyntax(f)
}

func addrTypes() []name {
	return []name{
		{ruleset.AddrUnspec, "unspec"}, {ruleset.AddrUnicast, "unicast"}, {ruleset.AddrLocal, "local"},
		{ruleset.AddrBroadcast, "broadcast"}, {ruleset.AddrAnycast, "anycast"}, {ruleset.AddrMulticast, "multicast"},
		{ruleset.AddrBlackhole, "blackhole"}, {ruleset.AddrUnreachable, "unreachable"}, {ruleset.AddrProhibit, "prohibit"},
	}
}

func packetTypes() []name {
	return []name{
		{ruleset.PktHost, "host"}, {ruleset.PktBroadcast, "broadcast"},
		{ruleset.PktMulticast, "multicast"}, {ruleset.PktOther, "other"},
	}
}

func connStates() []name {
	return []name{
		{ruleset.StateInvalid, "invalid"}, {ruleset.StateEstablished, "established"},
		{ruleset.StateRelated, "related"}, {ruleset.StateNew, "new"}, {ruleset.StateUntracked, "untracked"},
	}
}

func connStatus() []name {
	return []name{
		{ruleset.StatusExpected, "expected"}, {ruleset.StatusSeenReply, "seen-reply"}, {ruleset.StatusAssured, "assured"},
		{ruleset.StatusConfirmed, "confirmed"}, {ruleset.StatusSNAT, "snat"}, {ruleset.StatusDNAT, "dnat"},
	}
}

func tcpFlags() []name {
	return []name{
		{1, "fin"}, {2, "syn"}, {4, "rst"}, {8, "psh"}, {16, "ack"}, {32, "urg"}, {64, "ecn"}, {128, "cwr"},
	}
}

package nft

import "github.com/loward/loward/compiler/ruleset"

// foreignSyntax is the table of the fields that loward itself never compiles to.
func foreignSyntax(f ruleset.Field) syntax {
	switch f {
	case ruleset.MetaPriority:
		return meta("classid", "meta priority", hexadecimal, nil)
	case ruleset.NFTrace:
		return meta("", "meta nftrace", decimal, nil)
	case ruleset.RTClassID:
		return meta("realm", "meta rtclassid", decimal, nil)
	case ruleset.SecMark:
		return meta("", "meta secmark", decimal, nil)
	case ruleset.MetaProtocol:
		return meta("ether_type", "meta protocol", hexadecimal, nil)
	case ruleset.CPU:
		return meta("", "meta cpu", decimal, nil)
	case ruleset.IIFGroup:
		return meta("devgroup", "meta iifgroup", decimal, nil)
	case ruleset.OIFGroup:
		return meta("devgroup", "meta oifgroup", decimal, nil)
	case ruleset.IIFKind:
		return meta("", "meta iifkind", quoted, nil)
	case ruleset.OIFKind:
		return meta("", "meta oifkind", quoted, nil)
	case ruleset.Cgroup:
		return meta("", "meta cgroup", decimal, nil)
	case ruleset.MetaRandom:
		return meta("", "meta random", decimal, nil)
	case ruleset.MetaTime:
		return meta("", "meta time", seconds, nil)
	case ruleset.MetaDay:
		return meta("", "meta day", decimal, nil)
	case ruleset.MetaHour:
		return meta("", "meta hour", decimal, nil)
	case ruleset.SecPath:
		return meta("boolean", "meta ipsec", decimal, nil)
	case ruleset.SDIF:
		return meta("iface_index", "meta sdif", quoted, nil)
	case ruleset.SDIFName:
		return meta("ifname", "meta sdifname", quoted, nil)
	case ruleset.IBRName:
		return meta("ifname", "meta ibrname", quoted, nil)
	case ruleset.OBRName:
		return meta("ifname", "meta obrname", quoted, nil)
	case ruleset.IBRPVID:
		return meta("", "meta ibrpvid", decimal, nil)
	case ruleset.IBRVProto:
		return meta("ether_type", "meta ibrvproto", hexadecimal, nil)
	case ruleset.Broute:
		return meta("", "meta broute", decimal, nil)
	case ruleset.CTExpiration:
		return ct("", "expiration", milliseconds, nil)
	case ruleset.CTL3Proto:
		return ct("nf_proto", "l3proto", decimal, families())
	case ruleset.CTID:
		return ct("", "id", decimal, nil)
	case ruleset.CTZone:
		return ct("", "zone", decimal, nil)
	case ruleset.CTOrigZone:
		return ctDir("", "original", "zone", decimal)
	case ruleset.CTReplyZone:
		return ctDir("", "reply", "zone", decimal)
	case ruleset.CTEvent:
		return ct("", "event", hexadecimal, connEvents())
	case ruleset.CTSecMark:
		return ct("", "secmark", decimal, nil)
	case ruleset.CTBytes:
		return ct("", "bytes", decimal, nil)
	case ruleset.CTPackets:
		return ct("", "packets", decimal, nil)
	case ruleset.CTAvgpkt:
		return ct("", "avgpkt", decimal, nil)
	case ruleset.CTOrigBytes:
		return ctDir("", "original", "bytes", decimal)
	case ruleset.CTOrigPackets:
		return ctDir("", "original", "packets", decimal)
	case ruleset.CTOrigAvgpkt:
		return ctDir("", "original", "avgpkt", decimal)
	case ruleset.CTReplyBytes:
		return ctDir("", "reply", "bytes", decimal)
	case ruleset.CTReplyPackets:
		return ctDir("", "reply", "packets", decimal)
	case ruleset.CTReplyAvgpkt:
		return ctDir("", "reply", "avgpkt", decimal)
	case ruleset.CTOrigL3Proto:
		return ctDir("nf_proto", "original", "l3proto", decimal)
	case ruleset.CTReplyL3Proto:
		return ctDir("nf_proto", "reply", "l3proto", decimal)
	case ruleset.CTOrigProtocol:
		return ctDir("inet_proto", "original", "protocol", protocol)
	case ruleset.CTReplyProtocol:
		return ctDir("inet_proto", "reply", "protocol", protocol)
	case ruleset.RTRealm:
		return syntax{"realm", "rt classid", `{"rt":{"key":"classid"}}`, decimal, nil}
	case ruleset.RTNexthop:
		return syntax{"ipv4_addr", "rt ip nexthop", `{"rt":{"key":"nexthop", "family":"ip"}}`, address4, nil}
	case ruleset.RTNexthop6:
		return syntax{"ipv6_addr", "rt ip6 nexthop", `{"rt":{"key":"nexthop", "family":"ip6"}}`, address6, nil}
	case ruleset.RTMTU:
		return syntax{"", "rt mtu", `{"rt":{"key":"mtu"}}`, decimal, nil}
	case ruleset.RTIPsec:
		return syntax{"boolean", "rt ipsec", `{"rt":{"key":"ipsec"}}`, decimal, nil}
	case ruleset.SocketTransparent:
		return syntax{"", "socket transparent", `{"socket":{"key":"transparent"}}`, decimal, nil}
	case ruleset.SocketMark:
		return syntax{"mark", "socket mark", `{"socket":{"key":"mark"}}`, hexadecimal, nil}
	case ruleset.SocketWildcard:
		return syntax{"", "socket wildcard", `{"socket":{"key":"wildcard"}}`, decimal, nil}
	case ruleset.EtherDaddr:
		return payload("ether_addr", "ether", "daddr", linkAddress, nil)
	case ruleset.VLANID:
		return payload("", "vlan", "id", decimal, nil)
	case ruleset.VLANDEI:
		return payload("", "vlan", "dei", decimal, nil)
	case ruleset.VLANPCP:
		return payload("", "vlan", "pcp", decimal, nil)
	case ruleset.VLANType:
		return payload("ether_type", "vlan", "type", hexadecimal, nil)
	case ruleset.ARPHtype:
		return payload("", "arp", "htype", decimal, nil)
	case ruleset.ARPPtype:
		return payload("ether_type", "arp", "ptype", hexadecimal, nil)
	case ruleset.ARPHlen:
		return payload("", "arp", "hlen", decimal, nil)
	case ruleset.ARPPlen:
		return payload("", "arp", "plen", decimal, nil)
	case ruleset.ARPOp:
		return payload("arp_op", "arp", "operation", decimal, nil)
	case ruleset.ARPSaddrEther:
		return payload("ether_addr", "arp", "saddr ether", linkAddress, nil)
	case ruleset.ARPDaddrEther:
		return payload("ether_addr", "arp", "daddr ether", linkAddress, nil)
	case ruleset.ARPSaddrIP:
		return payload("ipv4_addr", "arp", "saddr ip", address4, nil)
	case ruleset.ARPDaddrIP:
		return payload("ipv4_addr", "arp", "daddr ip", address4, nil)
	case ruleset.IPVersion:
		return payload("", "ip", "version", decimal, nil)
	case ruleset.IPHdrLength:
		return payload("", "ip", "hdrlength", decimal, nil)
	case ruleset.IPECN:
		return payload("ecn", "ip", "ecn", decimal, nil)
	case ruleset.IPID:
		return payload("", "ip", "id", decimal, nil)
	case ruleset.IPProtocol:
		return payload("inet_proto", "ip", "protocol", protocol, nil)
	case ruleset.IPChecksum:
		return payload("", "ip", "checksum", decimal, nil)
	case ruleset.IP6Version:
		return payload("", "ip6", "version", decimal, nil)
	case ruleset.IP6ECN:
		return payload("ecn", "ip6", "ecn", decimal, nil)
	case ruleset.IP6FlowLabel:
		return payload("", "ip6", "flowlabel", decimal, nil)
	case ruleset.IP6Length:
		return payload("", "ip6", "length", decimal, nil)
	case ruleset.IP6Nexthdr:
		return payload("inet_proto", "ip6", "nexthdr", protocol, nil)
	case ruleset.ICMPChecksum:
		return payload("", "icmp", "checksum", decimal, nil)
	case ruleset.ICMPID:
		return payload("", "icmp", "id", decimal, nil)
	case ruleset.ICMPSequence:
		return payload("", "icmp", "sequence", decimal, nil)
	case ruleset.ICMPGateway:
		return payload("", "icmp", "gateway", decimal, nil)
	case ruleset.ICMPMTU:
		return payload("", "icmp", "mtu", decimal, nil)
	case ruleset.IGMPType:
		return payload("igmp_type", "igmp", "type", decimal, nil)
	case ruleset.IGMPMRT:
		return payload("", "igmp", "mrt", decimal, nil)
	case ruleset.IGMPChecksum:
		return payload("", "igmp", "checksum", decimal, nil)
	case ruleset.IGMPGroup:
		return payload("", "igmp", "group", decimal, nil) // nft has no addresses here
	case ruleset.ICMPv6Checksum:
		return payload("", "icmpv6", "checksum", decimal, nil)
	case ruleset.ICMPv6ParamProblem:
		s := payload("", "icmpv6", "parameter-problem", decimal, nil)
		s.expr = "icmpv6 param-problem" // nft 1.0.6 lists the other name and does not read it
		return s
	case ruleset.ICMPv6MTU:
		return payload("", "icmpv6", "mtu", decimal, nil)
	case ruleset.ICMPv6ID:
		return payload("", "icmpv6", "id", decimal, nil)
	case ruleset.ICMPv6Sequence:
		return payload("", "icmpv6", "sequence", decimal, nil)
	case ruleset.ICMPv6MaxDelay:
		return payload("", "icmpv6", "max-delay", decimal, nil)
	case ruleset.ICMPv6Taddr:
		return payload("ipv6_addr", "icmpv6", "taddr", address6, nil)
	case ruleset.ICMPv6Daddr:
		return payload("ipv6_addr", "icmpv6", "daddr", address6, nil)
	case ruleset.AHNexthdr:
		return payload("inet_proto", "ah", "nexthdr", protocol, nil)
	case ruleset.AHHdrLength:
		return payload("", "ah", "hdrlength", decimal, nil)
	case ruleset.AHReserved:
		return payload("", "ah", "reserved", decimal, nil)
	case ruleset.AHSPI:
		return payload("", "ah", "spi", decimal, nil)
	case ruleset.AHSequence:
		return payload("", "ah", "sequence", decimal, nil)
	case ruleset.ESPSPI:
		return payload("", "esp", "spi", decimal, nil)
	case ruleset.ESPSequence:
		return payload("", "esp", "sequence", decimal, nil)
	case ruleset.CompNexthdr:
		return payload("inet_proto", "comp", "nexthdr", protocol, nil)
	case ruleset.CompFlags:
		return payload("", "comp", "flags", hexadecimal, nil)
	case ruleset.CompCPI:
		return payload("", "comp", "cpi", decimal, nil)
	case ruleset.UDPLength:
		return payload("", "udp", "length", decimal, nil)
	case ruleset.UDPChecksum:
		return payload("", "udp", "checksum", decimal, nil)
	case ruleset.UDPLiteCsumcov:
		return payload("", "udplite", "csumcov", decimal, nil)
	case ruleset.UDPLiteChecksum:
		return payload("", "udplite", "checksum", decimal, nil)
	case ruleset.TCPSequence:
		return payload("", "tcp", "sequence", decimal, nil)
	case ruleset.TCPAckSeq:
		return payload("", "tcp", "ackseq", decimal, nil)
	case ruleset.TCPDoff:
		return payload("", "tcp", "doff", decimal, nil)
	case ruleset.TCPReserved:
		return payload("", "tcp", "reserved", decimal, nil)
	case ruleset.TCPWindow:
		return payload("", "tcp", "window", decimal, nil)
	case ruleset.TCPChecksum:
		return payload("", "tcp", "checksum", decimal, nil)
	case ruleset.TCPUrgptr:
		return payload("", "tcp", "urgptr", decimal, nil)
	case ruleset.DCCPType:
		return payload("dccp_pkttype", "dccp", "type", decimal, nil)
	case ruleset.SCTPVtag:
		return payload("", "sctp", "vtag", decimal, nil)
	case ruleset.SCTPChecksum:
		return payload("", "sctp", "checksum", decimal, nil)
	case ruleset.GREFlags:
		return payload("", "gre", "flags", decimal, nil)
	case ruleset.GREVersion:
		return payload("", "gre", "version", decimal, nil)
	case ruleset.GREProtocol:
		return payload("ether_type", "gre", "protocol", hexadecimal, nil)
	}
	return syntax{}
}

func families() []name {
	return []name{{ruleset.NFProtoIPv4, "ipv4"}, {ruleset.NFProtoIPv6, "ipv6"}}
}

// connEvents are the bits of ct event (IPCT_* of nf_conntrack_common.h).
func connEvents() []name {
	return []name{
		{1, "new"}, {2, "related"}, {4, "destroy"}, {8, "reply"}, {16, "assured"}, {32, "protoinfo"},
		{64, "helper"}, {128, "mark"}, {256, "seqadj"}, {512, "secmark"}, {1024, "label"},
	}
}

package nft

import "strconv"

// symbol gives the value of a word in a data type of nft, as its own tables have
// it; of types whose words are in files of the machine, the words that stand in
// them everywhere.
func symbol(datatype, word string) (uint64, bool) {
	for _, n := range words(datatype) {
		if n.text == word {
			return n.value, true
		}
	}
	switch datatype {
	case "icmpv6_type", "icmp_type", "icmp_code", "icmpv6_code", "icmpx_code":
	case "inet_proto":
		return protocolNumber(word)
	case "inet_service":
		return servicePort(word)
	case "day":
		return weekday(word)
	}
	return 0, false
}

// words of a data type.
func words(datatype string) []name {
	switch datatype {
	case "ct_state":
		return connStates()
	case "ct_status":
		return append(connStatus(), name{512, "dying"})
	case "ct_dir":
		return []name{{0, "original"}, {1, "reply"}}
	case "ct_event":
		return []name{{1, "new"}, {2, "related"}, {4, "destroy"}, {8, "reply"}, {16, "assured"}, {32, "protoinfo"},
			{64, "helper"}, {128, "mark"}, {256, "seqadj"}, {512, "secmark"}, {1024, "label"}}
	case "tcp_flag":
		return tcpFlags()
	case "pkt_type":
		return append(packetTypes(), name{0, "unicast"})
	case "fib_addrtype":
		return addrTypes()
	case "nf_proto":
		return families()
	case "ether_type":
		return []name{{0x0800, "ip"}, {0x86dd, "ip6"}, {0x0806, "arp"}, {0x8100, "vlan"}, {0x8100, "8021q"}, {0x88a8, "8021ad"}}
	case "arp_op":
		return []name{{1, "request"}, {2, "reply"}, {3, "rrequest"}, {4, "rreply"}, {8, "inrequest"}, {9, "inreply"}, {10, "nak"}}
	case "boolean":
		return []name{{1, "exists"}, {0, "missing"}}
	case "bit":
		return []name{{1, "set"}, {0, "unset"}}
	case "dscp":
		return []name{{0, "cs0"}, {8, "cs1"}, {16, "cs2"}, {24, "cs3"}, {32, "cs4"}, {40, "cs5"}, {48, "cs6"}, {56, "cs7"},
			{0, "df"}, {0, "be"}, {1, "lephb"}, {10, "af11"}, {12, "af12"}, {14, "af13"}, {18, "af21"}, {20, "af22"}, {22, "af23"},
			{26, "af31"}, {28, "af32"}, {30, "af33"}, {34, "af41"}, {36, "af42"}, {38, "af43"}, {44, "va"}, {46, "ef"}}
	case "ecn":
		return []name{{0, "not-ect"}, {1, "ect1"}, {2, "ect0"}, {3, "ce"}}
	case "igmp_type":
		return []name{{0x11, "membership-query"}, {0x12, "membership-report-v1"}, {0x16, "membership-report-v2"},
			{0x22, "membership-report-v3"}, {0x17, "leave-group"}}
	case "mh_type":
		return []name{{0, "binding-refresh-request"}, {1, "home-test-init"}, {2, "careof-test-init"}, {3, "home-test"},
			{4, "careof-test"}, {5, "binding-update"}, {6, "binding-acknowledgement"}, {7, "binding-error"},
			{8, "fast-binding-update"}, {9, "fast-binding-acknowledgement"}, {10, "fast-binding-advertisement"},
			{11, "experimental-mobility-header"}, {12, "home-agent-switch-message"}}
	case "dccp_pkttype":
		return []name{{0, "request"}, {1, "response"}, {2, "data"}, {3, "ack"}, {4, "dataack"}, {5, "closereq"}, {6, "close"},
			{7, "reset"}, {8, "sync"}, {9, "syncack"}}
	case "iface_type":
		return []name{{1, "ether"}, {512, "ppp"}, {768, "ipip"}, {769, "ipip6"}, {772, "loopback"}, {776, "sit"}, {778, "ipgre"}}
	case "realm", "devgroup", "mark":
		if datatype == "devgroup" {
			return []name{{0, "default"}}
		}
		if datatype == "realm" {
			return []name{{0, "cosmos"}}
		}
	case "classid":
		return []name{{0, "none"}, {0xffffffff, "root"}}
	}
	return icmpWords(datatype)
}

func icmpWords(datatype string) []name {
	switch datatype {
	case "icmp_type":
		return []name{{0, "echo-reply"}, {3, "destination-unreachable"}, {4, "source-quench"}, {5, "redirect"}, {8, "echo-request"},
			{9, "router-advertisement"}, {10, "router-solicitation"}, {11, "time-exceeded"}, {12, "parameter-problem"},
			{13, "timestamp-request"}, {14, "timestamp-reply"}, {15, "info-request"}, {16, "info-reply"},
			{17, "address-mask-request"}, {18, "address-mask-reply"}}
	case "icmpv6_type":
		return []name{{1, "destination-unreachable"}, {2, "packet-too-big"}, {3, "time-exceeded"}, {4, "parameter-problem"},
			{128, "echo-request"}, {129, "echo-reply"}, {130, "mld-listener-query"}, {131, "mld-listener-report"},
			{132, "mld-listener-done"}, {132, "mld-listener-reduction"}, {133, "nd-router-solicit"}, {134, "nd-router-advert"},
			{135, "nd-neighbor-solicit"}, {136, "nd-neighbor-advert"}, {137, "nd-redirect"}, {138, "router-renumbering"},
			{141, "ind-neighbor-solicit"}, {142, "ind-neighbor-advert"}, {143, "mld2-listener-report"}}
	case "icmp_code":
		return []name{{0, "net-unreachable"}, {1, "host-unreachable"}, {2, "prot-unreachable"}, {3, "port-unreachable"},
			{4, "frag-needed"}, {9, "net-prohibited"}, {10, "host-prohibited"}, {13, "admin-prohibited"}}
	case "icmpv6_code":
		return []name{{0, "no-route"}, {1, "admin-prohibited"}, {3, "addr-unreachable"}, {4, "port-unreachable"},
			{5, "policy-fail"}, {6, "reject-route"}}
	case "icmpx_code":
		return []name{{0, "no-route"}, {1, "port-unreachable"}, {2, "host-unreachable"}, {3, "admin-prohibited"}}
	}
	return nil
}

func weekday(s string) (uint64, bool) {
	for i, d := range [...]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"} {
		if len(s) >= 3 && len(s) <= len(d) && equalFold(s, d[:len(s)]) {
			return uint64(i), true
		}
	}
	return 0, false
}

func equalFold(a, lower string) bool {
	for i := range len(a) {
		c := a[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// protocolNumber of /etc/protocols, as Debian ships it.
func protocolNumber(s string) (uint64, bool) {
	for _, n := range [...]name{
		{6, "tcp"}, {17, "udp"}, {1, "icmp"}, {58, "icmpv6"}, {58, "ipv6-icmp"}, {0, "ip"}, {0, "hopopt"}, {2, "igmp"}, {3, "ggp"},
		{4, "ipencap"}, {5, "st"}, {8, "egp"}, {9, "igp"}, {12, "pup"}, {20, "hmp"}, {22, "xns-idp"}, {27, "rdp"}, {29, "iso-tp4"},
		{33, "dccp"}, {36, "xtp"}, {37, "ddp"}, {38, "idpr-cmtp"}, {41, "ipv6"}, {43, "ipv6-route"}, {44, "ipv6-frag"},
		{45, "idrp"}, {46, "rsvp"}, {47, "gre"}, {50, "esp"}, {51, "ah"}, {57, "skip"}, {59, "ipv6-nonxt"}, {60, "ipv6-opts"},
		{73, "rspf"}, {81, "vmtp"}, {88, "eigrp"}, {89, "ospf"}, {89, "ospfigp"}, {93, "ax.25"}, {94, "ipip"}, {97, "etherip"},
		{98, "encap"}, {103, "pim"}, {108, "comp"}, {108, "ipcomp"}, {112, "vrrp"}, {115, "l2tp"}, {124, "isis"}, {132, "sctp"},
		{133, "fc"}, {135, "mobility-header"}, {136, "udplite"}, {137, "mpls-in-ip"}, {138, "manet"}, {139, "hip"}, {140, "shim6"},
		{141, "wesp"}, {142, "rohc"}, {143, "ethernet"}, {262, "mptcp"},
	} {
		if n.text == s {
			return n.value, true
		}
	}
	return 0, false
}

// number of any base, as nft takes it.
func number(s string) (uint64, bool) {
	if v, err := strconv.ParseUint(s, 0, 64); err == nil {
		return v, true
	}
	v, err := strconv.ParseUint(s, 10, 64)
	return v, err == nil
}

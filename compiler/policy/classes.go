package policy

// Class is a built-in traffic class. A policy may not redefine it.
type Class struct {
	Name string
	// Traffic of the class, normalised as in Rule.Traffic, without spans. Its
	// port slices are shared: never write to them.
	Traffic []Traffic
	// Note says what is in it and, where one might expect more, what is not.
	Note string
}

// Classes is the table of the built-in classes, in the order of their names.
// Port numbers are those of the IANA registry unless the Note says otherwise.
func Classes() []Class {
	return []Class{
		{"bfd", cl(ports(UDP, 3784, 3785, 4784)), "single hop, echo, and multihop (RFC 5881, RFC 5883)"},
		{"bgp", cl(ports(TCP, 179)), ""},
		{"dhcp", cl(family(V4, ports(UDP, 67, 68))), "both ends of DHCP for IPv4: server and relay 67, client 68"},
		{"dhcpv6", cl(family(V6, ports(UDP, 546, 547))), "both ends of DHCPv6: client 546, server and relay 547"},
		{"dns", cl(ports(TCP, 53), ports(UDP, 53)), "both transports; DNS over TLS is dot"},
		{"dot", cl(ports(TCP, 853)), "DNS over TLS; DNS over QUIC is udp 853"},
		{"ftp", cl(helper("ftp", ports(TCP, 21))), "with the conntrack helper, which lets the data connections through"},
		{"geneve", cl(ports(UDP, 6081)), ""},
		{"gre", cl(Traffic{Proto: GRE, Families: Both}), ""},
		{"hsrp", cl(ports(UDP, 1985, 2029)), "1985 for IPv4, 2029 for IPv6"},
		{"http", cl(ports(TCP, 80)), ""},
		{"https", cl(ports(TCP, 443)), "TCP alone; for HTTP/3 (QUIC) add udp 443"},
		{"imap", cl(ports(TCP, 143)), ""},
		{"imaps", cl(ports(TCP, 993)), ""},
		{"iperf", cl(ports(TCP, 5001, 5201), ports(UDP, 5001, 5201)), "versions 2 (5001) and 3 (5201)"},
		{"ipsec", cl(ports(UDP, 500, 4500), Traffic{Proto: ESP, Families: Both}, Traffic{Proto: AH, Families: Both}), "IKE, NAT traversal, ESP and AH"},
		{"l2tp", cl(ports(UDP, 1701)), ""},
		{"ldap", cl(ports(TCP, 389)), "TCP alone"},
		{"ldaps", cl(ports(TCP, 636)), ""},
		{"ldp", cl(ports(TCP, 646), ports(UDP, 646)), "discovery by UDP, sessions by TCP"},
		{"mdns", cl(ports(UDP, 5353)), ""},
		{"mqtt", cl(ports(TCP, 1883)), "without TLS; with TLS it is tcp 8883"},
		{"mysql", cl(ports(TCP, 3306)), ""},
		{"nfs", cl(ports(TCP, 2049)), "version 4; older ones need rpcbind and its ports as well"},
		{"ntp", cl(ports(UDP, 123)), ""},
		{"ospf", cl(Traffic{Proto: 89, Families: Both}), "OSPFv2 and OSPFv3"},
		{"postgres", cl(ports(TCP, 5432)), ""},
		{"redis", cl(ports(TCP, 6379)), ""},
		{"smb", cl(ports(TCP, 445)), "direct hosting; NetBIOS (137-139) is not in it"},
		{"smtp", cl(ports(TCP, 25)), ""},
		{"snmp", cl(ports(UDP, 161)), "queries; traps are udp 162"},
		{"ssh", cl(ports(TCP, 22)), ""},
		{"submission", cl(ports(TCP, 587)), "STARTTLS; implicit TLS is tcp 465"},
		{"syslog", cl(ports(UDP, 514)), "UDP alone; over TLS it is tcp 6514"},
		{"telnet", cl(ports(TCP, 23)), ""},
		{"tftp", cl(helper("tftp", ports(UDP, 69))), "with the conntrack helper, which lets the answers through"},
		{"vrrp", cl(Traffic{Proto: 112, Families: Both}), ""},
		{"vxlan", cl(ports(UDP, 4789)), "the IANA port; old Linux default: udp 8472"},
		{"wireguard", cl(ports(UDP, 51820)), "the customary port"},
	}
}

func cl(t ...Traffic) []Traffic { return t }

func ports(proto uint8, list ...uint16) Traffic {
	r := make([]PortRange, 0, len(list))
	for _, p := range list {
		r = append(r, PortRange{p, p})
	}
	return Traffic{Proto: proto, Ports: MergePorts(r), Families: Both}
}

func family(f Family, t Traffic) Traffic {
	t.Families = f
	return t
}

func helper(name string, t Traffic) Traffic {
	t.Helper = name
	return t
}

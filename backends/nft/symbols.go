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

// servicePort of /etc/services: the names that rulesets use.
func servicePort(s string) (uint64, bool) {
	switch s {
	case "ssh":
		return 22, true
	case "http", "www":
		return 80, true
	case "https":
		return 443, true
	case "domain":
		return 53, true
	}
	for _, n := range [...]name{
		{1, "tcpmux"}, {7, "echo"}, {9, "discard"}, {11, "systat"}, {13, "daytime"}, {15, "netstat"}, {17, "qotd"}, {19, "chargen"},
		{20, "ftp-data"}, {21, "ftp"}, {23, "telnet"}, {25, "smtp"}, {25, "mail"}, {37, "time"}, {43, "whois"}, {49, "tacacs"},
		{67, "bootps"}, {68, "bootpc"}, {69, "tftp"}, {70, "gopher"}, {79, "finger"}, {88, "kerberos"}, {88, "kerberos5"},
		{102, "iso-tsap"}, {104, "acr-nema"}, {110, "pop3"}, {110, "pop-3"}, {111, "sunrpc"}, {111, "portmapper"}, {113, "auth"},
		{113, "ident"}, {119, "nntp"}, {123, "ntp"}, {135, "epmap"}, {137, "netbios-ns"}, {138, "netbios-dgm"},
		{139, "netbios-ssn"}, {143, "imap2"}, {143, "imap"}, {161, "snmp"}, {162, "snmp-trap"}, {162, "snmptrap"}, {163, "cmip-man"},
		{164, "cmip-agent"}, {174, "mailq"}, {177, "xdmcp"}, {179, "bgp"}, {199, "smux"}, {209, "qmtp"}, {210, "z3950"},
		{213, "ipx"}, {319, "ptp-event"}, {320, "ptp-general"}, {345, "pawserv"}, {346, "zserv"}, {369, "rpc2portmap"},
		{370, "codaauth2"}, {371, "clearcase"}, {389, "ldap"}, {427, "svrloc"}, {444, "snpp"}, {445, "microsoft-ds"}, {464, "kpasswd"},
		{465, "submissions"}, {465, "ssmtp"}, {465, "smtps"}, {465, "urd"}, {487, "saft"}, {500, "isakmp"}, {512, "exec"},
		{513, "login"}, {514, "shell"}, {514, "syslog"}, {515, "printer"}, {515, "spooler"}, {517, "talk"}, {518, "ntalk"},
		{520, "route"}, {538, "gdomap"}, {540, "uucp"}, {543, "klogin"}, {544, "kshell"}, {546, "dhcpv6-client"},
		{547, "dhcpv6-server"}, {548, "afpovertcp"}, {554, "rtsp"}, {563, "nntps"}, {587, "submission"}, {607, "nqs"},
		{623, "asf-rmcp"}, {628, "qmqp"}, {631, "ipp"}, {636, "ldaps"}, {646, "ldp"}, {655, "tinc"}, {706, "silc"},
		{749, "kerberos-adm"}, {853, "domain-s"}, {873, "rsync"}, {989, "ftps-data"}, {990, "ftps"}, {992, "telnets"},
		{993, "imaps"}, {995, "pop3s"}, {1080, "socks"}, {1093, "proofd"}, {1094, "rootd"}, {1194, "openvpn"}, {1099, "rmiregistry"},
		{1352, "lotusnote"}, {1433, "ms-sql-s"}, {1434, "ms-sql-m"}, {1524, "ingreslock"}, {1645, "datametrics"},
		{1646, "sa-msg-port"}, {1649, "kermit"}, {1677, "groupwise"}, {1701, "l2f"}, {1812, "radius"}, {1813, "radius-acct"},
		{2049, "nfs"}, {2086, "gnunet"}, {2101, "rtcm-sc104"}, {2119, "gsigatekeeper"}, {2135, "gris"}, {2401, "cvspserver"},
		{2430, "venus"}, {2431, "venus-se"}, {2432, "codasrv"}, {2433, "codasrv-se"}, {2583, "mon"}, {2628, "dict"},
		{2792, "f5-globalsite"}, {2811, "gsiftp"}, {2947, "gpsd"}, {3050, "gds-db"}, {3130, "icpv2"}, {3205, "isns"},
		{3260, "iscsi-target"}, {3306, "mysql"}, {3389, "ms-wbt-server"}, {3493, "nut"}, {3632, "distcc"}, {3689, "daap"},
		{3690, "svn"}, {4031, "suucp"}, {4094, "sysrqd"}, {4190, "sieve"}, {4369, "epmd"}, {4373, "remctl"}, {4353, "f5-iquery"},
		{4460, "ntske"}, {4500, "ipsec-nat-t"}, {4569, "iax"}, {4691, "mtn"}, {4899, "radmin-port"}, {5060, "sip"},
		{5061, "sip-tls"}, {5222, "xmpp-client"}, {5269, "xmpp-server"}, {5308, "cfengine"}, {5353, "mdns"}, {5432, "postgresql"},
		{5556, "freeciv"}, {5671, "amqps"}, {5672, "amqp"}, {6000, "x11"}, {6346, "gnutella-svc"}, {6347, "gnutella-rtr"},
		{6379, "redis"}, {6444, "sge-qmaster"}, {6445, "sge-execd"}, {6446, "mysql-proxy"}, {6514, "syslog-tls"}, {6566, "sane-port"},
		{6667, "ircd"}, {7100, "font-service"}, {8021, "zope-ftp"}, {8080, "http-alt"}, {8081, "tproxy"}, {8088, "omniorb"},
		{8140, "puppet"}, {9101, "bacula-dir"}, {9102, "bacula-fd"}, {9103, "bacula-sd"}, {9418, "git"}, {9667, "xmms2"},
		{10050, "zabbix-agent"}, {10051, "zabbix-trapper"}, {10080, "amanda"}, {11112, "dicom"}, {11371, "hkp"}, {17500, "db-lsp"},
		{22125, "dcap"}, {22128, "gsidcap"}, {22273, "wnn6"}, {27374, "asp"}, {30865, "csync2"}, {60177, "tfido"}, {60179, "fido"},
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

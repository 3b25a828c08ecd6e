package nft

// servicePort of /etc/services, with the names that Debian's has or had: a name
// that is in none of them is a slip far more often than one of the machine's own.
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
		// Aliases, and what older files of Debian have.
		{9, "null"}, {9, "sink"}, {11, "users"}, {17, "quote"}, {19, "source"}, {19, "ttytst"}, {21, "fsp"}, {21, "fspd"},
		{37, "timserver"}, {43, "nicname"}, {88, "kerberos-sec"}, {88, "krb5"}, {102, "tsap"}, {106, "poppassd"},
		{113, "authentication"}, {113, "tap"}, {119, "readnews"}, {119, "untp"}, {135, "loc-srv"}, {210, "wais"},
		{371, "Clearcase"}, {512, "biff"}, {512, "comsat"}, {513, "who"}, {513, "whod"}, {514, "cmd"}, {520, "routed"},
		{520, "router"}, {540, "uucpd"}, {544, "krcmd"}, {563, "snntp"}, {750, "kdc"}, {750, "kerberos-iv"}, {750, "kerberos4"},
		{751, "kerberos-master"}, {751, "kerberos_master"}, {752, "passwd-server"}, {752, "passwd_server"}, {754, "hprop"},
		{754, "krb-prop"}, {754, "krb5_prop"}, {754, "krb_prop"}, {775, "moira-db"}, {775, "moira_db"}, {777, "moira-update"},
		{777, "moira_update"}, {779, "moira-ureg"}, {779, "moira_ureg"}, {783, "spamd"}, {871, "supfilesrv"},
		{1127, "supfiledbg"}, {1178, "skkserv"}, {1210, "predict"}, {1236, "rmtcfg"}, {1313, "xtel"}, {1314, "xtelw"},
		{1352, "lotusnotes"}, {1645, "old-radius"}, {1646, "old-radacct"}, {1701, "l2tp"}, {1813, "radacct"},
		{2000, "cisco-sccp"}, {2102, "zephyr-srv"}, {2103, "zephyr-clt"}, {2104, "zephyr-hm"}, {2121, "iprop"},
		{2600, "zebrasrv"}, {2601, "zebra"}, {2602, "ripd"}, {2603, "ripngd"}, {2604, "ospfd"}, {2605, "bgpd"}, {2606, "ospf6d"},
		{2607, "ospfapi"}, {2608, "isisd"}, {3050, "gds_db"}, {3130, "icp"}, {3690, "subversion"}, {4557, "fax"},
		{4559, "hylafax"}, {4949, "lrrd"}, {4949, "munin"}, {5222, "jabber-client"}, {5269, "jabber-server"}, {5432, "postgres"},
		{5555, "rplay"}, {5556, "rptp"}, {5666, "nrpe"}, {5667, "nsca"}, {5680, "canna"}, {6000, "x11-0"}, {6001, "x11-1"},
		{6002, "x11-2"}, {6003, "x11-3"}, {6004, "x11-4"}, {6005, "x11-5"}, {6006, "x11-6"}, {6007, "x11-7"},
		{6444, "sge_qmaster"}, {6445, "sge_execd"}, {6566, "sane"}, {6566, "saned"}, {6696, "babel"}, {6697, "ircs-u"},
		{7000, "afs3-fileserver"}, {7000, "bbs"}, {7001, "afs3-callback"}, {7002, "afs3-prserver"}, {7003, "afs3-vlserver"},
		{7004, "afs3-kaserver"}, {7005, "afs3-volser"}, {7007, "afs3-bos"}, {7008, "afs3-update"}, {7009, "afs3-rmtsys"},
		{7100, "xfs"}, {8080, "webcache"}, {8990, "clc-build-daemon"}, {9098, "xinetd"}, {9673, "zope"}, {10000, "webmin"},
		{10081, "kamanda"}, {10082, "amandaidx"}, {10083, "amidxtape"}, {10809, "nbd"}, {17001, "sgi-cmsd"}, {17002, "sgi-crsd"},
		{17003, "sgi-gcd"}, {17004, "sgi-cad"}, {24554, "binkp"}, {57000, "dircproxy"},
	} {
		if n.text == s {
			return n.value, true
		}
	}
	return 0, false
}

package ext

import (
	"sort"
	"strings"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Protocol numbers.
const (
	protoICMP    = 1
	protoTCP     = 6
	protoUDP     = 17
	protoDCCP    = 33
	protoESP     = 50
	protoAH      = 51
	protoICMPv6  = 58
	protoIPComp  = 108
	protoSCTP    = 132
	protoMH      = 135
	protoUDPLite = 136
)

type named struct {
	name string
	n    uint16
}

// protocols of /etc/protocols, sorted.
var protocols = [...]named{
	{"ah", 51}, {"all", 0}, {"ax.25", 93}, {"dccp", 33}, {"dsr", 48}, {"egp", 8}, {"eigrp", 88},
	{"encap", 98}, {"esp", 50}, {"etherip", 97}, {"fc", 133}, {"ggp", 3}, {"gre", 47}, {"hip", 139},
	{"hmp", 20}, {"hopopt", 0}, {"icmp", 1}, {"icmpv6", 58}, {"idpr-cmtp", 38}, {"idrp", 45},
	{"igmp", 2}, {"igp", 9}, {"ip", 0}, {"ipcomp", 108}, {"ipencap", 4}, {"ipip", 94}, {"ipv6", 41},
	{"ipv6-frag", 44}, {"ipv6-icmp", 58}, {"ipv6-mh", 135}, {"ipv6-nonxt", 59}, {"ipv6-opts", 60},
	{"ipv6-route", 43}, {"isis", 124}, {"iso-tp4", 29}, {"l2tp", 115}, {"manet", 138}, {"mh", 135},
	{"mobility-header", 135}, {"mpls-in-ip", 137}, {"ospf", 89}, {"pim", 103}, {"pup", 12},
	{"rdp", 27}, {"rohc", 142}, {"rspf", 73}, {"rsvp", 46}, {"sctp", 132}, {"shim6", 140},
	{"skip", 57}, {"st", 5}, {"tcp", 6}, {"udp", 17}, {"udplite", 136}, {"vmtp", 81}, {"vrrp", 112},
	{"wesp", 141}, {"xns-idp", 22}, {"xtp", 36},
}

// ProtoNumber of a protocol's name, whatever its case.
func ProtoNumber(name string) (uint8, bool) {
	n, ok := find(protocols[:], name)
	return uint8(n), ok
}

func find(table []named, name string) (uint16, bool) {
	i := sort.Search(len(table), func(i int) bool { return table[i].name >= name })
	if i < len(table) && table[i].name == name {
		return table[i].n, true
	}
	if low := strings.ToLower(name); low != name {
		return find(table, low)
	}
	return 0, false
}

// protoName for messages.
func protoName(n uint8) string {
	switch n {
	case protoICMPv6:
		return "ipv6-icmp"
	case protoMH:
		return "mobility-header"
	}
	for _, p := range protocols {
		if p.n == uint16(n) && n != 0 {
			return p.name
		}
	}
	return "all"
}

// services are names of /etc/services as the common systems have them, sorted.
// Other names stay names: the machine resolves them.
var services = [...]named{
	{"afs3-fileserver", 7000}, {"amanda", 10080}, {"amqp", 5672}, {"amqps", 5671}, {"auth", 113},
	{"bgp", 179}, {"biff", 512}, {"bootpc", 68}, {"bootps", 67}, {"chargen", 19}, {"cvspserver", 2401},
	{"daytime", 13}, {"dhcpv6-client", 546}, {"dhcpv6-server", 547}, {"dict", 2628}, {"discard", 9},
	{"distcc", 3632}, {"domain", 53}, {"domain-s", 853}, {"echo", 7}, {"exec", 512}, {"finger", 79},
	{"ftp", 21}, {"ftp-data", 20}, {"ftps", 990}, {"ftps-data", 989}, {"git", 9418}, {"gopher", 70},
	{"gpsd", 2947}, {"h323hostcall", 1720}, {"http", 80}, {"http-alt", 8080}, {"https", 443},
	{"iax", 4569}, {"ident", 113}, {"imap", 143}, {"imap2", 143}, {"imap3", 220}, {"imaps", 993},
	{"ipp", 631}, {"ipsec-nat-t", 4500}, {"irc", 194}, {"ircd", 6667}, {"ircs-u", 6697},
	{"isakmp", 500}, {"iscsi-target", 3260}, {"kerberos", 88}, {"kshell", 544}, {"l2f", 1701},
	{"l2tp", 1701}, {"ldap", 389}, {"ldaps", 636}, {"login", 513}, {"mail", 25}, {"mdns", 5353},
	{"microsoft-ds", 445}, {"ms-sql-m", 1434}, {"ms-sql-s", 1433}, {"munin", 4949}, {"mysql", 3306},
	{"netbios-dgm", 138}, {"netbios-ns", 137}, {"netbios-ssn", 139}, {"nfs", 2049}, {"nntp", 119},
	{"nntps", 563}, {"nrpe", 5666}, {"nsca", 5667}, {"ntp", 123}, {"openvpn", 1194}, {"pop2", 109},
	{"pop3", 110}, {"pop3s", 995}, {"portmap", 111}, {"portmapper", 111}, {"postgres", 5432},
	{"postgresql", 5432}, {"printer", 515}, {"proxy", 3128}, {"qotd", 17}, {"radius", 1812},
	{"radius-acct", 1813}, {"redis", 6379}, {"rpc2portmap", 369}, {"rsync", 873}, {"rtsp", 554},
	{"sane-port", 6566}, {"shell", 514}, {"sieve", 4190}, {"sip", 5060}, {"sip-tls", 5061},
	{"smtp", 25}, {"smtps", 465}, {"smux", 199}, {"snmp", 161}, {"snmp-trap", 162}, {"snmptrap", 162},
	{"socks", 1080}, {"spamd", 783}, {"squid", 3128}, {"ssdp", 1900}, {"ssh", 22}, {"ssmtp", 465},
	{"submission", 587}, {"submissions", 465}, {"sunrpc", 111}, {"svn", 3690}, {"syslog", 514},
	{"syslog-tls", 6514}, {"tacacs", 49}, {"telnet", 23}, {"telnets", 992}, {"tftp", 69}, {"time", 37},
	{"tproxy", 8081}, {"webmin", 10000}, {"who", 513}, {"whois", 43}, {"www", 80}, {"x11", 6000},
	{"xdmcp", 177}, {"xmpp-client", 5222}, {"xmpp-server", 5269}, {"zabbix-agent", 10050},
	{"zabbix-trapper", 10051},
}

// port reads a port by number or name. A name that is not known here stays one.
func (p *parse) port(s string, at diag.Span, what string) (t ruleset.Term, ok bool) {
	if ruleset.HasUnknown(s) {
		return ruleset.UnknownTerm(s), true
	}
	if n, isNum := p.portNumber(s); isNum {
		if n <= 65535 {
			return ruleset.Num(n), true
		}
	} else if n, known := find(services[:], s); known {
		return ruleset.Num(uint64(n)), true
	} else if serviceName(s) {
		return ruleset.Text(s), true
	}
	p.errorf(at, "%q is no port for %s", s, what).Helpf("it is a number from 0 to 65535, or the name of a service")
	return t, false
}

// portNumber reads a port's number. Some matches take it in C's ways (022 is 18),
// others in decimal alone.
func (p *parse) portNumber(s string) (uint64, bool) {
	s = strings.TrimLeft(s, " ")
	if !p.decimal {
		return number(s)
	}
	for len(s) > 1 && s[0] == '0' {
		s = s[1:]
	}
	if len(s) > 1 && s[0]|0x20 == 'x' {
		return 0, false
	}
	return number(s)
}

// serviceName says whether a word may be a service's name: getservbyname would
// look for it, and what begins with a digit or a sign is meant as a number.
func serviceName(s string) bool {
	if s == "" || s[0]|0x20 < 'a' || s[0]|0x20 > 'z' {
		return false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c|0x20 >= 'a' && c|0x20 <= 'z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == '+', c == '*':
		default:
			return false
		}
	}
	return true
}

// ports reads a port or a range of them.
func (p *parse) ports(w Word, sep byte, what string) (t ruleset.Term, ok bool) {
	if ruleset.HasUnknown(w.Text) {
		return ruleset.UnknownTerm(w.Text), true
	}
	a, b, isRange := cutByte(w.Text, sep)
	if !isRange {
		return p.port(a, w.Span, what)
	}
	lo, hi := ruleset.Num(0), ruleset.Num(65535)
	if a != "" {
		if lo, ok = p.port(a, w.Span, what); !ok {
			return t, false
		}
	}
	if b != "" {
		if hi, ok = p.port(b, w.Span, what); !ok {
			return t, false
		}
	}
	switch {
	case lo.Text != "" || hi.Text != "":
		return ruleset.Text(w.Text), true
	case lo.Lo.Lo > hi.Lo.Lo:
		p.errorf(w.Span, "%q is a range of nothing", w.Text).Helpf("the smaller port comes first")
		return t, false
	}
	return ruleset.Range(lo.Lo.Lo, hi.Lo.Lo), true
}

// protocol reads a protocol by number or name. 0 stands for all of them.
func (p *parse) protocol(g *given, w Word) (t ruleset.Term, ok bool) {
	if ruleset.HasUnknown(w.Text) {
		return ruleset.UnknownTerm(w.Text), true
	}
	if n, isNum := number(w.Text); isNum && n <= 255 {
		return ruleset.Num(n), true
	} else if n, known := ProtoNumber(w.Text); known {
		return ruleset.Num(uint64(n)), true
	} else if !isNum && serviceName(w.Text) {
		return ruleset.Text(w.Text), true
	}
	p.errorf(w.Span, "%q is no protocol for %s", w.Text, p.name(g)).Helpf("it is a number up to 255, or a name like tcp")
	return t, false
}

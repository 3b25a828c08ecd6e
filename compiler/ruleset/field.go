package ruleset

// Field is something of a packet, of its connection or of its way through the
// host that a match can look at. Each is one row of the table below.
type Field uint8

// The fields. Their rows in the table say what they mean.
const (
	NoField Field = iota
	IIFName
	OIFName
	IIF
	OIF
	IIFType
	OIFType
	PktType
	MetaMark
	SKUID
	SKGID
	NFProto
	L4Proto
	EtherType
	EtherSaddr
	IPSaddr
	IPDaddr
	IPTTL
	IPFrag
	IPDSCP
	IPLength
	IP6Saddr
	IP6Daddr
	IP6HopLimit
	IP6DSCP
	PacketLength
	Sport
	Dport
	TCPFlags
	ICMPType
	ICMPCode
	ICMPv6Type
	ICMPv6Code
	CTState
	CTStatus
	CTDirection
	CTMark
	CTLabel
	CTHelper
	CTProtocol
	CTOrigSaddr
	CTOrigDaddr
	CTOrig6Saddr
	CTOrig6Daddr
	CTOrigSport
	CTOrigDport
	CTReplySaddr
	CTReplyDaddr
	CTReply6Saddr
	CTReply6Daddr
	CTReplySport
	CTReplyDport
	FibSaddrType
	FibDaddrType
	FibSaddrIIFType
	FibDaddrIIFType
	FibSaddrOIF
	FibSaddrIIFOIF

	numFields
)

// Domain says what values a field has and how they are written.
type Domain uint8

// The domains.
const (
	Number    Domain = iota // an integer
	Name                    // an interface name; a trailing * is a wildcard
	Addr4                   // an IPv4 address
	Addr6                   // an IPv6 address
	LinkAddr                // a MAC address
	InetProto               // an IP protocol number
	PortNum                 // a port
	User                    // a user, by number or by name (Text)
	Group                   // a group, by number or by name (Text)
	Bits                    // a set of named bits: never to be merged into exact sets
	Enum                    // named values, see the constants below
	String                  // free text
)

// FieldInfo is a row of the table.
type FieldInfo struct {
	Field  Field
	Name   string // as nft writes it
	Width  int    // bits
	Family Family // Inet: of both families; IP or IP6: only of that one
	Domain Domain
	Doc    string
}

// Info of a field. It panics for a Field that is none, which is a mistake of
// the program, never of its input.
func (f Field) Info() FieldInfo {
	i := fields[f]
	if i.Field != f || f == NoField {
		panic("ruleset: no such field")
	}
	return i
}

func (f Field) String() string {
	if f == NoField || f >= numFields {
		return "(none)"
	}
	return fields[f].Name
}

// Fields returns all of them, in order: what an exhaustive test walks over.
func Fields() []Field {
	all := make([]Field, 0, numFields-1)
	for f := NoField + 1; f < numFields; f++ {
		all = append(all, f)
	}
	return all
}

// fields is THE table of match fields. Names are nft(8)'s.
var fields = [numFields]FieldInfo{
	IIFName:         {IIFName, "iifname", 128, Inet, Name, "name of the interface on which the packet arrived; empty in output"},
	OIFName:         {OIFName, "oifname", 128, Inet, Name, "name of the interface by which it leaves; empty in input and prerouting"},
	IIF:             {IIF, "iif", 32, Inet, Name, "index of the arriving interface, resolved when the rule is loaded"},
	OIF:             {OIF, "oif", 32, Inet, Name, "index of the leaving interface, resolved when the rule is loaded"},
	IIFType:         {IIFType, "iiftype", 16, Inet, Number, "hardware type of the arriving interface"},
	OIFType:         {OIFType, "oiftype", 16, Inet, Number, "hardware type of the leaving interface"},
	PktType:         {PktType, "meta pkttype", 8, Inet, Enum, "link-layer destination: host, broadcast, multicast, other"},
	MetaMark:        {MetaMark, "meta mark", 32, Inet, Bits, "the packet's mark"},
	SKUID:           {SKUID, "meta skuid", 32, Inet, User, "user who owns the sending socket; absent where no socket does"},
	SKGID:           {SKGID, "meta skgid", 32, Inet, Group, "group of the sending socket"},
	NFProto:         {NFProto, "meta nfproto", 8, Inet, Enum, "address family: 2 IPv4, 10 IPv6"},
	L4Proto:         {L4Proto, "meta l4proto", 8, Inet, InetProto, "transport protocol, behind IPv6 extension headers"},
	EtherType:       {EtherType, "ether type", 16, Inet, Number, "ethertype"},
	EtherSaddr:      {EtherSaddr, "ether saddr", 48, Inet, LinkAddr, "link-layer source"},
	IPSaddr:         {IPSaddr, "ip saddr", 32, IP, Addr4, "IPv4 source"},
	IPDaddr:         {IPDaddr, "ip daddr", 32, IP, Addr4, "IPv4 destination, as translated so far"},
	IPTTL:           {IPTTL, "ip ttl", 8, IP, Number, "time to live"},
	IPFrag:          {IPFrag, "ip frag-off", 16, IP, Bits, "fragment flags and offset"},
	IPDSCP:          {IPDSCP, "ip dscp", 6, IP, Number, "differentiated services code point"},
	IPLength:        {IPLength, "ip length", 16, IP, Number, "total length"},
	IP6Saddr:        {IP6Saddr, "ip6 saddr", 128, IP6, Addr6, "IPv6 source"},
	IP6Daddr:        {IP6Daddr, "ip6 daddr", 128, IP6, Addr6, "IPv6 destination, as translated so far"},
	IP6HopLimit:     {IP6HopLimit, "ip6 hoplimit", 8, IP6, Number, "hop limit"},
	IP6DSCP:         {IP6DSCP, "ip6 dscp", 6, IP6, Number, "differentiated services code point"},
	PacketLength:    {PacketLength, "meta length", 32, Inet, Number, "length of the packet"},
	Sport:           {Sport, "th sport", 16, Inet, PortNum, "source port of tcp, udp, sctp, dccp, udplite"},
	Dport:           {Dport, "th dport", 16, Inet, PortNum, "destination port, as translated so far"},
	TCPFlags:        {TCPFlags, "tcp flags", 8, Inet, Bits, "TCP flags: fin 1, syn 2, rst 4, psh 8, ack 16, urg 32, ecn 64, cwr 128"},
	ICMPType:        {ICMPType, "icmp type", 8, IP, Number, "ICMP type"},
	ICMPCode:        {ICMPCode, "icmp code", 8, IP, Number, "ICMP code"},
	ICMPv6Type:      {ICMPv6Type, "icmpv6 type", 8, IP6, Number, "ICMPv6 type"},
	ICMPv6Code:      {ICMPv6Code, "icmpv6 code", 8, IP6, Number, "ICMPv6 code"},
	CTState:         {CTState, "ct state", 32, Inet, Bits, "conntrack state, see StateInvalid and so on"},
	CTStatus:        {CTStatus, "ct status", 32, Inet, Bits, "conntrack status, see StatusSNAT and so on"},
	CTDirection:     {CTDirection, "ct direction", 8, Inet, Enum, "0 original, 1 reply"},
	CTMark:          {CTMark, "ct mark", 32, Inet, Bits, "the connection's mark"},
	CTLabel:         {CTLabel, "ct label", 128, Inet, Number, "a label (0 to 127) that the connection carries"},
	CTHelper:        {CTHelper, "ct helper", 128, Inet, String, "the connection's helper"},
	CTProtocol:      {CTProtocol, "ct protocol", 8, Inet, InetProto, "the connection's protocol"},
	CTOrigSaddr:     {CTOrigSaddr, "ct original ip saddr", 32, IP, Addr4, "the connection's first packet's IPv4 source"},
	CTOrigDaddr:     {CTOrigDaddr, "ct original ip daddr", 32, IP, Addr4, "the connection's first packet's IPv4 destination before translation"},
	CTOrig6Saddr:    {CTOrig6Saddr, "ct original ip6 saddr", 128, IP6, Addr6, "the same for IPv6"},
	CTOrig6Daddr:    {CTOrig6Daddr, "ct original ip6 daddr", 128, IP6, Addr6, "the same for IPv6"},
	CTOrigSport:     {CTOrigSport, "ct original proto-src", 16, Inet, PortNum, "the first packet's source port"},
	CTOrigDport:     {CTOrigDport, "ct original proto-dst", 16, Inet, PortNum, "the first packet's destination port before translation"},
	CTReplySaddr:    {CTReplySaddr, "ct reply ip saddr", 32, IP, Addr4, "source that replies have"},
	CTReplyDaddr:    {CTReplyDaddr, "ct reply ip daddr", 32, IP, Addr4, "destination that replies have"},
	CTReply6Saddr:   {CTReply6Saddr, "ct reply ip6 saddr", 128, IP6, Addr6, "the same for IPv6"},
	CTReply6Daddr:   {CTReply6Daddr, "ct reply ip6 daddr", 128, IP6, Addr6, "the same for IPv6"},
	CTReplySport:    {CTReplySport, "ct reply proto-src", 16, Inet, PortNum, "source port that replies have"},
	CTReplyDport:    {CTReplyDport, "ct reply proto-dst", 16, Inet, PortNum, "destination port that replies have"},
	FibSaddrType:    {FibSaddrType, "fib saddr type", 32, Inet, Enum, "what the routing table says of the source: see AddrLocal and so on"},
	FibDaddrType:    {FibDaddrType, "fib daddr type", 32, Inet, Enum, "the same of the destination"},
	FibSaddrIIFType: {FibSaddrIIFType, "fib saddr . iif type", 32, Inet, Enum, "the same of the source, addresses of the arriving interface alone (addrtype --limit-iface-in)"},
	FibDaddrIIFType: {FibDaddrIIFType, "fib daddr . iif type", 32, Inet, Enum, "the same of the destination"},
	FibSaddrOIF:     {FibSaddrOIF, "fib saddr oif", 32, Inet, Number, "index of the interface by which the source is reached; 0 where it is not"},
	FibSaddrIIFOIF:  {FibSaddrIIFOIF, "fib saddr . iif oif", 32, Inet, Number, "the same over the arriving interface alone (reverse path filter)"},
}

// Values of NFProto (linux/netfilter.h).
const (
	NFProtoIPv4 = 2
	NFProtoIPv6 = 10
)

// Bits of CTState as linux/netfilter/nf_conntrack_common.h and nft have them.
const (
	StateInvalid     = 1
	StateEstablished = 2
	StateRelated     = 4
	StateNew         = 8
	StateUntracked   = 64
)

// Bits of CTStatus.
const (
	StatusExpected  = 1
	StatusSeenReply = 2
	StatusAssured   = 4
	StatusConfirmed = 8
	StatusSNAT      = 16
	StatusDNAT      = 32
)

// Values of CTDirection.
const (
	DirOriginal = 0
	DirReply    = 1
)

// Address types of the Fib…Type fields (RTN_* of linux/rtnetlink.h).
const (
	AddrUnspec      = 0
	AddrUnicast     = 1
	AddrLocal       = 2
	AddrBroadcast   = 3
	AddrAnycast     = 4
	AddrMulticast   = 5
	AddrBlackhole   = 6
	AddrUnreachable = 7
	AddrProhibit    = 8
)

// Values of PktType (linux/if_packet.h).
const (
	PktHost      = 0
	PktBroadcast = 1
	PktMulticast = 2
	PktOther     = 3
)

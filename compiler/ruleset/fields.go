package ruleset

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
	MetaPriority
	NFTrace
	RTClassID
	SecMark
	MetaProtocol
	CPU
	IIFGroup
	OIFGroup
	IIFKind
	OIFKind
	Cgroup
	MetaRandom
	MetaTime
	MetaDay
	MetaHour
	SecPath
	SDIF
	SDIFName
	IBRName
	OBRName
	IBRPVID
	IBRVProto
	Broute
	CTExpiration
	CTL3Proto
	CTID
	CTZone
	CTOrigZone
	CTReplyZone
	CTEvent
	CTSecMark
	CTBytes
	CTPackets
	CTAvgpkt
	CTOrigBytes
	CTOrigPackets
	CTOrigAvgpkt
	CTReplyBytes
	CTReplyPackets
	CTReplyAvgpkt
	CTOrigL3Proto
	CTReplyL3Proto
	CTOrigProtocol
	CTReplyProtocol
	RTRealm
	RTNexthop
	RTNexthop6
	RTMTU
	RTIPsec
	SocketTransparent
	SocketMark
	SocketWildcard
	EtherDaddr
	VLANID
	VLANDEI
	VLANPCP
	VLANType
	ARPHtype
	ARPPtype
	ARPHlen
	ARPPlen
	ARPOp
	ARPSaddrEther
	ARPDaddrEther
	ARPSaddrIP
	ARPDaddrIP
	IPVersion
	IPHdrLength
	IPECN
	IPID
	IPProtocol
	IPChecksum
	IP6Version
	IP6ECN
	IP6FlowLabel
	IP6Length
	IP6Nexthdr
	ICMPChecksum
	ICMPID
	ICMPSequence
	ICMPGateway
	ICMPMTU
	IGMPType
	IGMPMRT
	IGMPChecksum
	IGMPGroup
	ICMPv6Checksum
	ICMPv6ParamProblem
	ICMPv6MTU
	ICMPv6ID
	ICMPv6Sequence
	ICMPv6MaxDelay
	ICMPv6Taddr
	ICMPv6Daddr
	AHNexthdr
	AHHdrLength
	AHReserved
	AHSPI
	AHSequence
	ESPSPI
	ESPSequence
	CompNexthdr
	CompFlags
	CompCPI
	UDPLength
	UDPChecksum
	UDPLiteCsumcov
	UDPLiteChecksum
	TCPSequence
	TCPAckSeq
	TCPDoff
	TCPReserved
	TCPWindow
	TCPChecksum
	TCPUrgptr
	DCCPType
	SCTPVtag
	SCTPChecksum
	GREFlags
	GREVersion
	GREProtocol

	numFields
)

// fields is THE table of match fields. Names are nft(8)'s. What is named with
// parameters is a Selector instead.
var fields = [numFields]FieldInfo{
	IIFName:            {IIFName, "iifname", 128, Inet, Name, "name of the interface on which the packet arrived; empty in output"},
	OIFName:            {OIFName, "oifname", 128, Inet, Name, "name of the interface by which it leaves; empty in input and prerouting"},
	IIF:                {IIF, "iif", 32, Inet, Name, "index of the arriving interface, resolved when the rule is loaded"},
	OIF:                {OIF, "oif", 32, Inet, Name, "index of the leaving interface, resolved when the rule is loaded"},
	IIFType:            {IIFType, "iiftype", 16, Inet, Number, "hardware type of the arriving interface"},
	OIFType:            {OIFType, "oiftype", 16, Inet, Number, "hardware type of the leaving interface"},
	PktType:            {PktType, "meta pkttype", 8, Inet, Enum, "link-layer destination: host, broadcast, multicast, other"},
	MetaMark:           {MetaMark, "meta mark", 32, Inet, Bits, "the packet's mark"},
	SKUID:              {SKUID, "meta skuid", 32, Inet, User, "user who owns the sending socket; absent where no socket does"},
	SKGID:              {SKGID, "meta skgid", 32, Inet, Group, "group of the sending socket"},
	NFProto:            {NFProto, "meta nfproto", 8, Inet, Enum, "address family: 2 IPv4, 10 IPv6"},
	L4Proto:            {L4Proto, "meta l4proto", 8, Inet, InetProto, "transport protocol, behind IPv6 extension headers"},
	EtherType:          {EtherType, "ether type", 16, Inet, Number, "ethertype"},
	EtherSaddr:         {EtherSaddr, "ether saddr", 48, Inet, LinkAddr, "link-layer source"},
	IPSaddr:            {IPSaddr, "ip saddr", 32, IP, Addr4, "IPv4 source"},
	IPDaddr:            {IPDaddr, "ip daddr", 32, IP, Addr4, "IPv4 destination, as translated so far"},
	IPTTL:              {IPTTL, "ip ttl", 8, IP, Number, "time to live"},
	IPFrag:             {IPFrag, "ip frag-off", 16, IP, Bits, "fragment flags and offset"},
	IPDSCP:             {IPDSCP, "ip dscp", 6, IP, Number, "differentiated services code point"},
	IPLength:           {IPLength, "ip length", 16, IP, Number, "total length"},
	IP6Saddr:           {IP6Saddr, "ip6 saddr", 128, IP6, Addr6, "IPv6 source"},
	IP6Daddr:           {IP6Daddr, "ip6 daddr", 128, IP6, Addr6, "IPv6 destination, as translated so far"},
	IP6HopLimit:        {IP6HopLimit, "ip6 hoplimit", 8, IP6, Number, "hop limit"},
	IP6DSCP:            {IP6DSCP, "ip6 dscp", 6, IP6, Number, "differentiated services code point"},
	PacketLength:       {PacketLength, "meta length", 32, Inet, Number, "length of the packet"},
	Sport:              {Sport, "th sport", 16, Inet, PortNum, "source port of tcp, udp, sctp, dccp, udplite"},
	Dport:              {Dport, "th dport", 16, Inet, PortNum, "destination port, as translated so far"},
	TCPFlags:           {TCPFlags, "tcp flags", 8, Inet, Bits, "TCP flags: fin 1, syn 2, rst 4, psh 8, ack 16, urg 32, ecn 64, cwr 128"},
	ICMPType:           {ICMPType, "icmp type", 8, IP, Number, "ICMP type"},
	ICMPCode:           {ICMPCode, "icmp code", 8, IP, Number, "ICMP code"},
	ICMPv6Type:         {ICMPv6Type, "icmpv6 type", 8, IP6, Number, "ICMPv6 type"},
	ICMPv6Code:         {ICMPv6Code, "icmpv6 code", 8, IP6, Number, "ICMPv6 code"},
	CTState:            {CTState, "ct state", 32, Inet, Bits, "conntrack state, see StateInvalid and so on"},
	CTStatus:           {CTStatus, "ct status", 32, Inet, Bits, "conntrack status, see StatusSNAT and so on"},
	CTDirection:        {CTDirection, "ct direction", 8, Inet, Enum, "0 original, 1 reply"},
	CTMark:             {CTMark, "ct mark", 32, Inet, Bits, "the connection's mark"},
	CTLabel:            {CTLabel, "ct label", 128, Inet, Number, "a label (0 to 127) that the connection carries"},
	CTHelper:           {CTHelper, "ct helper", 128, Inet, String, "the connection's helper"},
	CTProtocol:         {CTProtocol, "ct protocol", 8, Inet, InetProto, "the connection's protocol"},
	CTOrigSaddr:        {CTOrigSaddr, "ct original ip saddr", 32, IP, Addr4, "the connection's first packet's IPv4 source"},
	CTOrigDaddr:        {CTOrigDaddr, "ct original ip daddr", 32, IP, Addr4, "the connection's first packet's IPv4 destination before translation"},
	CTOrig6Saddr:       {CTOrig6Saddr, "ct original ip6 saddr", 128, IP6, Addr6, "the same for IPv6"},
	CTOrig6Daddr:       {CTOrig6Daddr, "ct original ip6 daddr", 128, IP6, Addr6, "the same for IPv6"},
	CTOrigSport:        {CTOrigSport, "ct original proto-src", 16, Inet, PortNum, "the first packet's source port"},
	CTOrigDport:        {CTOrigDport, "ct original proto-dst", 16, Inet, PortNum, "the first packet's destination port before translation"},
	CTReplySaddr:       {CTReplySaddr, "ct reply ip saddr", 32, IP, Addr4, "source that replies have"},
	CTReplyDaddr:       {CTReplyDaddr, "ct reply ip daddr", 32, IP, Addr4, "destination that replies have"},
	CTReply6Saddr:      {CTReply6Saddr, "ct reply ip6 saddr", 128, IP6, Addr6, "the same for IPv6"},
	CTReply6Daddr:      {CTReply6Daddr, "ct reply ip6 daddr", 128, IP6, Addr6, "the same for IPv6"},
	CTReplySport:       {CTReplySport, "ct reply proto-src", 16, Inet, PortNum, "source port that replies have"},
	CTReplyDport:       {CTReplyDport, "ct reply proto-dst", 16, Inet, PortNum, "destination port that replies have"},
	FibSaddrType:       {FibSaddrType, "fib saddr type", 32, Inet, Enum, "what the routing table says of the source: see AddrLocal and so on"},
	FibDaddrType:       {FibDaddrType, "fib daddr type", 32, Inet, Enum, "the same of the destination"},
	FibSaddrIIFType:    {FibSaddrIIFType, "fib saddr . iif type", 32, Inet, Enum, "the same of the source, addresses of the arriving interface alone (addrtype --limit-iface-in)"},
	FibDaddrIIFType:    {FibDaddrIIFType, "fib daddr . iif type", 32, Inet, Enum, "the same of the destination"},
	FibSaddrOIF:        {FibSaddrOIF, "fib saddr oif", 32, Inet, Number, "index of the interface by which the source is reached; 0 where it is not"},
	FibSaddrIIFOIF:     {FibSaddrIIFOIF, "fib saddr . iif oif", 32, Inet, Number, "the same over the arriving interface alone (reverse path filter)"},
	MetaPriority:       {MetaPriority, "meta priority", 32, Inet, Number, "traffic control class of the packet"},
	NFTrace:            {NFTrace, "meta nftrace", 1, Inet, Number, "whether the packet is traced"},
	RTClassID:          {RTClassID, "meta rtclassid", 32, Inet, Number, "realm of the route"},
	SecMark:            {SecMark, "meta secmark", 32, Inet, Number, "security mark of the packet"},
	MetaProtocol:       {MetaProtocol, "meta protocol", 16, Inet, Number, "ethertype of the packet, without VLAN tags"},
	CPU:                {CPU, "meta cpu", 32, Inet, Number, "number of the CPU that handles the packet"},
	IIFGroup:           {IIFGroup, "meta iifgroup", 32, Inet, Number, "group of the arriving interface"},
	OIFGroup:           {OIFGroup, "meta oifgroup", 32, Inet, Number, "group of the leaving interface"},
	IIFKind:            {IIFKind, "meta iifkind", 128, Inet, Name, "kind of the arriving interface, as ip link names it"},
	OIFKind:            {OIFKind, "meta oifkind", 128, Inet, Name, "kind of the leaving interface"},
	Cgroup:             {Cgroup, "meta cgroup", 32, Inet, Number, "net_cls control group of the sending socket"},
	MetaRandom:         {MetaRandom, "meta random", 32, Inet, Number, "a random number"},
	MetaTime:           {MetaTime, "meta time", 64, Inet, Number, "nanoseconds since 1970"},
	MetaDay:            {MetaDay, "meta day", 8, Inet, Number, "day of the week, 0 Sunday"},
	MetaHour:           {MetaHour, "meta hour", 32, Inet, Number, "seconds since midnight, UTC"},
	SecPath:            {SecPath, "meta ipsec", 8, Inet, Number, "1 where the packet came by IPsec"},
	SDIF:               {SDIF, "meta sdif", 32, Inet, Name, "index of the interface below a VRF on which the packet arrived"},
	SDIFName:           {SDIFName, "meta sdifname", 128, Inet, Name, "name of the interface below a VRF"},
	IBRName:            {IBRName, "meta ibrname", 128, Bridge, Name, "bridge of the arriving port"},
	OBRName:            {OBRName, "meta obrname", 128, Bridge, Name, "bridge of the leaving port"},
	IBRPVID:            {IBRPVID, "meta ibrpvid", 16, Bridge, Number, "VLAN of the arriving port"},
	IBRVProto:          {IBRVProto, "meta ibrvproto", 16, Bridge, Number, "VLAN protocol of the arriving bridge"},
	Broute:             {Broute, "meta broute", 8, Bridge, Number, "route the frame instead of bridging it"},
	CTExpiration:       {CTExpiration, "ct expiration", 32, Inet, Number, "milliseconds that the connection has left"},
	CTL3Proto:          {CTL3Proto, "ct l3proto", 8, Inet, Enum, "the connection's address family"},
	CTID:               {CTID, "ct id", 32, Inet, Number, "the connection's identity"},
	CTZone:             {CTZone, "ct zone", 16, Inet, Number, "the connection's zone"},
	CTOrigZone:         {CTOrigZone, "ct original zone", 16, Inet, Number, "the zone of one direction"},
	CTReplyZone:        {CTReplyZone, "ct reply zone", 16, Inet, Number, "the zone of one direction"},
	CTEvent:            {CTEvent, "ct event", 32, Inet, Bits, "events of the connection that are told"},
	CTSecMark:          {CTSecMark, "ct secmark", 32, Inet, Number, "the connection's security mark"},
	CTBytes:            {CTBytes, "ct bytes", 64, Inet, Number, "bytes of the connection, both ways"},
	CTPackets:          {CTPackets, "ct packets", 64, Inet, Number, "packets of the connection"},
	CTAvgpkt:           {CTAvgpkt, "ct avgpkt", 64, Inet, Number, "average size of its packets"},
	CTOrigBytes:        {CTOrigBytes, "ct original bytes", 64, Inet, Number, "bytes in the first packet's direction"},
	CTOrigPackets:      {CTOrigPackets, "ct original packets", 64, Inet, Number, "packets in the first packet's direction"},
	CTOrigAvgpkt:       {CTOrigAvgpkt, "ct original avgpkt", 64, Inet, Number, "average size in the first packet's direction"},
	CTReplyBytes:       {CTReplyBytes, "ct reply bytes", 64, Inet, Number, "bytes of the replies"},
	CTReplyPackets:     {CTReplyPackets, "ct reply packets", 64, Inet, Number, "packets of the replies"},
	CTReplyAvgpkt:      {CTReplyAvgpkt, "ct reply avgpkt", 64, Inet, Number, "average size of the replies"},
	CTOrigL3Proto:      {CTOrigL3Proto, "ct original l3proto", 8, Inet, Enum, "the same as ct l3proto"},
	CTReplyL3Proto:     {CTReplyL3Proto, "ct reply l3proto", 8, Inet, Enum, "the same as ct l3proto"},
	CTOrigProtocol:     {CTOrigProtocol, "ct original protocol", 8, Inet, InetProto, "the connection's protocol"},
	CTReplyProtocol:    {CTReplyProtocol, "ct reply protocol", 8, Inet, InetProto, "the connection's protocol"},
	RTRealm:            {RTRealm, "rt classid", 32, Inet, Number, "realm of the route"},
	RTNexthop:          {RTNexthop, "rt ip nexthop", 32, IP, Addr4, "address of the next hop"},
	RTNexthop6:         {RTNexthop6, "rt ip6 nexthop", 128, IP6, Addr6, "address of the next hop"},
	RTMTU:              {RTMTU, "rt mtu", 16, Inet, Number, "TCP segment size that the route allows"},
	RTIPsec:            {RTIPsec, "rt ipsec", 8, Inet, Number, "1 where the packet will leave by IPsec"},
	SocketTransparent:  {SocketTransparent, "socket transparent", 8, Inet, Number, "1 where the packet's socket may have another's address"},
	SocketMark:         {SocketMark, "socket mark", 32, Inet, Bits, "mark of the packet's socket"},
	SocketWildcard:     {SocketWildcard, "socket wildcard", 8, Inet, Number, "1 where the packet's socket is bound to every address"},
	EtherDaddr:         {EtherDaddr, "ether daddr", 48, Inet, LinkAddr, "link-layer destination"},
	VLANID:             {VLANID, "vlan id", 12, Inet, Number, "VLAN"},
	VLANDEI:            {VLANDEI, "vlan dei", 1, Inet, Number, "may be dropped first"},
	VLANPCP:            {VLANPCP, "vlan pcp", 3, Inet, Number, "VLAN priority"},
	VLANType:           {VLANType, "vlan type", 16, Inet, Number, "ethertype behind the tag"},
	ARPHtype:           {ARPHtype, "arp htype", 16, ARP, Number, "ARP hardware type"},
	ARPPtype:           {ARPPtype, "arp ptype", 16, ARP, Number, "ARP protocol type"},
	ARPHlen:            {ARPHlen, "arp hlen", 8, ARP, Number, "length of hardware addresses"},
	ARPPlen:            {ARPPlen, "arp plen", 8, ARP, Number, "length of protocol addresses"},
	ARPOp:              {ARPOp, "arp operation", 16, ARP, Number, "1 request, 2 reply"},
	ARPSaddrEther:      {ARPSaddrEther, "arp saddr ether", 48, ARP, LinkAddr, "sender's link-layer address"},
	ARPDaddrEther:      {ARPDaddrEther, "arp daddr ether", 48, ARP, LinkAddr, "target's link-layer address"},
	ARPSaddrIP:         {ARPSaddrIP, "arp saddr ip", 32, ARP, Addr4, "sender's IPv4 address"},
	ARPDaddrIP:         {ARPDaddrIP, "arp daddr ip", 32, ARP, Addr4, "target's IPv4 address"},
	IPVersion:          {IPVersion, "ip version", 4, IP, Number, "version"},
	IPHdrLength:        {IPHdrLength, "ip hdrlength", 4, IP, Number, "header length in 32 bit words"},
	IPECN:              {IPECN, "ip ecn", 2, IP, Number, "explicit congestion notification"},
	IPID:               {IPID, "ip id", 16, IP, Number, "identification"},
	IPProtocol:         {IPProtocol, "ip protocol", 8, IP, InetProto, "protocol in the IPv4 header"},
	IPChecksum:         {IPChecksum, "ip checksum", 16, IP, Number, "header checksum"},
	IP6Version:         {IP6Version, "ip6 version", 4, IP6, Number, "version"},
	IP6ECN:             {IP6ECN, "ip6 ecn", 2, IP6, Number, "explicit congestion notification"},
	IP6FlowLabel:       {IP6FlowLabel, "ip6 flowlabel", 20, IP6, Number, "flow label"},
	IP6Length:          {IP6Length, "ip6 length", 16, IP6, Number, "payload length"},
	IP6Nexthdr:         {IP6Nexthdr, "ip6 nexthdr", 8, IP6, InetProto, "protocol or extension header behind the IPv6 header"},
	ICMPChecksum:       {ICMPChecksum, "icmp checksum", 16, IP, Number, "checksum"},
	ICMPID:             {ICMPID, "icmp id", 16, IP, Number, "echo identifier"},
	ICMPSequence:       {ICMPSequence, "icmp sequence", 16, IP, Number, "echo sequence number"},
	ICMPGateway:        {ICMPGateway, "icmp gateway", 32, IP, Number, "gateway of a redirect"},
	ICMPMTU:            {ICMPMTU, "icmp mtu", 16, IP, Number, "MTU of the next hop"},
	IGMPType:           {IGMPType, "igmp type", 8, IP, Number, "IGMP type"},
	IGMPMRT:            {IGMPMRT, "igmp mrt", 8, IP, Number, "maximum response time"},
	IGMPChecksum:       {IGMPChecksum, "igmp checksum", 16, IP, Number, "checksum"},
	IGMPGroup:          {IGMPGroup, "igmp group", 32, IP, Addr4, "group"},
	ICMPv6Checksum:     {ICMPv6Checksum, "icmpv6 checksum", 16, IP6, Number, "checksum"},
	ICMPv6ParamProblem: {ICMPv6ParamProblem, "icmpv6 param-problem", 32, IP6, Number, "offset of the mistake"},
	ICMPv6MTU:          {ICMPv6MTU, "icmpv6 mtu", 32, IP6, Number, "MTU of the next hop"},
	ICMPv6ID:           {ICMPv6ID, "icmpv6 id", 16, IP6, Number, "echo identifier"},
	ICMPv6Sequence:     {ICMPv6Sequence, "icmpv6 sequence", 16, IP6, Number, "echo sequence number"},
	ICMPv6MaxDelay:     {ICMPv6MaxDelay, "icmpv6 max-delay", 16, IP6, Number, "longest delay of a report"},
	ICMPv6Taddr:        {ICMPv6Taddr, "icmpv6 taddr", 128, IP6, Addr6, "target of neighbour discovery"},
	ICMPv6Daddr:        {ICMPv6Daddr, "icmpv6 daddr", 128, IP6, Addr6, "destination of a redirect"},
	AHNexthdr:          {AHNexthdr, "ah nexthdr", 8, Inet, InetProto, "protocol behind the header"},
	AHHdrLength:        {AHHdrLength, "ah hdrlength", 8, Inet, Number, "header length"},
	AHReserved:         {AHReserved, "ah reserved", 16, Inet, Number, "reserved"},
	AHSPI:              {AHSPI, "ah spi", 32, Inet, Number, "security parameter index"},
	AHSequence:         {AHSequence, "ah sequence", 32, Inet, Number, "sequence number"},
	ESPSPI:             {ESPSPI, "esp spi", 32, Inet, Number, "security parameter index"},
	ESPSequence:        {ESPSequence, "esp sequence", 32, Inet, Number, "sequence number"},
	CompNexthdr:        {CompNexthdr, "comp nexthdr", 8, Inet, InetProto, "protocol behind the header"},
	CompFlags:          {CompFlags, "comp flags", 8, Inet, Number, "flags"},
	CompCPI:            {CompCPI, "comp cpi", 16, Inet, Number, "compression parameter index"},
	UDPLength:          {UDPLength, "udp length", 16, Inet, Number, "length"},
	UDPChecksum:        {UDPChecksum, "udp checksum", 16, Inet, Number, "checksum"},
	UDPLiteCsumcov:     {UDPLiteCsumcov, "udplite csumcov", 16, Inet, Number, "bytes that the checksum covers"},
	UDPLiteChecksum:    {UDPLiteChecksum, "udplite checksum", 16, Inet, Number, "checksum"},
	TCPSequence:        {TCPSequence, "tcp sequence", 32, Inet, Number, "sequence number"},
	TCPAckSeq:          {TCPAckSeq, "tcp ackseq", 32, Inet, Number, "acknowledgement number"},
	TCPDoff:            {TCPDoff, "tcp doff", 4, Inet, Number, "header length in 32 bit words"},
	TCPReserved:        {TCPReserved, "tcp reserved", 4, Inet, Number, "reserved"},
	TCPWindow:          {TCPWindow, "tcp window", 16, Inet, Number, "window"},
	TCPChecksum:        {TCPChecksum, "tcp checksum", 16, Inet, Number, "checksum"},
	TCPUrgptr:          {TCPUrgptr, "tcp urgptr", 16, Inet, Number, "urgent pointer"},
	DCCPType:           {DCCPType, "dccp type", 4, Inet, Number, "packet type"},
	SCTPVtag:           {SCTPVtag, "sctp vtag", 32, Inet, Number, "verification tag"},
	SCTPChecksum:       {SCTPChecksum, "sctp checksum", 32, Inet, Number, "checksum"},
	GREFlags:           {GREFlags, "gre flags", 5, Inet, Number, "flags"},
	GREVersion:         {GREVersion, "gre version", 3, Inet, Number, "version"},
	GREProtocol:        {GREProtocol, "gre protocol", 16, Inet, Number, "ethertype of what is inside"},
}

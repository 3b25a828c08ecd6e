package ruleset

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

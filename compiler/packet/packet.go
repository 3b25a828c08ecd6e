package packet

import (
	"net/netip"

	"github.com/loward/loward/compiler/ruleset"
)

// Transport protocols (IANA).
const (
	ICMP    = 1
	IGMP    = 2
	TCP     = 6
	UDP     = 17
	DCCP    = 33
	GRE     = 47
	ESP     = 50
	AH      = 51
	ICMPv6  = 58
	SCTP    = 132
	UDPLite = 136
)

// Bits of Packet.Flags.
const (
	FIN = 1
	SYN = 2
	RST = 4
	PSH = 8
	ACK = 16
	URG = 32
)

// AnyLink stands for an interface of which nothing is known, not even the name. It
// is never lo.
const AnyLink = "?"

// Packet is a packet at one place of its way.
type Packet struct {
	// IIF and OIF are the interfaces by which it came and leaves, as a rule sees
	// them: "" where there is none, or none yet.
	IIF, OIF string
	Src, Dst netip.Addr // of one family
	Proto    uint8
	// Sport and Dport where the protocol has ports.
	Sport, Dport uint16
	// Type and Code of ICMP and ICMPv6.
	Type, Code uint8
	Flags      uint8 // TCP
	TTL        uint8
	Length     int // of the whole packet in bytes; 0 is unknown
	Mark       uint32
	// Owner is who owns the sending socket, nil where there is none (what has
	// arrived, and what the kernel sends by itself).
	Owner *Owner
	// Heard: the host hears it of itself, sent to a group or to all; nothing asks for
	// the way back to its source.
	Heard bool
	// Link is the link-layer destination: ruleset.PktHost and so on.
	Link uint8
	// Conn is the packet's connection; nil before conntrack has seen it.
	Conn *Conn
	// Untracked: a rule exempted it from connection tracking.
	Untracked bool
	// Priority and Nftrace, as far as rules have set them.
	set map[ruleset.Field]Value
}

// Owner of a socket. UID and GID are -1 where only the name is known.
type Owner struct {
	User, Group string
	UID, GID    int
}

// V6 says whether it is of IPv6.
func (p *Packet) V6() bool { return p.Src.Is6() }

// HasPorts says whether its protocol has ports.
func (p *Packet) HasPorts() bool { return Ported(p.Proto) }

// Ported protocols are those whose header begins with two ports.
func Ported(proto uint8) bool {
	switch proto {
	case TCP, UDP, SCTP, DCCP, UDPLite:
		return true
	}
	return false
}

// Begins says whether conntrack begins a connection of TCP with a packet of these
// flags: with SYN alone, or in its midst with ACK alone (nf_conntrack_tcp_loose); PSH
// and those of ECN don't matter, and URG goes with both (tcp_valid_flags and
// tcp_conntracks of nf_conntrack_proto_tcp.c).
func Begins(flags uint8) bool {
	f := flags & (FIN | SYN | RST | ACK)
	return f == SYN || f == ACK
}

// Clone is a copy whose changes do not show in the original.
func (p *Packet) Clone() *Packet {
	q := *p
	if p.Conn != nil {
		q.Conn = p.Conn.Clone()
	}
	if p.set != nil {
		q.set = make(map[ruleset.Field]Value, len(p.set))
		for f, v := range p.set {
			q.set[f] = v
		}
	}
	return &q
}

// Tuple is one direction of a connection.
type Tuple struct {
	Src, Dst     netip.Addr
	Sport, Dport uint16
}

// Reverse is the other direction, without any translation.
func (t Tuple) Reverse() Tuple { return Tuple{t.Dst, t.Src, t.Dport, t.Sport} }

// Conn is a connection as conntrack has it.
type Conn struct {
	Proto uint8
	// Orig is the first packet's direction, before translation; Reply is what
	// answers have to look like.
	Orig, Reply Tuple
	// State is of the packet in hand: ruleset.StateNew and so on.
	State uint32
	// Replying: the packet in hand goes in the reply's direction.
	Replying bool
	Status   uint32 // ruleset.StatusDNAT and so on
	Mark     uint32
	Labels   [2]uint64
	Helper   string
	// DstDone and SrcDone: the translation of that end was decided, to one or to
	// none; it is asked for once.
	DstDone, SrcDone bool
	// Masqueraded is the interface for which its source was masqueraded, or "".
	Masqueraded string
	set         map[ruleset.Field]Value
}

// Clone is a copy whose changes do not show in the original.
func (c *Conn) Clone() *Conn {
	d := *c
	if c.set != nil {
		d.set = make(map[ruleset.Field]Value, len(c.set))
		for f, v := range c.set {
			d.set[f] = v
		}
	}
	return &d
}

// Track makes the connection that a first packet begins.
func (p *Packet) Track() {
	t := Tuple{p.Src, p.Dst, p.Sport, p.Dport}
	p.Conn = &Conn{Proto: p.Proto, Orig: t, Reply: t.Reverse(), State: ruleset.StateNew}
}

// Tuple of the packet as it is now.
func (p *Packet) Tuple() Tuple { return Tuple{p.Src, p.Dst, p.Sport, p.Dport} }

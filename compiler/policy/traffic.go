package policy

import (
	"net/netip"

	"github.com/loward/loward/dsl/diag"
)

// Family is a set of address families.
type Family uint8

// The two families; Both is their union.
const (
	V4   Family = 1
	V6   Family = 2
	Both        = V4 | V6
)

// FamilyOf an address; IPv4-mapped IPv6 addresses do not occur in a Policy.
func FamilyOf(a netip.Addr) Family {
	if a.Is4() {
		return V4
	}
	return V6
}

func (f Family) String() string {
	return [...]string{"no family", "IPv4", "IPv6", "IPv4 and IPv6"}[f]
}

// IP protocol numbers the compiler speaks of (IANA).
const (
	ICMP   = 1
	IGMP   = 2
	TCP    = 6
	UDP    = 17
	GRE    = 47
	ESP    = 50
	AH     = 51
	ICMPv6 = 58
	SCTP   = 132
)

// PortRange is an inclusive range of ports, or of ICMP types.
type PortRange struct{ Lo, Hi uint16 }

// Traffic is one class of packets: a protocol and what of it.
//
//   - Any: every packet of the Families. Nothing else is set.
//   - tcp, udp, sctp: Ports (sorted, disjoint, not adjacent); nil means every port.
//   - ICMP and ICMPv6: Types, in the same form; nil means every type. Such a
//     class has exactly one family: ping is two of them, echo-request (8) of
//     V4 and echo-request (128) of V6.
//   - other protocols: neither.
type Traffic struct {
	Any      bool
	Proto    uint8
	Ports    []PortRange
	Types    []PortRange
	Families Family
	// Helper is the conntrack helper that the class needs ("ftp", "tftp"), or "".
	Helper string
	Span   diag.Span
}

// HasPorts says whether packets of the protocol carry ports.
func (t Traffic) HasPorts() bool {
	return !t.Any && (t.Proto == TCP || t.Proto == UDP || t.Proto == SCTP)
}

// IsICMP says whether the class is one of ICMP or ICMPv6.
func (t Traffic) IsICMP() bool {
	return !t.Any && (t.Proto == ICMP || t.Proto == ICMPv6)
}

// CountsConnections: what a limit counts of this class is the first packets of
// connections; of every other class it counts each packet.
func (t Traffic) CountsConnections() bool { return t.HasPorts() }

// Nets is a set of addresses of both families, as sorted, disjoint, merged
// inclusive ranges. A nil *Nets in a rule means any address.
type Nets struct {
	// Name of the net where the set is exactly one declared net, else "".
	Name   string
	Ranges []AddrRange
}

// AddrRange is an inclusive range of addresses of one family.
type AddrRange struct{ Lo, Hi netip.Addr }

// Ifaces is a set of interfaces. A nil *Ifaces means any interface.
type Ifaces struct {
	// Name of the zone where the set is exactly one declared zone, else "".
	Name string
	// Names sorted, without repetition; one ending in * is a wildcard for all
	// interfaces whose name begins so. No name is covered by another's wildcard.
	Names []string
}

// Limit is a rate of packets or connections.
type Limit struct {
	Rate      int    // per Unit, at least 1
	Unit      string // "second", "minute", "hour" or "day"
	Burst     int
	PerSource bool // a bucket for each IPv4 address or IPv6 /64
	Span      diag.Span
}

// Log is a request to log.
type Log struct {
	// Prefix as the kernel prints it, at most 29 bytes.
	Prefix string
	// Limit of the log statement itself, never nil.
	Limit *Limit
}

// Verdict of a block or a rule.
type Verdict uint8

// The verdicts.
const (
	Accept Verdict = iota
	Drop
	Reject
)

func (v Verdict) String() string { return [...]string{"accept", "drop", "reject"}[v] }

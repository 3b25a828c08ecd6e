package lab

import (
	"net/netip"
	"time"

	"github.com/loward/loward/dsl/diag"
)

// Plan is a lab before it is built: a topology, what is added to it, and the probes
// that will be sent. Every node listens on the ports that they name.
type Plan struct {
	Topology Topology
	Links    []Link
	Addrs    []Addr
	Routes   []Route
	Neighs   []Neigh
	Sysctls  []Sysctl
	Listens  []Listen
	Probes   []*Probe
}

// All probes, those behind "then" too.
func (p *Plan) All() []*Probe {
	var out []*Probe
	for _, q := range p.Probes {
		out = append(out, q)
		out = append(out, q.Then...)
	}
	return out
}

// Link is a further interface of a node.
type Link struct {
	Node, Dev string
}

// Addr is a further address of a node.
type Addr struct {
	Node, Dev string
	Prefix    netip.Prefix // the address with the length of its network
}

// Route is a further route of a node. It takes the place of one to the same
// destination of the same metric.
type Route struct {
	Node   string
	Dest   netip.Prefix
	Via    netip.Addr // of either family; invalid: the destination is on the wire
	Dev    string     // "" : the kernel finds it
	Src    netip.Addr // preferred source; invalid: the kernel chooses
	Metric int
}

// Neigh is what a node knows beforehand of a hardware address.
type Neigh struct {
	Node, Dev string
	Addr      netip.Addr
	MAC       string
}

// Sysctl is a kernel setting of a node's namespace; Key is written with dots.
type Sysctl struct {
	Node, Key, Value string
}

// Listen is a further listener.
type Listen struct {
	Node  string
	Proto string // tcp or udp
	Port  uint16
}

// Variant is one of the two implementations of iptables.
type Variant string

const (
	// Default is the one that the system has chosen.
	Default Variant = ""
	// Legacy is iptables over the x_tables of the kernel.
	Legacy Variant = "legacy"
	// NFT is iptables over nf_tables.
	NFT Variant = "nft"
)

// Verdict is what became of a packet.
type Verdict uint8

const (
	// Accept: the answer came back, or the packet was received where no answer
	// is due.
	Accept Verdict = iota
	// Drop: nothing came back, and it was not received.
	Drop
	// Reject: a reset or an ICMP error came back.
	Reject
	// Half: the request was received but the answer did not come back.
	Half
	// Fault: the packet could not be sent.
	Fault
	// Other: it passed, but not as the probe's options demand.
	Other
)

func (v Verdict) String() string {
	return [...]string{"accept", "drop", "reject", "half", "error", "other"}[v]
}

// Kind is what a probe sends.
type Kind uint8

const (
	// TCP connects, and exchanges data.
	TCP Kind = iota
	// UDP sends a datagram that is echoed.
	UDP
	// SCTP sends an INIT chunk.
	SCTP
	// Ping sends an echo request of the destination's family.
	Ping
	// ICMP sends one packet of Probe.Type and Probe.Code.
	ICMP
	// Raw sends one packet of Probe.Number.
	Raw
	// FTP opens a control and a passive data connection.
	FTP
	// TFTP sends a read request.
	TFTP
	// FragNeeded sends an ICMP error about a connection.
	FragNeeded
)

// Target is an address with the device it is meant on and a port.
type Target struct {
	Addr netip.Addr // without a zone
	Dev  string     // "" if none was named
	Port uint16     // 0 if there is none
}

// Probe is one question to the kernel and the answer that the policy gives.
type Probe struct {
	Node   string
	Kind   Kind
	Number uint8 // Raw: the protocol's number
	Type   uint8 // ICMP
	Code   uint8
	From   Target // From.Addr is invalid if the kernel chooses
	To     Target

	User, Group string
	At          string     // node that must answer; "" : any
	As          netip.Addr // source that the other end must see; invalid: any
	By          netip.Addr // FragNeeded: sender of the error
	Mark        uint32
	Bytes       int
	Count       int // 0 if the probe is a single packet
	PassMin     int
	PassMax     int
	Wait        time.Duration // for an answer; 0 is long enough for what is wanted
	Frag, Fresh bool
	Spoof       bool
	Kernel      bool
	NoConn      bool

	Want Verdict
	Then []*Probe // run after this one, in order; only in Plan.Probes' elements
	Span diag.Span
	Text string // the line as written, without comment
	Line int
}

// HasPorts says whether the packets of this kind have a destination port.
func (k Kind) HasPorts() bool {
	switch k {
	case Ping, ICMP, Raw:
		return false
	}
	return true
}

// NeedsDev says whether the route to a depends on the device.
func NeedsDev(a netip.Addr) bool {
	return a.IsMulticast() || a.Is6() && a.IsLinkLocalUnicast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// IsGroup says whether a has several receivers, none of which answers:
// multicast, or the limited broadcast address.
func IsGroup(a netip.Addr) bool {
	return a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

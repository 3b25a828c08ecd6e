package ruleset

import "net/netip"

// Stmt is a statement of a rule.
type Stmt interface{ stmt() }

// Op is how a match compares.
type Op uint8

const (
	// OpIn: the field's value is one of the terms.
	OpIn Op = iota
	// OpAny: the field has any of the bits of Terms[0].Lo (fields of domain
	// Bits: ct state established,related).
	OpAny
	// OpMask: field & Mask is one of the terms.
	OpMask
)

// Match goes on only where a field has one of some values; with Neg, only
// where it has none of them. A field that the packet does not have (a port of
// an ICMP packet, an owner where no socket is) matches neither way, as in nft;
// interface names are then empty instead.
type Match struct {
	Field Field
	Op    Op
	Neg   bool
	// Set: the terms are, and are to be written as, an anonymous set.
	Set bool
	// Implied: not in the source; it follows from another statement (tcp dport
	// 22 looks at TCP alone) and is not to be written.
	Implied bool
	Mask    U128
	Terms   []Term
	// Of is what is looked at where Field is NoField: never a bare Field.
	Of Expr
}

// Compare goes on only where two computed values are equal (with Neg: are not),
// neither of them a constant.
type Compare struct {
	Left, Right Expr
	Neg         bool
}

// Lookup goes on only where the concatenation of the fields is in a set. Either
// Set names one, or Elems are the elements of an anonymous one.
type Lookup struct {
	Key   []Expr
	Set   string
	Neg   bool
	Elems []Elem
	// IPSet: Set is one of Ruleset.IPSets. What lacks a part of the key, or is not
	// of the set's family, is in no such set: with Neg the rule goes on (ip_set_test).
	// Of bitmap:port that is all but TCP and UDP. Key is nil where the set's type
	// is not known.
	IPSet bool
}

// VMap gives the verdict that a map holds for the fields, and goes on where it
// holds none. Either Map names one, or Elems are the elements of an anonymous one.
type VMap struct {
	Key   []Expr
	Map   string
	Elems []Elem
}

// VerdictKind is what a verdict does.
type VerdictKind uint8

// The verdicts. Jump and Goto name a chain; Queue and Continue are nft's.
const (
	VerdictAccept VerdictKind = iota
	VerdictDrop
	VerdictReturn
	VerdictJump
	VerdictGoto
	VerdictContinue
	VerdictQueue
)

func (k VerdictKind) String() string {
	return [...]string{"accept", "drop", "return", "jump", "goto", "continue", "queue"}[k]
}

// Verdict ends the rule, and what its kind says.
type Verdict struct {
	Kind  VerdictKind
	Chain string
	// Inline are the rules of a chain without a name (nft's jump { … }).
	Inline []*Rule
}

// The verdicts without a chain.
var (
	Accept = &Verdict{Kind: VerdictAccept}
	Drop   = &Verdict{Kind: VerdictDrop}
	Return = &Verdict{Kind: VerdictReturn}
)

// Jump to a chain and come back.
func Jump(chain string) *Verdict { return &Verdict{Kind: VerdictJump, Chain: chain} }

// Goto a chain, not to come back.
func Goto(chain string) *Verdict { return &Verdict{Kind: VerdictGoto, Chain: chain} }

// RejectWith is how a Reject answers.
type RejectWith uint8

// The answers that loward gives, and those that it reads.
const (
	RejectAdmin       RejectWith = iota // ICMP admin-prohibited of the packet's family
	RejectTCPReset                      // TCP reset; the rule must match TCP
	RejectPort                          // port unreachable
	RejectHost                          // host unreachable (v4), address unreachable (v6)
	RejectNet                           // network unreachable (v4), no route (v6)
	RejectProto                         // protocol unreachable (v4)
	RejectNetProhib                     // network prohibited (v4)
	RejectHostProhib                    // host prohibited (v4)
	RejectPolicyFail                    // policy fail (v6)
	RejectRejectRoute                   // reject route (v6)
	RejectCode                          // another ICMP code: Reject.Code
)

// Reject drops the packet and tells its sender.
type Reject struct {
	With RejectWith
	// Of is the family of ICMP that the source names; Inet where it names none or
	// both (icmpx).
	Of Family
	// Code is the ICMP code of RejectCode.
	Code uint8
}

// Limit goes on while the rate is not exceeded; with Over, once it is.
type Limit struct {
	Rate  int
	Unit  string // second, minute, hour, day, week
	Burst int
	Bytes bool
	Over  bool
}

// MeterKey is a part of a meter's key: a field, or its bits under Mask (zero: all).
type MeterKey struct {
	Field Field
	Mask  U128
}

// Meter keeps a Limit for each key: nft's dynamic sets, iptables' hashlimit.
// Set names the (dynamic) set. A full set does not match.
type Meter struct {
	Set   string
	Key   []MeterKey
	Limit Limit
}

// Log writes a line to the kernel log, or with Nflog hands the packet to a
// group of listeners.
type Log struct {
	Prefix string
	Group  int // with Nflog
	Nflog  bool
	// Level is emerg, alert, crit, err, warn, notice, info, debug or audit; ""
	// for the tool's own choice.
	Level string
	// Flags are nft's: "tcp sequence", "tcp options", "ip options", "skuid",
	// "ether", or "all".
	Flags []string
	// Snaplen is how many bytes of the packet a listener gets, and Threshold how
	// many packets are queued before it is told; -1 and 0 are the kernel's choice.
	Snaplen, Threshold int
}

// NATKind of a translation.
type NATKind uint8

// The translations.
const (
	DNAT NATKind = iota
	SNAT
	Masquerade
	Redirect
)

func (k NATKind) String() string {
	return [...]string{"dnat", "snat", "masquerade", "redirect"}[k]
}

// NAT translates the connection's first packet and so all others.
type NAT struct {
	Kind NATKind
	// Lo and Hi are the addresses (equal for one); invalid to keep it.
	Lo, Hi netip.Addr
	// PortLo and PortHi; 0 to keep it.
	PortLo, PortHi uint16
	// Map, where the target is looked up: fields to address and port.
	Map string
	Key []Expr
	// To computes the address (and, of a map to both, the port) where it is no
	// constant; ToPort the port.
	To, ToPort Expr
	// Of is the family that the source names; Inet where it names none.
	Of Family
	// Netmap keeps the host part: To or Lo-Hi is a prefix.
	Netmap bool
	// Random ports, FullyRandom ones, and Persistent: a client always gets the
	// same address.
	Random, FullyRandom, Persistent bool
}

// SetField assigns to a field: a mark, a label, a helper (Value.Text names the
// Object, or iptables' helper).
type SetField struct {
	Field Field
	Value Term
	// Of is what is assigned to where Field is NoField; From is the value where it
	// is no constant.
	Of   Expr
	From Expr
}

// NoTrack exempts the packet from connection tracking.
type NoTrack struct{}

// Opaque is a match or a statement that is kept as it was written, not
// understood. Its meaning is unknown: it may match or not.
type Opaque struct {
	Text string
	// Verdict: the text may end the rule (an unknown target).
	Verdict bool
}

func (*Match) stmt()    {}
func (*Lookup) stmt()   {}
func (*VMap) stmt()     {}
func (*Verdict) stmt()  {}
func (*Reject) stmt()   {}
func (*Limit) stmt()    {}
func (*Meter) stmt()    {}
func (*Log) stmt()      {}
func (*NAT) stmt()      {}
func (*SetField) stmt() {}
func (*NoTrack) stmt()  {}
func (*Opaque) stmt()   {}
func (*Compare) stmt()  {}

// In matches where the field has one of the values.
func In(f Field, terms ...Term) *Match { return &Match{Field: f, Terms: terms} }

// NotIn matches where it has none of them.
func NotIn(f Field, terms ...Term) *Match { return &Match{Field: f, Neg: true, Terms: terms} }

// Any matches where the field has any of the bits.
func Any(f Field, bits uint64) *Match {
	return &Match{Field: f, Op: OpAny, Terms: []Term{Num(bits)}}
}

// None matches where it has none of them.
func None(f Field, bits uint64) *Match {
	return &Match{Field: f, Op: OpAny, Neg: true, Terms: []Term{Num(bits)}}
}

// In4or6 gives the field of the family: IPSaddr or IP6Saddr and so on. Any
// other field is the same in both.
func In4or6(f Field, v6 bool) Field {
	if !v6 {
		return f
	}
	switch f {
	case IPSaddr:
		return IP6Saddr
	case IPDaddr:
		return IP6Daddr
	case CTOrigSaddr:
		return CTOrig6Saddr
	case CTOrigDaddr:
		return CTOrig6Daddr
	case ICMPType:
		return ICMPv6Type
	case ICMPCode:
		return ICMPv6Code
	}
	return f
}

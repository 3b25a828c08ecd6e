package syntax

import "github.com/loward/loward/dsl/diag"

// StmtKind says what a statement is, and what stands in its fields.
type StmtKind uint8

// The kinds.
const (
	// SMatch: Expr is an XRel, with Op Implicit where no operator is written. What
	// is only asked to be there is compared with the XSymbol exists or missing.
	SMatch StmtKind = iota
	// SVerdict: Expr is an XVerdict or an XVMap.
	SVerdict
	// SAssign sets Expr to Value: meta, ct, payload and exthdr statements.
	SAssign
	// SCounter: Packets and Bytes, where they are given.
	SCounter
	// SQuota: Over, Bytes (Unit bytes, kbytes, mbytes; not multiplied), Used with
	// UsedUnit.
	SQuota
	// SLimit: Over, Rate per Per (second …), of Unit ("" packets, or bytes, kbytes,
	// mbytes); Burst of BurstUnit ("" is packets).
	SLimit
	// SLast: Used is the time in milliseconds, not Given for never.
	SLast
	// SConnCount is ct count: Over, Count.
	SConnCount
	// SObject hands the packet to an object of kind Object; Expr is its name, or an
	// XMap.
	SObject
	// SLog: Log.
	SLog
	// SReject: Reject.
	SReject
	// SNAT is snat, dnat, masquerade or redirect (Name): NAT.
	SNAT
	// STProxy: NAT with Name "tproxy".
	STProxy
	// SSynproxy: Synproxy.
	SSynproxy
	// SDup and SFwd: Expr is the address (or, in netdev, the device), Value the
	// device or nil. Family of fwd's address.
	SDup
	SFwd
	// SQueue: Expr is the number, a range, or what computes it; nil for 0. Flags
	// are bypass and fanout.
	SQueue
	// SNoTrack is notrack.
	SNoTrack
	// SFlow puts the connection into the flowtable Name.
	SFlow
	// SSetUpdate: Update.
	SSetUpdate
	// SMeter: Update with Op "meter".
	SMeter
	// SReset removes the option Expr.
	SReset
	// SXT is an extension of iptables as nft shows it: Name is its text.
	SXT
)

func (k StmtKind) String() string {
	return [...]string{"match", "verdict", "set", "counter", "quota", "limit", "last", "ct count", "object", "log", "reject", "nat",
		"tproxy", "synproxy", "dup", "fwd", "queue", "notrack", "flow", "set update", "meter", "reset", "xt"}[k]
}

// Stmt is a statement of any kind.
type Stmt struct {
	Kind   StmtKind
	Over   bool
	Object Kind
	Name   string
	Family string
	Expr   *Expr
	Value  *Expr
	Flags  []string
	// Numbers hold what counter, quota, limit, last and ct count say; nil
	// otherwise, and where a counter says nothing.
	Numbers  *Numbers
	Log      *Log
	Reject   *Reject
	NAT      *NAT
	Synproxy *SynproxySpec
	Update   *Update
	Span     diag.Span
}

// Numbers of a stateful statement.
type Numbers struct {
	Packets, Bytes, Used, Rate, Burst, Count Num
	Unit, UsedUnit, BurstUnit, Per           string
}

// Log is a log statement.
type Log struct {
	// Prefix is an XString, with variables in it replaced; nil where there is none.
	Prefix                         *Expr
	Level                          Name
	Group, Snaplen, QueueThreshold Num
	// Flags are "tcp sequence", "tcp options", "ip options", "skuid", "ether", "all".
	Flags []string
}

// Reject is a reject statement: Type is "", icmp, icmpv6, icmpx or tcp reset;
// Code a word or a number.
type Reject struct {
	Type string
	Code *Expr
}

// NAT is where packets are sent to.
type NAT struct {
	Family string // ip, ip6 or ""
	// Addr is an address, a range, a prefix, a concatenation of address and port
	// (with a map: Addr is the XMap); nil where none is said. Port likewise; it
	// stands behind a colon.
	Addr, Port *Expr
	// Concat: "addr . port to", Interval "interval to", Prefix "prefix to".
	Concat, Interval, Prefix bool
	Flags                    []string // random, fully-random, persistent
}

// SynproxySpec is synproxy's options.
type SynproxySpec struct {
	MSS, WScale         Num
	Timestamp, SackPerm bool
	ECN                 bool
}

// Update is a set statement: Op is add, update, delete or meter; Set names the
// set. Key is the element's key.
type Update struct {
	Op               string
	Set              Name
	Key, Data        *Expr
	Timeout, Expires Num
	Stmts            []*Stmt
	Comment          string
	Size             Num // of a meter
}

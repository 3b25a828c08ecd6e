package ruleset

import (
	"net/netip"
	"time"
)

// Counter counts packets and bytes, from these numbers on.
type Counter struct{ Packets, Bytes uint64 }

// Quota goes on until so many bytes have passed; with Over, from then on.
type Quota struct {
	Bytes, Used uint64
	Over        bool
}

// ConnCount goes on while there are at most so many connections (of the
// element's key, where it stands in one); with Over, once there are more.
type ConnCount struct {
	Count uint32
	Over  bool
}

// Last remembers when it was reached last.
type Last struct {
	Used bool
	Ago  time.Duration
}

// ObjectRef hands the packet to an object: the one of that name, or the one that
// a map holds for a key.
type ObjectRef struct {
	Kind ObjectKind
	Name string
	Map  *MapExpr // its elements have Object
}

// UpdateOp is what a SetUpdate does.
type UpdateOp uint8

// The operations. OpMeter is nft's older statement, which makes its own set.
const (
	OpAdd UpdateOp = iota
	OpUpdate
	OpDelete
	OpMeter
)

func (o UpdateOp) String() string { return [...]string{"add", "update", "delete", "meter"}[o] }

// SetUpdate puts the packet's values into a set, or takes them out. It goes on
// where Stmts, which each element has of its own, do; a full set does not match.
type SetUpdate struct {
	Op  UpdateOp
	Set string
	// IPSet: Set is one of Ruleset.IPSets.
	IPSet bool
	Key   []Expr
	// Timeout of the element, 0 for the set's own.
	Timeout time.Duration
	Stmts   []Stmt
	// Data or Verdict, in a map.
	Data    []Expr
	Verdict *Verdict
	// Size of the set that a meter makes; 0 leaves it to the kernel.
	Size    int
	Comment string
}

// Queue hands the packet to a program, which decides.
type Queue struct {
	Lo, Hi uint16
	// From computes the number where it is no constant.
	From Expr
	// Bypass: accept where no program listens. Fanout: by the CPU.
	Bypass, Fanout bool
}

// TProxy hands the packet to a local socket without translating it.
type TProxy struct {
	Of         Family
	Addr       netip.Addr // invalid: of the interface
	Port       uint16     // 0: the packet's own
	To, ToPort Expr       // where they are no constants
	// Mark and MarkMask are set at once by iptables' TPROXY.
	Mark, MarkMask uint32
}

// Synproxy answers TCP's first packets in the server's stead.
type Synproxy struct {
	MSS, WScale         int // -1 where it is not said
	Timestamp, SackPerm bool
	ECN                 bool
}

// Dup sends a copy of the packet to another machine.
type Dup struct {
	To, Device Expr
}

// Fwd sends the packet out by another interface at once (netdev family).
type Fwd struct {
	Of         Family // of To
	To, Device Expr
}

// Offload puts the connection into a flowtable.
type Offload struct{ Flowtable string }

// Reset removes an option from the packet's header.
type Reset struct{ Of Expr }

// Module is an extension of iptables as a rule names it: -m NAME ARGS, or with
// Target -j NAME ARGS.
type Module struct {
	Name   string
	Target bool
	// Args are the options in the order of the source, quotes removed, "!" apart.
	Args []string
	// Means says the same in statements that both dialects share. What is not
	// known of it beforehand is a May in it.
	Means []Stmt
}

// May goes on or not: what decides is not in the packet, its connection or its
// way (the time, a rate, the past), or is there and not modelled.
type May struct {
	// Why, in a few words: "the time of day".
	Why string
	// Verdict: it may also end the rule, and the packet.
	Verdict bool
}

func (*Counter) stmt()   {}
func (*Quota) stmt()     {}
func (*ConnCount) stmt() {}
func (*Last) stmt()      {}
func (*ObjectRef) stmt() {}
func (*SetUpdate) stmt() {}
func (*Queue) stmt()     {}
func (*TProxy) stmt()    {}
func (*Synproxy) stmt()  {}
func (*Dup) stmt()       {}
func (*Fwd) stmt()       {}
func (*Offload) stmt()   {}
func (*Reset) stmt()     {}
func (*Module) stmt()    {}
func (*May) stmt()       {}

// Plain yields the statements of a rule one after the other, those that its
// Modules mean in their places.
func (r *Rule) Plain(yield func(Stmt) bool) {
	for _, s := range r.Body {
		m, ok := s.(*Module)
		if !ok {
			if !yield(s) {
				return
			}
			continue
		}
		for _, s := range m.Means {
			if !yield(s) {
				return
			}
		}
	}
}

package ruleset

import (
	"time"

	"github.com/loward/loward/dsl/diag"
)

// Ruleset is a sequence of tables, and what a file says besides.
type Ruleset struct {
	Tables []*Table
	// IPSets are the sets of ipset(8), which the kernel keeps apart from every
	// table. Complete says that they are all there are: a set that a rule names
	// and that is missing does not exist then; otherwise it is unknown.
	IPSets         []*Set
	IPSetsComplete bool
	// Header lines stand as comments on top of a written ruleset.
	Header []string
}

// Family of a table.
type Family uint8

// The families that netfilter has.
const (
	Inet Family = iota
	IP
	IP6
	ARP
	Bridge
	Netdev
)

func (f Family) String() string {
	return [...]string{"inet", "ip", "ip6", "arp", "bridge", "netdev"}[f]
}

// Dialect is the tool to which a table belongs.
type Dialect uint8

// The dialects. iptables' rules differ in what may stand in them and in how
// they are loaded, not in what they mean.
const (
	Nft Dialect = iota
	Iptables
)

// Table is a table with everything in it, in the order of the source.
type Table struct {
	Dialect Dialect
	Family  Family // Iptables: IP or IP6
	Name    string // Iptables: filter, nat, mangle, raw, security
	// Legacy: an Iptables table of x_tables, which the kernel has beside those of
	// nf_tables; both judge. Only the kernel tells it, no text does.
	Legacy  bool
	Comment string
	// Dormant: its base chains are not registered; it judges nothing. Owner: it
	// goes with the process that made it, unless Persist.
	Dormant, Owner, Persist bool

	Sets       []*Set
	Objects    []*Object
	Flowtables []*Flowtable
	Chains     []*Chain
	// Absent are base chains that must not exist once the table is loaded: what
	// an earlier version of the same table may have left behind and what would
	// still judge packets. Each needs its Name and its Base (the tool that loads
	// the table may have to declare a chain before it can delete it); it has no
	// rules, and nothing may refer to it. Of no meaning in an iptables table.
	Absent []*Chain
	Origin diag.Span
}

// Chain of that name, or nil.
func (t *Table) Chain(name string) *Chain {
	for _, c := range t.Chains {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Hook is a place in a packet's journey.
type Hook uint8

// The hooks.
const (
	Prerouting Hook = iota
	Input
	Forward
	Output
	Postrouting
	Ingress
	Egress
)

func (h Hook) String() string {
	return [...]string{"prerouting", "input", "forward", "output", "postrouting", "ingress", "egress"}[h]
}

// Base makes a chain a base chain.
type Base struct {
	Type     string // filter, nat or route
	Hook     Hook
	Priority int
	Policy   VerdictKind // VerdictAccept or VerdictDrop
	Devices  []string    // ingress and egress
	Offload  bool        // ingress: in hardware
}

// Chain is a chain.
type Chain struct {
	Name string
	// Base is nil for a user chain.
	Base *Base
	// Foreign: the chain is not ours to create, flush or set a policy of
	// (iptables' INPUT and so on); its Rules are inserted in front of what is
	// there.
	Foreign bool
	Rules   []*Rule
	Comment string
	// Packets and Bytes that the policy, or iptables' chain, has counted.
	Packets, Bytes uint64
	Origin         diag.Span
}

// Rule is a list of statements, executed in order until one does not match.
type Rule struct {
	Body    []Stmt
	Comment string
	// Counted: the rule counts packets and bytes (iptables' always do). Where a
	// *Counter stands in Body, that is the counter, and Counted is false.
	Counted bool
	// Packets and Bytes that an iptables rule has counted.
	Packets, Bytes uint64
	Origin         diag.Span
}

// Set is a named set, or a map from its keys to data or verdicts; in
// Ruleset.IPSets one of ipset(8).
type Set struct {
	Name string
	// Key is the type: the values that are concatenated. Where a source declares
	// data types (ipv4_addr), a Field of that type stands for it.
	Key []Expr
	// Typeof: the key was, and is to be, declared by expressions.
	Typeof bool
	// Verdicts: a verdict map. Data: a map to values of these types. Objects: a
	// map to names of objects of that kind.
	Verdicts bool
	Data     []Expr
	Objects  *ObjectKind
	// DataInterval: what the map holds may be ranges.
	DataInterval bool
	// Interval: elements may be ranges. AutoMerge: those that overlap are merged.
	Interval  bool
	AutoMerge bool
	// Constant: the elements never change.
	Constant bool
	// Dynamic: filled by rules (Meter, SetUpdate). Timeout is how long an element
	// stays, 0 for ever; Timeouts: elements may have one of their own.
	Dynamic  bool
	Timeout  time.Duration
	Timeouts bool
	// GC is how often what has timed out is removed; 0 leaves it to the kernel.
	GC time.Duration
	// Size is the greatest number of elements; 0 leaves it to the kernel.
	Size int
	// Memory: the kernel prefers little memory to speed (nft's policy memory).
	Memory bool
	// Replaced: a new set takes the place of an old one of this name, where
	// another set is emptied and filled again. Only for hash sets (a new interval
	// set misses for a moment) to which nothing refers but chains that are
	// declared whenever the set is. A set that is emptied keeps the Size that it
	// had until the transaction is over.
	Replaced bool
	// Counted: each element counts packets and bytes.
	Counted bool
	// Stmts are further statements that each element has of its own (*Limit,
	// *Quota, *ConnCount, *Last).
	Stmts []Stmt
	// IPSet is the set's type in ipset(8), "hash:ip,port", with its options as they
	// were created; nil in an nft table.
	IPSet   *IPSetType
	Elems   []Elem
	Comment string
	Origin  diag.Span
}

// IPSetType is what ipset(8) knows of a set besides its elements.
type IPSetType struct {
	Type    string   // "hash:ip"
	Family  Family   // IP or IP6; Inet where the type has none
	Options []string // as created, without the family
	Members []string // of a list:set: the sets in it
}

// Elem is an element: one term for each field of the key.
type Elem struct {
	Key     []Term
	Verdict *Verdict // of a verdict map
	Data    []Term   // of a data map
	Object  string   // of an object map
	// Any: the element of keys that no other matches (nft's *); it has no Key.
	Any bool
	// Except: a key that is not in the set although a greater one is (ipset's
	// nomatch).
	Except bool
	// Timeout of its own, and how long it still has.
	Timeout, Expires time.Duration
	// Stmts are the element's own counter, limit and so on.
	Stmts []Stmt
	// Options are what ipset(8) keeps besides with an element (skbmark 1).
	Options []string
	Comment string
	Origin  diag.Span
}

// Find the set of that name, or nil.
func (t *Table) Find(set string) *Set {
	for _, s := range t.Sets {
		if s.Name == set {
			return s
		}
	}
	return nil
}

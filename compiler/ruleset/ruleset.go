package ruleset

import "github.com/loward/loward/dsl/diag"

// Ruleset is a sequence of tables, and what a file says besides.
type Ruleset struct {
	Tables []*Table
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
	Comment string
	Sets    []*Set
	Objects []*Object
	Chains  []*Chain
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
	Origin  diag.Span
}

// Rule is a list of statements, executed in order until one does not match.
type Rule struct {
	Body    []Stmt
	Comment string
	// Counted: the rule counts packets and bytes (iptables' always do).
	Counted bool
	Origin  diag.Span
}

// Set is a named set, or a map from its keys to data or verdicts.
type Set struct {
	Name string
	// Key is the type: the fields whose values are concatenated.
	Key []Field
	// Verdicts: a verdict map. Data: a map to values of these fields.
	Verdicts bool
	Data     []Field
	// Interval: elements may be ranges.
	Interval bool
	// Dynamic: filled by rules (Meter); Timeout in seconds, 0 for none.
	Dynamic bool
	Timeout int
	// Size is the greatest number of elements; 0 leaves it to the kernel.
	Size int
	// Replaced: a new set takes the place of an old one of this name, where
	// another set is emptied and filled again. Only for hash sets (a new interval
	// set misses for a moment) to which nothing refers but chains that are
	// declared whenever the set is. A set that is emptied keeps the Size that it
	// had until the transaction is over.
	Replaced bool
	// Counted: each element counts packets and bytes.
	Counted bool
	Elems   []Elem
	Comment string
	Origin  diag.Span
}

// Elem is an element: one term for each field of the key.
type Elem struct {
	Key     []Term
	Verdict *Verdict // of a verdict map
	Data    []Term   // of a data map
	Comment string
	Origin  diag.Span
}

// Object is a stateful object: so far, a conntrack helper.
type Object struct {
	Name   string
	Helper string // "ftp"
	Proto  uint8  // the helper's protocol
	Origin diag.Span
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

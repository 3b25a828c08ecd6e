package referee

import "fmt"

// event is one message of the kernel's trace: a rule that matched, or the policy of a
// base chain.
type event struct {
	family       uint8
	table, chain string
	handle       uint64 // of nft's rules
	// Of x_tables: number of the rule from 1, and the number of the hook; what the rule
	// said is not told.
	legacy       bool
	number, hook int
	kind         int // traceRule and so on
	verdict      string
	mark         uint32
	oif          int
	// header is there with the first message of each base chain; ok says so.
	header header
	ok     bool
}

// Kinds of messages (enum nft_trace_types).
const (
	tracePolicy = 1
	traceReturn = 2
	traceRule   = 3
)

// place of a rule.
type place struct {
	family       uint8
	table, chain string
}

func (p place) String() string { return fmt.Sprintf("%d.%s/%s", p.family, p.table, p.chain) }

package ruleset

import (
	"time"

	"github.com/loward/loward/dsl/diag"
)

// ObjectKind is what a named stateful object is.
type ObjectKind uint8

// The kinds. The zero is a conntrack helper.
const (
	ObjHelper ObjectKind = iota
	ObjCounter
	ObjQuota
	ObjLimit
	ObjSynproxy
	ObjSecmark
	ObjTimeout
	ObjExpectation
)

func (k ObjectKind) String() string {
	return [...]string{"ct helper", "counter", "quota", "limit", "synproxy", "secmark", "ct timeout", "ct expectation"}[k]
}

// Object is a named object of a table to which rules refer.
type Object struct {
	Kind    ObjectKind
	Name    string
	Comment string

	Helper string // helper: "ftp"
	Proto  uint8  // helper, timeout, expectation: the transport protocol
	L3     Family // helper, timeout, expectation: IP, IP6; Inet for both or unsaid

	// State is the *Counter, *Quota, *Limit or *Synproxy that the object holds.
	State Stmt

	Context string // secmark: the security context

	Policy []StateTimeout // timeout

	// Expectation.
	Dport   uint16
	Timeout time.Duration
	Size    int

	Origin diag.Span
}

// StateTimeout is how long a connection lives in a state of its protocol.
type StateTimeout struct {
	State   string
	Timeout time.Duration
}

// Flowtable forwards established connections past the hooks.
type Flowtable struct {
	Name     string
	Hook     Hook // Ingress
	Priority int
	Devices  []string
	Offload  bool // in hardware
	Counted  bool
	Origin   diag.Span
}

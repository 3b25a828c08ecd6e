package probes

import (
	"net/netip"

	"github.com/loward/loward/backends/lab"
	"github.com/loward/loward/dsl/diag"
)

// Script is a probe file: a topology, what is added to it, the probes in the order
// of the file, and what is to be loaded where.
type Script struct {
	lab.Plan
	Hosts   []Host
	Docker  []Published
	SelfOff string   // the reason why there are no self checks; "" if there are
	NoSelf  []NoSelf // exceptions from the self checks
}

// Host is a host block of the policy, and the node that its ruleset is for.
type Host struct {
	Name string // "" for a policy without host blocks
	Node string
	Span diag.Span
}

// Published is a port that a foreign Docker-like ruleset translates.
type Published struct {
	Proto    string // tcp or udp
	From, To netip.AddrPort
}

// NoSelf excepts an address, and some of tcp, udp and ping (all if there are
// none), from the self checks.
type NoSelf struct {
	Addr   netip.Addr
	Protos []string
	Reason string
}

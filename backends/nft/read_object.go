package nft

import (
	"slices"

	tree "github.com/loward/loward/backends/nft/internal/syntax"
	"github.com/loward/loward/compiler/ruleset"
)

// checkObject refuses definitions that lack something, or that the kernel does
// not take.
func (s *State) checkObject(c *tree.Cmd, o *ruleset.Object, f ruleset.Family) {
	spec := c.Object
	switch o.Kind {
	case ruleset.ObjExpectation:
		if spec.L4Proto.Text == "" || spec.DPort == nil || !spec.Timeout.Given || !spec.Size.Given {
			s.refuse(c.Name.Span, "missing options").Helpf("an expectation has protocol, dport, timeout and size")
		}
	case ruleset.ObjHelper:
		if other := o.L3; other != ruleset.Inet && f != ruleset.Inet && other != f {
			s.refuse(spec.L3Proto.Span, "Invalid argument: helpers for %s have no place in a table of the family %s", other, f)
		}
	case ruleset.ObjTimeout:
		states := timeoutStates(o.Proto)
		for _, p := range spec.Policy {
			if states != nil && !slices.Contains(states, p.State.Text) && !ruleset.HasUnknown(p.State.Text) {
				d := s.refuse(p.State.Span, "invalid state for this protocol")
				if near := diagNearest(p.State.Text, states); near != "" {
					d.Helpf("did you mean %s?", near)
				}
			}
		}
	}
}

// timeoutStates are the states of a protocol for which a timeout can be set
// (tcp_state_to_name and udp_state_to_name of nft).
func timeoutStates(proto uint8) []string {
	switch proto {
	case 6:
		return []string{"close", "close_wait", "established", "fin_wait", "last_ack", "retrans", "syn_recv", "syn_sent", "syn_sent2", "time_wait", "unack"}
	case 17:
		return []string{"replied", "unreplied"}
	}
	return nil
}

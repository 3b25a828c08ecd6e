package path

import (
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Verdict of a journey.
type Verdict uint8

// The verdicts.
const (
	// Accept: it reaches its destination, as far as rules and routes go.
	Accept Verdict = iota
	// Drop: it is lost without an answer.
	Drop
	// Reject: it is lost, and its sender told.
	Reject
	// Undecided: what can't be known decides.
	Undecided
)

func (v Verdict) String() string { return [...]string{"accept", "drop", "reject", "unknown"}[v] }

// Result of a journey.
type Result struct {
	Verdict Verdict
	// Legs are the hooks that it passed, in order, with what happened there. Of an
	// undecided journey those of one way that it may take; Other is another, which
	// ends otherwise.
	Legs  []Leg
	Other *Result
	// Guesses are what the way of Legs depends on beyond the packet.
	Guesses []Guess
	// Why says what ended the journey where no rule did: "no route to 10.0.0.1".
	Why string
	// Copy is what the host hears of what it sends to a group or to all itself: it
	// comes in by the interface by which it leaves. nil of other packets.
	Copy *Result
	// Packet as it was at the end.
	Packet *packet.Packet
	// Reply is the journey of the answer to a packet that arrived; nil where
	// there is none to be looked at. That of a reply of TCP is the client's
	// acknowledgement, with which the connection is made.
	Reply *Result
}

// Works says whether the packet arrives, and its reply as well, and what
// acknowledges that.
func (r *Result) Works() Verdict {
	if r.Verdict != Accept || r.Reply == nil {
		return r.Verdict
	}
	return r.Reply.Works()
}

// Leg is one hook.
type Leg struct {
	Hook ruleset.Hook
	// IIF and OIF as rules at this hook see them.
	IIF, OIF string
	Steps    []Step
	// Cut: the kernel itself ended it within the hook, behind the steps.
	Cut bool
	// Before is the packet as it came to the hook.
	Before *packet.Packet
}

// Step is a rule that matched, the policy of a base chain, or what the kernel did
// by itself.
type Step struct {
	Table *ruleset.Table
	Chain *ruleset.Chain
	// Rule is nil where the chain's policy spoke, or the kernel.
	Rule *ruleset.Rule
	// Elem of a set or a verdict map in which it found the packet, or nil.
	Elem *ruleset.Elem
	// Did says what it did, in a few words: "drop", "jump office", "dnat to
	// 10.0.0.1:80".
	Did string
	// Final: it decided the packet's fate.
	Final bool
	// May: whether the rule matches can't be known, and it makes no difference.
	May bool
}

// Origin is where the step stands in the source: its rule, or of a rule that loward
// made by itself the element. It has no File where neither stands there.
func (s *Step) Origin() diag.Span {
	switch {
	case s.Rule == nil:
		return diag.Span{}
	case s.Rule.Origin.File == nil && s.Elem != nil:
		return s.Elem.Origin
	}
	return s.Rule.Origin
}

// Guess is something that can't be known, and how it was taken.
type Guess struct {
	Rule *ruleset.Rule
	Why  string
	Yes  bool
}

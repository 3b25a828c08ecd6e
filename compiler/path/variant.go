package path

import (
	"slices"

	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/ruleset"
)

// maxVariants bounds the ways that are tried; past it a journey is undecided.
const maxVariants = 512

// variant is the packet on one way that it may take.
type variant struct {
	p       *packet.Packet
	legs    []Leg
	guesses []Guess

	// conn is the connection to which the packet belongs, for conntrack to find.
	conn *packet.Conn
	// invalid: it is in the midst of a connection that conntrack lost sight of.
	invalid bool

	// How it ended.
	verdict Verdict
	why     string
	// left is the interface by which it went out, "" where it was delivered here.
	left string
	// bound is the interface to which the sending socket is bound, and next the one
	// by which the packet leaves once it was routed anew; rules at OUTPUT still see
	// the old one.
	bound, next string
	// heard is the copy of what goes to a group or to all, as it was behind OUTPUT.
	heard *packet.Packet
}

func (v *variant) clone() *variant {
	w := *v
	w.p = v.p.Clone()
	w.legs = slices.Clone(v.legs)
	if n := len(w.legs); n > 0 {
		w.legs[n-1].Steps = slices.Clone(w.legs[n-1].Steps)
	}
	w.guesses = slices.Clone(v.guesses)
	return &w
}

// enter a hook.
func (v *variant) enter(h ruleset.Hook) {
	v.legs = append(v.legs, Leg{Hook: h, IIF: v.p.IIF, OIF: v.p.OIF, Before: v.p.Clone()})
}

func (v *variant) step(s Step) {
	l := &v.legs[len(v.legs)-1]
	l.Steps = append(l.Steps, s)
}

// merge drops variants that are the same from here on. What they were guessed
// from makes no difference then.
func merge(all []*variant) []*variant {
	if len(all) < 2 {
		return all
	}
	var out []*variant
next:
	for _, v := range all {
		for _, o := range out {
			if o.p.Equal(v.p) {
				if len(v.guesses) < len(o.guesses) {
					*o = *v
				}
				continue next
			}
		}
		out = append(out, v)
	}
	return out
}

// result of the ways that a packet may take.
func result(all []*variant) *Result {
	var out *Result
	for _, v := range all {
		r := &Result{Verdict: v.verdict, Legs: v.legs, Guesses: v.guesses, Why: v.why, Packet: v.p}
		switch {
		case out == nil:
			out = r
		case out.Verdict == Undecided && out.Other != nil:
		case r.Verdict != out.Verdict:
			first := *out
			*out = Result{Verdict: Undecided, Legs: first.Legs, Guesses: first.Guesses, Why: first.Why, Packet: first.Packet, Other: r}
			if first.Verdict != Accept && r.Verdict == Accept {
				// The way that is shown first is the one that passes.
				*out = Result{Verdict: Undecided, Legs: r.Legs, Guesses: r.Guesses, Why: r.Why, Packet: r.Packet, Other: &first}
			}
		case len(r.Guesses) < len(out.Guesses):
			out = r
		}
	}
	return out
}

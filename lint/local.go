package lint

import (
	"fmt"
	"net/netip"

	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/dsl/diag"
)

// local tries a connection of the host with itself at some addresses, and finds the
// rules that stop it: one finding for each, TCP before UDP.
func (s *subject) local(f *family, what string, at []netip.Addr) {
	said := map[diag.Span]bool{}
	for _, a := range at {
		for _, proto := range []uint8{packet.TCP, packet.UDP} {
			st := path.Start{From: netip.AddrPortFrom(a, 0), To: netip.AddrPortFrom(a, f.port), Proto: proto}
			if a.IsLoopback() && !f.v6 {
				st.From = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), 0)
			}
			h := s.host
			if h == nil {
				h, _ = path.Assume(st, true)
			}
			space := path.New(s.rs, h)
			space.Fresh = true
			r := space.Send(st)
			phrase := fmt.Sprintf("%s from self %s to %s", protoName(proto), st.From.Addr(), st.To)
			switch r.Works() {
			case path.Accept:
				continue
			case path.Undecided:
				s.undecided(guess(r), fmt.Sprintf("%s: %s", phrase, why(r)))
				continue
			}
			leg, dead := failing(r)
			if !decided(dead) {
				continue // the host itself refuses it, whatever rules say
			}
			if said[place(dead)] {
				continue
			}
			said[place(dead)] = true
			d := &diag.Diagnostic{Message: fmt.Sprintf("%s: %s %s at %s: %s", what, phrase, leg, hookOf(dead), lastStep(dead))}
			d.Helpf("accept what comes in by lo and goes out by lo before anything else: whatever address it has, it never was on a wire")
			s.find(diag.Error, place(dead), &Finding{Diagnostic: d, Packet: phrase, Journey: r})
			break // what stops TCP most often stops UDP, too
		}
	}
}

func protoName(p uint8) string {
	if p == packet.TCP {
		return "tcp"
	}
	return "udp"
}

// failing is the journey in which a connection fails, and which one that is.
func failing(r *path.Result) (string, *path.Result) {
	leg := "dies"
	for r.Verdict == path.Accept && r.Reply != nil {
		if r = r.Reply; leg == "dies" {
			leg = "arrives, but its reply dies"
		} else {
			leg = "is answered, but the acknowledgement of that dies"
		}
	}
	return leg, r
}

// decided says whether a rule, or a policy, ended a journey.
func decided(r *path.Result) bool {
	if len(r.Legs) == 0 {
		return false
	}
	steps := r.Legs[len(r.Legs)-1].Steps
	return len(steps) > 0 && steps[len(steps)-1].Final
}

// place is where the rule stands that ended a journey: the rule, or the chain whose
// policy it was.
func place(r *path.Result) diag.Span {
	if len(r.Legs) == 0 {
		return diag.Span{}
	}
	steps := r.Legs[len(r.Legs)-1].Steps
	if len(steps) == 0 {
		return diag.Span{}
	}
	last := steps[len(steps)-1]
	if at := last.Origin(); at.File != nil {
		return at
	}
	return last.Chain.Origin
}

func hookOf(r *path.Result) string {
	if len(r.Legs) == 0 {
		return "its start"
	}
	return r.Legs[len(r.Legs)-1].Hook.String()
}

// lastStep is what the last step did, in words.
func lastStep(r *path.Result) string {
	steps := r.Legs[len(r.Legs)-1].Steps
	last := steps[len(steps)-1]
	return fmt.Sprintf("%s %s: %s", last.Table.Name, last.Chain.Name, last.Did)
}

func guess(r *path.Result) diag.Span {
	for ; r != nil; r = r.Reply {
		for _, g := range r.Guesses {
			if g.Rule != nil {
				return g.Rule.Origin
			}
		}
	}
	return diag.Span{}
}

func why(r *path.Result) string {
	for ; r != nil; r = r.Reply {
		for _, g := range r.Guesses {
			return "that depends on " + g.Why
		}
	}
	return "that can't be known"
}

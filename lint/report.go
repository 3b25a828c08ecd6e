package lint

import (
	"cmp"
	"slices"

	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Finding is what a check says of one place.
type Finding struct {
	*diag.Diagnostic
	Check *Check
	// Packet that shows it, as a phrase that trace takes; "" where none does.
	Packet string
	// Journey of the packet, up to where it dies; nil without one.
	Journey *path.Result
}

// Undecided is what a check can't settle.
type Undecided struct {
	Check  *Check
	Span   diag.Span
	Reason string
}

// Report of all checks, in the order of the source.
type Report struct {
	Findings  []*Finding
	Undecided []*Undecided
}

// Look at a ruleset with some checks; h is what is known of its host, or nil.
func Look(rs *ruleset.Ruleset, h *host.Host, checks []*Check) *Report {
	s := &subject{rs: rs, host: h, report: &Report{}}
	for _, c := range checks {
		s.check = c
		c.look(s)
	}
	slices.SortStableFunc(s.report.Findings, func(a, b *Finding) int {
		return cmp.Or(before(a.Span, b.Span), cmp.Compare(a.Code, b.Code))
	})
	return s.report
}

func before(a, b diag.Span) int {
	name := func(s diag.Span) string {
		if s.File == nil {
			return ""
		}
		return s.File.Name
	}
	return cmp.Or(cmp.Compare(name(a), name(b)), cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
}

// subject is a ruleset being looked at.
type subject struct {
	rs     *ruleset.Ruleset
	host   *host.Host
	check  *Check
	report *Report

	idle    []*fate.Idle
	idleErr error
	looked  bool
	known   []*family
	asked   bool
}

// idles are the rules that might as well not be there.
func (s *subject) idles() ([]*fate.Idle, error) {
	if !s.looked {
		s.idle, s.idleErr = fate.Idles(s.rs, s.host)
		s.looked = true
	}
	return s.idle, s.idleErr
}

func (s *subject) find(sev diag.Severity, at diag.Span, f *Finding) *Finding {
	f.Check = s.check
	f.Diagnostic.Code, f.Diagnostic.Severity, f.Diagnostic.Span = s.check.Code, sev, at
	s.report.Findings = append(s.report.Findings, f)
	return f
}

// undecided is said once, however often it comes up.
func (s *subject) undecided(at diag.Span, reason string) {
	for _, u := range s.report.Undecided {
		if *u == (Undecided{s.check, at, reason}) {
			return
		}
	}
	s.report.Undecided = append(s.report.Undecided, &Undecided{s.check, at, reason})
}

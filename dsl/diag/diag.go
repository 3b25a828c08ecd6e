package diag

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity of a diagnostic, the most serious first.
type Severity uint8

const (
	// Error: the input can't be used as it stands.
	Error Severity = iota
	// Warning: it can be used, but probably does not do what was meant.
	Warning
	// Note: advice.
	Note
)

func (s Severity) String() string {
	return [...]string{"error", "warning", "note"}[s]
}

// Related is a further position that takes part in a diagnostic.
type Related struct {
	Span    Span
	Message string
}

// Edit replaces the text of a span.
type Edit struct {
	Span Span
	Text string
}

// Fix is a change that removes the cause.
type Fix struct {
	Title string
	Edits []Edit
}

// Diagnostic is one mistake or finding: what is wrong (Message), where, why or
// what would be right (Help), and every other position that takes part.
type Diagnostic struct {
	Code     string // LWnnn
	Severity Severity
	Span     Span
	Message  string
	Help     string
	Related  []Related
	Fixes    []Fix
}

// Helpf says what would be right.
func (d *Diagnostic) Helpf(format string, args ...any) *Diagnostic {
	d.Help = fmt.Sprintf(format, args...)
	return d
}

// See adds a position that takes part.
func (d *Diagnostic) See(s Span, format string, args ...any) *Diagnostic {
	d.Related = append(d.Related, Related{s, fmt.Sprintf(format, args...)})
	return d
}

// WithCode sets the code, for those whose code differs from the list's usual.
func (d *Diagnostic) WithCode(code string) *Diagnostic {
	d.Code = code
	return d
}

// List gathers diagnostics in the order in which they are found.
type List struct {
	All []*Diagnostic
	// Max is how many of one severity are kept, 0 for all of them: in what was
	// never a policy, mistakes can outnumber what a machine can hold.
	Max int

	counts  [3]int // found, of each severity
	dropped int
}

// Errorf adds an error.
func (l *List) Errorf(s Span, format string, args ...any) *Diagnostic {
	return l.add(Error, s, format, args)
}

// Warnf adds a warning.
func (l *List) Warnf(s Span, format string, args ...any) *Diagnostic {
	return l.add(Warning, s, format, args)
}

func (l *List) add(sev Severity, s Span, format string, args []any) *Diagnostic {
	d := &Diagnostic{Severity: sev, Span: s, Message: fmt.Sprintf(format, args...)}
	if l.counts[sev]++; l.Max > 0 && l.counts[sev] > l.Max {
		l.dropped++
		return d
	}
	l.All = append(l.All, d)
	return d
}

// Dropped counts the diagnostics that were found but not kept.
func (l *List) Dropped() int { return l.dropped }

// Errors counts the errors.
func (l *List) Errors() int {
	n := 0
	for _, d := range l.All {
		if d.Severity == Error {
			n++
		}
	}
	return n
}

// Sort puts the list into the order of files (by name) and positions, keeping
// the order of discovery for equal positions, and removes exact repetitions.
func (l *List) Sort() {
	slices.SortStableFunc(l.All, func(a, b *Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Span.name(), b.Span.name()), cmp.Compare(a.Span.Start, b.Span.Start))
	})
	l.All = slices.CompactFunc(l.All, func(a, b *Diagnostic) bool {
		return a.Span == b.Span && a.Message == b.Message
	})
}

func (s Span) name() string {
	if s.File == nil {
		return ""
	}
	return s.File.Name
}

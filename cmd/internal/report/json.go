package report

import (
	"encoding/json"
	"io"

	"github.com/loward/loward/dsl/diag"
)

// Findings is the one JSON object of `--format json`. Lines and columns count
// from 1, columns in UTF-8 bytes; 0 means nowhere.
type Findings struct {
	Version   int         `json:"version"`
	Findings  []Finding   `json:"findings"`
	Undecided []Undecided `json:"undecided"`
}

// Finding is one diagnostic.
type Finding struct {
	Code     string `json:"code"`
	Name     string `json:"name"` // of the check; "" for mistakes in the text
	Severity string `json:"severity"`
	Place
	Message string    `json:"message"`
	Help    string    `json:"help,omitempty"`
	Packet  *Packet   `json:"packet,omitempty"` // that shows it
	Path    []Step    `json:"path,omitempty"`   // of the packet
	Related []Related `json:"related"`
	Fixes   []Fix     `json:"fixes"`
}

// Packet that shows a finding.
type Packet struct {
	Phrase   string `json:"phrase"`
	Protocol string `json:"protocol"`
	From     string `json:"from"`
	FromPort uint16 `json:"fromPort,omitempty"`
	User     string `json:"user"`
	On       string `json:"on"`
	To       string `json:"to"`
	ToPort   uint16 `json:"toPort,omitempty"`
}

// Step of a packet's path.
type Step struct {
	Hook    string `json:"hook"`
	Table   string `json:"table"`
	Chain   string `json:"chain"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Rule    string `json:"rule,omitempty"`
	Verdict string `json:"verdict"`
}

// Place of a finding.
type Place struct {
	File string `json:"file"`
	Range
}

// Range in a file; the end is behind the last byte.
type Range struct {
	Line      int `json:"line"`
	Column    int `json:"column"`
	EndLine   int `json:"endLine"`
	EndColumn int `json:"endColumn"`
}

// Related is a further place that takes part.
type Related struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// Fix is a change that removes the cause.
type Fix struct {
	Title string `json:"title"`
	Edits []Edit `json:"edits"`
}

// Edit replaces a range of the finding's file.
type Edit struct {
	Range
	Text string `json:"text"`
}

// Undecided is a place about which nothing could be said.
type Undecided struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// FindingsOf turns diagnostics into findings, in the order given.
func FindingsOf(list []*diag.Diagnostic) Findings {
	out := Findings{Version: 1, Findings: []Finding{}, Undecided: []Undecided{}}
	for _, d := range list {
		f := Finding{
			Code: d.Code, Severity: d.Severity.String(), Message: d.Message, Help: d.Help,
			Place: Place{File: fileOf(d.Span), Range: rangeOf(d.Span)}, Related: []Related{}, Fixes: []Fix{},
		}
		for _, r := range d.Related {
			p := r.Span.Position()
			f.Related = append(f.Related, Related{fileOf(r.Span), p.Line, p.Column, r.Message})
		}
		for _, x := range d.Fixes {
			fix := Fix{Title: x.Title, Edits: []Edit{}}
			for _, e := range x.Edits {
				fix.Edits = append(fix.Edits, Edit{rangeOf(e.Span), e.Text})
			}
			f.Fixes = append(f.Fixes, fix)
		}
		out.Findings = append(out.Findings, f)
	}
	return out
}

// JSON writes the diagnostics as one object on one line. An error is one of
// writing.
func JSON(w io.Writer, list []*diag.Diagnostic) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(FindingsOf(list))
}

func fileOf(s diag.Span) string {
	if s.IsZero() {
		return ""
	}
	return s.File.Name
}

func rangeOf(s diag.Span) Range {
	p, e := s.Position(), s.EndPosition()
	return Range{p.Line, p.Column, e.Line, e.Column}
}

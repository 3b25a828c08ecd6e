package corpus

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Reading is what came of reading one file.
type Reading struct {
	File
	Err error
	// Rules, and those of them in which nothing is opaque.
	Rules, Clear int
	// Errors are the lines on which there is one, First the first message.
	Errors []int
	First  string
	// Opaque are the first texts that were kept without being understood.
	Opaque []string

	// Of a file that the tool refuses: what it says, and the line that it names (0
	// where it names none).
	Complaint string
	Line      int
	// Machine: it is the machine that lacks something, not the file that is wrong.
	Machine bool
}

// OnLine: there is an error where the tool sees one.
func (r *Reading) OnLine() bool { return slices.Contains(r.Errors, r.Line) }

// Reading of every file. The tools are asked again about those they refuse, for
// the line.
func (c *Corpus) Reading(ctx context.Context) []*Reading {
	var out []*Reading
	for _, f := range c.Files {
		r := &Reading{File: f}
		out = append(out, r)
		var l diag.List
		rs, err := c.read(f, &l)
		if err != nil {
			r.Err = err
			continue
		}
		r.count(rs)
		for _, d := range l.All {
			if d.Severity != diag.Error {
				continue
			}
			if line := d.Span.Position().Line; !slices.Contains(r.Errors, line) {
				r.Errors = append(r.Errors, line)
			}
			if r.First == "" {
				r.First = d.Span.FileLine() + ": " + d.Message
			}
		}
		if f.Judged && !f.Valid {
			r.Complaint, r.Line = c.complaint(ctx, f)
			// A name that nothing in the file makes: on the machine it may be there. Where
			// we miss it too, that is what the tool says.
			r.Machine = machines(r.Complaint) && !(strings.Contains(r.Complaint, "No such file or directory") && r.OnLine())
		}
	}
	return out
}

// count the rules, and those that are understood.
func (r *Reading) count(rs *ruleset.Ruleset) {
	for _, t := range rs.Tables {
		for _, ch := range t.Chains {
			for _, rule := range ch.Rules {
				r.Rules++
				if text, ok := opaque(rule); !ok {
					r.Clear++
				} else if len(r.Opaque) < 3 {
					r.Opaque = append(r.Opaque, text)
				}
			}
		}
	}
}

// opaque gives the first text of a rule that is not understood.
func opaque(r *ruleset.Rule) (string, bool) {
	for s := range r.Plain {
		switch s := s.(type) {
		case *ruleset.Opaque:
			return s.Text, true
		case *ruleset.Verdict:
			for _, in := range s.Inline {
				if text, ok := opaque(in); ok {
					return text, true
				}
			}
		}
	}
	return "", false
}

// complaint is the first thing that a tool says of a file, and the line.
func (c *Corpus) complaint(ctx context.Context, f File) (string, int) {
	said := c.check(ctx, f)
	if said == "" {
		said = f.Said
	}
	nft := regexp.MustCompile(`(?m)^[^\n]*?:(\d+):\d+(?:-\d+)?: (Error: [^\n]*)`)
	if m := nft.FindStringSubmatch(said); m != nil {
		n, _ := strconv.Atoi(m[1])
		return m[2], n
	}
	first, _, _ := strings.Cut(said, "\n")
	line := regexp.MustCompile(`(?:Error occurred at line: |line )(\d+)`)
	if m := line.FindStringSubmatch(said); m != nil {
		n, _ := strconv.Atoi(m[1])
		return first, n
	}
	return first, 0
}

// machines: the complaint is of something that another machine may have.
func machines(said string) bool {
	if strings.Contains(said, "Couldn't load match") {
		return false // of the other family
	}
	for _, s := range []string{
		"File not found", "No such file or directory", "does not exist", "not found", "Could not resolve hostname", "Operation not supported",
		"Could not process rule", "Bad value for \"--uid-owner\"", "Bad value for \"--gid-owner\"", "Permission denied",
	} {
		if strings.Contains(said, s) {
			return true
		}
	}
	return false
}

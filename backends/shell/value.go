package shell

import (
	"strconv"
	"strings"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// While a script is evaluated, a piece of text that can't be known is a number
// between two marks, so that no expansion splits or alters it. The number leads
// to what the script says in its place.
const (
	markOpen  = '\uE000'
	markClose = '\uE001'
)

// unknown makes a value of something that can't be known; source is what the
// script says. Why, if any, is told once for each source.
func (r *runner) unknown(source string, at diag.Span, why string) string {
	source = strings.Map(func(c rune) rune {
		if c == markOpen || c == markClose {
			return -1
		}
		if c == '\n' {
			return ' '
		}
		return c
	}, source)
	if len(source) > 120 {
		source = source[:120] + "…"
	}
	id, old := r.ids[source]
	if !old {
		id = len(r.sources)
		r.ids[source] = id
		r.sources = append(r.sources, source)
		if why != "" {
			r.tell(diag.Note, at, ruleset.CodeUnknown, "%s can't be known: %s", source, why)
		}
	}
	return string(markOpen) + strconv.Itoa(id) + string(markClose)
}

// known says whether a value holds nothing unknown.
func known(s string) bool { return !strings.ContainsRune(s, markOpen) }

// marked turns a value into what the other readers take (ruleset.MarkUnknown).
func (r *runner) marked(s string) string { return r.decode(s, ruleset.MarkUnknown) }

// shown turns a value into what people read.
func (r *runner) shown(s string) string {
	return r.decode(s, func(source string) string { return source })
}

func (r *runner) decode(s string, as func(string) string) string {
	if known(s) {
		return s
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, string(markOpen))
		b.WriteString(before)
		if !found {
			return b.String()
		}
		id, after, closed := strings.Cut(rest, string(markClose))
		n, err := strconv.Atoi(id)
		if closed && err == nil && n >= 0 && n < len(r.sources) {
			b.WriteString(as(r.sources[n]))
			s = after
			continue
		}
		b.WriteString(as("…")) // an expansion has cut the mark
		s = rest
		if closed {
			s = after
		}
	}
}

// text is what flows through a pipe or stands in a file: pieces with what they
// were made of.
type text []diag.Part

func (t text) String() string {
	if len(t) == 1 {
		return t[0].Text
	}
	var b strings.Builder
	for _, p := range t {
		b.WriteString(p.Text)
	}
	return b.String()
}

// derive makes a file of a text, for another reader.
func (r *runner) derive(t text) *diag.File {
	parts := make([]diag.Part, len(t))
	for i, p := range t {
		parts[i] = diag.Part{Text: r.marked(p.Text), From: p.From}
	}
	return diag.Derive(r.file.Name, parts)
}

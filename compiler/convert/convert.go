package convert

import (
	"fmt"
	"strings"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// CodeUnsupported is the code of everything that the other dialect cannot say.
const CodeUnsupported = "LW090"

// maxMistakes bounds a report: the same mistake in each of 100,000 rules is told
// often enough by then.
const maxMistakes = 1000

// report gathers what can't be said.
type report struct {
	target string
	list   diag.List
}

// refuse what stands at the span. The format completes "TARGET cannot say ".
func (r *report) refuse(at diag.Span, format string, args ...any) *diag.Diagnostic {
	r.list.Max = maxMistakes
	return r.list.Errorf(at, "%s cannot say %s", r.target, fmt.Sprintf(format, args...)).WithCode(CodeUnsupported)
}

// mistakes in the order of their positions, each once.
func (r *report) mistakes() []*diag.Diagnostic {
	r.list.Sort()
	return r.list.All
}

// unknown says which term of a list is not known, or "".
func unknown(terms []ruleset.Term) string {
	for i := range terms {
		if terms[i].Unknown {
			return terms[i].Text
		}
	}
	return ""
}

// comment makes a text fit to stand in quotes in both dialects.
func comment(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r == '\\':
			return '/'
		case r < ' ' || r == 0x7f:
			return ' '
		}
		return r
	}, s)
	return clip(s, maxComment)
}

// maxComment is the greatest length of a comment in nft; iptables takes more.
const maxComment = 128

// clip cuts a text to at most n bytes, between characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}

// names keeps a table's names apart.
type names map[string]bool

// take a name that nothing has yet, as near to the wanted one as it goes.
func (n names) take(want string, longest int) string {
	want = clip(want, longest)
	name := want
	for i := 2; n[name]; i++ {
		tail := fmt.Sprintf("-%d", i)
		name = clip(want, longest-len(tail)) + tail
	}
	n[name] = true
	return name
}

// plainName replaces what is no letter, digit, dash, dot or underscore.
func plainName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '.' || r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z') {
			return r
		}
		return '_'
	}, s)
	if s == "" || (s[0]|0x20 < 'a' || s[0]|0x20 > 'z') && s[0] != '_' {
		s = "_" + s
	}
	return s
}

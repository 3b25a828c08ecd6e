package iptables

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// restore is a text for iptables-restore being read.
type restore struct {
	s     *State
	f     *diag.File
	l     *diag.List
	text  string
	flush bool
	table *table // nil outside of one
	bad   bool   // the table at hand is none: its lines are passed over
	dos   bool   // line ends of Windows were complained of
	words []Word
}

// Restore does what iptables-restore does with a text; flush is false for
// --noflush. Mistakes go to the list, and what is right is done all the same.
func (s *State) Restore(f *diag.File, flush bool, l *diag.List) {
	r := &restore{s: s, f: f, l: l, text: string(f.Data), flush: flush}
	s.rd.file, s.rd.text = f, r.text
	at, n := 0, len(r.text)
	for at < n {
		end := n
		if i := strings.IndexByte(r.text[at:], '\n'); i >= 0 {
			end = at + i
		}
		r.line(at, end)
		at = end + 1
	}
	if r.table != nil {
		l.Errorf(f.Span(n, n), "COMMIT is missing at the end").WithCode(ruleset.CodeSyntax).
			Helpf("without it nothing of the table %s is loaded", r.table.name)
		r.commit()
	}
}

// line reads the bytes from at to end.
func (r *restore) line(at, end int) {
	if end > at && r.text[end-1] == '\r' {
		end--
		if !r.dos {
			r.dos = true
			r.l.Errorf(r.f.Span(end, end+1), "a carriage return at the end of the line").WithCode(ruleset.CodeSyntax).
				Helpf("the tool takes it for a part of the last word: write the file with line ends of Unix")
		}
	}
	if at == end {
		return
	}
	inside := r.table != nil || r.bad
	switch c := r.text[at]; {
	case c == '#':
	case c == '*' && !inside:
		r.open(at, end)
	case c == '*':
		r.l.Errorf(r.f.Span(at, end), "a table begins before COMMIT has ended the one before").WithCode(ruleset.CodeSyntax).
			Helpf("write COMMIT in front of it")
		r.commit()
		r.open(at, end)
	case !inside:
		r.l.Errorf(r.f.Span(at, end), "a line outside of a table").WithCode(ruleset.CodeSyntax).
			Helpf("a table begins with its name, *filter, and ends with COMMIT")
	case strings.TrimRight(r.text[at:end], " \t") == "COMMIT":
		if end-at != len("COMMIT") {
			r.l.Errorf(r.f.Span(at+len("COMMIT"), end), "blanks behind COMMIT").WithCode(ruleset.CodeSyntax).
				Helpf("the tool takes COMMIT only where nothing follows")
		}
		r.commit()
	case r.bad:
	case c == ':':
		r.chain(at, end)
	default:
		r.rule(at, end)
	}
}

func (r *restore) open(at, end int) {
	name, span, _ := r.field(at+1, end)
	r.table = r.s.table(name, span)
	if r.bad = r.table == nil; r.bad {
		d := r.l.Errorf(span, "no table is called %q", name).WithCode(ruleset.CodeSyntax)
		if name != "" {
			d.WithCode(ruleset.CodeRefused)
		}
		d.Helpf("there are filter, nat, mangle, raw and security")
		return
	}
	r.table.partial = true
	if r.flush {
		r.table.clear()
	}
}

func (r *restore) commit() {
	if r.table != nil {
		r.s.rd.l = r.l
		r.s.rd.loops(r.table)
		r.s.rd.places(r.table)
	}
	r.table, r.bad = nil, false
}

// field is the next word between blanks, where it is, and where it ends in the
// text (which its span does not tell of a derived one).
func (r *restore) field(at, end int) (word string, span diag.Span, next int) {
	for at < end && blank(r.text[at]) {
		at++
	}
	from := at
	for at < end && !blank(r.text[at]) {
		at++
	}
	return r.text[from:at], r.f.Span(from, at), at
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

// chain reads ":NAME POLICY [packets:bytes]".
func (r *restore) chain(at, end int) {
	name, nameAt, next := r.field(at+1, end)
	policy, policyAt, next := r.field(next, end)
	counters, _, _ := r.field(next, end)
	if name == "" || policy == "" {
		r.l.Errorf(r.f.Span(at, end), "a chain is declared by its name and its policy").WithCode(ruleset.CodeSyntax).
			Helpf("like this: :INPUT ACCEPT [0:0], or :MINE - [0:0]")
		return
	}
	rd := &r.s.rd
	rd.l, rd.bad = r.l, false
	c := r.table.chain(name)
	if c == nil {
		if !rd.newName(Word{Text: name, Span: nameAt}) {
			return
		}
		c = &chain{name: name}
		r.table.add(c)
	} else if c.base == nil {
		r.table.empty(c)
	}
	c.origin = r.f.Span(at, end)
	r.table.partial = r.table.partial && c.base == nil
	if c.base != nil && policy != "-" {
		p, ok := policyOf(policy)
		if !ok {
			rd.refuse(policyAt, "%q is no policy", policy).Helpf("a policy is ACCEPT or DROP")
			return
		}
		c.base.Policy = p
	}
	c.foreign = false
	if p, b, _, ok := readCounters(counters); ok {
		c.packets, c.bytes = p, b
	}
}

// readCounters reads "[packets:bytes]" and what follows it.
func readCounters(s string) (packets, bytes uint64, n int, ok bool) {
	if len(s) < 5 || s[0] != '[' {
		return 0, 0, 0, false
	}
	i := 1
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		packets = packets*10 + uint64(s[i]-'0')
	}
	if i == len(s) || s[i] != ':' {
		return 0, 0, 0, false
	}
	for i++; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		bytes = bytes*10 + uint64(s[i]-'0')
	}
	if i == len(s) || s[i] != ']' {
		return 0, 0, 0, false
	}
	return packets, bytes, i + 1, true
}

// The tool's own bounds (iptables/xshared.h, iptables-restore.c).
const (
	maxWords    = 254
	maxWord     = 1023
	maxTextLine = 10239
)

// rule reads a line that holds a command, with counters in front or not.
func (r *restore) rule(at, end int) {
	start := at
	rd := &r.s.rd
	rd.begin(r.l, r.f.Span(start, end))
	if r.text[at] == '[' {
		p, b, n, ok := readCounters(r.text[at:end])
		if !ok { // the tool reads whatever stands there as 0
			i := strings.IndexByte(r.text[at:end], ']')
			if i < 0 || !strings.Contains(r.text[at:at+i], ":") {
				rd.syntax(r.f.Span(at, end), "counters are not whole").Helpf("like this: [12:3456] -A INPUT …")
				return
			}
			n = i + 1
		}
		rd.packets, rd.bytes = p, b
		at += n
	}
	words, open := split(r.f, r.text, at, end, r.words[:0])
	r.words = words
	if open {
		last := words[len(words)-1]
		r.l.Warnf(last.Span, "a quote that nothing closes").WithCode(ruleset.CodeSyntax).
			Helpf("the tool takes the rest of the line into the word")
	}
	if end-start > maxTextLine {
		rd.syntax(r.f.Span(start+maxTextLine, end), "a line longer than %d bytes", maxTextLine).
			Helpf("the tool reads what is beyond as a line of its own")
		return
	}
	if len(words) > maxWords {
		rd.syntax(words[maxWords].Span, "more than %d words in a line", maxWords)
		return
	}
	for i := range words {
		if len(words[i].Text) > maxWord {
			rd.syntax(words[i].Span, "a word longer than %d bytes", maxWord)
			return
		}
	}
	rd.table, rd.restoring = r.table, true
	rd.command(words)
}

// split a line into words as iptables-restore does: blanks part them, and so
// does the end of a quoted piece; within double quotes a backslash takes the
// next character as it is. open: a quote is not closed.
func split(f *diag.File, text string, at, end int, words []Word) (out []Word, open bool) {
	for at < end {
		if blank(text[at]) {
			at++
			continue
		}
		from := at
		for at < end && !blank(text[at]) && text[at] != '"' {
			at++
		}
		word := text[from:at]
		if at < end && text[at] == '"' {
			var piece string
			piece, at, open = quoted(text, at+1, end)
			if word == "" {
				word = piece
			} else {
				word += piece
			}
		}
		words = append(words, Word{Text: word, Span: f.Span(from, at)})
	}
	return words, open
}

// quoted reads up to the closing quote.
func quoted(text string, at, end int) (piece string, next int, open bool) {
	from, plain := at, true
	for at < end && text[at] != '"' {
		if text[at] == '\\' {
			plain = false
			at++
		}
		at++
	}
	if at >= end {
		at, open = end, true
	}
	next = min(at+1, end)
	if plain {
		return text[from:at], next, open
	}
	b := make([]byte, 0, at-from)
	for i := from; i < at; i++ {
		if text[i] == '\\' {
			if i++; i == at {
				break
			}
		}
		b = append(b, text[i])
	}
	return string(b), next, open
}

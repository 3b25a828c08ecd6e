package parser

import "github.com/loward/loward/dsl/ast"

// args says what may follow the name of a traffic class.
type args uint8

const (
	argsNone args = iota
	argsOptional
	argsRequired
)

// takesArgs of a traffic class that is not quoted.
func takesArgs(kind string) args {
	switch kind {
	case "tcp", "udp", "sctp", "icmp", "icmpv6":
		return argsOptional
	case "proto":
		return argsRequired
	}
	return argsNone
}

// trafficList reads TRAFFIC, … behind a keyword.
func (p *parser) trafficList(kw keyword) []ast.Traffic {
	p.traffic = p.traffic[:0]
	for {
		if !p.isWord() {
			d := p.fail(CodeSyntax, p.start, p.end, "expected traffic, found %s", p.found())
			if p.kind == lbrace {
				d.Helpf(`only ports and types stand in braces, behind their protocol: tcp { 80, 443 }`)
			} else {
				d.Helpf("%s", statements[kw].form)
			}
			break
		}
		t, more := p.oneTraffic(kw)
		p.traffic = append(p.traffic, t)
		if !more || p.bad {
			break
		}
	}
	return p.slabs.traffic.keep(p.traffic)
}

// oneTraffic reads one class with its ports or types, and the comma behind it;
// more says whether there was one and a further class follows.
func (p *parser) oneTraffic(kw keyword) (t ast.Traffic, more bool) {
	t.Kind = p.takeWord()
	t.Span = t.Kind.Span
	takes := argsNone
	if !t.Kind.Quoted {
		takes = takesArgs(t.Kind.Text)
	}
	p.words = p.words[:0]
	if takes != argsNone && !p.bad {
		switch {
		case p.kind == lbrace:
			t.Braced = true
			p.braced(t.Kind.Text)
		case p.kind == quoted || p.kind == word && !p.clauseOf(kw):
			p.words = append(p.words, p.takeWord())
		case takes == argsRequired:
			p.fail(CodeSyntax, p.start, p.end, "expected a protocol number behind %q, found %s", t.Kind.Text, p.found()).
				Helpf("proto N, such as proto 50")
		}
		t.Span.End = p.prevEnd
	}
	for !p.bad && p.kind == comma {
		if !p.comma() {
			break
		}
		if p.kind != word || !numeric(p.text()) {
			more = true
			break
		}
		if len(p.words) == 0 {
			p.fail(CodeSyntax, p.start, p.end, "%s is neither a port of a protocol nor a traffic class", shown(p.text())).
				Helpf("write tcp %s or udp %s", p.text(), p.text())
			break
		}
		p.words = append(p.words, p.takeWord())
		t.Span.End = p.prevEnd
	}
	t.Args = p.slabs.words.keep(p.words)
	return t, more
}

// clauseOf says whether the word at hand begins a clause of the statement.
func (p *parser) clauseOf(kw keyword) bool {
	switch kw {
	case kwProto:
		return false
	case kwPublish:
		return p.text() == "to"
	}
	return lookupClause(p.text()) != clNone
}

// numeric says whether a word is meant as a number or a range.
func numeric(w string) bool {
	if w[0] < '0' || w[0] > '9' {
		return false
	}
	for i := 1; i < len(w); i++ {
		if c := w[i]; (c < '0' || c > '9') && c != '-' && c != ':' {
			return false
		}
	}
	return true
}

// braced reads { WORD, … }. Line ends may stand behind the brace and behind a
// comma; where one does, then before the closing brace too.
func (p *parser) braced(kind string) {
	open := p.start
	p.next()
	tall := p.lines()
	for {
		if p.kind == rbrace && len(p.words) > 0 {
			break // behind a last comma
		}
		if !p.isWord() {
			if p.kind == rbrace {
				p.fail(CodeSyntax, open, p.end, "this set is empty").Helpf("%s alone means all of them", kind)
				break
			}
			p.unclosedSet(open, kind)
			return
		}
		p.words = append(p.words, p.takeWord())
		if p.bad {
			return
		}
		if tall && (p.kind == newline || p.kind == comment) {
			closes := p.peek(func(s *scanner) bool {
				for s.kind == newline || s.kind == comment {
					s.scan()
				}
				return s.kind == rbrace
			})
			if closes {
				p.lines()
			}
		}
		if p.kind == comma {
			p.next()
			tall = p.lines() || tall
			continue
		}
		if p.kind == rbrace {
			break
		}
		if p.isWord() {
			p.fail(CodeSyntax, p.start, p.end, "unexpected %s: a comma is missing before it", p.found()).
				Helpf("%s { 80, 443, 8000-8010 }", kind)
			return
		}
		p.unclosedSet(open, kind)
		return
	}
	p.next()
}

func (p *parser) unclosedSet(open int, kind string) {
	p.fail(CodeBrace, open, open+1, `the "{" of this set is never closed`).
		Helpf(`write "}" behind its last item: %s { 80, 443 }`, kind)
}

// lines passes over line ends and comments inside a set, and says whether there
// were any.
func (p *parser) lines() (any bool) {
	for p.kind == newline || p.kind == comment {
		any = true
		if p.kind == comment {
			p.takeInner()
			continue
		}
		p.next()
	}
	return any
}

package syntax

import (
	"strings"

	"github.com/loward/loward/dsl/diag"
)

// unexpected reports the current token; what would be right is expected.
func (p *Parser) unexpected(expected string) *diag.Diagnostic {
	if p.kind == tErr {
		return &diag.Diagnostic{}
	}
	what := p.kind.String()
	switch p.kind {
	case tWord, tNumber, tString, tJunk:
		what += " " + p.src[p.start:p.end]
		if len(what) > 60 {
			what = what[:60] + "…"
		}
	}
	d := p.fail(p.span(p.start, p.end), "unexpected %s, expecting %s", what, expected)
	if p.kind = tErr; d != nil {
		switch {
		case p.src[p.start:p.end] == "#":
			d.Helpf("a comment on the last line needs a line end")
		case strings.HasPrefix(p.src[p.start:], `"`):
			if strings.IndexByte(p.src[p.start+1:], '"') < 0 {
				d.Helpf("the quotation mark is never closed")
			}
		}
		return d
	}
	return &diag.Diagnostic{}
}

// fail reports a mistake; the parser reads nothing more before it recovers.
func (p *Parser) fail(at diag.Span, format string, args ...any) *diag.Diagnostic {
	if p.kind == tErr {
		return &diag.Diagnostic{}
	}
	p.badPos, p.badDepth = p.start, p.depth
	switch p.kind {
	case tLBrace:
		p.badDepth--
	case tRBrace:
		p.badDepth++
	}
	unknown := p.marks && p.nearMark()
	p.kind = tErr
	return p.report(at, unknown, format, args...)
}

// report says something without giving up.
func (p *Parser) report(at diag.Span, unknown bool, format string, args ...any) *diag.Diagnostic {
	if p.quiet {
		return &diag.Diagnostic{}
	}
	p.settled()
	switch {
	case unknown:
		return p.list.Warnf(at, "not read, a piece of it is unknown: "+format, args...).WithCode(p.o.CodeUnknown)
	}
	return p.list.Errorf(at, format, args...).WithCode(p.o.CodeSyntax)
}

// nearMark says whether a piece of the line up to the current token is unknown.
func (p *Parser) nearMark() bool {
	i := p.start
	for i > 0 && i > p.start-maxLine && p.src[i-1] != '\n' {
		i--
	}
	return strings.Contains(p.src[i:p.end], markOpen)
}

// recover goes to the end of the statement in which the mistake is, in the block
// of that depth.
func (p *Parser) recover(depth int) {
	if p.kind != tErr {
		return
	}
	p.pos, p.depth = p.badPos, p.badDepth
	if p.badDepth < depth {
		// The mistake is a brace that ends a block around this one.
		depth = p.badDepth
	}
	p.kind = tNewline
	p.skip(depth)
}

// skip goes to the end of the statement in the block of that depth, from the
// place behind which the lexer stands, without reading it.
func (p *Parser) skip(depth int) { p.scan(depth, true) }

// scan is skip; without lines it goes to the closing brace of that block.
func (p *Parser) scan(depth int, lines bool) {
	src, i, d := p.src, p.pos, p.depth
loop:
	for {
		for i < len(src) && class[src[i]]&cStop == 0 {
			i++
		}
		if i >= len(src) {
			break
		}
		switch src[i] {
		case '\n', ';':
			if lines && d <= depth {
				break loop
			}
		case '{':
			d++
		case '}':
			if d <= depth {
				break loop
			}
			d--
		case '"':
			if n := strings.IndexByte(src[i+1:], '"'); n >= 0 {
				i += n + 1
			} else {
				// Nothing behind it can be told apart.
				src = src[:min(len(src), i+1+lineEnd(src[i+1:]))]
				i = len(src) - 1
			}
		case '#':
			i += lineEnd(src[i:])
			continue
		case '\\':
			if n := newlineAt(src, i+1); n > 0 {
				i += n
			}
		}
		i++
	}
	p.pos, p.depth = i, d
	p.next()
}

// lineEnd is where the line ends, without the line end.
func lineEnd(text string) int {
	if n := strings.IndexByte(text, '\n'); n >= 0 {
		return n
	}
	return len(text)
}

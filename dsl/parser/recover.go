package parser

import "strings"

// skip passes over what is left of a statement: to the end of its line, over
// the lines that a comma continues, and over a block that it opens - unless a
// line inside that stands no further in than the statement and begins like one.
func (p *parser) skip(start int) {
	depth, column, after := 0, p.column(start), p.kind
	for {
		switch p.kind {
		case eof:
			return
		case semi:
			if depth == 0 {
				return
			}
		case newline:
			if depth == 0 && after != comma {
				return
			}
		case lbrace:
			depth++
		case rbrace:
			if depth == 0 {
				return
			}
			depth--
		case word:
			if (depth > 0 || after == comma) && p.firstOnLine(p.start) &&
				lookup(p.text()) != kwNone && p.column(p.start) <= column {
				return
			}
		}
		if p.kind != newline && p.kind != comment {
			after = p.kind
		}
		if p.kind == comment && depth == 0 && after != comma {
			return
		}
		p.next()
	}
}

// firstOnLine says whether only blanks stand before an offset on its line.
func (p *parser) firstOnLine(at int) bool {
	start := 0
	if strings.HasPrefix(p.src, "\ufeff") {
		start = len("\ufeff")
	}
	for at--; at >= start && p.src[at] != '\n'; at-- {
		if classes[p.src[at]] != blank {
			return false
		}
	}
	return true
}

// column of an offset, in bytes from 0.
func (p *parser) column(at int) int {
	return at - 1 - strings.LastIndexByte(p.src[:at], '\n')
}

// indent of the line in which an offset stands.
func (p *parser) indent(at int) int {
	start := at - p.column(at)
	n := 0
	for start+n < at && classes[p.src[start+n]] == blank {
		n++
	}
	return n
}

// peek runs f with the scanner looking ahead, and puts it back.
func (p *parser) peek(f func(s *scanner) bool) bool {
	ahead := p.scanner
	ahead.report = nil
	return f(&ahead)
}

// escapes says whether the statement at hand can't be meant for the innermost
// open block, so that the block's } is missing: it belongs into one of those
// around, and stands no further in than the block itself.
func (p *parser) escapes() bool {
	if p.kind != word {
		return false
	}
	o := &p.open[len(p.open)-1]
	places := statements[lookup(p.text())].places
	if places == 0 || places&o.place != 0 {
		return false
	}
	around := inFile
	for _, outer := range p.open[:len(p.open)-1] {
		around |= outer.place
	}
	return places&around != 0 && p.firstOnLine(p.start) && p.column(p.start) <= p.indent(o.stmt)
}

// unclosed reports the innermost open block as not closed; noticed says that
// the statement at hand showed it, not the end of the file.
func (p *parser) unclosed(noticed bool) {
	if p.stop {
		return
	}
	o := &p.open[len(p.open)-1]
	d := p.errorAt(CodeBrace, o.brace, o.brace+1, `the "{" of %s is never closed`, *o)
	d.Helpf(`write "}" behind the last statement of %s`, *o)
	if noticed {
		d.See(p.span(p.start, p.end), "this statement does not belong into %s", *o)
		p.excused++
	}
	if o.suspect > 0 {
		d.See(p.span(o.suspect, o.suspect+1), "perhaps this block lacks it: its \"}\" is indented like that of %s", *o)
	}
}

// suspect looks whether the } at hand is indented like the block around rather
// than the one it closes.
func (p *parser) suspect() {
	if len(p.open) < 2 || !p.firstOnLine(p.start) {
		return
	}
	o, outer := &p.open[len(p.open)-1], &p.open[len(p.open)-2]
	if outer.suspect == 0 && p.column(p.start) < p.indent(o.stmt) {
		outer.suspect = o.brace
	}
}

// stray passes over a } that closes nothing.
func (p *parser) stray() {
	if p.excused > 0 {
		p.excused--
	} else {
		p.errorAt(CodeBrace, p.start, p.end, `this "}" closes nothing`).
			Helpf(`remove it, or write the "{" that it closes`)
	}
	p.next()
}

package syntax

import "github.com/loward/loward/dsl/diag"

// set reads an anonymous set or map.
func (p *Parser) set() *Expr {
	start := p.start
	base := len(p.stack)
	if !p.deeper() {
		return p.none(start)
	}
	p.members(base, nil)
	p.nest--
	end := p.end
	p.want(tRBrace)
	e := p.popped(XSet, start, base)
	if p.o.At.File == nil {
		e.Span = diag.Span{File: e.Span.File, Start: start, End: end}
	}
	return e
}

// members pushes the elements of a set, up to its closing brace. Where there is
// flush, it is called whenever there are many.
func (p *Parser) members(base int, flush func()) {
	p.next()
	for first := true; ; first = false {
		p.newlines()
		if p.kind == tRBrace && !first || p.bad() {
			return
		}
		v := p.kind == tDollar
		e := p.element()
		if v && e.Kind == XSet {
			if p.spliced += len(e.Args); p.spliced > maxSplice+len(p.src) {
				p.fail(e.Span, "too many elements out of variables")
				return
			}
			p.stack = append(p.stack, e.Args...)
		} else {
			p.stack = append(p.stack, e)
		}
		if flush != nil && len(p.stack)-base >= maxElems {
			flush()
		}
		p.newlines()
		if p.kind == tRBrace {
			return
		}
		if !p.got(tComma) {
			p.unexpected("comma or '}'")
			return
		}
	}
}

// element of a set or map.
func (p *Parser) element() *Expr {
	start := p.start
	key := p.rhs()
	if p.kind == tComma || p.kind == tRBrace {
		return key
	}
	var el *Elem
	switch p.kind {
	case tWord, tColon:
		el = p.a.elems.one()
		*el = Elem{Key: key}
		p.elemOptions(el)
	case tNewline:
		return key
	default:
		p.unexpected("comma or '}'")
		return key
	}
	if p.got(tColon) {
		el.Data = p.elemData()
	}
	e := p.newExpr(XElem, start)
	e.Elem = el
	if p.o.At.File == nil {
		e.Span.End = p.last()
	}
	return e
}

func (p *Parser) elemData() *Expr {
	if p.kind == tWord && verdictWord(p.text) {
		return p.verdict()
	}
	return p.rhs()
}

func (p *Parser) elemOptions(el *Elem) {
	for p.kind == tWord {
		switch p.text {
		case "timeout":
			p.next()
			el.Timeout = p.time()
		case "expires":
			p.next()
			el.Expires = p.time()
		case "comment":
			el.Comment = p.commentText()
		default:
			base := len(p.stmts)
			p.stateful()
			if len(p.stmts) == base {
				p.unexpected("comma or '}'")
				return
			}
			if el.Stmts != nil {
				all := append([]*Stmt(nil), el.Stmts...)
				el.Stmts = append(all, p.stmts[base:]...)
			} else {
				el.Stmts = p.a.list.of(p.stmts[base:])
			}
			p.stmts = p.stmts[:base]
		}
	}
}

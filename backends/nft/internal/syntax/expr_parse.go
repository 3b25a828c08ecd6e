package syntax

import "strconv"

func (p *Parser) newExpr(k ExprKind, start int) *Expr {
	e := p.a.exprs.one()
	*e = Expr{Kind: k}
	if p.o.At.File != nil {
		e.Span = p.o.At
	} else {
		e.Span.File, e.Span.Start, e.Span.End = p.file, start, p.end
	}
	return e
}

// leaf makes an expression of the current token and goes behind it.
func (p *Parser) leaf(k ExprKind, start int) *Expr {
	e := p.newExpr(k, start)
	e.Text = p.text
	p.next()
	return e
}

func (p *Parser) two(k ExprKind, a, b *Expr) *Expr {
	e := p.newExpr(k, p.start)
	args := [2]*Expr{a, b}
	e.Args = p.a.args.of(args[:])
	if a != nil && b != nil {
		e.Span = a.Span.Join(b.Span)
	}
	return e
}

func (p *Parser) operation(k ExprKind, op Op, a, b *Expr) *Expr {
	e := p.two(k, a, b)
	e.Op = op
	return e
}

// popped makes an expression of what was pushed on the stack since base.
func (p *Parser) popped(k ExprKind, start, base int) *Expr {
	e := p.newExpr(k, start)
	e.Args = p.a.args.of(p.stack[base:])
	p.stack = p.stack[:base]
	if p.o.At.File == nil {
		e.Span.End = p.last()
	}
	return e
}

// deeper bounds how deeply things stand in one another.
func (p *Parser) deeper() bool {
	if p.nest >= maxNest {
		p.fail(p.here(), "nested too deeply, at most %d levels", maxNest)
		return false
	}
	p.nest++
	return true
}

// rhs reads a value: what stands on the right side of a comparison, in a set, or
// in a definition.
func (p *Parser) rhs() *Expr {
	start := p.start
	e := p.rhsPart()
	if p.kind != tDot {
		return e
	}
	base := len(p.stack)
	p.stack = append(p.stack, e)
	for p.got(tDot) {
		p.stack = append(p.stack, p.rhsPart())
	}
	return p.popped(XConcat, start, base)
}

// rhsPart reads a value with nothing side by side: a word, a range, a prefix.
func (p *Parser) rhsPart() *Expr {
	switch p.kind {
	case tLBrace:
		return p.set()
	case tAt:
		return p.setRef()
	case tStar:
		e := p.newExpr(XStar, p.start)
		p.next()
		return e
	}
	e := p.rhsBits(0)
	switch p.kind {
	case tDash:
		p.next()
		return p.two(XRange, e, p.rhsBits(0))
	case tSlash:
		if !p.numberNext() {
			return e // a mask
		}
		p.next()
		k := XNumber
		if p.kind == tWord {
			k = XSymbol
		}
		e = p.two(XPrefix, e, p.leaf(k, p.start))
	}
	return e
}

// numberNext says whether a number, or something unknown, is the next token.
func (p *Parser) numberNext() bool {
	i := p.pos
	for i < len(p.src) && class[p.src[i]]&cBlank != 0 {
		i++
	}
	if i < len(p.src) && p.marks && p.src[i] == markByte {
		return true
	}
	start := i
	for i < len(p.src) && class[p.src[i]]&cDigit != 0 {
		i++
	}
	if i == start || i == len(p.src) {
		return i > start
	}
	c := p.src[i] // an address, perhaps
	return class[c]&cWord == 0 && c != ':' || c == '/' || c == '-' || c == 'x' || p.marks && c == markByte
}

func (p *Parser) setRef() *Expr {
	start := p.start
	p.next()
	if p.kind == tDollar {
		return p.variable()
	}
	n := p.name("the name of a set")
	e := p.newExpr(XSetRef, start)
	e.Text = n.Text
	if p.o.At.File == nil {
		e.Span.End = n.Span.End
	}
	return e
}

// binaryOp is the operator of bits that stands here, and how tightly it binds.
func (p *Parser) binaryOp() (op Op, level int) {
	switch p.kind {
	case tPipe:
		return Or, 1
	case tCaret:
		return Xor, 2
	case tAmp:
		return And, 3
	case tShl:
		return Lshift, 4
	case tShr:
		return Rshift, 4
	case tWord:
		switch p.text {
		case "or":
			return Or, 1
		case "xor":
			return Xor, 2
		case "and":
			return And, 3
		case "lshift":
			return Lshift, 4
		case "rshift":
			return Rshift, 4
		}
	}
	return Implicit, 0
}

func (p *Parser) rhsBits(above int) *Expr {
	e := p.rhsPrimary()
	for {
		op, level := p.binaryOp()
		if level <= above {
			return e
		}
		p.next()
		if !p.deeper() {
			return e
		}
		e = p.operation(XBinary, op, e, p.rhsBits(level))
		p.nest--
	}
}

func (p *Parser) rhsPrimary() *Expr {
	start := p.start
	switch p.kind {
	case tNumber:
		k := XNumber
		if len(p.text) > 18 {
			if _, err := strconv.ParseUint(p.text, 0, 64); err != nil {
				k = XSymbol
			}
		}
		return p.leaf(k, start)
	case tWord:
		if !valueWord(p.text) {
			p.unexpected("a value")
			return p.none(start)
		}
		return p.leaf(XSymbol, start)
	case tString:
		return p.leaf(XString, start)
	case tDollar:
		if v := p.variable(); v != nil {
			return v
		}
		return p.none(start)
	case tLParen:
		if !p.deeper() {
			return p.none(start)
		}
		p.next()
		e := p.rhsBits(0)
		if p.kind == tComma {
			e = p.listRest(e, start)
		}
		p.want(tRParen)
		p.nest--
		return e
	}
	p.unexpected("a value")
	return p.none(start)
}

// none stands for what could not be read.
func (p *Parser) none(start int) *Expr { return p.newExpr(XSymbol, start) }

// lists says whether a value may be the first of a list.
func lists(e *Expr) bool {
	switch e.Kind {
	case XRange, XPrefix, XConcat, XSet, XSetRef, XList:
		return false
	}
	return true
}

// listRest reads what follows the first value of a list.
func (p *Parser) listRest(first *Expr, start int) *Expr {
	base := len(p.stack)
	p.stack = append(p.stack, first)
	for p.got(tComma) {
		p.stack = append(p.stack, p.rhsBits(0))
	}
	return p.popped(XList, start, base)
}

// commentText reads comment "text".
func (p *Parser) commentText() string {
	p.next()
	if p.kind != tString && p.kind != tWord {
		p.unexpected("string")
		return ""
	}
	text := p.text
	if len(text) > maxComment && !(p.marks && hasMark(text)) {
		p.report(p.here(), false, "comment too long, %d characters maximum allowed", maxComment)
	}
	p.next()
	return text
}

// maxComment is how many bytes a comment may have (NFTNL_UDATA_COMMENT_MAXLEN).
const maxComment = 128

// name of a table, a chain, a set.
func (p *Parser) name(what string) Name {
	if p.kind != tWord || reserved(p.text) {
		p.unexpected(what)
		return Name{}
	}
	n := Name{Text: p.text, Span: p.here()}
	p.next()
	return n
}

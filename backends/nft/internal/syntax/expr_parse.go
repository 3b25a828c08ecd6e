package syntax

import (
	"strconv"

	"github.com/loward/loward/dsl/diag"
)

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

// num reads a number.
func (p *Parser) num() Num {
	n := Num{Text: p.text, Given: true, Span: p.here()}
	switch {
	case p.kind == tNumber:
		v, err := strconv.ParseUint(p.text, 0, 64)
		if err != nil {
			v, err = strconv.ParseUint(p.text, 10, 64)
		}
		if err != nil {
			p.unexpected("a number of at most 64 bits")
			return Num{}
		}
		n.Value = v
	case p.kind == tWord && p.marks && hasMark(p.text):
	case p.kind == tDollar:
		v := p.variable()
		if v == nil {
			return Num{}
		}
		n.Text = v.Text
		if hasMark(v.Text) {
			return n
		}
		u, err := strconv.ParseUint(v.Text, 0, 64)
		if v.Kind != XNumber || err != nil {
			p.fail(v.Span, "this is no number")
			return Num{}
		}
		n.Value = u
		return n
	default:
		p.unexpected("number")
		return Num{}
	}
	p.next()
	return n
}

// time reads a time, in milliseconds.
func (p *Parser) time() Num {
	n := Num{Text: p.text, Given: true, Span: p.here()}
	switch {
	case p.kind == tDollar:
		v := p.variable()
		if v == nil {
			return Num{}
		}
		ms, ok := timeValue(v.Text)
		if !ok && !hasMark(v.Text) {
			p.fail(v.Span, "this is no time")
			return Num{}
		}
		n.Value, n.Text = ms, v.Text
		return n
	case p.kind == tWord && p.marks && hasMark(p.text):
	case p.kind == tWord, p.kind == tString:
		ms, ok := timeValue(p.text)
		if !ok {
			p.unexpected("a time as in 1d2h3m4s")
			return Num{}
		}
		n.Value = ms
	default:
		p.unexpected("a time as in 1d2h3m4s")
		return Num{}
	}
	p.next()
	return n
}

func timeValue(text string) (uint64, bool) {
	if ms, ok := ParseTime(text); ok {
		return ms, true
	}
	s, err := strconv.ParseUint(text, 10, 32)
	return s * 1000, err == nil
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
		if p.kind == tDash { // of prefixes, as translations take them
			p.next()
			return p.two(XRange, e, p.rhsPart())
		}
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

// commentText reads comment "text".
func (p *Parser) commentText() string {
	p.next()
	if p.kind != tString && p.kind != tWord {
		p.unexpected("string")
		return ""
	}
	text := p.text
	p.next()
	return text
}

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

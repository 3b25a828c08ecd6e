package syntax

func (p *Parser) tcpOption(start int) *Expr {
	p.next()
	e := p.newExpr(XTCPOption, start)
	if p.got(tAt) {
		option := p.optionName()
		p.want(tComma)
		offset := p.num()
		p.want(tComma)
		e.Text, e.Field = option, "raw"
		p.nums(e, offset, p.num())
		return e
	}
	e.Text = p.optionName()
	if p.kind == tWord && tcpOptionField(p.text) {
		e.Field = p.text
		p.extend(e)
	} else if p.o.At.File == nil {
		e.Span.End = p.last()
	}
	return e
}

func (p *Parser) optionName() string {
	name := p.text
	if p.kind != tNumber && !(p.kind == tWord && (tcpOption(name) || p.marks && hasMark(name))) {
		p.unexpected("a TCP option")
		return ""
	}
	p.next()
	return name
}

// otherOption reads an option of ip or dccp.
func (p *Parser) otherOption(start int, word string) *Expr {
	p.next()
	if word == "dccp" {
		e := p.newExpr(XDCCPOption, start)
		e.Text = p.text
		p.num()
		if p.o.At.File == nil {
			e.Span.End = p.last()
		}
		return e
	}
	e := p.newExpr(XIPOption, start)
	switch {
	case p.is("lsrr"), p.is("rr"), p.is("ssrr"), p.is("ra"):
		e.Text = p.text
		p.extend(e)
	default:
		p.unexpected("lsrr, rr, ssrr or ra")
		return e
	}
	switch {
	case p.is("type"), p.is("length"), p.is("value"), p.is("ptr"), p.is("addr"):
		e.Field = p.text
		p.extend(e)
	}
	return e
}

func (p *Parser) chunk(start int) *Expr {
	p.next()
	e := p.newExpr(XSCTPChunk, start)
	if p.kind != tWord || !sctpChunk(p.text) {
		p.unexpected("an SCTP chunk")
		return e
	}
	e.Text = p.text
	p.extend(e)
	if p.kind == tWord && sctpChunkField(p.text) {
		e.Field = p.text
		p.extend(e)
	}
	return e
}

// raw reads @nh,offset,length.
func (p *Parser) raw() *Expr {
	start := p.start
	p.next()
	e := p.newExpr(XRawPayload, start)
	switch {
	case p.is("ll"), p.is("nh"), p.is("th"), p.is("ih"):
		e.Text = p.text
		p.next()
	default:
		p.unexpected("ll, nh, th or ih")
		return e
	}
	p.want(tComma)
	offset := p.num()
	p.want(tComma)
	p.nums(e, offset, p.num())
	return e
}

// xt reads an extension of iptables, as nft lists it: xt match "name".
func (p *Parser) xt(start int) *Expr {
	for p.take("xt") || p.take("match") || p.take("target") || p.take("watcher") {
		continue
	}
	e := p.newExpr(XXT, start)
	if p.kind != tWord && p.kind != tString {
		p.unexpected("string")
		return e
	}
	e.Text = p.src[start:p.end]
	p.extend(e)
	return e
}

// lhs reads what a match looks at, what a set has for a key, or what computes a
// value: places in a packet and constants, with bits combined, side by side.
func (p *Parser) lhs() *Expr {
	start := p.start
	return p.lhsFrom(start, p.lhsBits(0))
}

// lhsFrom goes on with lhs behind its first part.
func (p *Parser) lhsFrom(start int, e *Expr) *Expr {
	if p.kind != tDot {
		return e
	}
	base := len(p.stack)
	p.stack = append(p.stack, e)
	for p.got(tDot) {
		p.stack = append(p.stack, p.lhsPart())
	}
	return p.popped(XConcat, start, base)
}

// lhsPart is lhsBits, or a constant prefix or range.
func (p *Parser) lhsPart() *Expr {
	switch p.kind {
	case tWord, tAt, tLParen:
		e := p.lhsBits(0)
		if e.Kind != XSymbol || p.kind != tSlash && p.kind != tDash {
			return e
		}
		return p.tail(e)
	}
	return p.rhsPart()
}

// tail reads what makes a value a prefix or a range.
func (p *Parser) tail(e *Expr) *Expr {
	switch p.kind {
	case tDash:
		p.next()
		return p.two(XRange, e, p.rhsBits(0))
	case tSlash:
		p.next()
		if p.kind != tNumber && !(p.kind == tWord && p.marks && hasMark(p.text)) {
			p.unexpected("number")
			return e
		}
		e = p.two(XPrefix, e, p.leaf(XNumber, p.start))
		if p.kind == tDash {
			p.next()
			return p.two(XRange, e, p.rhsPart())
		}
	}
	return e
}

func (p *Parser) lhsBits(above int) *Expr {
	return p.lhsOps(p.lhsPrimary(), above)
}

// lhsOps reads the operators behind a value.
func (p *Parser) lhsOps(e *Expr, above int) *Expr {
	for {
		op, level := p.binaryOp()
		if level <= above {
			return e
		}
		p.next()
		if !p.deeper() {
			return e
		}
		e = p.operation(XBinary, op, e, p.lhsBits(level))
		p.nest--
	}
}

func (p *Parser) lhsPrimary() *Expr {
	switch p.kind {
	case tWord:
		if selects(p.text) {
			return p.selector()
		}
	case tAt:
		return p.raw()
	case tLParen:
		if !p.deeper() {
			return p.none(p.start)
		}
		start := p.start
		p.next()
		e := p.lhsBits(0)
		if p.kind == tComma {
			e = p.listRest(e, start)
		}
		p.want(tRParen)
		p.nest--
		return e
	}
	return p.rhsPrimary()
}

package syntax

// setCommand reads add set … { … }.
func (p *Parser) setCommand(c *Cmd, start int) {
	if p.kind != tLBrace {
		p.unexpected("'{'")
		return
	}
	head := *c
	var bodies []body
	p.a = &p.block
	p.setBody(&head, &bodies)
	p.a = &p.command
	after := p.lexer
	bad, badDepth := p.badPos, p.badDepth
	head.Span = p.from(start)
	p.emit(&head)
	for i := range bodies {
		p.fill(&bodies[i])
	}
	p.endBlock()
	if !p.stopped {
		p.lexer, p.badPos, p.badDepth = after, bad, badDepth
	}
}

// setBody reads a set's or map's block, but not its elements.
func (p *Parser) setBody(c *Cmd, bodies *[]body) {
	s := &SetSpec{}
	c.SetSpec = s
	p.lines(func() { p.setLine(c, s, bodies) })
}

func (p *Parser) setLine(c *Cmd, s *SetSpec, bodies *[]body) {
	if p.kind != tWord {
		p.unexpected("type, typeof, flags, elements or another property of a set")
		return
	}
	switch p.text {
	case "type":
		p.next()
		s.Key = p.dataType()
		if c.Kind == Map {
			p.mapData(s)
		}
	case "typeof":
		p.next()
		s.Typeof = true
		s.Key = p.typeofExpr()
		if c.Kind == Map {
			p.mapData(s)
		}
	case "flags":
		p.next()
		s.Flags = p.flags("constant", "interval", "timeout", "dynamic")
	case "timeout":
		p.next()
		s.Timeout = p.time()
	case "gc-interval":
		p.next()
		s.GC = p.time()
	case "size":
		p.next()
		s.Size = p.num()
	case "policy":
		p.next()
		s.Policy = p.word("performance", "memory")
	case "auto-merge":
		p.next()
		s.AutoMerge = true
	case "comment":
		s.Comment = p.commentText()
	case "elements":
		p.next()
		p.want(tAssign)
		p.postpone(c, s, bodies)
		return // nft wants no separator behind them
	default:
		base := len(p.stmts)
		for p.kind == tWord {
			n := len(p.stmts)
			p.stateful()
			if len(p.stmts) == n {
				break
			}
		}
		if len(p.stmts) == base {
			p.unexpected("type, typeof, flags, elements or another property of a set")
			return
		}
		s.Stmts = append(s.Stmts, p.stmts[base:]...)
		p.stmts = p.stmts[:base]
	}
	p.endLine()
}

// dataType reads the name of a type, or several side by side.
func (p *Parser) dataType() *Expr {
	start := p.start
	one := func() *Expr {
		if p.kind != tWord || reserved(p.text) && !p.is("mark") && !p.is("time") && !p.is("ecn") && !p.is("ether") {
			p.unexpected("the name of a type")
			return p.none(p.start)
		}
		return p.leaf(XSymbol, p.start)
	}
	return p.several(start, one)
}

func (p *Parser) several(start int, one func() *Expr) *Expr {
	e := one()
	if p.kind != tDot {
		return e
	}
	base := len(p.stack)
	p.stack = append(p.stack, e)
	for p.got(tDot) {
		p.stack = append(p.stack, one())
	}
	return p.popped(XConcat, start, base)
}

// typeofExpr reads the expressions behind typeof.
func (p *Parser) typeofExpr() *Expr {
	return p.several(p.start, func() *Expr { return p.lhsBits(0) })
}

// mapData reads what a map holds.
func (p *Parser) mapData(s *SetSpec) {
	if !p.got(tColon) {
		p.unexpected("':'")
		return
	}
	if p.take("interval") {
		s.DataInterval = true
	}
	if p.kind == tWord {
		switch p.text {
		case "counter":
			s.Object = Counter
		case "quota":
			s.Object = Quota
		case "limit":
			s.Object = Limit
		case "secmark":
			s.Object = Secmark
		case "synproxy":
			s.Object = Synproxy
		case "verdict":
			s.Data = p.leaf(XSymbol, p.start)
			return
		case "ct":
			was := p.lexer
			p.next()
			switch {
			case p.is("helper"):
				s.Object = CTHelper
			case p.is("timeout"):
				s.Object = CTTimeout
			case p.is("expectation"):
				s.Object = CTExpectation
			default:
				p.lexer = was
			}
		}
	}
	switch {
	case s.Object != NoKind:
		p.next()
	case s.Typeof:
		s.Data = p.typeofExpr()
	default:
		s.Data = p.dataType()
	}
}

// postpone goes over elements, which are read behind all declarations.
func (p *Parser) postpone(c *Cmd, s *SetSpec, bodies *[]body) {
	b := body{at: p.lexer, scope: p.scope, asOf: p.seq, cmd: Cmd{
		Verb: Add, Kind: Element, Family: c.Family, Table: c.Table, Name: c.Name, Block: true}}
	switch p.kind {
	case tLBrace:
		p.kind = tNewline
		p.scan(p.depth, false)
		p.want(tRBrace)
	case tDollar:
		p.next()
		if p.kind != tWord {
			p.unexpected("string")
			return
		}
		p.next()
	case tWord:
		if p.marks && hasMark(p.text) {
			p.next()
			break
		}
		fallthrough
	default:
		p.unexpected("'{'")
		return
	}
	if p.file == b.at.file && p.kind != tErr {
		b.at.src = b.at.src[:p.start]
	}
	s.HasElems = true
	*bodies = append(*bodies, b)
}

// elements reads what stands behind a set's name in a command.
func (p *Parser) elements(c *Cmd, start int) {
	p.elementList(c, start)
	if p.bad() {
		return
	}
	if p.kind != tNewline && p.kind != tSemi && p.kind != tEOF {
		p.unexpected("end of file or newline or semicolon")
	}
}

// elementList hands out elements, many at a time.
func (p *Parser) elementList(c *Cmd, start int) {
	p.stack, p.nest = p.stack[:0], 1
	defer func() { p.nest = 0 }()
	if p.kind != tLBrace {
		var e *Expr
		switch {
		case p.kind == tDollar:
			e = p.variable()
		case p.kind == tWord && p.marks && hasMark(p.text):
			e = p.leaf(XSymbol, p.start)
		default:
			p.unexpected("'{'")
		}
		if e == nil || p.bad() {
			return
		}
		c.Elems = []*Expr{e}
		if e.Kind == XSet {
			c.Elems = e.Args
		}
		c.Span = p.from(start)
		p.emit(c)
		return
	}
	give := func(more bool) {
		c.Elems, c.More, c.Span = p.stack, more, p.span(start, p.last())
		p.emit(c)
		p.stack = p.stack[:0]
	}
	p.members(0, func() {
		if !p.bad() {
			give(true)
		}
	})
	if p.bad() {
		p.stack = p.stack[:0]
		return
	}
	p.want(tRBrace)
	if !p.bad() {
		give(false)
	}
}

package syntax

// rule reads statements up to the end of the rule.
func (p *Parser) rule() *Rule {
	start := p.start
	r := p.a.rules.one()
	*r = Rule{}
	base := len(p.stmts)
	for !p.atEnd() {
		if p.is("comment") && len(p.stmts) > base {
			r.Comment = p.commentText()
			if !p.atEnd() {
				p.unexpected("newline or semicolon")
			}
			break
		}
		p.stmt()
	}
	if len(p.stmts) == base && !p.bad() {
		p.unexpected("a statement")
	}
	r.Stmts = p.a.list.of(p.stmts[base:])
	p.stmts = p.stmts[:base]
	r.Span = p.from(start)
	return r
}

// newStmt appends a statement to those of the rule.
func (p *Parser) newStmt(k StmtKind, start int) *Stmt {
	s := p.a.stmts.one()
	*s = Stmt{Kind: k}
	s.Span.Start = start
	p.stmts = append(p.stmts, s)
	return s
}

// ended sets where a statement stands, once it is read.
func (p *Parser) ended(s *Stmt) { s.Span = p.from(s.Span.Start) }

// stmt reads a statement. There is always one more, or a mistake.
func (p *Parser) stmt() {
	start := p.start
	if p.kind != tWord {
		p.exprStmt(start)
		return
	}
	switch p.text {
	case "accept", "drop", "continue", "return", "jump", "goto":
		s := p.newStmt(SVerdict, start)
		s.Expr = p.verdict()
		s.Span = s.Expr.Span
	case "counter", "quota", "limit", "last":
		p.stateful()
	case "ct":
		p.ctStmt(start)
	case "log":
		p.log(start)
	case "reject":
		p.reject(start)
	case "snat", "dnat", "masquerade", "redirect":
		p.nat(start)
	case "tproxy":
		p.tproxy(start)
	case "synproxy":
		p.synproxy(start)
	case "dup", "fwd":
		p.forward(start)
	case "queue":
		p.queue(start)
	case "notrack":
		p.next()
		p.ended(p.newStmt(SNoTrack, start))
	case "flow":
		p.flow(start)
	case "add", "update", "delete", "set":
		p.update(start)
	case "meter":
		p.meter(start)
	case "reset":
		p.next()
		s := p.newStmt(SReset, start)
		if !p.is("tcp") {
			p.unexpected("tcp option")
			return
		}
		s.Expr = p.selector()
		p.ended(s)
	case "xt":
		s := p.newStmt(SXT, start)
		s.Name = p.xt(start).Text
		p.ended(s)
	default:
		p.exprStmt(start)
	}
}

// exprStmt reads a statement that begins with an expression: a match, a verdict
// map, an assignment.
func (p *Parser) exprStmt(start int) {
	if p.kind == tWord {
		if selects(p.text) {
			p.exprRest(start, p.lhsFrom(start, p.lhsOps(p.selector(), 0)))
			return
		}
		if reserved(p.text) {
			p.unexpected("a statement")
			return
		}
	}
	p.exprRest(start, p.lhs())
}

// exprRest goes on with a statement behind its expression.
func (p *Parser) exprRest(start int, e *Expr) {
	if p.bad() {
		return
	}
	if p.kind == tWord {
		switch p.text {
		case "set":
			p.next()
			s := p.newStmt(SAssign, start)
			s.Expr = e
			s.Value = p.value(e.Kind == XCT)
			p.ended(s)
			return
		case "vmap":
			s := p.newStmt(SVerdict, start)
			p.next()
			s.Expr = p.two(XVMap, e, p.mapping())
			s.Expr.Span = p.from(start)
			s.Span = s.Expr.Span
			return
		case "map":
			p.next()
			e = p.two(XMap, e, p.mapping())
			e.Span = p.from(start)
		}
	}
	s := p.newStmt(SMatch, start)
	s.Expr = p.comparison(e)
	p.ended(s)
}

// mapping is what stands behind map and vmap.
func (p *Parser) mapping() *Expr {
	start := p.start
	switch p.kind {
	case tLBrace:
		return p.set()
	case tAt:
		return p.setRef()
	case tDollar:
		if v := p.variable(); v != nil {
			return v
		}
		return p.none(start)
	case tWord:
		if p.marks && hasMark(p.text) {
			return p.leaf(XSymbol, start)
		}
	}
	p.unexpected("'{' or '@'")
	return p.none(start)
}

// relation is the operator of a comparison that stands here.
func (p *Parser) relation() (Op, bool) {
	switch p.kind {
	case tEq:
		return Eq, true
	case tNeq:
		return Neq, true
	case tLt:
		return Lt, true
	case tGt:
		return Gt, true
	case tLte:
		return Lte, true
	case tGte:
		return Gte, true
	case tNot:
		return Not, true
	case tWord:
		switch p.text {
		case "eq":
			return Eq, true
		case "ne":
			return Neq, true
		case "lt":
			return Lt, true
		case "gt":
			return Gt, true
		case "le":
			return Lte, true
		case "ge":
			return Gte, true
		case "not":
			return Not, true
		}
	}
	return Implicit, false
}

// comparison reads what a value is compared with.
func (p *Parser) comparison(left *Expr) *Expr {
	op, explicit := p.relation()
	if explicit {
		p.next()
	}
	start := p.start
	right := p.rhs()
	if p.kind == tComma && lists(right) {
		right = p.listRest(right, start)
	}
	if p.kind == tSlash && (right.Kind == XList || lists(right)) {
		// syn / syn,ack is short for & (syn|ack) == syn.
		p.next()
		start := p.start
		mask := p.rhsBits(0)
		if p.kind != tComma {
			p.unexpected("comma")
		}
		mask = p.listRest(mask, start)
		left = p.operation(XBinary, And, left, mask)
		if op == Implicit {
			op = Eq
		}
	}
	return p.operation(XRel, op, left, right)
}

// value reads what a statement is given: a constant, something of the packet,
// what a map holds for it. With list, several with commas.
func (p *Parser) value(list bool) *Expr {
	start := p.start
	e := p.lhsPart()
	if p.kind == tDot {
		base := len(p.stack)
		p.stack = append(p.stack, e)
		for p.got(tDot) {
			p.stack = append(p.stack, p.lhsPart())
		}
		e = p.popped(XConcat, start, base)
	}
	if p.take("map") {
		e = p.two(XMap, e, p.mapping())
		e.Span = p.from(start)
	}
	if list && p.kind == tComma && lists(e) {
		e = p.listRest(e, start)
	}
	return e
}

// verdict reads accept, jump x and the like.
func (p *Parser) verdict() *Expr {
	start := p.start
	e := p.leaf(XVerdict, start)
	if e.Text != "jump" && e.Text != "goto" {
		return e
	}
	switch p.kind {
	case tLBrace:
		p.next()
		e.Rules = p.inline()
	case tDollar:
		if v := p.variable(); v != nil {
			arg := [1]*Expr{v}
			e.Args = p.a.args.of(arg[:])
		}
	default:
		if p.kind != tWord || reserved(p.text) {
			p.unexpected("the name of a chain")
			return e
		}
		arg := [1]*Expr{p.leaf(XSymbol, p.start)}
		e.Args = p.a.args.of(arg[:])
	}
	e.Span = p.from(start)
	return e
}

// inline reads the rules of a chain without a name, and its closing brace.
func (p *Parser) inline() []*Rule {
	if !p.deeper() {
		return nil
	}
	var rules []*Rule
	depth := p.depth
	for {
		p.separators()
		if p.kind == tRBrace || p.kind == tEOF || p.bad() {
			break
		}
		base := len(p.stmts)
		rules = append(rules, p.rule())
		if !p.bad() {
			p.endLine()
		}
		if p.bad() && p.badDepth >= depth && p.pos < len(p.src) {
			p.stmts = p.stmts[:base]
			p.recover(depth)
		}
	}
	p.nest--
	p.want(tRBrace)
	return rules
}

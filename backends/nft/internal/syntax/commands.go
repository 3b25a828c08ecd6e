package syntax

// commands reads a text up to its end.
func (p *Parser) commands() {
	for !p.stopped {
		p.separators()
		if p.kind == tEOF {
			return
		}
		p.nest, p.stack, p.stmts = 0, p.stack[:0], p.stmts[:0]
		depth := p.depth
		start := p.start
		if !p.definition(p.commands) {
			p.runCommand()
			if !p.bad() && !p.stopped {
				p.endCommand()
			}
		}
		if p.bad() {
			p.recover(depth)
			if p.kind == tRBrace {
				p.next() // closes nothing
			}
		}
		if p.pos <= start && p.kind != tEOF {
			p.next()
		}
	}
}

func verbOf(word string) (Verb, bool) {
	switch word {
	case "add":
		return Add, true
	case "create":
		return Create, true
	case "insert":
		return Insert, true
	case "replace":
		return Replace, true
	case "delete":
		return Delete, true
	case "destroy":
		return Destroy, true
	case "flush":
		return Flush, true
	case "rename":
		return Rename, true
	case "reset":
		return Reset, true
	case "get":
		return Get, true
	case "list":
		return List, true
	case "import":
		return Import, true
	case "export":
		return Export, true
	case "monitor":
		return Monitor, true
	case "describe":
		return Describe, true
	}
	return Add, false
}

func (p *Parser) runCommand() {
	start := p.start
	if p.kind != tWord {
		p.unexpected("a command")
		return
	}
	v, ok := verbOf(p.text)
	if ok {
		p.next()
	}
	c := p.newCmd(v, NoKind)
	switch v {
	case Add, Create, Insert, Replace:
		p.addCommand(c, start)
	case Delete, Destroy:
		p.deleteCommand(c, start)
	case Flush:
		p.flushCommand(c, start)
	case Rename:
		p.wantWord("chain")
		c.Kind = Chain
		p.family(c)
		c.Table = p.name("the name of a table")
		c.Name = p.name("the name of a chain")
		c.NewName = p.name("a new name")
		p.finish(c, start)
	case Reset, Get, List:
		p.listCommand(c, start)
	case Describe:
		c.Expr = p.lhs()
		p.finish(c, start)
	default:
		for !p.atEnd() {
			p.next()
		}
		p.finish(c, start)
	}
}

// finish hands out a command that ends here.
func (p *Parser) finish(c *Cmd, start int) {
	switch p.kind {
	case tNewline, tSemi, tEOF:
	case tErr:
		return
	default:
		p.unexpected("end of file or newline or semicolon")
		return
	}
	c.Span = p.from(start)
	p.emit(c)
}

func (p *Parser) family(c *Cmd) {
	if p.kind == tWord && familyWord(p.text) {
		c.Family = p.text
		p.next()
	}
}

// addCommand reads add, create, insert and replace, whose verb may be left out.
func (p *Parser) addCommand(c *Cmd, start int) {
	plural, at := false, p.lexer
	if c.Kind, plural = p.kindOf(); plural {
		p.unexpected("a name")
		return
	}
	if (c.Verb == Insert || c.Verb == Replace) && c.Kind != RuleKind && !p.bad() {
		p.lexer = at
		p.unexpected("rule")
		return
	}
	switch c.Kind {
	case RuleKind:
		if c.Verb == Create {
			p.lexer = at
			p.unexpected("table, chain, set, map, element, flowtable or an object")
			return
		}
	case Ruleset, Hooks, Meter:
		p.unexpected("a table, chain, rule, set, map or object")
		return
	case NoKind:
		// filter input accept: a rule without the word.
		if p.bad() {
			return
		}
		if p.kind != tWord || reserved(p.text) && !familyWord(p.text) {
			p.unexpected("a command")
			return
		}
		c.Kind = RuleKind
	}
	p.family(c)
	c.Table = p.name("the name of a table")
	switch c.Kind {
	case Table:
		p.table(c, start)
		return
	case RuleKind:
		c.Chain = p.name("the name of a chain")
		p.ruleCommand(c, start)
		return
	}
	c.Name = p.name("the name of a " + c.Kind.String())
	switch c.Kind {
	case Chain:
		p.chain(c, start)
	case Set, Map:
		p.setCommand(c, start)
	case Element:
		p.elements(c, start)
	case Flowtable:
		if p.kind != tLBrace {
			p.unexpected("'{'")
			return
		}
		p.flowtable(c)
		p.finish(c, start)
	default:
		p.objectCommand(c)
		p.finish(c, start)
	}
}

func (p *Parser) position(c *Cmd) {
	for p.kind == tWord {
		switch p.text {
		case "handle":
			p.next()
			c.Handle = p.num()
		case "position":
			p.next()
			c.Position = p.num()
		case "index":
			p.next()
			c.Index = p.num()
		default:
			return
		}
	}
}

func (p *Parser) ruleCommand(c *Cmd, start int) {
	p.position(c)
	if c.Verb == Replace && !c.Handle.Given && !p.bad() {
		p.unexpected("handle")
		return
	}
	if c.Verb != Replace && c.Handle.Given {
		c.Position, c.Handle = c.Handle, Num{}
	}
	c.Rule = p.rule()
	p.finish(c, start)
}

func (p *Parser) deleteCommand(c *Cmd, start int) {
	plural := false
	if c.Kind, plural = p.kindOf(); plural || c.Kind == NoKind || c.Kind == Ruleset {
		p.unexpected("table, chain, rule, set, map, element, flowtable or an object")
		return
	}
	p.family(c)
	if c.Kind == Table {
		if p.is("handle") {
			p.position(c)
		} else {
			c.Table = p.name("the name of a table")
		}
		p.finish(c, start)
		return
	}
	c.Table = p.name("the name of a table")
	if c.Kind == RuleKind {
		c.Chain = p.name("the name of a chain")
		p.position(c)
		if !c.Handle.Given && !c.Index.Given && !p.bad() {
			p.unexpected("handle")
			return
		}
		p.finish(c, start)
		return
	}
	if p.is("handle") {
		p.position(c)
		p.finish(c, start)
		return
	}
	c.Name = p.name("the name of a " + c.Kind.String())
	switch {
	case c.Kind == Element:
		p.elements(c, start)
		return
	case c.Kind == Flowtable && p.kind == tLBrace:
		p.flowtable(c)
	case c.Kind == Chain && p.kind == tLBrace:
		p.chain(c, start)
		return
	}
	p.finish(c, start)
}

func (p *Parser) flushCommand(c *Cmd, start int) {
	at := p.lexer
	plural := false
	c.Kind, plural = p.kindOf()
	if plural {
		c.Kind = NoKind
	}
	switch c.Kind {
	case Ruleset:
		p.family(c)
	case Table, Chain, Set, Map, Meter:
		p.family(c)
		c.Table = p.name("the name of a table")
		if c.Kind != Table {
			c.Name = p.name("the name of a " + c.Kind.String())
		}
	default:
		if !p.bad() {
			p.lexer = at
			p.unexpected("table, chain, set, map, meter or ruleset")
		}
	}
	p.finish(c, start)
}

// listCommand reads list, reset and get.
func (p *Parser) listCommand(c *Cmd, start int) {
	at := p.lexer
	c.Kind, c.Plural = p.kindOf()
	switch {
	case c.Kind == NoKind:
		if c.Verb == List && p.is("flow") {
			p.next()
			p.next()
			c.Kind = Flowtable
			break
		}
		p.lexer = at
		p.unexpected("what to " + c.Verb.String())
		return
	case c.Verb == Get && c.Kind != Element:
		p.lexer = at
		p.unexpected("element")
		return
	}
	p.family(c)
	if p.take("table") || p.kind == tWord && !reserved(p.text) {
		c.Table = p.name("the name of a table")
		switch {
		case c.Kind == Element:
			c.Name = p.name("the name of a set")
			p.elements(c, start)
			return
		case c.Kind == RuleKind:
			if p.take("chain") || !p.atEnd() && !p.is("handle") {
				c.Chain = p.name("the name of a chain")
			}
			p.position(c)
		case !p.atEnd() && c.Kind != Table:
			c.Name = p.name("a name")
		}
	}
	if p.take("device") {
		p.value(false)
	}
	p.finish(c, start)
}

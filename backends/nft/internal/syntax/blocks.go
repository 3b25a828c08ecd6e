package syntax

// body is a piece of a block that is read behind all declarations: the rules of
// a chain, or the elements of a set.
type body struct {
	at    lexer // at its first token
	scope *scope
	asOf  int
	cmd   Cmd // whose table, chain and name it fills
}

// table reads what stands behind a table's name.
func (p *Parser) table(c *Cmd, start int) {
	if p.kind != tLBrace {
		p.finish(c, start)
		return
	}
	head := *c
	head.Block = true
	head.TableSpec = &TableSpec{}
	depth := p.depth
	p.next()
	p.open(1 << 62)
	defer p.close()
	p.a = &p.block
	var (
		declared [4][]*Cmd // chains, objects, sets, flowtables
		bodies   []body
	)
	p.tableItems(depth, &head, &declared, &bodies)
	p.a = &p.command
	closed := p.kind == tRBrace
	head.Span = p.span(start, p.end)
	if closed {
		p.next()
	} else {
		p.unexpected("'}'")
	}
	after := p.lexer
	bad, badDepth := p.badPos, p.badDepth
	p.emit(&head)
	for _, list := range declared {
		for _, d := range list {
			if p.stopped {
				break
			}
			p.emit(d)
		}
	}
	// Elements before rules: nft fills the sets first.
	for i := range bodies {
		if bodies[i].cmd.Kind == Element {
			p.fill(&bodies[i])
		}
	}
	for i := range bodies {
		if bodies[i].cmd.Kind == RuleKind {
			p.fill(&bodies[i])
		}
	}
	p.endBlock()
	if !p.stopped {
		p.lexer, p.badPos, p.badDepth = after, bad, badDepth
		if p.kind != tErr && p.kind != tNewline && p.kind != tSemi && p.kind != tEOF {
			p.unexpected("end of file or newline or semicolon")
		}
	}
}

// endBlock takes back the nodes of what a block declares.
func (p *Parser) endBlock() {
	if p.block.used() {
		p.settled()
	}
	p.block.reset()
}

// fill reads a body.
func (p *Parser) fill(b *body) {
	if p.stopped {
		return
	}
	scope := p.scope
	p.lexer, p.scope, p.second = b.at, b.scope, true
	p.cmd = b.cmd
	if b.cmd.Kind == Element {
		p.elementList(&p.cmd, p.start)
	} else {
		p.open(b.asOf)
		p.chainItems(p.depth, &b.cmd, nil)
	}
	p.scope, p.second = scope, false
}

// tableItems reads what is in a table, up to its closing brace, or to the end of
// an included file.
func (p *Parser) tableItems(depth int, head *Cmd, declared *[4][]*Cmd, bodies *[]body) {
	again := func() { p.tableItems(p.depth, head, declared, bodies) }
	for !p.stopped {
		p.separators()
		if p.kind == tRBrace || p.kind == tEOF {
			return
		}
		inner := p.depth
		if !p.definition(again) {
			p.tableItem(head, declared, bodies)
		}
		if p.bad() {
			p.recover(inner)
			if p.depth < depth {
				return
			}
		}
	}
}

// Places in the lists of what a table declares.
const (
	atChains = iota
	atObjects
	atSets
	atFlowtables
)

func (p *Parser) tableItem(head *Cmd, declared *[4][]*Cmd, bodies *[]body) {
	start := p.start
	switch {
	case p.is("flags"):
		p.next()
		head.TableSpec.Flags = p.flags("dormant", "owner", "persist")
		p.endLine()
		return
	case p.is("comment"):
		head.TableSpec.Comment = p.commentText()
		p.endLine()
		return
	}
	at := p.lexer
	k, plural := p.kindOf()
	c := &Cmd{Verb: head.Verb, Kind: k, Family: head.Family, Table: head.Table, Block: true}
	list := atObjects
	switch k {
	case Chain:
		list = atChains
	case Set, Map:
		list = atSets
	case Flowtable:
		list = atFlowtables
	}
	switch k {
	case NoKind, Ruleset, Table, RuleKind, Meter, Element, Hooks:
		plural = true
	}
	if plural && !p.bad() {
		p.lexer = at
		p.unexpected("chain, set, map, flowtable or an object")
		return
	}
	c.Name = p.name("the name of a " + k.String())
	if p.kind != tLBrace {
		p.unexpected("'{'")
		return
	}
	switch k {
	case Chain:
		c.ChainSpec = &ChainSpec{}
		p.declareChain(c, bodies)
	case Set, Map:
		p.setBody(c, bodies)
	case Flowtable:
		p.flowtable(c)
	default:
		p.objectBody(c)
	}
	if !p.bad() {
		c.Span = p.from(start)
		p.endLine()
	}
	declared[list] = append(declared[list], c)
}

// declareChain reads a chain's block, but not its rules.
func (p *Parser) declareChain(c *Cmd, bodies *[]body) {
	depth := p.depth
	p.next()
	b := body{at: p.lexer, scope: p.scope, asOf: p.seq, cmd: Cmd{
		Verb: Add, Kind: RuleKind, Family: c.Family, Table: c.Table, Chain: c.Name, Block: true}}
	p.open(1 << 62)
	if p.chainItems(depth, c, c.ChainSpec) {
		if p.kind == tRBrace && p.file == b.at.file {
			b.at.src = b.at.src[:p.end] // no mistake in it leads out of it
		}
		*bodies = append(*bodies, b)
	}
	p.close()
	p.want(tRBrace)
}

// chain reads what stands behind a chain's name in a command.
func (p *Parser) chain(c *Cmd, start int) {
	if p.kind != tLBrace {
		p.finish(c, start)
		return
	}
	c.ChainSpec = &ChainSpec{}
	head := *c
	var bodies []body
	p.a = &p.block
	p.declareChain(&head, &bodies)
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

// chainItems reads what is in a chain. With spec it reads all but the rules, and
// says whether there are any; without, it reads the rules alone.
func (p *Parser) chainItems(depth int, c *Cmd, spec *ChainSpec) (rules bool) {
	again := func() { rules = p.chainItems(p.depth, c, spec) || rules }
	for !p.stopped {
		p.separators()
		if p.kind == tRBrace || p.kind == tEOF {
			return rules
		}
		inner := p.depth
		switch {
		case p.definition(again):
		case p.kind == tWord && chainWord(p.text):
			if spec == nil {
				p.kind = tNewline
				p.skip(inner)
				continue
			}
			p.chainSpec(spec)
		case spec != nil:
			rules = true
			p.pos, p.depth = p.start, inner
			if p.kind == tLBrace {
				p.depth--
			}
			p.skip(p.depth)
			continue
		default:
			p.chainRule(c)
		}
		if p.bad() {
			p.recover(inner)
			if p.depth < depth {
				return rules
			}
		}
	}
	return rules
}

func (p *Parser) chainRule(c *Cmd) {
	p.nest, p.stack, p.stmts = 0, p.stack[:0], p.stmts[:0]
	r := p.rule()
	if p.bad() {
		return
	}
	c.Rule, c.Span = r, r.Span
	if p.kind == tNewline || p.kind == tSemi {
		p.emit(c)
		return
	}
	p.unexpected("newline or semicolon")
}

// chainWord says whether a line of a chain that begins with the word is no rule.
func chainWord(word string) bool {
	switch word {
	case "type", "policy", "flags", "comment", "device", "devices":
		return true
	}
	return false
}

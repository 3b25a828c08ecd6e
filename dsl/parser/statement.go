package parser

import (
	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

// statement reads one statement, of whatever place; pl is where it stands.
func (p *parser) statement(pl place) ast.Stmt {
	start := p.start
	if p.kind != word {
		p.fail(CodeSyntax, p.start, p.end, "unexpected %s where a statement begins", p.found()).
			Helpf("a statement begins with a keyword: %s", listed(namesIn(pl)))
		return p.badStatement(start)
	}
	kw := lookup(p.text())
	if kw == kwNone {
		kw = p.unknownStatement(pl)
		if kw == kwNone {
			return p.badStatement(start)
		}
	}
	if statements[kw].places&pl != 0 {
		return p.known(kw)
	}
	p.misplaced(kw, pl)
	if len(p.open) >= maxDepth {
		return p.badStatement(start)
	}
	p.bad = false
	bad := &ast.Bad{}
	bad.Meta = *p.known(kw).Comments()
	return bad
}

// badStatement passes over what can't be read.
func (p *parser) badStatement(start int) *ast.Bad {
	bad := &ast.Bad{}
	p.bad = true
	p.skip(start)
	p.finish(&bad.Meta, start, kwNone)
	return bad
}

// known reads the statement of a keyword.
func (p *parser) known(kw keyword) ast.Stmt {
	start := p.start
	p.next()
	switch kw {
	case kwAllow:
		return p.rule(ast.Allow, kw, start)
	case kwDeny:
		return p.rule(ast.Deny, kw, start)
	case kwAllowLocal:
		return p.rule(ast.AllowLocal, kw, start)
	case kwDenyLocal:
		return p.rule(ast.DenyLocal, kw, start)
	case kwService:
		return p.service(start)
	case kwHost:
		s := &ast.Host{Name: p.name(kw)}
		s.Body = p.block(&s.Meta, start, inHost, kw, s.Name)
		return s
	case kwLocal:
		return p.blockOf(ast.Local, kw, start)
	case kwInbound:
		return p.blockOf(ast.Inbound, kw, start)
	case kwOutbound:
		return p.blockOf(ast.Outbound, kw, start)
	case kwForward:
		return p.blockOf(ast.Forward, kw, start)
	case kwHome:
		s := p.slabs.homes.one()
		s.Hosts = p.wordList(kw, "a host")
		p.finish(&s.Meta, start, kw)
		return s
	case kwGuard:
		s := &ast.Guard{Hosts: p.wordList(kw, "a host")}
		p.finish(&s.Meta, start, kw)
		return s
	case kwAddress:
		s := p.slabs.address.one()
		s.Items = p.addressItems()
		p.finish(&s.Meta, start, kw)
		return s
	case kwPublish:
		return p.publish(start)
	case kwLog:
		return p.logRefused(start)
	case kwRefuse:
		s := &ast.Refuse{How: p.value(kw)}
		p.finish(&s.Meta, start, kw)
		return s
	case kwDefault:
		s := &ast.Default{Verdict: p.value(kw)}
		p.finish(&s.Meta, start, kw)
		return s
	case kwForwards:
		s := &ast.Forwards{}
		p.finish(&s.Meta, start, kw)
		return s
	case kwRouteLocalnet:
		s := &ast.RouteLocalnet{}
		p.finish(&s.Meta, start, kw)
		return s
	case kwMasquerade:
		return p.masquerade(start)
	case kwInclude, kwOption, kwSource, kwExpect:
		return p.byGrammar(kw, start)
	}
	return p.declaration(kw, start)
}

// declaration reads NAME = ITEM, …
func (p *parser) declaration(kw keyword, start int) ast.Stmt {
	name := p.name(kw)
	if !p.bad {
		if p.kind == equal {
			p.next()
		} else {
			d := p.fail(CodeSyntax, p.start, p.end, `expected "=" behind the name of the %s, found %s`, statements[kw].name, p.found())
			d.Helpf("%s", statements[kw].form)
		}
	}
	switch kw {
	case kwZone:
		s := &ast.Zone{Name: name, Ifaces: p.wordList(kw, "an interface")}
		p.finish(&s.Meta, start, kw)
		return s
	case kwNet:
		s := &ast.Net{Name: name, Items: p.wordList(kw, "an address or a net")}
		p.finish(&s.Meta, start, kw)
		return s
	case kwPort:
		s := &ast.Port{Name: name, Items: p.wordList(kw, "a port")}
		p.finish(&s.Meta, start, kw)
		return s
	case kwInterface:
		s := &ast.Interface{Name: name, Addrs: p.wordList(kw, "an address with its prefix length, dhcp or none")}
		p.finish(&s.Meta, start, kw)
		return s
	default:
		s := &ast.Proto{Name: name}
		if !p.bad {
			s.Traffic = p.trafficList(kw)
		}
		p.finish(&s.Meta, start, kw)
		return s
	}
}

// name takes the name of a declaration.
func (p *parser) name(kw keyword) ast.Word {
	if p.isWord() {
		return p.takeWord()
	}
	d := p.fail(CodeSyntax, p.start, p.end, "expected a name behind %q, found %s", statements[kw].name, p.found())
	d.Helpf("%s", statements[kw].form)
	return ast.Word{}
}

// value takes the one value of a statement.
func (p *parser) value(kw keyword) ast.Word {
	if p.isWord() {
		return p.takeWord()
	}
	p.fail(CodeSyntax, p.start, p.end, "expected a value behind %q, found %s", statements[kw].name, p.found()).
		Helpf("%s", statements[kw].form)
	return ast.Word{}
}

// wordList takes WORD, … up to the end of the statement or to a word that no
// comma precedes.
func (p *parser) wordList(kw keyword, item string) []ast.Word {
	if p.bad {
		return nil
	}
	p.words = p.words[:0]
	for {
		if !p.isWord() {
			d := p.fail(CodeSyntax, p.start, p.end, "expected %s, found %s", item, p.found())
			switch {
			case p.kind == lbrace && kw != kwNone:
				d.Helpf("a list stands without braces: %s", statements[kw].form)
			case kw != kwNone:
				d.Helpf("%s", statements[kw].form)
			default:
				d.Helpf("%s stands behind the keyword, or several with commas between them", item)
			}
			break
		}
		p.words = append(p.words, p.takeWord())
		if p.kind != comma || !p.comma() {
			break
		}
	}
	return p.slabs.words.keep(p.words)
}

// comma takes a comma, and the line end and the comments behind it: the list
// goes on on the next line. It says whether it does; if a statement begins
// there instead, or nothing follows, the comma is reported.
func (p *parser) comma() bool {
	at := p.start
	p.next()
	broken := false
	for p.kind == newline || p.kind == comment {
		if p.kind == comment {
			p.takeInner()
			continue
		}
		broken = true
		p.next()
	}
	next := broken && p.begins()
	if next || p.kind == eof || p.kind == rbrace || p.kind == semi {
		p.atNext = next
		p.fail(CodeSyntax, at, at+1, "the list ends with a comma").
			Helpf("remove it, or go on with the list")
		return false
	}
	return true
}

// begins says whether the line at hand begins a statement rather than going on
// with a list: a keyword, and behind it what no list can have behind an item,
// so that a list which is right is never taken for two statements.
func (p *parser) begins() bool {
	if p.kind != word {
		return false
	}
	kw := lookup(p.text())
	return kw != kwNone && p.peek(func(s *scanner) bool {
		s.scan()
		switch kw {
		case kwLocal, kwInbound, kwOutbound, kwForward:
			return s.kind == lbrace
		case kwHost, kwService:
			s.scan()
			return s.kind == lbrace
		case kwZone, kwNet, kwPort, kwProto, kwInterface:
			s.scan()
			return s.kind == equal
		}
		return s.kind == quoted || s.kind == word && lookupClause(s.src[s.start:s.end]) == clNone
	})
}

// addressItems takes the items of an address statement.
func (p *parser) addressItems() []ast.AddressItem {
	var few [4]ast.AddressItem
	items := few[:0]
	for {
		if !p.isWord() {
			p.fail(CodeSyntax, p.start, p.end, "expected an address, found %s", p.found()).
				Helpf("%s", statements[kwAddress].form)
			break
		}
		var item ast.AddressItem
		switch {
		case p.isKeyword("host"):
			item.Keyword = p.takeWord()
		case p.isKeyword("interface"):
			item.Keyword = p.takeWord()
			if !p.isWord() {
				p.fail(CodeSyntax, p.start, p.end, "expected the name of an interface, found %s", p.found()).
					Helpf("address interface NAME")
			} else {
				item.Value = p.takeWord()
			}
		default:
			item.Value = p.takeWord()
		}
		items = append(items, item)
		if p.bad || p.kind != comma || !p.comma() {
			break
		}
	}
	return p.slabs.items.keep(items)
}

func (p *parser) service(start int) ast.Stmt {
	s := p.slabs.services.one()
	s.Name = p.name(kwService)
	s.Body = p.block(&s.Meta, start, inService, kwService, s.Name)
	return s
}

func (p *parser) blockOf(k ast.BlockKind, kw keyword, start int) ast.Stmt {
	s := &ast.Block{Kind: k}
	s.Body = p.block(&s.Meta, start, inBlock, kw, ast.Word{})
	return s
}

// block reads { … } behind a head, and finishes the statement.
func (p *parser) block(m *ast.Meta, start int, pl place, kw keyword, name ast.Word) (b ast.Body) {
	o := opener{place: pl, stmt: start, brace: p.start, kw: kw, name: name.Text}
	switch p.kind {
	case lbrace:
	default:
		if !p.findBrace(o) {
			p.finish(m, start, kw)
			return b
		}
		o.brace = p.start
	}
	var open diag.Span
	if p.kind == lbrace {
		open = p.span(p.start, p.end)
		p.next()
		m.Trail = p.takeCommentPtr()
	}
	p.open = append(p.open, o)
	b = p.body(pl)
	b.Open = open
	p.open = p.open[:len(p.open)-1]

	m.Pos = p.span(start, p.prevEnd)
	p.bad = false
	p.inner = p.inner[:0]
	if b.Close != (diag.Span{}) {
		if !p.ended() {
			if lookup(p.text()) != kwNone { // else it is reported as a statement
				p.fail(CodeSyntax, p.start, p.end, "unexpected %s behind %q", p.found(), "}").
					Helpf(`the next statement stands on a line of its own, or behind ";"`)
			}
			return b
		}
		p.separate(&m.End)
	}
	return b
}

// findBrace reports that no { stands where a block's should, and looks for one
// behind what stands there instead, so that the block is read all the same. A
// block whose { is missing altogether is recognised by its further indented
// statements. It says whether a body follows.
func (p *parser) findBrace(o opener) bool {
	form := statements[o.kw].form
	if p.kind != newline && p.kind != comment {
		p.fail(CodeBrace, p.start, p.end, `expected "{" behind %s, found %s`, o, p.found()).Helpf("%s", form)
		for !p.ended() && p.kind != lbrace {
			p.next()
		}
		return p.kind == lbrace
	}
	var nextLine, headless bool
	p.peek(func(s *scanner) bool {
		for s.kind == newline || s.kind == comment {
			s.scan()
		}
		nextLine = s.kind == lbrace
		if s.kind == word {
			kw := lookup(s.src[s.start:s.end])
			headless = statements[kw].places&o.place != 0 && p.column(s.start) > p.indent(o.stmt)
		}
		return false
	})
	d := p.fail(CodeBrace, p.prevEnd-1, p.prevEnd, `"{" is missing behind %s`, o)
	if !nextLine {
		d.Helpf("%s", form)
		return headless
	}
	d.Helpf(`"{" stands on the same line as %q`, statements[o.kw].name)
	for p.kind != lbrace {
		p.next()
	}
	return true
}

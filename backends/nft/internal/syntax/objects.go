package syntax

import "strings"

// objectCommand reads what stands behind an object's name in a command.
func (p *Parser) objectCommand(c *Cmd) {
	switch {
	case p.atEnd():
		return
	case p.kind == tLBrace:
		p.objectBody(c)
		return
	}
	o := &ObjectSpec{}
	c.Object = o
	p.objectLine(c.Kind, o)
}

func (p *Parser) objectBody(c *Cmd) {
	o := &ObjectSpec{}
	c.Object = o
	if c.Kind == Tunnel {
		p.tunnelBody(o)
		return
	}
	p.lines(func() {
		if p.is("comment") {
			o.Comment = p.commentText()
			return
		}
		p.objectLine(c.Kind, o)
		switch c.Kind {
		case CTHelper, CTTimeout, CTExpectation:
			p.endLine()
		default:
			if !p.atEnd() && !p.is("comment") {
				p.unexpected("newline or semicolon")
			}
		}
	})
}

// objectLine reads a property of an object.
func (p *Parser) objectLine(k Kind, o *ObjectSpec) {
	start := p.start
	stmt := func(kind StmtKind, read func(*Stmt)) {
		base := len(p.stmts)
		s := p.newStmt(kind, start)
		p.stmts = p.stmts[:base]
		read(s)
		p.ended(s)
		o.Stmt = s
	}
	switch k {
	case Counter:
		if !p.is("packets") && !p.is("bytes") {
			p.unexpected("packets")
			return
		}
		stmt(SCounter, p.counter)
	case Quota:
		stmt(SQuota, p.quota)
	case Limit:
		stmt(SLimit, p.limit)
	case Synproxy:
		stmt(SSynproxy, func(s *Stmt) {
			if o.Stmt != nil {
				s.Synproxy = o.Stmt.Synproxy // flags may have a line of their own
			} else {
				s.Synproxy = &SynproxySpec{}
			}
			p.synproxyArgs(s.Synproxy)
		})
		if p.last() <= start {
			p.unexpected("mss, wscale, timestamp or sack-perm")
		}
	case Secmark:
		if p.kind != tString && p.kind != tWord {
			p.unexpected("string")
			return
		}
		o.Context = Name{Text: p.text, Span: p.here()}
		p.next()
	default:
		p.ctObject(k, o)
	}
}

// ctObject reads a property of a helper, a timeout or an expectation.
func (p *Parser) ctObject(k Kind, o *ObjectSpec) {
	switch {
	case k == CTHelper && p.take("type"):
		if p.kind != tString {
			p.unexpected("quoted string")
			return
		}
		o.Type = Name{Text: p.text, Span: p.here()}
		p.next()
		p.wantWord("protocol")
		o.L4Proto = p.word("tcp", "udp")
	case p.take("l3proto"):
		o.L3Proto = p.word("ip", "ip6", "inet", "arp", "bridge", "netdev")
	case k != CTHelper && p.take("protocol"):
		o.L4Proto = p.word("tcp", "udp")
	case k == CTTimeout && p.take("policy"):
		p.timeoutPolicy(o)
	case k == CTExpectation && p.take("dport"):
		o.DPort = p.rhsBits(0)
	case k == CTExpectation && p.take("timeout"):
		o.Timeout = p.time()
	case k == CTExpectation && p.take("size"):
		o.Size = p.num()
	default:
		p.unexpected("a property of a " + k.String())
	}
}

func (p *Parser) timeoutPolicy(o *ObjectSpec) {
	p.want(tAssign)
	p.want(tLBrace)
	for !p.bad() {
		p.newlines()
		if p.kind == tRBrace {
			break
		}
		t := StateTimeout{State: Name{Text: p.text, Span: p.here()}}
		if p.kind != tWord || strings.IndexByte(p.text, '.') >= 0 {
			p.unexpected("the state of a protocol")
			return
		}
		p.next()
		p.want(tColon)
		if p.kind == tNumber {
			t.Time = p.num()
			t.Time.Value *= 1000
		} else {
			t.Time = p.time()
		}
		o.Policy = append(o.Policy, t)
		p.newlines()
		if !p.got(tComma) {
			break
		}
	}
	p.want(tRBrace)
}

// tunnelBody takes a tunnel's block as text.
func (p *Parser) tunnelBody(o *ObjectSpec) {
	start, depth := p.end, p.depth
	for p.next(); p.depth >= depth && p.kind != tEOF && !p.bad(); {
		p.next()
	}
	o.Body = strings.TrimSpace(p.src[start:p.start])
	p.want(tRBrace)
}

// expand replaces the variables in a quoted text.
func (p *Parser) expand(e *Expr) *Expr {
	if strings.IndexByte(e.Text, '$') < 0 {
		return e
	}
	var b strings.Builder
	text := e.Text
	for {
		i := strings.IndexByte(text, '$')
		if i < 0 {
			break
		}
		b.WriteString(text[:i])
		text = text[i+1:]
		n := 0
		for n < len(text) && class[text[n]]&cWord != 0 && text[n] != '.' && text[n] != '/' && text[n] != '-' {
			n++
		}
		v := p.lookup(text[:n])
		if v == nil {
			p.fail(e.Span, "unknown identifier %s", text[:n])
			return e
		}
		b.WriteString(v.Text)
		text = text[n:]
	}
	b.WriteString(text)
	e.Text = b.String()
	return e
}

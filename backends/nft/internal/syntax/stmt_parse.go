package syntax

func (p *Parser) log(start int) {
	p.next()
	s := p.newStmt(SLog, start)
	l := &Log{}
	s.Log = l
	for p.kind == tWord {
		switch p.text {
		case "prefix":
			p.next()
			l.Prefix = p.prefix()
		case "group":
			p.next()
			l.Group = p.num()
		case "snaplen":
			p.next()
			l.Snaplen = p.num()
		case "queue-threshold":
			p.next()
			l.QueueThreshold = p.num()
		case "level":
			p.next()
			l.Level = Name{Text: p.text, Span: p.here()}
			switch p.text {
			case "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug", "audit":
				p.next()
			default:
				if p.kind == tWord && p.marks && hasMark(p.text) {
					p.next()
					break
				}
				p.unexpected("a level of the log")
				return
			}
		case "flags":
			p.next()
			p.logFlags(l)
		default:
			p.ended(s)
			return
		}
	}
	p.ended(s)
}

func (p *Parser) prefix() *Expr {
	start := p.start
	switch p.kind {
	case tString:
		return p.expand(p.leaf(XString, start))
	case tWord:
		return p.leaf(XString, start)
	}
	p.unexpected("string")
	return p.none(start)
}

func (p *Parser) logFlags(l *Log) {
	switch {
	case p.take("tcp"):
		for {
			switch {
			case p.take("sequence"):
				l.Flags = append(l.Flags, "tcp sequence")
			case p.take("options"):
				l.Flags = append(l.Flags, "tcp options")
			default:
				p.unexpected("sequence or options")
				return
			}
			if !p.got(tComma) {
				return
			}
		}
	case p.take("ip"):
		p.wantWord("options")
		l.Flags = append(l.Flags, "ip options")
	case p.is("skuid"), p.is("ether"), p.is("all"):
		l.Flags = append(l.Flags, p.text)
		p.next()
	default:
		p.unexpected("tcp, ip, skuid, ether or all")
	}
}

func (p *Parser) reject(start int) {
	p.next()
	s := p.newStmt(SReject, start)
	s.Reject = &Reject{}
	if p.take("with") {
		switch {
		case p.is("icmp"), p.is("icmpv6"), p.is("icmpx"):
			s.Reject.Type = p.text
			p.next()
			p.take("type")
			s.Reject.Code = p.rhsBits(0)
		case p.take("tcp"):
			p.wantWord("reset")
			s.Reject.Type = "tcp reset"
		default:
			p.unexpected("icmp, icmpv6, icmpx or tcp reset")
		}
	}
	p.ended(s)
}

// nat reads snat, dnat, masquerade and redirect.
func (p *Parser) nat(start int) {
	s := p.newStmt(SNAT, start)
	s.Name = p.text
	n := &NAT{}
	s.NAT = n
	p.next()
	if s.Name == "snat" || s.Name == "dnat" {
		p.natTarget(n)
	} else if p.take("to") {
		colon := p.got(tColon)
		if !colon && s.Name == "masquerade" {
			p.unexpected("':'")
			return
		}
		n.Port = p.value(false)
	}
	for again := true; again && (p.is("random") || p.is("fully-random") || p.is("persistent")); {
		again = s.Name == "snat" || s.Name == "dnat"
		for {
			switch {
			case p.is("random"), p.is("fully-random"), p.is("persistent"):
				n.Flags = append(n.Flags, p.text)
				p.next()
			default:
				p.unexpected("random, fully-random or persistent")
				return
			}
			if !p.got(tComma) {
				break
			}
		}
	}
	p.ended(s)
}

// natTarget reads where snat and dnat translate to.
func (p *Parser) natTarget(n *NAT) {
	was := p.lexer
	if p.is("ip") || p.is("ip6") {
		n.Family = p.text
		p.next()
	}
	switch {
	case p.take("addr"):
		p.want(tDot)
		p.wantWord("port")
		n.Concat = true
		p.wantWord("to")
	case p.take("interval"):
		n.Interval = true
		p.wantWord("to")
	case p.take("prefix"):
		n.Prefix = true
		p.wantWord("to")
	case p.take("to"):
	case n.Family != "":
		// A family, or something of a packet: dnat ip saddr map …
		p.lexer, n.Family = was, ""
	}
	if !p.got(tColon) {
		n.Addr = p.value(false)
		if !p.got(tColon) {
			return
		}
	}
	n.Port = p.value(false)
}

func (p *Parser) tproxy(start int) {
	p.next()
	s := p.newStmt(STProxy, start)
	s.Name, s.NAT = "tproxy", &NAT{}
	if p.is("ip") || p.is("ip6") {
		s.NAT.Family = p.text
		p.next()
	}
	p.wantWord("to")
	if !p.got(tColon) {
		s.NAT.Addr = p.value(false)
		if !p.got(tColon) {
			p.ended(s)
			return
		}
	}
	s.NAT.Port = p.value(false)
	p.ended(s)
}

func (p *Parser) synproxy(start int) {
	p.next()
	if p.object(Synproxy, start) {
		return
	}
	s := p.newStmt(SSynproxy, start)
	s.Synproxy = &SynproxySpec{}
	p.synproxyArgs(s.Synproxy)
	p.ended(s)
}

func (p *Parser) synproxyArgs(y *SynproxySpec) {
	for {
		switch {
		case p.take("mss"):
			y.MSS = p.num()
		case p.take("wscale"):
			y.WScale = p.num()
		case p.take("timestamp"):
			y.Timestamp = true
		case p.take("sack-perm"):
			y.SackPerm = true
		case p.take("ecn"):
			y.ECN = true
		default:
			return
		}
	}
}

// forward reads dup and fwd.
func (p *Parser) forward(start int) {
	s := p.newStmt(SDup, start)
	if p.is("fwd") {
		s.Kind = SFwd
	}
	p.next()
	if s.Kind == SFwd && (p.is("ip") || p.is("ip6")) {
		s.Family = p.text
		p.next()
	}
	p.wantWord("to")
	s.Expr = p.value(false)
	if p.take("device") {
		s.Value = p.value(false)
	}
	p.ended(s)
}

func (p *Parser) queue(start int) {
	p.next()
	s := p.newStmt(SQueue, start)
	switch {
	case p.take("flags"):
		p.queueFlags(s)
		if !p.take("to") && !p.take("num") {
			p.unexpected("comma, to or num")
			return
		}
		s.Expr = p.value(false)
	case p.take("to"):
		s.Expr = p.value(false)
	default:
		for p.is("num") || p.is("bypass") || p.is("fanout") {
			if p.take("num") {
				// Only behind to may the number be worked out.
				if p.kind != tNumber && p.kind != tDollar && !p.marks {
					p.unexpected("a number or '$'")
					return
				}
				s.Expr = p.value(false)
			} else {
				p.queueFlags(s)
			}
		}
	}
	p.ended(s)
}

func (p *Parser) queueFlags(s *Stmt) {
	for {
		if !p.is("bypass") && !p.is("fanout") {
			p.unexpected("bypass or fanout")
			return
		}
		s.Flags = append(s.Flags, p.text)
		p.next()
		if !p.got(tComma) {
			return
		}
	}
}

func (p *Parser) flow(start int) {
	p.next()
	switch {
	case p.take("add"), p.take("offload"):
		s := p.newStmt(SFlow, start)
		if !p.got(tAt) {
			p.unexpected("'@'")
			return
		}
		s.Name = p.name("the name of a flowtable").Text
		p.ended(s)
	case p.is("table"):
		p.meter(start)
	default:
		p.unexpected("add or offload")
	}
}

// update reads a statement that changes a set, in nft's newer or older order.
func (p *Parser) update(start int) {
	s := p.newStmt(SSetUpdate, start)
	u := &Update{}
	s.Update = u
	old := p.take("set")
	switch {
	case p.is("add"), p.is("update"), p.is("delete"):
		u.Op = p.text
		p.next()
	default:
		p.unexpected("add, update or delete")
		return
	}
	if old {
		p.updateElem(u)
		p.updateSet(u)
		p.ended(s)
		return
	}
	p.updateSet(u)
	p.want(tLBrace)
	p.updateElem(u)
	p.want(tRBrace)
	p.ended(s)
}

func (p *Parser) updateSet(u *Update) {
	if p.kind != tAt {
		p.unexpected("'@'")
		return
	}
	p.next()
	u.Set = p.name("the name of a set")
}

// updateElem reads what is put into a set.
func (p *Parser) updateElem(u *Update) {
	p.newlines()
	u.Key = p.lhs()
	el := Elem{}
	p.elemOptions(&el)
	if p.got(tColon) {
		if p.kind == tWord && verdictWord(p.text) {
			u.Data = p.verdict()
		} else {
			u.Data = p.value(false)
		}
		p.elemOptions(&el)
	}
	u.Timeout, u.Expires, u.Comment, u.Stmts = el.Timeout, el.Expires, el.Comment, el.Stmts
	p.newlines()
}

// meter reads meter name size n { key statements }, or flow table as it was once
// called.
func (p *Parser) meter(start int) {
	p.next()
	s := p.newStmt(SMeter, start)
	u := &Update{Op: "meter"}
	s.Update = u
	u.Set = p.name("the name of a meter")
	if p.take("size") {
		u.Size = p.num()
	}
	p.want(tLBrace)
	p.updateElem(u)
	if len(u.Stmts) == 0 {
		p.unexpected("a statement")
	}
	p.want(tRBrace)
	p.ended(s)
}

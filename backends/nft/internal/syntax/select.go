package syntax

// selects says whether a word begins something that is looked up in a packet.
func selects(word string) bool {
	switch word {
	case "ip", "ip6", "tcp", "udp", "th", "udplite", "sctp", "dccp", "ether", "vlan", "arp", "icmp", "icmpv6", "igmp", "ah",
		"esp", "comp", "vxlan", "geneve", "gre", "gretap", "hbh", "dst", "rt", "rt0", "rt2", "srh", "frag", "mh", "exthdr",
		"meta", "ct", "fib", "socket", "osf", "numgen", "jhash", "symhash", "ipsec", "xt":
		return true
	}
	_, bare := metaKey(word)
	return bare
}

// selector reads what is looked up in a packet; its first word stands here.
func (p *Parser) selector() *Expr {
	start, word := p.start, p.text
	switch word {
	case "meta":
		p.next()
		if ok, _ := metaKey(p.text); p.kind != tWord || !ok {
			if p.kind == tWord && p.marks && hasMark(p.text) {
				return p.field(XMeta, start, "")
			}
			if p.kind == tWord {
				p.fail(p.span(start, p.end), "unknown key %s of meta", p.text)
			} else {
				p.unexpected("a key of meta")
			}
			return p.none(start)
		}
		return p.field(XMeta, start, "")
	case "ct":
		return p.ct(start)
	case "fib":
		return p.fib(start)
	case "socket":
		return p.socket(start)
	case "osf":
		return p.osf(start)
	case "numgen", "jhash", "symhash":
		return p.generated(start, word)
	case "ipsec":
		return p.ipsec(start)
	case "exthdr":
		return p.exthdr(start)
	case "xt":
		return p.xt(start)
	case "rt":
		return p.rt(start)
	case "rt0", "rt2", "srh", "frag", "mh", "hbh", "dst":
		p.next()
		return p.extField(start, word)
	case "vxlan", "geneve", "gre", "gretap":
		return p.tunnel(start, word)
	}
	if _, bare := metaKey(word); bare {
		return p.field(XMeta, start, "")
	}
	p.next()
	if p.kind == tWord {
		switch p.text {
		case "option":
			switch word {
			case "tcp":
				return p.tcpOption(start)
			case "ip", "dccp":
				return p.otherOption(start, word)
			}
		case "chunk":
			if word == "sctp" {
				return p.chunk(start)
			}
		}
		if headerField(word, p.text) {
			e := p.field(XPayload, start, word)
			if word == "arp" && (e.Field == "saddr" || e.Field == "daddr") {
				which := p.text
				if !p.is("ip") && !p.is("ether") {
					p.unexpected("ether or ip")
					return e
				}
				e.Field = joined(e.Field, which)
				p.extend(e)
			}
			return e
		}
	}
	if p.kind == tWord && p.marks && hasMark(p.text) {
		return p.field(XPayload, start, word)
	}
	p.unexpected("a field of " + word)
	return p.none(start)
}

// field makes an expression of the current word, its field.
func (p *Parser) field(k ExprKind, start int, text string) *Expr {
	e := p.newExpr(k, start)
	e.Text, e.Field = text, p.text
	p.next()
	return e
}

// extend goes behind the current token, which belongs to the expression too.
func (p *Parser) extend(e *Expr) {
	if p.o.At.File == nil {
		e.Span.End = p.end
	}
	p.next()
}

// joined are two words as one key. The pairs are few, so that nothing needs to be
// allocated for them.
func joined(a, b string) string {
	switch a + b {
	case "ipsaddr":
		return "ip saddr"
	case "ipdaddr":
		return "ip daddr"
	case "ip6saddr":
		return "ip6 saddr"
	case "ip6daddr":
		return "ip6 daddr"
	case "saddrip":
		return "saddr ip"
	case "daddrip":
		return "daddr ip"
	case "saddrether":
		return "saddr ether"
	case "daddrether":
		return "daddr ether"
	}
	return a + " " + b
}

func (p *Parser) ct(start int) *Expr {
	p.next()
	return p.ctKey(start)
}

// ctKey reads what stands behind ct.
func (p *Parser) ctKey(start int) *Expr {
	e := p.newExpr(XCT, start)
	if p.is("original") || p.is("reply") {
		e.Dir = p.text
		p.next()
	}
	if e.Dir != "" && (p.is("ip") || p.is("ip6")) {
		family := p.text
		p.next()
		if !p.is("saddr") && !p.is("daddr") {
			p.unexpected("saddr or daddr")
			return e
		}
		e.Field = joined(family, p.text)
		p.extend(e)
		return e
	}
	if p.kind != tWord || !ctKey(p.text) && !(p.marks && hasMark(p.text)) {
		p.unexpected("a key of ct")
		return e
	}
	e.Field = p.text
	p.extend(e)
	return e
}

func (p *Parser) fib(start int) *Expr {
	p.next()
	e := p.newExpr(XFib, start)
	var words [8]string
	n := 0
	for {
		switch {
		case p.is("saddr"), p.is("daddr"), p.is("mark"), p.is("iif"), p.is("oif"):
		default:
			p.unexpected("saddr, daddr, mark, iif or oif")
			return e
		}
		if n < len(words) {
			words[n] = p.text
			n++
		}
		p.next()
		if !p.got(tDot) {
			break
		}
	}
	e.Words = p.a.words.of(words[:n])
	switch {
	case p.is("oif"), p.is("oifname"), p.is("type"), p.is("check"):
		e.Field = p.text
		p.extend(e)
	default:
		p.unexpected("oif, oifname or type")
	}
	return e
}

func (p *Parser) socket(start int) *Expr {
	p.next()
	e := p.newExpr(XSocket, start)
	switch {
	case p.is("transparent"), p.is("mark"), p.is("wildcard"):
		e.Field = p.text
		p.extend(e)
	case p.is("cgroupv2"):
		e.Field = p.text
		p.next()
		p.wantWord("level")
		p.nums(e, p.num())
	default:
		p.unexpected("transparent, mark, wildcard or cgroupv2")
	}
	return e
}

// nums sets the numbers of an expression, which ends behind them.
func (p *Parser) nums(e *Expr, n ...Num) {
	e.Nums = p.a.num.of(n)
	if p.o.At.File == nil {
		e.Span.End = p.last()
	}
}

func (p *Parser) osf(start int) *Expr {
	p.next()
	e := p.newExpr(XOsf, start)
	if p.take("ttl") {
		if !p.is("loose") && !p.is("skip") {
			p.unexpected("loose or skip")
			return e
		}
		e.Text = p.text
		p.next()
	}
	if !p.is("name") && !p.is("version") {
		p.unexpected("name or version")
		return e
	}
	e.Field = p.text
	p.extend(e)
	return e
}

// generated reads numgen, jhash and symhash.
func (p *Parser) generated(start int, word string) *Expr {
	p.next()
	e := p.newExpr(XSymHash, start)
	var mod, offset, seed Num
	switch word {
	case "numgen":
		e.Kind = XNumgen
		if !p.is("inc") && !p.is("random") {
			p.unexpected("inc or random")
			return e
		}
		e.Text = p.text
		p.next()
	case "jhash":
		e.Kind = XJHash
		if !p.deeper() {
			return e
		}
		key := [1]*Expr{p.lhs()}
		p.nest--
		e.Args = p.a.args.of(key[:])
	}
	p.wantWord("mod")
	mod = p.num()
	if e.Kind == XJHash && p.take("seed") {
		seed = p.num()
	}
	if p.take("offset") {
		offset = p.num()
	}
	if e.Kind == XJHash {
		p.nums(e, mod, seed, offset)
	} else {
		p.nums(e, mod, offset)
	}
	return e
}

func (p *Parser) ipsec(start int) *Expr {
	p.next()
	e := p.newExpr(XIPsec, start)
	if !p.is("in") && !p.is("out") {
		p.unexpected("in or out")
		return e
	}
	e.Dir = p.text
	p.next()
	if p.take("spnum") {
		p.nums(e, p.num())
	} else {
		p.nums(e, Num{})
	}
	switch {
	case p.is("reqid"), p.is("spi"):
		e.Field = p.text
		p.extend(e)
	case p.is("ip"), p.is("ip6"):
		family := p.text
		p.next()
		if !p.is("saddr") && !p.is("daddr") {
			p.unexpected("saddr or daddr")
			return e
		}
		e.Field = joined(family, p.text)
		p.extend(e)
	default:
		p.unexpected("reqid, spi, ip or ip6")
	}
	return e
}

func (p *Parser) exthdr(start int) *Expr {
	p.next()
	e := p.newExpr(XExtHdr, start)
	switch {
	case p.is("hbh"), p.is("rt"), p.is("rt0"), p.is("rt2"), p.is("srh"), p.is("frag"), p.is("dst"), p.is("mh"):
		e.Text = p.text
		p.extend(e)
	default:
		p.unexpected("an extension header")
	}
	return e
}

func (p *Parser) extField(start int, word string) *Expr {
	if p.kind != tWord || !otherField(word, p.text) {
		p.unexpected("a field of " + word)
		return p.none(start)
	}
	e := p.field(XExtHdr, start, word)
	if e.Field == "addr" || e.Field == "sid" {
		p.want(tLBrack)
		p.nums(e, p.num())
		p.want(tRBrack)
	}
	return e
}

func (p *Parser) rt(start int) *Expr {
	p.next()
	e := p.newExpr(XRt, start)
	if p.is("ip") || p.is("ip6") {
		e.Dir = p.text
		p.next()
	}
	switch {
	case p.is("classid"), p.is("nexthop"), p.is("mtu"), p.is("ipsec"):
		e.Field = p.text
		p.extend(e)
		return e
	case e.Dir != "":
		p.unexpected("nexthop")
		return e
	}
	return p.extField(start, "rt")
}

func (p *Parser) tunnel(start int, word string) *Expr {
	p.next()
	if p.kind == tWord && otherField(word, p.text) {
		return p.field(XTunnel, start, word)
	}
	e := p.newExpr(XTunnel, start)
	e.Text = word
	switch {
	case p.is("vxlan"), p.is("geneve"), p.is("gre"), p.is("gretap"), p.kind != tWord, !selects(p.text):
		p.unexpected("a field of " + word + " or of the packet in it")
		return e
	}
	inner := [1]*Expr{p.selector()}
	e.Args = p.a.args.of(inner[:])
	e.Span = e.Span.Join(inner[0].Span)
	return e
}

package syntax

import "strings"

// stateful reads a statement that keeps something, where one begins here:
// counter, quota, limit, last, ct count.
func (p *Parser) stateful() {
	start := p.start
	switch p.text {
	case "counter":
		p.next()
		if p.object(Counter, start) {
			return
		}
		s := p.newStmt(SCounter, start)
		p.counter(s)
		p.ended(s)
	case "quota":
		p.next()
		if p.object(Quota, start) {
			return
		}
		s := p.newStmt(SQuota, start)
		p.quota(s)
		p.ended(s)
	case "limit":
		p.next()
		if p.object(Limit, start) {
			return
		}
		s := p.newStmt(SLimit, start)
		p.limit(s)
		p.ended(s)
	case "last":
		p.next()
		s := p.newStmt(SLast, start)
		s.Numbers = p.numbers()
		if p.take("used") && !p.take("never") {
			s.Numbers.Used = p.time()
		}
		p.ended(s)
	case "ct":
		p.next()
		if !p.is("count") {
			p.unexpected("count")
			return
		}
		p.connCount(start)
	}
}

func (p *Parser) numbers() *Numbers {
	n := p.a.nums.one()
	*n = Numbers{}
	return n
}

// object reads name X, the reference to an object of that kind.
func (p *Parser) object(k Kind, start int) bool {
	if !p.take("name") {
		return false
	}
	s := p.newStmt(SObject, start)
	s.Object = k
	s.Expr = p.value(false)
	p.ended(s)
	return true
}

func (p *Parser) counter(s *Stmt) {
	for p.is("packets") || p.is("bytes") {
		if s.Numbers == nil {
			s.Numbers = p.numbers()
		}
		if p.take("packets") {
			s.Numbers.Packets = p.num()
		} else {
			p.next()
			s.Numbers.Bytes = p.num()
		}
	}
}

func (p *Parser) over(s *Stmt) {
	if p.take("over") {
		s.Over = true
	} else {
		p.take("until")
	}
}

func (p *Parser) quota(s *Stmt) {
	s.Numbers = p.numbers()
	p.over(s)
	s.Numbers.Bytes = p.num()
	s.Numbers.Unit = p.unit()
	if p.take("used") {
		s.Numbers.Used = p.num()
		s.Numbers.UsedUnit = p.unit()
	}
}

// unit of bytes.
func (p *Parser) unit() string {
	u := p.text
	if p.kind != tWord || !byteUnit(u) {
		p.unexpected("bytes, kbytes or mbytes")
		return ""
	}
	p.next()
	return u
}

func byteUnit(u string) bool { return u == "bytes" || u == "kbytes" || u == "mbytes" }

func timeUnit(u string) bool {
	switch u {
	case "second", "minute", "hour", "day", "week":
		return true
	}
	return false
}

func (p *Parser) limit(s *Stmt) {
	s.Numbers = p.numbers()
	n := s.Numbers
	p.wantWord("rate")
	p.over(s)
	n.Rate = p.num()
	switch {
	case p.got(tSlash):
		n.Per = p.per()
	case p.kind == tWord:
		// mbytes/second is one word to nft.
		unit, per, ok := strings.Cut(p.text, "/")
		if !byteUnit(unit) {
			p.unexpected("bytes, kbytes or mbytes per time")
			return
		}
		if n.Unit = unit; ok && per != "" {
			if !timeUnit(per) {
				p.unexpected("second, minute, hour, day or week")
				return
			}
			n.Per = per
			p.next()
		} else {
			p.next()
			if !ok {
				p.want(tSlash)
			}
			n.Per = p.per()
		}
	default:
		p.unexpected("'/'")
		return
	}
	if p.take("burst") {
		n.Burst = p.num()
		// What is counted in bytes has a burst of bytes, and the other way round.
		switch {
		case n.Unit == "" && p.take("packets"):
		case n.Unit != "" && p.kind == tWord && byteUnit(p.text):
			n.BurstUnit = p.unit()
		case n.Unit != "":
			p.unexpected("bytes, kbytes or mbytes")
		default:
			p.unexpected("packets")
		}
	}
}

func (p *Parser) per() string {
	u := p.text
	if p.kind != tWord || !timeUnit(u) && !(p.marks && hasMark(u)) {
		p.unexpected("second, minute, hour, day or week")
		return ""
	}
	p.next()
	return u
}

// connCount reads count N of ct count.
func (p *Parser) connCount(start int) {
	p.next()
	s := p.newStmt(SConnCount, start)
	s.Numbers = p.numbers()
	p.over(s)
	s.Numbers.Count = p.num()
	p.ended(s)
}

// ctStmt reads what begins with ct: a count, an object that is set, a match.
func (p *Parser) ctStmt(start int) {
	p.next()
	k := NoKind
	switch {
	case p.is("count"):
		p.connCount(start)
		return
	case p.is("helper"):
		k = CTHelper
	case p.is("timeout"):
		k = CTTimeout
	case p.is("expectation"):
		k = CTExpectation
	}
	e := p.ctKey(start)
	if k != NoKind && p.take("set") {
		s := p.newStmt(SObject, start)
		s.Object = k
		s.Expr = p.value(false)
		p.ended(s)
		return
	}
	p.exprRest(start, p.lhsFrom(start, p.lhsOps(e, 0)))
}

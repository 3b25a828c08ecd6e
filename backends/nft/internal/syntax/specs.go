package syntax

import (
	"strconv"
	"strings"
)

// flags reads a list of words with commas, each one of those allowed.
func (p *Parser) flags(allowed ...string) []Name {
	var list []Name
	for {
		ok := false
		for _, a := range allowed {
			ok = ok || p.is(a)
		}
		if !ok {
			p.unexpected(strings.Join(allowed, ", "))
			return list
		}
		list = append(list, Name{Text: p.text, Span: p.here()})
		p.next()
		if !p.got(tComma) {
			return list
		}
	}
}

// word reads one of some words.
func (p *Parser) word(allowed ...string) Name {
	for _, a := range allowed {
		if p.is(a) {
			n := Name{Text: p.text, Span: p.here()}
			p.next()
			return n
		}
	}
	if p.kind == tWord && p.marks && hasMark(p.text) {
		n := Name{Text: p.text, Span: p.here()}
		p.next()
		return n
	}
	p.unexpected(strings.Join(allowed, ", "))
	return Name{}
}

// chainSpec reads a line of a chain that is no rule.
func (p *Parser) chainSpec(c *ChainSpec) {
	switch p.text {
	case "type":
		p.next()
		c.Type = p.word("filter", "nat", "route")
		p.wantWord("hook")
		c.Hook = p.word("prerouting", "input", "forward", "output", "postrouting", "ingress", "egress")
		if p.is("device") || p.is("devices") {
			c.Devices = p.devices()
		}
		c.Priority = p.priority()
	case "policy":
		p.next()
		if p.kind == tDollar {
			if v := p.variable(); v != nil {
				c.Policy = Name{Text: v.Text, Span: v.Span}
				if v.Text != "accept" && v.Text != "drop" {
					p.report(v.Span, false, "a policy is accept or drop, not %s", v.Text)
				}
			}
		} else {
			c.Policy = p.word("accept", "drop")
		}
	case "flags":
		p.next()
		c.Flags = p.flags("offload")
	case "comment":
		c.Comment = p.commentText()
	case "device", "devices":
		c.Devices = p.devices()
	}
	p.endLine()
}

// devices reads device x, or devices = { x, y }.
func (p *Parser) devices() []*Expr {
	if p.take("device") {
		return []*Expr{p.device()}
	}
	p.next()
	p.want(tAssign)
	if p.kind == tDollar {
		return spread(p.variable())
	}
	p.want(tLBrace)
	var list []*Expr
	for {
		p.newlines()
		if p.kind == tRBrace && len(list) > 0 {
			break
		}
		list = append(list, spread(p.device())...)
		p.newlines()
		if !p.got(tComma) {
			break
		}
	}
	p.want(tRBrace)
	return list
}

func (p *Parser) device() *Expr {
	switch {
	case p.kind == tDollar:
		if v := p.variable(); v != nil {
			return v
		}
		return p.none(p.start)
	case p.kind == tString:
		return p.leaf(XString, p.start)
	case p.kind == tWord && !reserved(p.text):
		return p.leaf(XSymbol, p.start)
	}
	p.unexpected("the name of an interface")
	return p.none(p.start)
}

// spread are the values of a set, or the one value.
func spread(e *Expr) []*Expr {
	switch {
	case e == nil:
		return nil
	case e.Kind == XSet || e.Kind == XList:
		return e.Args
	}
	return []*Expr{e}
}

// priority reads priority filter - 10.
func (p *Parser) priority() Priority {
	p.wantWord("priority")
	start := p.start
	q := Priority{Given: true}
	switch {
	case p.kind == tDollar:
		v := p.variable()
		if v == nil {
			return q
		}
		q.Text, q.Span = v.Text, v.Span
		if n, err := strconv.ParseInt(v.Text, 0, 64); err == nil {
			q.Offset = n
		} else {
			q.name(v.Text)
		}
		return q
	case p.kind == tDash, p.kind == tNumber:
		q.Offset = p.signed()
	case p.kind == tWord && !reserved(p.text), p.kind == tString:
		q.name(p.text)
		p.next()
		if p.kind == tDash || p.kind == tPlus {
			q.Offset = p.signed()
		}
	default:
		p.unexpected("the name of a priority, or a number")
		return q
	}
	q.Span = p.from(start)
	q.Text = p.src[start:max(start, p.last())]
	return q
}

// name of a priority. "filter-10" without blanks is one word to the scanner, and
// no priority's name to nft.
func (q *Priority) name(text string) { q.Name, q.Text = text, text }

// signed reads a number with its sign.
func (p *Parser) signed() int64 {
	minus := p.kind == tDash
	if !p.got(tDash) {
		p.got(tPlus)
	}
	n := int64(p.num().Value)
	if minus {
		return -n
	}
	return n
}

// flowtable reads a flowtable's block.
func (p *Parser) flowtable(c *Cmd) {
	f := &FlowtableSpec{}
	c.Flowtable = f
	p.lines(func() {
		switch {
		case p.take("hook"):
			f.Hook = p.word("ingress", "egress")
			f.Priority = p.priority()
			p.endLine()
		case p.is("devices"), p.is("device"):
			f.Devices = p.devices()
			p.endLine()
		case p.take("counter"):
			f.Counter = true
		case p.take("flags"):
			f.Flags = p.flags("offload")
			p.endLine()
		default:
			p.unexpected("hook, devices, counter or flags")
		}
	})
}

// lines reads a block whose lines one reads.
func (p *Parser) lines(one func()) {
	p.next()
	depth := p.depth
	p.open(1 << 62)
	defer p.close()
	for !p.stopped {
		p.separators()
		if p.kind == tRBrace || p.kind == tEOF {
			break
		}
		if !p.definition(func() { p.included1(one) }) {
			one()
		}
		if p.bad() {
			p.recover(depth)
			if p.depth < depth {
				break
			}
		}
	}
	p.want(tRBrace)
}

// included1 reads a file that was included in a block of lines.
func (p *Parser) included1(one func()) {
	for !p.stopped {
		p.separators()
		if p.kind == tEOF || p.bad() {
			return
		}
		if !p.definition(func() { p.included1(one) }) {
			one()
		}
		if p.bad() {
			p.recover(p.badDepth)
			if p.kind == tRBrace {
				p.next()
			}
		}
	}
}

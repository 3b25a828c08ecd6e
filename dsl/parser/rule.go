package parser

import (
	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

// rule reads what follows allow, deny, allow-local or deny-local.
func (p *parser) rule(action ast.Action, kw keyword, start int) ast.Stmt {
	r := p.slabs.rules.one()
	r.Action = action
	r.Keyword = p.span(start, p.prevEnd)
	r.Traffic = p.trafficList(kw)
	for !p.bad && p.kind == word {
		cl := lookupClause(p.text())
		if cl == clNone {
			if cl = p.unknownClause(r.Traffic, kw); cl == clNone {
				break
			}
		}
		p.clause(r, cl)
	}
	p.finish(&r.Meta, start, kw)
	return r
}

// clause reads one clause of a rule. A clause that stands twice is reported,
// and its items are added to the first.
func (p *parser) clause(r *ast.Rule, cl clause) {
	switch cl {
	case clFrom:
		p.listClause(&r.From, cl, "an address or a net")
	case clOn:
		p.listClause(&r.On, cl, "a zone or an interface")
	case clTo:
		p.listClause(&r.To, cl, "an address, a net or a service")
	case clOut:
		p.listClause(&r.Out, cl, "a zone or an interface")
	case clUser:
		p.listClause(&r.User, cl, "a user")
	case clGroup:
		p.listClause(&r.Group, cl, "a group")
	case clLimit:
		if r.Limit != nil {
			p.twice(cl, r.Limit.Span)
		}
		r.Limit = p.limit()
	case clLog:
		if r.Log != nil {
			p.twice(cl, r.Log.Span)
		}
		r.Log = p.log()
	}
}

// twice reports a clause that stood before.
func (p *parser) twice(cl clause, first diag.Span) {
	p.errorAt(CodeTwice, p.start, p.end, "%q stands twice in this statement", clauses[cl]).
		Helpf("write one list, or two statements").
		See(first, "it stands here already")
}

// unknownClause reports a word behind the traffic or a list that begins no
// clause. It returns the clause that was meant, if that is plain.
func (p *parser) unknownClause(traffic []ast.Traffic, kw keyword) clause {
	// "allow from lan": what was taken for the traffic is a clause's keyword.
	if n := len(traffic); n > 0 && !traffic[n-1].Kind.Quoted && p.prevEnd == traffic[n-1].Span.End {
		if k := traffic[n-1].Kind; lookupClause(k.Text) != clNone && len(traffic[n-1].Args) == 0 {
			p.fail(CodeSyntax, k.Span.Start, k.Span.End, "expected traffic before %q", k.Text).
				Helpf("%s", statements[kw].form)
			return clNone
		}
	}
	if diag.Nearest(p.text(), clauses[1:]) != "" {
		nearest, _ := p.misspelt("clause", clauses[1:])
		p.bad = false
		return lookupClause(nearest)
	}
	p.fail(CodeSyntax, p.start, p.end, "unexpected %s: a comma or a clause is missing before it", p.found()).
		Helpf("clauses are %s", listed(clauses[1:]))
	return clNone
}

// listClause reads a clause's keyword, which is at hand, and its WORD, …
func (p *parser) listClause(into **ast.List, cl clause, item string) {
	keyword := p.span(p.start, p.end)
	if *into != nil {
		p.twice(cl, (*into).Keyword)
	}
	p.next()
	l := p.slabs.lists.one()
	l.Keyword = keyword
	l.Words = p.wordList(kwNone, item)
	if *into == nil {
		*into = l
	} else if len(l.Words) > 0 {
		(*into).Words = append((*into).Words, l.Words...)
	}
	// "from on lan": a keyword was taken for the item.
	if !p.bad && p.kind == word && lookupClause(p.text()) == clNone && len(l.Words) == 1 && !l.Words[0].Quoted {
		if w := l.Words[0]; lookupClause(w.Text) != clNone {
			p.fail(CodeSyntax, keyword.Start, keyword.End, "%q has no items", clauses[cl]).
				Helpf("%s is followed by %s; where that is called %q, quote it", clauses[cl], item, w.Text)
		}
	}
}

// limitWords are the words inside a limit.
var limitWords = [...]string{"burst", "per"}

// limit reads `limit RATE [burst N] [per source]`, whose keyword is at hand.
func (p *parser) limit() *ast.Limit {
	const form = "limit N/second|minute|hour|day [burst N] [per source]"
	l := p.slabs.limits.one()
	start := p.start
	p.next()
	if !p.isWord() {
		p.fail(CodeSyntax, p.start, p.end, "expected a rate behind %q, found %s", "limit", p.found()).Helpf(form)
		return l
	}
	l.Rate = p.takeWord()
	for !p.bad {
		near := ""
		if p.kind == word && lookupClause(p.text()) == clNone && !p.isKeyword("burst") && !p.isKeyword("per") &&
			diag.Nearest(p.text(), limitWords[:]) != "" {
			near, _ = p.misspelt("word", limitWords[:])
			p.bad = false
		}
		switch {
		case p.isKeyword("burst") || near == "burst":
			if !l.Burst.IsZero() {
				p.errorAt(CodeTwice, p.start, p.end, "%q stands twice in this limit", "burst").See(l.Burst.Span, "it stands here already")
			}
			p.next()
			if !p.isWord() {
				p.fail(CodeSyntax, p.start, p.end, "expected a number behind %q, found %s", "burst", p.found()).Helpf(form)
				continue
			}
			l.Burst = p.takeWord()
		case p.isKeyword("per") || near == "per":
			p.next()
			if !p.isKeyword("source") {
				p.fail(CodeSyntax, p.start, p.end, `expected "source" behind "per", found %s`, p.found()).Helpf(form)
				continue
			}
			l.PerSource = true
			p.next()
		default:
			l.Span = p.span(start, p.prevEnd)
			return l
		}
	}
	l.Span = p.span(start, p.prevEnd)
	return l
}

// log reads `log` or `log "TEXT"`, whose keyword is at hand.
func (p *parser) log() *ast.Log {
	l := &ast.Log{}
	start := p.start
	p.next()
	switch {
	case p.kind == quoted:
		l.Text = p.takeWord()
	case p.kind == word && lookupClause(p.text()) == clNone:
		d := p.fail(CodeSyntax, p.start, p.end, "the text of %q is not quoted", "log").
			Helpf(`log "TEXT"`)
		d.Fixes = []diag.Fix{{
			Title: "quote it",
			Edits: []diag.Edit{{Span: p.span(p.start, p.end), Text: `"` + p.text() + `"`}},
		}}
	}
	l.Span = p.span(start, p.prevEnd)
	return l
}

// logRefused reads what follows log as a statement.
func (p *parser) logRefused(start int) ast.Stmt {
	s := &ast.LogRefused{}
	if !p.isKeyword("refused") {
		p.fail(CodeSyntax, p.start, p.end, `expected "refused" behind "log", found %s`, p.found()).
			Helpf("%s; what one statement allows or denies is logged by its own clause: allow TRAFFIC log", statements[kwLog].form)
	} else {
		p.next()
		if p.isKeyword("limit") {
			s.Limit = p.limit()
		}
	}
	p.finish(&s.Meta, start, kwLog)
	return s
}

// publish reads `publish TRAFFIC, … to ENDPOINT, …`.
func (p *parser) publish(start int) ast.Stmt {
	s := &ast.Publish{}
	s.Traffic = p.trafficList(kwPublish)
	switch {
	case p.bad:
	case p.isKeyword("to"):
		p.next()
		s.To = p.wordList(kwNone, "an address with its port")
	default:
		p.fail(CodeSyntax, p.start, p.end, `expected "to", found %s`, p.found()).
			Helpf("%s", statements[kwPublish].form)
	}
	p.finish(&s.Meta, start, kwPublish)
	return s
}

// masquerade reads `masquerade on ZONE, … [from NET, …]`.
func (p *parser) masquerade(start int) ast.Stmt {
	s := &ast.Masquerade{}
	for !p.bad && p.kind == word {
		w := p.text()
		if lookupClause(w) == clNone {
			if near := diag.Nearest(w, masqueradeWords[:]); near != "" {
				p.misspelt("clause", masqueradeWords[:])
				p.bad = false
				w = near
			}
		}
		switch lookupClause(w) {
		case clOn:
			p.listClause(&s.On, clOn, "a zone or an interface")
			continue
		case clFrom:
			p.listClause(&s.From, clFrom, "an address or a net")
			continue
		}
		break
	}
	if s.On == nil {
		p.fail(CodeSyntax, p.start, p.end, `expected "on", found %s`, p.found()).
			Helpf("%s", statements[kwMasquerade].form)
	}
	p.finish(&s.Meta, start, kwMasquerade)
	return s
}

// masqueradeWords are the clauses of masquerade.
var masqueradeWords = [...]string{"on", "from"}

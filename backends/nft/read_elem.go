package nft

import (
	tree "github.com/loward/loward/backends/nft/internal/syntax"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// elemData is what the elements of a set or map have besides their keys.
type elemData struct {
	verdicts bool
	objects  bool
	kinds    []kind // of a data map
}

// elemSet: nothing.
var elemSet = elemData{}

func (s *State) kindsOf(key []ruleset.Expr) []kind {
	kinds := make([]kind, len(key))
	for i, e := range key {
		kinds[i] = s.kindOf(e)
	}
	return kinds
}

// elements of an anonymous set or map, or of a command.
func (s *State) elements(x *tree.Expr, kinds []kind, into []ruleset.Elem, data elemData) []ruleset.Elem {
	for _, a := range x.Args {
		if a.Kind == tree.XSet {
			into = s.elements(a, kinds, into, data)
			continue
		}
		errors := s.l.Errors()
		e, ok := s.element(a, kinds, data)
		if !ok && s.l.Errors() == errors {
			// Nothing is wrong with it, and what it is can't be known.
			e, ok = unknownElem(a, kinds, data), true
		}
		if ok {
			into = append(into, e)
		}
	}
	return into
}

// unknownElem is an element of which neither the key nor the value is known.
func unknownElem(x *tree.Expr, kinds []kind, data elemData) ruleset.Elem {
	e := ruleset.Elem{Origin: origin(x.Span)}
	t := ruleset.UnknownTerm(e.Origin.Text())
	for range kinds {
		e.Key = append(e.Key, t)
	}
	for range data.kinds {
		e.Data = append(e.Data, t)
	}
	if data.verdicts {
		e.Verdict = &ruleset.Verdict{Kind: ruleset.VerdictContinue}
	}
	return e
}

func (s *State) element(x *tree.Expr, kinds []kind, data elemData) (e ruleset.Elem, ok bool) {
	e.Origin = origin(x.Span)
	keyed := x
	if x.Kind == tree.XElem && x.Elem != nil {
		keyed = x.Elem.Key
		e.Comment = x.Elem.Comment
		e.Timeout, e.Expires = milli(x.Elem.Timeout), milli(x.Elem.Expires)
		for _, st := range x.Elem.Stmts {
			e.Stmts = append(e.Stmts, s.stateful(st))
		}
	}
	if keyed.Kind == tree.XStar {
		e.Any, ok = true, true
	} else {
		e.Key, ok = s.key(keyed, kinds)
	}
	if !ok {
		return e, false
	}
	mapped := data.verdicts || data.objects || data.kinds != nil
	var value *tree.Expr
	if x.Kind == tree.XElem && x.Elem != nil {
		value = x.Elem.Data
	}
	switch {
	case value == nil && mapped:
		s.refuse(x.Span, "this element of a map has no value").Helpf("write key : value")
		return e, false
	case value != nil && !mapped:
		s.refuse(value.Span, "an element of a set has no value").Helpf("only a map has them")
		return e, false
	case data.verdicts:
		if e.Verdict = s.verdict(value); e.Verdict == nil {
			return e, false
		}
	case data.objects:
		e.Object = textOf(value)
	case data.kinds != nil:
		e.Data, ok = s.key(value, data.kinds)
	}
	return e, ok
}

// key of an element: a value for each part.
func (s *State) key(x *tree.Expr, kinds []kind) ([]ruleset.Term, bool) {
	if len(kinds) == 1 && x.Kind != tree.XConcat {
		t, ok := s.value(x, kinds[0])
		return s.slabs.one(t), ok
	}
	if ruleset.HasUnknown(x.Text) && x.Kind == tree.XSymbol {
		terms := make([]ruleset.Term, len(kinds))
		for i := range terms {
			terms[i] = ruleset.UnknownTerm(x.Text)
		}
		return terms, true
	}
	if x.Kind != tree.XConcat || len(x.Args) != len(kinds) {
		n := 1
		if x.Kind == tree.XConcat {
			n = len(x.Args)
		}
		s.refuse(x.Span, "a key of %d parts is expected here, not %d", len(kinds), n)
		return nil, false
	}
	terms := make([]ruleset.Term, len(kinds))
	good := true
	for i, a := range x.Args {
		t, ok := s.value(a, kinds[i])
		terms[i], good = t, good && ok
	}
	return terms, good
}

// verdict reads a verdict.
func (s *State) verdict(x *tree.Expr) *ruleset.Verdict {
	if x.Kind != tree.XVerdict {
		if ruleset.HasUnknown(x.Text) {
			s.l.Warnf(x.Span, "which verdict this is can't be known").WithCode(ruleset.CodeUnknown)
			return nil
		}
		s.refuse(x.Span, "a verdict is expected here").Helpf("accept, drop, continue, return, jump CHAIN or goto CHAIN")
		return nil
	}
	switch x.Text {
	case "accept":
		return ruleset.Accept
	case "drop":
		return ruleset.Drop
	case "return":
		return ruleset.Return
	case "continue":
		return &ruleset.Verdict{Kind: ruleset.VerdictContinue}
	case "queue":
		return &ruleset.Verdict{Kind: ruleset.VerdictQueue}
	}
	v := &ruleset.Verdict{Kind: ruleset.VerdictJump}
	if x.Text == "goto" {
		v.Kind = ruleset.VerdictGoto
	}
	if x.Rules != nil {
		v.Inline = s.inline(x.Rules)
		return v
	}
	if len(x.Args) == 0 {
		return nil
	}
	v.Chain = textOf(x.Args[0])
	if t := s.rule.table; t != nil && !ruleset.HasUnknown(x.Args[0].Text) {
		c := t.chains[v.Chain]
		switch {
		case c == nil:
			s.missing(x.Args[0].Span, "chain", v.Chain, t.chainNames)
		case c.c.Base != nil:
			s.refuse(x.Args[0].Span, "%s is a base chain: nothing can jump to it", v.Chain).See(c.c.Origin, "the chain")
		}
	}
	return v
}

// inline reads the rules of a chain without a name.
func (s *State) inline(rules []*tree.Rule) []*ruleset.Rule {
	if s.rule.depth++; s.rule.depth > maxExpr {
		s.rule.depth--
		return nil
	}
	body, p := s.rule.body, s.rule.proto
	out := make([]*ruleset.Rule, 0, len(rules))
	for _, r := range rules {
		// What the rule around it has settled does not count within it.
		s.rule.body = nil
		s.rule.begin(s.rule.family)
		out = append(out, s.statements(r))
	}
	s.rule.body, s.rule.proto = body, p
	s.rule.depth--
	return out
}

// maxGuesses is how often a name that could be meant is looked for: that takes a
// look at all names.
const maxGuesses = 200

// missing says that a name is declared nowhere; known gives those that are.
func (s *State) missing(at diag.Span, what, name string, known func() []string) {
	d := s.refuse(at, "No such file or directory: there is no %s %s", what, name)
	if known == nil || s.guesses >= maxGuesses {
		return
	}
	s.guesses++
	if near := diagNearest(name, known()); near != "" {
		d.Helpf("did you mean %s?", near)
	}
}

// mapExpr reads what a map holds; like is what the value is used for, if known.
func (s *State) mapExpr(x *tree.Expr, like []ruleset.Expr) ruleset.Expr {
	key := s.expr(x.Args[0])
	if key == nil {
		return nil
	}
	m := &ruleset.MapExpr{Key: keys(key), Data: like}
	to := x.Args[1]
	if to.Kind == tree.XSetRef {
		m.Map = textOf(to)
		if set := s.findSet(to, to.Text); set != nil {
			if set.Data == nil && set.Objects == nil {
				s.refuse(to.Span, "%s is no map to values", set.Name).See(set.Origin, "the set")
			}
			m.Data = set.Data
			s.sameTypes(to, m.Key, set)
		}
		return m
	}
	if to.Kind != tree.XSet {
		s.refuse(to.Span, "a map is expected here")
		return nil
	}
	data := elemData{kinds: s.kindsOf(like)}
	if like == nil {
		data.kinds = []kind{{width: 32}}
	}
	m.Elems = s.elements(to, s.kindsOf(m.Key), nil, data)
	s.overlap(m.Elems)
	return m
}

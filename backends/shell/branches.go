package shell

import (
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"

	"github.com/loward/loward/compiler/ruleset"
)

// ifClause takes the branch whose condition holds.
func (r *runner) ifClause(c *syntax.IfClause, io streams) {
	for c != nil {
		if len(c.Cond) > 0 { // an else has none
			quiet := io
			quiet.quiet = true
			r.stmts(c.Cond, quiet)
			if r.stopped || r.flow != onward {
				return
			}
		} else {
			r.status = success
		}
		switch {
		case r.aside > 0 || r.status == undecided:
			r.undecidedIf(c, io)
			return
		case r.status == success:
			r.stmts(c.Then, io)
			r.unread2(c.Else)
			return
		}
		r.unreadAll(c.Then)
		c = c.Else
	}
	r.status = success
}

// undecidedIf reads both branches. The first is taken, unless only the other one
// touches any rules.
func (r *runner) undecidedIf(c *syntax.IfClause, io streams) {
	if r.aside > 0 {
		r.stmts(c.Then, io)
		r.flow = onward
		if c.Else != nil {
			r.ifClause(c.Else, io)
		}
		return
	}
	then := r.touchesAny(c.Then) || c.Else == nil || !r.touches(c.Else)
	if r.touchesAny(c.Then) || c.Else != nil && r.touches(c.Else) {
		holds := map[bool]string{true: "holds", false: "does not hold"}[then]
		r.once(r.span(c).File.Span(r.span(c).Start, r.span(c).Start+2), ruleset.CodeBranch,
			"whether this holds can't be known: read as if it %s; the other branch is read, not applied", holds)
	}
	if then {
		r.perhaps(func() { r.stmts(c.Then, io) })
		r.unread2(c.Else)
	} else {
		r.unreadAll(c.Then)
		r.perhaps(func() { r.ifClause(c.Else, io) })
	}
	r.status = undecided
}

func (r *runner) unread2(c *syntax.IfClause) {
	if c != nil {
		r.unread(c)
	}
}

func (r *runner) unreadAll(list []*syntax.Stmt) {
	for _, s := range list {
		r.unread(s)
	}
}

// while runs its body as often as the condition is known to hold; once, where
// that can't be known.
func (r *runner) while(c *syntax.WhileClause, io streams) {
	quiet := io
	quiet.quiet = true
	for round := 0; ; round++ {
		if round > maxLoop {
			r.stop(r.span(c), "a loop of too many rounds")
		}
		r.stmts(c.Cond, quiet)
		if r.stopped || r.flow != onward {
			return
		}
		switch {
		case r.status == undecided || r.aside > 0:
			r.once(r.at1(c.WhilePos), ruleset.CodeBranch, "how often this runs can't be known: its body is read once")
			r.perhaps(func() { r.stmts(c.Do, io) })
			r.status = undecided
			return
		case (r.status == success) == c.Until:
			if round == 0 {
				r.unreadAll(c.Do)
			}
			r.status = success
			return
		}
		r.stmts(c.Do, io)
		if r.stopped || r.leaves() {
			return
		}
	}
}

// leaves says whether a round's break, continue, return or exit ends the loop.
func (r *runner) leaves() bool {
	switch r.flow {
	case onward:
		return false
	case breaking, continuing:
		if r.levels--; r.levels > 0 {
			return true
		}
		out := r.flow == breaking
		r.flow = onward
		return out
	}
	return true
}

func (r *runner) forClause(c *syntax.ForClause, io streams) {
	switch loop := c.Loop.(type) {
	case *syntax.WordIter:
		r.each(c, loop, io)
	case *syntax.CStyleLoop:
		r.counting(c, loop, io)
	}
}

func (r *runner) each(c *syntax.ForClause, loop *syntax.WordIter, io streams) {
	var values []field
	if loop.InPos.IsValid() || len(loop.Items) > 0 {
		values = r.fields(loop.Items)
	} else {
		v := environ{r}.Get("@")
		for _, s := range v.List {
			values = append(values, field{text: s})
		}
	}
	r.status = success
	if len(values) == 0 {
		r.unreadAll(c.Do)
	}
	for _, v := range values {
		if c.Select {
			v.text = r.unknown("$"+loop.Name.Value, r.span(loop), "somebody chooses it")
		}
		r.scope.set(loop.Name.Value, plain(v.text))
		if c.Select || !known(v.text) && loneMark(v.text) {
			r.perhaps(func() { r.stmts(c.Do, io) })
		} else {
			r.stmts(c.Do, io)
		}
		if r.stopped || r.leaves() || c.Select {
			return
		}
	}
}

// loneMark says whether a value is nothing but something unknown, which may stand
// for any number of words.
func loneMark(s string) bool {
	return strings.HasPrefix(s, string(markOpen)) && strings.HasSuffix(s, string(markClose)) && strings.Count(s, string(markOpen)) == 1
}

func (r *runner) counting(c *syntax.ForClause, loop *syntax.CStyleLoop, io streams) {
	if loop.Init != nil {
		r.arithmetic(loop.Init)
	}
	for round := 0; ; round++ {
		if round > maxLoop {
			r.stop(r.span(c), "a loop of too many rounds")
		}
		st := success
		if loop.Cond != nil {
			st = r.arithmetic(loop.Cond)
		}
		switch {
		case r.stopped:
			return
		case st == undecided || r.aside > 0:
			r.perhaps(func() { r.stmts(c.Do, io) })
			return
		case st != success:
			r.status = success
			return
		}
		r.stmts(c.Do, io)
		if r.stopped || r.leaves() {
			return
		}
		if loop.Post != nil {
			r.arithmetic(loop.Post)
		}
	}
}

// arithmetic evaluates an expression as (( )) does: success where it is not zero.
func (r *runner) arithmetic(x syntax.ArithmExpr) status {
	if !r.calculable(x) {
		r.forget(x)
		return undecided
	}
	n, err := expand.Arithm(r.config(), x)
	switch {
	case err != nil:
		return failure
	case n != 0:
		return success
	}
	return failure
}

// forget makes what an expression assigns unknown.
func (r *runner) forget(x syntax.ArithmExpr) {
	syntax.Walk(x, func(n syntax.Node) bool {
		if w := target(n); w != nil {
			r.scope.set(w.Lit(), plain(r.unknown("$"+w.Lit(), r.span(w), "it is calculated from something unknown")))
		}
		return true
	})
}

// caseClause takes the clause that the word matches. Of a word that can't be
// known, the clause for "start" is taken; where there is none, the first that
// touches rules, the default before all others.
func (r *runner) caseClause(c *syntax.CaseClause, io streams) {
	value := r.literal(c.Word)
	chosen, sure := -1, true
	if known(value) && r.aside == 0 {
		chosen = r.matching(c, value)
	} else {
		sure = false
		chosen = r.likely(c)
	}
	r.status = success
	if !sure && r.aside == 0 && r.touches(c) {
		what := "none of its clauses is applied"
		if chosen >= 0 {
			what = "the clause " + r.patterns(c.Items[chosen]) + " is applied"
		}
		r.once(r.span(c.Word), ruleset.CodeBranch, "%s can't be known: %s, the others are read", r.source(c.Word), what)
	}
	for i, item := range c.Items {
		switch {
		case r.aside > 0:
			r.stmts(item.Stmts, io)
			r.flow = onward
		case i != chosen:
			r.unread(item)
		case sure:
			r.stmts(item.Stmts, io)
			switch {
			case item.Op == syntax.Fallthrough && i+1 < len(c.Items):
				chosen++
			case item.Op == syntax.Resume:
				chosen = r.matchingFrom(c, value, i+1)
			}
		default:
			r.perhaps(func() { r.stmts(item.Stmts, io) })
		}
	}
}

func (r *runner) patterns(item *syntax.CaseItem) string {
	first, last := r.span(item.Patterns[0]), r.span(item.Patterns[len(item.Patterns)-1])
	return first.Join(last).Text() + ")"
}

func (r *runner) matching(c *syntax.CaseClause, value string) int { return r.matchingFrom(c, value, 0) }

// matchingFrom is the first clause from there on that matches, or -1.
func (r *runner) matchingFrom(c *syntax.CaseClause, value string, from int) int {
	for i, item := range c.Items {
		if i < from {
			continue
		}
		for _, p := range item.Patterns {
			if r.matches(p, value) {
				return i
			}
		}
	}
	return -1
}

// matches says whether a value matches a shell pattern.
func (r *runner) matches(p *syntax.Word, value string) bool {
	s, err := expand.Pattern(r.config(), r.prepare(p))
	if err != nil || len(s) > maxReplaced {
		return false
	}
	re, err := pattern.Regexp(s, pattern.EntireString)
	return err == nil && compiled(re, value)
}

// likely chooses a clause of a word that can't be known.
func (r *runner) likely(c *syntax.CaseClause) int {
	for _, word := range []string{"start", "restart", "reload", "up", "enable", "on"} {
		for i, item := range c.Items {
			for _, p := range item.Patterns {
				if p.Lit() == word || strings.Trim(r.source(p), `"'`) == word {
					return i
				}
			}
		}
	}
	first := -1
	for i, item := range c.Items {
		if !r.touches(item) {
			continue
		}
		if item.Patterns[0].Lit() == "*" {
			return i
		}
		if first < 0 {
			first = i
		}
	}
	return first
}

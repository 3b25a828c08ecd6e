package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// streams are what a command reads and writes.
type streams struct {
	in  *input
	out *output // nil: nobody reads it
	// quiet: its complaints are thrown away, or its failure is expected.
	quiet bool
}

// input is what a command reads; nil is unknown.
type input struct {
	text text
	rest string // what read has left
	read bool   // rest is valid
}

// output gathers what a command writes.
type output struct {
	r       *runner
	text    text
	size    int
	unknown string // why, where a part of it is unknown
}

func (o *output) write(s string, at diag.Span) {
	if o == nil || s == "" {
		return
	}
	if o.size += len(s); o.size > maxOutput {
		o.r.stop(at, "a command writes too much")
		return
	}
	o.r.bytes += len(s)
	o.text = append(o.text, diag.Part{Text: s, From: at})
}

// other notes output that can't be known.
func (o *output) other(source string, at diag.Span, why string) {
	if o == nil {
		return
	}
	o.unknown = why
	o.write(o.r.unknown(source, at, ""), at)
}

// stmts runs statements one after the other. What stands behind the end of a
// function or script is read, not applied.
func (r *runner) stmts(list []*syntax.Stmt, io streams) {
	for i, s := range list {
		if r.stopped {
			return
		}
		if r.flow != onward {
			if r.flow >= returning && r.aside == 0 {
				for _, s := range list[i:] {
					r.unread(s)
				}
			}
			return
		}
		r.stmt(s, io)
		if r.options.errexit && r.status > success && r.flow == onward && !io.quiet && simple(s) {
			r.flow = exiting
		}
	}
}

// simple says whether the failure of a statement ends a script under set -e.
// Statements within others have been asked themselves.
func simple(s *syntax.Stmt) bool {
	if s.Negated || s.Background {
		return false
	}
	switch s.Cmd.(type) {
	case *syntax.CallExpr, *syntax.TestClause, *syntax.ArithmCmd, *syntax.Subshell:
		return true
	}
	b, ok := s.Cmd.(*syntax.BinaryCmd)
	return ok && pipes(b.Op)
}

func (r *runner) stmt(s *syntax.Stmt, io streams) {
	at := r.span(s)
	if !r.step(at) {
		return
	}
	if s.Cmd == nil {
		r.redirect(s.Redirs, &io)
		return
	}
	saved := r.at
	r.at = at
	finish := r.redirect(s.Redirs, &io)
	if s.Negated {
		io.quiet = true
	}
	if s.Background { // a process of its own
		r.subshell(func() { r.command(s.Cmd, io) })
		r.status = success
	} else {
		r.command(s.Cmd, io)
	}
	finish()
	if s.Negated && r.status != undecided {
		if r.status == success {
			r.status = failure
		} else {
			r.status = success
		}
	}
	r.at = saved
}

func (r *runner) command(c syntax.Command, io streams) {
	switch c := c.(type) {
	case *syntax.CallExpr:
		r.call(c, io)
	case *syntax.Block:
		r.stmts(c.Stmts, io)
	case *syntax.Subshell:
		r.subshell(func() { r.stmts(c.Stmts, io) })
	case *syntax.BinaryCmd:
		r.binary(c, io)
	case *syntax.IfClause:
		r.ifClause(c, io)
	case *syntax.WhileClause:
		r.while(c, io)
	case *syntax.ForClause:
		r.forClause(c, io)
	case *syntax.CaseClause:
		r.caseClause(c, io)
	case *syntax.FuncDecl:
		if c.Name != nil && r.aside == 0 {
			r.funcs[c.Name.Value], r.from[c] = c, r.file
		}
		r.status = success
	case *syntax.DeclClause:
		r.declare(c)
	case *syntax.TestClause:
		r.status = r.testExpr(c.X)
	case *syntax.ArithmCmd:
		r.status = r.arithmetic(c.X)
	case *syntax.LetClause:
		for _, x := range c.Exprs {
			r.status = r.arithmetic(x)
		}
	case *syntax.TimeClause:
		if c.Stmt != nil {
			r.stmt(c.Stmt, io)
		}
	case *syntax.CoprocClause:
		r.stmt(c.Stmt, io)
	default:
		r.list.Warnf(r.span(c), "read, not modelled: %s", firstLine(r.source(c))).WithCode(ruleset.CodeOpaque)
		r.status = undecided
	}
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// subshell runs something whose assignments and exits stay inside.
func (r *runner) subshell(run func()) {
	if r.depth++; r.depth > maxDepth {
		r.stop(r.at, "commands nested too deeply")
	}
	outer, params, was := r.scope, r.params, r.flow
	r.scope = &scope{outer: outer, wall: true}
	run()
	r.scope, r.params, r.flow = outer, params, was
	r.depth--
}

// binary runs a && b, a || b and a | b. Chains lean to the left and can be long.
func (r *runner) binary(c *syntax.BinaryCmd, io streams) {
	chain := []*syntax.BinaryCmd{c}
	for {
		left, ok := c.X.Cmd.(*syntax.BinaryCmd)
		if !ok || len(c.X.Redirs) > 0 || c.X.Negated || pipes(left.Op) != pipes(c.Op) {
			break
		}
		chain = append(chain, left)
		c = left
	}
	last := chain[0]
	if pipes(c.Op) {
		r.pipe(c, chain, io)
		return
	}
	left := io
	left.quiet = left.quiet || c.Op == syntax.OrStmt
	r.stmt(c.X, left)
	for i := len(chain) - 1; i >= 0 && !r.stopped && r.flow == onward; i-- {
		b := chain[i]
		right := io
		right.quiet = right.quiet || b != last && chain[i-1].Op == syntax.OrStmt
		r.andOr(b, right)
	}
}

func pipes(op syntax.BinCmdOperator) bool { return op == syntax.Pipe || op == syntax.PipeAll }

// andOr runs the right side of && or ||, given the status of the left one.
func (r *runner) andOr(b *syntax.BinaryCmd, io streams) {
	and := b.Op == syntax.AndStmt
	switch {
	case r.status == undecided && and:
		r.unsure(b, "applied")
		r.perhaps(func() { r.stmt(b.Y, io) })
		r.status = undecided
	case r.status == undecided && r.touches(b.Y) && !r.touches(b.X):
		r.unsure(b, "applied")
		r.perhaps(func() { r.stmt(b.Y, io) })
	case r.status == undecided:
		r.unsure(b, "not applied")
		r.unread(b.Y)
	case (r.status == success) == and:
		r.stmt(b.Y, io)
	default:
		was := r.status
		r.unread(b.Y)
		r.status = was
	}
}

// unsure says what becomes of the right side of && or || where nobody can know.
func (r *runner) unsure(b *syntax.BinaryCmd, done string) {
	if at := int(b.OpPos.Offset()); r.aside == 0 && r.touches(b.Y) && b.OpPos.IsValid() && at+2 <= len(r.file.Data) {
		r.once(r.file.Span(at, at+2), ruleset.CodeBranch, "whether what follows runs can't be known: it is read, and %s", done)
	}
}

// pipe runs a | b | c, each in a subshell.
func (r *runner) pipe(first *syntax.BinaryCmd, chain []*syntax.BinaryCmd, io streams) {
	in := io.in
	stages := []*syntax.Stmt{first.X}
	for i := len(chain) - 1; i >= 0; i-- {
		stages = append(stages, chain[i].Y)
	}
	worst := success
	for i, s := range stages {
		stage := streams{in: in, out: &output{r: r}, quiet: io.quiet}
		if i == len(stages)-1 {
			stage.out = io.out
		}
		r.subshell(func() { r.stmt(s, stage) })
		if r.status != success && worst != undecided {
			worst = r.status
		}
		if i < len(stages)-1 {
			in = &input{text: stage.out.text}
		}
	}
	if r.options.pipefail {
		r.status = worst
	}
}

// perhaps runs what may or may not run: it takes part in the result, and whatever
// would end the script there does not.
func (r *runner) perhaps(run func()) {
	r.maybe++
	run()
	r.maybe--
	r.flow, r.levels = onward, 0
}

// unread reads a branch that is not taken, once: its mistakes are told, its
// commands become Steps, and nothing of it is applied.
func (r *runner) unread(n syntax.Node) {
	if n == nil || r.seen[n] || !r.touches(n) {
		return
	}
	r.seen[n] = true
	outer, params, st, fl, levels, at := r.scope, r.params, r.status, r.flow, r.levels, r.at
	r.scope, r.flow, r.levels = &scope{outer: outer, wall: true}, onward, 0
	r.aside++
	switch n := n.(type) {
	case *syntax.Stmt:
		r.stmt(n, streams{quiet: true})
	case *syntax.CaseItem:
		r.stmts(n.Stmts, streams{quiet: true})
	case *syntax.IfClause:
		r.ifClause(n, streams{quiet: true})
	}
	r.aside--
	r.scope, r.params, r.status, r.flow, r.levels, r.at = outer, params, st, fl, levels, at
}

package shell

import (
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// field is an argument of a command and the word that it came from.
type field struct {
	text string
	span diag.Span
	// bare: nothing but one unquoted variable that the script never sets.
	bare bool
}

// config of package expand: nothing of the machine is looked at.
func (r *runner) config() *expand.Config {
	return &expand.Config{Env: environ{r}, CmdSubst: r.cmdSubst, ProcSubst: func(p *syntax.ProcSubst) (string, error) {
		return r.unknown(r.source(p), r.span(p), "it is a command's output"), nil
	}}
}

// fields expands the words of a command.
func (r *runner) fields(words []*syntax.Word) []field {
	var out []field
	for _, w := range words {
		at := r.span(w)
		bare := r.bare(w)
		n := 0
		for part, err := range r.braces(w) {
			if n++; err != nil || n > maxFields {
				r.stop(at, "a brace expansion of too many words")
				break
			}
			if !r.step(at) {
				return out
			}
			ready := r.prepare(part)
			texts, err := expand.Fields(r.config(), ready)
			if err != nil {
				texts = []string{r.unknown(r.source(w), at, "it can't be expanded: "+err.Error())}
			}
			for _, t := range texts {
				out = append(out, field{r.bounded(t, at), at, bare})
			}
			if len(out) > maxFields {
				r.stop(at, "a command of too many words")
				return out
			}
		}
	}
	return out
}

// braces are the words that {a,b} makes of one, in shells that know it.
func (r *runner) braces(w *syntax.Word) iter.Seq2[*syntax.Word, error] {
	if r.options.noBraces {
		plain := &syntax.Word{Parts: slices.Clone(w.Parts)}
		for i, p := range plain.Parts {
			if l, ok := p.(*syntax.Lit); ok && strings.Contains(l.Value, "{") {
				plain.Parts[i] = &syntax.Lit{ValuePos: l.ValuePos, ValueEnd: l.ValueEnd, Value: strings.ReplaceAll(l.Value, "{", `\{`)}
			}
		}
		return func(yield func(*syntax.Word, error) bool) { yield(plain, nil) }
	}
	return expand.BracesSeq(nil, w)
}

// literal expands a word to one value, as in an assignment.
func (r *runner) literal(w *syntax.Word) string {
	if w == nil {
		return ""
	}
	s, err := expand.Literal(r.config(), r.prepare(w))
	if err != nil {
		return r.unknown(r.source(w), r.span(w), "it can't be expanded: "+err.Error())
	}
	return r.bounded(s, r.span(w))
}

// document expands a piece of a here-document.
func (r *runner) document(w *syntax.Word) string {
	s, err := expand.Document(r.config(), r.prepare(w))
	if err != nil {
		return r.unknown(r.source(w), r.span(w), "it can't be expanded: "+err.Error())
	}
	return r.bounded(s, r.span(w))
}

// bounded keeps values from growing without end.
func (r *runner) bounded(s string, at diag.Span) string {
	if len(s) > maxValue {
		return r.unknown(at.Text(), at, "it grows too long")
	}
	r.bytes += len(s)
	return s
}

// bare says whether a word is one unquoted variable which nothing in the script
// sets.
func (r *runner) bare(w *syntax.Word) bool {
	if len(w.Parts) != 1 {
		return false
	}
	p, ok := w.Parts[0].(*syntax.ParamExp)
	if !ok || p.Param == nil || p.Exp != nil || p.Length || p.Excl {
		return false
	}
	_, set := r.scope.get(p.Param.Value)
	return !set && syntax.ValidName(p.Param.Value)
}

// prepare replaces the parts of a word that depend on something unknown in a way
// that package expand could not see, and those that would grow without bound.
func (r *runner) prepare(w *syntax.Word) *syntax.Word {
	r.defaulted = false
	total := 0
	parts := r.parts(w.Parts, &total)
	if total > maxValue {
		at := r.span(w)
		return word(r.unknown(at.Text(), at, "it grows too long"))
	}
	return &syntax.Word{Parts: parts}
}

func word(s string) *syntax.Word {
	return &syntax.Word{Parts: []syntax.WordPart{&syntax.SglQuoted{Value: s}}}
}

func (r *runner) parts(parts []syntax.WordPart, total *int) []syntax.WordPart {
	out := make([]syntax.WordPart, len(parts))
	for i, p := range parts {
		out[i] = p
		switch p := p.(type) {
		case *syntax.DblQuoted:
			out[i] = &syntax.DblQuoted{Dollar: p.Dollar, Parts: r.parts(p.Parts, total)}
		case *syntax.ArithmExp:
			decimals(p.X)
			if !r.calculable(p.X) {
				out[i] = r.mark(p, "it is calculated from something unknown")
			}
		case *syntax.ParamExp:
			out[i] = r.param1(p, total)
		}
	}
	return out
}

// mark is a word part that stands for something unknown.
func (r *runner) mark(n syntax.Node, why string) syntax.WordPart {
	return &syntax.Lit{Value: r.unknown(r.source(n), r.span(n), why)}
}

// param1 checks one parameter expansion.
func (r *runner) param1(p *syntax.ParamExp, total *int) syntax.WordPart {
	if p.Param == nil {
		return r.mark(p, "an expansion that is not understood")
	}
	name := p.Param.Value
	if v, gone := r.scope.get(name); r.options.nounset && gone && !v.Set && p.Exp == nil && r.aside == 0 && r.maybe == 0 {
		r.status, r.flow = failure, exiting // set -u: the script ends
		return nothing()
	}
	plainUse := p.Exp == nil && p.Repl == nil && p.Slice == nil && !p.Length && !p.Excl && p.Names == 0 && !p.Width
	if v, _ := r.scope.get(name); v.Kind == expand.Associative && p.Index != nil {
		return r.keyed(p, v)
	}
	if p.Index != nil && !r.calculable(p.Index) {
		return r.mark(p, "its index is unknown")
	}
	if p.Names != 0 || p.Width || len(p.Modifiers) > 0 {
		return r.mark(p, "an expansion that is not understood")
	}
	if p.Exp != nil {
		switch p.Exp.Op {
		case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull,
			syntax.AlternateUnset, syntax.AlternateUnsetOrNull, syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
			return r.defaultOf(p, name, total)
		}
	}
	value := r.whole(name)
	*total += len(value)
	if plainUse {
		return p
	}
	if p.Excl || !known(value) {
		keys := p.Excl && p.Index != nil && (r.source(p.Index) == "@" || r.source(p.Index) == "*")
		if p.Excl && known(value) && (keys || syntax.ValidName(value) && known(r.whole(value))) {
			return p
		}
		return r.mark(p, "it is made of something unknown")
	}
	if p.Repl != nil {
		if part, ok := r.anchored(p, value); ok {
			return part
		}
	}
	if p.Repl != nil && (len(value) > maxReplaced || p.Repl.With != nil && len(r.literal(p.Repl.With)) > maxReplaced) {
		return r.mark(p, "it grows too long")
	}
	return p
}

// whole is everything a variable holds, in one string.
func (r *runner) whole(name string) string {
	v := environ{r}.Get(name)
	switch v.Kind {
	case expand.Indexed:
		return strings.Join(v.List, " ")
	case expand.Associative:
		var b strings.Builder
		for k, s := range v.Map {
			b.WriteString(k + s)
		}
		return b.String()
	}
	return v.Str
}

// defaultOf reads ${x:-y} and its like. Of what the script never sets, the
// default is taken, and said so.
func (r *runner) defaultOf(p *syntax.ParamExp, name string, total *int) syntax.WordPart {
	r.defaulted = true
	v := environ{r}.Get(name)
	r.defaulted = false
	orNull := false
	switch p.Exp.Op {
	case syntax.DefaultUnsetOrNull, syntax.AssignUnsetOrNull, syntax.AlternateUnsetOrNull, syntax.ErrorUnsetOrNull:
		orNull = true
	}
	set := v.Set && (!orNull || r.nonEmpty(v))
	switch op := p.Exp.Op; op {
	case syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
		if set && p.Exp.Word != nil {
			return r.instead(p.Exp.Word, total)
		}
		return nothing()
	case syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		switch {
		case set:
		case (v.Set || r.assigned[name]) && r.aside == 0 && r.maybe == 0:
			r.status, r.flow = failure, exiting // it is empty: the script ends
			return nothing()
		default:
			return r.mark(p, "the script ends where it is not set")
		}
	default:
		if set {
			break
		}
		if !v.Set && !r.assigned[name] && (syntax.ValidName(name) || r.params == nil) {
			r.once(r.span(p), ruleset.CodeUnknown, "%s may come from outside: its default is taken", r.source(p))
		}
		if p.Exp.Word == nil {
			return nothing()
		}
		if op == syntax.AssignUnset || op == syntax.AssignUnsetOrNull {
			r.scope.set(name, plain(r.literal(p.Exp.Word)))
		}
		return r.instead(p.Exp.Word, total)
	}
	value := r.whole(name)
	*total += len(value)
	return &syntax.ParamExp{Param: p.Param, Short: true, Index: p.Index}
}

// unset is the name of a variable that no script has.
const unset = "_loward_unset"

// nothing is an expansion to nothing: unquoted, it is no word at all.
func nothing() syntax.WordPart {
	return &syntax.ParamExp{Param: &syntax.Lit{Value: unset}, Short: true}
}

// instead is what stands in the place of a value: an expansion of its own, which
// is split where the word that it stands in is.
func (r *runner) instead(w *syntax.Word, total *int) syntax.WordPart {
	inner := r.parts(w.Parts, total)
	if len(inner) == 1 {
		if _, lit := inner[0].(*syntax.Lit); !lit {
			return inner[0]
		}
	}
	return &syntax.ParamExp{Param: &syntax.Lit{Value: unset}, Exp: &syntax.Expansion{Op: syntax.DefaultUnset, Word: &syntax.Word{Parts: inner}}}
}

// keyed is an element of an array that is looked up by words.
func (r *runner) keyed(p *syntax.ParamExp, v expand.Variable) syntax.WordPart {
	index, ok := p.Index.(*syntax.Word)
	if !ok || p.Exp != nil || p.Repl != nil || p.Slice != nil || p.Excl {
		return r.mark(p, "an expansion that is not understood")
	}
	if key := r.source(index); key == "@" || key == "*" {
		if known(r.whole(p.Param.Value)) {
			return p
		}
		return r.mark(p, "it is made of something unknown")
	}
	key := r.literal(index)
	value, set := v.Map[key]
	switch {
	case !known(key):
		return r.mark(p, "its index is unknown")
	case !set:
		return nothing()
	case p.Length:
		return &syntax.Lit{Value: strconv.Itoa(len([]rune(value)))}
	}
	// Quoted or not: what is looked up is split as any other value.
	return &syntax.ParamExp{Param: &syntax.Lit{Value: unset}, Exp: &syntax.Expansion{Op: syntax.DefaultUnset, Word: word(value)}}
}

func (r *runner) nonEmpty(v expand.Variable) bool {
	return v.Kind != expand.String && len(v.List)+len(v.Map) > 0 || v.Str != ""
}

// calculable says whether every variable in an arithmetic expression is known.
func (r *runner) calculable(x syntax.ArithmExpr) bool {
	ok := true
	syntax.Walk(x, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CmdSubst:
			ok = false
		case *syntax.ParamExp:
			if n.Param == nil || !known(r.whole(n.Param.Value)) {
				ok = false
			}
		case *syntax.Lit:
			if syntax.ValidName(n.Value) && !r.number(n.Value, 0) {
				ok = false
			}
		}
		return ok
	})
	return ok
}

// number says whether a variable's value, and all that it leads to, is known.
func (r *runner) number(name string, depth int) bool {
	v, set := r.scope.get(name)
	if !set {
		return r.assigned[name] || name == unset
	}
	if v.Kind != expand.String {
		return known(r.whole(name))
	}
	if depth > 8 || !known(v.Str) {
		return false
	}
	return !syntax.ValidName(v.Str) || r.number(v.Str, depth+1)
}

// cmdSubst evaluates what stands in $( ).
func (r *runner) cmdSubst(w io.Writer, c *syntax.CmdSubst) error {
	at := r.span(c)
	if r.depth++; r.depth > maxDepth {
		r.stop(at, "commands nested too deeply")
	}
	defer func() { r.depth-- }()
	out := &output{r: r}
	saved, flow := r.scope, r.flow
	r.scope = &scope{outer: r.scope, wall: true}
	r.stmts(c.Stmts, streams{out: out, quiet: true})
	r.scope, r.flow = saved, flow
	text := out.text.String()
	if out.unknown != "" && (known(text) || loneMark(strings.TrimSpace(text))) {
		text = r.unknown(r.source(c), at, out.unknown)
	}
	_, err := io.WriteString(w, text)
	return err
}

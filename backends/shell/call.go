package shell

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// call runs a simple command.
func (r *runner) call(c *syntax.CallExpr, io streams) {
	if len(c.Args) == 0 {
		r.status = success
		for _, a := range c.Assigns {
			r.assign(a, r.scope.set)
		}
		return
	}
	if r.aliased(c, io) {
		return
	}
	args := r.fields(c.Args)
	if r.stopped || r.flow != onward { // ${x:?} may have ended it
		return
	}
	if len(c.Assigns) > 0 { // for this command alone
		outer := r.scope
		r.scope = &scope{outer: outer}
		for _, a := range c.Assigns {
			r.assign(a, r.scope.put)
		}
		defer func() { r.scope = outer }()
	}
	r.run(args, c, io)
}

// run a command of which every word is expanded.
func (r *runner) run(args []field, n syntax.Node, io streams) {
	for len(args) > 0 && args[0].bare && guess(variable(r.shown(args[0].text))) == noTool {
		args = args[1:] // "$SUDO iptables", never set
	}
	if len(args) == 0 {
		r.status = undecided
		return
	}
	name := args[0].text
	if !known(name) {
		t := guess(variable(r.shown(name)))
		if t == noTool {
			io.out.other(r.source(n), r.at, "it is a command's output")
			r.status = undecided
			return
		}
		r.once(args[0].span, ruleset.CodeUnknown, "%s can't be known: taken for %s", r.shown(name), names(t))
		r.tool(t, args, io)
		return
	}
	if d := r.funcs[name]; d != nil {
		r.function(d, args, io)
		return
	}
	if r.builtin(name, args, io) {
		return
	}
	if name == "xargs" {
		r.xargs(args[1:], n, io)
		return
	}
	if rest, ok := r.wrapped(args); ok {
		r.run(rest, n, io)
		if name == "exec" && r.aside == 0 {
			r.flow = exiting // the shell is no more
		}
		return
	}
	if t := toolOf(name); t != noTool {
		r.tool(t, args, io)
		return
	}
	if name == "iptables-save" || strings.HasSuffix(name, "tables-save") {
		r.record(r.at, r.line(args), nil)
	}
	io.out.other(r.source(n), r.at, "it is the output of "+path.Base(r.shown(name)))
	r.status = undecided
}

// variable is the name in "$NAME".
func variable(source string) string { return strings.Trim(source, `${}"`) }

func names(t tool) string {
	return [...]string{"nothing", "iptables", "ip6tables", "iptables-restore", "ip6tables-restore", "nft", "ipset", "another tool"}[t]
}

// line is a command as people read it.
func (r *runner) line(args []field) string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = r.shown(a.text)
		if words[i] == "" || strings.ContainsAny(words[i], " \t\n'\"") {
			words[i] = "'" + strings.ReplaceAll(words[i], "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// function calls a function of the script.
func (r *runner) function(d *syntax.FuncDecl, args []field, io streams) {
	if r.aside > 0 { // read by itself
		r.status = undecided
		return
	}
	r.called[d] = true
	if f := r.from[d]; f != nil { // it was read from a text that the script made
		file := r.file
		r.file = f
		defer func() { r.file = file }()
	}
	if r.depth++; r.depth > maxDepth {
		r.stop(r.at, "functions that call each other too deeply")
	}
	outer, params := r.scope, r.params
	r.scope = &scope{outer: outer}
	r.params = make([]string, 0, len(args))
	for _, a := range args[1:] {
		r.params = append(r.params, a.text)
	}
	r.status = success
	if d.Body != nil {
		r.stmt(d.Body, io)
	}
	if r.flow == returning {
		r.flow = onward
	}
	r.scope, r.params = outer, params
	r.depth--
}

// assign gives a variable its value.
func (r *runner) assign(a *syntax.Assign, set func(string, expand.Variable)) {
	if a.Name == nil {
		return
	}
	name := a.Name.Value
	if r.fixed[name] && r.aside == 0 {
		r.once(r.span(a), ruleset.CodeRefused, "%s is readonly: it keeps its value", name)
		r.status = failure
		return
	}
	old, _ := r.scope.get(name)
	switch {
	case a.Array != nil:
		v := expand.Variable{Set: true, Kind: expand.Indexed}
		if a.Append && old.Kind == expand.Indexed {
			v.List = append(v.List, old.List...)
		}
		for _, e := range a.Array.Elems {
			if e.Value == nil {
				continue
			}
			if e.Index != nil {
				r.element(&v, old.Kind == expand.Associative, e.Index, r.literal(e.Value))
				continue
			}
			for _, f := range r.fields([]*syntax.Word{e.Value}) {
				v.List = append(v.List, f.text)
			}
		}
		set(name, v)
	case a.Index != nil:
		v := old
		v.Set = true
		if v.Kind == expand.String || v.Kind == expand.Unknown {
			v = expand.Variable{Set: true, Kind: expand.Indexed}
		}
		v.List = append([]string(nil), v.List...)
		r.element(&v, v.Kind == expand.Associative, a.Index, r.literal(a.Value))
		set(name, v)
	default:
		s := r.literal(a.Value)
		if a.Append {
			s = r.bounded(old.Str+s, r.span(a))
		}
		set(name, plain(s))
	}
}

// element sets one element of an array. An index that is no small number, and
// not a key, makes the array unknown.
func (r *runner) element(v *expand.Variable, keyed bool, index syntax.ArithmExpr, value string) {
	if w, ok := index.(*syntax.Word); ok && (keyed || v.Kind == expand.Associative || w.Lit() == "" || syntax.ValidName(w.Lit())) {
		if _, set := r.scope.get(w.Lit()); !set || keyed || v.Kind == expand.Associative {
			m := make(map[string]string, len(v.Map)+1)
			for k, s := range v.Map {
				m[k] = s
			}
			m[r.literal(w)] = value
			v.Kind, v.Map = expand.Associative, m
			return
		}
	}
	n := -1
	if r.calculable(index) {
		if i, err := expand.Arithm(r.config(), index); err == nil {
			n = i
		}
	}
	if n < 0 || n > len(v.List) {
		*v = plain(r.unknown(r.source(index), r.at, "an array that is filled in an unknown order"))
		return
	}
	if n == len(v.List) {
		v.List = append(v.List, "")
	}
	v.List[n] = value
}

// declare is export, local, readonly, declare.
func (r *runner) declare(c *syntax.DeclClause) {
	r.status = success
	set := r.scope.set
	if v := c.Variant.Value; v == "local" || (v == "declare" || v == "typeset") && r.params != nil {
		set = r.scope.put
	}
	keyed := false
	for _, a := range c.Args {
		switch {
		case a.Name == nil && a.Value != nil:
			s := r.literal(a.Value)
			keyed = keyed || strings.HasPrefix(s, "-") && strings.Contains(s, "A")
			if name, value, ok := strings.Cut(s, "="); ok && syntax.ValidName(name) {
				set(name, plain(value))
			}
		case a.Naked:
			_, old := r.scope.get(a.Name.Value)
			switch {
			case keyed:
				set(a.Name.Value, expand.Variable{Set: true, Kind: expand.Associative, Map: map[string]string{}})
			case c.Variant.Value == "local" || !old && r.assigned[a.Name.Value]:
				set(a.Name.Value, plain(""))
			}
		default:
			if keyed && a.Array != nil {
				r.scope.put(a.Name.Value, expand.Variable{Set: true, Kind: expand.Associative, Map: map[string]string{}})
			}
			r.assign(a, set)
		}
		if a.Name != nil && c.Variant.Value == "readonly" {
			r.fixed[a.Name.Value] = true
		}
	}
}

// record a step.
func (r *runner) record(at diag.Span, command string, apply func(*machine, *diag.List)) {
	r.out = append(r.out, Step{At: at, Command: command, Applied: r.aside == 0, May: r.maybe > 0 || r.aside > 0, apply: apply})
}

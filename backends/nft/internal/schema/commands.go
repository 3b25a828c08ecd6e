package schema

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/loward/loward/backends/nft/internal/syntax"
	"github.com/loward/loward/dsl/diag"
)

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// Options are the codes of the diagnostics: of mistakes, and of what the schema
// does not have.
type Options struct {
	CodeSyntax, CodeOpaque string
}

// reader makes commands of values.
type reader struct {
	scanner
	o Options
	// later are the elements of listed sets, which come behind everything else.
	later []*syntax.Cmd
}

// Parse yields the commands of a file in the order in which nft executes them.
func Parse(f *diag.File, o Options, l *diag.List) iter.Seq[*syntax.Cmd] {
	return func(yield func(*syntax.Cmd) bool) {
		r := &reader{scanner: scanner{f: f, l: l, code: o.CodeSyntax}, o: o}
		r.document(yield)
	}
}

// document is an object with the field nftables, an array of commands, each of
// which is read and forgotten before the next.
func (r *reader) document(yield func(*syntax.Cmd) bool) {
	if !r.expect('{', "at the beginning: nft's JSON is an object") {
		return
	}
	found := false
	for first := true; r.peek() != '}'; first = false {
		if !first && !r.expect(',', `or "}" behind a field`) {
			return
		}
		if r.peek() != '"' {
			r.unexpected("the name of a field, in double quotes")
			return
		}
		start := r.at
		key := r.string()
		if !r.expect(':', "behind the name of a field") {
			return
		}
		if key.text != "nftables" {
			r.unknown(r.f.Span(start, r.at), "the field %q", key.text)
			if r.value(); r.bad {
				return
			}
			continue
		}
		found = true
		if !r.commands(yield) {
			return
		}
	}
	r.at++
	if !found {
		r.mistake(0, 1, `the field "nftables" is missing`)
	}
	if r.peek() != 0 || r.at < len(r.f.Data) {
		r.unexpected("nothing behind the end of the JSON")
	}
}

// commands of the array; false where reading ends.
func (r *reader) commands(yield func(*syntax.Cmd) bool) bool {
	if !r.expect('[', `behind "nftables"`) {
		return false
	}
	for first := true; r.peek() != ']'; first = false {
		if !first && !r.expect(',', `or "]" behind a command`) {
			return false
		}
		v := r.value()
		if r.bad {
			return false
		}
		if !r.command(&v, yield) {
			return false
		}
	}
	r.at++
	for _, c := range r.later {
		if !yield(c) {
			return false
		}
	}
	r.later = nil
	return !r.bad
}

// wrong says that a value is not what the schema has there. Reading goes on.
func (r *reader) wrong(s diag.Span, format string, args ...any) {
	r.l.Errorf(s, format, args...).WithCode(r.o.CodeSyntax)
}

// unknown says that the schema does not have something.
func (r *reader) unknown(s diag.Span, format string, args ...any) {
	r.l.Warnf(s, "read, not modelled: %s", sprintf(format, args...)).WithCode(r.o.CodeOpaque)
}

// only field of an object with one.
func (r *reader) only(v *value, what string) (key string, x *value) {
	if v.kind != object || len(v.list) != 1 {
		r.wrong(v.span, "%s is an object with one field", what)
		return "", nil
	}
	return v.keys[0].text, &v.list[0]
}

func (r *reader) command(v *value, yield func(*syntax.Cmd) bool) bool {
	key, x := r.only(v, "a command")
	if x == nil || key == "metainfo" {
		return true
	}
	verb, ok := verbOf(key)
	at := &v.keys[0]
	if ok {
		at = x
		if key, x = r.only(x, "what a command is about"); x == nil {
			return true
		}
		at = &at.keys[0]
	}
	c := &syntax.Cmd{Verb: verb, Span: v.span}
	kind, plural, known := kindOf(key)
	if !known {
		r.unknown(at.span, "%q", key)
		return true
	}
	c.Kind, c.Plural = kind, plural
	if x.kind != object {
		if x.kind != null || kind != syntax.Ruleset && verb != syntax.List && verb != syntax.Reset {
			r.wrong(x.span, "%s is an object, not %s", key, x.kind)
			return true
		}
		return yield(c)
	}
	more := r.about(c, x, ok)
	if c.Kind == syntax.NoKind {
		return true
	}
	if !yield(c) {
		return false
	}
	if more != nil && !ok {
		// A list has a map before the chains that its elements name.
		r.later = append(r.later, more)
		return true
	}
	return more == nil || yield(more)
}

func verbOf(s string) (syntax.Verb, bool) {
	for v := syntax.Add; v <= syntax.Describe; v++ {
		if v.String() == s {
			return v, true
		}
	}
	return syntax.Add, false
}

func kindOf(s string) (k syntax.Kind, plural, ok bool) {
	for k = syntax.Ruleset; k <= syntax.Hooks; k++ {
		if n := k.String(); n == s {
			return k, false, true
		} else if n+"s" == s {
			return k, true, true
		}
	}
	return syntax.NoKind, false, false
}

// about fills a command; a second one brings the elements of a set.
func (r *reader) about(c *syntax.Cmd, v *value, command bool) (more *syntax.Cmd) {
	quiet := c.Verb >= syntax.Reset || c.Plural
	f := r.word(v, "family", !quiet && c.Kind != syntax.Ruleset)
	switch c.Family = f.Text; f.Text {
	case "", "ip", "ip6", "inet", "arp", "bridge", "netdev":
	default:
		r.wrong(f.Span, "no family %q: they are ip, ip6, inet, arp, bridge and netdev", f.Text)
	}
	switch c.Kind {
	case syntax.Ruleset:
		return nil
	case syntax.Table:
		c.Table = r.word(v, "name", c.Verb != syntax.Delete && !quiet)
		c.Handle = r.num(v, "handle", 1)
	default:
		c.Table = r.word(v, "table", !quiet)
	}
	if c.Kind == syntax.RuleKind {
		r.rule(c, v, command)
		return nil
	}
	if c.Kind != syntax.Table {
		c.Name = r.word(v, "name", c.Verb != syntax.Delete && !quiet)
		if c.Verb == syntax.Delete && c.Name.Text == "" {
			c.Handle = r.num(v, "handle", 1)
		}
	}
	if c.Kind == syntax.Element {
		c.Elems = r.elements(v.get("elem"))
		return nil
	}
	if c.Verb == syntax.Rename {
		c.NewName = r.word(v, "newname", true)
		return nil
	}
	if c.Verb != syntax.Add && c.Verb != syntax.Create {
		return nil
	}
	switch c.Kind {
	case syntax.Table:
		r.known(v, "family", "name", "handle", "flags", "comment")
		c.TableSpec = &syntax.TableSpec{Flags: r.words(v, "flags"), Comment: r.word(v, "comment", false).Text}
	case syntax.Chain:
		r.chain(c, v)
	case syntax.Set, syntax.Map:
		return r.set(c, v)
	case syntax.Flowtable:
		r.known(v, "family", "table", "name", "handle", "hook", "prio", "dev", "flags", "counter")
		c.Flowtable = &syntax.FlowtableSpec{Hook: r.word(v, "hook", false), Priority: r.priority(v), Devices: r.devices(v),
			Counter: v.get("counter") != nil, Flags: r.words(v, "flags")}
	default:
		c.Object = r.body(c.Kind, v)
	}
	return nil
}

func (r *reader) chain(c *syntax.Cmd, v *value) {
	r.known(v, "family", "table", "name", "handle", "type", "hook", "prio", "dev", "policy", "flags", "comment", "newname")
	c.ChainSpec = &syntax.ChainSpec{Type: r.word(v, "type", false), Hook: r.word(v, "hook", false), Priority: r.priority(v),
		Devices: r.devices(v), Policy: r.word(v, "policy", false), Flags: r.words(v, "flags"), Comment: r.word(v, "comment", false).Text}
	if s := c.ChainSpec; s.Type.Text != "" && (s.Hook.Text == "" || !s.Priority.Given || s.Priority.Name != "") {
		r.l.Warnf(v.span, `without "type", "hook" and a number "prio" nft makes this a chain that no hook calls`).WithCode(r.o.CodeOpaque)
		c.ChainSpec = &syntax.ChainSpec{Comment: s.Comment}
	}
}

func (r *reader) priority(v *value) (p syntax.Priority) {
	x := v.get("prio")
	if x == nil {
		return p
	}
	p = syntax.Priority{Text: x.text, Given: true, Span: x.span}
	switch n, err := strconv.ParseInt(x.text, 10, 32); {
	case err == nil && (x.kind == number || x.kind == text):
		p.Offset = n
	case x.kind == text:
		p.Name = x.text
	default:
		r.wrong(x.span, "prio is a number, not %s", x.kind)
	}
	return p
}

func (r *reader) devices(v *value) (list []*syntax.Expr) {
	for _, n := range r.words(v, "dev") {
		list = append(list, &syntax.Expr{Kind: syntax.XString, Text: n.Text, Span: n.Span})
	}
	return list
}

func (r *reader) rule(c *syntax.Cmd, v *value, command bool) {
	c.Chain = r.word(v, "chain", c.Verb < syntax.Flush)
	if c.Verb > syntax.Replace {
		c.Handle = r.num(v, "handle", 1)
		return
	}
	r.known(v, "family", "table", "chain", "handle", "index", "expr", "comment")
	c.Index = r.num(v, "index", 1)
	switch {
	case c.Verb == syntax.Replace:
		c.Handle = r.num(v, "handle", 1)
	case command:
		c.Position = r.num(v, "handle", 1)
	}
	c.Rule = &syntax.Rule{Comment: r.word(v, "comment", false).Text, Span: v.span}
	x := v.get("expr")
	if x == nil || x.kind != array {
		r.wrong(v.span, `a rule needs the field "expr", an array of statements`)
		return
	}
	c.Rule.Stmts = r.stmts(x)
}

func (r *reader) set(c *syntax.Cmd, v *value) (more *syntax.Cmd) {
	r.known(v, "family", "table", "name", "handle", "type", "map", "policy", "flags", "elem", "timeout", "gc-interval", "size",
		"auto-merge", "stmt", "comment")
	s := &syntax.SetSpec{Flags: r.words(v, "flags"), Timeout: r.num(v, "timeout", second), GC: r.num(v, "gc-interval", second),
		Size: r.num(v, "size", 1), Policy: r.word(v, "policy", false), AutoMerge: r.truth(v, "auto-merge"),
		Comment: r.word(v, "comment", false).Text}
	if t := v.get("type"); t != nil {
		s.Key, s.Typeof = r.typ(t)
	} else {
		r.wrong(v.span, "the field %q is missing", "type")
	}
	if m := v.get("map"); m != nil {
		c.Kind = syntax.Map
		if k, _, ok := kindOf(m.text); ok && m.kind == text && k >= syntax.Counter {
			s.Object = k
		} else {
			s.Data, _ = r.typ(m)
		}
	}
	if x := v.get("stmt"); x != nil {
		s.Stmts = r.stmts(x)
	}
	c.SetSpec = s
	x := v.get("elem")
	if x == nil {
		return nil
	}
	s.HasElems = true
	return &syntax.Cmd{Verb: syntax.Add, Kind: syntax.Element, Family: c.Family, Table: c.Table, Name: c.Name,
		Elems: r.elements(x), Block: true, Span: x.span}
}

// typ is the name of a type, an array of them, or {"typeof": …}.
func (r *reader) typ(v *value) (e *syntax.Expr, typeof bool) {
	switch v.kind {
	case text:
		// nft 1.0.6 lists the values of a map so, where they have several parts.
		if parts := strings.Split(v.text, " . "); len(parts) > 1 {
			e = &syntax.Expr{Kind: syntax.XConcat, Span: v.span}
			for _, p := range parts {
				e.Args = append(e.Args, &syntax.Expr{Kind: syntax.XSymbol, Text: p, Span: v.span})
			}
			return e, false
		}
		return &syntax.Expr{Kind: syntax.XSymbol, Text: v.text, Span: v.span}, false
	case array:
		e = &syntax.Expr{Kind: syntax.XConcat, Span: v.span}
		for i := range v.list {
			x, t := r.typ(&v.list[i])
			e.Args = append(e.Args, x)
			typeof = typeof || t
		}
		return e, typeof
	case object:
		if x := v.get("typeof"); x != nil {
			return r.expr(x), true
		}
	}
	r.wrong(v.span, "a type is the name of one, or an array of names")
	return &syntax.Expr{Kind: syntax.XSymbol, Text: "integer", Span: v.span}, false
}

// elements of a set or map.
func (r *reader) elements(v *value) (list []*syntax.Expr) {
	if v == nil {
		return nil
	}
	if v.kind != array {
		return []*syntax.Expr{r.expr(v)}
	}
	for i := range v.list {
		list = append(list, r.element(&v.list[i]))
	}
	return list
}

// element of a set; of a map it is a pair.
func (r *reader) element(v *value) *syntax.Expr {
	if v.kind != array || len(v.list) != 2 {
		return r.expr(v)
	}
	e := r.expr(&v.list[0])
	if e.Kind != syntax.XElem {
		e = &syntax.Expr{Kind: syntax.XElem, Elem: &syntax.Elem{Key: e}}
	}
	e.Elem.Data, e.Span = r.expr(&v.list[1]), v.span
	return e
}

package schema

import (
	"strconv"
	"strings"

	"github.com/loward/loward/backends/nft/internal/syntax"
)

// expr reads an expression.
func (r *reader) expr(v *value) *syntax.Expr {
	e := &syntax.Expr{Span: v.span}
	switch v.kind {
	case text:
		r.symbol(e, v.text)
	case number:
		e.Kind, e.Text = syntax.XNumber, v.text
		if _, err := strconv.ParseInt(v.text, 10, 64); err != nil {
			if _, err := strconv.ParseUint(v.text, 10, 64); err != nil {
				r.wrong(v.span, "%s is no whole number of 64 bits", v.text)
				e.Text = "0"
			}
		}
	case boolean:
		e.Text = map[string]string{"true": "exists", "false": "missing"}[v.text]
	case array:
		e.Kind, e.Args = syntax.XList, r.exprs(v)
	case object:
		r.operation(e, v)
	default:
		r.wrong(v.span, "null is no expression")
	}
	return e
}

// exprs reads the elements of an array.
func (r *reader) exprs(v *value) []*syntax.Expr {
	if v.kind != array {
		return []*syntax.Expr{r.expr(v)}
	}
	list := make([]*syntax.Expr, len(v.list))
	for i := range v.list {
		list[i] = r.expr(&v.list[i])
	}
	return list
}

// symbol is what a string says: the name of a set, a wildcard, a word.
func (r *reader) symbol(e *syntax.Expr, s string) {
	e.Text = s
	switch {
	case strings.HasPrefix(s, "@") && len(s) > 1:
		e.Kind, e.Text = syntax.XSetRef, s[1:]
	case s == "*":
		e.Kind = syntax.XStar
	case s == "" || strings.ContainsAny(s, " \t*"):
		e.Kind = syntax.XString
	default:
		if _, err := strconv.ParseUint(s, 0, 64); err == nil && strings.Trim(s, "0123456789xabcdefABCDEF") == "" {
			e.Kind = syntax.XNumber
		}
	}
}

// operation is an expression that is an object of one field.
func (r *reader) operation(e *syntax.Expr, v *value) {
	key, x := r.only(v, "an expression")
	if x == nil {
		return
	}
	if op, ok := binaries(key); ok {
		r.binary(e, op, x)
		return
	}
	switch key {
	case "accept", "drop", "continue", "return", "jump", "goto":
		r.verdict(e, key, x)
	case "concat":
		e.Kind, e.Args = syntax.XConcat, r.exprs(x)
	case "set":
		e.Kind = syntax.XSet
		e.Args = r.elements(x)
	case "range", "prefix":
		r.span(e, key, x)
	case "map", "vmap":
		r.needs(x, "key", "data")
		e.Kind = map[string]syntax.ExprKind{"map": syntax.XMap, "vmap": syntax.XVMap}[key]
		e.Args = []*syntax.Expr{r.part(x, "key"), r.part(x, "data")}
	case "elem":
		r.elem(e, x)
	default:
		if !r.place(e, key, x) {
			r.unknown(v.keys[0].span, "the expression %q", key)
			e.Kind, e.Text = syntax.XXT, v.span.Text()
		}
	}
}

func binaries(s string) (syntax.Op, bool) {
	for o := syntax.And; o <= syntax.Rshift; o++ {
		if o.String() == s {
			return o, true
		}
	}
	return 0, false
}

// binary combines two values, or with newer versions more of them.
func (r *reader) binary(e *syntax.Expr, op syntax.Op, v *value) {
	args := r.exprs(v)
	if len(args) < 2 || len(args) > maxDepth {
		r.wrong(v.span, "%q combines an array of two values", op)
		e.Kind, e.Text = syntax.XNumber, "0"
		return
	}
	left := args[0]
	for _, a := range args[1 : len(args)-1] {
		left = &syntax.Expr{Kind: syntax.XBinary, Op: op, Args: []*syntax.Expr{left, a}, Span: e.Span}
	}
	e.Kind, e.Op, e.Args = syntax.XBinary, op, []*syntax.Expr{left, args[len(args)-1]}
}

func (r *reader) verdict(e *syntax.Expr, key string, v *value) {
	e.Kind, e.Text = syntax.XVerdict, key
	if key != "jump" && key != "goto" {
		return
	}
	if v.kind != object {
		r.wrong(v.span, `%s is an object with the field "target"`, key)
		return
	}
	if n := r.word(v, "target", true); n.Text != "" {
		e.Args = []*syntax.Expr{{Text: n.Text, Span: n.Span}}
	}
}

// span is a range or a prefix.
func (r *reader) span(e *syntax.Expr, key string, v *value) {
	if key == "prefix" {
		r.needs(v, "addr", "len")
		e.Kind, e.Args = syntax.XPrefix, []*syntax.Expr{r.part(v, "addr"), r.part(v, "len")}
		return
	}
	if e.Kind, e.Args = syntax.XRange, r.exprs(v); len(e.Args) != 2 {
		r.wrong(v.span, "a range is an array of two values")
		e.Kind, e.Args = syntax.XNumber, nil
		e.Text = "0"
	}
}

// needs tells of fields that are missing.
func (r *reader) needs(v *value, keys ...string) {
	for _, k := range keys {
		if v.get(k) == nil {
			r.wrong(v.span, "the field %q is missing", k)
		}
	}
}

// part is a field that is an expression; a number where it is missing.
func (r *reader) part(v *value, key string) *syntax.Expr {
	if x := v.get(key); x != nil {
		return r.expr(x)
	}
	return &syntax.Expr{Kind: syntax.XNumber, Text: "0", Span: v.span}
}

// elem is an element with more than a key.
func (r *reader) elem(e *syntax.Expr, v *value) {
	r.needs(v, "val")
	e.Kind = syntax.XElem
	e.Elem = &syntax.Elem{Key: r.part(v, "val"), Timeout: r.num(v, "timeout", second), Expires: r.num(v, "expires", second),
		Comment: r.word(v, "comment", false).Text}
	for i := range v.keys {
		switch k := &v.keys[i]; k.text {
		case "val", "timeout", "expires", "comment":
		case "stmt":
			e.Elem.Stmts = append(e.Elem.Stmts, r.stmts(&v.list[i])...)
		case "counter", "limit", "quota", "last", "ct count":
			one := value{kind: object, keys: v.keys[i : i+1], list: v.list[i : i+1], span: v.list[i].span}
			e.Elem.Stmts = append(e.Elem.Stmts, r.stmt(&one))
		default:
			r.unknown(k.span, "the field %q", k.text)
		}
	}
}

// place is what is looked up in a packet and its surroundings.
func (r *reader) place(e *syntax.Expr, key string, v *value) bool {
	if v.kind != object {
		return false
	}
	str := func(k string) string { return r.word(v, k, false).Text }
	switch key {
	case "payload":
		r.payload(e, v)
	case "meta":
		e.Kind, e.Field = syntax.XMeta, r.word(v, "key", true).Text
	case "ct":
		e.Kind, e.Field, e.Dir = syntax.XCT, r.word(v, "key", true).Text, str("dir")
		if f := str("family"); f != "" {
			e.Field = f + " " + e.Field
		}
	case "rt":
		e.Kind, e.Field, e.Dir = syntax.XRt, r.word(v, "key", true).Text, str("family")
	case "fib":
		e.Kind, e.Field, e.Words = syntax.XFib, r.word(v, "result", true).Text, r.flags(v, "flags")
	case "socket":
		e.Kind, e.Field = syntax.XSocket, r.word(v, "key", true).Text
		if n := r.num(v, "level", 1); n.Given {
			e.Nums = []syntax.Num{n}
		}
	case "osf":
		e.Kind, e.Field, e.Text = syntax.XOsf, r.word(v, "key", true).Text, str("ttl")
	case "exthdr":
		r.extension(e, v)
	case "tcp option":
		e.Kind, e.Text, e.Field = syntax.XTCPOption, str("name"), str("field")
		if b := r.num(v, "base", 1); b.Given {
			e.Text, e.Field, e.Nums = b.Text, "raw", []syntax.Num{r.num(v, "offset", 1), r.num(v, "len", 1)}
		}
	case "ip option":
		e.Kind, e.Text, e.Field = syntax.XIPOption, str("name"), str("field")
	case "sctp chunk":
		e.Kind, e.Text, e.Field = syntax.XSCTPChunk, str("name"), str("field")
	case "dccp option":
		e.Kind, e.Text = syntax.XDCCPOption, r.num(v, "type", 1).Text
	case "ipsec":
		e.Kind, e.Field, e.Dir, e.Nums = syntax.XIPsec, r.word(v, "key", true).Text, str("dir"), []syntax.Num{r.num(v, "spnum", 1)}
		if f := str("family"); f != "" {
			e.Field = f + " " + e.Field
		}
	case "numgen":
		e.Kind, e.Text, e.Nums = syntax.XNumgen, str("mode"), []syntax.Num{r.num(v, "mod", 1), r.num(v, "offset", 1)}
	case "jhash":
		r.needs(v, "expr", "mod")
		e.Kind, e.Args = syntax.XJHash, []*syntax.Expr{r.part(v, "expr")}
		e.Nums = []syntax.Num{r.num(v, "mod", 1), r.num(v, "seed", 1), r.num(v, "offset", 1)}
	case "symhash":
		e.Kind, e.Nums = syntax.XSymHash, []syntax.Num{r.num(v, "mod", 1), r.num(v, "offset", 1)}
	default:
		return false
	}
	return true
}

func (r *reader) payload(e *syntax.Expr, v *value) {
	if b := r.word(v, "base", false); b.Text != "" {
		r.needs(v, "offset", "len")
		e.Kind, e.Text, e.Nums = syntax.XRawPayload, b.Text, []syntax.Num{r.num(v, "offset", 1), r.num(v, "len", 1)}
		return
	}
	p := &syntax.Expr{Kind: syntax.XPayload, Text: r.word(v, "protocol", true).Text, Field: r.word(v, "field", true).Text, Span: v.span}
	t := r.word(v, "tunnel", false).Text
	if t == "" {
		*e = *p
		return
	}
	e.Kind, e.Text, e.Args = syntax.XTunnel, t, []*syntax.Expr{p}
}

// extension is a field of an IPv6 extension header, or its presence.
func (r *reader) extension(e *syntax.Expr, v *value) {
	e.Kind, e.Text, e.Field = syntax.XExtHdr, r.word(v, "name", true).Text, r.word(v, "field", false).Text
	if n := r.num(v, "offset", 1); n.Given {
		e.Nums = []syntax.Num{n}
	}
	if f, rest, ok := strings.Cut(e.Field, "["); ok {
		if n, err := strconv.ParseUint(strings.TrimSuffix(rest, "]"), 10, 32); err == nil {
			for _, offset := range e.Nums { // rt0: so many addresses behind this one
				n += min(offset.Value, 1<<32)
			}
			e.Field, e.Nums = f, []syntax.Num{{Value: n, Text: strconv.FormatUint(n, 10), Given: true, Span: v.span}}
		}
	}
}

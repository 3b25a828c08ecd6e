package nft

import (
	"strings"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// expr writes an expression; like is what its constants are compared with or
// assigned to.
func (w *textWriter) expr(e, like ruleset.Expr) {
	switch e := e.(type) {
	case ruleset.Field:
		if w.th != "" && (e == ruleset.Sport || e == ruleset.Dport) {
			w.add(w.th, w.syntax[e].expr[len("th"):])
			return
		}
		w.add(w.syntax[e].expr)
	case ruleset.Term:
		w.term(like, &e)
	case *ruleset.Selector:
		w.selector(e)
	case *ruleset.Binary:
		w.operand(e.Left, e)
		w.add(" ", e.Op.String(), " ")
		if t, ok := e.Right.(ruleset.Term); ok {
			w.constant(e, &t)
			return
		}
		w.operand(e.Right, e)
	case *ruleset.Numgen:
		w.add("numgen ", map[bool]string{false: "inc", true: "random"}[e.Random])
		w.modulus(e.Mod, e.Offset, nil)
	case *ruleset.Hash:
		if e.Key == nil {
			w.add("symhash")
			w.modulus(e.Mod, e.Offset, nil)
			return
		}
		w.add("jhash ")
		w.key(e.Key)
		var seed *uint32
		if e.Seeded {
			seed = &e.Seed
		}
		w.modulus(e.Mod, e.Offset, seed)
	case *ruleset.MapExpr:
		w.key(e.Key)
		w.add(" map ")
		w.mapping(e.Map, e.Elems, e.Key, e.Data)
	case ruleset.Concat:
		w.key(e)
	default:
		w.refuse("a value that is missing")
	}
}

// operand of a binary operation.
func (w *textWriter) operand(e ruleset.Expr, of *ruleset.Binary) {
	if _, nested := e.(*ruleset.Binary); nested {
		w.add("(")
		w.expr(e, nil)
		w.add(")")
		return
	}
	w.expr(e, of.Left)
}

// constant operand of a binary operation.
func (w *textWriter) constant(of *ruleset.Binary, t *ruleset.Term) {
	switch s := w.style(of); {
	case t.Text != "" || t.Unknown:
		w.term(of.Left, t)
	case of.Op == ruleset.Lshift || of.Op == ruleset.Rshift:
		w.b = emit.Uint(w.b, t.Lo.Lo)
	case s.values == address4 || s.values == address6 || s.values == linkAddress:
		w.b = appendValue(w.b, s, t.Lo)
	default:
		w.b = appendHex(w.b, t.Lo)
	}
}

func (w *textWriter) modulus(mod, offset uint32, seed *uint32) {
	w.add(" mod ")
	w.b = emit.Uint(w.b, uint64(mod))
	if seed != nil {
		w.add(" seed ")
		w.b = emit.Hex(w.b, uint64(*seed))
	}
	if offset != 0 {
		w.add(" offset ")
		w.b = emit.Uint(w.b, uint64(offset))
	}
}

// mapping writes what a map is: its name, or its elements.
func (w *textWriter) mapping(name string, elems []ruleset.Elem, key, data []ruleset.Expr) {
	if name != "" {
		w.add("@", name)
		return
	}
	w.add("{ ")
	for i := range elems {
		if i > 0 {
			w.add(", ")
		}
		w.b = w.element(w.b, &elems[i], key, data)
	}
	w.add(" }")
}

// selector writes a place that is named with parameters.
func (w *textWriter) selector(s *ruleset.Selector) {
	a := s.Args
	arg := func(i int) string {
		if i < len(a) {
			return a[i]
		}
		return ""
	}
	for _, x := range a {
		if !plainStatement(x) || x == "" {
			w.refuse("%s %q", s.Kind, x)
			return
		}
	}
	switch s.Kind {
	case ruleset.RawPayload:
		w.add("@", strings.Join(a, ","))
	case ruleset.ExtHdr:
		if s.Exists {
			w.add("exthdr ")
		}
		w.add(strings.Join(a, " "))
	case ruleset.TCPOption:
		w.add("tcp option ")
		if len(a) == 3 {
			w.add(strings.Join(a, ","))
			return
		}
		w.add(strings.Join(a, " "))
	case ruleset.IPOption:
		w.add("ip option ", strings.Join(a, " "))
	case ruleset.SCTPChunk:
		w.add("sctp chunk ", strings.Join(a, " "))
	case ruleset.DCCPOption:
		w.add("dccp option ", arg(0))
	case ruleset.Fib:
		flags, result := fibArgs(a)
		w.add("fib ", strings.Join(flags, " . "), " ", result)
	case ruleset.Osf:
		w.add("osf ")
		if len(a) > 1 {
			w.add("ttl ", a[1], " ")
		}
		w.add(arg(0))
	case ruleset.SocketCgroup:
		w.add("socket cgroupv2 level ", arg(0))
	case ruleset.IPsec:
		w.add("ipsec ", arg(0), " spnum ", arg(1), " ", arg(2))
	default:
		w.add(strings.Join(a, " "))
	}
}

// fibArgs splits the parameters of a Fib. Whether there is a route is asked of
// its interface.
func fibArgs(a []string) (flags []string, result string) {
	if len(a) == 0 {
		return nil, "oif"
	}
	flags, result = a[:len(a)-1], a[len(a)-1]
	if result == "exists" {
		result = "oif"
	}
	return flags, result
}

// term writes a value of e; a name stands for what only the machine knows.
func (w *textWriter) term(e ruleset.Expr, t *ruleset.Term) {
	w.b = w.appendTermOf(w.b, e, t)
}

func (w *textWriter) appendTermOf(b []byte, e ruleset.Expr, t *ruleset.Term) []byte {
	if t.Unknown {
		w.refuse("a value that is not known: %s", t.Text)
		return b
	}
	if f, ok := e.(ruleset.Field); ok && f != ruleset.NoField && !w.plain {
		return appendTerm(b, f, &w.syntax[f], t)
	}
	s := w.style(e)
	if t.Text != "" || s.values == quoted && t.Lo == (ruleset.U128{}) && !isIndex(e) {
		return w.appendName(b, e, s, t.Text)
	}
	switch wide := w.widthOf(e); t.Form {
	case ruleset.AsPrefix:
		if n, ok := t.PrefixLen(wide); ok {
			return emit.Int(append(w.appendPlain(b, s, t.Lo), '/'), n)
		}
	case ruleset.Less:
		return w.appendPlain(b, s, t.Hi.Next())
	case ruleset.LessEqual:
		return w.appendPlain(b, s, t.Hi)
	case ruleset.More:
		return w.appendPlain(b, s, t.Lo.Prev())
	case ruleset.MoreEqual:
		return w.appendPlain(b, s, t.Lo)
	case ruleset.Plain:
		if t.Single() {
			return w.appendPlain(b, s, t.Lo)
		}
		if s.values == address4 || s.values == address6 {
			if n, ok := t.PrefixLen(wide); ok {
				return emit.Int(append(w.appendPlain(b, s, t.Lo), '/'), n)
			}
		}
	}
	if s.values == protocol { // tcp-udp would be one name to nft
		return emit.Uint(append(emit.Uint(b, t.Lo.Lo), '-'), t.Hi.Lo)
	}
	return w.appendPlain(append(w.appendPlain(b, s, t.Lo), '-'), s, t.Hi)
}

// isIndex: the values are interfaces by number, if need be.
func isIndex(e ruleset.Expr) bool {
	f := ruleset.FieldOf(e)
	return f == ruleset.IIF || f == ruleset.OIF || f == ruleset.SDIF
}

// appendPlain writes one value, however large.
func (w *textWriter) appendPlain(b []byte, s *syntax, v ruleset.U128) []byte {
	if v.Hi != 0 && s.values != address6 {
		return appendHex(b, v)
	}
	return appendValue(b, s, v)
}

func appendHex(b []byte, v ruleset.U128) []byte {
	if v.Hi == 0 {
		return emit.Hex(b, v.Lo)
	}
	const digits = "0123456789abcdef"
	b = emit.Hex(b, v.Hi)
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, digits[v.Lo>>shift&15])
	}
	return b
}

// appendName writes a text as a value.
func (w *textWriter) appendName(b []byte, e ruleset.Expr, s *syntax, text string) []byte {
	if s.values == quoted || s.values == owner || stringsOf(e) {
		if !w.quotable(text) {
			w.refuse("the name %q", text)
		}
		return append(append(append(b, '"'), text...), '"')
	}
	if !bareWord(text) {
		w.refuse("the name %q", text)
	}
	return append(b, text...)
}

// bareWord says whether nft takes a text as one word: of a host, a service.
func bareWord(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '.' || c == '_' || c == '-' || c == ':' || c == '/' || c == '@' && i > 0:
		default:
			return false
		}
	}
	return s != ""
}

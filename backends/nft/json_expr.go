package nft

import (
	"strconv"
	"strings"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// expr writes an expression; like is what its constants are compared with or
// assigned to.
func (w *jsonWriter) expr(e, like ruleset.Expr) {
	switch e := e.(type) {
	case ruleset.Field:
		if w.th != "" && (e == ruleset.Sport || e == ruleset.Dport) {
			w.add(strings.Replace(w.syntax[e].json, `"th"`, `"`+w.th+`"`, 1))
			return
		}
		w.add(w.syntax[e].json)
	case ruleset.Term:
		w.term(like, &e)
	case *ruleset.Selector:
		w.selector(e)
	case *ruleset.Binary:
		w.add(`{"`, e.Op.String(), `":[`)
		w.expr(e.Left, nil)
		w.add(",")
		if t, ok := e.Right.(ruleset.Term); ok && t.Text == "" && !t.Unknown {
			w.constant(e, t.Lo)
		} else {
			w.expr(e.Right, e.Left)
		}
		w.add("]}")
	case *ruleset.Numgen:
		w.add(`{"numgen":{"mode":"`, map[bool]string{false: "inc", true: "random"}[e.Random], `","mod":`)
		w.modulus(e.Mod, e.Offset)
	case *ruleset.Hash:
		if e.Key == nil {
			w.add(`{"symhash":{"mod":`)
			w.modulus(e.Mod, e.Offset)
			return
		}
		w.add(`{"jhash":{"expr":`)
		w.key(e.Key)
		if e.Seeded {
			w.add(`,"seed":`)
			w.b = emit.Uint(w.b, uint64(e.Seed))
		}
		w.add(`,"mod":`)
		w.modulus(e.Mod, e.Offset)
	case *ruleset.MapExpr:
		w.add(`{"map":{"key":`)
		w.key(e.Key)
		w.add(`,"data":`)
		w.mapping(e.Map, e.Elems, e.Key, e.Data)
		w.add("}}")
	case ruleset.Concat:
		w.key(e)
	default:
		w.cannot("opaque", "")
	}
}

// modulus ends what yields a number.
func (w *jsonWriter) modulus(mod, offset uint32) {
	w.b = emit.Uint(w.b, uint64(mod))
	w.add(`,"offset":`)
	w.b = emit.Uint(w.b, uint64(offset))
	w.add("}}")
}

// constant operand of a binary operation.
func (w *jsonWriter) constant(of *ruleset.Binary, v ruleset.U128) {
	s := w.style(of)
	if of.Op == ruleset.Lshift || of.Op == ruleset.Rshift || len(s.names) > 0 {
		w.number(v)
		return
	}
	w.value(s, v)
}

// mapping writes what a map is: its name, or its elements.
func (w *jsonWriter) mapping(name string, elems []ruleset.Elem, key, data []ruleset.Expr) {
	if name != "" {
		w.b = appendString(w.b, "@"+name)
		return
	}
	w.add(`{"set":[`)
	for i := range elems {
		if i > 0 {
			w.add(",")
		}
		e := &elems[i]
		w.element(e, key, data, e.Verdict != nil || e.Data != nil || e.Object != "")
	}
	w.add("]}")
}

func (w *jsonWriter) key(key []ruleset.Expr) {
	if len(key) == 0 { // of a set of ipset whose type is not known
		w.add("null")
	}
	if len(key) > 1 {
		w.add(`{"concat":[`)
	}
	for i, e := range key {
		if i > 0 {
			w.add(",")
		}
		w.expr(e, nil)
	}
	if len(key) > 1 {
		w.add("]}")
	}
}

// object writes a value whose parts are strings, or numbers.
func (w *jsonWriter) object(kind string, parts ...string) {
	w.add(`{"`, kind, `":{`)
	for i := 0; i+1 < len(parts); i += 2 {
		if i > 0 {
			w.add(",")
		}
		w.add(`"`, parts[i], `":`)
		if _, err := strconv.ParseUint(parts[i+1], 10, 64); err == nil {
			w.add(parts[i+1])
			continue
		}
		w.b = appendString(w.b, parts[i+1])
	}
	w.add("}}")
}

// selector writes a place that is named with parameters.
func (w *jsonWriter) selector(s *ruleset.Selector) {
	a := s.Args
	for len(a) < 3 {
		a = append(a[:len(a):len(a)], "")
	}
	named := func(kind string) {
		if a[1] == "" {
			w.object(kind, "name", a[0])
			return
		}
		w.object(kind, "name", a[0], "field", a[1])
	}
	switch s.Kind {
	case ruleset.RawPayload:
		w.object("payload", "base", a[0], "offset", a[1], "len", a[2])
	case ruleset.ExtHdr:
		if a[0] == "rt0" && a[1] != "" && !w.model {
			w.object("exthdr", "name", a[0], "field", a[1], "offset", "0") // nft asks for the offset, behind the field
			return
		}
		named("exthdr")
	case ruleset.TCPOption:
		if n, raw := strings.CutPrefix(a[0], "@"); raw {
			w.object("tcp option", "base", n, "offset", a[1], "len", a[2])
			return
		}
		named("tcp option")
	case ruleset.IPOption:
		named("ip option")
	case ruleset.SCTPChunk:
		named("sctp chunk")
	case ruleset.DCCPOption:
		w.object("dccp option", "type", a[0])
	case ruleset.Fib:
		flags, result := fibArgs(s.Args)
		w.add(`{"fib":{"result":"`, result, `","flags":[`)
		for i, f := range flags {
			if i > 0 {
				w.add(",")
			}
			w.b = appendString(w.b, f)
		}
		w.add("]}}")
	case ruleset.Osf:
		if a[1] != "" {
			w.object("osf", "key", a[0], "ttl", a[1])
			return
		}
		w.object("osf", "key", a[0])
	case ruleset.SocketCgroup:
		w.object("socket", "key", "cgroupv2", "level", a[0])
	case ruleset.IPsec:
		if f, key, ok := strings.Cut(a[2], " "); ok {
			w.object("ipsec", "key", key, "family", f, "dir", a[0], "spnum", a[1])
			return
		}
		w.object("ipsec", "key", a[2], "dir", a[0], "spnum", a[1])
	default:
		w.object("payload", "tunnel", a[0], "protocol", a[1], "field", a[2])
	}
}

// term writes a value, a prefix or a range of e.
func (w *jsonWriter) term(e ruleset.Expr, t *ruleset.Term) {
	s := w.style(e)
	name := t.Text != "" || s.values == quoted && t.Lo == (ruleset.U128{}) && !isIndex(e)
	switch {
	case t.Unknown:
		w.cannot("unknown", t.Text)
	case name && w.model && s.values != quoted && s.values != owner && !stringsOf(e):
		w.cannot("unresolved", t.Text)
	case strings.HasPrefix(t.Text, "@") && !w.model:
		w.report.Unsupported(w.at, "the name %q, which it would take for a set's", t.Text)
	case t.Text != "" && w.widthOf(e) == 128 && jsonConstant(t.Text) && !w.model:
		w.report.Unsupported(w.at, "the name %q, which it would take for a protocol", t.Text)
	case name:
		w.b = appendString(w.b, t.Text)
	case t.Form == ruleset.Less && !t.Single():
		w.value(s, t.Hi.Next())
	case t.Form == ruleset.LessEqual:
		w.value(s, t.Hi)
	case t.Form == ruleset.More:
		w.value(s, t.Lo.Prev())
	case t.Form == ruleset.MoreEqual:
		w.value(s, t.Lo)
	case t.Form == ruleset.Less:
		w.value(s, t.Hi.Next())
	case t.Single() && t.Form == ruleset.Plain:
		w.value(s, t.Lo)
	default:
		n, ok := t.PrefixLen(w.widthOf(e))
		if ok && (t.Form == ruleset.AsPrefix || t.Form == ruleset.Plain && (s.values == address4 || s.values == address6)) {
			w.add(`{"prefix":{"addr":`)
			w.value(s, t.Lo)
			w.add(`,"len":`)
			w.b = emit.Int(w.b, n)
			w.add("}}")
			return
		}
		w.add(`{"range":[`)
		w.value(s, t.Lo)
		w.add(",")
		w.value(s, t.Hi)
		w.add("]}")
	}
}

// value writes a number, or what has letters or dots as a string.
func (w *jsonWriter) value(s *syntax, v ruleset.U128) {
	switch s.values {
	case address4, address6, linkAddress:
		w.add(`"`)
		w.b = appendValue(w.b, s, v)
		w.add(`"`)
		return
	case protocol:
		if n := protocolName(v.Lo); n != "" {
			w.add(`"`, n, `"`)
			return
		}
	case seconds:
		w.b = emit.Uint(w.b, v.Lo/1e9)
		return
	case milliseconds:
		if v.Lo%1000 == 0 {
			w.b = emit.Uint(w.b, v.Lo/1000)
			return
		}
		w.add(`"`)
		w.b = appendValue(w.b, s, v)
		w.add(`"`)
		return
	}
	for _, n := range s.names {
		if n.value == v.Lo && v.Hi == 0 {
			switch n.text {
			case "exists":
				w.add("true")
			case "missing":
				w.add("false")
			default:
				w.add(`"`, n.text, `"`)
			}
			return
		}
	}
	w.number(v)
}

// number writes one; what has more than 64 bits is a string.
func (w *jsonWriter) number(v ruleset.U128) {
	if v.Hi == 0 {
		w.b = emit.Uint(w.b, v.Lo)
		return
	}
	w.add(`"`)
	w.b = appendHex(w.b, v)
	w.add(`"`)
}

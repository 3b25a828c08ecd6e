package nft

import (
	"strings"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// rule writes the statements of a rule.
func (w *jsonWriter) rule(r *ruleset.Rule) {
	w.at = r.Origin
	stmts := w.program.rule(r)
	first, z := true, settled{}
	next := func() {
		if !first {
			w.add(",")
		}
		first = false
	}
	for i, s := range stmts {
		if r.Counted && counterAt(stmts) == i {
			next()
			w.add(`{"counter":null}`)
		}
		skip, proto := z.next(stmts[i:])
		if skip {
			continue
		}
		next()
		w.stmt(s, proto)
	}
	if r.Counted && counterAt(stmts) == len(stmts) {
		next()
		w.add(`{"counter":null}`)
	}
	if first {
		w.report.Unsupported(r.Origin, "a rule without any statement")
	}
}

func (w *jsonWriter) stmt(s ruleset.Stmt, proto string) {
	switch s := s.(type) {
	case *ruleset.Match:
		w.match(s, proto)
	case *ruleset.Lookup:
		w.add(`{"match":{"op":"`, map[bool]string{false: "==", true: "!="}[s.Neg], `","left":`)
		if proto != "" {
			w.add(strings.Replace(w.syntax[ruleset.FieldOf(s.Key[0])].json, `"th"`, `"`+proto+`"`, 1))
		} else {
			w.key(s.Key)
		}
		w.add(`,"right":"@`, s.Set, `"}}`)
	case *ruleset.VMap:
		w.add(`{"vmap":{"key":`)
		w.key(s.Key)
		w.add(`,"data":`)
		if s.Map != "" {
			w.add(`"@`, s.Map, `"}}`)
			return
		}
		w.add(`{"set":[`)
		for i := range s.Elems {
			if i > 0 {
				w.add(",")
			}
			if e := &s.Elems[i]; len(e.Key) == len(s.Key) {
				w.element(e, s.Key, nil, true)
			}
		}
		w.add("]}}}")
	case *ruleset.Verdict:
		w.verdict(s)
	case *ruleset.Reject:
		with, _ := rejectCode(w.table.Family, s.With)
		kind, code, _ := strings.Cut(with, " ")
		if s.With == ruleset.RejectTCPReset {
			w.add(`{"reject":{"type":"tcp reset"}}`)
			return
		}
		w.add(`{"reject":{"type":"`, kind, `","expr":"`, code, `"}}`)
	case *ruleset.Limit:
		w.limit(s)
	case *ruleset.Meter:
		w.meter(s)
	case *ruleset.Log:
		w.log(s)
	case *ruleset.NAT:
		w.nat(s)
	case *ruleset.SetField:
		if s.Field == ruleset.CTHelper {
			w.add(`{"ct helper":"`, s.Value.Text, `"}`)
			return
		}
		w.add(`{"mangle":{"key":`, w.syntax[s.Field].json, `,"value":`)
		w.term(s.Field, &s.Value)
		w.add("}}")
	case *ruleset.NoTrack:
		w.add(`{"notrack":null}`)
	case *ruleset.Opaque:
		w.report.Unsupported(w.at, "the unknown text %q", s.Text)
	}
}

func (w *jsonWriter) key(key []ruleset.Expr) {
	if len(key) > 1 {
		w.add(`{"concat":[`)
	}
	for i, f := range key {
		if i > 0 {
			w.add(",")
		}
		w.add(w.syntax[ruleset.FieldOf(f)].json)
	}
	if len(key) > 1 {
		w.add("]}")
	}
}

func (w *jsonWriter) match(m *ruleset.Match, proto string) {
	f := &w.syntax[m.Field]
	expr := f.json
	if proto != "" {
		expr = strings.Replace(expr, `"th"`, `"`+proto+`"`, 1)
	}
	op := map[bool]string{false: "==", true: "!="}[m.Neg]
	switch {
	case m.Op == ruleset.OpAny:
		w.any(m, f, expr)
		return
	case m.Field == ruleset.CTLabel:
		op = map[bool]string{false: "in", true: "!"}[m.Neg]
	}
	w.add(`{"match":{"op":"`, op, `","left":`)
	if m.Op == ruleset.OpMask {
		w.add(`{"&":[`, expr, ",")
		w.mask(m.Field, m.Mask)
		w.add("]}")
	} else {
		w.add(expr)
	}
	w.add(`,"right":`)
	switch {
	case len(m.Terms) == 1:
		w.matched(m, f, 0)
	case m.Field == ruleset.CTLabel:
		w.add("[")
		w.list(m, f)
		w.add("]")
	default:
		w.add(`{"set":[`)
		w.list(m, f)
		w.add("]}")
	}
	w.add("}}")
}

// any of some bits, or none of them.
func (w *jsonWriter) any(m *ruleset.Match, f *syntax, expr string) {
	bits := m.Terms[0].Lo.Lo
	names, named := bitsOf(f, bits)
	if named && !m.Neg && m.Field != ruleset.TCPFlags {
		w.add(`{"match":{"op":"in","left":`, expr, `,"right":`)
		if len(names) > 1 {
			w.add("[")
		}
		w.add(`"`, strings.Join(names, `","`), `"`)
		if len(names) > 1 {
			w.add("]")
		}
		w.add("}}")
		return
	}
	w.add(`{"match":{"op":"`, map[bool]string{false: "!=", true: "=="}[m.Neg], `","left":{"&":[`, expr, ",")
	w.bits(f, bits)
	w.add(`]},"right":0}}`)
}

func (w *jsonWriter) list(m *ruleset.Match, f *syntax) {
	for i := range m.Terms {
		if i > 0 {
			w.add(",")
		}
		w.matched(m, f, i)
	}
}

func (w *jsonWriter) matched(m *ruleset.Match, f *syntax, i int) {
	if m.Field.Info().Domain == ruleset.Bits && m.Terms[i].Single() {
		w.bits(f, m.Terms[i].Lo.Lo)
		return
	}
	w.term(m.Field, &m.Terms[i])
}

func (w *jsonWriter) bits(f *syntax, v uint64) {
	names, named := bitsOf(f, v)
	switch {
	case !named:
		w.b = emit.Uint(w.b, v)
	case len(names) == 1:
		w.add(`"`, names[0], `"`)
	default:
		w.add(`{"|":["`, names[0], `",`)
		rest := v
		for _, n := range f.names {
			if n.text == names[0] {
				rest &^= n.value
			}
		}
		w.bits(f, rest)
		w.add("]}")
	}
}

func (w *jsonWriter) mask(f ruleset.Field, m ruleset.U128) {
	if s := &w.syntax[f]; s.values != address4 && s.values != address6 && s.values != linkAddress && len(s.names) > 0 {
		w.bits(s, m.Lo)
	} else {
		w.value(s, m)
	}
}

func (w *jsonWriter) limit(l *ruleset.Limit) {
	w.add(`{"limit":{"rate":`)
	w.b = emit.Int(w.b, l.Rate)
	w.add(`,"per":"`, l.Unit, `"`)
	if l.Burst > 0 {
		w.add(`,"burst":`)
		w.b = emit.Int(w.b, l.Burst)
	}
	if l.Over {
		w.add(`,"inv":true`)
	}
	if l.Bytes {
		w.add(`,"rate_unit":"bytes","burst_unit":"bytes"`)
	}
	w.add("}}")
}

// meter writes nft's older statement of that name, which makes its own set:
// see JSON.
func (w *jsonWriter) meter(m *ruleset.Meter) {
	w.add(`{"meter":{"name":"`, m.Set, `_meter","key":`)
	set := w.sets[m.Set]
	if set != nil && set.Timeout > 0 {
		w.add(`{"elem":{"val":`)
	}
	if len(m.Key) > 1 {
		w.add(`{"concat":[`)
	}
	for i, k := range m.Key {
		if i > 0 {
			w.add(",")
		}
		if k.Mask == (ruleset.U128{}) {
			w.add(w.syntax[k.Field].json)
			continue
		}
		w.add(`{"&":[`, w.syntax[k.Field].json, ",")
		w.mask(k.Field, k.Mask)
		w.add("]}")
	}
	if len(m.Key) > 1 {
		w.add("]}")
	}
	if set != nil && set.Timeout > 0 {
		w.add(`,"timeout":`)
		w.b = emit.Int(w.b, int(set.Timeout.Seconds()))
		w.add("}}")
	}
	if set != nil && set.Size > 0 {
		w.add(`,"size":`)
		w.b = emit.Int(w.b, set.Size)
	}
	w.add(`,"stmt":`)
	w.limit(&m.Limit)
	w.add("}}")
}

func (w *jsonWriter) log(l *ruleset.Log) {
	if l.Prefix == "" && !l.Nflog {
		w.add(`{"log":null}`)
		return
	}
	w.add(`{"log":{`)
	if l.Prefix != "" {
		w.add(`"prefix":`)
		w.b = appendString(w.b, l.Prefix)
	}
	if l.Nflog {
		if l.Prefix != "" {
			w.add(",")
		}
		w.add(`"group":`)
		w.b = emit.Int(w.b, l.Group)
	}
	w.add("}}")
}

func (w *jsonWriter) nat(n *ruleset.NAT) {
	w.add(`{"`, n.Kind.String(), `":`)
	if n.Map == "" && !n.Lo.IsValid() && n.PortLo == 0 {
		w.add("null}")
		return
	}
	sep, family := "{", ""
	field := func(name string) {
		w.add(sep, `"`, name, `":`)
		sep = ","
	}
	inet := w.table.Family != ruleset.IP && w.table.Family != ruleset.IP6
	switch s := w.sets[n.Map]; {
	case n.Map != "" && s != nil && len(s.Data) > 0 && ruleset.DomainOf(s.Data[0]) == ruleset.Addr6, n.Lo.Is6():
		family = "ip6"
	case n.Map != "" || n.Lo.IsValid():
		family = "ip"
	}
	if inet && family != "" {
		field("family")
		w.add(`"`, family, `"`)
	}
	switch {
	case n.Map != "":
		field("addr")
		w.add(`{"map":{"key":`)
		w.key(n.Key)
		w.add(`,"data":"@`, n.Map, `"}}`)
	case n.Lo.IsValid() && n.Hi.IsValid() && n.Hi != n.Lo:
		field("addr")
		w.add(`{"range":["`, n.Lo.String(), `","`, n.Hi.String(), `"]}`)
	case n.Lo.IsValid():
		field("addr")
		w.add(`"`, n.Lo.String(), `"`)
	}
	if n.PortLo != 0 {
		field("port")
		if n.PortHi > n.PortLo {
			w.add(`{"range":[`)
		}
		w.b = emit.Uint(w.b, uint64(n.PortLo))
		if n.PortHi > n.PortLo {
			w.add(",")
			w.b = emit.Uint(w.b, uint64(n.PortHi))
			w.add("]}")
		}
	}
	w.add("}}")
}

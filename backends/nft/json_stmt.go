package nft

import (
	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// rule writes the statements of a rule.
func (w *jsonWriter) rule(r *ruleset.Rule) {
	w.at, w.th = r.Origin, ""
	stmts := r.Body
	if !w.plain {
		stmts = w.program.rule(r)
	}
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
			w.counter(r)
		}
		if w.skips(&z, stmts[i:]) {
			continue
		}
		if m, ok := s.(*ruleset.Module); ok && m.Means != nil && sayable(m.Means) {
			for _, s := range m.Means {
				if !w.skips(&z, []ruleset.Stmt{s}) {
					next()
					w.stmt(s)
				}
			}
			continue
		}
		next()
		w.stmt(s)
	}
	if r.Counted && counterAt(stmts) == len(stmts) {
		next()
		w.counter(r)
	}
	if first && !w.model {
		w.report.Unsupported(r.Origin, "a rule without any statement")
	}
}

// counter of a rule.
func (w *jsonWriter) counter(r *ruleset.Rule) {
	if r.Packets|r.Bytes != 0 {
		w.stmt(&ruleset.Counter{Packets: r.Packets, Bytes: r.Bytes})
		return
	}
	w.add(`{"counter":null}`)
}

// sayable says whether statements are all nft's.
func sayable(stmts []ruleset.Stmt) bool {
	for _, s := range stmts {
		switch s := s.(type) {
		case *ruleset.May, *ruleset.Opaque, *ruleset.Module:
			return false
		case *ruleset.Lookup:
			if s.IPSet {
				return false
			}
		case *ruleset.SetUpdate:
			if s.IPSet {
				return false
			}
		}
	}
	return true
}

func (w *jsonWriter) stmt(s ruleset.Stmt) {
	switch s := s.(type) {
	case *ruleset.Match:
		w.match(s)
	case *ruleset.Lookup:
		w.add(`{"match":{"op":"`, equality(s.Neg), `","left":`)
		w.key(s.Key)
		w.add(`,"right":`)
		if s.IPSet {
			w.cannot("ipset", s.Set)
		} else {
			w.mapping(s.Set, s.Elems, s.Key, nil)
		}
		w.add("}}")
	case *ruleset.VMap:
		w.add(`{"vmap":{"key":`)
		w.key(s.Key)
		w.add(`,"data":`)
		w.mapping(s.Map, s.Elems, s.Key, nil)
		w.add("}}")
	case *ruleset.Verdict:
		w.verdict(s)
	case *ruleset.Reject:
		kind, code := w.answer(s)
		if code == "" {
			w.add(`{"reject":{"type":"`, kind, `"}}`)
			return
		}
		w.object("reject", "type", kind, "expr", code)
	case *ruleset.Limit:
		w.limit(s)
	case *ruleset.Meter:
		w.meter(s)
	case *ruleset.Log:
		w.log(s)
	case *ruleset.NAT:
		w.nat(s)
	case *ruleset.SetField:
		w.assign(s)
	case *ruleset.NoTrack:
		w.add(`{"notrack":null}`)
	case *ruleset.Opaque:
		if !w.model {
			w.refuse("the unknown text %q", s.Text)
		}
		w.cannot("opaque", s.Text)
	default:
		w.further(s)
	}
}

func equality(neg bool) string {
	if neg {
		return "!="
	}
	return "=="
}

func (w *jsonWriter) assign(s *ruleset.SetField) {
	if s.Field == ruleset.CTHelper && s.From == nil {
		w.add(`{"ct helper":`)
		w.b = appendString(w.b, s.Value.Text)
		w.add("}")
		return
	}
	var to ruleset.Expr = s.Field
	if s.Of != nil {
		to = s.Of
	}
	w.add(`{"mangle":{"key":`)
	w.expr(to, nil)
	w.add(`,"value":`)
	names, named := bitsOf(w.style(to), s.Value.Lo.Lo)
	switch {
	case s.From != nil:
		w.expr(s.From, to)
	case s.Field == ruleset.CTEvent && named:
		w.strings(names)
	default:
		w.term(to, &s.Value)
	}
	w.add("}}")
}

// strings writes one, or a list of them.
func (w *jsonWriter) strings(list []string) {
	if len(list) != 1 {
		w.add("[")
	}
	for i, s := range list {
		if i > 0 {
			w.add(",")
		}
		w.b = appendString(w.b, s)
	}
	if len(list) != 1 {
		w.add("]")
	}
}

func (w *jsonWriter) match(m *ruleset.Match) {
	e := looked(m)
	if len(m.Terms) == 0 {
		w.cannot("opaque", "a match without a value")
		return
	}
	op := equality(m.Neg)
	switch c := comparison(m); {
	case m.Op == ruleset.OpAny:
		w.any(m, e)
		return
	case m.Field == ruleset.CTLabel && !m.Set:
		op = map[bool]string{false: "in", true: "!"}[m.Neg]
	case c != "":
		op = c
	}
	w.add(`{"match":{"op":"`, op, `","left":`)
	if m.Op == ruleset.OpMask {
		w.add(`{"&":[`)
		w.expr(e, nil)
		w.add(",")
		w.mask(e, m.Mask)
		w.add("]}")
	} else {
		w.expr(e, nil)
	}
	w.add(`,"right":`)
	switch {
	case len(m.Terms) == 1 && !m.Set:
		w.matched(m, e, 0)
	case m.Field == ruleset.CTLabel && !m.Set:
		w.add("[")
		w.list(m, e)
		w.add("]")
	default:
		w.add(`{"set":[`)
		w.list(m, e)
		w.add("]}")
	}
	w.add("}}")
}

// any of some bits, or none of them.
func (w *jsonWriter) any(m *ruleset.Match, e ruleset.Expr) {
	bits, f := m.Terms[0].Lo.Lo, w.style(e)
	names, named := bitsOf(f, bits)
	if named && !m.Neg && m.Field != ruleset.TCPFlags {
		w.add(`{"match":{"op":"in","left":`)
		w.expr(e, nil)
		w.add(`,"right":`)
		w.strings(names)
		w.add("}}")
		return
	}
	w.add(`{"match":{"op":"`, equality(!m.Neg), `","left":{"&":[`)
	w.expr(e, nil)
	w.add(",")
	w.bits(f, bits)
	w.add(`]},"right":0}}`)
}

func (w *jsonWriter) list(m *ruleset.Match, e ruleset.Expr) {
	for i := range m.Terms {
		if i > 0 {
			w.add(",")
		}
		w.matched(m, e, i)
	}
}

func (w *jsonWriter) matched(m *ruleset.Match, e ruleset.Expr, i int) {
	t := &m.Terms[i]
	if ruleset.DomainOf(e) == ruleset.Bits && t.Single() && t.Text == "" && t.Form == ruleset.Plain && t.Lo.Hi == 0 {
		w.bits(w.style(e), t.Lo.Lo)
		return
	}
	w.term(e, t)
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

func (w *jsonWriter) mask(e ruleset.Expr, m ruleset.U128) {
	if s := w.style(e); s.values != address4 && s.values != address6 && s.values != linkAddress && len(s.names) > 0 {
		w.bits(s, m.Lo)
	} else {
		w.value(s, m)
	}
}

func (w *jsonWriter) limit(l *ruleset.Limit) {
	w.add(`{"limit":{`)
	w.rate(l)
	w.add("}}")
}

// rate of a limit.
func (w *jsonWriter) rate(l *ruleset.Limit) {
	w.add(`"rate":`)
	w.b = emit.Int(w.b, l.Rate)
	w.add(`,"per":`)
	w.b = appendString(w.b, l.Unit)
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

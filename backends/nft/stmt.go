package nft

import (
	"strings"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// rule writes a rule on one line.
func (w *textWriter) rule(r *ruleset.Rule) {
	w.at, w.th = r.Origin, ""
	stmts := r.Body
	if !w.plain {
		stmts = w.program.rule(r)
	}
	start, z := len(w.b), settled{}
	for i, s := range stmts {
		if r.Counted && counterAt(stmts) == i {
			w.sep(start)
			w.add("counter")
		}
		if w.skips(&z, stmts[i:]) {
			continue
		}
		w.sep(start)
		w.stmt(s)
	}
	if r.Counted && counterAt(stmts) == len(stmts) {
		w.sep(start)
		w.add("counter")
	}
	if r.Comment != "" {
		w.sep(start)
		w.comment(r.Comment)
	}
	if len(w.b) == start {
		w.report.Unsupported(r.Origin, "a rule without any statement")
	}
}

// skips says whether the first of some statements is left unsaid, and learns by
// which name ports are called in it.
func (p *program) skips(z *settled, stmts []ruleset.Stmt) bool {
	if p.plain {
		m, ok := stmts[0].(*ruleset.Match)
		p.transport(stmts[0])
		return ok && m.Implied
	}
	skip, proto := z.next(stmts)
	p.th = proto
	return skip
}

func (w *textWriter) sep(start int) {
	if len(w.b) > start {
		w.b = append(w.b, ' ')
	}
}

// counterAt gives the index of the statement before which a counter stands:
// the last, where it ends the rule.
func counterAt(stmts []ruleset.Stmt) int {
	n := len(stmts)
	if n == 0 {
		return 0
	}
	switch stmts[n-1].(type) {
	case *ruleset.Verdict, *ruleset.Reject, *ruleset.NAT, *ruleset.VMap:
		return n - 1
	}
	return n
}

// settled walks over a rule's statements and tells which can be left unsaid,
// because what follows at once says them too in nft's words: "tcp dport 53" and
// "icmp type 8" settle the protocol themselves. Ports that follow one another
// bear the same name.
type settled struct {
	proto string // of the ports that follow
}

// next is called for each statement in turn. skip: leave it out. proto is the
// protocol by which its port is called, or "".
func (z *settled) next(stmts []ruleset.Stmt) (skip bool, proto string) {
	if port := portOf(stmts[0]); port {
		return false, z.proto
	}
	z.proto = ""
	m, ok := stmts[0].(*ruleset.Match)
	if !ok || len(stmts) < 2 || m.Field != ruleset.L4Proto || m.Op != ruleset.OpIn || m.Neg || len(m.Terms) != 1 || !m.Terms[0].Single() {
		return false, ""
	}
	n := m.Terms[0].Lo.Lo
	if emit.HasPorts(n) && portOf(stmts[1]) {
		z.proto = protocolName(n)
		return true, ""
	}
	if o, ok := stmts[1].(*ruleset.Match); ok {
		switch o.Field {
		case ruleset.ICMPType, ruleset.ICMPCode:
			return n == 1, ""
		case ruleset.ICMPv6Type, ruleset.ICMPv6Code:
			return n == 58, ""
		case ruleset.TCPFlags:
			return n == 6, ""
		}
	}
	return false, ""
}

// portOf says whether a statement looks at one port of the packet.
func portOf(s ruleset.Stmt) bool {
	switch s := s.(type) {
	case *ruleset.Match:
		return s.Field == ruleset.Sport || s.Field == ruleset.Dport
	case *ruleset.Lookup:
		return len(s.Key) == 1 && (s.Key[0] == ruleset.Sport || s.Key[0] == ruleset.Dport)
	}
	return false
}

func (w *textWriter) stmt(s ruleset.Stmt) {
	switch s := s.(type) {
	case *ruleset.Match:
		w.match(s)
	case *ruleset.Lookup:
		if s.IPSet {
			w.refuse("a lookup in a set of ipset: %s", s.Set)
		}
		w.key(s.Key)
		if s.Neg {
			w.add(" !=")
		}
		w.add(" ")
		w.mapping(s.Set, s.Elems, s.Key, nil)
	case *ruleset.VMap:
		w.key(s.Key)
		w.add(" vmap ")
		w.mapping(s.Map, s.Elems, s.Key, nil)
	case *ruleset.Verdict:
		if s.Inline != nil {
			w.inline(s)
			return
		}
		w.b = appendVerdict(w.b, s)
	case *ruleset.Reject:
		kind, code := w.answer(s)
		switch {
		case kind == "tcp reset":
			w.add("reject with tcp reset")
		default:
			w.add("reject with ", kind, " ", code)
		}
	case *ruleset.Limit:
		w.limit(s)
	case *ruleset.Meter:
		w.add("update @", s.Set, " { ")
		for i, k := range s.Key {
			if i > 0 {
				w.add(" . ")
			}
			w.expr(k.Field, nil)
			if k.Mask != (ruleset.U128{}) {
				w.add(" & ")
				w.mask(k.Field, k.Mask)
			}
		}
		w.add(" ")
		w.limit(&s.Limit)
		w.add(" }")
	case *ruleset.Log:
		w.log(s)
	case *ruleset.NAT:
		w.nat(s)
	case *ruleset.SetField:
		w.assign(s)
	case *ruleset.NoTrack:
		w.add("notrack")
	case *ruleset.Opaque:
		if w.plain && (!plainStatement(s.Text) || strings.HasPrefix(s.Text, "xt ")) {
			w.refuse("the unknown text %q within a rule", s.Text)
		}
		w.add(s.Text)
	default:
		w.further(s)
	}
}

// inline writes a chain without a name.
func (w *textWriter) inline(v *ruleset.Verdict) {
	if w.depth++; w.depth > maxDepth {
		w.refuse("chains without a name more than %d deep", maxDepth)
	} else {
		at, th := w.at, w.th
		w.add(v.Kind.String(), " {")
		for _, r := range v.Inline {
			w.add(" ")
			w.rule(r)
			w.add(";")
		}
		w.add(" }")
		w.at, w.th = at, th
	}
	w.depth--
}

func (w *textWriter) key(key []ruleset.Expr) {
	for i, e := range key {
		if i > 0 {
			w.add(" . ")
		}
		w.expr(e, nil)
	}
}

// looked at by a match: its field, or what is computed.
func looked(m *ruleset.Match) ruleset.Expr {
	if m.Field == ruleset.NoField && m.Of != nil {
		return m.Of
	}
	return m.Field
}

func (w *textWriter) match(m *ruleset.Match) {
	e := looked(m)
	f := w.style(e)
	if len(m.Terms) == 0 {
		w.refuse("a match on %s without a value", f.expr)
		return
	}
	w.expr(e, nil)
	switch m.Op {
	case ruleset.OpAny:
		bits := m.Terms[0].Lo.Lo
		names, named := bitsOf(f, bits)
		if named && !m.Neg && m.Field != ruleset.TCPFlags {
			w.b = append(w.b, ' ')
			w.join(names, ",")
			return
		}
		w.add(" & ")
		w.bits(f, bits)
		w.add(map[bool]string{false: " != 0", true: " == 0"}[m.Neg])
		return
	case ruleset.OpMask:
		w.add(" & ")
		w.mask(e, m.Mask)
	}
	if op := comparison(m); op != "" {
		w.add(" ", op, " ")
		w.terms(m)
		return
	}
	switch {
	case m.Field == ruleset.CTLabel && m.Neg && !m.Set:
		w.add(" ! ")
		w.list(m, ",")
	case m.Field == ruleset.CTLabel && !m.Set:
		w.add(" ")
		w.list(m, ",")
	case m.Neg:
		w.add(" != ")
		w.terms(m)
	case m.Op == ruleset.OpMask || ruleset.DomainOf(e) == ruleset.Bits && len(m.Terms) == 1 && !m.Set:
		w.add(" == ")
		w.terms(m)
	default:
		w.add(" ")
		w.terms(m)
	}
}

// comparison is the operator by which the only term of a match is to be written,
// or "".
func comparison(m *ruleset.Match) string {
	if len(m.Terms) != 1 || m.Set || m.Neg {
		return ""
	}
	switch m.Terms[0].Form {
	case ruleset.Less:
		return "<"
	case ruleset.LessEqual:
		return "<="
	case ruleset.More:
		return ">"
	case ruleset.MoreEqual:
		return ">="
	}
	return ""
}

// terms of a match: one, or an anonymous set.
func (w *textWriter) terms(m *ruleset.Match) {
	if len(m.Terms) == 1 && !m.Set {
		w.list(m, "")
		return
	}
	w.add("{ ")
	w.list(m, ", ")
	w.add(" }")
}

func (w *textWriter) list(m *ruleset.Match, sep string) {
	e := looked(m)
	f := w.style(e)
	for i := range m.Terms {
		if i > 0 {
			w.add(sep)
		}
		if t := &m.Terms[i]; ruleset.DomainOf(e) == ruleset.Bits && t.Single() && t.Text == "" && t.Form == ruleset.Plain && t.Lo.Hi == 0 {
			w.bits(f, t.Lo.Lo)
			continue
		}
		w.term(e, &m.Terms[i])
	}
}

// bits of a field, by their names where all have one.
func (w *textWriter) bits(f *syntax, v uint64) {
	names, named := bitsOf(f, v)
	switch {
	case !named:
		w.b = emit.Hex(w.b, v)
	case len(names) == 1:
		w.add(names[0])
	default:
		w.add("(")
		w.join(names, " | ")
		w.add(")")
	}
}

func (w *textWriter) join(names []string, sep string) {
	for i, n := range names {
		if i > 0 {
			w.add(sep)
		}
		w.add(n)
	}
}

// mask of an expression: as an address where it has addresses, else a number.
func (w *textWriter) mask(e ruleset.Expr, m ruleset.U128) {
	switch s := w.style(e); {
	case s.values == address4 || s.values == address6 || s.values == linkAddress || s.values == milliseconds || s.values == seconds:
		w.b = appendValue(w.b, s, m)
	case len(s.names) > 0 && s.values == hexadecimal:
		w.bits(s, m.Lo)
	default:
		w.b = appendHex(w.b, m)
	}
}

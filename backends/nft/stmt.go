package nft

import (
	"net/netip"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// rule writes a rule on one line.
func (w *textWriter) rule(r *ruleset.Rule) {
	stmts := w.program.rule(r)
	start, z := len(w.b), settled{}
	for i, s := range stmts {
		if r.Counted && counterAt(stmts) == i {
			w.sep(start)
			w.add("counter")
		}
		skip, proto := z.next(stmts[i:])
		if skip {
			continue
		}
		w.sep(start)
		w.stmt(s, proto)
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

func (w *textWriter) stmt(s ruleset.Stmt, proto string) {
	switch s := s.(type) {
	case *ruleset.Match:
		w.match(s, proto)
	case *ruleset.Lookup:
		if proto != "" {
			w.add(proto, w.syntax[ruleset.FieldOf(s.Key[0])].expr[len("th"):])
		} else {
			w.key(s.Key)
		}
		if s.Neg {
			w.add(" !=")
		}
		w.add(" @", s.Set)
	case *ruleset.VMap:
		w.key(s.Key)
		w.add(" vmap ")
		if s.Map != "" {
			w.add("@", s.Map)
			return
		}
		w.add("{ ")
		for i := range s.Elems {
			if i > 0 {
				w.add(", ")
			}
			if e := &s.Elems[i]; len(e.Key) == len(s.Key) {
				w.b = w.element(w.b, e, s.Key, nil)
			}
		}
		w.add(" }")
	case *ruleset.Verdict:
		w.b = appendVerdict(w.b, s)
	case *ruleset.Reject:
		w.add("reject with ")
		if s.With == ruleset.RejectTCPReset {
			w.add("tcp reset")
			return
		}
		with, _ := rejectCode(w.table.Family, s.With)
		w.add(with)
	case *ruleset.Limit:
		w.limit(s)
	case *ruleset.Meter:
		w.add("update @", s.Set, " { ")
		for i, k := range s.Key {
			if i > 0 {
				w.add(" . ")
			}
			w.add(w.syntax[k.Field].expr)
			if k.Mask != (ruleset.U128{}) {
				w.add(" & ")
				w.mask(k.Field, k.Mask)
			}
		}
		w.add(" ")
		w.limit(&s.Limit)
		w.add(" }")
	case *ruleset.Log:
		w.add("log")
		if s.Prefix != "" {
			w.add(" prefix \"", s.Prefix, "\"")
		}
		if s.Nflog {
			w.add(" group ")
			w.b = emit.Int(w.b, s.Group)
		}
	case *ruleset.NAT:
		w.nat(s)
	case *ruleset.SetField:
		f := &w.syntax[s.Field]
		w.add(f.expr, " set ")
		w.b = appendTerm(w.b, s.Field, f, &s.Value)
	case *ruleset.NoTrack:
		w.add("notrack")
	case *ruleset.Opaque:
		w.add(s.Text)
	}
}

func (w *textWriter) key(key []ruleset.Expr) {
	for i, f := range key {
		if i > 0 {
			w.add(" . ")
		}
		w.add(w.syntax[ruleset.FieldOf(f)].expr)
	}
}

func (w *textWriter) match(m *ruleset.Match, proto string) {
	f := &w.syntax[m.Field]
	if proto != "" {
		w.add(proto, f.expr[len("th"):])
	} else {
		w.add(f.expr)
	}
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
		w.mask(m.Field, m.Mask)
	}
	switch {
	case m.Field == ruleset.CTLabel && m.Neg:
		w.add(" ! ")
		w.list(m, ",")
	case m.Field == ruleset.CTLabel:
		w.add(" ")
		w.list(m, ",")
	case m.Neg:
		w.add(" != ")
		w.terms(m)
	case m.Op == ruleset.OpMask || m.Field.Info().Domain == ruleset.Bits && len(m.Terms) == 1:
		w.add(" == ")
		w.terms(m)
	default:
		w.add(" ")
		w.terms(m)
	}
}

// terms of a match: one, or an anonymous set.
func (w *textWriter) terms(m *ruleset.Match) {
	if len(m.Terms) == 1 {
		w.list(m, "")
		return
	}
	w.add("{ ")
	w.list(m, ", ")
	w.add(" }")
}

func (w *textWriter) list(m *ruleset.Match, sep string) {
	f := &w.syntax[m.Field]
	for i := range m.Terms {
		if i > 0 {
			w.add(sep)
		}
		if m.Field.Info().Domain == ruleset.Bits && m.Terms[i].Single() {
			w.bits(f, m.Terms[i].Lo.Lo)
			continue
		}
		w.b = appendTerm(w.b, m.Field, f, &m.Terms[i])
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

// mask of a field: as an address where it has addresses, else a number.
func (w *textWriter) mask(f ruleset.Field, m ruleset.U128) {
	switch s := &w.syntax[f]; {
	case s.values == address4 || s.values == address6 || s.values == linkAddress:
		w.b = appendValue(w.b, s, m)
	case len(s.names) > 0 && s.values == hexadecimal:
		w.bits(s, m.Lo)
	default:
		w.b = emit.Hex(w.b, m.Lo)
	}
}

func (w *textWriter) limit(l *ruleset.Limit) {
	w.add("limit rate ")
	if l.Over {
		w.add("over ")
	}
	w.b = emit.Int(w.b, l.Rate)
	unit := " packets"
	if l.Bytes {
		unit = " bytes"
		w.add(unit)
	}
	w.add("/", l.Unit)
	if l.Burst > 0 {
		w.add(" burst ")
		w.b = emit.Int(w.b, l.Burst)
		w.add(unit)
	}
}

func (w *textWriter) nat(n *ruleset.NAT) {
	w.add(n.Kind.String())
	family := ""
	if w.table.Family != ruleset.IP && w.table.Family != ruleset.IP6 {
		family = " ip"
	}
	if n.Map != "" {
		if s := w.sets[n.Map]; family != "" && s != nil && len(s.Data) > 0 && ruleset.DomainOf(s.Data[0]) == ruleset.Addr6 {
			family = " ip6"
		}
		w.add(family, " to ")
		w.key(n.Key)
		w.add(" map @", n.Map)
		return
	}
	if n.Lo.IsValid() {
		if family != "" && !n.Lo.Is4() {
			family = " ip6"
		}
		w.add(family)
	}
	if n.Lo.IsValid() || n.PortLo != 0 {
		w.add(" to ")
	}
	if n.Lo.IsValid() {
		w.natAddr(n.Lo, n.PortLo != 0)
		if n.Hi.IsValid() && n.Hi != n.Lo {
			w.add("-")
			w.natAddr(n.Hi, n.PortLo != 0)
		}
	}
	if n.PortLo != 0 {
		w.add(":")
		w.b = emit.Uint(w.b, uint64(n.PortLo))
		if n.PortHi > n.PortLo {
			w.add("-")
			w.b = emit.Uint(w.b, uint64(n.PortHi))
		}
	}
}

// natAddr writes an address; of IPv6 in brackets where a port follows.
func (w *textWriter) natAddr(a netip.Addr, port bool) {
	if port && !a.Is4() {
		w.add("[")
		w.b = a.AppendTo(w.b)
		w.add("]")
		return
	}
	w.b = a.AppendTo(w.b)
}

package schema

import (
	"github.com/loward/loward/backends/nft/internal/syntax"
	"github.com/loward/loward/dsl/diag"
)

// stmts reads an array of statements.
func (r *reader) stmts(v *value) []*syntax.Stmt {
	if v.kind != array {
		return []*syntax.Stmt{r.stmt(v)}
	}
	list := make([]*syntax.Stmt, len(v.list))
	for i := range v.list {
		list[i] = r.stmt(&v.list[i])
	}
	return list
}

// stmt reads a statement. What nft could not print as JSON it prints as a string.
func (r *reader) stmt(v *value) *syntax.Stmt {
	s := &syntax.Stmt{Span: v.span}
	if v.kind == text {
		return r.spelled(v)
	}
	key, x := r.only(v, "a statement")
	if x == nil {
		s.Kind, s.Name = syntax.SXT, v.span.Text()
		return s
	}
	if !r.statement(s, key, x, v) {
		r.unknown(v.keys[0].span, "the statement %q", key)
		s.Kind, s.Name = syntax.SXT, v.span.Text()
	}
	return s
}

// spelled is a statement that nft printed as its text.
func (r *reader) spelled(v *value) *syntax.Stmt {
	l := &diag.List{Max: 1}
	at := v.span
	p := syntax.NewParser(syntax.Options{At: at, CodeSyntax: r.o.CodeSyntax, CodeMissing: r.o.CodeOpaque})
	for c := range p.Parse(diag.NewFile(at.File.Name, []byte("add rule inet t c "+v.text+"\n")), l) {
		if len(l.All) == 0 && c.Rule != nil && len(c.Rule.Stmts) == 1 {
			return c.Rule.Stmts[0]
		}
		break
	}
	r.unknown(at, "the statement %q", v.text)
	return &syntax.Stmt{Kind: syntax.SXT, Name: v.text, Span: at}
}

// statement of that key; false where the schema has none.
func (r *reader) statement(s *syntax.Stmt, key string, v, whole *value) bool {
	if v.kind != object {
		return r.short(s, key, v, whole)
	}
	switch key {
	case "match":
		r.match(s, v)
	case "accept", "drop", "continue", "return", "jump", "goto", "vmap":
		s.Kind, s.Expr = syntax.SVerdict, r.expr(whole)
	case "counter", "quota", "limit", "ct helper", "ct timeout", "ct expectation", "synproxy", "secmark":
		if v.get("map") != nil {
			r.short(s, key, v, whole)
			return true
		}
		return r.state(s, key, v)
	case "last":
		s.Kind, s.Numbers = syntax.SLast, &syntax.Numbers{Used: r.num(v, "used", 1)}
	case "ct count":
		s.Kind, s.Over, s.Numbers = syntax.SConnCount, r.truth(v, "inv"), &syntax.Numbers{Count: r.num(v, "val", 1)}
	case "mangle":
		r.needs(v, "key", "value")
		s.Kind, s.Expr, s.Value = syntax.SAssign, r.part(v, "key"), r.part(v, "value")
	case "log":
		r.log(s, v)
	case "reject":
		s.Kind, s.Reject = syntax.SReject, &syntax.Reject{Type: r.word(v, "type", false).Text}
		if x := v.get("expr"); x != nil {
			s.Reject.Code = r.expr(x)
		}
	case "snat", "dnat", "masquerade", "redirect":
		s.Kind, s.Name, s.NAT = syntax.SNAT, key, r.nat(v)
	case "tproxy":
		s.Kind, s.Name, s.NAT = syntax.STProxy, key, r.nat(v)
	case "dup", "fwd":
		r.copied(s, key, v)
	case "queue":
		s.Kind, s.Flags = syntax.SQueue, r.flags(v, "flags")
		if x := v.get("num"); x != nil {
			s.Expr = r.expr(x)
		}
	case "flow":
		s.Kind, s.Name = syntax.SFlow, trimAt(r.word(v, "flowtable", true).Text)
	case "set", "map", "meter":
		r.update(s, key, v)
	case "reset":
		s.Kind, s.Expr = syntax.SReset, r.expr(v)
	case "xt":
		s.Kind, s.Name = syntax.SXT, "xt "+r.word(v, "type", false).Text+" "+r.word(v, "name", false).Text
	default:
		return false
	}
	return true
}

// short are statements without parameters, or with the name of an object.
func (r *reader) short(s *syntax.Stmt, key string, v, whole *value) bool {
	switch key {
	case "accept", "drop", "continue", "return", "jump", "goto":
		s.Kind, s.Expr = syntax.SVerdict, r.expr(whole)
		return true
	case "notrack":
		s.Kind = syntax.SNoTrack
		return true
	case "masquerade", "redirect", "tproxy":
		s.Kind, s.Name, s.NAT = syntax.SNAT, key, &syntax.NAT{}
		return true
	case "log":
		s.Kind, s.Log = syntax.SLog, &syntax.Log{}
		return true
	case "reject":
		s.Kind, s.Reject = syntax.SReject, &syntax.Reject{}
		return true
	case "queue":
		s.Kind = syntax.SQueue
		return true
	case "last":
		s.Kind, s.Numbers = syntax.SLast, &syntax.Numbers{}
		return true
	case "xt":
		s.Kind, s.Name = syntax.SXT, "xt"
		return true
	}
	k, _, ok := kindOf(key)
	if !ok || k < syntax.Counter {
		return false
	}
	switch {
	case v.kind == text || v.kind == object:
		s.Kind, s.Object, s.Expr = syntax.SObject, k, r.expr(v)
		if v.kind == text {
			s.Expr.Kind, s.Expr.Text = syntax.XString, v.text
		}
	case k == syntax.Counter:
		s.Kind = syntax.SCounter
	case k == syntax.Synproxy:
		s.Kind, s.Synproxy = syntax.SSynproxy, &syntax.SynproxySpec{}
	default:
		return false
	}
	return true
}

func trimAt(s string) string {
	if s != "" && s[0] == '@' {
		return s[1:]
	}
	return s
}

func (r *reader) match(s *syntax.Stmt, v *value) {
	r.needs(v, "left", "right")
	op := syntax.Implicit
	switch n := r.word(v, "op", false); n.Text {
	case "", "in":
	default:
		known := false
		for o := syntax.Eq; o <= syntax.Not; o++ {
			if o.String() == n.Text {
				op, known = o, true
			}
		}
		if !known {
			r.wrong(n.Span, "no operator %q: they are ==, !=, <, >, <=, >=, in and !", n.Text)
		}
	}
	s.Expr = &syntax.Expr{Kind: syntax.XRel, Op: op, Args: []*syntax.Expr{r.part(v, "left"), r.part(v, "right")}, Span: v.span}
}

// state is a statement that counts or measures.
func (r *reader) state(s *syntax.Stmt, key string, v *value) bool {
	switch key {
	case "counter":
		s.Kind, s.Numbers = syntax.SCounter, r.counted(v)
	case "quota":
		s.Kind, s.Over = syntax.SQuota, r.truth(v, "inv")
		s.Numbers = &syntax.Numbers{Bytes: r.num(v, "val", 1), Unit: r.word(v, "val_unit", false).Text,
			Used: r.num(v, "used", 1), UsedUnit: r.word(v, "used_unit", false).Text}
		if s.Numbers.Unit == "" {
			s.Numbers.Unit = "bytes"
		}
		if s.Numbers.UsedUnit == "" {
			s.Numbers.UsedUnit = "bytes"
		}
	case "limit":
		r.limit(s, v)
	case "synproxy":
		s.Kind, s.Synproxy = syntax.SSynproxy, r.synproxy(v)
	default:
		return false
	}
	return true
}

func (r *reader) counted(v *value) *syntax.Numbers {
	return &syntax.Numbers{Packets: r.num(v, "packets", 1), Bytes: r.num(v, "bytes", 1)}
}

func (r *reader) limit(s *syntax.Stmt, v *value) {
	s.Kind, s.Over = syntax.SLimit, r.truth(v, "inv")
	r.needs(v, "rate")
	unit := func(key string) string {
		if u := r.word(v, key, false).Text; u != "packets" {
			return u
		}
		return ""
	}
	s.Numbers = &syntax.Numbers{Rate: r.num(v, "rate", 1), Unit: unit("rate_unit"), Per: r.word(v, "per", false).Text,
		Burst: r.num(v, "burst", 1), BurstUnit: unit("burst_unit")}
	if s.Numbers.Per == "" {
		s.Numbers.Per = "second"
	}
}

func (r *reader) synproxy(v *value) *syntax.SynproxySpec {
	p := &syntax.SynproxySpec{MSS: r.num(v, "mss", 1), WScale: r.num(v, "wscale", 1)}
	for _, f := range r.words(v, "flags") {
		switch f.Text {
		case "timestamp":
			p.Timestamp = true
		case "sack-perm":
			p.SackPerm = true
		case "ecn":
			p.ECN = true
		default:
			r.unknown(f.Span, "the flag %q", f.Text)
		}
	}
	return p
}

func (r *reader) log(s *syntax.Stmt, v *value) {
	s.Kind = syntax.SLog
	s.Log = &syntax.Log{Level: r.word(v, "level", false), Group: r.num(v, "group", 1), Snaplen: r.num(v, "snaplen", 1),
		QueueThreshold: r.num(v, "queue-threshold", 1), Flags: r.flags(v, "flags")}
	if p := r.word(v, "prefix", false); v.get("prefix") != nil {
		s.Log.Prefix = &syntax.Expr{Kind: syntax.XString, Text: p.Text, Span: p.Span}
	}
}

func (r *reader) nat(v *value) *syntax.NAT {
	n := &syntax.NAT{Family: r.word(v, "family", false).Text}
	if x := v.get("addr"); x != nil {
		n.Addr = r.expr(x)
	}
	if x := v.get("port"); x != nil {
		n.Port = r.expr(x)
	}
	for _, f := range r.flags(v, "flags") {
		if f == "netmap" {
			n.Prefix = true
			continue
		}
		n.Flags = append(n.Flags, f)
	}
	for _, f := range r.flags(v, "type_flags") {
		switch f {
		case "prefix":
			n.Prefix = true
		case "interval":
			n.Interval = true
		case "concat":
			n.Concat = true
		}
	}
	return n
}

// copied packets go to an address, an interface, or both.
func (r *reader) copied(s *syntax.Stmt, key string, v *value) {
	s.Kind, s.Family = map[string]syntax.StmtKind{"dup": syntax.SDup, "fwd": syntax.SFwd}[key], r.word(v, "family", false).Text
	addr, dev := v.get("addr"), v.get("dev")
	switch {
	case addr != nil && dev != nil:
		s.Expr, s.Value = r.expr(addr), r.expr(dev)
	case addr != nil:
		s.Expr = r.expr(addr)
	case dev != nil:
		s.Expr = r.expr(dev)
	default:
		r.wrong(v.span, `%s needs the field "addr" or "dev"`, key)
		s.Kind, s.Name = syntax.SXT, v.span.Text()
	}
}

func (r *reader) update(s *syntax.Stmt, key string, v *value) {
	s.Kind = syntax.SSetUpdate
	u := &syntax.Update{Op: r.word(v, "op", key != "meter").Text, Set: r.word(v, key, false)}
	part := "elem"
	if key == "meter" {
		s.Kind, part = syntax.SMeter, "key"
		u.Op, u.Set, u.Size = "meter", r.word(v, "name", true), r.num(v, "size", 1)
	}
	u.Set.Text = trimAt(u.Set.Text)
	r.needs(v, part)
	u.Key = r.part(v, part)
	if x := u.Key.Elem; u.Key.Kind == syntax.XElem {
		u.Key, u.Timeout, u.Expires, u.Comment, u.Stmts = x.Key, x.Timeout, x.Expires, x.Comment, x.Stmts
	}
	if x := v.get("data"); x != nil {
		u.Data = r.expr(x)
	}
	if x := v.get("stmt"); x != nil {
		u.Stmts = append(u.Stmts, r.stmts(x)...)
	}
	s.Update = u
}

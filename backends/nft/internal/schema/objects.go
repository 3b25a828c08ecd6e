package schema

import "github.com/loward/loward/backends/nft/internal/syntax"

// body of a stateful object.
func (r *reader) body(k syntax.Kind, v *value) *syntax.ObjectSpec {
	o := &syntax.ObjectSpec{Comment: r.word(v, "comment", false).Text}
	state := func(kind syntax.StmtKind) {
		o.Stmt = &syntax.Stmt{Kind: kind, Span: v.span}
	}
	switch k {
	case syntax.Counter:
		state(syntax.SCounter)
		o.Stmt.Numbers = r.counted(v)
	case syntax.Quota:
		state(syntax.SQuota)
		o.Stmt.Over = r.truth(v, "inv")
		o.Stmt.Numbers = &syntax.Numbers{Bytes: r.num(v, "bytes", 1), Used: r.num(v, "used", 1), Unit: "bytes", UsedUnit: "bytes"}
	case syntax.Limit:
		state(syntax.SLimit)
		r.limit(o.Stmt, v)
	case syntax.Synproxy:
		state(syntax.SSynproxy)
		o.Stmt.Synproxy = r.synproxy(v)
	case syntax.Secmark:
		o.Context = r.word(v, "context", true)
	case syntax.CTHelper, syntax.CTTimeout, syntax.CTExpectation:
		o.Type = r.word(v, "type", k == syntax.CTHelper)
		o.L4Proto, o.L3Proto = r.word(v, "protocol", false), r.word(v, "l3proto", false)
		r.tracked(k, o, v)
	}
	return o
}

// tracked is what an object of conntrack says besides its protocol.
func (r *reader) tracked(k syntax.Kind, o *syntax.ObjectSpec, v *value) {
	if k == syntax.CTExpectation {
		if p := v.get("dport"); p != nil {
			o.DPort = r.expr(p)
		}
		o.Timeout, o.Size = r.num(v, "timeout", 1), r.num(v, "size", 1)
	}
	p := v.get("policy")
	if k != syntax.CTTimeout || p == nil {
		return
	}
	if p.kind != object {
		r.wrong(p.span, "policy is an object of states and seconds, not %s", p.kind)
		return
	}
	for i := range p.keys {
		o.Policy = append(o.Policy, syntax.StateTimeout{
			State: syntax.Name{Text: p.keys[i].text, Span: p.keys[i].span}, Time: r.num(p, p.keys[i].text, second)})
	}
}

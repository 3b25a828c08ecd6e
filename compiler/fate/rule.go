package fate

import (
	"fmt"

	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/ruleset"
)

// rule is a rule at work.
type rule struct {
	m     *Map
	table *ruleset.Table
	chain *ruleset.Chain
	begin state
	// asked are the conditions under which packets have come as far as this in the
	// rule.
	asked []diagram.Node
	// ports: only packets that have ports have come as far.
	ports bool
	// module is the extension of which a statement is part.
	module *ruleset.Module
	// in is the set to whose elements statements belong.
	in string
}

// rule makes the diagram of a rule: Miss where it goes on and has changed nothing.
func (m *Map) rule(t *ruleset.Table, c *ruleset.Chain, r *ruleset.Rule, st *state) diagram.Node {
	if r.Harmless() {
		return diagram.Miss
	}
	x := &rule{m: m, table: t, chain: c, begin: *st}
	outer := m.portsOnly
	defer func() { m.portsOnly = outer }()
	return x.body(r.Body, st, func(st *state) diagram.Node { return x.goOn(st) })
}

// goOn with the next rule.
func (x *rule) goOn(st *state) diagram.Node {
	if *st == x.begin {
		return diagram.Miss
	}
	return x.m.stateLeaf(leafGo, st)
}

// body runs statements; what passes all of them goes on as then says.
func (x *rule) body(list []ruleset.Stmt, st *state, then func(*state) diagram.Node) diagram.Node {
	for i, s := range list {
		rest := func(st *state) diagram.Node { return x.body(list[i+1:], st, then) }
		if mod, ok := s.(*ruleset.Module); ok {
			return x.means(mod, st, rest)
		}
		if n, ends := x.statement(s, st, rest); ends {
			return n
		}
	}
	return then(st)
}

// means runs what an extension means.
func (x *rule) means(mod *ruleset.Module, st *state, rest func(*state) diagram.Node) diagram.Node {
	outer := x.module
	x.module = mod
	n := x.body(mod.Means, st, func(st *state) diagram.Node {
		x.module = outer
		n := rest(st)
		x.module = mod
		return n
	})
	x.module = outer
	return n
}

// where goes on where the condition holds; elsewhere the rule does not match.
func (x *rule) where(cond diagram.Node, st *state, rest func(*state) diagram.Node) (diagram.Node, bool) {
	switch cond {
	case diagram.True:
		return 0, false
	case diagram.False:
		return x.goOn(st), true
	}
	x.asked = append(x.asked, cond)
	ports := x.ports
	x.ports = ports || x.m.dd.Minus(cond, x.m.ported()) == diagram.False
	n := rest(st)
	x.asked, x.ports = x.asked[:len(x.asked)-1], ports
	return x.m.dd.Ite(cond, n, x.goOn(st)), true
}

// statement runs one: ends is false where it changes nothing and all packets pass.
func (x *rule) statement(s ruleset.Stmt, st *state, rest func(*state) diagram.Node) (n diagram.Node, ends bool) {
	m := x.m
	m.portsOnly = x.ports
	switch s := s.(type) {
	case *ruleset.Match:
		return x.where(m.match(st, x.table, s), st, rest)
	case *ruleset.Compare:
		return x.where(m.compare(st, x.table, s), st, rest)
	case *ruleset.Lookup:
		return x.where(m.lookup(st, x.table, s), st, rest)
	case *ruleset.Limit, *ruleset.Meter, *ruleset.Quota, *ruleset.ConnCount:
		return x.where(x.past(s, "a rate or a count"), st, rest)
	case *ruleset.May:
		return x.may(x.past(s, s.Why), s.Why, s.Verdict, st, rest)
	case *ruleset.Opaque:
		return x.may(m.u.atom(s.Text), s.Text, s.Verdict, st, rest)
	case *ruleset.Verdict:
		return x.verdict(s, st)
	case *ruleset.VMap:
		return x.vmap(s, st), true
	case *ruleset.Reject:
		return m.end(Fate{Verdict: Reject}), true
	case *ruleset.Queue:
		return m.undecided("a program decides"), true
	case *ruleset.Fwd:
		return m.undecided("it leaves by another interface"), true
	case *ruleset.ObjectRef:
		return x.object(s, st, rest)
	case *ruleset.SetUpdate:
		x.in = s.Set
		n := x.body(s.Stmts, st, func(st *state) diagram.Node {
			x.in = ""
			return rest(st)
		})
		x.in = ""
		return n, true
	case *ruleset.NoTrack:
		if !st.conn && !st.untracked {
			next := *st
			next.untracked = true
			return rest(&next), true
		}
	case *ruleset.SetField:
		return x.assign(s, st, rest)
	case *ruleset.NAT:
		return x.nat(s, st), true
	case *ruleset.TProxy:
		take := m.u.is(varProto, packet.TCP, packet.UDP)
		return m.dd.Ite(take, m.undecided("a transparent socket takes it, if there is one"), x.goOn(st)), true
	case *ruleset.Synproxy:
		return m.dd.Ite(m.u.is(varProto, packet.TCP), m.undecided("the kernel answers in the server's stead"), rest(st)), true
	}
	return 0, false
}

// past is the condition of what depends on the past; it may be asked anew at each
// hook. What asks the same of the same packets in two rulesets gets the same answer,
// provided that both have had the same past.
func (x *rule) past(s ruleset.Stmt, why string) diagram.Node {
	m := x.m
	key := pastKey{s, m.hook}
	if n, ok := m.pasts[key]; ok {
		return n
	}
	of := diagram.True
	for i := len(x.asked) - 1; i >= 0; i-- {
		of = m.dd.And(x.asked[i], of)
	}
	name := fmt.Sprintf("%s (%s of %x at %s)", why, x.said(s), of, m.hook)
	m.twins[name]++
	n := m.u.atom(fmt.Sprintf("%s #%d", name, m.twins[name]))
	m.pasts[key] = n
	return n
}

type pastKey struct {
	stmt ruleset.Stmt
	hook ruleset.Hook
}

// said is what a statement asks, where it is of plain data, else which one it is.
func (x *rule) said(s ruleset.Stmt) string {
	switch s := s.(type) {
	case *ruleset.Limit:
		if x.in != "" {
			return fmt.Sprintf("%+v in %s", *s, x.in)
		}
		return fmt.Sprintf("%+v", *s)
	case *ruleset.Meter:
		return fmt.Sprintf("%+v in %s", s.Limit, s.Set)
	case *ruleset.ConnCount:
		return fmt.Sprintf("%+v", *s)
	case *ruleset.Quota:
		return fmt.Sprintf("%+v", *s)
	case *ruleset.May:
		if x.module != nil { // of which only its words are known
			return fmt.Sprintf("%s %q", x.module.Name, x.module.Args)
		}
	case *ruleset.ObjectRef:
		return s.Name
	}
	return fmt.Sprintf("%p", s)
}

// may go on or not, and where verdict is set end the packet as well.
func (x *rule) may(cond diagram.Node, why string, verdict bool, st *state, rest func(*state) diagram.Node) (diagram.Node, bool) {
	n, ends := x.where(cond, st, rest)
	if !verdict {
		return n, ends
	}
	return x.m.dd.Ite(x.m.u.atom("the verdict of "+why), x.m.undecided("it is not known what "+why+" does"), n), true
}

func (x *rule) object(s *ruleset.ObjectRef, st *state, rest func(*state) diagram.Node) (diagram.Node, bool) {
	switch s.Kind {
	case ruleset.ObjLimit, ruleset.ObjQuota, ruleset.ObjSynproxy:
	default:
		return 0, false
	}
	for _, o := range x.table.Objects {
		if s.Map == nil && o.Kind == s.Kind && o.Name == s.Name && o.State != nil {
			return x.statement(o.State, st, rest)
		}
	}
	why := "what the object " + s.Name + " does"
	return x.may(x.past(s, why), why, s.Kind == ruleset.ObjSynproxy, st, rest)
}

// verdict of a rule.
func (x *rule) verdict(s *ruleset.Verdict, st *state) (diagram.Node, bool) {
	m := x.m
	switch s.Kind {
	case ruleset.VerdictAccept:
		return m.stateLeaf(leafAccept, st), true
	case ruleset.VerdictDrop:
		return m.end(Fate{Verdict: Drop}), true
	case ruleset.VerdictQueue:
		return m.undecided("a program decides"), true
	case ruleset.VerdictReturn:
		return m.stateLeaf(leafReturn, st), true
	case ruleset.VerdictContinue:
		return 0, false
	}
	return x.jump(s, st), true
}

func (x *rule) jump(s *ruleset.Verdict, st *state) diagram.Node {
	m := x.m
	c := m.chainOf(x.table, s.Chain)
	if s.Inline != nil {
		c = &ruleset.Chain{Name: x.chain.Name, Rules: s.Inline}
	}
	if c == nil {
		return m.undecided(fmt.Sprintf("there is no chain %s", s.Chain))
	}
	// What comes out of the chain unchanged is Miss there: unchanged since the jump.
	n := m.chain(x.table, c, st)
	if s.Kind == ruleset.VerdictGoto {
		return m.left(n, st, leafReturn)
	}
	if *st != x.begin {
		return m.left(n, st, leafGo)
	}
	return n
}

// left turns what comes out of a chain, Miss as unchanged, into leaves of a kind.
func (m *Map) left(n diagram.Node, st *state, kind uint32) diagram.Node {
	if m.dd.Max(n)>>kindShift >= leafGo {
		n = m.dd.Map(n, func(v uint32) uint32 {
			if v>>kindShift == leafGo {
				return kind<<kindShift | v&payload
			}
			return v
		})
	}
	return m.dd.Over(n, m.stateLeaf(kind, st))
}

// chainOf a table by its name.
func (m *Map) chainOf(t *ruleset.Table, named string) *ruleset.Chain {
	all, ok := m.named[t]
	if !ok {
		all = map[string]*ruleset.Chain{}
		for _, c := range t.Chains {
			all[c.Name] = c
		}
		m.named[t] = all
	}
	return all[named]
}

// vmap looks verdicts up.
func (x *rule) vmap(s *ruleset.VMap, st *state) diagram.Node {
	m := x.m
	in := m.elems(x.table, s.Map, s.Elems)
	var list []diagram.Node
	for _, f := range m.find(st, x.table, s.Key, in) {
		n := m.undecided("what the map " + s.Map + " holds")
		if f.elem.Verdict != nil {
			v, ends := x.verdict(f.elem.Verdict, st)
			if !ends { // continue
				v = x.goOn(st)
			}
			n = v
		}
		if m.dd.Min(n) == 0 && *st == x.begin {
			// Miss is a result here: no other element counts, and the rule goes on.
			n = m.dd.Over(n, m.stateLeaf(leafGo, st))
		}
		list = append(list, m.dd.And(f.cond, n))
	}
	out := m.dd.OverAll(list)
	if in.open {
		out = m.dd.Over(out, m.dd.And(m.u.atom("the map "+s.Map+" holds it"), m.undecided("what the map "+s.Map+" holds")))
	}
	out = m.dd.Over(out, x.goOn(st))
	if *st == x.begin {
		if same := m.stateLeaf(leafGo, st); m.dd.Max(out) >= same.Value() {
			out = m.dd.Select(out, same.Value(), diagram.Miss)
		}
	}
	return out
}

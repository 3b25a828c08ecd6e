package path

import (
	"fmt"
	"slices"
	"strings"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/ruleset"
)

// maxDepth is how many chains deep a packet goes. nft stops at 16; iptables makes
// room for as many as there are.
const maxDepth = 512

// walker sends variants of a packet through the chains of one table.
type walker struct {
	s     *Space
	table *ruleset.Table
	base  *ruleset.Chain
	hook  ruleset.Hook
	// passed and ended are the variants that the base chain accepted, and those
	// that it ended.
	passed, ended []*variant
}

// run variants through a base chain. Those that pass are given back, those whose
// journey ends here are added to ended.
func (s *Space) run(b *base, h ruleset.Hook, in []*variant, ended *[]*variant) []*variant {
	w := &walker{s: s, table: b.table, base: b.chain, hook: h}
	for _, v := range w.chain(b.chain, in, 0) {
		policy := "accept"
		if b.chain.Base.Policy == ruleset.VerdictDrop {
			policy = "drop"
		}
		v.step(Step{Table: b.table, Chain: b.chain, Did: "policy " + policy, Final: policy == "drop"})
		if policy == "drop" {
			w.end(v, Drop, "")
		} else {
			w.passed = append(w.passed, v)
		}
	}
	*ended = append(*ended, w.ended...)
	return merge(w.passed)
}

func (w *walker) end(v *variant, verdict Verdict, why string) {
	v.verdict, v.why = verdict, why
	w.ended = append(w.ended, v)
}

// chain sends variants through a chain, and gives those that come out at its end
// or return.
func (w *walker) chain(c *ruleset.Chain, in []*variant, depth int) []*variant {
	if depth > maxDepth {
		for _, v := range in {
			w.end(v, Undecided, "chains are nested too deeply")
		}
		return nil
	}
	var out []*variant
	for _, r := range c.Rules {
		if len(in) == 0 {
			break
		}
		var next []*variant
		for _, v := range in {
			f := w.rule(c, r, v, depth)
			next = append(next, f.next...)
			out = append(out, f.returned...)
		}
		in = merge(next)
		if len(in)+len(out)+len(w.ended) > maxVariants {
			for _, v := range append(in, out...) {
				w.end(v, Undecided, "too much of what decides can't be known")
			}
			return nil
		}
	}
	return merge(append(out, in...))
}

// flow is where the variants of a rule go.
type flow struct {
	next     []*variant // on to the next rule
	returned []*variant // back to the calling chain
}

// rule runs the statements of a rule.
func (w *walker) rule(c *ruleset.Chain, r *ruleset.Rule, v *variant, depth int) flow {
	x := &execution{w: w, chain: c, rule: r, depth: depth, harmless: r.Harmless()}
	x.statements(r.Body, []*variant{v})
	return x.flow
}

// execution is a rule at work.
type execution struct {
	w        *walker
	chain    *ruleset.Chain
	rule     *ruleset.Rule
	depth    int
	harmless bool
	// module: it is at an extension of iptables, whose targets never end a rule.
	module bool
	did    []string
	elem   *ruleset.Elem // of a set or a map, which was found last
	flow   flow
}

// statements run on the variants for which all before went on.
func (x *execution) statements(body []ruleset.Stmt, in []*variant) {
	in = x.each(body, in)
	for _, v := range in {
		if len(x.did) > 0 {
			x.step(v, strings.Join(x.did, ", "), false)
		}
		x.flow.next = append(x.flow.next, v)
	}
}

func (x *execution) each(body []ruleset.Stmt, in []*variant) []*variant {
	for _, s := range body {
		if len(in) == 0 {
			return nil
		}
		if m, ok := s.(*ruleset.Module); ok {
			x.module = true
			in = x.each(m.Means, in)
			x.module = false
			continue
		}
		var still []*variant
		for _, v := range in {
			still = append(still, x.statement(s, v)...)
		}
		in = still
	}
	return in
}

// statement runs one; it gives the variants for which the rule goes on.
func (x *execution) statement(s ruleset.Stmt, v *variant) []*variant {
	sp, t := x.w.s, x.w.table
	switch s := s.(type) {
	case *ruleset.Match:
		a := sp.match(v.p, t, s)
		if reverse := s.Field == ruleset.FibSaddrOIF || s.Field == ruleset.FibSaddrIIFOIF; reverse && x.module && sp.host.Lookup(host.Query{Dst: v.p.Src}).Type == host.Broadcast {
			a = of(!s.Neg) // xt_rpfilter, unlike fib, finds no broadcast: the index is 0
		}
		return x.fork(v, a, describe(s))
	case *ruleset.Compare:
		return x.fork(v, sp.compare(v.p, t, s), "a comparison")
	case *ruleset.Lookup:
		e, hit := sp.lookup(v.p, t, s)
		if hit == yes {
			x.elem = e
		}
		return x.fork(v, hit, "what is in the set "+s.Set)
	case *ruleset.Limit:
		return x.fork(v, sp.past(!s.Over), "a rate")
	case *ruleset.Meter:
		return x.fork(v, sp.past(!s.Limit.Over), "a rate")
	case *ruleset.Quota:
		return x.fork(v, sp.past(!s.Over), "a quota")
	case *ruleset.ConnCount:
		return x.fork(v, sp.past(s.Over == (s.Count == 0)), "how many connections there are")
	case *ruleset.May:
		return x.may(v, s.Why, s.Verdict)
	case *ruleset.Opaque:
		return x.may(v, s.Text, s.Verdict)
	case *ruleset.Verdict:
		return x.verdict(v, s)
	case *ruleset.VMap:
		return x.vmap(v, s)
	case *ruleset.Reject:
		x.finish(v, "reject", Reject, "")
		return nil
	case *ruleset.Queue:
		x.finish(v, "queue", Undecided, "a program decides")
		return nil
	case *ruleset.Fwd:
		x.finish(v, "fwd", Undecided, "it leaves by another interface")
		return nil
	case *ruleset.ObjectRef:
		return x.object(v, s)
	case *ruleset.SetUpdate:
		return x.update(v, s)
	case *ruleset.Log:
		x.note("log")
	case *ruleset.NoTrack:
		if v.p.Conn == nil {
			v.p.Untracked = true
		}
		x.note("notrack")
	case *ruleset.SetField:
		if !x.assign(v, s) {
			return nil
		}
	case *ruleset.NAT:
		return x.nat(v, s)
	case *ruleset.TProxy:
		if v.p.Proto != packet.TCP && v.p.Proto != packet.UDP {
			x.flow.next = append(x.flow.next, v)
			return nil
		}
		x.finish(v, "tproxy", Undecided, "a transparent socket takes it, if there is one")
		return nil
	case *ruleset.Synproxy:
		if v.p.Proto == packet.TCP {
			x.finish(v, "synproxy", Undecided, "the kernel answers in the server's stead")
			return nil
		}
	}
	return []*variant{v}
}

// note what a rule does, once.
func (x *execution) note(what string) {
	for _, d := range x.did {
		if d == what {
			return
		}
	}
	x.did = append(x.did, what)
}

func (x *execution) step(v *variant, did string, final bool) {
	v.step(Step{Table: x.w.table, Chain: x.chain, Rule: x.rule, Elem: x.elem, Did: did, Final: final})
}

// finish the journey of a variant.
func (x *execution) finish(v *variant, did string, verdict Verdict, why string) {
	x.step(v, x.all(did), true)
	x.w.end(v, verdict, why)
}

// all that the rule did, with the last.
func (x *execution) all(did string) string {
	return strings.Join(append(append([]string(nil), x.did...), did), ", ")
}

// fork a variant by the answer of a match.
func (x *execution) fork(v *variant, a answer, why string) []*variant {
	switch {
	case a == yes:
		return []*variant{v}
	case a == no:
		x.flow.next = append(x.flow.next, v)
		return nil
	case x.harmless:
		v.step(Step{Table: x.w.table, Chain: x.chain, Rule: x.rule, Did: "depends on " + why, May: true})
		x.flow.next = append(x.flow.next, v)
		return nil
	}
	other := v.clone()
	other.guesses = append(other.guesses, Guess{x.rule, why, false})
	v.guesses = append(v.guesses, Guess{x.rule, why, true})
	x.flow.next = append(x.flow.next, other)
	return []*variant{v}
}

// may go on or not, and where verdict is set end the packet as well.
func (x *execution) may(v *variant, why string, verdict bool) []*variant {
	if verdict {
		end := v.clone()
		end.guesses = append(end.guesses, Guess{x.rule, why, true})
		x.finish(end, why, Undecided, "it is not known what "+why+" does")
	}
	return x.fork(v, maybe, why)
}

// update puts something into a set; its own limits may stop the rule.
func (x *execution) update(v *variant, s *ruleset.SetUpdate) []*variant {
	x.note(s.Op.String() + " @" + s.Set)
	in := []*variant{v}
	for _, own := range s.Stmts {
		if len(in) == 0 {
			return nil
		}
		in = x.statement(own, in[0])
	}
	return in
}

func (x *execution) object(v *variant, s *ruleset.ObjectRef) []*variant {
	switch s.Kind {
	case ruleset.ObjLimit, ruleset.ObjQuota, ruleset.ObjSynproxy:
	default:
		return []*variant{v}
	}
	for _, o := range x.w.table.Objects {
		if s.Map == nil && o.Kind == s.Kind && o.Name == s.Name && o.State != nil {
			return x.statement(o.State, v)
		}
	}
	return x.may(v, "what the object "+s.Name+" does", s.Kind == ruleset.ObjSynproxy)
}

// verdict of a rule.
func (x *execution) verdict(v *variant, s *ruleset.Verdict) []*variant {
	switch s.Kind {
	case ruleset.VerdictAccept:
		x.step(v, x.all("accept"), false)
		x.w.passed = append(x.w.passed, v)
	case ruleset.VerdictDrop:
		x.finish(v, "drop", Drop, "")
	case ruleset.VerdictQueue:
		x.finish(v, "queue", Undecided, "a program decides")
	case ruleset.VerdictReturn:
		x.step(v, x.all("return"), false)
		x.flow.returned = append(x.flow.returned, v)
	case ruleset.VerdictContinue:
		return []*variant{v}
	case ruleset.VerdictJump, ruleset.VerdictGoto:
		x.jump(v, s)
	}
	return nil
}

func (x *execution) jump(v *variant, s *ruleset.Verdict) {
	c := x.w.table.Chain(s.Chain)
	if s.Inline != nil {
		c = &ruleset.Chain{Name: x.chain.Name, Rules: s.Inline}
	}
	if c == nil {
		x.finish(v, s.Kind.String()+" "+s.Chain, Undecided, fmt.Sprintf("there is no chain %s", s.Chain))
		return
	}
	if s.Inline == nil {
		x.step(v, x.all(s.Kind.String()+" "+s.Chain), false)
	}
	out := x.w.chain(c, []*variant{v}, x.depth+1)
	if s.Kind == ruleset.VerdictGoto {
		x.flow.returned = append(x.flow.returned, out...)
		return
	}
	x.flow.next = append(x.flow.next, out...)
}

// vmap looks a verdict up.
func (x *execution) vmap(v *variant, s *ruleset.VMap) []*variant {
	in := x.w.s.elems(x.w.table, s.Map, s.Elems)
	e, found := x.w.s.find(v.p, x.w.table, s.Key, in)
	switch {
	case found == maybe && !in.open:
		return x.several(v, s, in)
	case found == no:
		x.flow.next = append(x.flow.next, v)
		return nil
	case found == maybe || e.Verdict == nil:
		return x.may(v, "what the map "+s.Map+" holds", true)
	}
	x.elem = e
	return x.verdict(v, e.Verdict)
}

// several verdicts of a map that the packet may get: each is tried, and none.
func (x *execution) several(v *variant, s *ruleset.VMap, in elements) []*variant {
	var on []*variant
	var seen []ruleset.Verdict
	why := "what the map " + s.Map + " has for it"
	for _, e := range x.w.s.candidates(v.p, x.w.table, s.Key, in) {
		if e.Verdict == nil {
			return x.may(v, why, true)
		}
		if slices.ContainsFunc(seen, func(o ruleset.Verdict) bool { return o.Kind == e.Verdict.Kind && o.Chain == e.Verdict.Chain }) {
			continue
		}
		seen = append(seen, *e.Verdict)
		w := v.clone()
		w.guesses = append(w.guesses, Guess{x.rule, why, true})
		on = append(on, x.verdict(w, e.Verdict)...)
	}
	v.guesses = append(v.guesses, Guess{x.rule, why, false})
	x.flow.next = append(x.flow.next, v)
	return on
}

// past is the answer of what depends on the past: that of a host on which nothing
// has happened, if that is asked for.
func (s *Space) past(fresh bool) answer {
	if s.Fresh {
		return of(fresh)
	}
	return maybe
}

// describe what a match looks at.
func describe(m *ruleset.Match) string {
	switch e := m.Of.(type) {
	case nil:
		return m.Field.String()
	case *ruleset.Selector:
		return e.Kind.String() + " " + strings.Join(e.Args, " ")
	case *ruleset.Numgen:
		return "a random or counted number"
	}
	return "a computed value"
}

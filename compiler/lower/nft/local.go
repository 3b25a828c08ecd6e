package nft

import (
	"slices"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// local decides about the host talking to its own addresses: in output, before
// NAT, where the original destination still stands. What is refused is always
// rejected, so that no process hangs on its own host.
func (b *builder) local() {
	if b.v.Local.Idle() && !b.anyLocalRule() {
		return
	}
	b.add(chainLocal, "not local delivery", nowhere, ruleset.NotIn(ruleset.OIF, ruleset.Text("lo")), ruleset.Accept)
	b.add(chainLocal, "", nowhere, ruleset.Any(ruleset.CTState, ruleset.StateEstablished|ruleset.StateRelated), ruleset.Accept)

	refuse := ruleset.Goto(b.rejectChain())
	for _, r := range b.v.Local.Rules {
		if !r.Allow {
			b.localRule("local", r, refuse)
		}
	}
	b.localServices(refuse)
	for _, r := range b.v.Local.Rules {
		if r.Allow {
			b.localRule("local", r, ruleset.Accept)
		}
	}
	if b.v.Local.LogRefused != nil && b.v.Local.Closed() {
		b.logRule(chainLocal, "local", b.v.Local.Span, nil, b.v.Local.LogRefused)
	}
	if b.v.Local.Closed() {
		b.add(chainLocal, "local default", b.v.Local.Span, refuse)
	}
}

func (b *builder) anyLocalRule() bool {
	return slices.ContainsFunc(b.v.Services, func(s *policy.Service) bool { return len(s.LocalRules) > 0 })
}

// localRule adds a rule of local delivery, refusals with their log.
func (b *builder) localRule(name string, r *policy.Rule, v *ruleset.Verdict, where ...ruleset.Stmt) {
	if !r.Allow && b.v.Local.LogRefused != nil && name == "local" {
		for _, x := range b.matches(r, ruleset.OIFName, where...) {
			b.logRule(chainLocal, b.comment(name, r), r.Span, x.m, b.v.Local.LogRefused)
		}
	}
	b.rule(chainLocal, name, r, ruleset.OIFName, v, where...)
}

// localServices lowers allow-local and deny-local: a service's own addresses
// behind a map, each decided in one chain; then the shared ones, first whatever
// any service denies, then whatever any allows, then what is claimed.
func (b *builder) localServices(refuse *ruleset.Verdict) {
	for _, f := range families {
		b.localOwn(f, refuse)
	}
	type part struct {
		s     *policy.Service
		where []ruleset.Stmt
		f     policy.Family
	}
	var parts []part
	for _, f := range families {
		for _, a := range b.sharedAddrs {
			if policy.FamilyOf(a) != f || b.shared[a].guarded {
				continue
			}
			for _, s := range b.shared[a].services {
				if len(s.LocalRules) > 0 {
					parts = append(parts, part{s, []ruleset.Stmt{addrMatch(a)}, f})
				}
			}
		}
		for _, s := range b.host {
			if len(s.LocalRules) > 0 {
				parts = append(parts, part{s, b.atHostOnly(f), f})
			}
		}
	}
	each := func(allow bool, v *ruleset.Verdict) {
		for _, p := range parts {
			for _, r := range p.s.LocalRules {
				if r.Allow == allow {
					b.ruleIn(chainLocal, p.s.Name, r, p.f, v, p.where...)
				}
			}
		}
	}
	each(false, refuse)
	each(true, ruleset.Accept)
	for _, p := range parts {
		if !p.s.HasLocalAllow() {
			continue
		}
		for _, t := range p.s.LocalClaims(p.f) {
			m := only(p.f, slices.Concat(p.where, b.traffic(t, p.f), []ruleset.Stmt{refuse}))
			b.add(chainLocal, p.s.Name+" refused "+p.s.Span.FileLine(), p.s.Span, m...)
		}
	}
}

// ruleIn adds a rule's matches of one family.
func (b *builder) ruleIn(chain, name string, r *policy.Rule, f policy.Family, v *ruleset.Verdict, where ...ruleset.Stmt) {
	if r.Families&f == 0 {
		return
	}
	one := *r
	one.Families = r.Families & f
	b.comments[&one] = b.comment(name, r)
	b.rule(chain, name, &one, ruleset.OIFName, v, where...)
	delete(b.comments, &one)
}

// localOwn decides about services' own addresses: the denies of all who live on
// the address; then, if any of them has allow-local, what they allow, and the
// refusal of everything else.
func (b *builder) localOwn(f policy.Family, refuse *ruleset.Verdict) {
	field := ruleset.In4or6(ruleset.IPDaddr, f == policy.V6)
	var m *ruleset.Set
	for _, a := range b.ownAddrs {
		pl := b.own[a]
		if policy.FamilyOf(a) != f || pl.guarded {
			continue
		}
		chain := b.localChain(pl.services, refuse)
		if chain == "" {
			continue
		}
		if m == nil {
			m = b.replaced("local"+fam4or6(f), []ruleset.Expr{field})
			m.Verdicts = true
		}
		m.Elems = append(m.Elems, ruleset.Elem{
			Key: b.key(ruleset.Addr(a)), Verdict: ruleset.Jump(chain), Comment: nameAll(pl.services), Origin: pl.services[0].Span,
		})
	}
	if m != nil {
		b.add(chainLocal, "", nowhere, &ruleset.VMap{Key: []ruleset.Expr{field}, Map: m.Name})
	}
}

func (b *builder) localChain(services []*policy.Service, refuse *ruleset.Verdict) string {
	var with []*policy.Service
	closed := false
	for _, s := range services {
		if len(s.LocalRules) > 0 {
			with = append(with, s)
		}
		closed = closed || s.HasLocalAllow()
	}
	if len(with) == 0 {
		return ""
	}
	name := derived("local_", joinNames(with))
	if b.chains[name] != nil {
		return name
	}
	b.chain(name)
	for _, allow := range [...]bool{false, true} {
		v := refuse
		if allow {
			v = ruleset.Accept
		}
		for _, s := range with {
			for _, r := range s.LocalRules {
				if r.Allow == allow {
					b.rule(name, s.Name, r, ruleset.OIFName, v)
				}
			}
		}
	}
	if closed {
		b.add(name, "refused: "+nameAll(with), with[0].Span, refuse)
	}
	return name
}

package nft

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// claimed fills the sets and the map of claimed addresses of a family.
func (b *builder) claimed(f policy.Family) {
	b.reserve(f)
	fill := func(a netip.Addr, pl *place) (chains []string) {
		clear(b.seen)
		for _, s := range pl.services {
			if c := b.serviceRules(a, s, f); c != "" {
				chains = append(chains, c)
			}
		}
		return chains
	}
	var m *ruleset.Set
	put := func(a netip.Addr, names string, origin diag.Span, v *ruleset.Verdict) {
		if m == nil {
			m = b.replaced("claims"+fam4or6(f), []ruleset.Expr{ruleset.In4or6(ruleset.IPDaddr, f == policy.V6)})
			m.Verdicts, m.Counted = true, b.p.Options.Counters
			m.Elems = make([]ruleset.Elem, 0, len(b.ownAddrs))
			if !m.Counted {
				m.Name += "_uncounted"
			}
		}
		m.Elems = append(m.Elems, ruleset.Elem{Key: b.key(ruleset.Addr(a)), Verdict: v, Comment: names, Origin: origin})
	}
	for _, a := range b.ownAddrs {
		if policy.FamilyOf(a) == f {
			pl := b.own[a]
			chains := fill(a, pl)
			put(a, nameAll(pl.services), pl.services[0].Span, b.ownVerdict(pl.services, chains))
		}
	}
	for _, a := range b.sharedAddrs {
		if policy.FamilyOf(a) == f {
			pl := b.shared[a]
			if chains := fill(a, pl); len(chains) > 0 {
				put(a, nameAll(pl.services), pl.services[0].Span, ruleset.Jump(b.jumps("shared", pl.services, chains)))
			}
		}
	}
}

// nameAll is the comment on an address: its services, and where the first is.
func nameAll(services []*policy.Service) string {
	names := make([]string, len(services))
	for i, s := range services {
		names[i] = s.Name
	}
	return strings.Join(names, ", ") + " " + services[0].Span.FileLine()
}

// ownVerdict decides about what the sets did not allow at a service's own
// address: the services' chains, then the refusal.
func (b *builder) ownVerdict(services []*policy.Service, chains []string) *ruleset.Verdict {
	ref := policy.Refuse(services)
	if len(chains) == 0 {
		return b.refusal(ref)
	}
	name := derived("claim_", asked(services, chains))
	if b.chains[name] == nil {
		for _, c := range chains {
			b.add(name, "", nowhere, ruleset.Jump(c))
		}
		b.add(name, "refused: "+nameAll(services), services[0].Span, b.refusal(ref))
	}
	return ruleset.Goto(name)
}

func joinNames(services []*policy.Service) string {
	names := make([]string, len(services))
	for i, s := range services {
		names[i] = s.Name
	}
	return strings.Join(names, "+") // no name holds a +, so that no two lists meet
}

// asked names the services, and the chains of theirs that are asked where some have
// none: a service may have one at its addresses of one family and none at those of
// the other.
func asked(services []*policy.Service, chains []string) string {
	if len(chains) == len(services) {
		return joinNames(services)
	}
	return joinNames(services) + ":" + strings.Join(chains, "+")
}

// jumps is the chain that asks several services in turn; the one chain itself
// where there is one.
func (b *builder) jumps(prefix string, services []*policy.Service, chains []string) string {
	if len(chains) == 1 {
		return chains[0]
	}
	name := derived(prefix+"_", asked(services, chains))
	if b.chains[name] == nil {
		for _, c := range chains {
			b.add(name, "", nowhere, ruleset.Jump(c))
		}
	}
	return name
}

// refusal is the verdict that refuses: drop, or a chain that logs or answers.
func (b *builder) refusal(r policy.Refusal) *ruleset.Verdict {
	if r.Log == nil {
		if r.Verdict == policy.Drop {
			return ruleset.Drop
		}
		return ruleset.Goto(b.rejectChain())
	}
	how := "drop"
	if r.Verdict == policy.Reject {
		how = "reject"
	}
	content := "refuse " + how + " " + r.Log.Prefix + " " + limitText(r.Log.Limit)
	name, ok := b.made[content]
	if !ok {
		name = hashed("refuse_"+r.Service.Name, content)
		b.made[content] = name
		b.logRule(name, "", nowhere, nil, r.Log)
		b.refuse(name, r.Service.Name+" refused", r.Service.Span, nil, r.Verdict)
	}
	return ruleset.Goto(name)
}

// rejectChain answers with a TCP reset, or with admin-prohibited.
func (b *builder) rejectChain() string {
	if b.chains[chainReject] == nil {
		b.refuse(chainReject, "", nowhere, nil, policy.Reject)
	}
	return chainReject
}

// refuse adds the rules that refuse what matches.
func (b *builder) refuse(chain, comment string, origin diag.Span, m []ruleset.Stmt, v policy.Verdict) {
	with := func(s ...ruleset.Stmt) []ruleset.Stmt { return append(append([]ruleset.Stmt(nil), m...), s...) }
	if v == policy.Drop {
		b.add(chain, comment, origin, with(ruleset.Drop)...)
		return
	}
	if len(m) > 0 {
		b.add(chain, comment, origin, with(ruleset.Goto(b.rejectChain()))...)
		return
	}
	b.add(chain, comment, origin, ruleset.In(ruleset.L4Proto, ruleset.Num(policy.TCP)), &ruleset.Reject{With: ruleset.RejectTCPReset})
	b.add(chain, comment, origin, &ruleset.Reject{With: ruleset.RejectAdmin})
}

// logRule logs what matches, at the log's own rate.
func (b *builder) logRule(chain, comment string, origin diag.Span, m []ruleset.Stmt, log *policy.Log) {
	body := append([]ruleset.Stmt(nil), m...)
	if log.Limit != nil {
		body = append(body, limit(log.Limit))
	}
	b.add(chain, comment, origin, append(body, &ruleset.Log{Prefix: log.Prefix})...)
}

func limit(l *policy.Limit) *ruleset.Limit {
	return &ruleset.Limit{Rate: l.Rate, Unit: l.Unit, Burst: l.Burst}
}

func limitText(l *policy.Limit) string {
	if l == nil {
		return ""
	}
	t := itoa(uint16(l.Rate)) + "/" + l.Unit + " burst " + itoa(uint16(l.Burst))
	if l.PerSource {
		t += " per source"
	}
	return t
}

// serviceRules lowers a service at an address: into elements what they can say,
// and into the service's chain the rest. It returns the chain, or "".
func (b *builder) serviceRules(a netip.Addr, s *policy.Service, f policy.Family) string {
	if hasDeny(s) {
		return b.serviceChain(s, "service_", func(*policy.Rule) bool { return true })
	}
	rest := false
	for _, r := range s.Rules {
		if asElements(r) {
			b.elements(a, s.Name, r)
		} else if r.Families&f != 0 {
			rest = true
		}
	}
	if !rest {
		return ""
	}
	return b.serviceChain(s, "service_", func(r *policy.Rule) bool { return !asElements(r) })
}

// hasDeny says whether a service makes exceptions to what it allows. Such a
// service is decided in a chain of its own, where the exceptions stand first.
func hasDeny(s *policy.Service) bool {
	for _, r := range s.Rules {
		if !r.Allow {
			return true
		}
	}
	for _, p := range s.Publishes {
		for _, f := range families {
			if !p.Target(f).IsValid() && slices.ContainsFunc(s.Scopes, func(sc *policy.Scope) bool { return sc.Family()&f != 0 }) {
				return true
			}
		}
	}
	return false
}

// serviceChain lowers the rules of a service that pick chooses. It returns to
// its caller for what the service does not allow.
func (b *builder) serviceChain(s *policy.Service, prefix string, pick func(*policy.Rule) bool) string {
	name := derived(prefix, s.Name)
	if b.chains[name] != nil {
		return name
	}
	b.chain(name)
	for _, p := range s.Publishes {
		for _, f := range families {
			if p.Target(f).IsValid() {
				continue
			}
			for _, t := range p.Traffic {
				b.add(name, s.Name+" has no target in this family "+p.Span.FileLine(), p.Span,
					only(f, append(b.traffic(t, f), ruleset.Return))...)
			}
		}
	}
	var rules []*policy.Rule
	for _, r := range s.Rules {
		if pick(r) {
			rules = append(rules, r)
		}
	}
	b.ruleList(name, s.Name, rules, ruleset.IIFName, ruleset.Return, b.allowed())
	return name
}

// ruleList lowers statements: denies first, then what is allowed without a
// limit, then the limited, so that a packet which needs no token takes none.
// deny is where denied packets go: a verdict.
func (b *builder) ruleList(chain, name string, rules []*policy.Rule, on ruleset.Field, deny, allow *ruleset.Verdict) {
	for _, r := range rules {
		if !r.Allow {
			b.rule(chain, name, r, on, deny)
		}
	}
	for _, r := range rules {
		if r.Allow && r.Limit == nil {
			b.rule(chain, name, r, on, allow)
		}
	}
	for _, r := range rules {
		if r.Allow && r.Limit != nil {
			b.rule(chain, name, r, on, ruleset.Jump(b.limitChain(name, r, allow)))
		}
	}
}

// rule adds a statement's rules: its log, its helper, its verdict.
func (b *builder) rule(chain, name string, r *policy.Rule, on ruleset.Field, v *ruleset.Verdict, where ...ruleset.Stmt) {
	comment := b.comment(name, r)
	for _, x := range b.matches(r, on, where...) {
		if r.Log != nil && r.Limit == nil {
			b.logRule(chain, comment, r.Span, x.m, r.Log)
		}
		if x.helper != "" && r.Allow {
			x.m = append(x.m, &ruleset.SetField{Field: ruleset.CTHelper, Value: ruleset.Text(b.helper(x.helper))})
		}
		b.add(chain, comment, r.Span, append(x.m, v)...)
	}
}

// helper declares a conntrack helper.
func (b *builder) helper(name string) string {
	if _, ok := b.made["helper "+name]; !ok {
		b.made["helper "+name] = name
		proto := uint8(policy.TCP)
		if name == "tftp" {
			proto = policy.UDP
		}
		b.t.Objects = append(b.t.Objects, &ruleset.Object{Name: name, Helper: name, Proto: proto})
	}
	return name
}

// limitChain holds a statement's buckets, one for each family, and accepts what
// finds a token.
func (b *builder) limitChain(name string, r *policy.Rule, allow *ruleset.Verdict) string {
	content := name + " " + r.Text + " " + limitText(r.Limit)
	chain := hashed("limit_"+name, content)
	if b.made[chain] != "" {
		return chain
	}
	b.made[chain] = chain
	comment := b.comment(name, r)
	for _, f := range families {
		if r.Families&f == 0 {
			continue
		}
		m := []ruleset.Stmt{nfproto(f), limit(r.Limit)}
		if r.Limit.PerSource {
			m[1] = b.meter(chain, r, f)
		}
		if r.Log == nil {
			b.add(chain, comment, r.Span, append(m, allow)...)
			continue
		}
		// A token is taken once: log and accept behind the same limit.
		logged := chain + "_log"
		if b.chains[logged] == nil {
			b.logRule(logged, comment, r.Span, nil, r.Log)
			b.add(logged, comment, r.Span, allow)
		}
		b.add(chain, comment, r.Span, append(m, ruleset.Goto(logged))...)
	}
	return chain
}

// meter is a bucket for each source. An entry is kept for as long as an empty
// bucket takes to fill, so that forgetting it forgets nothing; a full table
// does not match, and so refuses.
func (b *builder) meter(chain string, r *policy.Rule, f policy.Family) ruleset.Stmt {
	field := ruleset.In4or6(ruleset.IPSaddr, f == policy.V6)
	set := chain + "_" + fam4or6(f)
	s := b.set(set, []ruleset.Expr{field})
	s.Dynamic, s.Size, s.Timeout, s.Origin = true, meterSize, time.Duration(fillSeconds(r.Limit))*time.Second, r.Span
	k := ruleset.MeterKey{Field: field}
	if f == policy.V6 {
		k.Mask = ruleset.U128{Hi: ^uint64(0)}
	}
	return &ruleset.Meter{Set: set, Key: []ruleset.MeterKey{k}, Limit: *limit(r.Limit)}
}

// meterSize is the number of sources that a statement keeps count of.
const meterSize = 65535

func fillSeconds(l *policy.Limit) int {
	unit := map[string]int{"second": 1, "minute": 60, "hour": 3600, "day": 86400}[l.Unit]
	return max(60, (l.Burst*unit+l.Rate-1)/l.Rate)
}

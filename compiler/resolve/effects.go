package resolve

import (
	"fmt"
	"strings"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/ast"
)

// checkEffects judges the rules of a service once it has been seen on all its
// hosts: fam are the families of its scopes, declared those of which it has
// declared addresses. What has an effect on one host is no mistake on another.
func (r *resolver) checkEffects(s *service, fam, declared policy.Family) {
	for i := range s.rules {
		r.checkEffect(s, &s.rules[i], fam, declared)
	}
	for i := range s.localRules {
		r.checkEffect(s, &s.localRules[i], fam, declared)
	}
}

func (r *resolver) checkEffect(s *service, ru *rule, fam, declared policy.Family) {
	traffic := r.trafficFamilies(&ru.p)
	from := ru.p.From.Families()
	if traffic&from&fam == 0 {
		why := effectParts(&ru.p)
		if fam != policy.Both {
			why = append(why, fmt.Sprintf("service %s has only %s addresses", s.p.Name, fam))
		}
		r.noEffect(&ru.p, why)
		return
	}
	if lost := declared & traffic &^ from; lost != 0 {
		r.oneFamily(&ru.p, lost, ru.stmt.From, true)
	}
}

// checkArrival: at an interface whose addresses come from DHCP a service sees
// what arrives on that interface, so `on` another one can never hold.
func (r *resolver) checkArrival(ru *rule, on *policy.Ifaces, scopes []*policy.Scope) {
	if ru.reported {
		return
	}
	for _, c := range scopes {
		if c.Kind != policy.ScopeIface || covers(on, c.Iface) {
			return
		}
	}
	ru.reported = true
	r.errorf(codeNoEffect, listSpan(ru.stmt.On), "this has no effect: the service sees only what arrives on %s, whose address comes from DHCP", scopes[0].Iface).
		Helpf("write `address host` to be reached through other interfaces, or leave out `on`")
}

// covers says whether an interface is one of a set.
func covers(set *policy.Ifaces, name string) bool {
	for _, n := range set.Names {
		if n == name || strings.HasSuffix(n, "*") && strings.HasPrefix(name, n[:len(n)-1]) {
			return true
		}
	}
	return false
}

func (r *resolver) noEffect(q *policy.Rule, why []string) {
	r.errorf(codeNoEffect, q.Span, "this has no effect in any address family: %s", strings.Join(why, ", ")).
		Helpf("remove it, or name addresses and traffic of the same family")
}

// effectParts says which parts of a rule hold for one family alone.
func effectParts(q *policy.Rule) []string {
	var why []string
	var traffic policy.Family
	for _, t := range q.Traffic {
		traffic |= t.Families
	}
	if traffic != policy.Both {
		why = append(why, fmt.Sprintf("its traffic is %s", traffic))
	}
	if f := q.From.Families(); f != policy.Both {
		why = append(why, fmt.Sprintf("`from` has only %s addresses", f))
	}
	if f := q.To.Families(); f != policy.Both {
		why = append(why, fmt.Sprintf("`to` has only %s addresses", f))
	}
	return why
}

// oneFamily reports a rule that says nothing for a family of which the service
// has addresses: a warning where a name hides it, a note where the addresses
// stand there to be seen.
func (r *resolver) oneFamily(q *policy.Rule, lost policy.Family, l *ast.List, service bool) {
	texts := make([]string, 0, len(l.Words))
	named := false
	for _, w := range l.Words {
		texts = append(texts, w.Text)
		named = named || w.Quoted || !looksLikeAddr(w.Text)
	}
	shown := strings.Join(texts, ", ")
	if len(texts) > 3 {
		shown = strings.Join(texts[:3], ", ") + ", …"
	}
	has := policy.Both &^ lost
	report := r.notef
	if named && service {
		report = r.warnf
	}
	if !named && !service {
		return
	}
	what := "allows nothing"
	if !q.Allow {
		what = "refuses nothing"
	}
	report(codeOneFamily, listSpan(l), "this has no effect for %s: `%s %s` has only %s addresses", lost, l.Keyword.Text(), shown, has).
		Helpf("as it stands it %s for %s", what, lost)
}

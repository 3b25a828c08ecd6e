package resolve

import (
	"slices"
	"strings"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

// rule is a statement as far as it is the same on every host.
type rule struct {
	stmt *ast.Rule
	p    policy.Rule
	// reported: its lack of effect has been said, on one host or another.
	reported bool
	// placed: a block's rule has a destination on some host; failed: a mistake
	// in its destination was reported.
	placed, failed bool
}

// place is where a rule stands: which clauses belong there, and who it is.
type place struct {
	what    string // "a service's allow", "inbound", …
	who     string // for log prefixes
	clauses clause
	local   bool // allow-local and deny-local, not allow and deny
	service bool
}

// clause is a set of clauses.
type clause uint16

const (
	cFrom clause = 1 << iota
	cOn
	cTo
	cOut
	cUser
	cGroup
	cLimit
	cLog
)

func blockPlace(kind ast.BlockKind) place {
	p := place{what: "`" + kind.String() + "`", who: kind.String()}
	switch kind {
	case ast.Local:
		p.clauses = cTo | cUser | cGroup
	case ast.Inbound:
		p.clauses = cFrom | cOn | cTo | cLimit | cLog
	case ast.Outbound:
		p.clauses = cTo | cOn | cUser | cGroup | cLimit | cLog
	case ast.Forward:
		p.clauses = cFrom | cOn | cTo | cOut | cLimit | cLog
	}
	return p
}

func servicePlace(name string, local bool) place {
	if local {
		return place{what: "`allow-local` and `deny-local`", who: name, clauses: cUser | cGroup, local: true, service: true}
	}
	return place{what: "`allow` and `deny` of a service", who: name, clauses: cFrom | cOn | cLimit | cLog, service: true}
}

// newRule resolves all of a statement that does not depend on the host. On and
// out, and to of blocks, are left to the views. It is false where a mistake
// was reported.
func (r *resolver) newRule(s *ast.Rule, at place) (rule, bool) {
	out := rule{stmt: s, p: policy.Rule{Allow: s.Action == ast.Allow || s.Action == ast.AllowLocal, Span: s.Span()}}
	ok := r.checkClauses(s, at)
	var good bool
	out.p.Traffic, good = r.trafficList(s.Traffic)
	if len(s.Traffic) == 0 {
		r.missing(codeTraffic, s.Span(), "%s needs to say which traffic", s.Action).Helpf("for example %s tcp 22", s.Action)
	}
	ok = ok && good
	if s.From != nil && at.clauses&cFrom != 0 {
		out.p.From, good = r.netList(s.From.Words)
		ok = ok && good
	}
	if s.User != nil {
		out.p.Users, good = r.owners("user", s.User.Words)
		ok = ok && good
	}
	if s.Group != nil {
		out.p.Groups, good = r.owners("group", s.Group.Words)
		ok = ok && good
	}
	var key *limitKey
	if s.Limit != nil {
		if !out.p.Allow && at.clauses&cLimit != 0 {
			r.errorf(codeClause, s.Limit.Span, "a deny refuses everything; it has no rate").
				Helpf("put the limit on the allow: what exceeds it is refused")
			ok = false
		}
		out.p.Limit = r.limit(s.Limit, false)
		if ok = ok && out.p.Limit != nil; ok {
			l := out.p.Limit
			key = &limitKey{l.Rate, l.Burst, l.Unit, l.PerSource}
		}
	}
	if s.Log != nil {
		out.p.Log = r.ruleLog(s.Log, at.who, strings.TrimSuffix(s.Action.String(), "-local"))
		ok = ok && out.p.Log != nil
	}
	for _, l := range [...]*ast.List{s.From, s.On, s.To, s.Out, s.User, s.Group} {
		if l != nil && len(l.Words) == 0 {
			r.missing(codeClause, l.Keyword, "nothing stands behind %s", l.Keyword.Text())
			ok = false
		}
	}
	if !ok {
		r.failed = append(r.failed, s.On, s.Out)
		return out, false
	}
	out.p.Families = r.trafficFamilies(&out.p) & out.p.From.Families()
	out.p.Text = r.ruleText(s, key)
	return out, true
}

func (r *resolver) trafficFamilies(p *policy.Rule) policy.Family {
	var f policy.Family
	for i := range p.Traffic {
		f |= p.Traffic[i].Families
	}
	return f
}

// checkClauses refuses what does not belong into the place.
func (r *resolver) checkClauses(s *ast.Rule, at place) bool {
	ok := true
	isLocal := s.Action == ast.AllowLocal || s.Action == ast.DenyLocal
	if isLocal && !at.service {
		r.errorf(codePlace, s.Keyword, "%s belongs into a service", s.Action).
			Helpf("in `local { … }` write %s", strings.TrimSuffix(s.Action.String(), "-local"))
		ok = false
	}
	bad := func(c clause, span diag.Span, name, help string) {
		if at.clauses&c != 0 || span.IsZero() {
			return
		}
		r.errorf(codeClause, span, "`%s` does not belong into %s", name, at.what).Helpf("%s", help)
		ok = false
	}
	bad(cFrom, listSpan(s.From), "from", fromHelp(at))
	bad(cOn, listSpan(s.On), "on", onHelp(at))
	bad(cTo, listSpan(s.To), "to", "a service's statements hold for all its addresses; make another service for another address")
	bad(cOut, listSpan(s.Out), "out", outHelp(at))
	bad(cUser, listSpan(s.User), "user", userHelp(at))
	bad(cGroup, listSpan(s.Group), "group", userHelp(at))
	if s.Limit != nil {
		bad(cLimit, s.Limit.Span, "limit", "local delivery is never limited: a process must not fail on its own host")
	}
	if s.Log != nil {
		bad(cLog, s.Log.Span, "log", "in `local { … }` write `log refused`")
	}
	return ok
}

func listSpan(l *ast.List) diag.Span {
	if l == nil {
		return diag.Span{}
	}
	s := l.Keyword
	if n := len(l.Words); n > 0 {
		s = s.Join(l.Words[n-1].Span)
	}
	return s
}

func fromHelp(at place) string {
	if at.who == "outbound" {
		return "what leaves comes from this host itself; say `to`, `user` or `group`"
	}
	return "what a host says to itself comes from itself; say `user` or `group`"
}

func onHelp(at place) string {
	return "local delivery goes over lo, whatever the address; it has no interface to name"
}

func outHelp(at place) string {
	switch at.who {
	case "outbound":
		return "the interface by which it leaves stands after `on` here"
	case "inbound":
		return "what is delivered to this host does not leave again; `out` belongs into `forward`"
	}
	return "`out` is the interface by which forwarded traffic leaves; it belongs into `forward`"
}

func userHelp(at place) string {
	if at.who == "forward" || at.who == "inbound" || at.service {
		return "only what this host sends has a user it knows: `outbound`, `local` and `allow-local`"
	}
	return "it belongs into `outbound`, `local` and `allow-local`"
}

// owners are names of users or groups, sorted. Only the host can say whether
// they exist.
func (r *resolver) owners(what string, words []ast.Word) ([]string, bool) {
	out := make([]string, 0, len(words))
	ok := true
	for _, w := range words {
		if m := judgeOwner(w.Text); m != nil {
			name := w.Text
			if name == "" {
				name = `""`
			}
			r.errorf(codeUser, w.Span, "%s can't be the name of a %s: %s", name, what, m.what).Help = m.help
			ok = false
		}
		out = append(out, w.Text)
	}
	slices.Sort(out)
	return slices.Compact(out), ok
}

// judgeOwner allows what passwd and group have, and ids. Ranges of ids would be
// taken by iptables and not by nft.
func judgeOwner(s string) *mistake {
	if startsWithDigit(s) {
		n := 0
		for _, c := range []byte(s) {
			if c < '0' || c > '9' {
				return &mistake{"it begins with a digit and is no id", "list the users or ids one by one"}
			}
			if n = n*10 + int(c-'0'); n > 4294967294 {
				return &mistake{"ids end at 4294967294", ""}
			}
		}
		if len(s) > 1 && s[0] == '0' {
			return &mistake{"an id has no leading zeros", ""}
		}
		return nil
	}
	if s == "" || len(s) > maxName {
		return &mistake{"it is empty or too long", ""}
	}
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '-' || c == '.' || c == '@' || c == '$' && i == len(s)-1)) {
			return &mistake{"names of users and groups are letters, digits, _, -, . and @", ""}
		}
	}
	return nil
}

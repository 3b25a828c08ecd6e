package resolve

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

// maxName is the length in bytes that any name may have.
const maxName = 64

// checkName refuses names that would break out of the syntax of a target, or
// out of a log line, whatever the quoting there.
func (r *resolver) checkName(what string, w ast.Word) {
	if m := judgeName(w.Text); m != nil {
		r.errorf(codeBadName, w.Span, "a %s can't have this name: %s", what, m.what).Help = m.help
	}
}

func judgeName(s string) *mistake {
	switch {
	case s == "":
		return &mistake{"it is empty", ""}
	case len(s) > maxName:
		return &mistake{fmt.Sprintf("it has %d bytes", len(s)), fmt.Sprintf("names have at most %d bytes", maxName)}
	case !utf8.ValidString(s):
		return &mistake{"it is not valid UTF-8", ""}
	case s[0] == ' ' || s[len(s)-1] == ' ':
		return &mistake{"it begins or ends with a blank", ""}
	}
	for _, c := range s {
		switch {
		case c >= 'a' && c <= 'z':
		case strings.ContainsRune("\"'`{}\\;", c):
			return &mistake{fmt.Sprintf("it holds %c", c), "names hold no quotes, braces, semicolons or backslashes"}
		case !unicode.IsPrint(c):
			return &mistake{fmt.Sprintf("it holds the unprintable %U", c), ""}
		}
	}
	return nil
}

// checkNetName refuses names of nets and services that could not be told from
// an address, or from `any`, after from and to.
func (r *resolver) checkNetName(w ast.Word, what string) {
	switch {
	case w.Text == "any":
		r.errorf(codeBadName, w.Span, "a %s can't be called any", what).
			Helpf("after `from` and `to` it means every address")
	case looksLikeAddr(w.Text):
		r.errorf(codeBadName, w.Span, "a %s can't have a name that looks like an address", what)
	}
}

// checkIface judges the name of an interface, or with wildcard one that may
// end in *. It reports lo too, with what to write instead.
func (r *resolver) checkIface(w ast.Word, wildcard bool) bool {
	s := w.Text
	bad := func(format string, args ...any) *diag.Diagnostic {
		return r.errorf(codeIface, w.Span, "%s can't be the name of an interface: %s", s, fmt.Sprintf(format, args...))
	}
	if m := judgeName(s); m != nil {
		bad("%s", m.what).Help = m.help
		return false
	}
	base := strings.TrimSuffix(s, "*")
	switch {
	case s == "lo" || s == "lo*":
		r.reportLo(w.Span)
		return false
	case strings.Contains(base, "*"):
		bad("a wildcard * stands at the end, and only once")
	case base != s && !wildcard:
		bad("a wildcard can't stand here").Helpf("put ppp* into a zone and declare the interfaces one by one")
	case strings.HasSuffix(s, "+"):
		bad("+ at the end is the wildcard of iptables").Helpf("write %s*", strings.TrimSuffix(s, "+"))
	case s == "*":
		bad("it would be every interface").Helpf("leave out `on` for any interface; name a wildcard such as eth*")
	case strings.HasPrefix(s, "@"):
		bad("nft takes a name that begins with @ for a set's").Helpf("give the interface another name")
	case len(s) > 15:
		// With its wildcard too: iptables has no room for more.
		bad("it has %d bytes", len(s)).Helpf("15 are allowed")
	case s == "." || s == ".." || strings.ContainsAny(s, "/: \u00a0!"):
		bad("the kernel allows no blank, slash or colon, and ! means not")
	default:
		return true
	}
	return false
}

// reportLo explains why nothing is said about lo by its name.
func (r *resolver) reportLo(s diag.Span) {
	r.errorf(codeLo, s, "lo can't be named: what a host says to any of its own addresses goes over lo, whichever interface owns the address").
		Helpf("from outside nothing arrives on lo; what the host may say to itself stands in `local { … }`, and in services as `allow-local`")
}

// unknownName reports a name that nothing declares.
func unknownName[V any](r *resolver, what string, w ast.Word, known map[string]V) *diag.Diagnostic {
	d := r.errorf(codeUnknown, w.Span, "there is no %s %s", what, w.Text)
	if n := nearest(r, w.Text, known); n != "" {
		d.Helpf("did you mean %s?", n)
	}
	return d
}

// checkDerivedNames refuses names that can't be told apart where a target cuts
// them: in chains and sets (28 bytes) and in log prefixes.
func (r *resolver) checkDerivedNames() {
	for _, max := range [...]int{28, maxPrefix - len(" deny "), maxPrefix - len(" allow "), maxPrefix - len(" refused ")} {
		var long []*service
		for _, s := range r.svcs {
			if s.p.Name != "" && policy.DerivedName(s.p.Name, max) != s.p.Name {
				long = append(long, s)
			}
		}
		by := make(map[string]*service, len(long))
		for _, s := range long {
			d := policy.DerivedName(s.p.Name, max)
			other := by[d]
			if plain := r.svcOf[d]; plain != nil {
				other = plain
			}
			if other == nil {
				by[d] = s
				continue
			}
			r.errorf(codeDerived, s.stmt.Name.Span, "service %s can't be told from service %s where names are cut to %d bytes (%s)", s.p.Name, other.p.Name, max, d).
				Helpf("rename one of them").See(other.stmt.Name.Span, "the other one")
		}
	}
}

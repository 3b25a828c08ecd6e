package shell

import (
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"
)

// anchored is ${x/#a/b} and ${x/%a/b}, which package expand does not do: what is
// replaced stands at the beginning, or at the end.
func (r *runner) anchored(p *syntax.ParamExp, value string) (syntax.WordPart, bool) {
	if p.Repl.All || p.Repl.Orig == nil || p.Index != nil || len(value) > maxReplaced {
		return nil, false
	}
	orig := r.source(p.Repl.Orig)
	if !strings.HasPrefix(orig, "#") && !strings.HasPrefix(orig, "%") {
		return nil, false
	}
	with := ""
	if p.Repl.With != nil {
		with = r.literal(p.Repl.With)
	}
	text, err := pattern.Regexp(orig[1:], 0)
	if err != nil || strings.ContainsAny(orig, "$`\"'") || len(with) > maxReplaced {
		return nil, false
	}
	if orig[0] == '#' {
		text = "^(?:" + text + ")"
	} else {
		text = "(?:" + text + ")$"
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, false
	}
	if at := re.FindStringIndex(value); at != nil {
		value = value[:at[0]] + with + value[at[1]:]
	}
	return &syntax.ParamExp{Param: &syntax.Lit{Value: unset}, Exp: &syntax.Expansion{Op: syntax.DefaultUnset, Word: word(value)}}, true
}

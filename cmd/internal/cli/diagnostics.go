package cli

import (
	"fmt"

	"github.com/loward/loward/cmd/internal/report"
	"github.com/loward/loward/dsl/diag"
)

// maxShown is how many diagnostics are printed. Nobody reads more, and a large
// generated policy with one systematic mistake has hundreds of thousands.
const maxShown = 200

// tell prints diagnostics on standard error. If that can't be written to,
// nobody can be told so.
func tell(env Env, l *diag.List) {
	shown := mostSerious(l.All, maxShown)
	cut := len(shown) < len(l.All)
	_ = report.Text(env.Stderr, shown, report.Options{Color: env.Color, NoSummary: cut})
	if n := len(l.All) - len(shown); n > 0 {
		more := ""
		if l.Dropped() > 0 {
			more = fmt.Sprintf(" and %d that were not kept", l.Dropped())
		}
		fmt.Fprintf(env.Stderr, "and %d more: in all %s%s\n", n, report.Summary(l.All), more)
	}
}

// mostSerious keeps at most n diagnostics in their order: errors before
// warnings, and these before notes, for what stops everything must be seen.
func mostSerious(all []*diag.Diagnostic, n int) []*diag.Diagnostic {
	if len(all) <= n {
		return all
	}
	var count [3]int
	for _, d := range all {
		count[d.Severity]++
	}
	var room [3]int
	for s := range room {
		room[s] = min(n, count[s])
		n -= room[s]
	}
	var out []*diag.Diagnostic
	for _, d := range all {
		if room[d.Severity] > 0 {
			room[d.Severity]--
			out = append(out, d)
		}
	}
	return out
}

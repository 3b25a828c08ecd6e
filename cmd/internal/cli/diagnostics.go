package cli

import (
	"github.com/loward/loward/cmd/internal/report"
	"github.com/loward/loward/dsl/diag"
)

// tell prints diagnostics on standard error. If that can't be written to,
// nobody can be told so.
func tell(env Env, l *diag.List) {
	_ = report.Text(env.Stderr, l.All, report.Options{Color: env.Color})
}

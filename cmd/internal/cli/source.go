package cli

import (
	"github.com/loward/loward/compiler/resolve"
	"github.com/loward/loward/dsl/diag"
)

// readSource reads a file, or standard input for "-". What can't be read is a
// diagnostic in the list, and no file.
func readSource(env Env, path string) (*diag.File, *diag.List) {
	l := &diag.List{}
	return resolve.ReadFile(path, l, resolve.Stdin(env.Stdin)), l
}

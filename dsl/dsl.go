package dsl

import (
	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
	"github.com/loward/loward/dsl/format"
	"github.com/loward/loward/dsl/parser"
)

// MaxFileSize is the size in bytes of the largest policy file that is read.
const MaxFileSize = parser.MaxFileSize

// Parse reads a policy under the name that its diagnostics show. It always
// returns a tree; the mistakes come sorted by position.
func Parse(name string, src []byte) (*ast.File, []*diag.Diagnostic) {
	var l diag.List
	tree := parser.Parse(diag.NewFile(name, src), &l)
	l.Sort()
	return tree, l.All
}

// Format puts a policy into its canonical form. A policy with mistakes is not
// formatted: the text is nil, and the mistakes say why.
func Format(name string, src []byte) ([]byte, []*diag.Diagnostic) {
	tree, mistakes := Parse(name, src)
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	return format.Format(tree), nil
}

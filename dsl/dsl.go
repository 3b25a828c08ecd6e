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

// ParsePacket reads a packet phrase, "tcp from 10.0.0.7 on eth0 to [fd00::1]:53",
// as `expect` has it. The packet is nil where there are mistakes; name is what
// their positions are shown under.
func ParsePacket(name, phrase string) (*ast.Packet, []*diag.Diagnostic) {
	var l diag.List
	packet := parser.ParsePacket(diag.NewFile(name, []byte(phrase)), &l)
	l.Sort()
	return packet, l.All
}

package syntax

import (
	"iter"

	"github.com/loward/loward/dsl/diag"
)

// Options of a Parser.
type Options struct {
	// Include finds the files that an include names: pattern is as it is written,
	// from the file in which it stands. nil, or an empty answer: they are not
	// there, which is only a warning.
	Include func(pattern string, from *diag.File) []*diag.File
	// At is where all nodes are said to be instead of their own place, unless it is
	// zero.
	At diag.Span
	// CodeSyntax and CodeMissing are the codes of the diagnostics: of a mistake,
	// and of an include that is not there.
	CodeSyntax, CodeMissing string
}

// Parser of nft's text. Variables stay from one text to the next, as in nft -i.
type Parser struct {
	o Options
}

// NewParser makes one.
func NewParser(o Options) *Parser { return &Parser{o: o} }

// Parse yields the commands of a text. Mistakes go to the list.
func (p *Parser) Parse(f *diag.File, l *diag.List) iter.Seq[*Cmd] {
	return func(yield func(*Cmd) bool) {}
}

// Comments are the places of the comments that were read, without the line ends.
func (p *Parser) Comments() []diag.Span { return nil }

package syntax

import "github.com/loward/loward/dsl/diag"

// Options of a Parser.
type Options struct {
	// Include finds the files that an include names: pattern is as it is written.
	// nil, or an empty answer: they are not there, which is only a warning (nothing
	// at all where the pattern is one).
	Include func(pattern string) []*diag.File
	// At is where all nodes are said to be instead of their own place, unless it is
	// zero.
	At diag.Span
	// Comments: keep their places.
	Comments bool
	// CodeSyntax, CodeMissing and CodeUnknown are the codes of the diagnostics: of
	// a mistake, of an include that is not there, and of text that can't be read
	// because a piece of it is unknown.
	CodeSyntax, CodeMissing, CodeUnknown string
}

// What a text may ask for at most.
const (
	maxInclude  = 16      // files within files, as in nft
	maxIncludes = 4096    // of all
	maxNest     = 64      // sets, chains and parentheses in one another
	maxElems    = 1024    // elements in one command
	maxLine     = 4096    // bytes before a mistake in which an unknown piece explains it
	maxGuesses  = 100     // mistakes for which a nearest name is looked for
	maxSplice   = 1 << 20 // elements that come out of variables
)

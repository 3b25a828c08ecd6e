// Package format prints a syntax tree in the canonical form of policy files.
//
//	text := format.Format(tree)
//
// The form: one statement on a line; blocks indented by four blanks, their
// closing brace on a line of its own; single blanks between words; at most one
// empty line between statements, none at the start or end of a block; a
// statement longer than 100 columns goes on behind a comma, indented by four
// blanks more. Comments stay where they stand: on lines of their own before a
// statement or at the end of a block, behind a statement, behind a brace, and
// inside a list that goes on over several lines. Comments behind adjacent lines
// are aligned. Clauses keep their order, a limit's parts get theirs, and quotes
// stay, since a quoted word means a literal name.
//
// Printing is idempotent, and the text means the same: read again it gives the
// same tree, positions aside.
package format

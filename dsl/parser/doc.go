// Package parser reads the text of a policy file into its syntax tree.
//
//	f := diag.NewFile("fw.low", []byte("zone lan = eth0\nallow dns\n"))
//	var l diag.List
//	tree := parser.Parse(f, &l) // a tree, always; the mistakes are in l
//
// It never gives up: a statement that cannot be read becomes an ast.Bad, and
// reading goes on with the next one, so that a file with five mistakes reports
// five. Values are not judged here, except that a list has items and a clause
// stands once; compiler/resolve says what a name, an address or a verdict means.
//
// Codes of its diagnostics, all errors:
//
//	LW001  syntax: something is missing, or stands where it can't
//	LW002  unknown statement or clause
//	LW003  a statement in a place where it does not belong
//	LW004  not a policy text: binary, not UTF-8, control or invisible characters
//	LW005  a string that is not closed, or has an unknown escape
//	LW006  a brace is missing, or closes nothing
//	LW007  a clause stands twice
//	LW008  the file is larger than MaxFileSize
//	LW009  reading stopped after MaxErrors mistakes, or blocks nested too deeply
//
// How it works: a scanner yields one token at a time; newline is a token, and
// statements are read by a Go loop that resynchronises at the next line. The
// statements that fill a large policy - declarations, services, rules - are
// read by hand from the scanner. Those that are rare and regular - include,
// option, source, expect, and the packet phrase - are participle grammars over
// the tokens of one statement. docs/performance.md has the measurements behind
// this.
package parser

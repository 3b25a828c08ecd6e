// Package ast is the syntax tree of a policy file (*.low): what was written,
// with exact spans and with its comments, before any name is resolved or any
// value is judged. A value - an address, a port, a name - is a Word: its text
// as written. compiler/resolve says what it means, or that it means nothing.
package ast

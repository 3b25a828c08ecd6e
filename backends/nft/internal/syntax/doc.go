// Package syntax is the language of nft(8) as a tree: its commands, and a lexer
// and parser of its text (versions 1.0.6 to 1.1). It knows no types and looks
// nothing up but variables; what a word means is for the reader of the tree.
//
// The parser yields one command at a time, in the order in which nft executes
// them. A table in block form becomes the commands that declare what is in it,
// then those that fill its sets and chains. A command and everything below it
// is valid until the next one is asked for: the memory is used again.
//
//	p := syntax.NewParser(syntax.Options{})
//	for c := range p.Parse(file, &list) {
//		fmt.Println(c.Verb, c.Kind, c.Table.Text)
//	}
package syntax

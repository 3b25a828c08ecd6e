// Package dsl reads and formats policy files (*.low).
//
//	tree, mistakes := dsl.Parse("fw.low", src)    // a tree, always
//	text, mistakes := dsl.Format("fw.low", src)   // nil where src has mistakes
//
// The parts are dsl/diag (files, spans, diagnostics), dsl/ast (the tree),
// dsl/parser (text to tree) and dsl/format (tree to text).
package dsl

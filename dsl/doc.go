// Package dsl reads and formats policy files (*.low).
//
//	tree, mistakes := dsl.Parse("fw.low", src)    // a tree, always
//	text, mistakes := dsl.Format("fw.low", src)   // nil where src has mistakes
//	packet, mistakes := dsl.ParsePacket("packet", "tcp from any to 10.0.0.1:22")
//
// The parts are dsl/diag (files, spans, diagnostics), dsl/ast (the tree),
// dsl/parser (text to tree) and dsl/format (tree to text).
package dsl

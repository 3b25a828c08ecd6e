// Package compiler is the façade over what turns a resolved policy into
// rulesets: one lowering per shape, chosen by a Target. Resolving a policy's text
// is compiler/resolve's business, and writing a ruleset as text that of the
// backends, which this package does not know.
//
//	p, l, err := resolve.Load("fw.low")
//	…
//	rs := compiler.Compile(p.View("router"), compiler.Nft, l)
//	if l.Errors() > 0 { … }
package compiler

// Package resolve gives the syntax tree of a policy its meaning: it follows
// includes, resolves every name, judges every value, and says for each host
// what it has to enforce.
//
//	pol, list, err := resolve.Load("router.low")
package resolve

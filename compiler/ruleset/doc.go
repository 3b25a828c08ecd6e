// Package ruleset is netfilter as it is: tables, base chains with their hook
// and priority, rules, matches, verdicts, NAT, named sets and maps. It holds
// what the compiler lowers a policy to, and what a reader makes of a foreign
// ruleset; what a reader does not understand stays in it as Opaque text.
//
// It is a leaf over dsl/diag. Fields that a match can look at are the rows of
// one table, in field.go.
//
// One model serves both dialects. A rule is a list of statements that are
// executed in order until one does not match (nftables' own view); an iptables
// rule is the same with its target last. RETURN, jump and goto mean the same in
// both. An iptables table is a Table of family ip or ip6 whose Dialect is
// Iptables.
//
//	r := &ruleset.Rule{Body: []ruleset.Stmt{
//		ruleset.In(ruleset.IIFName, ruleset.Text("lo")),
//		ruleset.Accept,
//	}}
package ruleset

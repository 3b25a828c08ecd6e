package compiler

import (
	"github.com/loward/loward/compiler/lower/ipt"
	"github.com/loward/loward/compiler/lower/nft"
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Target is a shape of ruleset. Every target means the same.
type Target uint8

// The targets.
const (
	// Nft: one table of family inet, with sets and maps.
	Nft Target = iota
	// IPTables: chains of our own in the tables of iptables, for IPv4.
	IPTables
	// IP6Tables: the same for IPv6.
	IP6Tables
)

// Compile lowers what a host has to enforce to a ruleset. What the target can't
// say is an error in l at the statement's position; the result is nil then,
// for half of a policy must never be loaded.
func Compile(v *policy.View, t Target, l *diag.List) *ruleset.Ruleset {
	before := l.Errors()
	var rs *ruleset.Ruleset
	switch t {
	case Nft:
		rs = nft.Lower(v, l)
	case IPTables:
		rs = ipt.Lower(v, policy.V4, l)
	case IP6Tables:
		rs = ipt.Lower(v, policy.V6, l)
	}
	if l.Errors() > before {
		return nil
	}
	return rs
}

// Package iptables writes the tables of one family as text for
// iptables-restore or ip6tables-restore, and reads what others wrote for them: the
// text of iptables-save and iptables-restore, and single commands. What it writes
// loads with the legacy and with the nf_tables variant of iptables 1.8.9 and later.
//
// Read takes a text by itself; a State does one command after the other, as the
// kernel would. Both follow iptables 1.8.9, and take what one of its variants
// takes. Save writes such a ruleset as iptables-save would:
//
//	var l diag.List
//	rs := iptables.Read(diag.NewFile("rules.v4", text), ruleset.IP, &l)
//	again, mistakes := iptables.Save{Family: ruleset.IP}.Write(rs)
//
// An extension that a rule names (-m, -j) is a ruleset.Module, which says in plain
// statements too what it means; what is not known is kept as ruleset.Opaque.
//
// Restore writes what loward compiles, for --noflush. Own chains are declared, which empties them, and filled again; everything
// else in a table stays as it is. Chains that are not ours (Chain.Foreign:
// INPUT and so on) only get their rules inserted in front; restore text cannot
// ask whether they stand there already, so Reload leaves them out. Each table
// is one transaction.
//
//	text, mistakes := iptables.Restore{Family: ruleset.IP}.Write(rs)
//
// iptables evaluates addresses, interfaces and the protocol of a rule first and
// its other matches in their order; a rule in which such a match stands behind
// a limit means something else and is refused, like everything that iptables
// can't say in one rule: an error at its position (code LW090), and no output.
package iptables

// Package iptables writes the tables of one family as text for
// iptables-restore --noflush or ip6tables-restore --noflush. It loads with the
// legacy and with the nf_tables variant of iptables 1.8.9 and later.
//
// Own chains are declared, which empties them, and filled again; everything
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

// Package convert says a ruleset that was read in one dialect in the other:
// iptables' tables as nft's, and nft's tables as those of iptables or ip6tables.
//
// What is translated decides the same about every packet. What the other dialect
// can't say is an error at its rule (code LW090), with the reason; all of them
// are found, and then there is no ruleset. Counters begin anew.
//
//	out, mistakes := convert.ToNft(rs, nft.ValidName)
//	out, mistakes := convert.ToIptables(rs, ruleset.IP)
//
// To nft: a table of iptables becomes the table of its family and name, each
// builtin chain a base chain of the same hook, priority and policy. Sets of
// ipset become named sets of the tables that look into them.
//
// To iptables: only base chains at hooks and priorities that iptables has, and
// one of them at each; an inet table is split into what concerns each family.
// Sets become ports of one match, ranges, or a rule for each element as long as
// they are few. Where a statement has to be said in several rules, these stand
// in a chain of their own, so that the packet is still asked once.
package convert

// Package nft writes rulesets for nftables: as text for nft -f, and as JSON
// for nft -j -f. Both hold the same and load on nft 1.0.6 and later.
//
// What is written can be loaded again and again. It is one transaction that
// declares every set, map, object and chain of a table, empties those whose
// content is ours, and fills them again; the table and its base chains stay in
// place, so there is no moment without rules. Sets that rules fill (Dynamic)
// are never emptied: their buckets live on. Base chains that must not exist any
// more (Table.Absent) are declared, emptied and deleted, since nft 1.0.6 has no
// destroy.
//
// nft does not check everything that the model means. A port is read from any
// packet that is long enough, whatever its protocol; so where a rule looks at a
// port and does not settle the protocol before, a match on the protocols that
// have ports is written in front.
//
//	text, mistakes := nft.Text{}.Write(rs)
//	doc, mistakes := nft.JSON{}.Write(rs)
//
// A ruleset that others wrote is written as it is with Plain: in block form,
// without flushes or guards, what nft implies left out. With Model its JSON also
// holds what nft has no words for, and rulesets of iptables (see JSON).
//
//	text, mistakes = nft.Text{Plain: true}.Write(rs)
//	doc, _ = nft.JSON{Model: true}.Write(rs)
//
// What nft cannot say is an error at its position (code LW090), and then there
// is no output.
package nft

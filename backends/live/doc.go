// Package live reads what the kernel holds, by the tools that list it: nft,
// iptables-save and ip6tables-save of both variants, and ipset. Together they are
// one ruleset, since all of it decides about every packet.
//
//	rs, err := live.Read(ctx, live.System, &list)
package live

// Package ipt lowers a host's view of a policy to what iptables (IPv4) or
// ip6tables (IPv6) enforce: chains of our own, whose names begin with LOWARD-,
// and one jump to them at the head of each builtin chain.
//
// A packet that the policy allows RETURNs to the builtin chain and is never
// ACCEPTed, so that what others' rules say (a ban, Docker's chains) still
// holds. RETURN goes back to where the last jump was; therefore the builtin
// chain's jump is the only one, everything else inside is a goto, and each
// chain that does not decide ends with a goto to the one that goes on. That is
// also why a chain that may go on to two different places exists twice.
//
// Where decisions stand:
//
//   - mangle PREROUTING, before NAT: spoofed sources. Where a policy speaks of
//     addresses that are known only at run time, connections are labelled here
//     with what their original destination is (connlabel 126: an address of the
//     host; 127, 124 and below: one of a dhcp interface).
//   - filter INPUT and FORWARD: what services claim, by the original
//     destination: --ctorigdst for what NAT has translated, -d for everything
//     else, untracked packets included. Then the blocks inbound and forward.
//   - filter OUTPUT: local delivery (-o lo, also behind NAT) and outbound.
//   - nat: publish, its hairpin, and masquerade. raw: conntrack helpers.
//
// Addresses stand in trees of prefixes, sixteen branches a chain, so that the
// cost of a packet grows with the logarithm of their number. The nf_tables
// variant of iptables allows 15 chains in a row, gotos counted: where chains
// that spare rules would make more, statements are multiplied out instead.
//
// Limits are hashlimit tables, also where no source is told apart: rules that
// name one table share its bucket, and a statement has one however many rules
// it takes. A packet inside an IPv6 authentication header is seen as what it
// holds by ip6tables (legacy), and as AH by nft.
//
//	rs := ipt.Lower(view, policy.V4, &list)
//	// rs.Tables: filter, mangle, raw, nat
package ipt

// Package backends lists what rulesets can be written as. Each target is a
// folder: nft (text and JSON for nft -f), iptables (for iptables-restore and
// ip6tables-restore). Package iproute writes what a policy says of addresses
// and routes, which no ruleset holds.
//
//	for _, w := range backends.Writers() {
//		text, mistakes := w.Write(rs)
//		…
//	}
package backends

// Package corpus measures the readers and the faithful writers of rulesets with
// a collection of files that others wrote, and with the test vectors of iptables
// and nftables. The collection is no part of this module; its folder has
//
//	iptables/ nft/ shell/         rulesets
//	VALID.tsv                     file, tool, exit code, first line of what it said
//	upstream/iptables-extensions  *.t of iptables
//	upstream/nftables-py          *.t of nftables
//
// Whatever can be, is judged by the real tools and the kernel, in network
// namespaces of their own. Command cmd/internal/corpus prints the tables.
//
//	c, err := corpus.Load("../shared/corpus")
//	for _, r := range c.Reading(ctx) { … }
package corpus

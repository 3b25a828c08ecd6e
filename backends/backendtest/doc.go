// Package backendtest judges what loward compiles by a real kernel: every
// policy of testdata/examples with its probes, and with loward's own checks, is
// loaded by nft, by iptables over nf_tables and by legacy iptables, next to the
// rules of others, and all three must answer every probe as it is written down.
//
//	go test -v -run TestExamples/all/router/nft ./backends/backendtest
//
// The probes and the hosts they run on are those of package probes. Root is needed,
// or a user namespace (unshare -Urn go test …), where probes by other users are
// left out and counted as such.
package backendtest

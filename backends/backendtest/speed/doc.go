// Package speed measures loward: compiling as a whole process, loading what was
// compiled next to a linear ruleset of the same meaning, and what a packet
// costs, with the kernel as it is and in network namespaces of its own.
//
// Everything is a ratio measured side by side in one run, for absolute times
// drift between machines; no benchmark decides whether a test passes.
//
//	go test -run '^$' -bench . -benchtime 5x ./backends/backendtest/speed
//
// docs/performance.md holds the figures and what they were measured on.
package speed

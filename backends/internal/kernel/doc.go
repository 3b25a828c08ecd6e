// Package kernel runs the real tools on the real kernel for tests: each command
// in a network namespace of its own that vanishes with it, so that nothing of
// the machine is touched. Where that is forbidden, or a tool is missing, the
// test is skipped and says so.
//
//	out, err := kernel.Run(t, text, "nft", "-c", "-f", "-")
package kernel

// Package change tells which packets fare otherwise under one ruleset than under
// another, at the same host.
//
//	r := change.Compare(change.Question{Old: a, New: b})
//	for _, c := range r.Classes {
//		fmt.Println(c) // tcp 22 (ssh) from any on wan0 to the host: drop → accept
//	}
//
// It makes a diagram of fates of each (package fate) over one universe, and of their
// difference few classes of packets that are as wide as they can be. Each class has a
// packet as an example, which package path has sent through both.
package change

// Package prove holds a compiled ruleset against the policy that it was made of: for
// every packet, on every journey, it has to do what policy.Decide says.
//
//	r, err := prove.View(v, rs, prove.Options{})
//	// no r.Counterexamples: proven
//
// It makes two diagrams of the same packets, one of what the policy says and one of
// what the rules do (package fate), and looks for a packet where they differ. What
// the policy says is written down here a second time, as conditions; tests hold it
// against Decide, and each counterexample is put to Decide before it is shown.
package prove

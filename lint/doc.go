// Package lint finds pitfalls in rulesets, each with what proves it: a packet that
// dies and the rule that does it, or the rules that leave another nothing to do.
//
//	report, err := lint.Look(rs, nil)
//
// A check is one file: what it looks for, why that happens and how to mend it. What a
// check can't settle is in Report.Undecided, and no finding.
package lint

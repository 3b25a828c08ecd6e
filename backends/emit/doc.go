// Package emit holds what all writers of rulesets share: how a thing that a
// target cannot say is refused, how free text is made harmless before it goes
// into a comment, and numbers and addresses appended without allocation.
//
//	r := emit.Report{Target: "nft"}
//	r.Unsupported(rule.Origin, "a match on %s", field)
//	b = append(append(append(b, `comment "`...), emit.Comment(text)...), '"')
package emit

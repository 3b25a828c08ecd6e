// Package textdiff prints the difference of two texts as a unified diff, the
// form that patch(1), git and reviewers read.
//
//	diff := textdiff.Unified("fw.low", "fw.low (formatted)", old, new)
//
// The longest common subsequence comes from sergi/go-diff, whose own patch text
// is no unified diff: hunks, headers and the note about a missing newline at
// the end are written here.
package textdiff

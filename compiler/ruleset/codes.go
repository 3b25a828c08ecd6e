package ruleset

// Codes of what readers say of a foreign ruleset.
const (
	// CodeSyntax: the tool itself would not take the line.
	CodeSyntax = "LW001"
	// CodeRefused: the syntax is right, and the tool or the kernel refuses what it
	// says: a chain or an object that is not there, types that differ.
	CodeRefused = "LW060"
	// CodeOpaque: read, not modelled. It stays in the ruleset as it was written.
	CodeOpaque = "LW061"
	// CodeUnknown: a value that can't be known from the text alone.
	CodeUnknown = "LW062"
	// CodeBranch: commands that a script may or may not run.
	CodeBranch = "LW063"
)

package emit

import (
	"fmt"

	"github.com/loward/loward/dsl/diag"
)

// CodeUnsupported is the code of everything that a target cannot say.
const CodeUnsupported = "LW090"

// Report gathers what a target cannot say while a ruleset is written. The zero
// Report with a Target is ready for use.
type Report struct {
	// Target as messages name it: "nft", "iptables".
	Target string
	list   diag.List
}

// maxMistakes bounds a report: the same mistake in each of 100,000 elements is
// told often enough by then.
const maxMistakes = 100

// Unsupported refuses what stands at the span. The format completes "TARGET
// cannot say ".
func (r *Report) Unsupported(s diag.Span, format string, args ...any) *diag.Diagnostic {
	if len(r.list.All) >= maxMistakes {
		return &diag.Diagnostic{}
	}
	return r.list.Errorf(s, "%s cannot say %s", r.Target, fmt.Sprintf(format, args...)).WithCode(CodeUnsupported)
}

// Failed says whether anything was refused: then there is no output.
func (r *Report) Failed() bool { return r.list.Errors() > 0 }

// Mistakes in the order of their positions, each once.
func (r *Report) Mistakes() []*diag.Diagnostic {
	r.list.Sort()
	return r.list.All
}

package shell

import (
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Bounds of an evaluation. A real script for a firewall stays far below each.
const (
	maxSteps    = 200_000  // commands and expansions, beside one for each byte of the script
	maxLoop     = 20_000   // rounds of one loop
	maxDepth    = 200      // calls within calls
	maxNesting  = 1_000    // brackets within brackets
	maxFields   = 20_000   // words of a command
	maxValue    = 1 << 18  // bytes of a value
	maxReplaced = 1 << 12  // bytes of a value, and of what goes into it
	maxBytes    = 32 << 20 // bytes of all values
	maxOutput   = 4 << 20  // bytes of a command's output
	maxScript   = 8 << 20  // bytes of a script
	maxNotes    = 500      // diagnostics of one severity
)

// step counts a step; false once there were too many.
func (r *runner) step(at diag.Span) bool {
	if r.steps++; r.steps > maxSteps+r.size || r.bytes > maxBytes+r.size {
		r.stop(at, "the script takes too many steps")
	}
	return !r.stopped
}

// stop ends the evaluation. What was read till then is not what the script does,
// and so it is an error.
func (r *runner) stop(at diag.Span, why string) {
	if !r.stopped {
		r.stopped = true
		r.list.Errorf(at, "the reading of the script ends here: %s", why).WithCode(ruleset.CodeOpaque)
	}
}

// tell adds a diagnostic of any severity.
func (r *runner) tell(s diag.Severity, at diag.Span, code, format string, args ...any) {
	d := r.list.Warnf(at, format, args...).WithCode(code)
	d.Severity = s
}

// once adds a note, once for each place.
func (r *runner) once(at diag.Span, code, format string, args ...any) {
	key := place{at.Start, code}
	if !r.told[key] {
		r.told[key] = true
		r.tell(diag.Note, at, code, format, args...)
	}
}

type place struct {
	start int
	code  string
}

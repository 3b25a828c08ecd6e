package shell

import (
	"iter"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Script is what a script does to the rules of a machine.
type Script struct {
	// Final is the ruleset that the commands on the main line leave.
	Final *ruleset.Ruleset
	// Steps are all commands that concern rules or the network, in the order in
	// which they were read.
	Steps []Step
}

// Step is a command of a script.
type Step struct {
	// At is the command in the script.
	At diag.Span
	// Command is what is run; in place of what can't be known stands what the
	// script says.
	Command string
	// Applied: the command is on the main line and takes part in Final. A command
	// of a branch not taken, or of a function that nobody calls, is not.
	Applied bool
	// May: whether the command runs can't be known.
	May bool

	apply func(m *machine, l *diag.List) // nil where it changes no rules
}

// Rules says whether the command concerns rules (iptables, nft, ipset).
func (s *Step) Rules() bool { return s.apply != nil }

// Walk goes through the steps of the main line once more. With each comes the
// state that it leaves; the state is built when it is asked for, and valid until
// the next step.
func (s *Script) Walk() iter.Seq2[*Step, func() *ruleset.Ruleset] {
	return func(yield func(*Step, func() *ruleset.Ruleset) bool) {
		m := newMachine()
		var unheard diag.List
		for i := range s.Steps {
			step := &s.Steps[i]
			if !step.Applied {
				continue
			}
			if step.apply != nil {
				unheard = diag.List{Max: 1}
				step.apply(m, &unheard)
			}
			if !yield(step, m.ruleset) {
				return
			}
		}
	}
}

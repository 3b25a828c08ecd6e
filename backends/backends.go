package backends

import (
	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Writer turns a ruleset into what a tool loads.
type Writer interface {
	// Name of the target, as the command line has it.
	Name() string
	// Write a ruleset. What the target can't say is an error in mistakes, at the
	// node's position, with code LW090; then there is no text. A text is the
	// same, byte for byte, for the same ruleset.
	Write(rs *ruleset.Ruleset) (text []byte, mistakes []*diag.Diagnostic)
}

// Writers are all of them.
func Writers() []Writer {
	return []Writer{
		nft.Text{},
		nft.JSON{},
		iptables.Restore{Family: ruleset.IP},
		iptables.Restore{Family: ruleset.IP6},
	}
}

package cli

import (
	"github.com/loward/loward/backends/trial"
	"github.com/spf13/cobra"
)

// trialCommand is what test --kernel starts in namespaces of its own; it is of no use
// to anybody else, and refuses to work elsewhere.
func trialCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use:    trial.Command,
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := trial.Serve(cmd.Context(), env.Stdin, env.Stdout); err != nil {
				return refused(err)
			}
			return nil
		},
	}
}

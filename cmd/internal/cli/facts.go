package cli

import (
	"encoding/json"

	"github.com/loward/loward/backends/live"
	"github.com/spf13/cobra"
)

func factsCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "facts",
		Short: "Print what of this host decides where packets go, as JSON",
		Long: `Facts prints the links, addresses, routes, routing rules, sysctls and listening
sockets of this host as JSON, in the network namespace that it runs in. trace
takes it with --host-facts, on any machine. It needs ip (iproute2), and changes
nothing.`,
		Example: "  loward facts",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, err := live.Facts(cmd.Context(), live.System)
			if err != nil {
				return refused(err)
			}
			text, err := json.MarshalIndent(h, "", "  ")
			if err != nil {
				return refused(err)
			}
			return printResult(env, append(text, '\n'))
		},
	}
}

package cli

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/loward/loward/dsl/diag"
	"github.com/loward/loward/lint"
	"github.com/spf13/cobra"
)

func explainCommand(env Env) *cobra.Command {
	var list bool
	cmd := &cobra.Command{
		Use:   "explain (CODE | --list)",
		Short: "Tell about a check of lint",
		Long: `Explain tells what a check of lint looks for, why that happens, how to see it and how
to mend it. CODE is the check's code, or its name.`,
		Example: `  loward explain LW101
  loward explain --list`,
		Args: func(_ *cobra.Command, args []string) error {
			if list == (len(args) == 1) || len(args) > 1 {
				return errors.New("the argument is the code of one check, or --list")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return codes(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			var b bytes.Buffer
			if list {
				for _, c := range lint.Checks() {
					fmt.Fprintf(&b, "%s  %-22s %s\n", c.Code, c.Name, c.Title)
				}
				return printResult(env, b.Bytes())
			}
			c := lint.Find(args[0])
			if c == nil {
				hint := ""
				if near := diag.Nearest(args[0], codes()); near != "" {
					hint = fmt.Sprintf("; did you mean %s?", near)
				}
				return usage("there is no check %q%s", args[0], hint)
			}
			fmt.Fprintf(&b, "%s %s: %s\n\n%s\n", c.Code, c.Name, c.Title, c.Doc)
			return printResult(env, b.Bytes())
		},
	}
	cmd.Flags().BoolVar(&list, "list", false, "list the checks")
	return cmd
}

func codes() []string {
	var out []string
	for _, c := range lint.Checks() {
		out = append(out, c.Code, c.Name)
	}
	return out
}

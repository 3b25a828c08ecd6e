package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// Main runs loward with these arguments and returns its exit code. It never
// panics: a fault of loward's own is reported as one, with exit code 3.
func Main(env Env, args []string) int {
	return execute(env, Root, args)
}

func execute(env Env, tree func(Env) *cobra.Command, args []string) (code int) {
	defer func() {
		if fault := recover(); fault != nil {
			reportFault(env.Stderr, fault, debug.Stack())
			code = exitRefused
		}
	}()
	root := tree(env)
	root.SetArgs(args)
	cmd, err := root.ExecuteC()
	var s *status
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &s):
		if s.message != "" {
			fmt.Fprintf(env.Stderr, "loward: %s\n", s.message)
		}
		return s.code
	}
	var system *fs.PathError
	if errors.As(err, &system) {
		fmt.Fprintf(env.Stderr, "loward: %v\n", err)
		return exitRefused
	}
	// What is left are cobra's own errors: unknown commands, flags, arguments.
	fmt.Fprintf(env.Stderr, "loward: %v\nSee %q.\n", err, cmd.CommandPath()+" --help")
	return exitInput
}

func reportFault(w io.Writer, fault any, stack []byte) {
	fmt.Fprintf(w, "loward: internal error: %v\n", fault)
	fmt.Fprintln(w, "This is a fault of loward's, whatever the input was. Nothing was written.")
	fmt.Fprintln(w, "Please report it, with the input and these lines, at https://github.com/loward/loward/issues")
	w.Write(stack)
}

// Root is the whole tree of commands; the documentation is generated from it.
func Root(env Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "loward",
		Short: "Compile firewall policies to netfilter rulesets",
		Long: `Loward compiles a policy, which says what a host offers on its addresses and
who may reach it, to rulesets for nftables and iptables. A policy names intent;
hooks, chains, families and rule order are the compiler's business. No policy
breaks a host's traffic with itself unless it says so.

A file named - is standard input. Results go to standard output, everything
else to standard error. Nothing but --live needs root, and nothing uses the
network.

` + exitHelp(),
		Example: `  loward fmt -d testdata/examples/router.low
  loward compile -t nft testdata/examples/router.low`,
		Args:              cobra.NoArgs,
		SilenceUsage:      true,
		SilenceErrors:     true,
		DisableAutoGenTag: true,
		Version:           version(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			// Called without a command: help, but not as if all were well.
			cmd.SetOut(env.Stderr)
			if err := cmd.Help(); err != nil {
				return refused(err)
			}
			return silent(exitInput)
		},
	}
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetHelpCommand(helpCommand())
	root.SetVersionTemplate("loward {{.Version}}\n")
	root.AddCommand(
		fmtCommand(env),
		compileCommand(env),
		traceCommand(env),
		testCommand(env),
		trialCommand(env),
		proveCommand(env),
		lintCommand(env),
		explainCommand(env),
		diffCommand(env),
		factsCommand(env),
		classesCommand(env),
		versionCommand(env),
	)
	for _, cmd := range root.Commands() {
		cmd.DisableFlagsInUseLine = true
	}
	return root
}

// helpCommand is cobra's, but for a name that is none, which is wrong usage.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Help about any command",
		RunE: func(c *cobra.Command, args []string) error {
			cmd, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usage("there is no command %q", strings.Join(args, " "))
			}
			return cmd.Help()
		},
	}
}

func exitHelp() string {
	var b strings.Builder
	b.WriteString("Exit codes:\n")
	for _, e := range exitTable() {
		fmt.Fprintf(&b, "\n    %d  %s", e.Code, e.Meaning)
	}
	return b.String()
}

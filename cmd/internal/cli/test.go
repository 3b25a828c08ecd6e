package cli

import (
	"context"

	"github.com/loward/loward/dsl/diag"
	"github.com/spf13/cobra"
)

type testFlags struct {
	format, target string
	kernel         bool
}

func testCommand(env Env) *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:   "test [-t TARGET] [--kernel] [--format FORMAT] FILE...",
		Short: "Check what policies expect of packets",
		Long: `Test follows the packet of each expect statement through the ruleset that the
policy is compiled to, as trace does, and compares what becomes of it. Accept means
that the reply comes back too. With a zone it has to hold for each of its
interfaces. No rate is exceeded.

With --kernel the packets are sent in earnest as well: each host is laid out in
network namespaces that vanish with the process, with its interfaces, addresses and
routes, the ruleset is loaded there by nft or iptables-restore, and machines on its
wires send and answer. Nothing is touched outside. It takes root, or a kernel that
permits unprivileged user namespaces, and the tools. Where the kernel contradicts the
model the model is wrong, which is said. What can't be sent there is not tried, which
is said too.

Each statement that does not hold is shown with the packet's journey; then, and where
the kernel differs, the exit code is 1. It is 4 where something can't be decided or
was not tried, and 3 where no namespaces can be made or a tool refused.`,
		Example: `  loward test testdata/examples/router.low
  loward test --kernel testdata/examples/guard.low`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return test(cmd.Context(), env, f, args)
		},
	}
	cmd.Flags().StringVar(&f.format, "format", "text", "text or json")
	cmd.Flags().BoolVar(&f.kernel, "kernel", false, "send the packets through a kernel too")
	cmd.Flags().StringVarP(&f.target, "target", "t", "nft", "what the policy is compiled to: nft or iptables")
	complete(cmd, "format", []string{"text", "json"})
	complete(cmd, "target", []string{"nft", "iptables"})
	return cmd
}

func test(ctx context.Context, env Env, f testFlags, files []string) error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	if f.target != "nft" && f.target != "iptables" {
		return usage("there is no target %q to test: it is nft or iptables", f.target)
	}
	var all []*outcome
	l := &diag.List{Max: maxForeign}
	for _, file := range files {
		src, said := readSource(env, file)
		l.All = append(l.All, said.All...)
		if src == nil {
			continue
		}
		p, said, err := loadPolicy(src)
		if err != nil {
			return refused(err)
		}
		l.All = append(l.All, said.All...)
		if p != nil && said.Errors() == 0 {
			if f.kernel {
				nameless(p)
			}
			all = append(all, expectations(p, f.target, l)...)
		}
	}
	l.Sort()
	tell(env, l)
	if l.Errors() > 0 {
		return silent(exitInput)
	}
	if f.kernel {
		if err := askKernel(ctx, all); err != nil {
			return refused(err)
		}
	}
	text := outcomeText(all, f.kernel)
	if f.format == "json" {
		text = outcomeJSON(all, f.kernel)
	}
	if err := printResult(env, text); err != nil {
		return err
	}
	if code := outcomeCode(all); code != exitDone {
		return silent(code)
	}
	return nil
}

package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Long:    "Version prints which loward this is, and the Go release and platform it was built with.",
		Example: "  loward version",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return printResult(env, fmt.Appendf(nil, "loward %s\n", version()))
		},
	}
}

// version is the module's version, or the commit where it was built from a
// checkout, as the Go toolchain recorded them.
func version() string {
	v := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			v = info.Main.Version
		}
		if v == "(devel)" {
			for _, s := range info.Settings {
				if s.Key == "vcs.revision" {
					v = "(devel " + s.Value + ")"
				}
			}
		}
	}
	return fmt.Sprintf("%s %s %s/%s", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

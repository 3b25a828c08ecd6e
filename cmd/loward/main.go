// Loward compiles firewall policies to netfilter rulesets; see package cli for
// its commands.
package main

import (
	"os"
	"runtime/debug"

	"github.com/loward/loward/cmd/internal/cli"
)

func main() {
	// Nearly all that a compiler allocates lives until it ends, a moment later:
	// collecting as often as Go does by default costs a third of the time and
	// frees next to nothing. GOGC still has the last word.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	// But not without end. GOMEMLIMIT has the last word here.
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(1 << 30)
	}
	os.Exit(cli.Main(cli.System(), os.Args[1:]))
}

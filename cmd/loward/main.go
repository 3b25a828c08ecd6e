// Loward compiles firewall policies to netfilter rulesets; see package cli for
// its commands.
package main

import (
	"os"

	"github.com/loward/loward/cmd/internal/cli"
)

func main() {
	os.Exit(cli.Main(cli.System(), os.Args[1:]))
}

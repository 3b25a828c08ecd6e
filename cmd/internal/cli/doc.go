// Package cli is loward's command line: one cobra command a file, over an Env
// that says where input comes from and where output goes, so that every command
// runs the same in a test as in a shell.
//
// Results go to standard output and everything else to standard error. A command
// that fails has written nothing: output files are replaced whole or stay as they
// were. What the exit code means stands in one table, in exit.go.
//
//	code := cli.Main(cli.System(), []string{"compile", "-t", "nft", "fw.low"})
package cli

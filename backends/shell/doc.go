// Package shell reads scripts that run iptables, ip6tables, iptables-restore,
// ipset and nft, and tells what rules they leave behind.
//
// A script is evaluated, not run: no program is started, no file is opened or
// written, the environment is empty, and whatever could go on for ever is
// bounded. What a script gets from outside (a command's output, a variable that
// it never sets, a file) is unknown, and every value made of it is marked so.
//
// Two kernels are kept meanwhile. Commands on the main line go to the first. What
// depends on something unknown is decided like this, and said each time: a test
// that can't be known is taken to hold, unless only its other branch touches any
// rule; of a case on a script's argument, "start" is chosen. The other branches,
// and functions that nobody calls, are read too: their mistakes are reported and
// their commands are Steps, applied to the second kernel, which nobody sees.
//
// The machine is taken to begin without any rules, all policies ACCEPT.
//
//	var l diag.List
//	script := shell.Read(diag.NewFile("fw.sh", text), &l)
//	for step, state := range script.Walk() {
//		fmt.Println(step.At, step.Command, len(state().Tables))
//	}
package shell

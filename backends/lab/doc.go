// Package lab builds hosts in network namespaces, loads rulesets into them with the
// tools that an administrator uses, and asks the kernel with real sockets which
// packets pass. It is Linux's alone; elsewhere Available says so.
//
// A Plan says which hosts there are, how they are wired, and what is sent. The
// namespaces have no names: they live as long as the process holds them open, and
// nothing is ever loaded into one that the lab has not made.
//
//	l, err := lab.Build(ctx, &plan)
//	defer l.Close()
//	err = l.LoadNFT(ctx, "self", text)
//	results := l.Probes(ctx, plan.Probes)
package lab

// Package ext holds the extensions of iptables and ip6tables: the matches and
// targets of iptables-extensions(8), their options, what the tool and the kernel
// refuse, and what they mean in plain statements of the model.
//
// A reader finds the extension that -m or -j names, hands it the options as they
// come, and asks in the end for the whole:
//
//	e := ext.Find("tcp", false, ruleset.IP)
//	x := ext.Instance{Ext: e, At: at}
//	o, _ := e.Option("dport")
//	used := x.Take(o, false, at, nil, rest)
//	args, means, ok := x.Finish(&ctx)
//
// What is said here of the tool was learnt from its man page and by asking
// iptables 1.8.9 itself; what is said of the kernel, from net/netfilter/xt_*.c
// and net/ipv{4,6}/netfilter.
package ext

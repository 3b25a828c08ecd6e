// Package resolve gives the syntax tree of a policy its meaning: it follows
// includes, resolves every name, judges every value, and says for each host
// what it has to enforce.
//
//	pol, list, err := resolve.Load("router.low")
//	if err != nil {
//		return err // the tool failed
//	}
//	// pol is nil where list.Errors() > 0
//
// Mistakes are diagnostics, all of them at once; no mistake hides another that
// does not follow from it. What a policy means does not depend on the order of
// its statements, so neither does what Resolve returns, positions aside.
//
// The codes, those of the file and its syntax (LW001 to LW009) being
// dsl/parser's:
//
//	LW010  the file can't be read: missing, a directory, no permission, too large
//	LW011  an include can't be read, is a directory, or (warning) matches nothing
//	LW012  a file includes itself
//	LW013  an include leads out of its directory by a symbolic link
//	LW014  a name that can't be used: its characters, its length, its meaning
//	LW015  a name is declared twice
//	LW016  a name that nothing declares
//	LW017  a net, port set or proto contains itself
//	LW018  a name after `to` is both a service and a net
//	LW019  two names can't be told apart where a target cuts them
//	LW020  not an address, prefix or range, or not one that can stand there
//	LW021  warning: a prefix has bits set behind its length
//	LW022  not a port or range of ports
//	LW023  traffic: an ICMP type, a protocol number, ports where none belong
//	LW024  a rate or burst that can't be kept
//	LW025  a text to log that can't be printed
//	LW026  an option, verdict or value that does not exist
//	LW027  not the name of an interface
//	LW028  lo is named
//	LW029  not the name or id of a user or group
//	LW030  a clause that does not belong to its statement
//	LW031  a statement in a place where it does not belong
//	LW032  a built-in class is redefined
//	LW033  two statements of a block, service, host or option contradict each other
//	LW034  two services contradict each other on a common packet
//	LW035  a service has no address
//	LW036  a service says nothing (a warning where that closes its own address)
//	LW037  where a service lives is not said, or is wrong
//	LW038  an address that can't be guarded
//	LW039  local delivery of an interface whose addresses come from DHCP
//	LW040  warning: what a service on an interface with DHCP does not cover
//	LW041  warning: a service that only denies, on an address that it shares
//	LW042  a statement without effect in any address family
//	LW043  warning or note: a statement without effect in one address family
//	LW044  a target that can't be published to
//	LW045  warning: an address family without a target
//	LW046  warning: published, but allowed by nothing
//	LW047  the same packets are published to two targets
//	LW048  warning: nothing from outside can arrive at a loopback address
//	LW049  warning: an address, or a host, is named twice
//	LW050  an interface can't have this address, or has none
//	LW051  local delivery would be dropped
//	LW052  a test that can't be run
//	LW053  warning: a host would have to forward and does not
//	LW054  a preferred source of the wrong family
//	LW055  more than this policy may hold: depth, files, ranges of addresses
//	LW056  warning: addresses that are known only on another host, at run time
//	LW057  warning: a target in a network that no interface declares
package resolve

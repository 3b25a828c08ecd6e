// Package iproute writes, for ip -batch, what a host needs besides a ruleset:
// the addresses of its services on lo, its preferred source addresses, and on
// routers the routes to services that live elsewhere.
//
// The file can be run again and again: everything in it replaces. It removes
// nothing; addresses and routes of an earlier policy stay until somebody takes
// them away. The interfaces that it names have to be up and to have their
// declared addresses, else ip stops at the line.
//
//	text, mistakes := iproute.Write(view)
package iproute

// Package referee holds the model of packets (compiler/path) against the kernel:
// rulesets, hosts and packets made at random, loaded and sent in network namespaces.
// Every hook that a packet passes and every rule that it meets there is compared, as
// the kernel's own trace tells them.
//
// A packet is cheap: it is put on a wire, or sent by a raw socket, and what becomes of
// it is read from the trace; nobody waits for what does not come. A table of the
// referee's own says where each hook ends, and swallows what is delivered, so that the
// host answers nothing by itself. The identification of IPv4 and the flow label of
// IPv6 tell one packet from another, whatever a rule makes of its addresses.
//
// See docs/referee.md.
package referee

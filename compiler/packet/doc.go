// Package packet is a packet as the rules of netfilter see it: its header, its
// connection, and where it is on its way.
package packet

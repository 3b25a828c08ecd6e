// Package ipset reads and writes the sets of ipset(8): what ipset save prints and
// ipset restore takes, and single commands.
//
// A set becomes a ruleset.Set of Ruleset.IPSets. Its key has, for each part of the
// set's type, the field that the match extension set looks at for the direction
// src: hash:ip,port is source address, protocol, source port. A rule that names
// other directions (--match-set NAME dst,dst) looks at other fields with the same
// values. A port stands behind its protocol, as in tcp:80; of ICMP the port is
// type*256+code. Ranges of up to 256 elements are the elements that the kernel
// makes of them; greater ones stay one element.
//
//	var l diag.List
//	sets := ipset.Read(diag.NewFile("sets", text), &l)
package ipset

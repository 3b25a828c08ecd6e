package ipset

import (
	"slices"
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// types of sets, as ipset(8) lists them.
var types = []string{
	"bitmap:ip", "bitmap:ip,mac", "bitmap:port", "hash:ip", "hash:mac", "hash:ip,mac", "hash:net", "hash:net,net",
	"hash:ip,port", "hash:net,port", "hash:ip,port,ip", "hash:ip,port,net", "hash:net,port,net", "hash:net,iface",
	"hash:ip,mark", "list:set",
}

// typeName gives a type by its name or one of its older ones.
func typeName(s string) (string, bool) {
	switch s {
	case "ipmap":
		s = "bitmap:ip"
	case "macipmap":
		s = "bitmap:ip,mac"
	case "portmap":
		s = "bitmap:port"
	case "iphash":
		s = "hash:ip"
	case "nethash":
		s = "hash:net"
	case "ipporthash":
		s = "hash:ip,port"
	case "ipportiphash":
		s = "hash:ip,port,ip"
	case "ipportnethash":
		s = "hash:ip,port,net"
	case "setlist":
		s = "list:set"
	}
	return s, slices.Contains(types, s)
}

// familyOf a type: those that hold addresses in a hash are of one.
func familyOf(typ, given string) ruleset.Family {
	switch {
	case typ == "hash:mac" || typ == "list:set" || typ == "bitmap:port":
		return ruleset.Inet
	case given == "inet6" && strings.HasPrefix(typ, "hash:"):
		return ruleset.IP6
	}
	return ruleset.IP
}

// keyOf a type, for the direction src.
func keyOf(typ string, f ruleset.Family) []ruleset.Expr {
	_, parts, _ := strings.Cut(typ, ":")
	var key []ruleset.Expr
	for part := range strings.SplitSeq(parts, ",") {
		switch part {
		case "ip", "net":
			key = append(key, ruleset.In4or6(ruleset.IPSaddr, f == ruleset.IP6))
		case "port":
			if typ != "bitmap:port" {
				key = append(key, ruleset.L4Proto)
			}
			key = append(key, ruleset.Sport)
		case "mac":
			key = append(key, ruleset.EtherSaddr)
		case "iface":
			key = append(key, ruleset.IIFName)
		case "mark":
			key = append(key, ruleset.MetaMark)
		}
	}
	return key
}

// option of create or add: its name, and how many values it takes.
func createOption(name string) (values int, ok bool) {
	switch strings.TrimPrefix(name, "--") {
	case "family", "hashsize", "maxelem", "timeout", "netmask", "bitmask", "range", "size", "markmask", "initval", "bucketsize",
		"probes", "resize", "from", "to", "network", "gc", "comment-size":
		return 1, true
	case "counters", "comment", "skbinfo", "forceadd", "wildcard", "matchunset":
		return 0, true
	}
	return 0, false
}

func addOption(name string) (values int, ok bool) {
	switch strings.TrimPrefix(name, "--") {
	case "timeout", "packets", "bytes", "comment", "skbmark", "skbprio", "skbqueue", "before", "after":
		return 1, true
	case "nomatch", "wildcard":
		return 0, true
	}
	return 0, false
}

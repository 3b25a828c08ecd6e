package syntax

import "strings"

func hasMark(text string) bool { return strings.Contains(text, markOpen) }

// reserved says whether a word means something by itself to nft, and can be no
// name.
func reserved(word string) bool {
	switch word {
	case "accept", "add", "ah", "all", "and", "arp", "auto-merge", "bridge", "cgroup", "chain", "comment", "comp",
		"constant", "continue", "counter", "cpu", "create", "ct", "day", "dccp", "define", "delete", "describe", "device",
		"devices", "dnat", "drop", "dst", "dup", "dynamic", "ecn", "element", "elements", "eq", "esp", "ether", "exists",
		"expires", "export", "exthdr", "fib", "flags", "flow", "flowtable", "flush", "frag", "fwd", "gc-interval", "ge", "get",
		"goto", "gt", "handle", "hbh", "hook", "hour", "ibridgename", "ibriport", "ibrname", "icmp", "icmpv6", "igmp",
		"iif", "iifgroup", "iifname", "iiftype", "import", "include", "index", "inet", "insert", "interval", "ip", "ip6",
		"ipsec", "jhash", "jump", "le", "limit", "list", "log", "lshift", "lt", "map", "mark", "masquerade", "meta",
		"meter", "mh", "missing", "monitor", "ne", "netdev", "nftrace", "not", "notrack", "numgen", "obridgename",
		"obriport", "obrname", "offload", "oif", "oifgroup", "oifname", "oiftype", "or", "osf", "pkttype", "policy",
		"position", "priority", "queue", "quota", "random", "redefine", "redirect", "reject", "rename", "replace",
		"reset", "return", "rshift", "rt", "rt0", "rt2", "rtclassid", "rule", "ruleset", "sctp", "secmark", "set", "size",
		"skgid", "skuid", "snat", "socket", "srh", "symhash", "synproxy", "table", "tcp", "th", "time", "timeout",
		"tproxy", "type", "typeof", "udp", "udplite", "undefine", "update", "vlan", "vmap", "xor", "xt":
		return true
	}
	return false
}

// valueWord says whether a word can stand for a value: those that are no
// keywords, and some that are.
func valueWord(word string) bool {
	switch word {
	case "accept", "drop", "counter", "jump", "goto", "return", "continue":
		return false
	case "ether", "ip", "ip6", "vlan", "arp", "dnat", "snat", "ecn", "reset", "tcp", "udp", "udplite", "esp", "ah",
		"icmp", "igmp", "icmpv6", "comp", "dccp", "sctp", "redirect", "exists", "missing":
		return true
	}
	return !reserved(word)
}

// verdictWord says whether a word begins a verdict.
func verdictWord(word string) bool {
	switch word {
	case "accept", "drop", "continue", "return", "jump", "goto", "queue":
		return true
	}
	return false
}

// familyWord says whether a word is a family of tables.
func familyWord(word string) bool {
	switch word {
	case "ip", "ip6", "inet", "arp", "bridge", "netdev":
		return true
	}
	return false
}

package nft

// maxName is the greatest length of a name of a table, chain, set or object
// that every nft takes.
const maxName = 127

// badName says why nft cannot take a name for a table, a chain, a set or an
// object, or "". Such names can't be quoted in nft 1.0.6.
func badName(s string) string {
	if reserved(s) {
		return "is a word of nft's own"
	}
	return badSpelling(s)
}

// badSpelling says why nft cannot take a name, whatever words it has itself.
func badSpelling(s string) string {
	switch {
	case s == "":
		return "is empty"
	case len(s) > maxName:
		return "is longer than 127 bytes"
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '-' && c != '.') {
			return "holds a character that nft has no way to write in a name"
		}
	}
	return ""
}

// reserved says whether nft reads the word as a keyword where a name stands:
// measured on 1.0.6, with the words that later versions added.
func reserved(s string) bool {
	switch s {
	case "accept", "add", "ah", "all", "and", "arp", "auto-merge", "avgpkt", "bridge", "bytes", "cgroup",
		"chain", "comment", "comp", "constant", "continue", "count", "counter", "cpu", "create", "ct",
		"daddr", "day", "dccp", "define", "delete", "describe", "destroy", "device", "devices", "direction",
		"dnat", "dport", "drop", "dst", "dup", "dynamic", "ecn", "egress", "element", "elements", "eq",
		"erspan", "esp", "ether", "event", "exists", "expectation", "expiration", "expires", "export",
		"exthdr", "fib", "flags", "flow", "flowtable", "flush", "frag", "fwd", "gc-interval", "ge", "geneve",
		"get", "goto", "gre", "gretap", "gt", "handle", "hbh", "helper", "helpers", "hook", "hooks", "hour",
		"ibriport", "ibrname", "icmp", "icmpv6", "id", "igmp", "iif", "iifgroup", "iifname", "iiftype",
		"import", "in", "include", "index", "inet", "ingress", "inner", "insert", "interval", "ip", "ip6",
		"ipsec", "jhash", "jump", "l3proto", "label", "last", "le", "limit", "list", "ll", "log", "lshift",
		"lt", "map", "mark", "masquerade", "meta", "meter", "mh", "missing", "monitor", "ne", "netdev",
		"nftrace", "nh", "not", "notrack", "numgen", "obriport", "obrname", "offload", "oif", "oifgroup",
		"oifname", "oiftype", "or", "original", "osf", "out", "over", "packets", "pkttype", "policy",
		"position", "priority", "proto-dst", "proto-src", "protocol", "queue", "quota", "random", "redefine",
		"redirect", "reject", "rename", "replace", "reply", "reset", "return", "rshift", "rt", "rt0", "rt2",
		"rtclassid", "rule", "ruleset", "saddr", "sctp", "secmark", "set", "size", "skgid", "skuid", "snat",
		"socket", "srh", "state", "status", "symhash", "synproxy", "table", "tcp", "th", "time", "timeout",
		"to", "tproxy", "tunnel", "tunnels", "type", "typeof", "udp", "udplite", "undefine", "update",
		"vlan", "vmap", "vxlan", "xor", "xt", "zone":
		return true
	}
	return false
}

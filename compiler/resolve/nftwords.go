package resolve

import "strings"

// nftWords are the words that nft takes for its own where a table's name
// stands (measured with nft 1.0.6, and those that later versions added).
func nftWords() []string {
	return strings.Fields(`accept add ah all arp bridge cgroup chain comment comp constant continue
		counter counters cpu create ct day dccp define delete destroy device devices dnat drop dst dup
		dynamic ecn egress element elements eq ether exists export fib flags flow flowtable flush frag
		fwd ge geneve get goto gre gretap gt handle hook hour ibriport icmp icmpv6 igmp iif iifname import
		include index inet insert interval ip ip6 ipsec jhash jump last le limit list log lt map
		mark masquerade meta meter missing monitor ne netdev not notrack numgen oif oifname or osf
		pkttype policy position priority queue quota random redefine redirect reject rename replace
		reset return rt rtclassid ruleset rule sctp secmark set size skgid skuid snat socket synproxy
		table tcp th time timeout to tproxy type typeof udp udplite undefine update vlan vmap vxlan xor xt`)
}

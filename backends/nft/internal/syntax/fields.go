package syntax

// headerField says whether a header that nft names has a field of that name.
func headerField(header, field string) bool {
	switch header {
	case "ip":
		switch field {
		case "version", "hdrlength", "dscp", "ecn", "length", "id", "frag-off", "ttl", "protocol", "checksum", "saddr", "daddr":
			return true
		}
	case "ip6":
		switch field {
		case "version", "dscp", "ecn", "flowlabel", "length", "nexthdr", "hoplimit", "saddr", "daddr":
			return true
		}
	case "tcp":
		switch field {
		case "sport", "dport", "sequence", "ackseq", "doff", "reserved", "flags", "window", "checksum", "urgptr":
			return true
		}
	case "udp":
		switch field {
		case "sport", "dport", "length", "checksum":
			return true
		}
	case "th":
		return field == "sport" || field == "dport"
	case "udplite":
		switch field {
		case "sport", "dport", "csumcov", "checksum":
			return true
		}
	case "sctp":
		switch field {
		case "sport", "dport", "vtag", "checksum":
			return true
		}
	case "dccp":
		switch field {
		case "sport", "dport", "type":
			return true
		}
	case "ether":
		switch field {
		case "saddr", "daddr", "type":
			return true
		}
	case "vlan":
		switch field {
		case "id", "cfi", "dei", "pcp", "type":
			return true
		}
	case "arp":
		switch field {
		case "htype", "ptype", "hlen", "plen", "operation", "saddr", "daddr":
			return true
		}
	case "icmp":
		switch field {
		case "type", "code", "checksum", "id", "sequence", "gateway", "mtu":
			return true
		}
	case "icmpv6":
		switch field {
		case "type", "code", "checksum", "param-problem", "id", "sequence", "max-delay", "taddr", "daddr", "mtu":
			return true
		}
	case "igmp":
		switch field {
		case "type", "mrt", "checksum", "group":
			return true
		}
	case "ah":
		switch field {
		case "nexthdr", "hdrlength", "reserved", "spi", "sequence":
			return true
		}
	case "esp":
		return field == "spi" || field == "sequence"
	case "comp":
		switch field {
		case "nexthdr", "flags", "cpi":
			return true
		}
	}
	return otherField(header, field)
}

// otherField is headerField of tunnels and of IPv6's extension headers.
func otherField(header, field string) bool {
	switch header {
	case "vxlan":
		return field == "vni" || field == "flags"
	case "geneve":
		return field == "vni" || field == "type"
	case "gre":
		switch field {
		case "flags", "version", "protocol", "hdrversion":
			return true
		}
	case "hbh", "dst":
		return field == "nexthdr" || field == "hdrlength"
	case "rt":
		switch field {
		case "nexthdr", "hdrlength", "type", "seg-left":
			return true
		}
	case "rt0", "rt2":
		return field == "addr"
	case "srh":
		switch field {
		case "last-entry", "flags", "tag", "sid", "seg-left":
			return true
		}
	case "frag":
		switch field {
		case "nexthdr", "reserved", "frag-off", "reserved2", "more-fragments", "id":
			return true
		}
	case "mh":
		switch field {
		case "nexthdr", "hdrlength", "type", "reserved", "checksum":
			return true
		}
	}
	return false
}

// metaKey says whether meta has that key; bare, whether it needs no meta before
// it.
func metaKey(key string) (ok, bare bool) {
	switch key {
	case "mark", "iif", "iifname", "iiftype", "oif", "oifname", "oiftype", "skuid", "skgid", "nftrace", "rtclassid",
		"ibriport", "obriport", "ibridgename", "obridgename", "ibrname", "obrname", "pkttype", "cpu", "iifgroup", "oifgroup",
		"cgroup", "time", "day", "hour":
		return true, true
	case "length", "protocol", "priority", "random", "secmark", "nfproto", "l4proto", "secpath", "ipsec", "ibrpvid",
		"ibrvproto", "ibrhwaddr", "iifkind", "oifkind", "sdif", "sdifname", "bri_iifname", "bri_oifname",
		"bri_iifpvid", "bri_iifvproto", "broute":
		return true, false
	}
	return false, false
}

// ctKey says whether ct has that key.
func ctKey(key string) bool {
	switch key {
	case "state", "direction", "status", "mark", "expiration", "helper", "label", "l3proto", "saddr", "daddr", "protocol",
		"proto-src", "proto-dst", "bytes", "packets", "avgpkt", "zone", "event", "secmark", "id", "timeout", "expectation", "count":
		return true
	}
	return false
}

// tcpOption says whether a TCP option has that name.
func tcpOption(name string) bool {
	switch name {
	case "eol", "nop", "noop", "maxseg", "mss", "window", "sack-perm", "sack-permitted", "sack", "sack0", "sack1", "sack2",
		"sack3", "timestamp", "echo", "fastopen", "md5sig", "mptcp":
		return true
	}
	return false
}

func tcpOptionField(name string) bool {
	switch name {
	case "kind", "length", "size", "count", "left", "right", "tsval", "tsecr", "subtype":
		return true
	}
	return false
}

func sctpChunk(name string) bool {
	switch name {
	case "data", "init", "init-ack", "sack", "heartbeat", "heartbeat-ack", "abort", "shutdown", "shutdown-ack", "error",
		"cookie-echo", "cookie-ack", "ecne", "cwr", "shutdown-complete", "asconf-ack", "forward-tsn", "asconf":
		return true
	}
	return false
}

func sctpChunkField(name string) bool {
	switch name {
	case "type", "flags", "length", "tsn", "stream", "ssn", "ppid", "init-tag", "a-rwnd", "num-outbound-streams",
		"num-inbound-streams", "initial-tsn", "cum-tsn-ack", "num-gap-ack-blocks", "num-dup-tsns", "lowest-tsn", "seqno", "new-cum-tsn":
		return true
	}
	return false
}

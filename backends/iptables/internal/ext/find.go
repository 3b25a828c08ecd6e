package ext

import (
	"sort"

	"github.com/loward/loward/compiler/ruleset"
)

// matches and targets are sorted by name, and by family where a name stands twice.
var matches = [...]*Extension{
	&matchAddrtype, &matchAH, &matchAH6, &matchBPF, &matchCgroup, &matchCluster, &matchComment,
	&matchConnbytes, &matchConnlabel, &matchConnlimit, &matchConnmark, &matchConntrack, &matchCPU,
	&matchDCCP, &matchDevgroup, &matchDSCP, &matchDst, &matchECN, &matchESP, &matchEUI64, &matchFrag,
	&matchHashlimit, &matchHBH, &matchHelper, &matchHL, &matchICMP, &matchICMPv6, &matchIPComp,
	&matchIPRange, &matchIPv6Header, &matchIPVS, &matchLength, &matchLimit, &matchMAC, &matchMark,
	&matchMH, &matchMultiport, &matchNFAcct, &matchOSF, &matchOwner, &matchPhysdev, &matchPkttype,
	&matchPolicy, &matchQuota, &matchRateest, &matchRealm, &matchRecent, &matchRPFilter, &matchRT,
	&matchSCTP, &matchSet, &matchSocket, &matchSRH, &matchState, &matchStatistic, &matchString, &matchTCP,
	&matchTCPMSS, &matchTime, &matchTOS, &matchTTL, &matchU32, &matchUDP,
}

var targets = [...]*Extension{
	&targetAUDIT, &targetCHECKSUM, &targetCLASSIFY, &targetCLUSTERIP, &targetCONNMARK, &targetCONNSECMARK,
	&targetCT, &targetDNAT, &targetDNPT, &targetDSCP, &targetECN, &targetHL, &targetHMARK,
	&targetIDLETIMER, &targetLED, &targetLOG, &targetMARK, &targetMasquerade, &targetNetmap, &targetNFLOG,
	&targetNFQUEUE, &targetNOTRACK, &targetRATEEST, &targetRedirect, &targetREJECT, &targetSECMARK,
	&targetSET, &targetSNAT, &targetSNPT, &targetSYNPROXY, &targetTCPMSS, &targetTCPOPTSTRIP, &targetTEE,
	&targetTOS, &targetTPROXY, &targetTRACE, &targetTTL, &targetULOG,
}

// All extensions, for whoever looks for a near name.
func All(target bool) []*Extension {
	if target {
		return targets[:]
	}
	return matches[:]
}

// Find an extension of a family (IP or IP6) by the name that -m or -j has. A
// protocol's name stands for its match ("ipv6-icmp" for icmp6). It is nil where
// the tool knows none.
func Find(name string, target bool, family ruleset.Family) *Extension {
	all := All(target)
	if !target {
		switch name {
		case "ipv6-icmp", "icmpv6":
			name = "icmp6"
		case "ipv6-mh", "mobility-header":
			name = "mh"
		}
	}
	for i := sort.Search(len(all), func(i int) bool { return all[i].Name >= name }); i < len(all) && all[i].Name == name; i++ {
		if f := all[i].Family; f == ruleset.Inet || f == family {
			return all[i]
		}
	}
	return nil
}

// OfProtocol is the name of the match that -p loads where one of its options
// stands, or "".
func OfProtocol(proto uint8, family ruleset.Family) string {
	switch proto {
	case protoTCP:
		return "tcp"
	case protoUDP:
		return "udp"
	case protoDCCP:
		return "dccp"
	case protoSCTP:
		return "sctp"
	case protoESP:
		return "esp"
	case protoAH:
		return "ah"
	case protoIPComp:
		return "ipcomp"
	case protoICMP:
		if family == ruleset.IP {
			return "icmp"
		}
	case protoICMPv6:
		if family == ruleset.IP6 {
			return "icmp6"
		}
	case protoMH:
		if family == ruleset.IP6 {
			return "mh"
		}
	}
	return ""
}

package nft

import (
	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// appendTerm writes a value, a prefix or a range.
func appendTerm(b []byte, f ruleset.Field, s *syntax, t *ruleset.Term) []byte {
	if t.Text != "" {
		return append(append(append(b, '"'), t.Text...), '"')
	}
	if t.Lo == t.Hi {
		return appendValue(b, s, t.Lo)
	}
	if s.values == address4 || s.values == address6 {
		if n, ok := t.PrefixLen(width(f)); ok {
			return emit.Int(append(appendValue(b, s, t.Lo), '/'), n)
		}
	}
	if s.values == protocol { // tcp-udp would be one name to nft
		return emit.Uint(append(emit.Uint(b, t.Lo.Lo), '-'), t.Hi.Lo)
	}
	return appendValue(append(appendValue(b, s, t.Lo), '-'), s, t.Hi)
}

// appendValue writes one value.
func appendValue(b []byte, s *syntax, v ruleset.U128) []byte {
	switch s.values {
	case address4:
		return emit.Addr4(b, v.Lo)
	case address6:
		return v.Addr6Of().AppendTo(b)
	case linkAddress:
		return emit.MAC(b, v.Lo)
	case protocol:
		if n := protocolName(v.Lo); n != "" {
			return append(b, n...)
		}
		return emit.Uint(b, v.Lo)
	case seconds:
		return emit.Uint(b, v.Lo/1e9)
	case milliseconds:
		return append(emit.Uint(b, v.Lo), "ms"...)
	}
	for _, n := range s.names {
		if n.value == v.Lo {
			return append(b, n.text...)
		}
	}
	if s.values == hexadecimal {
		return emit.Hex(b, v.Lo)
	}
	return emit.Uint(b, v.Lo)
}

// protocolName of those that nft knows itself. It asks /etc/protocols for all
// others, which a small machine does not have.
func protocolName(n uint64) string {
	switch n {
	case 1:
		return "icmp"
	case 2:
		return "igmp"
	case 6:
		return "tcp"
	case 17:
		return "udp"
	case 33:
		return "dccp"
	case 50:
		return "esp"
	case 51:
		return "ah"
	case 58:
		return "icmpv6"
	case 132:
		return "sctp"
	case 136:
		return "udplite"
	}
	return ""
}

// bitsOf splits a set of bits into names, the smallest first; ok is false where
// some bit has none.
func bitsOf(s *syntax, v uint64) (names []string, ok bool) {
	for _, n := range s.names {
		if v&n.value != 0 {
			names = append(names, n.text)
			v &^= n.value
		}
	}
	return names, v == 0 && len(names) > 0
}

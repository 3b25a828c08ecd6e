package emit

import (
	"strconv"

	"github.com/loward/loward/compiler/ruleset"
)

// Uint appends a number.
func Uint(b []byte, n uint64) []byte { return strconv.AppendUint(b, n, 10) }

// Int appends a number.
func Int(b []byte, n int) []byte { return strconv.AppendInt(b, int64(n), 10) }

// Hex appends 0x and a number.
func Hex(b []byte, n uint64) []byte { return strconv.AppendUint(append(b, "0x"...), n, 16) }

// Addr4 appends an IPv4 address.
func Addr4(b []byte, v uint64) []byte {
	b = strconv.AppendUint(b, v>>24&255, 10)
	b = strconv.AppendUint(append(b, '.'), v>>16&255, 10)
	b = strconv.AppendUint(append(b, '.'), v>>8&255, 10)
	return strconv.AppendUint(append(b, '.'), v&255, 10)
}

// Addr appends an address of the family.
func Addr(b []byte, v ruleset.U128, v6 bool) []byte {
	if v6 {
		return v.Addr6Of().AppendTo(b)
	}
	return Addr4(b, v.Lo)
}

// MAC appends a link-layer address.
func MAC(b []byte, v uint64) []byte {
	const digits = "0123456789abcdef"
	for shift := 40; shift >= 0; shift -= 8 {
		b = append(b, digits[v>>(shift+4)&15], digits[v>>shift&15])
		if shift > 0 {
			b = append(b, ':')
		}
	}
	return b
}

// PortProtocols are the protocols whose packets have ports: tcp, udp, dccp,
// sctp, udplite, by number.
func PortProtocols() []uint64 { return []uint64{6, 17, 33, 132, 136} }

// HasPorts says whether packets of the protocol have ports.
func HasPorts(proto uint64) bool {
	return proto == 6 || proto == 17 || proto == 33 || proto == 132 || proto == 136
}

package lab

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
)

// Checksum is the Internet checksum (RFC 1071) over some pieces, each but the last of
// even length.
func Checksum(pieces ...[]byte) uint16 {
	var n uint32
	for _, b := range pieces {
		for i := 0; i+1 < len(b); i += 2 {
			n += uint32(binary.BigEndian.Uint16(b[i:]))
		}
		if len(b)%2 == 1 {
			n += uint32(b[len(b)-1]) << 8
		}
	}
	for n > 0xffff {
		n = n>>16 + n&0xffff
	}
	return ^uint16(n)
}

// PseudoHeader is the header that transport checksums cover (RFC 768, RFC 8200
// section 8.1).
func PseudoHeader(from, to netip.Addr, proto uint8, length int) []byte {
	b := append(from.AsSlice(), to.AsSlice()...)
	if from.Is4() {
		return append(b, 0, proto, byte(length>>8), byte(length))
	}
	b = binary.BigEndian.AppendUint32(b, uint32(length))
	return append(b, 0, 0, 0, proto)
}

// ipPacket puts an IP header before a payload. RFC 791, RFC 8200. Hop limit 64.
func ipPacket(from, to netip.Addr, proto uint8, payload []byte) []byte {
	if from.Is6() {
		b := []byte{0x60, 0, 0, 0, byte(len(payload) >> 8), byte(len(payload)), proto, 64}
		b = append(append(b, from.AsSlice()...), to.AsSlice()...)
		return append(b, payload...)
	}
	total := 20 + len(payload)
	b := []byte{0x45, 0, byte(total >> 8), byte(total), 0x12, 0x34, 0x40, 0, 64, proto, 0, 0}
	b = append(append(b, from.AsSlice()...), to.AsSlice()...)
	binary.BigEndian.PutUint16(b[10:], Checksum(b))
	return append(b, payload...)
}

// udpSegment with its checksum (RFC 768).
func udpSegment(from, to netip.Addr, source, dest uint16, data []byte) []byte {
	n := 8 + len(data)
	b := binary.BigEndian.AppendUint16(nil, source)
	b = binary.BigEndian.AppendUint16(b, dest)
	b = append(b, byte(n>>8), byte(n), 0, 0)
	b = append(b, data...)
	c := Checksum(PseudoHeader(from, to, 17, n), b)
	if c == 0 {
		c = 0xffff
	}
	binary.BigEndian.PutUint16(b[6:], c)
	return b
}

// TCP flags.
const (
	tcpSyn = 0x02
	tcpAck = 0x10
)

// tcpSegment without data, with its checksum (RFC 9293).
func tcpSegment(from, to netip.Addr, source, dest uint16, seq, ack uint32, flags byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, source)
	b = binary.BigEndian.AppendUint16(b, dest)
	b = binary.BigEndian.AppendUint32(b, seq)
	b = binary.BigEndian.AppendUint32(b, ack)
	b = append(b, 5<<4, flags, 0xff, 0xff, 0, 0, 0, 0)
	binary.BigEndian.PutUint16(b[16:], Checksum(PseudoHeader(from, to, 6, len(b)), b))
	return b
}

// icmpMessage of the family of from, with its checksum; rest are the four bytes
// behind it (RFC 792, RFC 4443).
func icmpMessage(from, to netip.Addr, kind, code uint8, rest uint32, data []byte) []byte {
	b := []byte{kind, code, 0, 0}
	b = binary.BigEndian.AppendUint32(b, rest)
	b = append(b, data...)
	c := Checksum(b)
	if from.Is6() {
		c = Checksum(PseudoHeader(from, to, 58, len(b)), b)
	}
	binary.BigEndian.PutUint16(b[2:], c)
	return b
}

// echoType is the type of an echo request of a's family.
func echoType(a netip.Addr) uint8 {
	if a.Is4() {
		return 8
	}
	return 128
}

// sctpInit is an SCTP packet with one chunk of type INIT (1) or INIT ACK (2),
// with its checksum (RFC 9260, CRC32c). tag is the verification tag of the
// packet (0 for INIT), own the tag that the chunk announces.
func sctpInit(source, dest uint16, chunk uint8, tag, own uint32) []byte {
	b := binary.BigEndian.AppendUint16(nil, source)
	b = binary.BigEndian.AppendUint16(b, dest)
	b = binary.BigEndian.AppendUint32(b, tag)
	b = append(b, 0, 0, 0, 0)
	body := binary.BigEndian.AppendUint32(nil, own)
	body = binary.BigEndian.AppendUint32(body, 65536) // receiver window
	body = append(body, 0, 1, 0, 1)                   // streams
	body = binary.BigEndian.AppendUint32(body, 1)     // first TSN
	if chunk == 2 {
		body = append(body, 0, 7, 0, 8, 'c', 'o', 'o', 'k') // state cookie, which INIT ACK must have
	}
	b = append(b, chunk, 0, 0, byte(4+len(body)))
	b = append(b, body...)
	binary.LittleEndian.PutUint32(b[8:], crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// rawPayload is a payload that the protocol's own parsers (conntrack's, ip6tables')
// take for well formed, and that carries the number of the probe. The kernel
// answers with an ICMP error only what has a good checksum, and takes every
// protocol that it doesn't know better (OSPF and VRRP among them) to have the
// Internet checksum over all of its payload, in IPv6 with the pseudo header.
// from is needed for that alone: without it the checksum of IPv6 stays open.
func rawPayload(from, to netip.Addr, proto uint8, n uint64) []byte {
	data := carry(n)
	switch proto {
	case 47: // GRE version 0 for IPv4, no options (RFC 2784)
		return append([]byte{0, 0, 0x08, 0x00}, data...)
	case 50: // ESP: SPI and sequence number (RFC 4303)
		return append([]byte{0, 0, 1, 0, 0, 0, 0, 1}, data...)
	case 51:
		// AH with 12 bytes of authentication data (RFC 4302), and a UDP datagram
		// behind it: of one with nothing behind it conntrack makes nothing
		// ("invalid").
		ah := []byte{17, 4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
		datagram := []byte{0x13, 0x88, 0x13, 0x89, 0, byte(8 + len(data)), 0, 0} // without a checksum
		return append(append(ah, datagram...), data...)
	case 2: // IGMPv2 query (RFC 2236)
		data = append([]byte{0x11, 0, 0, 0, 0, 0, 0, 0}, data...)
	default:
		data = append([]byte{2, 1, 0, 0}, data...)
	}
	if to.Is4() {
		binary.BigEndian.PutUint16(data[rawChecksum:], Checksum(data))
	} else if from.IsValid() {
		binary.BigEndian.PutUint16(data[rawChecksum:], Checksum(PseudoHeader(from, to, proto, len(data)), data))
	}
	return data
}

// rawChecksum is where rawPayload has the checksum, in the protocols that
// rawSummed names.
const rawChecksum = 2

func rawSummed(proto uint8) bool { return proto != 47 && proto != 50 && proto != 51 }

package referee

import (
	"encoding/binary"
	"net/netip"

	"github.com/loward/loward/backends/lab"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/path"
)

// sent is a packet as it is sent.
type sent struct {
	path.Start
	// id tells it from others; of IPv4 no more than 16 bits, never 0.
	id uint32
	// seq and ack of TCP; echo is the identifier of ICMP's echo.
	seq, ack uint32
	echo     uint16
	// inner is what an ICMP error is about.
	inner []byte
	// broadcast: the link layer sends it to all.
	broadcast bool
}

// bytes of the packet, from the IP header on.
func (s *sent) bytes() []byte {
	from, to := s.From.Addr(), s.To.Addr()
	var body []byte
	switch s.Proto {
	case packet.TCP:
		body = s.tcp()
	case packet.UDP:
		body = s.udp()
	case packet.ICMP, packet.ICMPv6:
		body = s.icmp()
	case packet.GRE: // version 0, of IPv4, no options (RFC 2784)
		body = []byte{0, 0, 8, 0, 'p', 'a', 'c', 'k', 'e', 't', 0, 0}
	default:
		body = []byte{0, 0, 1, 0, 0, 0, 0, byte(s.id | 1), 'p', 'a', 'c', 'k', 'e', 't', 0, 0}
	}
	ttl := s.TTL
	if ttl == 0 {
		ttl = 64
	}
	if to.Is6() {
		b := []byte{0x60, byte(s.id >> 16 & 0xf), byte(s.id >> 8), byte(s.id), byte(len(body) >> 8), byte(len(body)), s.Proto, ttl}
		return append(append(append(b, from.AsSlice()...), to.AsSlice()...), body...)
	}
	total := 20 + len(body)
	b := []byte{0x45, 0, byte(total >> 8), byte(total), byte(s.id >> 8), byte(s.id), 0, 0, ttl, s.Proto, 0, 0}
	b = append(append(b, from.AsSlice()...), to.AsSlice()...)
	binary.BigEndian.PutUint16(b[10:], lab.Checksum(b))
	return append(b, body...)
}

func (s *sent) tcp() []byte {
	b := binary.BigEndian.AppendUint16(nil, s.From.Port())
	b = binary.BigEndian.AppendUint16(b, s.To.Port())
	b = binary.BigEndian.AppendUint32(b, s.seq)
	b = binary.BigEndian.AppendUint32(b, s.ack)
	b = append(b, 5<<4, s.Flags, 0xff, 0xff, 0, 0, 0, 0)
	binary.BigEndian.PutUint16(b[16:], lab.Checksum(s.pseudo(len(b)), b))
	return b
}

func (s *sent) udp() []byte {
	b := binary.BigEndian.AppendUint16(nil, s.From.Port())
	b = binary.BigEndian.AppendUint16(b, s.To.Port())
	b = append(b, 0, 16, 0, 0, 'a', ' ', 'p', 'a', 'c', 'k', 'e', 't')
	binary.BigEndian.PutUint16(b[6:], lab.Checksum(s.pseudo(len(b)), b))
	return b
}

func (s *sent) icmp() []byte {
	b := []byte{s.Type, s.Code, 0, 0, byte(s.echo >> 8), byte(s.echo), 0, 1}
	if s.inner != nil {
		b[4], b[5], b[7] = 0, 0, 0
		b = append(b, s.inner...)
	} else {
		b = append(b, "a packet and more, as much as it takes"...)
	}
	n := lab.Checksum(b)
	if s.To.Addr().Is6() {
		n = lab.Checksum(s.pseudo(len(b)), b)
	}
	binary.BigEndian.PutUint16(b[2:], n)
	return b
}

// pseudo is the header that transport checksums cover.
func (s *sent) pseudo(length int) []byte {
	return lab.PseudoHeader(s.From.Addr(), s.To.Addr(), s.Proto, length)
}

// header is what a trace shows of a packet.
type header struct {
	id           uint32
	src, dst     netip.Addr
	proto        uint8
	sport, dport uint16
	ttl          uint8
}

// parse the headers of a packet; ok is false for what is none of the referee's.
func parse(network, transport []byte) (h header, ok bool) {
	switch {
	case len(network) >= 20 && network[0]>>4 == 4:
		h.id, h.ttl, h.proto = uint32(binary.BigEndian.Uint16(network[4:])), network[8], network[9]
		h.src, h.dst = netip.AddrFrom4([4]byte(network[12:16])), netip.AddrFrom4([4]byte(network[16:20]))
		if len(network) > 20 && transport == nil {
			transport = network[int(network[0]&15)*4:]
		}
	case len(network) >= 40 && network[0]>>4 == 6:
		h.id, h.proto, h.ttl = binary.BigEndian.Uint32(network)&0xfffff, network[6], network[7]
		h.src, h.dst = netip.AddrFrom16([16]byte(network[8:24])), netip.AddrFrom16([16]byte(network[24:40]))
		if transport == nil {
			transport = network[40:]
		}
	default:
		return h, false
	}
	if packet.Ported(h.proto) && len(transport) >= 4 {
		h.sport, h.dport = binary.BigEndian.Uint16(transport), binary.BigEndian.Uint16(transport[2:])
	}
	return h, h.id != 0
}

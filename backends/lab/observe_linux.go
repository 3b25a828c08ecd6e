package lab

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// observer is a raw socket: it sees what the rules let through to this host,
// whatever the transport makes of it.
func (n *node) observer(proto uint8, six bool, groups []netip.Addr) error {
	s, err := open(six, unix.SOCK_RAW, int(proto))
	if err != nil {
		return err
	}
	n.lab.closers = append(n.lab.closers, s)
	// A burst of segments must not push out what a probe waits for.
	_ = s.set(unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<20)
	if err := s.packetInfo(); err != nil {
		return err
	}
	if err := s.join(groups); err != nil {
		return err
	}
	n.lab.wait.Go(func() {
		buf, oob := make([]byte, 65536), make([]byte, 256)
		for {
			m, err := s.receive(buf, oob)
			if n.lab.ending.Err() != nil {
				return
			}
			if err == nil {
				n.observe(s, proto, m)
			}
		}
	})
	return nil
}

func (n *node) observe(s *socket, proto uint8, m message) {
	data := m.data
	if !s.six { // a raw IPv4 socket gets the header too
		if len(data) < 20 || len(data) < int(data[0]&15)*4 {
			return
		}
		data = data[int(data[0]&15)*4:]
	}
	at := sighting{node: n.spec.Name, from: m.from.Addr(), proto: proto}
	switch proto {
	case 6:
		if len(data) < 20 || data[13]&tcpSyn == 0 {
			return
		}
		at.seq = binary.BigEndian.Uint32(data[4:])
		f := flow{client: binary.BigEndian.Uint16(data)}
		if data[13]&tcpAck != 0 {
			f = flow{client: binary.BigEndian.Uint16(data[2:]), ack: true}
		}
		n.lab.seen.flow(f, at)
		return
	case 132:
		n.observeSCTP(s, data, m, at)
		return
	case 1, 58:
		if len(data) < 8 {
			return
		}
		at.kind = data[0]
	}
	if i := bytes.Index(data, []byte(marker)); i >= 0 && len(data) >= i+12 {
		n.lab.seen.number(binary.BigEndian.Uint64(data[i+4:]), at)
	}
}

// observeSCTP answers INIT with INIT ACK: the kernel may have no SCTP, and to
// netfilter a raw packet is a packet.
func (n *node) observeSCTP(s *socket, data []byte, m message, at sighting) {
	if len(data) < 20 {
		return
	}
	source, dest := binary.BigEndian.Uint16(data), binary.BigEndian.Uint16(data[2:])
	tag := binary.BigEndian.Uint32(data[4:])
	switch data[12] {
	case 1:
		own := binary.BigEndian.Uint32(data[16:])
		n.lab.seen.number(uint64(own), at)
		if to, dev := destination(m.oob, s.six); to.IsValid() && !n.lab.group(to) {
			if !NeedsDev(to) {
				dev = 0
			}
			_ = s.send(sctpInit(dest, source, 2, own, own+1), sourceControl(to, dev), s.sockaddr(m.from.Addr(), 0, dev))
		}
	case 2:
		at.kind = 2
		n.lab.seen.number(uint64(tag), at)
	}
}

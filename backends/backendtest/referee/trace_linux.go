package referee

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Attributes of trace messages (enum nft_trace_attributes), and what else of
// linux/netfilter/nf_tables.h is not in package unix.
const (
	msgGetRule = 7
	msgNewRule = 6
	msgTrace   = 17
	groupTrace = 9

	logPacket = 0 // NFULNL_MSG_PACKET
	logConfig = 1 // NFULNL_MSG_CONFIG

	attrTable     = 1
	attrChain     = 2
	attrHandle    = 3
	attrType      = 4
	attrVerdict   = 5
	attrID        = 6
	attrNetwork   = 8
	attrTransport = 9
	attrOIF       = 12
	attrMark      = 14
	attrPolicy    = 16
)

// netlink is a socket of netfilter's netlink.
type netlink struct {
	fd  int
	buf []byte
	// last are the headers that a trace's id stood for last.
	last map[uint32]header
}

// room for what the kernel says while nobody reads.
const room = 64 << 20

func openNetlink(groups ...int) (*netlink, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, err
	}
	n := &netlink{fd, make([]byte, 1<<18), map[uint32]header{}}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, err
	}
	for _, g := range groups {
		if err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, g); err != nil {
			return nil, err
		}
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, room) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, room)
	}
	return n, nil
}

func (n *netlink) close() { unix.Close(n.fd) }

// each calls f with every message that is there, and returns when there is none left;
// in a dump, at its end.
func (n *netlink) each(dump bool, f func(kind uint16, family uint8, attrs []byte)) error {
	flags := unix.MSG_DONTWAIT
	if dump {
		flags = 0
	}
	for {
		size, _, err := unix.Recvfrom(n.fd, n.buf, flags)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("netlink: %w", err)
		}
		for b := n.buf[:size]; len(b) >= unix.SizeofNlMsghdr; {
			length := int(binary.NativeEndian.Uint32(b))
			kind := binary.NativeEndian.Uint16(b[4:])
			switch {
			case length < unix.SizeofNlMsghdr || length > len(b):
				return errors.New("netlink: a message that is none")
			case kind == unix.NLMSG_DONE:
				if dump {
					return nil
				}
			case kind == unix.NLMSG_ERROR:
				if code := int32(binary.NativeEndian.Uint32(b[unix.SizeofNlMsghdr:])); code != 0 {
					return fmt.Errorf("netlink: %w", unix.Errno(-code))
				}
				if dump {
					return nil // an acknowledgement
				}
			case length >= unix.SizeofNlMsghdr+4:
				f(kind, b[unix.SizeofNlMsghdr], b[unix.SizeofNlMsghdr+4:length])
			}
			b = b[min(len(b), (length+3)&^3):]
		}
	}
}

// attributes calls f with each attribute.
func attributes(b []byte, f func(kind uint16, data []byte)) {
	for len(b) >= 4 {
		length := int(binary.NativeEndian.Uint16(b))
		if length < 4 || length > len(b) {
			return
		}
		f(binary.NativeEndian.Uint16(b[2:])&0x3fff, b[4:length])
		b = b[min(len(b), (length+3)&^3):]
	}
}

func text(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// trace reads what the kernel has told of nft's rules since it was last asked. Messages
// of one packet in one base chain share an id, of which the first has the headers.
func (n *netlink) trace(yield func(event)) error {
	return n.each(false, func(kind uint16, family uint8, attrs []byte) {
		if kind != unix.NFNL_SUBSYS_NFTABLES<<8|msgTrace {
			return
		}
		e := event{family: family}
		var id uint32
		var network, transport []byte
		attributes(attrs, func(kind uint16, data []byte) {
			switch kind {
			case attrTable:
				e.table = text(data)
			case attrChain:
				e.chain = text(data)
			case attrHandle:
				e.handle = binary.BigEndian.Uint64(data)
			case attrType:
				e.kind = int(binary.BigEndian.Uint32(data))
			case attrVerdict:
				e.verdict = verdict(data)
			case attrPolicy:
				e.verdict = word(binary.BigEndian.Uint32(data))
			case attrID:
				id = binary.BigEndian.Uint32(data)
			case attrNetwork:
				network = data
			case attrTransport:
				transport = data
			case attrOIF:
				e.oif = int(binary.BigEndian.Uint32(data))
			case attrMark:
				e.mark = binary.BigEndian.Uint32(data)
			}
		})
		if network != nil {
			if transport == nil {
				transport = []byte{}
			}
			e.header, e.ok = parse(network, transport)
			if !e.ok {
				e.header = header{} // not the referee's
			}
			n.last[id] = e.header
		} else {
			e.header = n.last[id]
		}
		if e.header.id != 0 {
			yield(e)
		}
	})
}

// verdict in words, as rules have it.
func verdict(data []byte) string {
	code, chain := uint32(0), ""
	attributes(data, func(kind uint16, data []byte) {
		switch kind {
		case 1:
			code = binary.BigEndian.Uint32(data)
		case 2:
			chain = text(data)
		}
	})
	if w := word(code); chain != "" {
		return w + " " + chain
	}
	return word(code)
}

// word of a verdict (enum nft_verdicts, linux/netfilter.h).
func word(code uint32) string {
	switch int32(code) {
	case -1:
		return "continue"
	case -2:
		return "break"
	case -3:
		return "jump"
	case -4:
		return "goto"
	case -5:
		return "return"
	}
	switch code & 0xff {
	case 0:
		return "drop"
	case 1:
		return "accept"
	case 2:
		return "stolen"
	case 3:
		return "queue"
	}
	return fmt.Sprintf("verdict %d", int32(code))
}

// handles of all rules, in the order of their chains.
func (n *netlink) handles() (map[place][]uint64, error) {
	b := binary.NativeEndian.AppendUint32(nil, unix.SizeofNlMsghdr+4)
	b = binary.NativeEndian.AppendUint16(b, unix.NFNL_SUBSYS_NFTABLES<<8|msgGetRule)
	b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	b = append(b, 1, 0, 0, 0, 0, 0, 0, 0) // sequence, port
	b = append(b, unix.AF_UNSPEC, 0, 0, 0)
	if err := unix.Sendto(n.fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, err
	}
	all := map[place][]uint64{}
	err := n.each(true, func(kind uint16, family uint8, attrs []byte) {
		if kind != unix.NFNL_SUBSYS_NFTABLES<<8|msgNewRule {
			return
		}
		p, handle := place{family: family}, uint64(0)
		attributes(attrs, func(kind uint16, data []byte) {
			switch kind {
			case attrTable:
				p.table = text(data)
			case attrChain:
				p.chain = text(data)
			case attrHandle:
				handle = binary.BigEndian.Uint64(data)
			}
		})
		all[p] = append(all[p], handle)
	})
	return all, err
}

// openLog listens to what x_tables traces (ip_tables.c, trace_packet): packets logged to
// group 0, each at once.
func openLog() (*netlink, error) {
	n, err := openNetlink()
	if err != nil {
		return nil, err
	}
	attr := func(kind uint16, data ...byte) []byte {
		b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(data)))
		b = append(binary.NativeEndian.AppendUint16(b, kind), data...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
		return b
	}
	const bind, mode, threshold = 1, 2, 5 // NFULA_CFG_CMD, _MODE, _QTHRESH
	for _, a := range [][]byte{attr(bind, 1), attr(mode, 0, 0, 0, 100, 2, 0), attr(threshold, 0, 0, 0, 1)} {
		b := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+4+len(a)))
		b = binary.NativeEndian.AppendUint16(b, unix.NFNL_SUBSYS_ULOG<<8|logConfig)
		b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_ACK)
		b = append(b, 1, 0, 0, 0, 0, 0, 0, 0)
		b = append(append(b, unix.AF_UNSPEC, 0, 0, 0), a...)
		if err := unix.Sendto(n.fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return nil, err
		}
		if err := n.each(true, func(uint16, uint8, []byte) {}); err != nil {
			return nil, fmt.Errorf("listening to the log: %w", err)
		}
	}
	return n, nil
}

// logged reads what x_tables has traced since it was last asked.
func (n *netlink) logged(yield func(event)) error {
	return n.each(false, func(kind uint16, family uint8, attrs []byte) {
		if kind != unix.NFNL_SUBSYS_ULOG<<8|logPacket {
			return
		}
		e := event{family: family, kind: traceRule, legacy: true}
		prefix := ""
		attributes(attrs, func(kind uint16, data []byte) {
			switch kind {
			case 1: // NFULA_PACKET_HDR
				e.hook = int(data[2])
			case 9: // NFULA_PAYLOAD
				e.header, e.ok = parse(data, nil)
			case 10: // NFULA_PREFIX
				prefix = text(data)
			}
		})
		words := strings.Split(strings.TrimSpace(strings.TrimPrefix(prefix, "TRACE: ")), ":")
		if !e.ok || len(words) != 4 || !strings.HasPrefix(prefix, "TRACE: ") {
			return
		}
		e.table, e.chain = words[0], words[1]
		if e.number, _ = strconv.Atoi(words[3]); e.number > 0 {
			yield(e)
		}
	})
}

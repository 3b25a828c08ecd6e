package lab

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// FlushConntrack makes every host forget its connections: one netlink message,
// ctnetlink's DELETE without attributes (linux/netfilter/nfnetlink_conntrack.h).
func (l *Lab) FlushConntrack() error {
	for _, spec := range l.Plan.Topology.Nodes {
		s := l.nodes[spec.Name].space
		if err := s.do(func() error { return FlushOwnConntrack() }); err != nil {
			return fmt.Errorf("%s: emptying conntrack: %w", spec.Name, err)
		}
	}
	return nil
}

// FlushOwnConntrack makes the network namespace of the calling thread forget its
// connections.
func FlushOwnConntrack() error {
	const (
		ctDelete = 2 // IPCTNL_MSG_CT_DELETE
		length   = unix.SizeofNlMsghdr + 4
	)
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
		return err
	}
	b := binary.NativeEndian.AppendUint32(nil, length)
	b = binary.NativeEndian.AppendUint16(b, unix.NFNL_SUBSYS_CTNETLINK<<8|ctDelete)
	b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	b = binary.NativeEndian.AppendUint32(b, 1) // sequence
	b = binary.NativeEndian.AppendUint32(b, 0) // port
	b = append(b, unix.AF_UNSPEC, 0, 0, 0)     // nfgenmsg
	if err := unix.Sendto(fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	buf := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, buf, 0)
	if err != nil {
		return err
	}
	if n < unix.SizeofNlMsghdr+4 || binary.NativeEndian.Uint16(buf[4:]) != unix.NLMSG_ERROR {
		return fmt.Errorf("%d bytes that are no acknowledgement", n)
	}
	if code := int32(binary.NativeEndian.Uint32(buf[unix.SizeofNlMsghdr:])); code != 0 {
		return unix.Errno(-code)
	}
	return nil
}

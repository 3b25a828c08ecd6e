package lab

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Ports that the lab uses itself: those of the self checks, which no policy
// should name, the passive ftp data port, and the first of the client ports.
const (
	SelfTCP   = 47111
	SelfUDP   = 47112
	ftpData   = 47113
	firstPort = 10000
	lastPort  = 32000
)

// listened are the (protocol, port) pairs on which every node listens.
func (l *Lab) listened() []Listen {
	set := map[Listen]bool{{Proto: "tcp", Port: 22}: true, {Proto: "tcp", Port: SelfTCP}: true, {Proto: "udp", Port: SelfUDP}: true, {Proto: "tcp", Port: ftpData}: true}
	for _, p := range l.Plan.All() {
		switch p.Kind {
		case TCP, FTP, FragNeeded:
			set[Listen{Proto: "tcp", Port: p.To.Port}] = true
		case UDP, TFTP:
			set[Listen{Proto: "udp", Port: p.To.Port}] = true
		}
	}
	for _, k := range l.Plan.Listens {
		set[Listen{Proto: k.Proto, Port: k.Port}] = true
	}
	out := make([]Listen, 0, len(set))
	for k := range set {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b Listen) int { return cmp.Or(cmp.Compare(a.Proto, b.Proto), cmp.Compare(a.Port, b.Port)) })
	return out
}

// listen starts the listeners and observers of all nodes.
func (l *Lab) listen() error {
	l.listens = l.listened()
	raw := map[uint8]bool{6: true}
	var groups []netip.Addr
	for _, p := range l.Plan.All() {
		switch p.Kind {
		case Raw:
			raw[p.Number] = true
		case SCTP:
			raw[132] = true
		}
		if p.To.Addr.IsMulticast() && !slices.Contains(groups, p.To.Addr) {
			groups = append(groups, p.To.Addr)
		}
	}
	protos := make([]uint8, 0, len(raw))
	for n := range raw {
		protos = append(protos, n)
	}
	slices.Sort(protos)
	for _, spec := range l.Plan.Topology.Nodes {
		n := l.nodes[spec.Name]
		err := n.space.do(func() error {
			for _, k := range l.listens {
				for _, six := range []bool{false, true} {
					if err := n.listener(k, six, groups); err != nil {
						return fmt.Errorf("%s: listening on %s %d: %w", spec.Name, k.Proto, k.Port, err)
					}
				}
			}
			for _, six := range []bool{false, true} {
				icmp := uint8(1)
				if six {
					icmp = 58
				}
				for _, proto := range append(slices.Clone(protos), icmp) {
					if err := n.observer(proto, six, groups); err != nil {
						return fmt.Errorf("%s: observing protocol %d: %w", spec.Name, proto, err)
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (n *node) listener(k Listen, six bool, groups []netip.Addr) error {
	if k.Proto == "udp" {
		s, err := open(six, unix.SOCK_DGRAM, 0)
		if err != nil {
			return err
		}
		n.lab.closers = append(n.lab.closers, s)
		if err := s.set(unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return err
		}
		if err := s.bind(netip.Addr{}, k.Port, 0); err != nil {
			return err
		}
		if err := s.packetInfo(); err != nil {
			return err
		}
		if err := s.join(groups); err != nil {
			return err
		}
		n.lab.wait.Go(func() { n.serveUDP(s) })
		return nil
	}
	s, err := open(six, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	defer s.Close() // the net.Listener has a descriptor of its own
	if err := s.set(unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return err
	}
	// A probe may have this port as its own.
	if err := s.set(unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return err
	}
	if err := s.bind(netip.Addr{}, k.Port, 0); err != nil {
		return err
	}
	if err := s.control(func(fd int) error { return unix.Listen(fd, 1024) }); err != nil {
		return err
	}
	ln, err := net.FileListener(s.file)
	if err != nil {
		return err
	}
	n.lab.closers = append(n.lab.closers, ln)
	n.lab.wait.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			n.lab.wait.Go(func() {
				// A client that was cut off by a rule says nothing any more.
				stop := context.AfterFunc(n.lab.ending, func() { c.Close() })
				defer stop()
				n.serveTCP(c.(*net.TCPConn))
			})
		}
	})
	return nil
}

// packetInfo asks for the destination of each packet.
func (s *socket) packetInfo() error {
	if s.six {
		return s.set(unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
	}
	return s.set(unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
}

// join groups of the socket's family on every device of the calling thread's
// namespace, lo aside.
func (s *socket) join(groups []netip.Addr) error {
	links, err := net.Interfaces()
	if err != nil {
		return err
	}
	for _, g := range groups {
		if g.Is6() != s.six {
			continue
		}
		for _, k := range links {
			if k.Flags&net.FlagLoopback != 0 {
				continue
			}
			err := s.control(func(fd int) error {
				if s.six {
					return unix.SetsockoptIPv6Mreq(fd, unix.IPPROTO_IPV6, unix.IPV6_JOIN_GROUP, &unix.IPv6Mreq{Multiaddr: g.As16(), Interface: uint32(k.Index)})
				}
				return unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP, &unix.IPMreqn{Multiaddr: g.As4(), Ifindex: int32(k.Index)})
			})
			if err != nil {
				return fmt.Errorf("joining %s on %s: %w", g, k.Name, err)
			}
		}
	}
	return nil
}

// serveTCP answers the lab's line protocol until the client is gone:
//
//	ECHO BYTES   "OK NODE PEER", then the next BYTES bytes come back
//	MTU          "MTU N", the path MTU that the kernel holds for the connection
//	FEAT, PASV, EPSV   as an ftp server (RFC 959, RFC 2428)
func (n *node) serveTCP(c *net.TCPConn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	r := bufio.NewReader(c)
	local := c.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap().WithZone("")
	for n.lab.ending.Err() == nil {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		command, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch command {
		case "ECHO":
			peer := c.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap().WithZone("")
			var count int64
			if _, err := fmt.Sscan(rest, &count); err != nil {
				return
			}
			fmt.Fprintf(c, "OK %s %s\n", n.spec.Name, peer)
			if _, err := io.CopyN(c, r, count); err != nil {
				return
			}
		case "MTU":
			mtu, err := connMTU(c, local.Is6())
			if err != nil {
				return
			}
			fmt.Fprintf(c, "MTU %d\n", mtu)
		case "FEAT":
			fmt.Fprintf(c, "220 lab\r\n")
		case "PASV":
			a := local.As4()
			fmt.Fprintf(c, "227 Entering Passive Mode (%d,%d,%d,%d,%d,%d)\r\n", a[0], a[1], a[2], a[3], ftpData>>8, ftpData&0xff)
		case "EPSV":
			fmt.Fprintf(c, "229 Entering Extended Passive Mode (|||%d|)\r\n", ftpData)
		default:
			return
		}
	}
}

func connMTU(c *net.TCPConn, six bool) (int, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	mtu := 0
	if cerr := raw.Control(func(fd uintptr) { mtu, err = pathMTU(int(fd), six) }); cerr != nil {
		return 0, cerr
	}
	return mtu, err
}

func pathMTU(fd int, six bool) (int, error) {
	if six {
		return unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MTU)
	}
	return unix.GetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU)
}

// serveUDP records each request and sends as much back, from the address that
// it was sent to. A read request of tftp is answered from another port.
func (n *node) serveUDP(s *socket) {
	buf, oob := make([]byte, 65536), make([]byte, 256)
	for {
		m, err := s.receive(buf, oob)
		if n.lab.ending.Err() != nil {
			return
		}
		if err != nil {
			continue // an ICMP error about an answer of ours
		}
		i := bytes.Index(m.data, []byte(marker))
		if i < 0 || len(m.data) < i+12 {
			continue
		}
		number := binary.BigEndian.Uint64(m.data[i+4:])
		n.lab.seen.number(number, sighting{node: n.spec.Name, from: m.from.Addr(), proto: 17})
		to, dev := destination(m.oob, s.six)
		if !to.IsValid() || n.lab.group(to) || m.from.Port() == 0 {
			continue
		}
		reply := make([]byte, max(len(m.data), 12))
		copy(reply, answer)
		binary.BigEndian.PutUint64(reply[4:], number)
		if !NeedsDev(to) {
			dev = 0
		}
		dest := s.sockaddr(m.from.Addr(), m.from.Port(), dev)
		if i > 0 { // tftp
			_ = n.space.do(func() error {
				other, err := open(s.six, unix.SOCK_DGRAM, 0)
				if err != nil {
					return err
				}
				defer other.Close()
				if err := other.bind(to, n.lab.nextPort(), dev); err != nil {
					return err
				}
				return other.send(reply, nil, dest)
			})
			continue
		}
		_ = s.send(reply, sourceControl(to, dev), dest)
	}
}

// destination of a packet, and the device on which it came, from its control
// messages.
func destination(oob []byte, six bool) (netip.Addr, int) {
	list, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return netip.Addr{}, 0
	}
	for _, m := range list {
		switch {
		case six && m.Header.Type == unix.IPV6_PKTINFO && len(m.Data) >= unix.SizeofInet6Pktinfo:
			info := (*unix.Inet6Pktinfo)(unsafe.Pointer(&m.Data[0]))
			return netip.AddrFrom16(info.Addr), int(info.Ifindex)
		case !six && m.Header.Type == unix.IP_PKTINFO && len(m.Data) >= unix.SizeofInet4Pktinfo:
			info := (*unix.Inet4Pktinfo)(unsafe.Pointer(&m.Data[0]))
			return netip.AddrFrom4(info.Addr), int(info.Ifindex)
		}
	}
	return netip.Addr{}, 0
}

// sourceControl is the control message that makes a packet leave with a source.
// For a wildcard socket the kernel would choose the address of the device.
func sourceControl(a netip.Addr, dev int) []byte {
	if a.Is6() {
		return unix.PktInfo6(&unix.Inet6Pktinfo{Addr: a.As16(), Ifindex: uint32(dev)})
	}
	return unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: a.As4(), Ifindex: int32(dev)})
}

// nextPort is a client port that no other probe of this lab has.
func (l *Lab) nextPort() uint16 {
	for {
		p := l.ports.Add(1)
		if p > lastPort {
			l.ports.Store(firstPort)
			continue
		}
		if !slices.ContainsFunc(l.listens, func(k Listen) bool { return uint32(k.Port) == p }) {
			return uint16(p)
		}
	}
}

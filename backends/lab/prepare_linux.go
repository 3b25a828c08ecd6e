package lab

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"
)

// prepare makes the socket, with the probe's owner, source, mark and device.
func (n *node) prepare(p *Probe) (*attempt, error) {
	a := &attempt{n: n, p: p, number: n.lab.serial.Add(1)}
	six := p.To.Addr.Is6()
	kind, proto := unix.SOCK_RAW, int(p.Number)
	switch p.Kind {
	case TCP, FTP, FragNeeded:
		kind, proto = unix.SOCK_STREAM, 0
	case UDP, TFTP:
		kind, proto = unix.SOCK_DGRAM, 0
	case SCTP:
		proto = 132
	case Ping:
		kind, proto = unix.SOCK_DGRAM, 1
		if six {
			proto = 58
		}
	}
	make := func() (err error) { a.sock, err = open(six, kind, proto); return err }
	var err error
	if p.User == "" && p.Group == "" {
		err = n.space.do(make)
	} else {
		var become func() error
		if become, err = credentials(p.User, p.Group, kind == unix.SOCK_RAW); err != nil {
			return nil, err
		}
		err = n.space.as(become, make)
	}
	if err != nil {
		return nil, err
	}
	if err := n.space.do(a.options); err != nil {
		a.sock.Close()
		return nil, err
	}
	return a, nil
}

// options are set on the namespace's own thread, which has the rights for it.
func (a *attempt) options() error {
	p, s := a.p, a.sock
	name := p.To.Dev
	if name == "" {
		name = p.From.Dev
	}
	var err error
	if a.device, err = device(name); err != nil {
		return err
	}
	level, recvErr := unix.IPPROTO_IP, unix.IP_RECVERR
	if s.six {
		level, recvErr = unix.IPPROTO_IPV6, unix.IPV6_RECVERR
	}
	// Every ICMP error is to be told, soft ones too.
	if err := s.set(level, recvErr, 1); err != nil && p.Kind != TCP {
		return err
	}
	if p.Mark != 0 {
		if err := s.set(unix.SOL_SOCKET, unix.SO_MARK, int(p.Mark)); err != nil {
			return err
		}
	}
	if a.n.lab.group(p.To.Addr) {
		if err := s.set(unix.SOL_SOCKET, unix.SO_BROADCAST, 1); err != nil {
			return err
		}
	}
	if p.To.Addr.Is4() && p.To.Dev != "" && !p.To.Addr.IsMulticast() {
		if err := s.control(func(fd int) error { return unix.BindToDevice(fd, p.To.Dev) }); err != nil {
			return err
		}
	}
	if p.To.Addr.IsMulticast() {
		if err := a.multicast(); err != nil {
			return err
		}
	}
	if p.Kind == Raw && s.six && rawSummed(p.Number) {
		// The kernel knows the source that it chooses.
		if err := s.set(unix.IPPROTO_RAW, unix.IPV6_CHECKSUM, rawChecksum); err != nil {
			return err
		}
	}
	if p.Frag && !s.six {
		if err := s.set(unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT); err != nil {
			return err
		}
	}
	source := p.From.Addr
	if source.IsValid() && source.IsUnspecified() {
		source = netip.Addr{}
	}
	if !p.Kind.HasPorts() || p.Kind == SCTP {
		a.port = p.From.Port
		if a.port == 0 && p.Kind == SCTP {
			a.port = a.n.lab.nextPort()
		}
		if source.IsValid() {
			return s.bind(source, 0, a.device)
		}
		return nil
	}
	if p.From.Port != 0 {
		a.port = p.From.Port
		a.n.lab.seen.forget(a.port)
		_ = s.set(unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		if p.Kind == TCP {
			_ = s.set(unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		}
		return s.bind(source, a.port, a.device)
	}
	for {
		a.port = a.n.lab.nextPort()
		err := s.bind(source, a.port, a.device)
		if !errors.Is(err, unix.EADDRINUSE) {
			return err
		}
	}
}

func (a *attempt) multicast() error {
	if a.sock.six {
		if err := a.sock.set(unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_IF, a.device); err != nil {
			return err
		}
		return a.sock.set(unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_LOOP, 1)
	}
	return a.sock.control(func(fd int) error {
		if err := unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, &unix.IPMreqn{Ifindex: int32(a.device)}); err != nil {
			return err
		}
		return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, 1)
	})
}

// oneWay says whether no answer is due: arrival is all that is asked for.
func (l *Lab) oneWay(p *Probe) bool {
	return p.Kind == ICMP || p.Kind == Raw || p.Spoof || p.Kind != TCP && l.group(p.To.Addr)
}

// group says whether a has several receivers: multicast, or a broadcast address
// of the lab.
func (l *Lab) group(a netip.Addr) bool {
	return IsGroup(a) || l.broadcasts[a]
}

// broadcastsOf the networks that the topology and the script name.
func (l *Lab) broadcastsOf() map[netip.Addr]bool {
	out := map[netip.Addr]bool{}
	add := func(p netip.Prefix) {
		if !p.Addr().Is4() || p.Bits() > 30 {
			return
		}
		b := p.Masked().Addr().As4()
		n := binary.BigEndian.Uint32(b[:]) | 1<<(32-p.Bits()) - 1
		binary.BigEndian.PutUint32(b[:], n)
		out[netip.AddrFrom4(b)] = true
	}
	for _, n := range l.Plan.Topology.Nodes {
		for _, d := range n.Devs {
			for _, p := range d.Addrs {
				add(p)
			}
		}
	}
	for _, a := range l.Plan.Addrs {
		add(a.Prefix)
	}
	return out
}

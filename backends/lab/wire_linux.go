package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// spoof puts a packet that was built by hand on the wire towards the main host.
func (n *node) spoof(p *Probe) outcome {
	a := &attempt{n: n, p: p, number: n.lab.serial.Add(1), port: p.From.Port}
	if a.port == 0 && p.Kind.HasPorts() {
		a.port = n.lab.nextPort()
	}
	a.n.lab.seen.forget(a.port)
	from, to := p.From.Addr, p.To.Addr
	var proto uint8
	var body []byte
	switch p.Kind {
	case TCP:
		proto, body = 6, tcpSegment(from, to, a.port, p.To.Port, uint32(a.number), 0, tcpSyn)
	case UDP:
		data := carry(a.number)
		proto, body = 17, udpSegment(from, to, a.port, p.To.Port, data)
	case Ping:
		proto, body = icmpNumber(to), icmpMessage(from, to, echoType(to), 0, uint32(a.number), carry(a.number))
	case ICMP:
		proto, body = p.Number, icmpMessage(from, to, p.Type, p.Code, uint32(a.number), carry(a.number))
	default:
		proto, body = p.Number, rawPayload(from, to, p.Number, a.number)
	}
	if err := n.inject(p.To.Dev, to, ipPacket(from, to, proto, body)); err != nil {
		return fault(err)
	}
	for end := time.Now().Add(p.patience()); ; time.Sleep(3 * time.Millisecond) {
		if at := a.arrived(); len(at) > 0 {
			return p.checked(at, "received at "+at[0].node)
		}
		if time.Now().After(end) {
			return outcome{got: Drop, late: func() bool { return len(a.arrived()) > 0 }}
		}
	}
}

func icmpNumber(a netip.Addr) uint8 {
	if a.Is4() {
		return 1
	}
	return 58
}

// inject sends an IP packet on a device of the node ("": its first) to the main
// host's hardware address on that wire, or that of the group.
func (n *node) inject(dev string, to netip.Addr, packet []byte) error {
	if dev == "" {
		dev = n.spec.Devs[0].Name
	}
	mac, err := n.lab.opposite(End{n.spec.Name, dev})
	if err != nil {
		return err
	}
	switch {
	case to.Is4() && to.IsMulticast():
		b := to.As4()
		mac = []byte{1, 0, 0x5e, b[1] & 0x7f, b[2], b[3]}
	case to.Is6() && to.IsMulticast():
		b := to.As16()
		mac = append([]byte{0x33, 0x33}, b[12:]...)
	case IsGroup(to):
		mac = []byte{255, 255, 255, 255, 255, 255}
	}
	ether := uint16(unix.ETH_P_IP)
	if to.Is6() {
		ether = unix.ETH_P_IPV6
	}
	wire := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, ether))
	return n.space.do(func() error {
		index, err := device(dev)
		if err != nil {
			return err
		}
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		ll := &unix.SockaddrLinklayer{Protocol: wire, Ifindex: index, Halen: 6}
		copy(ll.Addr[:], mac)
		return unix.Sendto(fd, packet, 0, ll)
	})
}

// opposite is the hardware address of the main host on the wire of an end.
func (l *Lab) opposite(end End) ([]byte, error) {
	main := l.Plan.Topology.Main()
	for _, w := range l.Plan.Topology.Wires {
		var here, there *End
		for i := range w {
			if w[i] == end {
				here = &w[i]
			}
			if w[i].Node == main {
				there = &w[i]
			}
		}
		if here == nil || there == nil || here == there {
			continue
		}
		var mac net.HardwareAddr
		err := l.nodes[main].space.do(func() error {
			d, err := net.InterfaceByName(there.Dev)
			if err == nil {
				mac = d.HardwareAddr
			}
			return err
		})
		return mac, err
	}
	return nil, fmt.Errorf("%s of %s is not on a wire with %s", end.Dev, end.Node, main)
}

// Path MTUs that frag-needed announces: well below the wire's 1500; IPv6 takes
// nothing below 1280 (RFC 8200 section 5).
const (
	smallMTU4 = 1000
	smallMTU6 = 1280
)

// fragNeeded makes a connection, sends an ICMP error about one of its packets to
// the end that sent it, and looks whether that end took notice.
func (n *node) fragNeeded(p *Probe) outcome {
	a, err := n.prepare(p)
	if err != nil {
		return fault(err)
	}
	defer a.sock.Close()
	if p.NoConn {
		return a.errorAboutNothing()
	}
	end := time.Now().Add(p.patience())
	if err := a.fire(); err != nil {
		return a.failed(err)
	}
	a.sock.deadline(end)
	if err := a.sock.writable(); err != nil {
		o := a.failed(err)
		return outcome{got: Other, detail: "the connection itself: " + o.got.String() + " " + o.detail}
	}
	a.sock.deadline(time.Now().Add(Generous))
	far, err := a.echo(0)
	if err != nil {
		return outcome{got: Half, detail: "connected, but " + err.Error()}
	}
	local, err := a.local()
	if err != nil {
		return fault(err)
	}
	toClient := n.spec.Name == n.lab.Plan.Topology.Main()
	seen := n.lab.seen.ofFlow(flow{client: a.port, ack: !toClient})
	for len(seen) == 0 && time.Now().Before(end) {
		time.Sleep(2 * time.Millisecond) // the observer may be a little behind
		seen = n.lab.seen.ofFlow(flow{client: a.port, ack: !toClient})
	}
	if len(seen) == 0 {
		return fault(errors.New("the handshake was not observed (the port was translated)"))
	}
	// The kernel takes an error only if it quotes what is on its way, or what comes
	// next (RFC 5927 section 4.1). So far the client has sent "ECHO 16\n" and 16
	// bytes, the server the line "OK …" and as many.
	sender, quoted := n, netip.AddrPortFrom(p.To.Addr, p.To.Port)
	about := netip.AddrPortFrom(local, a.port)
	sent := 16 + len(fmt.Sprintf("OK %s %s\n", far.node, far.from))
	if toClient {
		if sender, err = n.lab.node(far.node); err != nil {
			return fault(err)
		}
		quoted, about = netip.AddrPortFrom(far.from, a.port), quoted
		sent = 16 + len("ECHO 16\n")
	}
	seq := seen[0].seq + 1 + uint32(sent)
	if err := sender.tooBig(p, quoted, about, seq, nil); err != nil {
		return fault(err)
	}
	return a.tookNotice(toClient, time.Now().Add(max(p.patience(), Patience)))
}

// tookNotice waits until the sender of the quoted packet has the smaller MTU.
func (a *attempt) tookNotice(toClient bool, end time.Time) outcome {
	small := smallMTU4
	if a.sock.six {
		small = smallMTU6
	}
	a.sock.deadline(end.Add(Generous))
	for {
		mtu := 0
		var err error
		if toClient {
			err = a.sock.control(func(fd int) (err error) { mtu, err = pathMTU(fd, a.sock.six); return err })
		} else {
			mtu, err = a.askMTU()
		}
		if err != nil {
			return fault(err)
		}
		if mtu <= small {
			return outcome{got: Accept, detail: fmt.Sprintf("the path MTU became %d", mtu)}
		}
		if time.Now().After(end) {
			return outcome{got: Drop, detail: fmt.Sprintf("the path MTU stayed %d", mtu)}
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (a *attempt) askMTU() (int, error) {
	if _, err := fmt.Fprintf(a.sock.file, "MTU\n"); err != nil {
		return 0, err
	}
	mtu := 0
	_, err := fmt.Fscanf(a.sock.file, "MTU %d\n", &mtu)
	return mtu, err
}

func (a *attempt) local() (netip.Addr, error) {
	var local netip.Addr
	err := a.sock.control(func(fd int) error {
		sa, err := unix.Getsockname(fd)
		local = addrPort(sa).Addr()
		return err
	})
	return local, err
}

// errorAboutNothing sends the error without any connection; accept means that
// the destination's ICMP socket got it.
func (a *attempt) errorAboutNothing() outcome {
	p := a.p
	local := p.From.Addr
	if !local.IsValid() || local.IsUnspecified() {
		// What the kernel would choose: a connected datagram socket knows.
		probe := *p
		probe.Kind, probe.From = UDP, Target{}
		u, err := a.n.prepare(&probe)
		if err != nil {
			return fault(err)
		}
		defer u.sock.Close()
		if err := u.sock.connect(p.To.Addr, p.To.Port, u.device); err != nil {
			return fault(err)
		}
		if local, err = u.local(); err != nil {
			return fault(err)
		}
	}
	err := a.n.tooBig(p, netip.AddrPortFrom(p.To.Addr, p.To.Port), netip.AddrPortFrom(local, a.port), 1, carry(a.number))
	if err != nil {
		return fault(err)
	}
	kind := uint8(3)
	if a.sock.six {
		kind = 2
	}
	seen := func() []sighting { return a.n.lab.seen.ofNumber(a.number, icmpNumber(p.To.Addr), kind) }
	for end := time.Now().Add(p.patience()); ; time.Sleep(3 * time.Millisecond) {
		if at := seen(); len(at) > 0 {
			return p.checked(at, "received at "+at[0].node)
		}
		if time.Now().After(end) {
			return outcome{got: Drop, late: func() bool { return len(seen()) > 0 }}
		}
	}
}

// tooBig sends, to the source of the quoted packet, that its TCP segment towards
// about does not fit. extra is quoted behind the TCP header.
func (n *node) tooBig(p *Probe, quoted, about netip.AddrPort, seq uint32, extra []byte) error {
	by := p.By
	if !by.IsValid() {
		by = about.Addr()
	}
	segment := append(tcpSegment(quoted.Addr(), about.Addr(), quoted.Port(), about.Port(), seq, 1, tcpAck), extra...)
	inner := ipPacket(quoted.Addr(), about.Addr(), 6, segment)
	message := icmpMessage(by, quoted.Addr(), 3, 4, smallMTU4, inner)
	if by.Is6() {
		message = icmpMessage(by, quoted.Addr(), 2, 0, smallMTU6, inner)
	}
	packet := ipPacket(by, quoted.Addr(), icmpNumber(by), message)
	return n.space.do(func() error {
		s, err := open(by.Is6(), unix.SOCK_RAW, unix.IPPROTO_RAW)
		if err != nil {
			return err
		}
		defer s.Close()
		return s.send(packet, nil, s.sockaddr(quoted.Addr(), 0, 0))
	})
}

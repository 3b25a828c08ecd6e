package referee

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/loward/loward/backends/lab"
	"github.com/loward/loward/compiler/host"
)

// court is a world in the kernel: a host, and the far ends of its wires in a namespace
// of their own, which answers nothing.
type court struct {
	w          *World
	host, wire *lab.Space
	// trace is what the kernel tells; ask is for questions.
	trace, ask *netlink
	log        *netlink // of x_tables
	wires      map[string]*end
	raw        map[sender]int
	links      map[int]string
	members    []int // sockets
}

// end is the far end of a wire.
type end struct {
	fd  int
	mac []byte // the host's
}

// sender is a raw socket with an owner and a mark.
type sender struct {
	v6       bool
	uid, gid int
	mark     uint32
	dev      string // to which it is bound
}

// own is the referee's own table. It turns the trace on before everything else, and at
// the end of each hook it says how far the packet came; conntrack, which confirms there
// as well, is asked for later, and so comes first (nf_hook_entries_grow). What is
// delivered it swallows.
const own = `table inet referee {
	chain first-prerouting { type filter hook prerouting priority -2147483648; meta nftrace set 1; }
	chain first-output { type filter hook output priority -2147483648; meta nftrace set 1; }
	chain prerouting { type filter hook prerouting priority 2147483647; counter; }
	chain input { type filter hook input priority 2147483647; counter drop; }
	chain forward { type filter hook forward priority 2147483647; counter; }
	chain output { type filter hook output priority 2147483647; counter; }
	chain postrouting { type filter hook postrouting priority 2147483647; counter; }
}
`

const conntracks = `table inet tracking { chain c { type filter hook input priority 2147483646; ct state new counter; }; }
`

// convene makes a world in the kernel.
func convene(ctx context.Context, w *World) (c *court, err error) {
	c = &court{w: w, wires: map[string]*end{}, raw: map[sender]int{}, links: map[int]string{1: host.Loopback}}
	defer func() {
		if err != nil {
			c.close()
			c = nil
		}
	}()
	if c.host, err = lab.NewSpace("host"); err != nil {
		return c, err
	}
	if c.wire, err = lab.NewSpace("wire"); err != nil {
		return c, err
	}
	var b strings.Builder
	b.WriteString("link set lo up\n")
	for _, l := range w.Links {
		fmt.Fprintf(&b, "link add %s arp off type veth peer name %s arp off netns %s\nlink set %s up\n", l, l, c.wire.Path(), l)
	}
	six := ""
	for _, line := range w.IP {
		if rest, ok := strings.CutPrefix(line, "-6 "); ok {
			six += rest + "\n"
			continue
		}
		b.WriteString(line + "\n")
	}
	if err := c.wire.Sysctl("net.ipv6.conf.all.disable_ipv6", "1"); err != nil {
		return c, err
	}
	if _, err := c.host.Run(ctx, b.String(), "ip", "-batch", "-"); err != nil {
		return c, err
	}
	if six != "" {
		if _, err := c.host.Run(ctx, six, "ip", "-6", "-batch", "-"); err != nil {
			return c, err
		}
	}
	for _, name := range w.settings() {
		if err := c.host.Sysctl("net."+name, w.Host.Sysctls[name]); err != nil {
			return c, err
		}
	}
	for _, family := range []string{"2", "10"} {
		if err := c.host.Sysctl("net.netfilter.nf_log."+family, "nfnetlink_log"); err != nil {
			return c, err
		}
	}
	for _, text := range []string{own, conntracks} {
		if _, err := c.host.Run(ctx, text, "nft", "-f", "-"); err != nil {
			return c, err
		}
	}
	if err := c.host.Do(c.open); err != nil {
		return c, err
	}
	if err := c.wire.Do(c.plug); err != nil {
		return c, err
	}
	return c, c.settle()
}

// settle waits until the links work: the kernel notices in its own time that their far
// ends are up, and adds the routes to IPv6's groups then.
func (c *court) settle() error {
	for range 3000 {
		ready := true
		if err := c.host.Do(func() error {
			b, err := os.ReadFile("/proc/thread-self/net/ipv6_route")
			for _, l := range c.w.Links {
				ready = ready && regexp.MustCompile(`(?m)^ff0{30} 08 .* `+l+`$`).Match(b)
			}
			return err
		}); err != nil {
			return err
		}
		if ready {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return errors.New("the links do not come up")
}

// open what is needed on the host's side.
func (c *court) open() (err error) {
	pin()
	if c.trace, err = openNetlink(groupTrace); err != nil {
		return err
	}
	if c.ask, err = openNetlink(); err != nil {
		return err
	}
	if c.log, err = openLog(); err != nil {
		return err
	}
	for _, l := range c.w.Links {
		d, err := net.InterfaceByName(l)
		if err != nil {
			return err
		}
		c.links[d.Index] = l
		c.w.Host.Link(l).Index = d.Index
		c.wires[l] = &end{mac: d.HardwareAddr}
	}
	return c.join()
}

// join the groups, on every link.
func (c *court) join() error {
	four, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	c.members = append(c.members, four)
	six, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	c.members = append(c.members, six)
	for index := range c.links {
		if index == 1 {
			continue
		}
		for _, g := range groups {
			a := netip.MustParseAddr(g)
			if a.Is4() {
				err = unix.SetsockoptIPMreqn(four, unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP, &unix.IPMreqn{Multiaddr: a.As4(), Ifindex: int32(index)})
			} else {
				err = unix.SetsockoptIPv6Mreq(six, unix.IPPROTO_IPV6, unix.IPV6_JOIN_GROUP, &unix.IPv6Mreq{Multiaddr: a.As16(), Interface: uint32(index)})
			}
			if err != nil {
				return fmt.Errorf("joining %s at %s: %w", g, c.links[index], err)
			}
		}
	}
	return nil
}

// plug the far ends.
func (c *court) plug() error {
	pin()
	for _, l := range c.w.Links { // in their order: the first that is up has the groups of IPv6
		e := c.wires[l]
		d, err := net.InterfaceByName(l)
		if err != nil {
			return err
		}
		if err := os.WriteFile("/proc/sys/net/ipv6/conf/"+l+"/disable_ipv6", []byte("1"), 0o644); err != nil {
			return err
		}
		if err := setUp(l); err != nil {
			return err
		}
		if e.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		if err := unix.Bind(e.fd, &unix.SockaddrLinklayer{Ifindex: d.Index}); err != nil {
			return err
		}
	}
	return nil
}

// pin the thread to a processor, the same for all: packets are then treated one after
// the other, in the order in which they are sent.
func pin() {
	var all, one unix.CPUSet
	if unix.SchedGetaffinity(0, &all) != nil {
		return
	}
	for i := range 8 * len(all) {
		if all.IsSet(i) {
			one.Set(i)
			_ = unix.SchedSetaffinity(0, &one)
			return
		}
	}
}

// setUp an interface.
func setUp(name string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	r, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, r); err != nil {
		return err
	}
	r.SetUint16(r.Uint16() | unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, r)
}

func (c *court) close() {
	for _, e := range c.wires {
		if e.fd > 0 {
			unix.Close(e.fd)
		}
	}
	for _, fd := range c.raw {
		unix.Close(fd)
	}
	for _, fd := range c.members {
		unix.Close(fd)
	}
	for _, n := range []*netlink{c.trace, c.ask, c.log} {
		if n != nil {
			n.close()
		}
	}
	for _, s := range []*lab.Space{c.host, c.wire} {
		if s != nil {
			s.Close()
		}
	}
}

// send packets, and give what the kernel tells of them.
func (c *court) send(all []*sent) ([]event, error) {
	var events []event
	for len(all) > 0 {
		n := min(len(all), 100)
		if err := c.put(all[:n]); err != nil {
			return nil, err
		}
		all = all[n:]
		if err := c.host.Do(func() error {
			hear := func(e event) { events = append(events, e) }
			if err := c.log.logged(hear); err != nil {
				return err
			}
			return c.trace.trace(hear)
		}); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// put packets on their way: what the host sends, then what arrives.
func (c *court) put(all []*sent) error {
	for _, s := range all {
		if s.IIF == "" {
			if err := c.socket(s); err != nil {
				return err
			}
		}
	}
	if err := c.host.Do(func() error {
		for _, s := range all {
			if s.IIF == "" {
				c.emit(s)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return c.wire.Do(func() error {
		for _, s := range all {
			if e := c.wires[s.IIF]; e != nil {
				if _, err := unix.Write(e.fd, append(e.ethernet(s), s.bytes()...)); err != nil {
					return fmt.Errorf("%+v: %w", *s, err)
				}
			}
		}
		return nil
	})
}

// ethernet is the header of the link layer.
func (e *end) ethernet(s *sent) []byte {
	to := s.To.Addr()
	mac := append([]byte(nil), e.mac...)
	switch b := to.AsSlice(); {
	case to.Is4() && to.IsMulticast():
		mac = []byte{1, 0, 0x5e, b[1] & 0x7f, b[2], b[3]}
	case to.IsMulticast():
		mac = append([]byte{0x33, 0x33}, b[12:]...)
	case s.broadcast:
		mac = []byte{255, 255, 255, 255, 255, 255}
	}
	kind := uint16(unix.ETH_P_IP)
	if to.Is6() {
		kind = unix.ETH_P_IPV6
	}
	return binary.BigEndian.AppendUint16(append(mac, 2, 0, 0, 0, 0, 9), kind)
}

func key(s *sent) sender {
	k := sender{v6: s.To.Addr().Is6(), mark: s.Mark, dev: s.OIF}
	if s.Owner != nil {
		k.uid, k.gid = s.Owner.UID, s.Owner.GID
	}
	return k
}

// socket makes the one that a packet is sent by. It belongs to who makes it.
func (c *court) socket(s *sent) error {
	k := key(s)
	if _, ok := c.raw[k]; ok {
		return nil
	}
	return c.host.As(k.uid, k.gid, func() error {
		family, level, option := unix.AF_INET, unix.IPPROTO_IP, unix.IP_HDRINCL
		if k.v6 {
			family, level, option = unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_HDRINCL
		}
		fd, err := unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		if err != nil {
			return err
		}
		c.raw[k] = fd
		if err := unix.SetsockoptInt(fd, level, option, 1); err != nil {
			return err
		}
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BROADCAST, 1)
		if k.dev != "" {
			if err := unix.BindToDevice(fd, k.dev); err != nil {
				return err
			}
		}
		if k.mark == 0 {
			return nil
		}
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, int(k.mark))
	})
}

// emit a packet of the host's own. An error of sending is no failure: rules and routes
// refuse packets so.
func (c *court) emit(s *sent) {
	var to unix.Sockaddr = &unix.SockaddrInet4{Addr: addr4(s.To.Addr())}
	if s.To.Addr().Is6() {
		to = &unix.SockaddrInet6{Addr: s.To.Addr().As16()}
	}
	_ = unix.Sendto(c.raw[key(s)], s.bytes(), unix.MSG_DONTWAIT, to)
}

func addr4(a netip.Addr) [4]byte {
	if a.Is4() {
		return a.As4()
	}
	return [4]byte{}
}

// forget all connections.
func (c *court) forget() error { return c.host.Do(lab.FlushOwnConntrack) }

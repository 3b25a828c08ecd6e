package lab

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Lab is a set of running hosts.
type Lab struct {
	Plan *Plan

	nodes      map[string]*node
	spaces     []*space // all, switches too, for closing
	ports      atomic.Uint32
	serial     atomic.Uint64
	seen       *sightings
	listens    []Listen
	broadcasts map[netip.Addr]bool

	closeOnce sync.Once
	wait      sync.WaitGroup // the listeners' goroutines
	closers   []interface{ Close() error }
	ending    context.Context // done when the lab is closed
	end       context.CancelFunc
}

// node is a running host.
type node struct {
	spec  NodeSpec
	space *space
	lock  *os.File // of the iptables commands
	lab   *Lab
}

// Timing of the probes: what is dropped is known after Patience without an
// answer; what should be answered has Generous time, as the machine may be busy.
const (
	Patience = 350 * time.Millisecond
	Generous = 2500 * time.Millisecond
)

// Build makes the hosts of a plan and starts their listeners. Nothing is loaded
// yet. Close ends it all.
func Build(ctx context.Context, plan *Plan) (*Lab, error) {
	l := &Lab{Plan: plan, nodes: map[string]*node{}, seen: newSightings()}
	l.ports.Store(firstPort)
	l.broadcasts = l.broadcastsOf()
	l.ending, l.end = context.WithCancel(context.Background())
	if err := l.build(ctx); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func (l *Lab) build(ctx context.Context) error {
	for _, spec := range l.Plan.Topology.Nodes {
		s, err := newSpace(spec.Name)
		if err != nil {
			return err
		}
		l.spaces = append(l.spaces, s)
		lock, err := lockFile()
		if err != nil {
			return err
		}
		l.closers = append(l.closers, lock)
		l.nodes[spec.Name] = &node{spec: spec, space: s, lock: lock, lab: l}
		if err := defaults(s); err != nil {
			return err
		}
	}
	if err := l.wires(ctx); err != nil {
		return err
	}
	for _, spec := range l.Plan.Topology.Nodes {
		n := l.nodes[spec.Name]
		if _, err := n.space.run(ctx, nil, l.addressBatch(spec), "ip", "-batch", "-"); err != nil {
			return err
		}
		if err := l.sysctls(spec); err != nil {
			return err
		}
	}
	for _, spec := range l.Plan.Topology.Nodes {
		n := l.nodes[spec.Name]
		if err := n.space.settle(); err != nil {
			return err
		}
		if batch := l.routeBatch(spec); batch != "" {
			if _, err := n.space.run(ctx, nil, batch, "ip", "-batch", "-"); err != nil {
				return err
			}
		}
	}
	return l.listen()
}

// wires lays the cables. Where more than two ends meet there is a switch: a
// bridge in a namespace of its own, where no host's rules can see the traffic.
func (l *Lab) wires(ctx context.Context) error {
	for i, w := range l.Plan.Topology.Wires {
		if len(w) == 2 && !l.isBridge(w[0]) {
			a, b := l.nodes[w[0].Node].space, l.nodes[w[1].Node].space
			if _, err := a.run(ctx, nil, fmt.Sprintf("link add %s type veth peer name %s netns %s\n", w[0].Dev, w[1].Dev, b.path()), "ip", "-batch", "-"); err != nil {
				return err
			}
			continue
		}
		hub, dev, ends := (*space)(nil), "sw0", []End(w)
		var batch strings.Builder
		if l.isBridge(w[0]) {
			hub, dev, ends = l.nodes[w[0].Node].space, w[0].Dev, w[1:]
		} else {
			s, err := newSpace(fmt.Sprintf("switch%d", i))
			if err != nil {
				return err
			}
			l.spaces = append(l.spaces, s)
			hub = s
			if err := defaults(s); err != nil {
				return err
			}
		}
		// A switch that learns forwards at once only if it does not wait.
		fmt.Fprintf(&batch, "link add %s type bridge forward_delay 0 mcast_snooping 0\nlink set %s up\n", dev, dev)
		for k, e := range ends {
			port := fmt.Sprintf("%sp%d", dev, k)
			fmt.Fprintf(&batch, "link add %s type veth peer name %s netns %s\nlink set %s master %s up\n", port, e.Dev, l.nodes[e.Node].space.path(), port, dev)
		}
		if _, err := hub.run(ctx, nil, batch.String(), "ip", "-batch", "-"); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lab) isBridge(e End) bool {
	spec, _ := l.Plan.Topology.Node(e.Node)
	return slices.ContainsFunc(spec.Devs, func(d DevSpec) bool { return d.Name == e.Dev && d.Bridge })
}

func (l *Lab) furtherDevs(name string) []DevSpec {
	var out []DevSpec
	for _, k := range l.Plan.Links {
		if k.Node == name {
			out = append(out, DevSpec{Name: k.Dev, Bridge: true})
		}
	}
	return out
}

func (l *Lab) addressBatch(spec NodeSpec) string {
	var b strings.Builder
	fmt.Fprintf(&b, "link set lo up\n")
	for _, d := range l.furtherDevs(spec.Name) {
		fmt.Fprintf(&b, "link add %s type bridge forward_delay 0\n", d.Name)
		// A bridge without a port has no carrier, and no usable IPv6 address.
		fmt.Fprintf(&b, "link add %s.p type veth peer name %s.q\nlink set %s.p master %s up\nlink set %s.q up\nlink set %s up\n", d.Name, d.Name, d.Name, d.Name, d.Name, d.Name)
	}
	preferred := map[string]bool{} // devices that have their global IPv6 address
	for _, d := range spec.Devs {
		if d.MAC != "" {
			fmt.Fprintf(&b, "link set %s address %s\n", d.Name, d.MAC)
		}
		fmt.Fprintf(&b, "link set %s up\n", d.Name)
		for _, a := range d.Addrs {
			addressLine(&b, d.Name, a, preferred)
		}
	}
	for _, a := range l.Plan.Addrs {
		if a.Node == spec.Name {
			addressLine(&b, a.Dev, a.Prefix, preferred)
		}
	}
	return b.String()
}

// addressLine adds an address. The kernel prefers the IPv6 address that was added
// last, but the IPv4 address that was added first; the lab has it one way: a
// further address is used only by who asks for it.
func addressLine(b *strings.Builder, dev string, a netip.Prefix, preferred map[string]bool) {
	tail := ""
	if a.Addr().Is6() {
		tail = " nodad"
		if dev != "lo" && !a.Addr().IsLinkLocalUnicast() {
			if preferred[dev] {
				tail += " preferred_lft 0"
			}
			preferred[dev] = true
		}
	}
	fmt.Fprintf(b, "addr add %s dev %s%s\n", a, dev, tail)
}

func (l *Lab) routeBatch(spec NodeSpec) string {
	var b strings.Builder
	for _, n := range l.Plan.Neighs {
		if n.Node == spec.Name {
			fmt.Fprintf(&b, "neigh replace %s lladdr %s dev %s nud permanent\n", n.Addr, n.MAC, n.Dev)
		}
	}
	for _, g := range spec.Gateways {
		fmt.Fprintf(&b, "route add default via %s\n", g)
	}
	for _, r := range l.Plan.Routes {
		if r.Node != spec.Name {
			continue
		}
		fmt.Fprintf(&b, "route replace %s", r.Dest)
		switch {
		case !r.Via.IsValid():
		case r.Via.Is6() && r.Dest.Addr().Is4():
			fmt.Fprintf(&b, " via inet6 %s", r.Via)
		default:
			fmt.Fprintf(&b, " via %s", r.Via)
		}
		if r.Dev != "" {
			fmt.Fprintf(&b, " dev %s", r.Dev)
		}
		if r.Src.IsValid() {
			fmt.Fprintf(&b, " src %s", r.Src)
		}
		if r.Metric != 0 {
			fmt.Fprintf(&b, " metric %d", r.Metric)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Addresses of a node as the kernel has them now, link-local ones with their
// device as zone.
func (l *Lab) Addresses(name string) ([]netip.Addr, error) {
	n, err := l.node(name)
	if err != nil {
		return nil, err
	}
	var out []netip.Addr
	err = n.space.do(func() error {
		links, err := net.Interfaces()
		if err != nil {
			return err
		}
		for _, k := range links {
			addrs, err := k.Addrs()
			if err != nil {
				return err
			}
			for _, a := range addrs {
				p, err := netip.ParsePrefix(a.String())
				if err != nil {
					return err
				}
				ip := p.Addr().WithZone("")
				if ip.Is6() && ip.IsLinkLocalUnicast() {
					ip = ip.WithZone(k.Name)
				}
				out = append(out, ip)
			}
		}
		return nil
	})
	return out, err
}

func (l *Lab) node(name string) (*node, error) {
	if name == "self" {
		name = l.Plan.Topology.Main()
	}
	n := l.nodes[name]
	if n == nil {
		return nil, fmt.Errorf("topology %s has no node %q", l.Plan.Topology.Name, name)
	}
	return n, nil
}

// Run starts a tool on a node and returns what it printed.
func (l *Lab) Run(ctx context.Context, name, input string, argv ...string) (string, error) {
	n, err := l.node(name)
	if err != nil {
		return "", err
	}
	return n.space.run(ctx, n.env(), input, argv...)
}

// lockFile is in memory alone, so that nothing of it stays behind.
func lockFile() (*os.File, error) {
	fd, err := unix.MemfdCreate("xtables.lock", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("a lock for iptables can't be made: %w", err)
	}
	return os.NewFile(uintptr(fd), "xtables.lock"), nil
}

// env of the tools: a lock that this process may take, and that ends with it.
func (n *node) env() []string {
	return []string{fmt.Sprintf("XTABLES_LOCKFILE=/proc/%d/fd/%d", os.Getpid(), n.lock.Fd()), "LC_ALL=C"}
}

// Close ends the listeners and the namespaces.
func (l *Lab) Close() {
	l.closeOnce.Do(func() {
		l.end()
		for _, c := range l.closers {
			c.Close()
		}
		l.wait.Wait()
		for _, s := range l.spaces {
			s.close()
		}
	})
}

package lab

import (
	"net/netip"
	"slices"
	"strings"
)

// Topology is a set of hosts and the wires between them, as plain data.
type Topology struct {
	Name  string
	Nodes []NodeSpec
	Wires []Wire
}

// NodeSpec is a host.
type NodeSpec struct {
	Name     string
	Forwards bool
	Devs     []DevSpec
	Gateways []netip.Addr // of the default routes, one a family at most
}

// DevSpec is an interface of a host. A bridge is a device of its own, with the
// far end of each of its wires as a port.
type DevSpec struct {
	Name   string
	Bridge bool
	Addrs  []netip.Prefix
}

// Wire joins devices: two by a cable, more by a switch.
type Wire []End

// End is where a wire ends.
type End struct {
	Node, Dev string
}

// Banned are the addresses that the fail2ban-like ruleset bans; the peer "wan"
// has them in every topology.
func Banned() []netip.Addr {
	return []netip.Addr{netip.MustParseAddr("203.0.113.66"), netip.MustParseAddr("2001:db8:1::66")}
}

// TopologyNames lists what Lookup knows.
func TopologyNames() []string {
	return []string{"router", "server", "guard", "container"}
}

// Lookup returns the topology of that name.
func Lookup(name string) (Topology, bool) {
	switch name {
	case "router":
		return routerTopology(), true
	case "server":
		return serverTopology(), true
	case "guard":
		return guardTopology(), true
	case "container":
		return containerTopology(), true
	}
	return Topology{}, false
}

// Main is the host whose ruleset is under test.
func (t Topology) Main() string { return t.Nodes[0].Name }

// Node of that name; "self" is the main host.
func (t Topology) Node(name string) (NodeSpec, bool) {
	if name == "self" {
		return t.Nodes[0], true
	}
	i := slices.IndexFunc(t.Nodes, func(n NodeSpec) bool { return n.Name == name })
	if i < 0 {
		return NodeSpec{}, false
	}
	return t.Nodes[i], true
}

// NodeNames in their order.
func (t Topology) NodeNames() []string {
	var names []string
	for _, n := range t.Nodes {
		names = append(names, n.Name)
	}
	return names
}

func dev(name string, addrs ...string) DevSpec {
	d := DevSpec{Name: name}
	for _, a := range addrs {
		if !strings.Contains(a, "/") {
			ip := netip.MustParseAddr(a)
			d.Addrs = append(d.Addrs, netip.PrefixFrom(ip, ip.BitLen()))
			continue
		}
		d.Addrs = append(d.Addrs, netip.MustParsePrefix(a))
	}
	return d
}

func gateways(addrs ...string) []netip.Addr {
	var out []netip.Addr
	for _, a := range addrs {
		out = append(out, netip.MustParseAddr(a))
	}
	return out
}

func wanPeer() NodeSpec {
	return NodeSpec{Name: "wan", Gateways: gateways("203.0.113.1", "2001:db8:1::1"), Devs: []DevSpec{dev("eth0",
		"203.0.113.9/24", "203.0.113.66/24", "198.51.100.7", "198.51.100.25",
		"2001:db8:1::9/64", "2001:db8:1::66/64", "2001:db8:99::7", "2001:db8:99::25", "fe80::1/64")}}
}

func lanPeer() NodeSpec {
	return NodeSpec{Name: "lan", Gateways: gateways("192.168.77.1", "2001:db8:2::1"), Devs: []DevSpec{dev("eth0",
		"192.168.77.10/24", "192.168.77.20/24", "2001:db8:2::10/64", "2001:db8:2::20/64", "fe80::c:1/64")}}
}

func wanDev(linkLocal string) DevSpec {
	return dev("wan1", "203.0.113.1/24", "2001:db8:1::1/64", linkLocal)
}

func outside() []netip.Addr { return gateways("203.0.113.9", "2001:db8:1::9") }

func routerTopology() Topology {
	return Topology{
		Name: "router",
		Nodes: []NodeSpec{
			{Name: "router", Forwards: true, Gateways: outside(), Devs: []DevSpec{
				dev("eth0", "10.10.0.1/24", "fe80::b:0/64"),
				dev("eth1", "10.10.1.1/24", "fd00:1::1/64", "fe80::b:1/64"),
				wanDev("fe80::b:2/64"),
			}},
			{Name: "lan0", Gateways: gateways("10.10.0.1"), Devs: []DevSpec{
				dev("eth0", "10.10.0.7/24", "10.10.0.9/24", "10.10.0.80/24", "fe80::c:0/64")}},
			{Name: "lan1", Gateways: gateways("10.10.1.1", "fd00:1::1"), Devs: []DevSpec{
				dev("eth0", "10.10.1.7/24", "10.10.1.66/24", "fd00:1::7/64", "fd00:1::66/64", "fe80::c:1/64")}},
			wanPeer(),
		},
		Wires: []Wire{
			{{"router", "eth0"}, {"lan0", "eth0"}},
			{{"router", "eth1"}, {"lan1", "eth0"}},
			{{"router", "wan1"}, {"wan", "eth0"}},
		},
	}
}

func serverTopology() Topology {
	return Topology{
		Name: "server",
		Nodes: []NodeSpec{
			{Name: "server", Forwards: true, Gateways: outside(), Devs: []DevSpec{
				wanDev("fe80::b:0/64"),
				dev("lan1", "192.168.77.1/24", "2001:db8:2::1/64", "fe80::b:1/64"),
			}},
			wanPeer(),
			lanPeer(),
		},
		Wires: []Wire{
			{{"server", "wan1"}, {"wan", "eth0"}},
			{{"server", "lan1"}, {"lan", "eth0"}},
		},
	}
}

func guardTopology() Topology {
	return Topology{
		Name: "guard",
		Nodes: []NodeSpec{
			{Name: "gw", Forwards: true, Gateways: outside(), Devs: []DevSpec{
				dev("eth0", "10.10.0.1/24", "fd00::1/64", "fe80::b:0/64"),
				dev("eth1", "10.10.1.1/24", "fd00:1::1/64", "fe80::b:1/64"),
				wanDev("fe80::b:2/64"),
			}},
			{Name: "home", Forwards: true, Gateways: gateways("10.10.0.1", "fd00::1"), Devs: []DevSpec{
				dev("eth0", "10.10.0.53/24", "fd00::53/64", "fe80::d:0/64")}},
			{Name: "backup", Forwards: true, Gateways: gateways("10.10.1.1", "fd00:1::1"), Devs: []DevSpec{
				dev("eth0", "10.10.1.53/24", "fd00:1::53/64", "fe80::d:1/64")}},
			{Name: "lan0", Gateways: gateways("10.10.0.1", "fd00::1"), Devs: []DevSpec{
				dev("eth0", "10.10.0.7/24", "10.10.0.9/24", "fd00::7/64", "fe80::c:0/64")}},
			{Name: "lan1", Gateways: gateways("10.10.1.1", "fd00:1::1"), Devs: []DevSpec{
				dev("eth0", "10.10.1.7/24", "10.10.1.66/24", "fd00:1::7/64", "fd00:1::66/64", "fe80::c:1/64")}},
			wanPeer(),
		},
		Wires: []Wire{
			{{"gw", "eth0"}, {"home", "eth0"}, {"lan0", "eth0"}},
			{{"gw", "eth1"}, {"backup", "eth0"}, {"lan1", "eth0"}},
			{{"gw", "wan1"}, {"wan", "eth0"}},
		},
	}
}

func containerTopology() Topology {
	bridge := dev("docker0", "172.17.0.1/16", "fd17::1/64", "fe80::1/64")
	bridge.Bridge = true
	t := serverTopology()
	t.Name = "container"
	t.Nodes[0].Devs = append(t.Nodes[0].Devs, bridge)
	t.Nodes = append(t.Nodes, NodeSpec{Name: "ctr", Gateways: gateways("172.17.0.1", "fd17::1"), Devs: []DevSpec{
		dev("eth0", "172.17.0.2/16", "fd17::2/64", "fe80::c:2/64")}})
	t.Wires = append(t.Wires, Wire{{"server", "docker0"}, {"ctr", "eth0"}})
	return t
}

package probes

import (
	"github.com/loward/loward/backends/lab"
	"net/netip"
	"strings"
)

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
func Lookup(name string) (lab.Topology, bool) {
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
	return lab.Topology{}, false
}

func end(node, dev string) lab.End { return lab.End{Node: node, Dev: dev} }

func dev(name string, addrs ...string) lab.DevSpec {
	d := lab.DevSpec{Name: name}
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

func wanPeer() lab.NodeSpec {
	return lab.NodeSpec{Name: "wan", Gateways: gateways("203.0.113.1", "2001:db8:1::1"), Devs: []lab.DevSpec{dev("eth0",
		"203.0.113.9/24", "203.0.113.66/24", "198.51.100.7", "198.51.100.25",
		"2001:db8:1::9/64", "2001:db8:1::66/64", "2001:db8:99::7", "2001:db8:99::25", "fe80::1/64")}}
}

func lanPeer() lab.NodeSpec {
	return lab.NodeSpec{Name: "lan", Gateways: gateways("192.168.77.1", "2001:db8:2::1"), Devs: []lab.DevSpec{dev("eth0",
		"192.168.77.10/24", "192.168.77.20/24", "2001:db8:2::10/64", "2001:db8:2::20/64", "fe80::c:1/64")}}
}

func wanDev(linkLocal string) lab.DevSpec {
	return dev("wan1", "203.0.113.1/24", "2001:db8:1::1/64", linkLocal)
}

func outside() []netip.Addr { return gateways("203.0.113.9", "2001:db8:1::9") }

func routerTopology() lab.Topology {
	return lab.Topology{
		Name: "router",
		Nodes: []lab.NodeSpec{
			{Name: "router", Forwards: true, Gateways: outside(), Devs: []lab.DevSpec{
				dev("eth0", "10.10.0.1/24", "fe80::b:0/64"),
				dev("eth1", "10.10.1.1/24", "fd00:1::1/64", "fe80::b:1/64"),
				wanDev("fe80::b:2/64"),
			}},
			{Name: "lan0", Gateways: gateways("10.10.0.1"), Devs: []lab.DevSpec{
				dev("eth0", "10.10.0.7/24", "10.10.0.9/24", "10.10.0.80/24", "fe80::c:0/64")}},
			{Name: "lan1", Gateways: gateways("10.10.1.1", "fd00:1::1"), Devs: []lab.DevSpec{
				dev("eth0", "10.10.1.7/24", "10.10.1.66/24", "fd00:1::7/64", "fd00:1::66/64", "fe80::c:1/64")}},
			wanPeer(),
		},
		Wires: []lab.Wire{
			{end("router", "eth0"), end("lan0", "eth0")},
			{end("router", "eth1"), end("lan1", "eth0")},
			{end("router", "wan1"), end("wan", "eth0")},
		},
	}
}

func serverTopology() lab.Topology {
	return lab.Topology{
		Name: "server",
		Nodes: []lab.NodeSpec{
			{Name: "server", Forwards: true, Gateways: outside(), Devs: []lab.DevSpec{
				wanDev("fe80::b:0/64"),
				dev("lan1", "192.168.77.1/24", "2001:db8:2::1/64", "fe80::b:1/64"),
			}},
			wanPeer(),
			lanPeer(),
		},
		Wires: []lab.Wire{
			{end("server", "wan1"), end("wan", "eth0")},
			{end("server", "lan1"), end("lan", "eth0")},
		},
	}
}

func guardTopology() lab.Topology {
	return lab.Topology{
		Name: "guard",
		Nodes: []lab.NodeSpec{
			{Name: "gw", Forwards: true, Gateways: outside(), Devs: []lab.DevSpec{
				dev("eth0", "10.10.0.1/24", "fd00::1/64", "fe80::b:0/64"),
				dev("eth1", "10.10.1.1/24", "fd00:1::1/64", "fe80::b:1/64"),
				wanDev("fe80::b:2/64"),
			}},
			{Name: "home", Forwards: true, Gateways: gateways("10.10.0.1", "fd00::1"), Devs: []lab.DevSpec{
				dev("eth0", "10.10.0.53/24", "fd00::53/64", "fe80::d:0/64")}},
			{Name: "backup", Forwards: true, Gateways: gateways("10.10.1.1", "fd00:1::1"), Devs: []lab.DevSpec{
				dev("eth0", "10.10.1.53/24", "fd00:1::53/64", "fe80::d:1/64")}},
			{Name: "lan0", Gateways: gateways("10.10.0.1", "fd00::1"), Devs: []lab.DevSpec{
				dev("eth0", "10.10.0.7/24", "10.10.0.9/24", "fd00::7/64", "fe80::c:0/64")}},
			{Name: "lan1", Gateways: gateways("10.10.1.1", "fd00:1::1"), Devs: []lab.DevSpec{
				dev("eth0", "10.10.1.7/24", "10.10.1.66/24", "fd00:1::7/64", "fd00:1::66/64", "fe80::c:1/64")}},
			wanPeer(),
		},
		Wires: []lab.Wire{
			{end("gw", "eth0"), end("home", "eth0"), end("lan0", "eth0")},
			{end("gw", "eth1"), end("backup", "eth0"), end("lan1", "eth0")},
			{end("gw", "wan1"), end("wan", "eth0")},
		},
	}
}

func containerTopology() lab.Topology {
	bridge := dev("docker0", "172.17.0.1/16", "fd17::1/64", "fe80::1/64")
	bridge.Bridge = true
	t := serverTopology()
	t.Name = "container"
	t.Nodes[0].Devs = append(t.Nodes[0].Devs, bridge)
	t.Nodes = append(t.Nodes, lab.NodeSpec{Name: "ctr", Gateways: gateways("172.17.0.1", "fd17::1"), Devs: []lab.DevSpec{
		dev("eth0", "172.17.0.2/16", "fd17::2/64", "fe80::c:2/64")}})
	t.Wires = append(t.Wires, lab.Wire{end("server", "docker0"), end("ctr", "eth0")})
	return t
}

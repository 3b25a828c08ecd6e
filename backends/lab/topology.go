package lab

import (
	"net/netip"
	"slices"
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
	// MAC is its hardware address; "" leaves it to the kernel.
	MAC   string
	Addrs []netip.Prefix
}

// Wire joins devices: two by a cable, more by a switch.
type Wire []End

// End is where a wire ends.
type End struct {
	Node, Dev string
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

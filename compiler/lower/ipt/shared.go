package ipt

import (
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// shared are matches that many rules have in common: each is made once.
type shared struct {
	protos [256]ruleset.Stmt
	names  map[nameKey]ruleset.Stmt
	ports  map[portKey][]ruleset.Stmt
	zones  map[zoneKey]alts
	nets   map[*policy.Nets][]netPrefix
	addrs  map[netsKey]alts
}

type nameKey struct {
	f    ruleset.Field
	name string
}

type portKey struct {
	proto uint8
	m     mode
	r     policy.PortRange
}

type zoneKey struct {
	f ruleset.Field
	z *policy.Ifaces
}

type netsKey struct {
	f where
	n *policy.Nets
}

func newShared() shared {
	return shared{
		names: map[nameKey]ruleset.Stmt{},
		ports: map[portKey][]ruleset.Stmt{},
		zones: map[zoneKey]alts{},
		nets:  map[*policy.Nets][]netPrefix{},
		addrs: map[netsKey]alts{},
	}
}

// proto matches an IP protocol.
func (w *lowerer) proto(p uint8) ruleset.Stmt {
	m := &w.shared.protos[p]
	if *m == nil {
		*m = ruleset.In(ruleset.L4Proto, ruleset.Num(uint64(p)))
	}
	return *m
}

// iface matches the name of an interface, a user or a group.
func (w *lowerer) iface(f ruleset.Field, name string) ruleset.Stmt {
	k := nameKey{f, name}
	m := w.shared.names[k]
	if m == nil {
		m = ruleset.In(f, ruleset.Text(name))
		w.shared.names[k] = m
	}
	return m
}

// port matches a protocol and a range of its destination ports.
func (w *lowerer) port(p uint8, m mode, r policy.PortRange) []ruleset.Stmt {
	k := portKey{p, m & orig, r}
	conj := w.shared.ports[k]
	if conj == nil {
		f := ruleset.Dport
		if m&orig != 0 {
			f = ruleset.CTOrigDport
		}
		conj = []ruleset.Stmt{w.proto(p), ruleset.In(f, portTerm(r))}
		w.shared.ports[k] = conj
	}
	return conj
}

// ifaces are the alternatives of a set of interfaces.
func (w *lowerer) ifaces(f ruleset.Field, z *policy.Ifaces) alts {
	if z == nil {
		return nil
	}
	k := zoneKey{f, z}
	out := w.shared.zones[k]
	if out == nil {
		out = make(alts, len(z.Names))
		for i, n := range z.Names {
			out[i] = []ruleset.Stmt{w.iface(f, n)}
		}
		w.shared.zones[k] = out
	}
	return out
}

// addrs are the alternatives of a set of addresses.
func (w *lowerer) addrs(f where, n *policy.Nets) alts {
	if n == nil {
		return nil
	}
	k := netsKey{f, n}
	out := w.shared.addrs[k]
	if out == nil {
		list := w.prefixes(n)
		out = make(alts, len(list))
		for i, p := range list {
			out[i] = []ruleset.Stmt{f.in(p)}
		}
		w.shared.addrs[k] = out
	}
	return out
}

// prefixes are the fewest that make up a set in the family at hand.
func (w *lowerer) prefixes(n *policy.Nets) []netPrefix {
	list, ok := w.shared.nets[n]
	if !ok {
		for _, r := range n.Ranges {
			if policy.FamilyOf(r.Lo) == w.f {
				list = cover(list, r)
			}
		}
		w.shared.nets[n] = list
	}
	return list
}

package ipt

import (
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// antispoof drops, before NAT and before anything about known connections, what
// arrives from outside and bears a source that only this host can have, or a
// loopback destination. Only unicast destinations are judged: a host's own
// multicast and broadcast come back on the NIC with its own source. It also
// notes in labels what NAT will hide: that a connection was sent to an address
// which only the host knows.
func (w *lowerer) antispoof() {
	c := w.mangle.fixed[ruleset.Prerouting]
	marks := w.labelChain()
	guard := w.v.Policy.Options.Antispoof
	if guard || marks != nil {
		c.add(origin{comment: "nothing here ever applies to lo"}, w.iface(ruleset.IIFName, "lo"), ruleset.Return)
	}
	rest := ruleset.Return
	if marks != nil {
		rest = marks.to
	}
	if guard {
		if !w.v.Host.RouteLocalnet {
			c.add(origin{comment: "antispoof"}, w.daddr(plain).in(w.loopback()), ruleset.Drop)
		}
		spoof := w.mangle.node(w.prefix + "SPOOF")
		c.add(origin{}, ruleset.In(ruleset.FibSaddrType, ruleset.Num(ruleset.AddrLocal)), spoof.to)
		w.spoofed(spoof, rest)
	}
	c.end(rest)
}

// spoofed decides about packets whose source is local.
func (w *lowerer) spoofed(c *node, rest *ruleset.Verdict) {
	own := origin{comment: "a host's own multicast and broadcast come back to it"}
	if w.v6 {
		c.add(own, w.daddr(plain).in(multicast6), ruleset.Return)
		// The same link-local address may be on every link.
		c.add(origin{comment: "another's link-local address"}, w.saddr().in(linkLocal6),
			ruleset.NotIn(ruleset.FibSaddrIIFType, ruleset.Num(ruleset.AddrLocal)), rest)
	} else {
		c.add(own, w.daddr(plain).in(multicast4), ruleset.Return)
		c.add(own, ruleset.In(ruleset.FibDaddrType, ruleset.Num(ruleset.AddrBroadcast)), ruleset.Return)
	}
	var homes []entry
	for _, a := range w.v.SharedOwn {
		if policy.FamilyOf(a) == w.f {
			homes = append(homes, entry{hostPrefix(a), rest})
		}
	}
	drop := c
	if len(homes) > linear {
		drop = c.next()
		w.tree(c, "ts", w.saddr(), homes, drop.to)
		c.end(drop.to)
	} else {
		for _, e := range homes {
			c.add(origin{comment: "another home has this address too"}, w.saddr().in(e.netPrefix), rest)
		}
	}
	drop.add(origin{comment: "antispoof"}, ruleset.Drop)
}

// labelChain labels new connections to addresses that are known only at run
// time, or is nil where no service lives at such.
func (w *lowerer) labelChain() *node {
	if w.closed.host == nil && len(w.closed.ifaces) == 0 {
		return nil
	}
	first := w.mangle.node(w.prefix + "LABEL")
	c := first.next()
	first.add(origin{comment: "the original destination, which NAT hides"}, state(ruleset.StateNew), c.to)
	label := func(m []ruleset.Stmt, n uint64) {
		c.add(origin{}, append(m, &ruleset.SetField{Field: ruleset.CTLabel, Value: ruleset.Num(n)})...)
	}
	if w.closed.host != nil {
		label(w.atHost(), labelHost)
	}
	for _, st := range w.closed.ifaces {
		label(w.atIface(st.iface), w.labels[st.iface])
	}
	return first
}

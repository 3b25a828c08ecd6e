package ipt

import (
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// claims appends the dispatch of what services claim from outside. Packets that
// nobody claims go to cont.
func (w *lowerer) claims(c *node, m mode, hook ruleset.Hook, cont *ruleset.Verdict) {
	side := "i" // names of chains: i and f, io and fo for the original destination
	if hook == ruleset.Forward {
		side = "f"
	}
	if m&orig != 0 {
		side += "o"
	}
	d := dispatch{static: make([]entry, 0, len(w.closed.static))}
	for _, st := range w.closed.static {
		var v *ruleset.Verdict
		if st.whole {
			v = w.ownLeaf(st, m)
		} else {
			v = w.sharedLeaf(w.chainAt(w.filter, side, st.prefix.Prefix), st, m, cont)
		}
		d.static = append(d.static, siteEntry(st, v))
	}
	// A packet that is forwarded untranslated is to no address of the host.
	if hook == ruleset.Input || m&orig != 0 {
		for _, st := range w.closed.ifaces {
			d.ifaces = append(d.ifaces, ifaceEntry{st.iface, w.sharedLeaf(w.chain(w.filter, side+"-IF", st.iface), st, m, cont)})
		}
		if st := w.closed.host; st != nil {
			d.host = w.sharedLeaf(w.chain(w.filter, side, "HOST"), st, m, cont)
		}
	}
	w.send(c, "t"+side, m, hook, &d, cont).end(cont)
}

// ownLeaf decides about packets to a service's own address: allowed by one of
// those who live there, else refused. Addresses with the same services share it.
func (w *lowerer) ownLeaf(st *site, m mode) *ruleset.Verdict {
	kind := "s"
	if m&orig != 0 {
		kind = "o"
	}
	key := keyOf(st.services, kind)
	if v := w.own[key]; v != nil {
		return v
	}
	var c *node
	if key.one != nil {
		c = w.chain(w.filter, kind, key.one.Name)
	} else {
		c = w.chainAt(w.filter, kind, st.prefix.Prefix)
	}
	w.own[key] = c.to
	if m&orig == 0 && w.v.Policy.Options.InvalidDrop {
		c.add(origin{}, state(ruleset.StateInvalid), ruleset.Drop)
	}
	refuse := w.refusal(policy.Refuse(plainServices(st.services)), m)
	c = w.decide(c, st.services, m, refuse)
	c.add(st.services[0].refused, refuse)
	return w.own[key]
}

// sharedLeaf decides about packets to a place that other things share: allowed
// by one of the services there, else refused if it is traffic that they name;
// the rest goes to cont.
func (w *lowerer) sharedLeaf(c *node, st *site, m mode, cont *ruleset.Verdict) *ruleset.Verdict {
	leaf := c.to
	cells := w.cells(st)
	tail := c.next()
	if m&orig == 0 && w.v.Policy.Options.InvalidDrop {
		c.add(origin{}, state(ruleset.StateInvalid), w.invalid(tail, cells, m, cont))
	}
	c = w.decide(c, st.services, m, tail.to)
	c.end(tail.to)
	for _, x := range cells {
		s := x.refusal.Service
		tail = w.expand(tail, origin{s.Name + " refused " + s.Span.FileLine(), s.Span}, []alts{w.traffic(x.traffic, m)}, w.refusal(x.refusal, m))
	}
	tail.end(cont)
	return leaf
}

// invalid gives the chain that drops what conntrack can't make sense of where it
// is claimed: tail itself, where that does nothing but drop.
func (w *lowerer) invalid(tail *node, cells []cell, m mode, cont *ruleset.Verdict) *ruleset.Verdict {
	drops := true
	var all []policy.Traffic
	for _, x := range cells {
		drops = drops && x.refusal.Verdict == policy.Drop && x.refusal.Log == nil
		all = append(all, x.traffic...)
	}
	if drops {
		return tail.to
	}
	n := tail.next()
	end := w.expand(n, origin{}, []alts{w.traffic(all, m)}, ruleset.Drop)
	end.end(cont)
	return n.to
}

// cell is traffic that is refused alike.
type cell struct {
	traffic []policy.Traffic
	refusal policy.Refusal
}

// cells of what is claimed at a shared site. policy.Cells divides it into
// stretches that stand in order of precedence: within a protocol they are
// disjoint, so those that are refused alike are joined again; what a protocol as
// a whole, or any packet, is refused by comes behind.
func (w *lowerer) cells(st *site) []cell {
	if st.cells != nil {
		return st.cells
	}
	out := []cell{}
	from := 0 // first cell of the protocol at hand
	for _, c := range policy.Cells(plainServices(st.services), w.f) {
		t := c.Traffic
		stretch := len(t.Ports)+len(t.Types) > 0
		if len(out) > from && !sameProto(out[from].traffic[0], t) {
			from = len(out)
		}
		joined := false
		for i := from; i < len(out) && stretch && !joined; i++ {
			o := &out[i]
			if o.refusal.Verdict == c.Refusal.Verdict && o.refusal.Log == c.Refusal.Log {
				o.traffic[0].Ports = extend(o.traffic[0].Ports, t.Ports)
				o.traffic[0].Types = extend(o.traffic[0].Types, t.Types)
				joined = true
			}
		}
		if !joined {
			out = append(out, cell{[]policy.Traffic{t}, c.Refusal})
		}
	}
	st.cells = out
	return out
}

// extend a sorted list by a stretch behind all of it.
func extend(list, stretch []policy.PortRange) []policy.PortRange {
	if n := len(list); n > 0 && len(stretch) > 0 && int(list[n-1].Hi)+1 == int(stretch[0].Lo) {
		list[n-1].Hi = stretch[0].Hi
		return list
	}
	return append(list, stretch...)
}

func sameProto(a, b policy.Traffic) bool { return a.Any == b.Any && a.Proto == b.Proto }

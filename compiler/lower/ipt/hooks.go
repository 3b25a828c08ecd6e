package ipt

import (
	"slices"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// input decides about what is delivered to the host.
func (w *lowerer) input() {
	w.fromOutside(w.filter.fixed[ruleset.Input], ruleset.Input, "inbound", w.v.Inbound)
}

// forward decides about what goes through the host.
func (w *lowerer) forward() {
	w.fromOutside(w.filter.fixed[ruleset.Forward], ruleset.Forward, "forward", w.v.Forward)
}

// fromOutside decides about what arrives: known connections, then what services
// claim by its original destination, then the block.
func (w *lowerer) fromOutside(c *node, hook ruleset.Hook, name string, blk *policy.Block) {
	if w.closed.empty() && blk.Idle() {
		return
	}
	if hook == ruleset.Input {
		c.add(origin{comment: "local delivery is decided in OUTPUT"}, w.iface(ruleset.IIFName, "lo"), ruleset.Return)
	}
	c = w.counted(c, hook, blk)
	if w.closed.empty() {
		w.block(c, hook, name, blk, arriving)
		return
	}
	rest := ruleset.Return
	var behind *node
	if !blk.Idle() {
		behind = w.filter.node(w.prefix + "BLOCK-" + name)
		rest = behind.to
	}
	translated, made := w.translated[rest]
	if !made { // else INPUT's serves: what the connection was sent to is read alike
		name := c.root.Name + "-NAT"
		if behind == nil {
			name = w.prefix + "NAT"
		}
		translated = w.filter.node(name)
		w.translated[rest] = translated
	}
	c.add(origin{comment: "by its original destination"}, dnat(), translated.to)
	w.claims(c, plain, hook, rest)
	if !made {
		w.claims(translated, orig, hook, rest)
	}
	if behind != nil {
		w.block(behind, hook, name, blk, arriving)
	}
}

// output decides about what the host sends: to itself, and to others.
func (w *lowerer) output() {
	c := w.filter.fixed[ruleset.Output]
	local := w.local()
	if local == nil && w.v.Outbound.Idle() {
		return
	}
	lo := w.iface(ruleset.OIFName, "lo")
	if local != nil {
		c.add(origin{comment: "local delivery"}, lo, local)
	} else {
		c.add(origin{comment: "local delivery"}, lo, ruleset.Return)
	}
	if w.v.Outbound.Idle() {
		return
	}
	c = w.counted(c, ruleset.Output, w.v.Outbound)
	w.block(c, ruleset.Output, "outbound", w.v.Outbound, leaving)
}

// counted appends the shortcut for known connections. Where a limit counts
// every packet, the packets that it could count don't take it: those of the
// original direction of what is neither tcp nor udp nor sctp. They are decided
// about like new ones. It returns the chain in which to go on.
func (w *lowerer) counted(c *node, hook ruleset.Hook, blk *policy.Block) *node {
	var counted []policy.Traffic
	add := func(r *policy.Rule) {
		if !r.Allow || r.Limit == nil || r.Families&w.f == 0 {
			return
		}
		for _, t := range r.Traffic {
			if !t.CountsConnections() && t.Families&w.f != 0 {
				counted = append(counted, t)
			}
		}
	}
	if hook != ruleset.Output {
		for _, s := range w.services {
			for _, r := range s.limited {
				add(r)
			}
		}
	}
	for _, r := range blk.Rules {
		add(r)
	}
	if len(counted) == 0 {
		c.add(origin{}, known(), ruleset.Return)
		return c
	}
	behind := c.next()
	all := w.traffic(unite(counted), plain)
	if all == nil {
		for _, p := range [...]uint8{policy.TCP, policy.UDP, policy.SCTP} {
			c.add(origin{}, w.proto(p), known(), ruleset.Return)
		}
	}
	dims := []alts{all, {{state(ruleset.StateEstablished), ruleset.In(ruleset.CTDirection, ruleset.Num(ruleset.DirOriginal))}}}
	w.multiply(c, origin{comment: "limits that count every packet"}, dims, []ruleset.Stmt{behind.to})
	c.add(origin{}, known(), ruleset.Return)
	c.end(behind.to)
	return behind
}

// unite classes of traffic: one for each protocol.
func unite(list []policy.Traffic) []policy.Traffic {
	var out []policy.Traffic
	for _, t := range list {
		i := slices.IndexFunc(out, func(o policy.Traffic) bool { return sameProto(o, t) })
		if i < 0 {
			t.Types, t.Ports = slices.Clone(t.Types), slices.Clone(t.Ports)
			out = append(out, t)
			continue
		}
		o := &out[i]
		whole := len(o.Types)+len(o.Ports) == 0 || len(t.Types)+len(t.Ports) == 0
		if o.Types, o.Ports = append(o.Types, t.Types...), append(o.Ports, t.Ports...); whole {
			o.Types, o.Ports = nil, nil
		}
		o.Types, o.Ports = policy.MergePorts(o.Types), policy.MergePorts(o.Ports)
	}
	return out
}

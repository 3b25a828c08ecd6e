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
	c = w.counted(c, hook, blk, arriving)
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
	c = w.counted(c, ruleset.Output, w.v.Outbound, leaving)
	w.block(c, ruleset.Output, "outbound", w.v.Outbound, leaving)
}

// counted appends the shortcut for known connections. Where a limit counts
// every packet, the packets that it could count don't take it: those of the
// original direction of what is neither tcp nor udp nor sctp. It returns the
// chain in which to go on.
func (w *lowerer) counted(c *node, hook ruleset.Hook, blk *policy.Block, s side) *node {
	var claimed []policy.Traffic
	var at dispatch
	rest := (*node)(nil)
	if hook != ruleset.Output {
		for _, st := range w.closed.all() {
			if t := perPacket(st.services, w.f); len(t) > 0 {
				claimed = append(claimed, t...)
				if rest == nil {
					rest = c.next()
				}
				switch {
				case st.addr.IsValid():
					at.static = append(at.static, siteEntry(st, rest.to))
				case st.iface != "":
					at.ifaces = append(at.ifaces, ifaceEntry{st.iface, rest.to})
				default:
					at.host = rest.to
				}
			}
		}
	}
	var inBlock []*policy.Rule
	for _, r := range blk.Rules {
		if t := countsPackets(r, w.f); len(t) > 0 {
			one := *r
			one.Traffic = t
			inBlock = append(inBlock, &one)
			if rest == nil {
				rest = c.next()
			}
		}
	}
	if rest == nil {
		c.add(origin{}, known(), ruleset.Return)
		return c
	}
	count := c.next()
	c.add(origin{comment: "limits that count every packet"}, state(ruleset.StateEstablished),
		ruleset.In(ruleset.CTDirection, ruleset.Num(ruleset.DirOriginal)), count.to)
	c.add(origin{}, known(), ruleset.Return)
	c.end(rest.to)
	for _, p := range [...]uint8{policy.TCP, policy.UDP, policy.SCTP} {
		count.add(origin{}, w.proto(p), ruleset.Return)
	}
	for _, r := range inBlock {
		count = w.expand(count, w.origin("limit", r), w.clauses(r, s, plain), rest.to)
	}
	if len(claimed) > 0 {
		where := count.next()
		w.expand(count, origin{}, []alts{w.traffic(unite(claimed), plain)}, where.to)
		// Known connections are tracked: their original destination is at hand.
		where = w.send(where, "tc", orig, hook, &at, ruleset.Return)
		if hook == ruleset.Input {
			w.send(where, "tc", plain, hook, &dispatch{ifaces: at.ifaces, host: at.host}, ruleset.Return)
		}
	}
	return rest
}

// perPacket is the traffic of which services' limits count every packet.
func perPacket(services []*service, f policy.Family) []policy.Traffic {
	var out []policy.Traffic
	for _, s := range services {
		for _, r := range s.limited {
			out = append(out, countsPackets(r, f)...)
		}
	}
	return out
}

// countsPackets is the traffic of a limited statement that has no connections to
// count.
func countsPackets(r *policy.Rule, f policy.Family) []policy.Traffic {
	if !r.Allow || r.Limit == nil || r.Families&f == 0 {
		return nil
	}
	var out []policy.Traffic
	for _, t := range r.Traffic {
		if !t.CountsConnections() && t.Families&f != 0 {
			out = append(out, t)
		}
	}
	return out
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

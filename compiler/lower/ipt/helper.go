package ipt

import (
	"slices"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// helpers attach conntrack helpers (raw table) to connections that statements
// with ftp or tftp allow. What is refused later never becomes a connection, so
// limits and denies need not be repeated here, nor `out`, which is not known
// yet.
func (w *lowerer) helpers() {
	in, out := w.raw.fixed[ruleset.Prerouting], w.raw.fixed[ruleset.Output]
	fromOutside := func(s *service) []*policy.Rule { return slices.Concat(s.free, s.limited) }
	if w.helpersIn(w.v.Inbound) || w.helpersIn(w.v.Forward) || w.helpersOf(fromOutside) {
		in.add(origin{}, w.iface(ruleset.IIFName, "lo"), ruleset.Return)
		blocks := in.next()
		d := w.helperSites("h", arriving, fromOutside, blocks.to)
		w.send(in, "th", plain, ruleset.Prerouting, d, blocks.to).end(blocks.to)
		blocks = w.helperBlock(blocks, "inbound", w.v.Inbound, arriving, true)
		w.helperBlock(blocks, "forward", w.v.Forward, arriving, false)
	}
	toSelf := func(s *service) []*policy.Rule { return s.localAllows }
	lo := w.iface(ruleset.OIFName, "lo")
	switch {
	case w.helpersIn(w.v.Local) || w.helpersOf(toSelf):
		local, block := out.next(), out.next()
		out.add(origin{comment: "local delivery"}, lo, local.to)
		d := w.helperSites("hx", leaving, toSelf, block.to)
		d.ifaces = nil
		w.send(local, "tx", plain, ruleset.Output, d, block.to).end(block.to)
		w.helperBlock(block, "local", w.v.Local, leaving, false)
	case w.helpersIn(w.v.Outbound):
		out.add(origin{comment: "local delivery"}, lo, ruleset.Return)
	}
	w.helperBlock(out, "outbound", w.v.Outbound, leaving, false)
}

// helpersOf says whether any service has a statement that wants a helper.
func (w *lowerer) helpersOf(rules func(*service) []*policy.Rule) bool {
	return slices.ContainsFunc(w.services, func(s *service) bool { return slices.ContainsFunc(rules(s), w.wantsHelper) })
}

func (w *lowerer) helpersIn(blk *policy.Block) bool {
	return slices.ContainsFunc(blk.Rules, w.wantsHelper)
}

func (w *lowerer) wantsHelper(r *policy.Rule) bool {
	return r.Allow && r.Families&w.f != 0 && slices.ContainsFunc(r.Traffic, func(t policy.Traffic) bool { return t.Helper != "" })
}

// helperBlock attaches the helpers of a block's statements.
func (w *lowerer) helperBlock(c *node, name string, blk *policy.Block, s side, delivered bool) *node {
	for _, r := range blk.Rules {
		if !w.wantsHelper(r) {
			continue
		}
		one := *r
		one.Out = nil
		c = w.attach(c, w.origin(name, r), &one, s, delivered)
	}
	return c
}

// attach a statement's helpers.
func (w *lowerer) attach(c *node, o origin, r *policy.Rule, s side, delivered bool) *node {
	for _, helper := range [...]string{"ftp", "tftp"} {
		one := *r
		one.Traffic = nil
		for _, t := range r.Traffic {
			if t.Helper == helper {
				one.Traffic = append(one.Traffic, t)
			}
		}
		if len(one.Traffic) == 0 {
			continue
		}
		// The protocol and port stand in the very rule that has the target:
		// iptables takes `CT --helper` only beside -p.
		class := one.Traffic[0]
		one.Traffic = []policy.Traffic{{Any: true, Families: class.Families}}
		dims := w.clauses(&one, s, plain)
		if delivered {
			dims = append(dims, alts{{ruleset.In(ruleset.FibDaddrType, ruleset.Num(ruleset.AddrLocal))}})
		}
		c = w.expand(c, o, dims,
			ruleset.In(ruleset.L4Proto, ruleset.Num(uint64(class.Proto))),
			ruleset.In(ruleset.Dport, ruleset.Range(uint64(class.Ports[0].Lo), uint64(class.Ports[0].Hi))),
			&ruleset.SetField{Field: ruleset.CTHelper, Value: ruleset.Text(helper)})
	}
	return c
}

// helperSites are the sites where services' statements want a helper. What is
// sent to a service's own address is none of the blocks' business.
func (w *lowerer) helperSites(kind string, sd side, rules func(*service) []*policy.Rule, blocks *ruleset.Verdict) *dispatch {
	d := &dispatch{}
	for _, st := range w.sites.static {
		if v := w.helperLeaf(st, kind, sd, rules, blocks); v != nil {
			d.static = append(d.static, siteEntry(st, v))
		}
	}
	for _, st := range w.sites.ifaces {
		if v := w.helperLeaf(st, kind, sd, rules, blocks); v != nil {
			d.ifaces = append(d.ifaces, ifaceEntry{st.iface, v})
		}
	}
	if st := w.sites.host; st != nil {
		d.host = w.helperLeaf(st, kind, sd, rules, blocks)
	}
	w.addOwn(d, ruleset.Return)
	return d
}

func (w *lowerer) helperLeaf(st *site, kind string, sd side, rules func(*service) []*policy.Rule, blocks *ruleset.Verdict) *ruleset.Verdict {
	var list []*service
	for _, s := range st.services {
		if slices.ContainsFunc(rules(s), w.wantsHelper) {
			list = append(list, s)
		}
	}
	if len(list) == 0 {
		return nil
	}
	if !st.whole {
		kind += "s"
	}
	key := keyOf(list, kind)
	if v := w.own[key]; v != nil {
		return v
	}
	c := w.chain(w.raw, kind, list[0].Name)
	w.own[key] = c.to
	for _, s := range list {
		for _, r := range rules(s) {
			if w.wantsHelper(r) {
				c = w.attach(c, w.origin(s.Name, r), r, sd, false)
			}
		}
	}
	if !st.whole {
		c.end(blocks)
	}
	return w.own[key]
}

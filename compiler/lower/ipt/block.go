package ipt

import (
	"slices"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// block appends what a block says of packets that no service has decided about:
// what IP needs, denies, what is allowed, what exceeds a limit, the default.
func (w *lowerer) block(c *node, hook ruleset.Hook, name string, blk *policy.Block, s side) {
	if w.namesHost(blk.Rules) {
		// `to` a service on `address host` does not mean services' own
		// addresses: those have their rules apart.
		if list := w.ownEntries(ruleset.Return, nil); len(list) > 0 {
			apart, behind := c.next(), c.next()
			for i := range list {
				list[i].to = apart.to
			}
			w.tree(c, "t"+name[:2], w.daddr(plain), list, behind.to)
			c.end(behind.to)
			w.blockFor(apart, hook, name, blk, s, own)
			c = behind
		}
	}
	w.blockFor(c, hook, name, blk, s, plain)
}

func (w *lowerer) namesHost(rules []*policy.Rule) bool {
	return slices.ContainsFunc(rules, func(r *policy.Rule) bool { return r.To != nil && r.To.Host })
}

func (w *lowerer) blockFor(c *node, hook ruleset.Hook, name string, blk *policy.Block, s side, m mode) {
	if hook != ruleset.Forward && blk.KeepsNeeds() {
		w.needed(c, s, m)
	}
	if blk.Closed() && w.v.Policy.Options.InvalidDrop {
		c.add(origin{}, state(ruleset.StateInvalid), ruleset.Drop)
	}
	c = w.blockDenies(c, name, blk, s, m)
	c = w.blockAllows(c, name, blk, s, m)
	if !blk.Closed() {
		// What exceeds a limit is refused, though the default would let it pass.
		for _, r := range blk.Rules {
			if r.Families&w.f != 0 && r.Allow && r.Limit != nil {
				one := policy.Rule{Traffic: r.Traffic, From: r.From, On: r.On, Out: r.Out, To: r.To, Users: r.Users, Groups: r.Groups, Span: r.Span}
				c = w.statement(c, "beyond its limit: "+name, &one, s, m, func() *ruleset.Verdict { return w.blockRefusal(name, blk.LogRefused, blk.Refuse) })
			}
		}
		return
	}
	w.blockDefault(c, name, blk)
}

func (w *lowerer) blockDenies(c *node, name string, blk *policy.Block, s side, m mode) *node {
	for _, r := range blk.Rules {
		if r.Families&w.f != 0 && !r.Allow {
			c = w.statement(c, name, r, s, m, func() *ruleset.Verdict { return w.blockRefusal(name, blk.LogRefused, blk.Refuse) })
		}
	}
	return c
}

// blockAllows appends what is allowed without a limit before what takes a token.
func (w *lowerer) blockAllows(c *node, name string, blk *policy.Block, s side, m mode) *node {
	for _, limited := range [...]bool{false, true} {
		for _, r := range blk.Rules {
			if r.Families&w.f != 0 && r.Allow && limited == (r.Limit != nil) {
				c = w.statement(c, name, r, s, m, passes)
			}
		}
	}
	return c
}

// blockDefault refuses what nothing allowed.
func (w *lowerer) blockDefault(c *node, name string, blk *policy.Block) {
	if !blk.Closed() {
		return
	}
	o := origin{name + " default " + blk.Span.FileLine(), blk.Span}
	if blk.Default == policy.Reject && blk.LogRefused == nil {
		w.refuse(c, o, name, nil, blk.Default)
		return
	}
	c.add(o, w.blockRefusal(name, blk.LogRefused, blk.Default))
}

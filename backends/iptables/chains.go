package iptables

import (
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// drop a chain, or all of them.
func (rd *reader) drop() {
	t := rd.table
	if rd.chain.Text == "" {
		for _, c := range t.chains {
			if c.base == nil && (c.rules.len() > 0 || c.refs > 0) {
				rd.refuse(rd.verbAt, "the chain %s is in use", c.name).Helpf("-F empties all chains first")
				return
			}
		}
		kept := t.chains[:0]
		for _, c := range t.chains {
			if c.base != nil {
				kept = append(kept, c)
			} else {
				delete(t.byName, c.name)
			}
		}
		clear(t.chains[len(kept):])
		t.chains, t.cleared, t.last = kept, true, nil
		return
	}
	c := t.chain(ruleset.ShowUnknown(rd.chain.Text))
	switch {
	case c == nil && (!t.cleared && !rd.s.fresh || ruleset.HasUnknown(rd.chain.Text)):
		// It may be there, and is gone then.
	case c == nil:
		rd.refuse(rd.chain.Span, "the table %s has no chain %s", t.name, rd.chain.Text)
	case c.base != nil && c.rules.len() == 0:
		// The nft variant takes it back to what it is without any rule.
		c.base.Policy = ruleset.VerdictAccept
		rd.l.Warnf(rd.chain.Span, "%s is the kernel's own chain", c.name).WithCode(ruleset.CodeRefused).
			Helpf("%s-legacy does not delete it", Restore{Family: rd.s.family}.Name())
	case c.rules.len() > 0:
		rd.refuse(rd.chain.Span, "the chain %s is not empty", c.name).Helpf("-F %s empties it", c.name)
	case c.refs > 0:
		rd.refuse(rd.chain.Span, "a rule leads to the chain %s", c.name).Helpf("delete the rule first")
	default:
		t.remove(c)
	}
}

func (t *table) remove(c *chain) {
	t.last = nil
	delete(t.byName, c.name)
	for i, o := range t.chains {
		if o == c {
			t.chains = append(t.chains[:i], t.chains[i+1:]...)
			return
		}
	}
}

// rename a chain, and the rules that lead to it.
func (rd *reader) rename() {
	t := rd.table
	c := rd.find(rd.chain)
	switch {
	case c == nil:
		return
	case c.base != nil:
		rd.refuse(rd.chain.Span, "%s is the kernel's own chain", c.name).Helpf("it keeps its name")
		return
	case t.chain(rd.other.Text) != nil:
		rd.refuse(rd.other.Span, "the chain %s exists already", rd.other.Text)
		return
	case ruleset.HasUnknown(rd.other.Text):
		rd.unknown(rd.other.Span, "the new name")
		return
	case !rd.newName(rd.other):
		return
	}
	old := c.name
	delete(t.byName, old)
	t.last = nil
	c.name, c.jump, c.leap = rd.other.Text, nil, nil
	t.byName[c.name] = c
	if c.refs == 0 {
		return
	}
	for _, o := range t.chains {
		for i := range o.rules.len() {
			r := o.rules.at(i)
			if len(r.Body) == 0 {
				continue
			}
			if v, ok := r.Body[len(r.Body)-1].(*ruleset.Verdict); ok && v.Chain == old {
				next := *r
				next.Body = append([]ruleset.Stmt(nil), r.Body...)
				next.Body[len(r.Body)-1] = c.verdict(v.Kind == ruleset.VerdictGoto)
				o.rules.replace(i, &next)
			}
		}
	}
}

// verdict that leads to the chain.
func (c *chain) verdict(leap bool) *ruleset.Verdict {
	v := &c.jump
	kind := ruleset.VerdictJump
	if leap {
		v, kind = &c.leap, ruleset.VerdictGoto
	}
	if *v == nil {
		*v = &ruleset.Verdict{Kind: kind, Chain: c.name}
	}
	return *v
}

func (rd *reader) policy() {
	c := rd.table.chain(rd.chain.Text)
	if ruleset.HasUnknown(rd.chain.Text) || ruleset.HasUnknown(rd.other.Text) {
		at := rd.other.Span
		if ruleset.HasUnknown(rd.chain.Text) {
			at = rd.chain.Span
		}
		rd.unknown(at, "the policy")
		return
	}
	if c == nil || c.base == nil {
		rd.refuse(rd.chain.Span, "%s is no chain with a policy", rd.chain.Text).Helpf("the kernel's own chains have one, not those of -N")
		return
	}
	p, ok := policyOf(rd.other.Text)
	if !ok {
		rd.refuse(rd.other.Span, "%q is no policy", rd.other.Text).Helpf("a policy is ACCEPT or DROP")
		return
	}
	c.base.Policy, c.foreign = p, false
	if c.origin == (diag.Span{}) {
		c.origin = rd.at
	}
}

func policyOf(s string) (ruleset.VerdictKind, bool) {
	return map[string]ruleset.VerdictKind{"DROP": ruleset.VerdictDrop}[s], s == "ACCEPT" || s == "DROP"
}

// zero the counters.
func (rd *reader) zero() {
	for _, c := range rd.table.chains {
		if rd.chain.Text != "" && c.name != rd.chain.Text {
			continue
		}
		if rd.nr == 0 {
			c.packets, c.bytes = 0, 0
		}
		for i := range c.rules.len() {
			if r := c.rules.at(i); (rd.nr == 0 || rd.nr == i+1) && (r.Packets != 0 || r.Bytes != 0) {
				next := *r
				next.Packets, next.Bytes = 0, 0
				c.rules.replace(i, &next)
			}
		}
	}
}

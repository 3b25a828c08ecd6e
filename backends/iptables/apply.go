package iptables

import (
	"github.com/loward/loward/backends/iptables/internal/ext"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// fits says whether the options go with the command and the chain.
func (rd *reader) fits() bool {
	if name, at := rd.illegal(); name != "" {
		rd.syntax(at, "%s does not go with -%c", name, rd.verb)
	}
	if len(rd.chain.Text) > maxChain && !ruleset.HasUnknown(rd.chain.Text) {
		rd.syntax(rd.chain.Span, "the chain's name is too long").Helpf("it has at most %d bytes", maxChain)
	}
	switch rd.chain.Text {
	case "PREROUTING", "INPUT":
		if rd.has(optOut) {
			rd.syntax(rd.value[optOut].Span, "-o can't stand in %s", rd.chain.Text).Helpf("where the packet leaves is not known there")
		}
	case "POSTROUTING", "OUTPUT":
		if rd.has(optIn) {
			rd.syntax(rd.value[optIn].Span, "-i can't stand in %s", rd.chain.Text).Helpf("the packet has no arriving interface there any more")
		}
	}
	if rd.table.name == "nat" && (rd.verb == 'P' && rd.other.Text == "DROP" || rd.has(optJump) && rd.value[optJump].Text == "DROP") {
		at := rd.other.Span
		if rd.verb != 'P' {
			at = rd.value[optJump].Span
		}
		rd.syntax(at, "DROP can't stand in the table nat").Helpf("drop in the table filter")
	}
	return !rd.bad && !rd.vague
}

// apply does what the command says.
func (rd *reader) apply() {
	switch rd.verb {
	case 'A', 'I', 'R', 'D', 'C':
		rd.edit()
	case 'N':
		if ruleset.HasUnknown(rd.chain.Text) {
			rd.find(rd.chain)
			return
		}
		if rd.table.chain(rd.chain.Text) != nil {
			rd.refuse(rd.chain.Span, "the chain %s exists already", rd.chain.Text)
		} else if rd.newName(rd.chain) {
			rd.table.add(&chain{name: rd.chain.Text, origin: rd.at})
		}
	case 'X':
		rd.drop()
	case 'F':
		if rd.chain.Text == "" {
			for _, c := range rd.table.chains {
				rd.table.empty(c)
			}
		} else if c := rd.find(rd.chain); c != nil {
			rd.table.empty(c)
		}
	case 'E':
		rd.rename()
	case 'P':
		rd.policy()
	case 'Z':
		rd.zero()
	}
}

// find the chain of a command. One that is not there may be in the kernel all
// the same, where the commands so far have not cleared the table.
func (rd *reader) find(w Word) *chain {
	name := ruleset.ShowUnknown(w.Text)
	c := rd.table.chain(name)
	switch {
	case c != nil:
		return c
	case ruleset.HasUnknown(w.Text):
		rd.l.Warnf(w.Span, "the name of the chain can't be known").WithCode(ruleset.CodeUnknown)
	case rd.table.cleared:
		rd.refuse(w.Span, "the table %s has no chain %s", rd.table.name, name).Helpf("-N %s makes it", name)
		return nil
	default:
		return rd.missing(name, w.Span)
	}
	return rd.assume(name)
}

// missing warns of a chain that no command has made.
func (rd *reader) missing(name string, at diag.Span) *chain {
	rd.l.Warnf(at, "no command has made the chain %s of the table %s", name, rd.table.name).
		WithCode(ruleset.CodeRefused).Helpf("it has to be there already when this is run")
	return rd.assume(name)
}

// assume that a chain is there.
func (rd *reader) assume(name string) *chain {
	c := &chain{name: name, foreign: true, origin: rd.at}
	rd.table.add(c)
	return c
}

// newName says whether a chain may be called so.
func (rd *reader) newName(w Word) bool {
	name := w.Text
	switch {
	case name == "":
		rd.syntax(w.Span, "the chain has no name")
	case name[0] == '-' || name[0] == '!':
		rd.syntax(w.Span, "the chain's name begins with %c", name[0])
	case len(name) > maxChain:
		rd.syntax(w.Span, "the chain's name is too long").Helpf("it has at most %d bytes", maxChain)
	case standard(name) || rd.verb == 'N' && ext.Find(name, true, rd.s.family) != nil:
		rd.syntax(w.Span, "%s is the name of a target", name).Helpf("a chain needs another one")
	default:
		for i := 0; i < len(name); i++ {
			if name[i] <= ' ' || name[i] == 0x7f {
				rd.syntax(w.Span, "the chain's name %q holds a blank", name)
				return false
			}
		}
		return true
	}
	return false
}

// target of a rule that is a chain, or nil.
func (t *table) target(r *ruleset.Rule) *chain {
	if len(r.Body) == 0 {
		return nil
	}
	v, ok := r.Body[len(r.Body)-1].(*ruleset.Verdict)
	if !ok || v.Chain == "" {
		return nil
	}
	return t.byName[v.Chain]
}

// count a rule that comes into a chain (by is 1) or goes (-1).
func (t *table) count(in *chain, r *ruleset.Rule, by int) {
	if c := t.target(r); c != nil {
		c.refs += by
		in.leads += by
		t.jumped = t.jumped || by > 0
	}
}

// empty a chain.
func (t *table) empty(c *chain) {
	for i := range c.rules.len() {
		t.count(c, c.rules.at(i), -1)
	}
	c.rules = list{}
	if c.base != nil || t.cleared {
		c.foreign = false
	}
}

// edit the rules of a chain.
func (rd *reader) edit() {
	t := rd.table
	c := rd.find(rd.chain)
	if c == nil {
		return
	}
	if rd.verb == 'D' && rd.nr > 0 {
		switch {
		case rd.nr <= c.rules.len():
			t.count(c, c.rules.at(rd.nr-1), -1)
			c.rules.remove(rd.nr - 1)
		case !c.foreign:
			rd.refuse(rd.nrAt, "%s has no rule %d", c.name, rd.nr).Helpf("it has %d", c.rules.len())
		}
		return
	}
	rules := rd.rules(c)
	if rd.bad {
		return
	}
	c.picky = c.picky || rd.picky
	if !rd.restoring && len(rules) > 0 && (rd.verb == 'A' || rd.verb == 'I' || rd.verb == 'R') {
		// A text is looked through at its COMMIT.
		if to := t.target(rules[0]); to != nil && (to == c || to.leads > 0) {
			rd.circle = t.reaches(to, c)
		}
	}
	switch rd.verb {
	case 'A':
		for _, r := range rules {
			t.count(c, r, 1)
			c.rules.insert(c.rules.len(), r)
		}
	case 'I':
		at := max(rd.nr-1, 0)
		if at > c.rules.len() {
			if !c.foreign {
				rd.refuse(rd.nrAt, "%s has not so many rules that one can be the %d.", c.name, rd.nr).Helpf("it has %d", c.rules.len())
				return
			}
			at = c.rules.len()
		}
		for _, r := range rules {
			t.count(c, r, 1)
			c.rules.insert(at, r)
		}
	case 'R':
		rd.replace(c, rules)
	case 'D', 'C':
		for _, r := range rules {
			i := c.rules.find(r)
			if i < 0 && (!c.foreign || c.base != nil && rd.s.fresh) && !uncertain(r) {
				rd.refuse(rd.at, "%s has no such rule", c.name)
				return
			}
			if i >= 0 && rd.verb == 'D' {
				t.count(c, c.rules.at(i), -1)
				c.rules.remove(i)
			}
		}
	}
}

// uncertain: a value of the rule is not known.
func uncertain(r *ruleset.Rule) bool {
	for s := range r.Plain {
		switch s := s.(type) {
		case *ruleset.Opaque, *ruleset.May:
			return true
		case *ruleset.Match:
			for i := range s.Terms {
				if s.Terms[i].Unknown || s.Terms[i].Text != "" {
					return true
				}
			}
		}
	}
	return false
}

func (rd *reader) replace(c *chain, rules []*ruleset.Rule) {
	switch {
	case len(rules) != 1:
		at := rd.value[optSource].Span
		if len(rd.srcs) < 2 {
			at = rd.value[optDestination].Span
		}
		rd.syntax(at, "one rule can't be replaced by several").Helpf("name one address")
	case rd.nr <= c.rules.len():
		rd.table.count(c, c.rules.at(rd.nr-1), -1)
		rd.table.count(c, rules[0], 1)
		c.rules.replace(rd.nr-1, rules[0])
	case !c.foreign:
		rd.refuse(rd.nrAt, "%s has no rule %d", c.name, rd.nr).Helpf("it has %d", c.rules.len())
	}
}

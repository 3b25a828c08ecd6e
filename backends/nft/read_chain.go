package nft

import (
	"slices"
	"strconv"

	tree "github.com/loward/loward/backends/nft/internal/syntax"
	"github.com/loward/loward/compiler/ruleset"
)

func (s *State) doChain(c *tree.Cmd, t *readTable) {
	name := textOfName(c.Name)
	ch := t.chains[name]
	switch c.Verb {
	case tree.Add, tree.Create:
		if ch != nil && c.Verb == tree.Create {
			s.refuse(c.Name.Span, "File exists: the chain %s is there already", name).See(ch.c.Origin, "here")
			return
		}
		if ch == nil {
			ch = &readChain{c: &ruleset.Chain{Name: name, Origin: origin(c.Span)}}
			t.chains[name] = ch
			t.t.Chains = append(t.t.Chains, ch.c)
		}
		if c.ChainSpec != nil {
			s.chainSpec(ch.c, c.ChainSpec, t.t.Family)
		}
		return
	case tree.Rename:
		if ch = s.chainOf(c, t, c.Name); ch != nil {
			if t.chains[textOfName(c.NewName)] != nil {
				s.refuse(c.NewName.Span, "File exists: the chain %s is there already", textOfName(c.NewName))
				return
			}
			delete(t.chains, name)
			ch.c.Name = textOfName(c.NewName)
			t.chains[ch.c.Name] = ch
		}
		return
	case tree.Flush:
		if ch = s.chainOf(c, t, c.Name); ch != nil {
			ch.c.Rules = nil
		}
		return
	case tree.Delete, tree.Destroy:
	default:
		return
	}
	if ch == nil && c.Handle.Given {
		s.notModelled(c.Span, "a chain named by its handle")
		return
	}
	if ch = s.chainOf(c, t, c.Name); ch == nil {
		return
	}
	if u := t.user(name); u != nil {
		s.refuse(c.Name.Span, "Device or resource busy: rules jump to the chain %s", name).See(u.Origin, "this one")
		return
	}
	t.t.Chains = slices.DeleteFunc(t.t.Chains, func(o *ruleset.Chain) bool { return o == ch.c })
	delete(t.chains, name)
}

// user is a rule that jumps to a chain, or nil.
func (t *readTable) user(chain string) *ruleset.Rule {
	for _, c := range t.t.Chains {
		for _, r := range c.Rules {
			for _, st := range r.Body {
				if v, ok := st.(*ruleset.Verdict); ok && v.Chain == chain && v.Inline == nil && c.Name != chain {
					return r
				}
			}
		}
	}
	return nil
}

func (s *State) chainSpec(c *ruleset.Chain, spec *tree.ChainSpec, f ruleset.Family) {
	if spec.Comment != "" {
		c.Comment = spec.Comment
	}
	if spec.Type.Text == "" {
		switch {
		case spec.Policy.Text == "":
		case c.Base == nil:
			s.refuse(spec.Policy.Span, "Operation not supported: only a base chain has a policy").Helpf("write before it: type filter hook input priority 0;")
		default:
			s.policy(c.Base, spec.Policy)
		}
		if c.Base != nil {
			c.Base.Devices = append(c.Base.Devices, s.devices(spec.Devices)...)
		}
		return
	}
	b := &ruleset.Base{Type: textOfName(spec.Type)}
	switch b.Type {
	case "filter", "nat", "route":
	default:
		if !ruleset.HasUnknown(spec.Type.Text) {
			s.refuse(spec.Type.Span, "unknown chain type %s", b.Type).Helpf("filter, nat or route")
		}
	}
	hook, ok := hookNamed(spec.Hook.Text)
	if !ok && !ruleset.HasUnknown(spec.Hook.Text) {
		s.refuse(spec.Hook.Span, "unknown chain hook %s", spec.Hook.Text).Helpf("prerouting, input, forward, output, postrouting, ingress or egress")
	}
	b.Hook = hook
	s.hookFits(spec, b, f)
	b.Priority = s.priority(spec.Priority, f, hook)
	if b.Type == "nat" && b.Priority <= conntrackPriority {
		s.refuse(spec.Priority.Span, "Operation not supported: a chain of type nat has a priority above %d, for conntrack comes before it", conntrackPriority)
	}
	b.Devices = s.devices(spec.Devices)
	s.policy(b, spec.Policy)
	for _, n := range spec.Flags {
		b.Offload = b.Offload || n.Text == "offload"
	}
	same := c.Base != nil && c.Base.Hook == b.Hook && c.Base.Type == b.Type
	if c.Base != nil && !same && ok && !ruleset.HasUnknown(spec.Type.Text) {
		s.refuse(spec.Hook.Span, "Operation not supported: the chain %s is there already, of type %s at hook %s", c.Name, c.Base.Type, c.Base.Hook)
	}
	if same {
		b.Devices = append(c.Base.Devices, b.Devices...)
		slices.Sort(b.Devices)
		b.Devices = slices.Compact(b.Devices)
		if spec.Policy.Text == "" {
			b.Policy = c.Base.Policy
		}
	}
	c.Base = b
}

// conntrackPriority is where conntrack stands (NF_IP_PRI_CONNTRACK).
const conntrackPriority = -200

func (s *State) policy(b *ruleset.Base, n tree.Name) {
	switch n.Text {
	case "", "accept":
		b.Policy = ruleset.VerdictAccept
	case "drop":
		b.Policy = ruleset.VerdictDrop
	default:
		if ruleset.HasUnknown(n.Text) {
			s.l.Warnf(n.Span, "the policy can't be known: read as accept").WithCode(ruleset.CodeUnknown)
			return
		}
		s.refuse(n.Span, "unknown policy %s", n.Text).Helpf("accept or drop")
	}
}

func hookNamed(s string) (ruleset.Hook, bool) {
	switch s {
	case "prerouting":
		return ruleset.Prerouting, true
	case "input":
		return ruleset.Input, true
	case "forward":
		return ruleset.Forward, true
	case "output":
		return ruleset.Output, true
	case "postrouting":
		return ruleset.Postrouting, true
	case "ingress":
		return ruleset.Ingress, true
	case "egress":
		return ruleset.Egress, true
	}
	return ruleset.Input, false
}

// priority of a base chain (nft(8), "Standard priority names").
func (s *State) priority(p tree.Priority, f ruleset.Family, h ruleset.Hook) int {
	if p.Name == "" {
		if !p.Given && ruleset.HasUnknown(p.Text) || ruleset.HasUnknown(p.Text) {
			s.l.Warnf(p.Span, "the priority can't be known: read as 0").WithCode(ruleset.CodeUnknown)
			return 0
		}
		return int(max(min(p.Offset, 1<<31-1), -1<<31))
	}
	v, ok := 0, true
	if f == ruleset.Bridge {
		switch p.Name {
		case "dstnat":
			v = -300
		case "filter":
			v = -200
		case "out":
			v = 100
		case "srcnat":
			v = 300
		default:
			ok = false
		}
	} else {
		switch p.Name {
		case "raw":
			v = -300
		case "mangle":
			v = -150
		case "dstnat":
			v = -100
		case "filter":
			v = 0
		case "security":
			v = 50
		case "srcnat":
			v = 100
		default:
			ok = false
		}
		if f == ruleset.ARP || f == ruleset.Netdev || h == ruleset.Ingress || h == ruleset.Egress {
			ok = p.Name == "filter"
		}
	}
	if p.Name == "srcnat" && h != ruleset.Postrouting && h != ruleset.Input || p.Name == "dstnat" && h != ruleset.Prerouting && h != ruleset.Output {
		ok = false
	}
	if !ok {
		s.refuse(p.Span, "'%s' is invalid priority in this context.", p.Name)
	}
	return v + int(max(min(p.Offset, 1<<30), -1<<30))
}

func (s *State) doRule(c *tree.Cmd, t *readTable) {
	// Mostly it is the chain of the rule before.
	ch := s.rule.chain
	if ch == nil || s.rule.in != t || ch.c.Name != c.Chain.Text {
		if ch = s.chainOf(c, t, c.Chain); ch == nil {
			return
		}
		s.rule.chain, s.rule.in = ch, t
	}
	switch c.Verb {
	case tree.Delete, tree.Destroy:
		s.deleteRule(c, ch)
		return
	case tree.Add, tree.Create, tree.Insert, tree.Replace:
	default:
		return
	}
	if c.Rule == nil {
		return
	}
	r := s.statements(c.Rule)
	if c.Handle.Given && c.Verb != tree.Replace {
		if ch.handles == nil {
			ch.handles = map[*ruleset.Rule]uint64{}
		}
		ch.handles[r] = c.Handle.Value
	}
	at := s.place(c, ch)
	switch {
	case at < 0:
	case c.Verb == tree.Replace:
		ch.c.Rules[at] = r
	case at == len(ch.c.Rules):
		ch.c.Rules = append(ch.c.Rules, r)
	default:
		ch.c.Rules = slices.Insert(ch.c.Rules, at, r)
	}
}

// place of a rule: where a new one goes, or which one is replaced; -1 where there
// is no such place.
func (s *State) place(c *tree.Cmd, ch *readChain) int {
	n := len(ch.c.Rules)
	by, behind := c.Position, true
	if c.Verb == tree.Replace {
		by, behind = c.Handle, false
	}
	switch {
	case c.Index.Given:
		i := int(min(c.Index.Value, 1<<30))
		if i >= n {
			s.refuse(c.Index.Span, "No such file or directory: the chain %s has %s rules", ch.c.Name, strconv.Itoa(n))
			return -1
		}
		if c.Verb == tree.Add {
			i++
		}
		return i
	case by.Given:
		for i, r := range ch.c.Rules {
			if h := ch.handles[r]; h != 0 && h == by.Value {
				if behind && c.Verb == tree.Add {
					i++
				}
				return i
			}
		}
		if len(ch.handles) < n || n == 0 {
			s.notModelled(c.Span, "a rule named by its handle")
		} else {
			s.refuse(by.Span, "No such file or directory: no rule has the handle %d", by.Value)
		}
		if c.Verb == tree.Replace {
			return -1
		}
	}
	if c.Verb == tree.Insert {
		return 0
	}
	return n
}

func (s *State) deleteRule(c *tree.Cmd, ch *readChain) {
	if c.Index.Given {
		if i := int(min(c.Index.Value, 1<<30)); i < len(ch.c.Rules) {
			ch.c.Rules = slices.Delete(ch.c.Rules, i, i+1)
			return
		}
		s.refuse(c.Index.Span, "No such file or directory: the chain %s has %d rules", ch.c.Name, len(ch.c.Rules))
		return
	}
	for i, r := range ch.c.Rules {
		if h := ch.handles[r]; c.Handle.Given && h != 0 && h == c.Handle.Value {
			ch.c.Rules = slices.Delete(ch.c.Rules, i, i+1)
			return
		}
	}
	s.notModelled(c.Span, "a rule named by its handle")
}

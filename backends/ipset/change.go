package ipset

import (
	"slices"
	"strconv"

	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/compiler/ruleset"
)

func (c *command) add(words []iptables.Word) {
	h := c.find(words)
	if h == nil {
		return
	}
	if len(words) < 2 {
		c.syntax(c.at, "the entry is missing")
		return
	}
	e := ruleset.Elem{Origin: c.at}
	var counter *ruleset.Counter
	fine := true
	c.options(words[2:], addOption, func(o string, v iptables.Word) {
		switch o {
		case "timeout":
			e.Timeout = seconds(v.Text)
			if !h.set.Timeouts {
				c.refuse(v.Span, "the set %s was created without timeouts", h.set.Name)
				fine = false
			}
		case "packets", "bytes":
			if counter == nil {
				counter = &ruleset.Counter{}
			}
			n, _ := strconv.ParseUint(v.Text, 10, 64)
			if o == "packets" {
				counter.Packets = n
			} else {
				counter.Bytes = n
			}
		case "comment":
			e.Comment = ruleset.ShowUnknown(v.Text)
		case "nomatch":
			e.Except = true
		default:
			e.Options = append(e.Options, o)
			if v.Text != "" {
				e.Options = append(e.Options, ruleset.ShowUnknown(v.Text))
			}
		}
	}, &fine)
	if counter != nil {
		e.Stmts = []ruleset.Stmt{counter}
	}
	if !fine {
		return
	}
	if h.set.IPSet.Type == "list:set" {
		c.addMember(h, words[1])
		return
	}
	key, why := element(h.set, words[1].Text)
	if why != "" {
		c.syntax(words[1].Span, "%s", why)
		return
	}
	for _, k := range expanded(h.set, key) {
		e.Key = k
		text := string(entry(nil, h.set, k))
		if i, old := h.index[text]; old {
			if !c.exist {
				c.refuse(words[1].Span, "%s is in the set %s already", text, h.set.Name)
				return
			}
			h.set.Elems[i] = e
			continue
		}
		h.index[text] = len(h.set.Elems)
		h.set.Elems = append(h.set.Elems, e)
	}
}

func (c *command) addMember(h *held, w iptables.Word) {
	switch {
	case ruleset.HasUnknown(w.Text):
	case c.index(w.Text) < 0:
		c.refuse(w.Span, "there is no set %s", w.Text)
		return
	case slices.Contains(h.set.IPSet.Members, w.Text):
		if !c.exist {
			c.refuse(w.Span, "%s is in the set %s already", w.Text, h.set.Name)
		}
		return
	}
	h.set.IPSet.Members = append(h.set.IPSet.Members, ruleset.ShowUnknown(w.Text))
}

func (c *command) del(words []iptables.Word) {
	h := c.find(words)
	if h == nil || len(words) < 2 {
		return
	}
	missing := func() {
		if !c.exist && !ruleset.HasUnknown(words[1].Text) {
			c.refuse(words[1].Span, "%s is not in the set %s", words[1].Text, h.set.Name)
		}
	}
	if h.set.IPSet.Type == "list:set" {
		i := slices.Index(h.set.IPSet.Members, words[1].Text)
		if i < 0 {
			missing()
			return
		}
		h.set.IPSet.Members = slices.Delete(h.set.IPSet.Members, i, i+1)
		return
	}
	key, why := element(h.set, words[1].Text)
	if why != "" {
		c.syntax(words[1].Span, "%s", why)
		return
	}
	for _, k := range expanded(h.set, key) {
		text := string(entry(nil, h.set, k))
		i, old := h.index[text]
		if !old {
			missing()
			return
		}
		last := len(h.set.Elems) - 1
		h.set.Elems[i] = h.set.Elems[last]
		h.index[string(entry(nil, h.set, h.set.Elems[i].Key))] = i
		h.set.Elems = h.set.Elems[:last]
		delete(h.index, text)
	}
}

func (c *command) destroy(words []iptables.Word) {
	if len(words) == 0 {
		c.s.sets = nil
		return
	}
	h := c.find(words)
	if h == nil {
		return
	}
	for _, o := range c.s.sets {
		if slices.Contains(o.set.IPSet.Members, h.set.Name) {
			c.refuse(words[0].Span, "the set %s is in the set %s", h.set.Name, o.set.Name)
			return
		}
	}
	c.s.sets = slices.DeleteFunc(c.s.sets, func(o *held) bool { return o == h })
}

func (c *command) flush(words []iptables.Word) {
	all := c.s.sets
	if len(words) > 0 {
		h := c.find(words)
		if h == nil {
			return
		}
		all = []*held{h}
	}
	for _, h := range all {
		h.set.Elems, h.set.IPSet.Members, h.index = nil, nil, map[string]int{}
	}
}

func (c *command) rename(words []iptables.Word) {
	h := c.find(words)
	if h == nil || len(words) < 2 {
		return
	}
	if c.index(words[1].Text) >= 0 {
		c.refuse(words[1].Span, "the set %s exists already", words[1].Text)
		return
	}
	renamed := *h.set
	renamed.Name = ruleset.ShowUnknown(words[1].Text)
	h.set = &renamed
}

// swap the contents of two sets of one type.
func (c *command) swap(words []iptables.Word) {
	if len(words) < 2 {
		c.syntax(c.at, "two sets are swapped by their names")
		return
	}
	a, b := c.find(words[:1]), c.find(words[1:])
	if a == nil || b == nil {
		return
	}
	if a.set.IPSet.Type != b.set.IPSet.Type {
		c.refuse(c.at, "the sets %s and %s are of different types", a.set.Name, b.set.Name)
		return
	}
	x, y := *b.set, *a.set
	x.Name, y.Name = a.set.Name, b.set.Name
	a.set, b.set = &x, &y
	a.index, b.index = b.index, a.index
}

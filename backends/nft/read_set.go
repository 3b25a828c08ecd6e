package nft

import (
	"slices"

	tree "github.com/loward/loward/backends/nft/internal/syntax"
	"github.com/loward/loward/compiler/ruleset"
)

// typeField is a field of which a data type's values are.
func (s *State) typeField(name string) (ruleset.Expr, bool) {
	switch name {
	case "ipv4_addr":
		return ruleset.IPSaddr, true
	case "ipv6_addr":
		return ruleset.IP6Saddr, true
	case "ether_addr":
		return ruleset.EtherSaddr, true
	case "inet_proto":
		return ruleset.L4Proto, true
	case "inet_service":
		return ruleset.Dport, true
	case "mark":
		return ruleset.MetaMark, true
	case "ifname":
		return ruleset.IIFName, true
	case "iface_index":
		return ruleset.IIF, true
	case "boolean":
		return ruleset.SecPath, true
	}
	for f := ruleset.NoField + 1; int(f) < len(s.syntax); f++ {
		if s.syntax[f].datatype == name {
			return f, true
		}
	}
	return nil, false
}

// setTypes reads the key or the data of a set's definition.
func (s *State) setTypes(x *tree.Expr, typeof bool) (key []ruleset.Expr, ok bool) {
	list := []*tree.Expr{x}
	if x.Kind == tree.XConcat {
		list = x.Args
	}
	for _, a := range list {
		if typeof {
			s.rule.begin(s.rule.family)
			s.rule.several = true
			e := s.expr(a)
			if e == nil {
				return nil, false
			}
			key = append(key, keys(e)...)
			continue
		}
		e, known := s.typeField(a.Text)
		if !known {
			if ruleset.HasUnknown(a.Text) {
				s.l.Warnf(a.Span, "the type can't be known").WithCode(ruleset.CodeUnknown)
				return nil, false
			}
			// The last two are what nft lists for typeof, and does not take back.
			if a.Text == "time" || a.Text == "icmpx_code" || a.Text == "cgroupsv2" ||
				s.json && (a.Text == "integer" || a.Text == "string") {
				s.notModelled(a.Span, "type "+a.Text)
				return nil, false
			}
			s.refuse(a.Span, "unknown datatype %s", a.Text).Helpf("like ipv4_addr, inet_service, ifname, mark")
			return nil, false
		}
		key = append(key, e)
	}
	return key, true
}

func (s *State) doSet(c *tree.Cmd, t *readTable) {
	name := textOfName(c.Name)
	set := t.sets[name]
	switch c.Verb {
	case tree.Add, tree.Create:
	case tree.Flush:
		if set == nil {
			s.missing(c.Name.Span, "set", name, t.setNames)
			return
		}
		set.Elems = nil
		delete(t.elems, set)
		return
	case tree.Delete, tree.Destroy:
		if set == nil {
			if c.Verb == tree.Delete && !c.Handle.Given {
				s.missing(c.Name.Span, "set", name, t.setNames)
			}
			return
		}
		t.t.Sets = slices.DeleteFunc(t.t.Sets, func(o *ruleset.Set) bool { return o == set })
		delete(t.sets, name)
		return
	default:
		return
	}
	if set != nil {
		if c.Verb == tree.Create {
			s.refuse(c.Name.Span, "File exists: the set %s is there already", name).See(set.Origin, "here")
		}
		return
	}
	set = &ruleset.Set{Name: name, Origin: origin(c.Span)}
	if c.SetSpec != nil {
		s.setSpec(c, set)
	}
	t.sets[name] = set
	t.t.Sets = append(t.t.Sets, set)
}

func (s *State) setSpec(c *tree.Cmd, set *ruleset.Set) {
	spec := c.SetSpec
	set.Typeof, set.Comment, set.AutoMerge = spec.Typeof, spec.Comment, spec.AutoMerge
	set.Timeout, set.GC, set.Size = milli(spec.Timeout), milli(spec.GC), clampInt(spec.Size.Value)
	set.Memory = spec.Policy.Text == "memory"
	if spec.Key != nil {
		set.Key, _ = s.setTypes(spec.Key, spec.Typeof)
	} else {
		s.refuse(c.Name.Span, "set definition does not specify key").Helpf("write type ipv4_addr, or typeof ip saddr")
	}
	for _, f := range spec.Flags {
		switch f.Text {
		case "constant":
			set.Constant = true
		case "interval":
			set.Interval = true
		case "dynamic":
			set.Dynamic = true
		case "timeout":
			set.Timeouts = true
		default:
			s.refuse(f.Span, "unknown set flag %s", f.Text).Helpf("constant, dynamic, interval or timeout")
		}
	}
	if set.Timeout > 0 {
		set.Timeouts = true
	}
	if set.AutoMerge && !set.Interval {
		s.refuse(c.Name.Span, "auto-merge only works with interval sets").Helpf("add flags interval")
	}
	for _, st := range spec.Stmts {
		x := s.stateful(st)
		if n, ok := x.(*ruleset.Counter); ok && *n == (ruleset.Counter{}) {
			set.Counted = true
		} else {
			set.Stmts = append(set.Stmts, x)
		}
	}
	switch {
	case c.Kind != tree.Map:
	case spec.Object != tree.NoKind:
		k := objectKinds(spec.Object)
		set.Objects = &k
	case spec.Data == nil:
		s.refuse(c.Name.Span, "map definition does not specify mapping data type").Helpf("write type KEY : TYPE")
	case spec.Data.Kind == tree.XSymbol && spec.Data.Text == "verdict":
		set.Verdicts = true
	default:
		set.Data, _ = s.setTypes(spec.Data, spec.Typeof)
		set.DataInterval = spec.DataInterval
	}
}

// doElements adds elements to a set, or takes them out.
func (s *State) doElements(c *tree.Cmd, t *readTable) {
	name := textOfName(c.Name)
	set := t.sets[name]
	if set == nil {
		if c.Verb != tree.Destroy {
			s.missing(c.Name.Span, "set", name, t.setNames)
		}
		return
	}
	if len(set.Key) == 0 {
		return // of a type that is not known, which was said
	}
	kinds := s.kindsOf(set.Key)
	data := elemData{verdicts: set.Verdicts, objects: set.Objects != nil}
	if set.Data != nil {
		data.kinds = s.kindsOf(set.Data)
	}
	switch c.Verb {
	case tree.Add, tree.Create:
		n := len(set.Elems)
		s.addElements(c, t, set, kinds, data)
		s.checkElements(set, set.Elems[min(n, len(set.Elems)):])
	case tree.Delete, tree.Destroy:
		s.deleteElements(c, t, set, kinds)
	}
}

func (s *State) addElements(c *tree.Cmd, t *readTable, set *ruleset.Set, kinds []kind, data elemData) {
	if !c.Block && t.elems[set] == nil && len(set.Elems) > 0 {
		t.indexOf(set)
	}
	for _, x := range c.Elems {
		if x.Kind == tree.XSet {
			for _, a := range x.Args {
				s.addElement(a, c, t, set, kinds, data)
			}
			continue
		}
		s.addElement(x, c, t, set, kinds, data)
	}
}

func (s *State) addElement(x *tree.Expr, c *tree.Cmd, t *readTable, set *ruleset.Set, kinds []kind, data elemData) {
	e, ok := s.element(x, kinds, data)
	if !ok {
		return
	}
	if index := t.elems[set]; index != nil {
		key := keyText(&e)
		if i, old := index[key]; old {
			if c.Verb == tree.Create {
				s.refuse(x.Span, "File exists: the element is there already")
				return
			}
			s.again(x, &set.Elems[i], &e)
			return
		}
		index[key] = len(set.Elems)
	}
	set.Elems = append(set.Elems, e)
}

// again adds an element that is there: of the new one counts its time alone.
func (s *State) again(x *tree.Expr, old, e *ruleset.Elem) {
	if !slices.Equal(old.Data, e.Data) || old.Object != e.Object || old.Verdict != nil && e.Verdict != nil && !sameVerdict(old.Verdict, e.Verdict) {
		s.refuse(x.Span, "File exists: the element is there already, with another value").See(old.Origin, "here")
		return
	}
	old.Timeout, old.Expires = e.Timeout, e.Expires
}

func sameVerdict(a, b *ruleset.Verdict) bool {
	return a.Kind == b.Kind && a.Chain == b.Chain && (a.Inline == nil) == (b.Inline == nil)
}

func (s *State) deleteElements(c *tree.Cmd, t *readTable, set *ruleset.Set, kinds []kind) {
	list := c.Elems
	if len(list) == 1 && list[0].Kind == tree.XSet {
		list = list[0].Args
	}
	for _, x := range list {
		keyed := x
		if x.Kind == tree.XElem && x.Elem != nil {
			keyed = x.Elem.Key
		}
		var e ruleset.Elem
		ok := true
		if keyed.Kind == tree.XStar {
			e.Any = true
		} else {
			e.Key, ok = s.key(keyed, kinds)
		}
		if !ok {
			continue
		}
		index := t.indexOf(set)
		i, there := index[keyText(&e)]
		if !there {
			if c.Verb == tree.Delete {
				s.refuse(x.Span, "No such file or directory: the set %s has no such element", set.Name)
			}
			continue
		}
		last := len(set.Elems) - 1
		set.Elems[i] = set.Elems[last]
		index[keyText(&set.Elems[i])] = i
		set.Elems = set.Elems[:last]
		delete(index, keyText(&e))
	}
}

// indexOf a set's elements by their keys.
func (t *readTable) indexOf(set *ruleset.Set) map[string]int {
	if m := t.elems[set]; m != nil {
		return m
	}
	if t.elems == nil {
		t.elems = map[*ruleset.Set]map[string]int{}
	}
	m := make(map[string]int, len(set.Elems))
	for i := range set.Elems {
		m[keyText(&set.Elems[i])] = i
	}
	t.elems[set] = m
	return m
}

// keyText is the same for elements whose keys are.
func keyText(e *ruleset.Elem) string {
	if e.Any {
		return "*"
	}
	b := make([]byte, 0, 40*len(e.Key))
	for _, t := range e.Key {
		for _, v := range [...]uint64{t.Lo.Hi, t.Lo.Lo, t.Hi.Hi, t.Hi.Lo} {
			b = appendNumber(append(b, ','), v)
		}
		b = append(append(b, ' '), t.Text...)
	}
	return string(b)
}

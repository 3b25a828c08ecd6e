package nft

import (
	"maps"
	"slices"

	tree "github.com/loward/loward/backends/nft/internal/syntax"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// readTable is a table with its names.
type readTable struct {
	t          *ruleset.Table
	chains     map[string]*readChain
	sets       map[string]*ruleset.Set
	objects    map[objectName]*ruleset.Object
	flowtables map[string]*ruleset.Flowtable
	elems      map[*ruleset.Set]map[string]int // index of a set's elements, once it is needed
}

type tableName struct {
	family ruleset.Family
	name   string
}

type objectName struct {
	kind ruleset.ObjectKind
	name string
}

// readChain is a chain with its rules' handles, where they are given.
type readChain struct {
	c       *ruleset.Chain
	handles map[*ruleset.Rule]uint64
}

func newReadTable(t *ruleset.Table) *readTable {
	return &readTable{t: t, chains: map[string]*readChain{}, sets: map[string]*ruleset.Set{}, objects: map[objectName]*ruleset.Object{}, flowtables: map[string]*ruleset.Flowtable{}}
}

func (t *readTable) object(k ruleset.ObjectKind, name string) *ruleset.Object {
	return t.objects[objectName{k, name}]
}

func (t *readTable) chainNames() (names []string) {
	for _, c := range t.t.Chains {
		names = append(names, c.Name)
	}
	return names
}

func (t *readTable) setNames() (names []string) {
	for _, s := range t.t.Sets {
		names = append(names, s.Name)
	}
	return names
}

func (t *readTable) objectNames(k ruleset.ObjectKind) (names []string) {
	for _, o := range t.t.Objects {
		if o.Kind == k {
			names = append(names, o.Name)
		}
	}
	return names
}

// findSet that a rule names.
func (s *State) findSet(x *tree.Expr, name string) *ruleset.Set { return s.setNamed(x.Span, name) }

func (s *State) setNamed(at diag.Span, name string) *ruleset.Set {
	t := s.rule.table
	if t == nil || ruleset.HasUnknown(name) {
		return nil
	}
	set := t.sets[name]
	if set == nil {
		s.missing(at, "set", name, t.setNames)
	}
	return set
}

func familyNamed(s string) (ruleset.Family, bool) {
	switch s {
	case "", "ip":
		return ruleset.IP, true
	case "ip6":
		return ruleset.IP6, true
	case "inet":
		return ruleset.Inet, true
	case "arp":
		return ruleset.ARP, true
	case "bridge":
		return ruleset.Bridge, true
	case "netdev":
		return ruleset.Netdev, true
	}
	return ruleset.Inet, false
}

func (s *State) table(f ruleset.Family, name string) *readTable {
	return s.byName[tableName{f, name}]
}

// tableOf a command, which must be there.
func (s *State) tableOf(c *tree.Cmd) *readTable {
	f, _ := familyNamed(c.Family)
	if ruleset.HasUnknown(c.Table.Text) {
		for _, t := range s.tables {
			if t.t.Family == f && t.t.Name == textOfName(c.Table) {
				return t
			}
		}
	}
	t := s.table(f, textOfName(c.Table))
	if t == nil && c.Verb != tree.Destroy {
		s.missing(c.Table.Span, "table "+f.String(), textOfName(c.Table), func() (known []string) {
			for _, t := range s.tables {
				known = append(known, t.t.Name)
			}
			return known
		})
	}
	return t
}

func textOfName(n tree.Name) string { return ruleset.ShowUnknown(n.Text) }

// chainOf a command, which must be there.
func (s *State) chainOf(c *tree.Cmd, t *readTable, n tree.Name) *readChain {
	ch := t.chains[textOfName(n)]
	if ch == nil && c.Verb != tree.Destroy {
		s.missing(n.Span, "chain", textOfName(n), t.chainNames)
	}
	return ch
}

// do what a command says.
func (s *State) do(c *tree.Cmd) {
	switch c.Verb {
	case tree.Get, tree.List, tree.Import, tree.Export, tree.Monitor, tree.Describe, tree.Reset:
		return
	}
	if c.Kind != tree.RuleKind {
		s.rule.chain = nil
	}
	if c.Kind == tree.Ruleset {
		s.flushRuleset(c)
		return
	}
	if c.Kind == tree.Table {
		s.doTable(c)
		return
	}
	t := s.tableOf(c)
	if t == nil {
		return
	}
	f := t.t.Family
	s.rule.table = t
	s.rule.begin(f)
	switch c.Kind {
	case tree.Chain:
		s.doChain(c, t)
	case tree.RuleKind:
		s.doRule(c, t)
	case tree.Set, tree.Map, tree.Meter:
		s.doSet(c, t)
	case tree.Element:
		s.doElements(c, t)
	case tree.Flowtable:
		s.doFlowtable(c, t)
	case tree.Tunnel, tree.Hooks, tree.NoKind:
		s.notModelled(c.Span, c.Kind.String())
	default:
		s.doObject(c, t)
	}
	s.rule.table = nil
}

func (s *State) flushRuleset(c *tree.Cmd) {
	if c.Verb != tree.Flush {
		return
	}
	if c.Family == "" {
		s.tables = nil
		clear(s.byName)
		return
	}
	f, _ := familyNamed(c.Family)
	s.tables = slices.DeleteFunc(s.tables, func(t *readTable) bool { return t.t.Family == f })
	maps.DeleteFunc(s.byName, func(n tableName, _ *readTable) bool { return n.family == f })
}

func (s *State) doTable(c *tree.Cmd) {
	f, _ := familyNamed(c.Family)
	name := textOfName(c.Table)
	if name == "" {
		name = textOfName(c.Name)
	}
	t := s.table(f, name)
	switch c.Verb {
	case tree.Add, tree.Create:
		if t != nil && c.Verb == tree.Create {
			s.refuse(c.Table.Span, "File exists: the table %s %s is there already", f, name).See(t.t.Origin, "here")
			return
		}
		if t == nil {
			t = newReadTable(&ruleset.Table{Family: f, Name: name, Origin: origin(c.Span)})
			s.tables = append(s.tables, t)
			s.byName[tableName{f, name}] = t
		}
		if c.TableSpec != nil {
			s.tableSpec(t.t, c.TableSpec)
		}
		return
	case tree.Delete, tree.Destroy, tree.Flush:
	default:
		return
	}
	if t == nil {
		if c.Verb != tree.Destroy && c.Handle.Given {
			s.notModelled(c.Span, "a table named by its handle")
		} else if c.Verb != tree.Destroy {
			s.tableOf(c)
		}
		return
	}
	if c.Verb == tree.Flush {
		for _, ch := range t.t.Chains {
			ch.Rules = nil
		}
		return
	}
	s.tables = slices.DeleteFunc(s.tables, func(o *readTable) bool { return o == t })
	delete(s.byName, tableName{f, name})
}

func (s *State) tableSpec(t *ruleset.Table, spec *tree.TableSpec) {
	if spec.Comment != "" {
		t.Comment = spec.Comment
	}
	t.Dormant = false // it wakes where the flag is not said again
	for _, f := range spec.Flags {
		switch f.Text {
		case "dormant":
			t.Dormant = true
		case "owner":
			t.Owner = true
		case "persist":
			t.Persist = true
		default:
			s.refuse(f.Span, "a table has no flag %s", f.Text).Helpf("dormant, owner or persist")
		}
	}
}

func (s *State) doFlowtable(c *tree.Cmd, t *readTable) {
	name := textOfName(c.Name)
	old := t.flowtables[name]
	switch c.Verb {
	case tree.Delete, tree.Destroy:
		if old == nil {
			if c.Verb == tree.Delete && !c.Handle.Given {
				s.missing(c.Name.Span, "flowtable", name, nil)
			}
			return
		}
		t.t.Flowtables = slices.DeleteFunc(t.t.Flowtables, func(f *ruleset.Flowtable) bool { return f == old })
		delete(t.flowtables, name)
		return
	case tree.Create:
		if old != nil {
			s.refuse(c.Name.Span, "File exists: the flowtable %s is there already", name)
			return
		}
	}
	f := old
	if f == nil {
		f = &ruleset.Flowtable{Name: name, Hook: ruleset.Ingress, Origin: origin(c.Span)}
		t.flowtables[name] = f
		t.t.Flowtables = append(t.t.Flowtables, f)
	}
	if spec := c.Flowtable; spec != nil {
		f.Priority = s.priority(spec.Priority, t.t.Family, ruleset.Ingress)
		f.Devices = append(f.Devices, s.devices(spec.Devices)...)
		f.Counted = f.Counted || spec.Counter
		for _, n := range spec.Flags {
			f.Offload = f.Offload || n.Text == "offload"
		}
	}
}

func (s *State) devices(list []*tree.Expr) []string {
	var out []string
	for _, d := range list {
		if d.Kind == tree.XSet || d.Kind == tree.XList {
			out = append(out, s.devices(d.Args)...)
			continue
		}
		out = append(out, textOf(d))
	}
	return out
}

func (s *State) doObject(c *tree.Cmd, t *readTable) {
	k := objectKinds(c.Kind)
	name := textOfName(c.Name)
	old := t.object(k, name)
	switch c.Verb {
	case tree.Delete, tree.Destroy:
		if old == nil {
			if c.Verb == tree.Delete && !c.Handle.Given {
				s.missing(c.Name.Span, k.String(), name, func() []string { return t.objectNames(k) })
			}
			return
		}
		t.t.Objects = slices.DeleteFunc(t.t.Objects, func(o *ruleset.Object) bool { return o == old })
		delete(t.objects, objectName{k, name})
		return
	case tree.Create:
		if old != nil {
			s.refuse(c.Name.Span, "File exists: the %s %s is there already", k, name).See(old.Origin, "here")
			return
		}
	}
	if old != nil {
		return
	}
	o := &ruleset.Object{Kind: k, Name: name, Origin: origin(c.Span)}
	if c.Object != nil {
		s.objectSpec(o, c.Object)
		s.checkObject(c, o, t.t.Family)
	}
	t.objects[objectName{k, name}] = o
	t.t.Objects = append(t.t.Objects, o)
}

func (s *State) objectSpec(o *ruleset.Object, spec *tree.ObjectSpec) {
	o.Comment = spec.Comment
	o.Helper, o.Context = textOfName(spec.Type), textOfName(spec.Context)
	if n, ok := protocolNumber(spec.L4Proto.Text); ok {
		o.Proto = uint8(n)
	}
	switch spec.L3Proto.Text {
	case "ip":
		o.L3 = ruleset.IP
	case "ip6":
		o.L3 = ruleset.IP6
	}
	o.Timeout, o.Size = milli(spec.Timeout), clampInt(spec.Size.Value)
	if spec.DPort != nil {
		if t, ok := s.value(spec.DPort, s.kindOf(ruleset.Dport)); ok {
			o.Dport = uint16(t.Lo.Lo)
		}
	}
	for _, p := range spec.Policy {
		o.Policy = append(o.Policy, ruleset.StateTimeout{State: p.State.Text, Timeout: milli(p.Time)})
	}
	switch o.Kind {
	case ruleset.ObjCounter, ruleset.ObjQuota, ruleset.ObjLimit:
		if spec.Stmt != nil {
			o.State = s.stateful(spec.Stmt)
			break
		}
		if o.Kind == ruleset.ObjCounter {
			o.State = &ruleset.Counter{}
		}
	case ruleset.ObjSynproxy:
		if spec.Stmt != nil {
			o.State = synproxyOf(spec.Stmt.Synproxy)
		}
	}
}

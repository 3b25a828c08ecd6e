package nft

import (
	"slices"
	"time"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// begin an object of the list; the caller closes it with "}}".
func (w *jsonWriter) begin(kind, name string) {
	w.add(",\n{\"", kind, "\":{\"family\":\"", w.table.Family.String(), "\"")
	if kind != "table" {
		w.add(`,"table":`)
		w.b = appendString(w.b, w.table.Name)
	}
	if name != "" {
		w.add(`,"name":`)
		w.b = appendString(w.b, name)
	}
}

// listed is a table with everything in it, in an order in which it can be
// loaded: a map may name chains.
func (w *jsonWriter) listed(t *ruleset.Table) {
	w.begin("table", t.Name)
	if flags := tableFlags(t); len(flags) > 0 {
		w.add(`,"flags":`)
		w.strings(flags)
	}
	if w.model && t.Legacy {
		w.add(`,"legacy":true`)
	}
	w.comment(t.Comment)
	w.add("}}")
	for _, o := range t.Objects {
		w.at = o.Origin
		w.begin(o.Kind.String(), o.Name)
		w.state(o)
		w.comment(o.Comment)
		w.add("}}")
	}
	for _, f := range t.Flowtables {
		w.begin("flowtable", f.Name)
		w.add(`,"hook":"`, f.Hook.String(), `","prio":`)
		w.b = emit.Int(w.b, f.Priority)
		if len(f.Devices) > 0 {
			w.add(`,"dev":`)
			w.strings(f.Devices)
		}
		if f.Counted {
			w.add(`,"counter":null`)
		}
		if f.Offload {
			w.add(`,"flags":"offload"`)
		}
		w.add("}}")
	}
	for _, c := range t.Chains {
		w.at = c.Origin
		w.begin("chain", c.Name)
		w.base(c.Base)
		w.comment(c.Comment)
		w.add("}}")
	}
	for _, s := range t.Sets {
		w.set(s)
	}
	for _, c := range t.Chains {
		for _, r := range c.Rules {
			w.begin("rule", "")
			w.add(`,"chain":`)
			w.b = appendString(w.b, c.Name)
			w.comment(r.Comment)
			w.add(`,"expr":[`)
			w.rule(r)
			w.add("]}}")
		}
	}
}

// base makes a chain a base chain.
func (w *jsonWriter) base(b *ruleset.Base) {
	if b == nil {
		return
	}
	w.add(`,"type":`)
	w.b = appendString(w.b, b.Type)
	w.add(`,"hook":"`, b.Hook.String(), `","prio":`)
	w.b = emit.Int(w.b, b.Priority)
	w.add(`,"policy":"`, b.Policy.String(), `"`)
	if len(b.Devices) > 0 {
		w.add(`,"dev":`)
		w.strings(b.Devices)
	}
	if b.Offload {
		w.add(`,"flags":"offload"`)
	}
}

// set with its elements.
func (w *jsonWriter) set(s *ruleset.Set) {
	w.at = s.Origin
	w.begin(kindOf(s), s.Name)
	w.definition(s)
	w.members(s)
	w.add("}}")
}

// merged are the elements of a set of ranges with those in one that overlap or
// touch, as auto-merge has it.
func merged(s *ruleset.Set) []ruleset.Elem {
	for i := range s.Elems {
		e := &s.Elems[i]
		if len(e.Key) != 1 || e.Key[0].Text != "" || e.Key[0].Unknown || e.Any || e.Timeout != 0 || e.Expires != 0 || e.Stmts != nil || e.Data != nil || e.Verdict != nil || e.Object != "" {
			return s.Elems
		}
	}
	sorted := slices.Clone(s.Elems)
	slices.SortStableFunc(sorted, func(a, b ruleset.Elem) int { return a.Key[0].Lo.Cmp(b.Key[0].Lo) })
	out := sorted[:1]
	for _, e := range sorted[1:] {
		last := &out[len(out)-1]
		if end := last.Key[0].Hi; e.Key[0].Lo.Cmp(end) > 0 && e.Key[0].Lo != end.Next() {
			out = append(out, e)
			continue
		}
		t := last.Key[0]
		t.Form = ruleset.Plain
		if e.Key[0].Hi.Cmp(t.Hi) > 0 {
			t.Hi = e.Key[0].Hi
		}
		last.Key = []ruleset.Term{t}
	}
	return out
}

func (w *jsonWriter) members(s *ruleset.Set) {
	if len(s.Elems) == 0 {
		return
	}
	elems := s.Elems
	if s.AutoMerge && !w.model {
		elems = merged(s) // nft 1.0.6 passes over auto-merge in JSON
	}
	w.add(`,"elem":[`)
	for i := range elems {
		if i > 0 {
			w.add(",")
		}
		w.add("\n")
		w.at = elems[i].Origin
		w.element(&elems[i], s.Key, s.Data, s.Verdicts || s.Data != nil || s.Objects != nil)
	}
	w.add("]")
}

// state of an object.
func (w *jsonWriter) state(o *ruleset.Object) {
	proto := func() {
		w.add(`,"protocol":"`, w.transportName(o.Proto), `"`)
		if o.L3 == ruleset.IP || o.L3 == ruleset.IP6 {
			w.add(`,"l3proto":"`, o.L3.String(), `"`)
		}
	}
	switch o.Kind {
	case ruleset.ObjHelper:
		w.add(`,"type":`)
		w.b = appendString(w.b, o.Helper)
		proto()
	case ruleset.ObjSecmark:
		w.add(`,"context":`)
		w.b = appendString(w.b, o.Context)
	case ruleset.ObjTimeout:
		proto()
		w.add(`,"policy":{`)
		for i, p := range o.Policy {
			if i > 0 {
				w.add(",")
			}
			w.b = appendString(w.b, p.State)
			w.add(":")
			w.seconds(p.Timeout)
		}
		w.add("}")
	case ruleset.ObjExpectation:
		proto()
		w.add(`,"dport":`)
		w.b = emit.Uint(w.b, uint64(o.Dport))
		w.add(`,"timeout":`)
		w.b = emit.Int(w.b, int(o.Timeout/time.Millisecond))
		w.add(`,"size":`)
		w.b = emit.Int(w.b, o.Size)
	default:
		w.held(o.State)
	}
}

// held is the state that rules share by an object.
func (w *jsonWriter) held(s ruleset.Stmt) {
	switch s := s.(type) {
	case *ruleset.Counter:
		w.add(",")
		w.counted(s)
	case *ruleset.Quota:
		w.add(`,"bytes":`)
		w.b = emit.Uint(w.b, s.Bytes)
		w.add(`,"used":`)
		w.b = emit.Uint(w.b, s.Used)
		w.over(s.Over)
	case *ruleset.Limit:
		w.add(",")
		w.rate(s)
	case *ruleset.Synproxy:
		w.add(",")
		w.synproxy(s)
	default:
		if !w.model {
			w.refuse("an object without a state")
		}
	}
}

// ipset is a set of ipset(8), which belongs to no table.
func (w *jsonWriter) ipset(s *ruleset.Set) {
	w.at, w.table = s.Origin, &ruleset.Table{Family: ruleset.Inet}
	w.add(",\n", `{"ipset":{"name":`)
	w.b = appendString(w.b, s.Name)
	if x := s.IPSet; x != nil {
		w.add(`,"type":`)
		w.b = appendString(w.b, x.Type)
		if x.Family != ruleset.Inet {
			w.add(`,"family":"`, x.Family.String(), `"`)
		}
		w.texts("options", x.Options)
		w.texts("members", x.Members)
	}
	w.members(s)
	w.add("}}")
}

// texts writes a field that is a list, where there is anything in it.
func (w *jsonWriter) texts(name string, list []string) {
	if len(list) == 0 {
		return
	}
	w.add(`,"`, name, `":[`)
	for i, s := range list {
		if i > 0 {
			w.add(",")
		}
		w.b = appendString(w.b, s)
	}
	w.add("]")
}

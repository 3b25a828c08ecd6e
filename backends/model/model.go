package model

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Version of the document's form.
const Version = 1

// JSON writes the model.
type JSON struct{}

// Name of the target.
func (JSON) Name() string { return "model" }

// Write a ruleset. Everything can be said, so there are never mistakes.
func (JSON) Write(rs *ruleset.Ruleset) (text []byte, mistakes []*diag.Diagnostic) {
	var b bytes.Buffer
	b.WriteString(`{"version":1,"tables":[`)
	for i, t := range rs.Tables {
		writeTable(&b, t, i > 0)
	}
	b.WriteString(`],"ipsets":[`)
	for i, s := range rs.IPSets {
		line(&b, i > 0, "\n ", setOf(s))
	}
	b.WriteString("],\"ipsetsComplete\":")
	line(&b, false, "", rs.IPSetsComplete)
	b.WriteString("}\n")
	return b.Bytes(), nil
}

// object is JSON's; encoding/json puts the members in order.
type object map[string]any

// line writes a value on a line of its own.
func line(b *bytes.Buffer, comma bool, indent string, v any) {
	if comma {
		b.WriteByte(',')
	}
	b.WriteString(indent)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // strings, numbers, lists and objects: a fault of this package
	}
	b.Truncate(b.Len() - 1) // the line end
}

// writeTable streams the rules, one a line: there can be very many.
func writeTable(b *bytes.Buffer, t *ruleset.Table, comma bool) {
	head := object{"family": t.Family.String(), "name": t.Name, "dialect": dialect(t.Dialect)}
	add(head, "comment", t.Comment)
	add(head, "at", at(t.Origin))
	add(head, "dormant", t.Dormant)
	add(head, "owner", t.Owner)
	add(head, "persist", t.Persist)
	if comma {
		b.WriteByte(',')
	}
	b.WriteString("\n ")
	line(b, false, "", head)
	b.Truncate(b.Len() - 1)
	b.WriteString(`,"sets":[`)
	for i, s := range t.Sets {
		line(b, i > 0, "\n  ", setOf(s))
	}
	b.WriteString(`],"objects":[`)
	for i, o := range t.Objects {
		line(b, i > 0, "\n  ", objectOf(o))
	}
	b.WriteString(`],"flowtables":[`)
	for i, f := range t.Flowtables {
		line(b, i > 0, "\n  ", object{"name": f.Name, "hook": f.Hook.String(), "priority": f.Priority, "devices": f.Devices, "offload": f.Offload, "counted": f.Counted, "at": at(f.Origin)})
	}
	b.WriteString(`],"chains":[`)
	for i, c := range t.Chains {
		if i > 0 {
			b.WriteByte(',')
		}
		line(b, false, "\n  ", chainOf(c))
		b.Truncate(b.Len() - 1)
		b.WriteString(`,"rules":[`)
		for j, r := range c.Rules {
			line(b, j > 0, "\n   ", ruleOf(r))
		}
		b.WriteString("]}")
	}
	b.WriteString("]}")
}

func dialect(d ruleset.Dialect) string {
	if d == ruleset.Iptables {
		return "iptables"
	}
	return "nft"
}

// add a member unless it is empty.
func add(o object, name string, v any) {
	switch x := v.(type) {
	case nil:
		return
	case string:
		if x == "" {
			return
		}
	case bool:
		if !x {
			return
		}
	case int:
		if x == 0 {
			return
		}
	case uint64:
		if x == 0 {
			return
		}
	case time.Duration:
		if x == 0 {
			return
		}
		v = x.String()
	case []any:
		if len(x) == 0 {
			return
		}
	case []string:
		if len(x) == 0 {
			return
		}
	}
	o[name] = v
}

func at(s diag.Span) string {
	if s.IsZero() {
		return ""
	}
	return s.String()
}

func chainOf(c *ruleset.Chain) object {
	o := object{"name": c.Name}
	add(o, "at", at(c.Origin))
	add(o, "comment", c.Comment)
	add(o, "foreign", c.Foreign)
	add(o, "packets", c.Packets)
	add(o, "bytes", c.Bytes)
	if b := c.Base; b != nil {
		base := object{"type": b.Type, "hook": b.Hook.String(), "priority": b.Priority, "policy": b.Policy.String()}
		add(base, "devices", b.Devices)
		add(base, "offload", b.Offload)
		o["base"] = base
	}
	return o
}

func ruleOf(r *ruleset.Rule) object {
	o := object{"body": stmts(r.Body)}
	add(o, "at", at(r.Origin))
	add(o, "comment", r.Comment)
	add(o, "counted", r.Counted)
	add(o, "packets", r.Packets)
	add(o, "bytes", r.Bytes)
	return o
}

func setOf(s *ruleset.Set) object {
	o := object{"name": s.Name, "key": exprs(s.Key)}
	add(o, "at", at(s.Origin))
	add(o, "comment", s.Comment)
	add(o, "typeof", s.Typeof)
	add(o, "verdicts", s.Verdicts)
	add(o, "data", exprs(s.Data))
	if s.Objects != nil {
		o["objects"] = s.Objects.String()
	}
	add(o, "interval", s.Interval)
	add(o, "autoMerge", s.AutoMerge)
	add(o, "constant", s.Constant)
	add(o, "dynamic", s.Dynamic)
	add(o, "timeout", s.Timeout)
	add(o, "timeouts", s.Timeouts)
	add(o, "gc", s.GC)
	add(o, "size", s.Size)
	add(o, "memory", s.Memory)
	add(o, "counted", s.Counted)
	add(o, "stmts", stmts(s.Stmts))
	if t := s.IPSet; t != nil {
		x := object{"type": t.Type, "family": t.Family.String()}
		add(x, "options", t.Options)
		add(x, "members", t.Members)
		o["ipset"] = x
	}
	o["elements"] = elems(s.Elems, s.Key, s.Data)
	return o
}

func elems(all []ruleset.Elem, key, data []ruleset.Expr) []any {
	out := make([]any, 0, len(all))
	for i := range all {
		e := &all[i]
		o := object{}
		add(o, "key", values(e.Key, key))
		add(o, "data", values(e.Data, data))
		if e.Verdict != nil {
			o["verdict"] = verdict(e.Verdict)
		}
		add(o, "object", e.Object)
		add(o, "any", e.Any)
		add(o, "except", e.Except)
		add(o, "timeout", e.Timeout)
		add(o, "expires", e.Expires)
		add(o, "stmts", stmts(e.Stmts))
		add(o, "comment", e.Comment)
		out = append(out, o)
	}
	return out
}

func objectOf(x *ruleset.Object) object {
	o := object{"kind": x.Kind.String(), "name": x.Name}
	add(o, "at", at(x.Origin))
	add(o, "comment", x.Comment)
	add(o, "helper", x.Helper)
	add(o, "protocol", int(x.Proto))
	if x.L3 != ruleset.Inet {
		o["l3"] = x.L3.String()
	}
	if x.State != nil {
		o["state"] = stmt(x.State)
	}
	add(o, "context", x.Context)
	var policy []any
	for _, p := range x.Policy {
		policy = append(policy, object{"state": p.State, "timeout": p.Timeout.String()})
	}
	add(o, "policy", policy)
	add(o, "dport", int(x.Dport))
	add(o, "timeout", x.Timeout)
	add(o, "size", x.Size)
	return o
}

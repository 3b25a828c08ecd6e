package model

import (
	"fmt"
	"net/netip"

	"github.com/loward/loward/compiler/ruleset"
)

func stmts(all []ruleset.Stmt) []any {
	out := make([]any, 0, len(all))
	for _, s := range all {
		out = append(out, stmt(s))
	}
	return out
}

// stmt is an object whose only member names the kind of the statement.
func stmt(s ruleset.Stmt) object {
	o := object{}
	switch s := s.(type) {
	case *ruleset.Match:
		return object{"match": match(s)}
	case *ruleset.Compare:
		o["left"], o["right"] = expr(s.Left), expr(s.Right)
		add(o, "neg", s.Neg)
		return object{"compare": o}
	case *ruleset.Lookup:
		o["key"] = exprs(s.Key)
		add(o, "neg", s.Neg)
		add(o, "ipset", s.IPSet)
		source(o, "set", s.Set, s.Elems, s.Key, nil)
		return object{"lookup": o}
	case *ruleset.VMap:
		o["key"] = exprs(s.Key)
		source(o, "map", s.Map, s.Elems, s.Key, nil)
		return object{"vmap": o}
	case *ruleset.Verdict:
		return object{"verdict": verdict(s)}
	case *ruleset.Module:
		o["name"] = s.Name
		add(o, "target", s.Target)
		add(o, "args", s.Args)
		o["means"] = stmts(s.Means)
		return object{"module": o}
	case *ruleset.May:
		o["why"] = s.Why
		add(o, "verdict", s.Verdict)
		return object{"may": o}
	case *ruleset.Opaque:
		o["text"] = s.Text
		add(o, "verdict", s.Verdict)
		return object{"opaque": o}
	case *ruleset.NAT:
		return object{"nat": nat(s)}
	case *ruleset.SetField:
		o["field"] = place(s.Field, s.Of)
		if s.From != nil {
			o["from"] = expr(s.From)
		} else {
			o["value"] = value(s.Value, fieldOf(s.Field, s.Of))
		}
		return object{"assign": o}
	case *ruleset.SetUpdate:
		o["op"], o["set"], o["key"] = s.Op.String(), s.Set, exprs(s.Key)
		add(o, "ipset", s.IPSet)
		add(o, "timeout", s.Timeout)
		add(o, "stmts", stmts(s.Stmts))
		add(o, "data", exprs(s.Data))
		if s.Verdict != nil {
			o["verdict"] = verdict(s.Verdict)
		}
		add(o, "size", s.Size)
		add(o, "comment", s.Comment)
		return object{"update": o}
	case *ruleset.Meter:
		var key []any
		for _, k := range s.Key {
			x := object{"field": k.Field.String()}
			if k.Mask != (ruleset.U128{}) {
				x["mask"] = number(k.Mask, k.Field)
			}
			key = append(key, x)
		}
		o["set"], o["key"], o["limit"] = s.Set, key, limit(&s.Limit)
		return object{"meter": o}
	}
	return simple(s)
}

// simple statements have no values of fields in them.
func simple(s ruleset.Stmt) object {
	o := object{}
	switch s := s.(type) {
	case *ruleset.Counter:
		return object{"counter": object{"packets": s.Packets, "bytes": s.Bytes}}
	case *ruleset.Quota:
		return object{"quota": object{"bytes": s.Bytes, "used": s.Used, "over": s.Over}}
	case *ruleset.ConnCount:
		return object{"connections": object{"count": s.Count, "over": s.Over}}
	case *ruleset.Last:
		add(o, "ago", s.Ago)
		add(o, "used", s.Used)
		return object{"last": o}
	case *ruleset.Limit:
		return object{"limit": limit(s)}
	case *ruleset.ObjectRef:
		o["kind"] = s.Kind.String()
		add(o, "name", s.Name)
		if s.Map != nil {
			o["map"] = expr(s.Map)
		}
		return object{"object": o}
	case *ruleset.Reject:
		o["with"] = [...]string{"admin-prohibited", "tcp-reset", "port-unreachable", "host-unreachable", "net-unreachable", "protocol-unreachable",
			"net-prohibited", "host-prohibited", "policy-fail", "reject-route", "code"}[s.With]
		if s.Of != ruleset.Inet {
			o["of"] = s.Of.String()
		}
		add(o, "code", int(s.Code))
		return object{"reject": o}
	case *ruleset.Log:
		add(o, "prefix", s.Prefix)
		if s.Nflog {
			o["group"] = s.Group
		}
		add(o, "level", s.Level)
		add(o, "flags", s.Flags)
		if s.Snaplen > 0 {
			o["snaplen"] = s.Snaplen
		}
		add(o, "threshold", s.Threshold)
		return object{"log": o}
	case *ruleset.Queue:
		o["from"], o["to"] = s.Lo, s.Hi
		if s.From != nil {
			o["by"] = expr(s.From)
		}
		add(o, "bypass", s.Bypass)
		add(o, "fanout", s.Fanout)
		return object{"queue": o}
	case *ruleset.TProxy:
		add(o, "address", address(s.Addr))
		add(o, "port", int(s.Port))
		add(o, "to", expr(s.To))
		add(o, "toPort", expr(s.ToPort))
		add(o, "mark", int(s.Mark))
		add(o, "markMask", int(s.MarkMask))
		return object{"tproxy": o}
	case *ruleset.Synproxy:
		return object{"synproxy": object{"mss": s.MSS, "wscale": s.WScale, "timestamp": s.Timestamp, "sackPerm": s.SackPerm, "ecn": s.ECN}}
	case *ruleset.Dup:
		add(o, "to", expr(s.To))
		add(o, "device", expr(s.Device))
		return object{"dup": o}
	case *ruleset.Fwd:
		add(o, "to", expr(s.To))
		add(o, "device", expr(s.Device))
		return object{"fwd": o}
	case *ruleset.Offload:
		return object{"offload": object{"flowtable": s.Flowtable}}
	case *ruleset.Reset:
		return object{"reset": object{"of": expr(s.Of)}}
	case *ruleset.NoTrack:
		return object{"notrack": o}
	}
	return object{"other": fmt.Sprintf("%T", s)}
}

func match(m *ruleset.Match) object {
	o := object{"field": place(m.Field, m.Of)}
	f := fieldOf(m.Field, m.Of)
	switch m.Op {
	case ruleset.OpAny:
		o["anyOf"] = valuesOf(m.Terms, f)
	default:
		o["in"] = valuesOf(m.Terms, f)
	}
	if m.Op == ruleset.OpMask {
		o["mask"] = number(m.Mask, m.Field)
	}
	add(o, "neg", m.Neg)
	add(o, "implied", m.Implied)
	return o
}

func limit(l *ruleset.Limit) object {
	o := object{"rate": l.Rate, "per": l.Unit}
	add(o, "burst", l.Burst)
	add(o, "bytes", l.Bytes)
	add(o, "over", l.Over)
	return o
}

func verdict(v *ruleset.Verdict) object {
	o := object{"kind": v.Kind.String()}
	add(o, "chain", v.Chain)
	var rules []any
	for _, r := range v.Inline {
		rules = append(rules, ruleOf(r))
	}
	add(o, "rules", rules)
	return o
}

func nat(n *ruleset.NAT) object {
	o := object{"kind": n.Kind.String()}
	if n.Lo.IsValid() {
		o["address"] = address(n.Lo)
		if n.Hi.IsValid() && n.Hi != n.Lo {
			o["addressTo"] = address(n.Hi)
		}
	}
	if n.PortLo != 0 {
		o["port"] = n.PortLo
		if n.PortHi > n.PortLo {
			o["portTo"] = n.PortHi
		}
	}
	add(o, "map", n.Map)
	if len(n.Key) > 0 {
		o["key"] = exprs(n.Key)
	}
	add(o, "to", expr(n.To))
	add(o, "toPort", expr(n.ToPort))
	if n.Of != ruleset.Inet {
		o["of"] = n.Of.String()
	}
	add(o, "netmap", n.Netmap)
	add(o, "random", n.Random)
	add(o, "fullyRandom", n.FullyRandom)
	add(o, "persistent", n.Persistent)
	return o
}

func address(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// source of a lookup: a name, or the elements themselves.
func source(o object, member, name string, all []ruleset.Elem, key, data []ruleset.Expr) {
	if name != "" {
		o[member] = name
		return
	}
	o["elements"] = elems(all, key, data)
}

package nft

import (
	"strconv"
	"time"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// further statements: those that loward itself never compiles to.
func (w *jsonWriter) further(s ruleset.Stmt) {
	switch s := s.(type) {
	case *ruleset.Counter:
		w.add(`{"counter":{`)
		w.counted(s)
		w.add("}}")
	case *ruleset.Quota:
		w.add(`{"quota":{"val":`)
		w.b = emit.Uint(w.b, s.Bytes)
		w.add(`,"val_unit":"bytes"`)
		if s.Used != 0 {
			w.add(`,"used":`)
			w.b = emit.Uint(w.b, s.Used)
			w.add(`,"used_unit":"bytes"`)
		}
		w.over(s.Over)
		w.add("}}")
	case *ruleset.ConnCount:
		w.add(`{"ct count":{"val":`)
		w.b = emit.Uint(w.b, uint64(s.Count))
		w.over(s.Over)
		w.add("}}")
	case *ruleset.Last:
		if !s.Used {
			w.add(`{"last":null}`)
			return
		}
		w.add(`{"last":{"used":`)
		w.b = emit.Int(w.b, int(s.Ago/time.Millisecond))
		w.add("}}")
	case *ruleset.Compare:
		w.add(`{"match":{"op":"`, equality(s.Neg), `","left":`)
		w.expr(s.Left, nil)
		w.add(`,"right":`)
		w.expr(s.Right, s.Left)
		w.add("}}")
	case *ruleset.ObjectRef:
		w.add(`{"`, s.Kind.String(), `":`)
		if s.Map != nil {
			w.expr(s.Map, nil)
		} else {
			w.b = appendString(w.b, s.Name)
		}
		w.add("}")
	case *ruleset.SetUpdate:
		w.update(s)
	case *ruleset.Queue:
		w.queue(s)
	case *ruleset.TProxy:
		w.tproxy(s)
	case *ruleset.Synproxy:
		w.add(`{"synproxy":{`)
		w.synproxy(s)
		w.add("}}")
	case *ruleset.Dup:
		w.add(`{"dup":{`)
		if s.To == nil { // in family netdev the interface is the address
			w.add(`"addr":`)
			w.expr(s.Device, ruleset.OIF)
		} else {
			w.destination(s.To, s.Device, w.table.Family)
		}
		w.add("}}")
	case *ruleset.Fwd:
		w.add(`{"fwd":{`)
		if s.Of == ruleset.IP || s.Of == ruleset.IP6 {
			w.add(`"family":"`, s.Of.String(), `",`)
		}
		w.destination(s.To, s.Device, s.Of)
		w.add("}}")
	case *ruleset.Offload:
		w.object("flow", "op", "add", "flowtable", "@"+s.Flowtable)
	case *ruleset.Reset:
		w.add(`{"reset":`)
		w.expr(s.Of, nil)
		w.add("}")
	case *ruleset.Module:
		w.module(s)
	case *ruleset.May:
		w.cannot("may", s.Why)
	default:
		w.cannot("opaque", "")
	}
}

func (w *jsonWriter) counted(c *ruleset.Counter) {
	w.add(`"packets":`)
	w.b = emit.Uint(w.b, c.Packets)
	w.add(`,"bytes":`)
	w.b = emit.Uint(w.b, c.Bytes)
}

func (w *jsonWriter) over(over bool) {
	if over {
		w.add(`,"inv":true`)
	}
}

// module is an extension of iptables that nft can't say.
func (w *jsonWriter) module(m *ruleset.Module) {
	if !w.model {
		w.refuse("iptables' module %s", m.Name)
	}
	w.add(`{"xt":{"type":"`, map[bool]string{false: "match", true: "target"}[m.Target], `","name":`)
	w.b = appendString(w.b, m.Name)
	w.add(`,"args":[`)
	for i, a := range m.Args {
		if i > 0 {
			w.add(",")
		}
		w.b = appendString(w.b, ruleset.ShowUnknown(a))
	}
	w.add("]")
	if w.model && m.Means != nil {
		w.add(`,"means":[`)
		for i, s := range m.Means {
			if i > 0 {
				w.add(",")
			}
			w.stmt(s)
		}
		w.add("]")
	}
	w.add("}}")
}

// inline is a chain without a name, for which nft's JSON has nothing.
func (w *jsonWriter) inline(v *ruleset.Verdict) {
	if w.depth++; !w.model || w.depth > maxDepth {
		w.refuse("a chain without a name")
		w.add("null")
	} else {
		at, th := w.at, w.th
		w.add(`{"`, v.Kind.String(), `":{"rules":[`)
		for i, r := range v.Inline {
			if i > 0 {
				w.add(",")
			}
			w.add("[")
			w.rule(r)
			w.add("]")
		}
		w.add("]}}")
		w.at, w.th = at, th
	}
	w.depth--
}

func (w *jsonWriter) synproxy(s *ruleset.Synproxy) {
	sep := ""
	field := func(name string) {
		w.add(sep, `"`, name, `":`)
		sep = ","
	}
	if s.MSS >= 0 {
		field("mss")
		w.b = emit.Int(w.b, s.MSS)
	}
	if s.WScale >= 0 {
		field("wscale")
		w.b = emit.Int(w.b, s.WScale)
	}
	var flags []string
	if s.Timestamp {
		flags = append(flags, "timestamp")
	}
	if s.SackPerm {
		flags = append(flags, "sack-perm")
	}
	if s.ECN {
		flags = append(flags, "ecn")
		if !w.model {
			w.refuse("synproxy with ecn")
		}
	}
	if len(flags) > 0 {
		field("flags")
		w.strings(flags)
	}
}

func (w *jsonWriter) update(u *ruleset.SetUpdate) {
	if u.IPSet && !w.model {
		w.refuse("a change of a set of ipset: %s", u.Set)
	}
	mapped := u.Verdict != nil || u.Data != nil
	kind := "set"
	switch {
	case u.Op == ruleset.OpMeter:
		kind = "meter"
		w.add(`{"meter":{"name":`)
		w.b = appendString(w.b, u.Set)
		if u.Size > 0 {
			w.add(`,"size":`)
			w.b = emit.Int(w.b, u.Size)
		}
		w.add(`,"key":`)
	case mapped:
		kind = "map"
		w.add(`{"map":{"op":"`, u.Op.String(), `","elem":`)
	default:
		w.add(`{"set":{"op":"`, u.Op.String(), `","elem":`)
	}
	more := u.Timeout > 0 || u.Comment != ""
	if more {
		w.add(`{"elem":{"val":`)
	}
	w.key(u.Key)
	if more {
		if u.Timeout > 0 {
			w.add(`,"timeout":`)
			w.seconds(u.Timeout)
		}
		w.comment(u.Comment)
		w.add("}}")
	}
	switch {
	case u.Verdict != nil:
		w.add(`,"data":`)
		w.verdict(u.Verdict)
	case u.Data != nil:
		w.add(`,"data":`)
		w.data(u)
	}
	if kind != "meter" {
		w.add(`,"`, kind, `":`)
		if u.IPSet {
			w.cannot("ipset", u.Set)
		} else {
			w.b = appendString(w.b, "@"+u.Set)
		}
	}
	switch {
	case kind == "meter" && len(u.Stmts) == 1: // there it is no list
		w.add(`,"stmt":`)
		w.stmt(u.Stmts[0])
	case len(u.Stmts) > 0:
		w.add(`,"stmt":[`)
		for i, s := range u.Stmts {
			if i > 0 {
				w.add(",")
			}
			w.stmt(s)
		}
		w.add("]")
	}
	w.add("}}")
}

// data that are put into a map.
func (w *jsonWriter) data(u *ruleset.SetUpdate) {
	if len(u.Data) > 1 {
		w.add(`{"concat":[`)
	}
	set := w.sets[u.Set]
	for i, d := range u.Data {
		if i > 0 {
			w.add(",")
		}
		var like ruleset.Expr
		if set != nil && i < len(set.Data) {
			like = set.Data[i]
		}
		w.expr(d, like)
	}
	if len(u.Data) > 1 {
		w.add("]}")
	}
}

func (w *jsonWriter) queue(q *ruleset.Queue) {
	w.add(`{"queue":{"num":`)
	if q.From != nil {
		w.expr(q.From, nil)
	} else {
		w.span(q.Lo, q.Hi)
	}
	var flags []string
	if q.Bypass {
		flags = append(flags, "bypass")
	}
	if q.Fanout {
		flags = append(flags, "fanout")
	}
	if len(flags) > 0 {
		w.add(`,"flags":`)
		w.strings(flags)
	}
	w.add("}}")
}

func (w *jsonWriter) tproxy(t *ruleset.TProxy) {
	sep := `{"tproxy":{`
	field := func(name string) {
		w.add(sep, `"`, name, `":`)
		sep = ","
	}
	f := t.Of
	if f == ruleset.Inet && t.Addr.IsValid() && w.table.Family == ruleset.Inet {
		f = map[bool]ruleset.Family{true: ruleset.IP, false: ruleset.IP6}[t.Addr.Is4()]
	}
	if f != ruleset.Inet {
		field("family")
		w.add(`"`, f.String(), `"`)
	}
	switch {
	case t.To != nil:
		field("addr")
		w.expr(t.To, nil)
	case t.Addr.IsValid():
		field("addr")
		w.b = appendString(w.b, t.Addr.String())
	}
	switch {
	case t.ToPort != nil:
		field("port")
		w.expr(t.ToPort, nil)
	case t.Port != 0:
		field("port")
		w.b = emit.Uint(w.b, uint64(t.Port))
	}
	if t.Mark|t.MarkMask != 0 {
		if !w.model {
			w.refuse("a mark that TPROXY sets")
		}
		field("mark")
		w.add(strconv.FormatUint(uint64(t.Mark), 10))
		field("mask")
		w.add(strconv.FormatUint(uint64(t.MarkMask), 10))
	}
	if sep != "," {
		w.add(`{"tproxy":null}`)
		return
	}
	w.add("}}")
}

// destination of a copy or of a packet that is forwarded.
func (w *jsonWriter) destination(to, device ruleset.Expr, f ruleset.Family) {
	if to != nil {
		w.add(`"addr":`)
		if t, ok := to.(ruleset.Term); ok && t.Text == "" {
			w.value(addressStyle(f == ruleset.IP6), t.Lo)
		} else {
			w.expr(to, nil)
		}
		if device != nil {
			w.add(",")
		}
	}
	if device != nil {
		w.add(`"dev":`)
		w.expr(device, ruleset.OIF)
	}
}

package nft

import (
	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

func (w *jsonWriter) log(l *ruleset.Log) {
	sep := `{"log":{`
	field := func(name string) {
		w.add(sep, `"`, name, `":`)
		sep = ","
	}
	if l.Prefix != "" {
		field("prefix")
		w.b = appendString(w.b, l.Prefix)
	}
	if l.Nflog {
		field("group")
		w.b = emit.Int(w.b, l.Group)
	}
	if l.Nflog && l.Snaplen > 0 {
		field("snaplen")
		w.b = emit.Int(w.b, l.Snaplen)
	}
	if l.Threshold > 0 {
		field("queue-threshold")
		w.b = emit.Int(w.b, l.Threshold)
	}
	if l.Level != "" {
		field("level")
		w.b = appendString(w.b, l.Level)
	}
	if len(l.Flags) > 0 {
		field("flags")
		w.strings(l.Flags)
	}
	if sep != "," {
		w.add(`{"log":null}`)
		return
	}
	w.add("}}")
}

func (w *jsonWriter) nat(n *ruleset.NAT) {
	w.add(`{"`, n.Kind.String(), `":`)
	sep := "{"
	field := func(name string) {
		w.add(sep, `"`, name, `":`)
		sep = ","
	}
	if f := w.natFamily(n); f != "" {
		field("family")
		w.add(`"`, f, `"`)
	}
	switch {
	case n.Map != "":
		field("addr")
		w.expr(&ruleset.MapExpr{Key: n.Key, Map: n.Map}, nil)
	case n.To != nil:
		field("addr")
		w.expr(n.To, nil)
	case n.Lo.IsValid():
		field("addr")
		t := ruleset.Addr(n.Lo)
		if n.Hi.IsValid() && n.Hi != n.Lo {
			if t.Hi = ruleset.AddrValue(n.Hi); !n.Netmap {
				t.Form = ruleset.AsRange
			}
		}
		var like ruleset.Expr = ruleset.IPDaddr
		if !n.Lo.Is4() {
			like = ruleset.IP6Daddr
		}
		w.term(like, &t)
	}
	switch {
	case n.ToPort != nil:
		field("port")
		w.expr(n.ToPort, nil)
	case n.PortLo != 0:
		field("port")
		w.span(n.PortLo, n.PortHi)
	}
	flags := natFlags(n)
	if n.Netmap {
		flags = append(flags, "netmap")
	}
	if len(flags) > 0 {
		field("flags")
		w.strings(flags)
	}
	if n.Netmap {
		field("type_flags")
		w.add(`"prefix"`)
	}
	if sep == "{" {
		w.add("null}")
		return
	}
	w.add("}}")
}

// span writes a number or a range of them.
func (w *jsonWriter) span(lo, hi uint16) {
	if hi <= lo {
		w.b = emit.Uint(w.b, uint64(lo))
		return
	}
	w.add(`{"range":[`)
	w.b = emit.Uint(w.b, uint64(lo))
	w.add(",")
	w.b = emit.Uint(w.b, uint64(hi))
	w.add("]}")
}

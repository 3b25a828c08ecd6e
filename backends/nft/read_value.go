package nft

import (
	"strings"
	"time"

	tree "github.com/loward/loward/backends/nft/internal/syntax"
	"github.com/loward/loward/compiler/ruleset"
)

// kind is what a value is: by it words are understood.
type kind struct {
	of       ruleset.Expr // what has such values; nil where nothing has
	datatype string       // nft's name of it; "" is an integer
	width    int          // bits; 0 where it does not matter
	domain   ruleset.Domain
}

// bitmask: a list of values is their union.
func (k kind) bitmask() bool {
	switch k.datatype {
	case "ct_state", "ct_status", "tcp_flag", "ct_event", "ct_label":
		return true
	}
	return false
}

// short: names that the kernel keeps in 16 bytes.
func (k kind) short() bool {
	sel, ok := k.of.(*ruleset.Selector)
	return k.of == ruleset.CTHelper || ok && sel.Kind == ruleset.Osf
}

// kindOf an expression's values.
func (s *State) kindOf(e ruleset.Expr) kind {
	switch e := e.(type) {
	case ruleset.Field:
		return s.memo.kinds[e]
	case *ruleset.Selector:
		return kindOfSelector(e)
	case *ruleset.Binary:
		k := s.kindOf(e.Left)
		k.of = e
		return k
	case *ruleset.MapExpr:
		if len(e.Data) == 1 {
			return s.kindOf(e.Data[0])
		}
	}
	return kind{of: e, width: ruleset.WidthOf(e), domain: ruleset.DomainOf(e)}
}

func kindOfField(f ruleset.Field, datatype string) kind {
	info := f.Info()
	k := kind{of: f, datatype: datatype, width: info.Width, domain: info.Domain}
	switch f {
	case ruleset.MetaTime:
		k.datatype = "time"
	case ruleset.MetaDay:
		k.datatype = "day"
	case ruleset.MetaHour:
		k.datatype = "hour"
	case ruleset.CTExpiration:
		k.datatype = "expiration"
	case ruleset.NFTrace:
		k.datatype = "bit"
	case ruleset.SecPath, ruleset.RTIPsec:
		k.datatype = "boolean"
	case ruleset.CTEvent:
		k.datatype = "ct_event"
	case ruleset.IPECN, ruleset.IP6ECN:
		k.datatype = "ecn"
	case ruleset.IIFType, ruleset.OIFType:
		k.datatype = "iface_type"
	case ruleset.SocketTransparent, ruleset.SocketWildcard:
		k.datatype = ""
	}
	if k.domain == ruleset.Number && k.datatype == "mark" {
		k.domain = ruleset.Bits
	}
	return k
}

func kindOfSelector(e *ruleset.Selector) kind {
	k := kind{of: e, width: e.Width, domain: e.Domain}
	switch {
	case e.Exists:
		k.datatype = "boolean"
	case e.Kind == ruleset.Fib && e.Domain == ruleset.Enum:
		k.datatype = "fib_addrtype"
	case e.Kind == ruleset.ExtHdr && len(e.Args) == 2 && e.Args[0] == "mh" && e.Args[1] == "type":
		k.datatype = "mh_type"
	case e.Domain == ruleset.InetProto:
		k.datatype = "inet_proto"
	}
	return k
}

// constant says whether an expression is made of values alone.
func constant(x *tree.Expr) bool {
	switch x.Kind {
	case tree.XSymbol, tree.XString, tree.XNumber:
		return true
	case tree.XRange, tree.XPrefix, tree.XList, tree.XBinary, tree.XConcat:
		for _, a := range x.Args {
			if !constant(a) {
				return false
			}
		}
		return true
	}
	return false
}

// value reads a value, a prefix or a range.
func (s *State) value(x *tree.Expr, k kind) (ruleset.Term, bool) {
	switch x.Kind {
	case tree.XRange:
		lo, ok1 := s.value(x.Args[0], k)
		hi, ok2 := s.value(x.Args[1], k)
		if !ok1 || !ok2 {
			return ruleset.Term{}, false
		}
		if lo.Text != "" || hi.Text != "" {
			if lo.Unknown || hi.Unknown {
				return ruleset.UnknownTerm(lo.Text + "-" + hi.Text), true
			}
			return ruleset.Term{Text: textOf(x.Args[0]) + "-" + textOf(x.Args[1])}, true
		}
		if hi.Lo.Cmp(lo.Lo) < 0 {
			s.refuse(x.Span, "Range negative size").Helpf("write the smaller value first")
			return ruleset.Term{}, false
		}
		t := ruleset.Term{Lo: lo.Lo, Hi: hi.Lo}
		if _, prefix := t.PrefixLen(k.width); prefix && (k.domain == ruleset.Addr4 || k.domain == ruleset.Addr6) {
			t.Form = ruleset.AsRange
		}
		return t, true
	case tree.XPrefix:
		return s.prefix(x, k)
	case tree.XBinary, tree.XList:
		v, ok := s.bits(x, k)
		return ruleset.Term{Lo: v, Hi: v}, ok
	case tree.XSymbol, tree.XString, tree.XNumber:
		return s.scalar(x, k)
	}
	s.refuse(x.Span, "a value is expected here, not a %s", x.Kind)
	return ruleset.Term{}, false
}

func textOf(x *tree.Expr) string { return ruleset.ShowUnknown(x.Text) }

func (s *State) prefix(x *tree.Expr, k kind) (ruleset.Term, bool) {
	base, ok := s.value(x.Args[0], k)
	if !ok {
		return base, false
	}
	if base.Unknown || ruleset.HasUnknown(x.Args[1].Text) {
		return ruleset.UnknownTerm(textOf(x.Args[0]) + "/" + textOf(x.Args[1])), true
	}
	if base.Text != "" {
		return ruleset.Term{Text: base.Text + "/" + x.Args[1].Text}, true
	}
	length, ok := number(x.Args[1].Text)
	n := int(min(length, 1<<16))
	if !ok || n > k.width {
		s.refuse(x.Span, "Prefix length %s is invalid for type of %d bits width", x.Args[1].Text, k.width)
		return base, false
	}
	host := k.width - n
	mask := lowBits(host)
	t := ruleset.Term{
		Lo: ruleset.U128{Hi: base.Lo.Hi &^ mask.Hi, Lo: base.Lo.Lo &^ mask.Lo},
		Hi: ruleset.U128{Hi: base.Lo.Hi | mask.Hi, Lo: base.Lo.Lo | mask.Lo},
	}
	if k.domain != ruleset.Addr4 && k.domain != ruleset.Addr6 {
		t.Form = ruleset.AsPrefix
	}
	return t, true
}

func lowBits(n int) ruleset.U128 {
	switch {
	case n >= 128:
		return ruleset.U128{Hi: ^uint64(0), Lo: ^uint64(0)}
	case n >= 64:
		return ruleset.U128{Hi: 1<<(n-64) - 1, Lo: ^uint64(0)}
	}
	return ruleset.U128{Lo: 1<<n - 1}
}

// bits calculates with constants: syn | ack, fin,syn, 0x1 << 4.
func (s *State) bits(x *tree.Expr, k kind) (ruleset.U128, bool) {
	switch x.Kind {
	case tree.XList:
		if !k.bitmask() {
			s.refuse(x.Span, "Basetype of type %s is not bitmask", typeName(k)).Helpf("write several values as a set, in braces")
			return ruleset.U128{}, false
		}
		var v ruleset.U128
		for _, a := range x.Args {
			b, ok := s.bits(a, k)
			if !ok {
				return v, false
			}
			v.Hi, v.Lo = v.Hi|b.Hi, v.Lo|b.Lo
		}
		return v, true
	case tree.XBinary:
		a, ok1 := s.bits(x.Args[0], k)
		b, ok2 := s.bits(x.Args[1], k)
		if !ok1 || !ok2 {
			return a, false
		}
		return calculate(x.Op, a, b), true
	}
	t, ok := s.scalar(x, k)
	if !ok {
		return t.Lo, false
	}
	if t.Text != "" {
		s.l.Warnf(x.Span, "%s can't be known here", t.Text).WithCode(ruleset.CodeUnknown)
		return t.Lo, false
	}
	if k.datatype == "ct_label" {
		return bit(int(t.Lo.Lo)), true
	}
	return t.Lo, true
}

func bit(n int) ruleset.U128 {
	switch {
	case n >= 128 || n < 0:
		return ruleset.U128{}
	case n >= 64:
		return ruleset.U128{Hi: 1 << (n - 64)}
	}
	return ruleset.U128{Lo: 1 << n}
}

func calculate(op tree.Op, a, b ruleset.U128) ruleset.U128 {
	switch op {
	case tree.And:
		return ruleset.U128{Hi: a.Hi & b.Hi, Lo: a.Lo & b.Lo}
	case tree.Or:
		return ruleset.U128{Hi: a.Hi | b.Hi, Lo: a.Lo | b.Lo}
	case tree.Xor:
		return ruleset.U128{Hi: a.Hi ^ b.Hi, Lo: a.Lo ^ b.Lo}
	case tree.Lshift:
		return ruleset.U128{Lo: a.Lo << min(b.Lo, 64)}
	}
	return ruleset.U128{Lo: a.Lo >> min(b.Lo, 64)}
}

// scalar reads one value.
func (s *State) scalar(x *tree.Expr, k kind) (ruleset.Term, bool) {
	if x.Kind != tree.XSymbol && x.Kind != tree.XString && x.Kind != tree.XNumber {
		return s.value(x, k)
	}
	text := x.Text
	if ruleset.HasUnknown(text) {
		return ruleset.UnknownTerm(text), true
	}
	switch k.domain {
	case ruleset.Name, ruleset.String:
		return s.name(x, k)
	case ruleset.Addr4, ruleset.Addr6:
		return s.address(x, k)
	case ruleset.LinkAddr:
		if v, ok := linkOf(text); ok {
			return ruleset.Num(v), true
		}
		if v, ok := number(text); ok && x.Kind == tree.XNumber {
			return s.inWidth(x, k, v)
		}
		s.refuse(x.Span, "%q is no link-layer address", text)
		return ruleset.Term{}, false
	}
	if k.datatype == "classid" {
		if v, ok := classOf(text); ok {
			return ruleset.Num(v), true
		}
	}
	if x.Kind == tree.XNumber {
		if k.datatype == "hour" {
			return s.clock(x, k)
		}
		if v, ok := number(text); ok {
			switch k.datatype {
			case "time":
				v *= uint64(time.Second)
			case "expiration":
				v *= 1000 // seconds
			}
			return s.inWidth(x, k, v)
		}
	}
	if v, ok := s.memo.symbol(k.datatype, text); ok {
		return ruleset.Num(v), true
	}
	switch k.datatype {
	case "time", "hour", "expiration":
		return s.clock(x, k)
	case "uid", "gid", "ct_label", "realm", "devgroup", "mark", "inet_service", "inet_proto":
		if k.width > 16 || x.Kind == tree.XSymbol && word(text) && k.width > 0 && k.datatype != "mark" {
			if k.datatype == "inet_service" || k.datatype == "inet_proto" {
				break
			}
			return ruleset.Text(text), true // of a file of the machine
		}
	}
	if big, ok := bigNumber(text, k.width); ok {
		return ruleset.Term{Lo: big, Hi: big}, true
	}
	s.unknownWord(x, k)
	return ruleset.Term{}, false
}

func word(s string) bool {
	return s != "" && (s[0] < '0' || s[0] > '9') && !strings.ContainsAny(s, ":/")
}

func (s *State) unknownWord(x *tree.Expr, k kind) {
	d := s.refuse(x.Span, "%q is no %s", x.Text, typeName(k))
	var known []string
	for _, n := range words(k.datatype) {
		known = append(known, n.text)
	}
	if near := diagNearest(x.Text, known); near != "" {
		d.Helpf("did you mean %s?", near)
	} else if len(known) > 0 {
		d.Helpf("one of %s", strings.Join(known, ", "))
	}
}

// inWidth checks a number against the width of its type.
func (s *State) inWidth(x *tree.Expr, k kind, v uint64) (ruleset.Term, bool) {
	if k.width > 0 && k.width < 64 && v>>k.width != 0 {
		s.refuse(x.Span, "Value %s exceeds valid range 0-%d", x.Text, uint64(1)<<k.width-1)
		return ruleset.Term{}, false
	}
	if !s.inBounds(x, k, v) {
		return ruleset.Term{}, false
	}
	return ruleset.Num(v), true
}

// name of an interface, a helper and so on.
func (s *State) name(x *tree.Expr, k kind) (ruleset.Term, bool) {
	if k.datatype == "iface_index" && x.Kind == tree.XNumber {
		v, _ := number(x.Text)
		return s.inWidth(x, k, v)
	}
	text := x.Text
	switch {
	case text == "":
		s.refuse(x.Span, "Empty string is not allowed")
		return ruleset.Term{}, false
	case len(text) > 15 && k.datatype != "" && k.domain == ruleset.Name, len(text) > 15 && k.short():
		s.refuse(x.Span, "String exceeds maximum length of 16").Helpf("it has at most 15 bytes, and a zero")
		return ruleset.Term{}, false
	}
	return ruleset.Text(text), true
}

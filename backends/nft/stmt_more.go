package nft

import (
	"strings"
	"time"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// further statements: those that loward itself never compiles to.
func (w *textWriter) further(s ruleset.Stmt) {
	switch s := s.(type) {
	case *ruleset.Counter, *ruleset.Quota, *ruleset.ConnCount, *ruleset.Last:
		w.stateful(s)
	case *ruleset.Compare:
		w.expr(s.Left, nil)
		w.add(map[bool]string{false: " == ", true: " != "}[s.Neg])
		w.expr(s.Right, s.Left)
	case *ruleset.ObjectRef:
		w.add(objectWord(s.Kind), " ")
		if s.Map != nil {
			w.expr(s.Map, nil)
			return
		}
		w.quoted(s.Name)
	case *ruleset.SetUpdate:
		w.update(s)
	case *ruleset.Queue:
		w.queue(s)
	case *ruleset.TProxy:
		w.tproxy(s)
	case *ruleset.Synproxy:
		w.add("synproxy")
		w.synproxy(s, " ")
	case *ruleset.Dup:
		w.add("dup to ")
		w.destination(s.To, s.Device, w.table.Family)
	case *ruleset.Fwd:
		w.add("fwd ")
		if s.Of == ruleset.IP || s.Of == ruleset.IP6 {
			w.add(s.Of.String(), " ")
		}
		w.add("to ")
		w.destination(s.To, s.Device, s.Of)
	case *ruleset.Offload:
		w.add("flow add @", s.Flowtable)
	case *ruleset.Reset:
		w.add("reset ")
		w.expr(s.Of, nil)
	case *ruleset.Module:
		w.refuse("iptables' module %s", s.Name)
	case *ruleset.May:
		w.refuse("what depends on %s", s.Why)
	default:
		w.refuse("a statement of type %T", s)
	}
}

// objectWord is what stands before an object's name where a rule uses it.
func objectWord(k ruleset.ObjectKind) string {
	switch k {
	case ruleset.ObjHelper:
		return "ct helper set"
	case ruleset.ObjTimeout:
		return "ct timeout set"
	case ruleset.ObjExpectation:
		return "ct expectation set"
	case ruleset.ObjSecmark:
		return "meta secmark set"
	}
	return k.String() + " name"
}

// quotable says whether text can stand between quotes. nft takes everything there
// but a quote, which it has no escape for; what is not read from others is held to
// what looks the same everywhere.
func (p *program) quotable(s string) bool {
	return p.plain && !strings.ContainsAny(s, "\"\n\x00") || emit.Quotable(s)
}

// commentOf is a comment as far as it can be said.
func (p *program) commentOf(s string) string {
	if len(s) <= emit.MaxComment && p.quotable(s) {
		return s
	}
	return emit.Comment(s)
}

// quoted writes a name between quotes.
func (w *textWriter) quoted(s string) {
	if !w.quotable(s) {
		w.refuse("the name %q", s)
	}
	w.add("\"", s, "\"")
}

// stateful statements of an element, a set, a meter or an object.
func (w *textWriter) stateful(s ruleset.Stmt) {
	switch s := s.(type) {
	case *ruleset.Counter:
		w.add("counter")
		if *s != (ruleset.Counter{}) {
			w.add(" ")
			w.counted(s)
		}
	case *ruleset.Quota:
		w.add("quota ")
		w.quota(s)
	case *ruleset.ConnCount:
		w.add("ct count ")
		if s.Over {
			w.add("over ")
		}
		w.b = emit.Uint(w.b, uint64(s.Count))
	case *ruleset.Last:
		w.add("last")
		if s.Used {
			w.add(" used ")
			w.time(s.Ago)
		}
	case *ruleset.Limit:
		w.limit(s)
	default:
		w.refuse("a statement of type %T in an element", s)
	}
}

func (w *textWriter) counted(c *ruleset.Counter) {
	w.add("packets ")
	w.b = emit.Uint(w.b, c.Packets)
	w.add(" bytes ")
	w.b = emit.Uint(w.b, c.Bytes)
}

func (w *textWriter) quota(q *ruleset.Quota) {
	if q.Over {
		w.add("over ")
	}
	w.b = emit.Uint(w.b, q.Bytes)
	w.add(" bytes")
	if q.Used != 0 {
		w.add(" used ")
		w.b = emit.Uint(w.b, q.Used)
		w.add(" bytes")
	}
}

// time in the greatest unit of which it is a whole number.
func (w *textWriter) time(d time.Duration) {
	if d%time.Second == 0 {
		w.b = emit.Int(w.b, int(d/time.Second))
		w.add("s")
		return
	}
	w.b = emit.Int(w.b, int(d/time.Millisecond))
	w.add("ms")
}

// synproxy's options, one behind the other or each on a line.
func (w *textWriter) synproxy(s *ruleset.Synproxy, sep string) {
	if s.ECN {
		w.refuse("synproxy with ecn")
	}
	if s.MSS >= 0 {
		w.add(sep, "mss ")
		w.b = emit.Int(w.b, s.MSS)
	}
	if s.WScale >= 0 {
		w.add(sep, "wscale ")
		w.b = emit.Int(w.b, s.WScale)
	}
	if s.Timestamp {
		w.add(sep, "timestamp")
		sep = " "
	}
	if s.SackPerm {
		w.add(sep, "sack-perm")
	}
}

func (w *textWriter) update(u *ruleset.SetUpdate) {
	switch {
	case u.IPSet:
		w.refuse("a change of a set of ipset: %s", u.Set)
	case u.Op == ruleset.OpMeter:
		w.add("meter ", u.Set)
		if u.Size > 0 {
			w.add(" size ")
			w.b = emit.Int(w.b, u.Size)
		}
		w.add(" { ")
	default:
		w.add(u.Op.String(), " @", u.Set, " { ")
	}
	w.key(u.Key)
	if u.Timeout > 0 {
		w.add(" timeout ")
		w.time(u.Timeout)
	}
	if u.Comment != "" {
		w.add(" ")
		w.comment(u.Comment)
	}
	for _, s := range u.Stmts {
		w.add(" ")
		w.stateful(s)
	}
	switch {
	case u.Verdict != nil:
		w.add(" : ")
		w.b = appendVerdict(w.b, u.Verdict)
	case u.Data != nil:
		w.add(" : ")
		set := w.sets[u.Set]
		for i, d := range u.Data {
			if i > 0 {
				w.add(" . ")
			}
			var like ruleset.Expr
			if set != nil && i < len(set.Data) {
				like = set.Data[i]
			}
			w.expr(d, like)
		}
	}
	w.add(" }")
}

func (w *textWriter) queue(q *ruleset.Queue) {
	w.add("queue ")
	sep := "flags "
	if q.Bypass {
		w.add(sep, "bypass")
		sep = ","
	}
	if q.Fanout {
		w.add(sep, "fanout")
		sep = ","
	}
	if sep == "," {
		w.add(" ")
	}
	w.add("to ")
	if q.From != nil {
		w.expr(q.From, nil)
		return
	}
	w.b = emit.Uint(w.b, uint64(q.Lo))
	if q.Hi > q.Lo {
		w.add("-")
		w.b = emit.Uint(w.b, uint64(q.Hi))
	}
}

// destination of a copy or of a packet that is forwarded: an address, an
// interface, or both.
func (w *textWriter) destination(to, device ruleset.Expr, f ruleset.Family) {
	if to != nil {
		if t, ok := to.(ruleset.Term); ok && t.Text == "" {
			w.b = appendValue(w.b, addressStyle(f == ruleset.IP6), t.Lo)
		} else {
			w.expr(to, nil)
		}
		if device != nil {
			w.add(" device ")
		}
	}
	if device != nil {
		w.expr(device, ruleset.OIF)
	}
}

// assign writes an assignment to a field.
func (w *textWriter) assign(s *ruleset.SetField) {
	var to ruleset.Expr = s.Field
	if s.Of != nil {
		to = s.Of
	}
	w.expr(to, nil)
	w.add(" set ")
	if s.From != nil {
		w.expr(s.From, to)
		return
	}
	if f := w.style(to); w.plain && s.Field == ruleset.CTEvent {
		if names, ok := bitsOf(f, s.Value.Lo.Lo); ok {
			w.join(names, ",")
			return
		}
	}
	w.term(to, &s.Value)
}

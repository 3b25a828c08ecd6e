package nft

import (
	"strings"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// JSON writes what nft -j -f loads (libnftables-json(5)), the same as Text but
// for three things that nft 1.0.6 cannot read from JSON. Comments of tables,
// chains and sets are lost, which changes nothing. A translation by a map to addresses
// and ports is written as a rule for each element. And sets that rules fill
// can't be declared: each becomes a meter of its one rule, NAME_meter, whose
// buckets begin anew when the JSON is loaded again.
type JSON struct{}

// Name of the target.
func (JSON) Name() string { return "json" }

// Write a ruleset. The text is nil where anything was refused.
func (JSON) Write(rs *ruleset.Ruleset) (text []byte, mistakes []*diag.Diagnostic) {
	w := &jsonWriter{program: newProgram(), b: make([]byte, 0, 2*sizeOf(rs))}
	w.report.Target = "nft's JSON"
	w.add(`{"nftables":[`, "\n", `{"metainfo":{"json_schema_version":1}}`)
	for _, t := range rs.Tables {
		t = w.expand(t)
		w.enter(t)
		w.declarations(t)
		w.flushes(t)
		w.content(t)
	}
	w.add("\n]}\n")
	if w.report.Failed() {
		return nil, w.report.Mistakes()
	}
	return w.b, nil
}

type jsonWriter struct {
	*program
	b  []byte
	at diag.Span // of the element or rule in hand
}

func (w *jsonWriter) add(parts ...string) {
	for _, s := range parts {
		w.b = append(w.b, s...)
	}
}

// command begins a command; the caller closes it with "}}}". The name may be
// empty where the object has none.
func (w *jsonWriter) command(verb, object, name string) {
	w.add(",\n{\"", verb, "\":{\"", object, "\":{\"family\":\"", w.table.Family.String(), "\"")
	if object != "table" {
		w.add(",\"table\":\"", w.table.Name, "\"")
	}
	if name != "" {
		w.add(",\"name\":\"", name, "\"")
	}
}

func (w *jsonWriter) comment(s string) {
	if s != "" {
		w.add(`,"comment":`)
		w.b = appendString(w.b, emit.Comment(s))
	}
}

func (w *jsonWriter) declarations(t *ruleset.Table) {
	w.command("add", "table", t.Name)
	w.comment(t.Comment)
	w.add("}}}")
	for _, o := range t.Objects {
		w.command("add", "ct helper", o.Name)
		w.add(`,"type":"`, o.Helper, `","protocol":"`, protocolName(uint64(o.Proto)), `"}}}`)
	}
	for _, c := range t.Chains {
		w.chain("add", c)
	}
	uses := lookups(t)
	for _, s := range t.Sets {
		if s.Dynamic {
			if uses[s.Name] > 1 {
				w.report.Unsupported(s.Origin, "more than one rule on set %s, which rules fill", s.Name)
			}
			continue // its meter makes it
		}
		w.command("add", kindOf(s), s.Name)
		w.definition(s)
		w.add("}}}")
	}
}

// lookups counts the rules that name each set.
func lookups(t *ruleset.Table) map[string]int {
	n := map[string]int{}
	for _, c := range t.Chains {
		for _, r := range c.Rules {
			for _, s := range r.Body {
				switch s := s.(type) {
				case *ruleset.Meter:
					n[s.Set]++
				case *ruleset.Lookup:
					n[s.Set]++
				}
			}
		}
	}
	return n
}

func (w *jsonWriter) chain(verb string, c *ruleset.Chain) {
	w.command(verb, "chain", c.Name)
	if b := c.Base; b != nil && verb == "add" {
		w.add(`,"type":"`, b.Type, `","hook":"`, b.Hook.String(), `","prio":`)
		w.b = emit.Int(w.b, b.Priority)
		w.add(`,"policy":"`, b.Policy.String(), `"`)
		switch len(b.Devices) {
		case 0:
		case 1:
			w.add(`,"dev":`)
			w.b = appendString(w.b, b.Devices[0])
		default:
			w.add(`,"dev":[`)
			for i, d := range b.Devices {
				if i > 0 {
					w.add(",")
				}
				w.b = appendString(w.b, d)
			}
			w.add("]")
		}
	}
	if verb == "add" {
		w.comment(c.Comment)
	}
	w.add("}}}")
}

func (w *jsonWriter) definition(s *ruleset.Set) {
	w.add(`,"type":`)
	w.types(s, s.Key)
	switch {
	case s.Verdicts:
		w.add(`,"map":"verdict"`)
	case s.Data != nil:
		w.add(`,"map":`)
		w.types(s, s.Data)
	}
	sep := `,"flags":[`
	for _, f := range []struct {
		on   bool
		name string
	}{{s.Interval, `"interval"`}, {s.Timeout > 0, `"timeout"`}} {
		if f.on {
			w.add(sep, f.name)
			sep = ","
		}
	}
	if sep == "," {
		w.add("]")
	}
	if s.Timeout > 0 {
		w.add(`,"timeout":`)
		w.b = emit.Int(w.b, int(s.Timeout.Seconds()))
	}
	if s.Size > 0 {
		w.add(`,"size":`)
		w.b = emit.Int(w.b, s.Size)
	}
	if s.Counted {
		w.add(`,"stmt":[{"counter":null}]`)
	}
	w.comment(s.Comment)
}

// types names the types of fields. There is no typeof in JSON before nft 1.1.
func (w *jsonWriter) types(s *ruleset.Set, key []ruleset.Expr) {
	if !w.datatypes(key) {
		w.report.Unsupported(s.Origin, "set %s: a field of its key has no named type", s.Name)
	}
	if len(key) != 1 {
		w.add("[")
	}
	for i, f := range key {
		if i > 0 {
			w.add(",")
		}
		w.add(`"`, w.syntax[ruleset.FieldOf(f)].datatype, `"`)
	}
	if len(key) != 1 {
		w.add("]")
	}
}

func (w *jsonWriter) flushes(t *ruleset.Table) {
	for _, c := range t.Chains {
		w.chain("flush", c)
	}
	for _, s := range t.Sets {
		if !s.Dynamic {
			w.command(emptied(s), kindOf(s), s.Name)
			w.add("}}}")
			if s.Replaced {
				w.command("add", kindOf(s), s.Name)
				w.definition(s)
				w.add("}}}")
			}
		}
	}
	for _, c := range t.Absent {
		w.chain("add", c)
		w.chain("flush", c)
		w.chain("delete", c)
	}
}

func (w *jsonWriter) content(t *ruleset.Table) {
	for _, s := range t.Sets {
		if len(s.Elems) == 0 {
			continue
		}
		w.command("add", "element", s.Name)
		w.add(`,"elem":[`)
		for i := range s.Elems {
			e := &s.Elems[i]
			if w.at = e.Origin; !w.elem(s, e) {
				break
			}
			if i > 0 {
				w.add(",")
			}
			w.add("\n")
			w.element(e, s.Key, s.Data, s.Verdicts)
		}
		w.add("]}}}")
	}
	for _, c := range t.Chains {
		for _, r := range c.Rules {
			w.command("add", "rule", "")
			w.add(`,"chain":"`, c.Name, `"`)
			w.comment(r.Comment)
			w.add(`,"expr":[`)
			w.rule(r)
			w.add("]}}}")
		}
	}
}

// element writes one; of a map as a pair.
func (w *jsonWriter) element(e *ruleset.Elem, key, data []ruleset.Expr, verdicts bool) {
	pair := verdicts || data != nil
	if pair {
		w.add("[")
	}
	if e.Comment != "" {
		w.add(`{"elem":{"val":`)
	}
	w.terms(key, e.Key)
	if e.Comment != "" {
		w.comment(e.Comment)
		w.add("}}")
	}
	if pair {
		w.add(",")
	}
	if e.Verdict != nil {
		w.verdict(e.Verdict)
	}
	if data != nil {
		w.terms(data, e.Data)
	}
	if pair {
		w.add("]")
	}
}

func (w *jsonWriter) terms(key []ruleset.Expr, terms []ruleset.Term) {
	if len(key) > 1 {
		w.add(`{"concat":[`)
	}
	for i, f := range key {
		if i > 0 {
			w.add(",")
		}
		w.term(ruleset.FieldOf(f), &terms[i])
	}
	if len(key) > 1 {
		w.add("]}")
	}
}

func (w *jsonWriter) verdict(v *ruleset.Verdict) {
	w.add(`{"`, v.Kind.String(), `":`)
	if v.Kind == ruleset.VerdictJump || v.Kind == ruleset.VerdictGoto {
		w.add(`{"target":"`, v.Chain, `"}}`)
		return
	}
	w.add("null}")
}

// jsonConstant says whether libnftables takes a string for a protocol wherever
// it stands (json_parse_constant, measured on 1.0.6).
func jsonConstant(s string) bool {
	switch s {
	case "tcp", "udp", "udplite", "sctp", "dccp", "icmp", "icmpv6", "esp", "ah":
		return true
	}
	return false
}

// term writes a value, a prefix or a range.
func (w *jsonWriter) term(f ruleset.Field, t *ruleset.Term) {
	s := &w.syntax[f]
	switch {
	case strings.HasPrefix(t.Text, "@"):
		w.report.Unsupported(w.at, "the name %q, which it would take for a set's", t.Text)
	case t.Text != "" && width(f) == 128 && jsonConstant(t.Text):
		w.report.Unsupported(w.at, "the name %q, which it would take for a protocol", t.Text)
	case t.Text != "":
		w.b = appendString(w.b, t.Text)
	case t.Single():
		w.value(s, t.Lo)
	default:
		if s.values == address4 || s.values == address6 {
			if n, ok := t.PrefixLen(width(f)); ok {
				w.add(`{"prefix":{"addr":`)
				w.value(s, t.Lo)
				w.add(`,"len":`)
				w.b = emit.Int(w.b, n)
				w.add("}}")
				return
			}
		}
		w.add(`{"range":[`)
		w.value(s, t.Lo)
		w.add(",")
		w.value(s, t.Hi)
		w.add("]}")
	}
}

// value writes a number, or what has letters or dots as a string.
func (w *jsonWriter) value(s *syntax, v ruleset.U128) {
	switch s.values {
	case address4, address6, linkAddress:
		w.add(`"`)
		w.b = appendValue(w.b, s, v)
		w.add(`"`)
		return
	case protocol:
		if n := protocolName(v.Lo); n != "" {
			w.add(`"`, n, `"`)
			return
		}
	case seconds:
		w.b = emit.Uint(w.b, v.Lo/1e9)
		return
	}
	for _, n := range s.names {
		if n.value == v.Lo {
			w.add(`"`, n.text, `"`)
			return
		}
	}
	w.b = emit.Uint(w.b, v.Lo)
}

// appendString writes a JSON string.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c == 0x7f:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

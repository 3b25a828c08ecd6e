package nft

import (
	"unicode/utf8"

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
//
// With Plain it is the same as Text with Plain: a ruleset as it is, as nft -j list
// ruleset lists it, without handles. nft 1.0.6 does not take all of that back from
// JSON: comments of tables, chains and sets, a table's flags and auto-merge are
// lost, and it refuses synproxies, expectations, timeouts' states, sets that
// rules fill and those whose type has no name.
//
// With Model it is the whole of what a ruleset holds, of any dialect, and nothing
// is refused. What nft's schema has is written in it, and loads where all of it
// is nft's; the rest is written so:
//
//   - an iptables table is a table of family ip or ip6 with nft's names of hooks;
//     what its extensions mean stands in their place where nft says exactly that,
//     and else {"xt": {"type": "match" or "target", "name": NAME, "args": [ARG …]}};
//   - {"opaque": TEXT} is a statement that was not understood;
//   - {"may": WHY} goes on or not;
//   - {"unresolved": NAME} is a value that only the machine knows, and
//     {"unknown": SOURCE} one that the source leaves open;
//   - {"jump": {"rules": [[STATEMENT …] …]}} is a chain without a name;
//   - {"ipset": {…}} stands at the end for each set of ipset(8).
type JSON struct {
	Plain, Model bool
}

// Name of the target.
func (JSON) Name() string { return "json" }

// Write a ruleset. The text is nil where anything was refused.
func (j JSON) Write(rs *ruleset.Ruleset) (text []byte, mistakes []*diag.Diagnostic) {
	w := &jsonWriter{program: newProgram(), b: make([]byte, 0, 2*sizeOf(rs))}
	w.report.Target = "nft's JSON"
	w.add(`{"nftables":[`, "\n", `{"metainfo":{"json_schema_version":1}}`)
	w.plain, w.model = j.Plain || j.Model, j.Model
	for _, t := range rs.Tables {
		if w.plain {
			w.enterPlain(t)
			w.listed(t)
			continue
		}
		t = w.expand(t)
		w.enter(t)
		w.declarations(t)
		w.flushes(t)
		w.content(t)
	}
	if w.model {
		for _, s := range rs.IPSets {
			w.ipset(s)
		}
	}
	w.add("\n]}\n")
	if w.report.Failed() && !w.model {
		return nil, w.report.Mistakes()
	}
	return w.b, nil
}

type jsonWriter struct {
	*program
	b     []byte
	model bool // nothing is refused
}

// cannot write something: it is refused, or in a model named.
func (w *jsonWriter) cannot(kind, text string) {
	if !w.model {
		w.refuse("%s %q", kind, text)
		w.add("null")
		return
	}
	w.add(`{"`, kind, `":`)
	w.b = appendString(w.b, text)
	w.add("}")
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
		w.b = appendString(w.b, w.commentOf(s))
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
			w.element(e, s.Key, s.Data, s.Verdicts || s.Data != nil)
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

func (w *jsonWriter) verdict(v *ruleset.Verdict) {
	if v.Inline != nil {
		w.inline(v)
		return
	}
	w.add(`{"`, v.Kind.String(), `":`)
	if v.Kind == ruleset.VerdictJump || v.Kind == ruleset.VerdictGoto {
		w.add(`{"target":`)
		w.b = appendString(w.b, v.Chain)
		w.add("}}")
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
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r) // U+FFFD for what is no UTF-8
			i += n - 1
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

package nft

import (
	"time"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

func (w *jsonWriter) definition(s *ruleset.Set) {
	w.add(`,"type":`)
	w.types(s, s.Key)
	switch {
	case s.Verdicts:
		w.add(`,"map":"verdict"`)
	case s.Objects != nil:
		w.add(`,"map":"`, s.Objects.String(), `"`)
	case s.Data != nil:
		if len(s.Data) > 1 && !w.model {
			// nft takes the name of one type here, and makes a set of anything else.
			w.report.Unsupported(s.Origin, "map %s: nft's JSON cannot say values of several parts", s.Name)
		}
		if s.DataInterval && !w.model {
			w.report.Unsupported(s.Origin, "map %s: nft's JSON cannot say values that are ranges", s.Name)
		}
		w.add(`,"map":`)
		w.types(s, s.Data)
	}
	sep := `,"flags":[`
	for _, f := range []struct {
		on   bool
		name string
	}{{s.Constant, `"constant"`}, {s.Interval, `"interval"`}, {s.Timeout > 0 || s.Timeouts, `"timeout"`}, {s.Dynamic && !w.filled(s), `"dynamic"`}} {
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
		w.seconds(s.Timeout)
	}
	if s.GC > 0 {
		w.add(`,"gc-interval":`)
		w.seconds(s.GC)
	}
	if s.Size > 0 {
		w.add(`,"size":`)
		w.b = emit.Int(w.b, s.Size)
	}
	if s.Memory {
		w.add(`,"policy":"memory"`)
	}
	if s.AutoMerge {
		w.add(`,"auto-merge":true`)
	}
	sep = `,"stmt":[`
	if s.Counted {
		w.add(sep, `{"counter":null}`)
		sep = ","
	}
	for _, x := range s.Stmts {
		w.add(sep)
		w.stmt(x)
		sep = ","
	}
	if sep == "," {
		w.add("]")
	}
	w.comment(s.Comment)
}

// filled says whether a rule puts elements into a set. nft makes the set dynamic
// by itself then; before 1.0.7 its JSON has no word for it.
func (w *jsonWriter) filled(s *ruleset.Set) bool {
	if w.model {
		return false
	}
	for _, c := range w.table.Chains {
		for _, r := range c.Rules {
			for _, stmt := range r.Body {
				switch stmt := stmt.(type) {
				case *ruleset.SetUpdate:
					if stmt.Set == s.Name {
						return true
					}
				case *ruleset.Meter:
					if stmt.Set == s.Name {
						return true
					}
				}
			}
		}
	}
	return false
}

// types names the types of fields. There is no typeof in JSON before nft 1.1.
func (w *jsonWriter) types(s *ruleset.Set, key []ruleset.Expr) {
	if !w.datatypes(key) {
		if w.plain {
			w.add(`{"typeof":`)
			w.key(key)
			w.add("}")
			return
		}
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

// element writes one; of a map as a pair.
func (w *jsonWriter) element(e *ruleset.Elem, key, data []ruleset.Expr, pair bool) {
	if pair {
		w.add("[")
	}
	more := e.Comment != "" || e.Timeout > 0 || e.Expires > 0 || e.Stmts != nil || e.Except
	if more {
		w.add(`{"elem":{"val":`)
	}
	if e.Any {
		w.add(`"*"`)
	} else {
		w.values(key, e.Key)
	}
	if more {
		w.lives(e)
		w.comment(e.Comment)
		w.add("}}")
	}
	if pair {
		w.add(",")
		switch {
		case e.Verdict != nil:
			w.verdict(e.Verdict)
		case e.Data != nil:
			w.values(data, e.Data)
		default:
			w.b = appendString(w.b, e.Object)
		}
		w.add("]")
	}
}

// lives writes what an element has of its own.
func (w *jsonWriter) lives(e *ruleset.Elem) {
	if e.Timeout > 0 {
		w.add(`,"timeout":`)
		w.seconds(e.Timeout)
	}
	if e.Expires > 0 {
		w.add(`,"expires":`)
		w.seconds(e.Expires)
	}
	for _, s := range e.Stmts {
		w.add(",")
		n := len(w.b)
		w.stmt(s)
		if len(w.b)-n >= 2 { // {"counter":…} without its braces
			w.b = append(w.b[:n], w.b[n+1:len(w.b)-1]...)
		}
	}
	if e.Except {
		if !w.model {
			w.at = e.Origin
			w.refuse("an element that is an exception")
		}
		w.add(`,"nomatch":true`)
	}
}

// seconds is how JSON has times.
func (w *jsonWriter) seconds(d time.Duration) { w.b = emit.Int(w.b, int(d/time.Second)) }

// values of a key or of a map's data.
func (w *jsonWriter) values(key []ruleset.Expr, terms []ruleset.Term) {
	if len(terms) > 1 {
		w.add(`{"concat":[`)
	}
	for i := range terms {
		if i > 0 {
			w.add(",")
		}
		var e ruleset.Expr = ruleset.NoField
		if i < len(key) {
			e = key[i]
		}
		w.term(e, &terms[i])
	}
	if len(terms) > 1 {
		w.add("]}")
	}
}

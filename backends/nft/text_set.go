package nft

import (
	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// definition of a set: its lines, each ended by end.
func (w *textWriter) definition(s *ruleset.Set, end string) {
	if len(s.Key) == 0 {
		w.refuse("the set %s, whose type is not known", s.Name)
	}
	typed := !s.Typeof && w.datatypes(s.Key) && w.datatypes(s.Data)
	w.add(map[bool]string{true: "type ", false: "typeof "}[typed])
	w.types(s.Key, typed)
	switch {
	case s.Verdicts:
		w.add(" : verdict")
	case s.Objects != nil:
		w.add(" : ", s.Objects.String())
	case s.Data != nil:
		w.add(" : ")
		if s.DataInterval {
			w.add("interval ")
		}
		w.types(s.Data, typed)
	}
	w.add(end)
	sep := "flags "
	for _, f := range []struct {
		on   bool
		name string
	}{{s.Constant, "constant"}, {s.Interval, "interval"}, {s.Dynamic, "dynamic"}, {s.Timeout > 0 || s.Timeouts, "timeout"}} {
		if f.on {
			w.add(sep, f.name)
			sep = ", "
		}
	}
	if sep == ", " {
		w.add(end)
	}
	if s.Timeout > 0 {
		w.add("timeout ")
		w.time(s.Timeout)
		w.add(end)
	}
	if s.GC > 0 {
		w.add("gc-interval ")
		w.time(s.GC)
		w.add(end)
	}
	if s.Size > 0 {
		w.add("size ")
		w.b = emit.Int(w.b, s.Size)
		w.add(end)
	}
	if s.Memory {
		w.add("policy memory", end)
	}
	if s.AutoMerge {
		w.add("auto-merge", end)
	}
	if s.Counted {
		w.add("counter")
	}
	for i, x := range s.Stmts {
		if i > 0 || s.Counted {
			w.add(" ")
		}
		w.stateful(x)
	}
	if s.Counted || len(s.Stmts) > 0 {
		w.add(end)
	}
	if s.Comment != "" {
		w.comment(s.Comment)
		w.add(end)
	}
}

// datatypes says whether all fields have types with names.
func (p *program) datatypes(key []ruleset.Expr) bool {
	for _, f := range key {
		if p.syntax[ruleset.FieldOf(f)].datatype == "" {
			return false
		}
	}
	return true
}

func (w *textWriter) types(key []ruleset.Expr, typed bool) {
	for i, f := range key {
		if i > 0 {
			w.add(" . ")
		}
		if typed {
			w.add(w.syntax[ruleset.FieldOf(f)].datatype)
		} else {
			w.expr(f, nil)
		}
	}
}

// elements of a set, one a line.
func (w *textWriter) elements(s *ruleset.Set) {
	for i := range s.Elems {
		e := &s.Elems[i]
		if w.at = e.Origin; !w.plain && !w.elem(s, e) {
			return
		}
		w.b = append(w.b, "\t\t\t"...)
		w.b = w.element(w.b, e, s.Key, s.Data)
		w.b = append(w.b, ",\n"...)
	}
}

func (w *textWriter) element(b []byte, e *ruleset.Elem, key, data []ruleset.Expr) []byte {
	if e.Any {
		b = append(b, '*')
	}
	b = w.parts(b, key, e.Key)
	if e.Timeout != 0 || e.Expires != 0 || e.Stmts != nil || e.Except {
		w.b = b
		w.lives(e)
		b = w.b
	}
	if e.Comment != "" {
		b = append(append(append(b, ` comment "`...), w.commentOf(e.Comment)...), '"')
	}
	switch {
	case e.Verdict != nil:
		b = appendVerdict(append(b, " : "...), e.Verdict)
	case e.Object != "":
		b = append(append(append(b, ` : "`...), e.Object...), '"')
	case e.Data != nil:
		b = w.parts(append(b, " : "...), data, e.Data)
	}
	return b
}

// parts of a key or of a map's data.
func (w *textWriter) parts(b []byte, like []ruleset.Expr, terms []ruleset.Term) []byte {
	for j := range terms {
		if j > 0 {
			b = append(b, " . "...)
		}
		var e ruleset.Expr = ruleset.NoField
		if j < len(like) {
			e = like[j]
		}
		b = w.appendTermOf(b, e, &terms[j])
	}
	return b
}

// lives writes what an element has of its own.
func (w *textWriter) lives(e *ruleset.Elem) {
	if e.Except {
		w.at = e.Origin
		w.refuse("an element that is an exception")
	}
	for _, s := range e.Stmts {
		w.add(" ")
		w.stateful(s)
	}
	if e.Timeout > 0 {
		w.add(" timeout ")
		w.time(e.Timeout)
	}
	if e.Expires > 0 {
		w.add(" expires ")
		w.time(e.Expires)
	}
}

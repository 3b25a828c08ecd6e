package nft

import (
	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Text writes what nft -f loads.
type Text struct {
	// Plain writes a ruleset of nft's as it is, whoever wrote it: each table as one
	// block, without anything that makes it load again and again, and without a
	// change of what its rules say. Loaded into an empty kernel it gives what the
	// source of the ruleset gives there.
	Plain bool
}

// Name of the target.
func (Text) Name() string { return "nft" }

// Write a ruleset. The text is nil where anything was refused.
func (t Text) Write(rs *ruleset.Ruleset) (text []byte, mistakes []*diag.Diagnostic) {
	w := &textWriter{program: newProgram(), b: make([]byte, 0, sizeOf(rs))}
	for _, h := range rs.Header {
		for _, l := range emit.HeaderLines(h) {
			w.b = append(w.b, '#')
			if l != "" {
				w.b = append(append(w.b, ' '), l...)
			}
			w.b = append(w.b, '\n')
		}
	}
	if len(rs.Header) > 0 {
		w.b = append(w.b, '\n')
	}
	w.plain = t.Plain
	for i, t := range rs.Tables {
		if w.plain {
			if i > 0 {
				w.add("\n")
			}
			w.enterPlain(t)
			w.block(t)
			continue
		}
		w.enter(t)
		w.declarations(t)
		w.flushes(t)
		w.content(t)
	}
	if w.report.Failed() {
		return nil, w.report.Mistakes()
	}
	return w.b, nil
}

// sizeOf guesses the length of the text, so that it is allocated once.
func sizeOf(rs *ruleset.Ruleset) int {
	n := 4096
	for _, t := range rs.Tables {
		for _, s := range t.Sets {
			n += 512
			for i := range s.Elems {
				n += 28 + 18*len(s.Key) + min(len(s.Elems[i].Comment), emit.MaxComment)
			}
		}
		for _, c := range t.Chains {
			n += 512 + 160*len(c.Rules)
		}
	}
	return n
}

type textWriter struct {
	*program
	b []byte
}

func (w *textWriter) add(parts ...string) {
	for _, s := range parts {
		w.b = append(w.b, s...)
	}
}

// open a table's block.
func (w *textWriter) open(t *ruleset.Table) {
	w.add("table ", t.Family.String(), " ", t.Name, " {\n")
	if t.Comment != "" {
		w.add("\t")
		w.comment(t.Comment)
		w.add("\n")
	}
}

// declarations of everything in the table, each on one line: they change
// nothing where it stands already, and make the flushes possible where not.
func (w *textWriter) declarations(t *ruleset.Table) {
	w.add("# What the table consists of. Whatever of it exists stays in place.\n")
	w.open(t)
	for _, o := range t.Objects {
		w.object(o)
	}
	for _, s := range t.Sets {
		w.add("\t", kindOf(s), " ", s.Name, " { ")
		w.definition(s, "; ")
		w.add("}\n")
	}
	for _, c := range t.Chains {
		w.add("\tchain ", c.Name, " { ")
		if c.Base != nil {
			w.base(c.Base)
			w.add(" ")
		}
		w.add("}\n")
	}
	w.add("}\n\n")
}

// kindOf a set in nft's words.
func kindOf(s *ruleset.Set) string {
	if s.Verdicts || s.Data != nil || s.Objects != nil {
		return "map"
	}
	return "set"
}

// emptied is the command that makes room for a set's new elements.
func emptied(s *ruleset.Set) string {
	if s.Replaced {
		return "delete"
	}
	return "flush"
}

// flushes empties what the content then fills, and removes what must not exist.
func (w *textWriter) flushes(t *ruleset.Table) {
	in := " " + t.Family.String() + " " + t.Name + " "
	w.add("# Emptied and filled again below, all in one transaction.\n")
	for _, c := range t.Chains {
		w.add("flush chain", in, c.Name, "\n")
	}
	for _, s := range t.Sets {
		if !s.Dynamic {
			w.add(emptied(s), " ", kindOf(s), in, s.Name, "\n")
		}
	}
	if len(t.Absent) > 0 {
		w.add("\n# What an earlier version may have left behind.\n")
	}
	for _, c := range t.Absent {
		if c.Base == nil {
			continue
		}
		w.add("add chain", in, c.Name, " { ")
		w.base(c.Base)
		w.add(" }\nflush chain", in, c.Name, "\ndelete chain", in, c.Name, "\n")
	}
	w.add("\n")
}

// content is the table with its elements and rules.
func (w *textWriter) content(t *ruleset.Table) {
	w.open(t)
	blank := false
	next := func() {
		if blank {
			w.add("\n")
		}
		blank = true
	}
	for _, o := range t.Objects {
		w.object(o)
		blank = true
	}
	for _, s := range t.Sets {
		next()
		w.add("\t", kindOf(s), " ", s.Name, " {\n\t\t")
		w.definition(s, "\n\t\t")
		w.b = w.b[:len(w.b)-1]
		if len(s.Elems) > 0 {
			w.add("\telements = {\n")
			w.elements(s)
			w.add("\t\t}\n\t")
		}
		w.add("}\n")
	}
	for _, c := range t.Chains {
		next()
		w.add("\tchain ", c.Name, " {\n")
		if c.Comment != "" {
			w.add("\t\t")
			w.comment(c.Comment)
			w.add("\n")
		}
		if c.Base != nil {
			w.add("\t\t")
			w.base(c.Base)
			w.add("\n")
		}
		for _, r := range c.Rules {
			w.add("\t\t")
			w.rule(r)
			w.add("\n")
		}
		w.add("\t}\n")
	}
	w.add("}\n")
}

func (w *textWriter) object(o *ruleset.Object) {
	proto := "tcp"
	if o.Proto == 17 {
		proto = "udp"
	}
	w.add("\tct helper ", o.Name, " { type \"", o.Helper, "\" protocol ", proto, "; }\n")
}

func (w *textWriter) base(b *ruleset.Base) {
	w.add("type ", b.Type, " hook ", b.Hook.String())
	switch len(b.Devices) {
	case 0:
	case 1:
		w.add(" device \"", b.Devices[0], "\"")
	default:
		w.add(" devices = { ")
		for i, d := range b.Devices {
			if i > 0 {
				w.add(", ")
			}
			w.add("\"", d, "\"")
		}
		w.add(" }")
	}
	w.add(" priority ")
	w.b = emit.Int(w.b, b.Priority)
	w.add("; policy ", b.Policy.String(), ";")
	if b.Offload {
		w.add(" flags offload;")
	}
}

func (w *textWriter) comment(s string) {
	w.add("comment \"", w.commentOf(s), "\"")
}

func appendVerdict(b []byte, v *ruleset.Verdict) []byte {
	b = append(b, v.Kind.String()...)
	if v.Kind == ruleset.VerdictJump || v.Kind == ruleset.VerdictGoto {
		b = append(append(b, ' '), v.Chain...)
	}
	return b
}

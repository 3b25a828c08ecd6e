package shell

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/loward/loward/dsl/diag"
)

// redirect sets up a command's streams. Files are texts in memory: what the
// script wrote there before, and unknown otherwise. What it returns is called
// when the command has run.
func (r *runner) redirect(list []*syntax.Redirect, io *streams) (finish func()) {
	finish = func() {}
	for _, d := range list {
		stderr := d.N != nil && d.N.Value == "2"
		switch d.Op {
		case syntax.Hdoc, syntax.DashHdoc:
			if d.Hdoc != nil {
				io.in = &input{text: r.hereDocument(d)}
			}
		case syntax.WordHdoc:
			io.in = &input{text: text{{Text: r.literal(d.Word) + "\n", From: r.span(d.Word)}}}
		case syntax.RdrIn:
			io.in = nil
			if p := process(d.Word); p != nil {
				io.in = r.processed(p)
			} else if t, ok := r.files[path.Clean(r.literal(d.Word))]; ok {
				io.in = &input{text: t}
			}
		case syntax.RdrOut, syntax.AppOut, syntax.RdrClob, syntax.RdrAll, syntax.AppAll:
			name := r.literal(d.Word)
			if stderr || d.Op == syntax.RdrAll || d.Op == syntax.AppAll {
				io.quiet = true
			}
			if stderr {
				continue
			}
			out := &output{r: r}
			io.out = out
			appended := d.Op == syntax.AppOut || d.Op == syntax.AppAll
			inner := finish
			finish = func() {
				inner()
				r.store(name, out.text, appended)
			}
		case syntax.DplOut:
			if stderr {
				io.quiet = io.quiet || io.out == nil
			} else if r.literal(d.Word) == "2" {
				io.out = nil
			}
		}
	}
	return finish
}

// process is the command in <(command), where a word is nothing else.
func process(w *syntax.Word) *syntax.ProcSubst {
	if len(w.Parts) != 1 {
		return nil
	}
	p, _ := w.Parts[0].(*syntax.ProcSubst)
	return p
}

// processed is what a command writes, for another one to read; nil where that is
// not known.
func (r *runner) processed(p *syntax.ProcSubst) *input {
	out := &output{r: r}
	r.subshell(func() { r.stmts(p.Stmts, streams{out: out, quiet: true}) })
	if out.unknown != "" || p.Op != syntax.CmdIn {
		return nil
	}
	return &input{text: out.text}
}

// store what was written to a file.
func (r *runner) store(name string, t text, appended bool) {
	switch {
	case !known(name) || name == "" || strings.HasPrefix(name, "/dev/"):
		return
	case strings.HasPrefix(name, "/proc/") || strings.HasPrefix(name, "/sys/"):
		r.record(r.at, "echo "+strings.TrimSpace(r.shown(t.String()))+" > "+name, nil)
		return
	}
	name = path.Clean(name)
	if appended {
		old := r.files[name]
		if old == nil {
			old = text{{Text: r.unknown(name, r.at, "what the file held before"), From: r.at}}
		}
		t = append(old[:len(old):len(old)], t...)
	}
	r.files[name] = t
}

// hereDocument gives its lines, each with the line of the script that it is.
func (r *runner) hereDocument(d *syntax.Redirect) text {
	var out text
	dash := d.Op == syntax.DashHdoc
	quoted := strings.ContainsAny(r.source(d.Word), `'"\`)
	fresh := true // at the beginning of a line
	for _, part := range d.Hdoc.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok {
			s := r.document(&syntax.Word{Parts: []syntax.WordPart{part}})
			out = append(out, diag.Part{Text: s, From: r.span(part)})
			fresh = false
			continue
		}
		at, end := int(lit.Pos().Offset()), min(int(lit.End().Offset()), len(r.file.Data))
		for line := range strings.Lines(lit.Value) {
			if dash && fresh { // tabs in front are not part of it
				for at < end && r.file.Data[at] == '\t' {
					at++
				}
				line = strings.TrimLeft(line, "\t")
			}
			from := r.file.Span(min(at, end), min(at+len(line), end))
			if at = from.End; from.Text() != line { // the parser has altered it
				at = end
			}
			if !quoted && strings.ContainsRune(line, '\\') {
				line = r.document(&syntax.Word{Parts: []syntax.WordPart{&syntax.Lit{ValuePos: lit.ValuePos, ValueEnd: lit.ValueEnd, Value: line}}})
			}
			out = append(out, diag.Part{Text: line, From: from})
			fresh = strings.HasSuffix(line, "\n")
		}
	}
	return out
}

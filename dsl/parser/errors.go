package parser

import (
	"fmt"
	"strings"

	"github.com/loward/loward/dsl/diag"
)

// fail reports an error in the statement at hand, unless it has one already:
// then it is merely an echo, and the diagnostic returned goes nowhere.
func (p *parser) fail(code string, start, end int, format string, args ...any) *diag.Diagnostic {
	if p.kind == quoted && !closed(p.text()) {
		p.bad = true // the scanner has said it
	}
	if p.bad {
		return &diag.Diagnostic{}
	}
	p.bad = true
	return p.errorAt(code, start, end, format, args...)
}

// errorAt reports an error. After MaxErrors of them the file is read no
// further.
func (p *parser) errorAt(code string, start, end int, format string, args ...any) *diag.Diagnostic {
	if p.stop {
		return &diag.Diagnostic{}
	}
	p.errors++
	if p.errors > MaxErrors {
		p.stop = true
		p.list.Errorf(p.span(start, start), "more than %d mistakes: the rest of this file was not read", MaxErrors).
			WithCode(CodeTooMany)
		return &diag.Diagnostic{}
	}
	return p.list.Errorf(p.span(start, end), format, args...).WithCode(code)
}

// misspelt reports the word at hand as unknown, with the change that would mend
// it where a candidate is near.
func (p *parser) misspelt(what string, candidates []string) (nearest string, d *diag.Diagnostic) {
	w := p.text()
	nearest = diag.Nearest(w, candidates)
	d = p.fail(CodeUnknown, p.start, p.end, "unknown %s %s", what, shown(w))
	if nearest != "" {
		d.Helpf("did you mean %q?", nearest)
		d.Fixes = []diag.Fix{{
			Title: fmt.Sprintf("write %q", nearest),
			Edits: []diag.Edit{{Span: p.span(p.start, p.end), Text: nearest}},
		}}
	}
	return nearest, d
}

// shown is a word as a message quotes it, cut where it is very long.
func shown(w string) string {
	const limit = 60
	if len(w) > limit {
		cut := limit
		for cut > 0 && w[cut]&0xc0 == 0x80 {
			cut--
		}
		w = w[:cut] + "…"
	}
	return fmt.Sprintf("%q", w)
}

// found says what is at hand, for a message.
func (p *parser) found() string {
	switch p.kind {
	case word, quoted:
		return shown(p.text())
	case comment:
		return newline.String()
	}
	return p.kind.String()
}

// listed is "a", "b" or "c".
func listed(names []string) string {
	var b strings.Builder
	for i, n := range names {
		switch {
		case i > 0 && i == len(names)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(n)
	}
	return b.String()
}

// unknownStatement reports the word at hand, which begins no statement. It
// returns the keyword that was meant, if that is plain and belongs here.
func (p *parser) unknownStatement(pl place) keyword {
	candidates := namesIn(pl)
	if diag.Nearest(p.text(), candidates) == "" {
		candidates = namesIn(inFile | inHost | inService | inBlock)
	}
	nearest, d := p.misspelt("statement", candidates)
	switch kw := lookup(nearest); {
	case kw == kwNone:
		d.Helpf("%s can stand: %s", pl, listed(namesIn(pl)))
	case statements[kw].places&pl != 0:
		p.bad = false
		return kw
	default:
		d.Helpf("did you mean %q? It stands %s", nearest, statements[kw].places)
	}
	return kwNone
}

// misplaced reports the statement at hand, which belongs elsewhere.
func (p *parser) misplaced(kw keyword, pl place) {
	here := pl.String()
	if n := len(p.open); n > 0 {
		here = "in " + p.open[n-1].String()
	}
	d := p.fail(CodeMisplaced, p.start, p.end, "%q can't stand %s", statements[kw].name, here)
	switch {
	case pl == inBlock && kw == kwAllowLocal:
		d.Helpf(`it stands %s; in the "local" block it is written "allow"`, statements[kw].places)
	case pl == inBlock && kw == kwDenyLocal:
		d.Helpf(`it stands %s; in the "local" block it is written "deny"`, statements[kw].places)
	case pl == inHost && kw == kwAddress:
		d.Helpf("it stands %s; a host's addresses are those of its interfaces: %s",
			statements[kw].places, statements[kwInterface].form)
	default:
		d.Helpf("it stands %s", statements[kw].places)
	}
	if n := len(p.open); n > 0 {
		o := p.open[n-1]
		d.See(p.span(o.brace, o.brace+1), "%s is opened here", o)
	}
}

// trailing reports what stands where the statement should end.
func (p *parser) trailing(kw keyword) {
	d := p.fail(CodeSyntax, p.start, p.end, "unexpected %s", p.found())
	switch kw {
	case kwNone:
	case kwZone, kwNet, kwPort, kwInterface, kwHome, kwGuard, kwAddress, kwProto:
		if p.isWord() {
			d.Message += ": a comma is missing before it"
			d.Fixes = []diag.Fix{{
				Title: "write a comma",
				Edits: []diag.Edit{{Span: p.span(p.prevEnd, p.prevEnd), Text: ","}},
			}}
		}
		d.Helpf("%s", statements[kw].form)
	default:
		d.Helpf("the statement ends before it: %s", statements[kw].form)
	}
}

package parser

import (
	"strings"

	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

// Codes of the diagnostics; doc.go says what each means.
const (
	CodeSyntax    = "LW001"
	CodeUnknown   = "LW002"
	CodeMisplaced = "LW003"
	CodeText      = "LW004"
	CodeString    = "LW005"
	CodeBrace     = "LW006"
	CodeTwice     = "LW007"
	CodeTooLarge  = "LW008"
	CodeTooMany   = "LW009"
)

// Limits of what is read.
const (
	// MaxFileSize is the size in bytes of the largest policy file that is read:
	// about 300,000 services. Parse refuses a larger text; whoever reads files
	// should not read further than one byte beyond it.
	MaxFileSize = 64 << 20
	// MaxErrors is the number of mistakes after which a file is read no further.
	MaxErrors = 100
	// maxDepth bounds blocks inside blocks; a policy needs two levels, and
	// misplaced blocks are read where they stand.
	maxDepth = 16
)

// Parse reads a policy file. It always returns a tree; what could not be read
// is an ast.Bad, or left out of its list, and has an error in l. It returns
// after one pass over the text, whatever the text is.
func Parse(f *diag.File, l *diag.List) *ast.File {
	out := &ast.File{Src: f}
	p := newParser(f, l)
	if !p.readable() {
		return out
	}
	p.scan()
	out.Body = p.body(inFile)
	return out
}

// ParsePacket reads a packet phrase, as `expect` and `trace` have it: the whole
// text of f is the phrase. It returns nil after an error, which is then in l.
func ParsePacket(f *diag.File, l *diag.List) *ast.Packet {
	p := newParser(f, l)
	if !p.readable() {
		return nil
	}
	p.scan()
	packet := p.packetPhrase()
	if p.errors > 0 {
		return nil
	}
	return packet
}

// parser of one file.
type parser struct {
	scanner
	file *diag.File
	list *diag.List

	errors  int
	bad     bool // the statement at hand has an error: further ones are its echo
	prevEnd int  // behind the last token taken
	stmt    int  // offset of the statement at hand
	atNext  bool // the statement at hand broke off where the next one begins
	open    []opener
	excused int // closing braces that answer to one reported as missing

	inner    []ast.Comment // comments inside the statement at hand
	words    []ast.Word    // of the list at hand
	traffic  []ast.Traffic // likewise
	slabs    slabs
	grammars grammars
}

// opener of a block that is not closed yet.
type opener struct {
	place place
	stmt  int // offset of its keyword
	brace int // offset of its {
	kw    keyword
	name  string
	// suspect is the { of a block inside that was closed by a } indented like
	// this one's: perhaps it is that block that lacks a brace. 0 for none.
	suspect int
}

// String names the block as a message does.
func (o opener) String() string {
	if o.name == "" {
		return statements[o.kw].name
	}
	return statements[o.kw].name + " " + o.name
}

func newParser(f *diag.File, l *diag.List) *parser {
	p := &parser{file: f, list: l}
	p.report = func(code string, start, end int, message, help string) *diag.Diagnostic {
		d := p.errorAt(code, start, end, "%s", message)
		d.Help = help
		return d
	}
	return p
}

// readable decodes the text, or says why it is none.
func (p *parser) readable() bool {
	data := p.file.Data
	if len(data) > MaxFileSize {
		p.errorAt(CodeTooLarge, 0, 0, "the file has %d bytes; at most %d (%d MiB) are read", len(data), MaxFileSize, MaxFileSize>>20).
			Helpf("split it with include")
		return false
	}
	if len(data) >= 2 && (data[0] == 0xff && data[1] == 0xfe || data[0] == 0xfe && data[1] == 0xff) {
		p.errorAt(CodeText, 0, 2, "this file is UTF-16").Helpf("save it as UTF-8")
		return false
	}
	for i, b := range data[:min(len(data), 8000)] {
		if b == 0 {
			p.errorAt(CodeText, i, i+1, "this is not a policy: a binary file (it has a NUL byte)").
				Helpf("a policy is UTF-8 text")
			return false
		}
	}
	p.src = string(data)
	if strings.HasPrefix(p.src, "\ufeff") {
		p.pos = len("\ufeff")
	}
	return true
}

// next takes the token at hand.
func (p *parser) next() {
	p.prevEnd = p.end
	p.scan()
}

func (p *parser) text() string { return p.src[p.start:p.end] }

func (p *parser) span(start, end int) diag.Span { return p.file.Span(start, end) }

// isWord says whether a word or a string is at hand.
func (p *parser) isWord() bool { return p.kind >= quoted }

// isKeyword says whether this very word is at hand, not quoted.
func (p *parser) isKeyword(w string) bool { return p.kind == word && p.text() == w }

// takeWord takes the word or string at hand.
func (p *parser) takeWord() ast.Word {
	w := ast.Word{Text: p.text(), Span: p.span(p.start, p.end)}
	if p.kind == quoted {
		w.Text, w.Quoted = unquote(w.Text), true
		if !closed(p.text()) {
			p.bad = true // reported by the scanner
		}
	}
	p.next()
	return w
}

// ended says whether the statement at hand has nothing more.
func (p *parser) ended() bool {
	switch p.kind {
	case eof, newline, semi, rbrace, comment:
		return true
	}
	return false
}

// takeComment takes the comment at hand.
func (p *parser) takeComment(blankBefore bool) ast.Comment {
	c := ast.Comment{Text: p.text(), Span: p.span(p.start, p.end), BlankBefore: blankBefore}
	p.next()
	return c
}

// takeInner takes the comment at hand, which stands inside a statement.
func (p *parser) takeInner() {
	own := p.firstOnLine(p.start)
	c := p.takeComment(false)
	c.OwnLine = own
	p.inner = append(p.inner, c)
}

// takeCommentPtr takes a comment if one is at hand.
func (p *parser) takeCommentPtr() *ast.Comment {
	if p.kind != comment {
		return nil
	}
	c := p.takeComment(false)
	return &c
}

// body reads statements until the end of the file, or until the innermost open
// block is closed.
func (p *parser) body(pl place) ast.Body {
	var b ast.Body
	first := len(p.slabs.pending)
	for {
		lead, blank, blankAfter := p.leading(first == len(p.slabs.pending))
		closing := p.kind == rbrace && pl != inFile
		escaping := !closing && pl != inFile && p.escapes()
		if closing || escaping || p.kind == eof {
			b.Stmts = p.slabs.takeStmts(first)
			b.Dangling = lead
			switch {
			case closing:
				p.suspect()
				b.Close = p.span(p.start, p.end)
				p.next()
			case escaping:
				p.unclosed(true)
			case pl != inFile:
				p.unclosed(false)
			}
			return b
		}
		if p.kind == rbrace {
			p.stray()
			continue
		}
		p.bad, p.inner = false, p.inner[:0]
		p.stmt = p.start
		s := p.statement(pl)
		m := s.Comments()
		m.Lead, m.BlankBefore, m.BlankAfterLead = lead, blank, blankAfter
		p.slabs.pending = append(p.slabs.pending, s)
	}
}

// leading skips what stands before a statement and returns the comments there,
// whether an empty line stands before all of it, and between it and what
// follows. Before the first statement of a body empty lines mean nothing.
func (p *parser) leading(atStart bool) (lead []ast.Comment, blank, blankAfter bool) {
	lines := 0
	for {
		switch p.kind {
		case newline:
			lines++
		case semi:
		case comment:
			empty := lines > 1 && !(atStart && len(lead) == 0)
			if len(lead) == 0 {
				blank = empty
			}
			lead = append(lead, p.takeComment(empty))
			lines = 0
			continue
		default:
			if len(lead) == 0 {
				return nil, lines > 1 && !atStart, false
			}
			return lead, blank, lines > 1
		}
		p.next()
	}
}

// finish sets what every statement has and takes what ends it. It skips what
// is left of a statement with an error.
func (p *parser) finish(m *ast.Meta, start int, kw keyword) {
	m.Pos = p.span(start, max(p.prevEnd, start))
	if len(p.inner) > 0 {
		m.Inner = append([]ast.Comment(nil), p.inner...)
	}
	if p.atNext {
		p.atNext = false
		return
	}
	if !p.ended() {
		if !p.bad {
			p.trailing(kw)
		}
		p.skip(start)
		m.Pos.End = max(p.prevEnd, start)
	}
	p.separate(&m.Trail)
}

// separate takes any ; behind a statement, and a comment behind that.
func (p *parser) separate(trail **ast.Comment) {
	for p.kind == semi {
		p.next()
	}
	*trail = p.takeCommentPtr()
}

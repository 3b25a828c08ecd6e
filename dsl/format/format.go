package format

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/loward/loward/dsl/ast"
)

const (
	indentWidth = 4
	// maxWidth is the column at which a statement goes on on the next line, if it
	// has a comma to break at.
	maxWidth = 100
	// maxAligned is the width of a line above which the comments behind its
	// neighbours are not moved out to stand below its own.
	maxAligned = 72
)

// Format prints a tree. The tree need not come from a text: a word without a
// position is quoted where it has to be.
func Format(f *ast.File) []byte {
	var p printer
	p.body(&f.Body, 0)
	return p.bytes()
}

// line of the output, without its comment.
type line struct {
	indent  int
	text    string // "" for an empty line, and for a comment alone
	comment string
}

type printer struct{ lines []line }

func (p *printer) add(indent int, text, comment string) {
	p.lines = append(p.lines, line{indent, text, comment})
}

// body prints statements and the comments behind them.
func (p *printer) body(b *ast.Body, indent int) {
	for i, s := range b.Stmts {
		m := s.Comments()
		if m.BlankBefore && i > 0 {
			p.add(0, "", "")
		}
		p.comments(m.Lead, indent, false)
		if m.BlankAfterLead && len(m.Lead) > 0 {
			p.add(0, "", "")
		}
		p.statement(s, indent)
	}
	p.comments(b.Dangling, indent, len(b.Stmts) > 0)
}

// comments prints comments on lines of their own; blank says whether an empty
// line before the first is kept.
func (p *printer) comments(list []ast.Comment, indent int, blank bool) {
	for i, c := range list {
		if c.BlankBefore && (i > 0 || blank) {
			p.add(0, "", "")
		}
		p.add(indent, "", c.Text)
	}
}

// bytes puts the lines together, aligning the comments of adjacent lines.
func (p *printer) bytes() []byte {
	var out bytes.Buffer
	for i := 0; i < len(p.lines); {
		end := i
		column := 0
		for end < len(p.lines) && p.lines[end].text != "" && p.lines[end].comment != "" {
			if w := p.lines[end].width(); w <= maxAligned {
				column = max(column, w)
			}
			end++
		}
		if end == i {
			end++
		}
		for ; i < end; i++ {
			p.lines[i].write(&out, column)
		}
	}
	return out.Bytes()
}

// width of the line without its comment.
func (l *line) width() int { return l.indent*indentWidth + utf8.RuneCountInString(l.text) }

func (l *line) write(out *bytes.Buffer, column int) {
	if l.text != "" || l.comment != "" {
		for range l.indent * indentWidth {
			out.WriteByte(' ')
		}
	}
	out.WriteString(l.text)
	if l.comment != "" {
		if l.text != "" {
			for range max(0, column-l.width()) + 2 {
				out.WriteByte(' ')
			}
		}
		out.WriteString(l.comment)
	}
	out.WriteByte('\n')
}

// word as it has to be written.
func word(w ast.Word) string {
	if w.Quoted || !bare(w.Text) {
		return quote(w.Text)
	}
	return w.Text
}

// bare says whether a text can stand without quotes.
func bare(s string) bool {
	if s == "" || strings.HasPrefix(s, "\ufeff") {
		return false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case ';', ',', '{', '}', '=', '#', '"':
			return false
		default:
			if c <= ' ' || c == 0x7f {
				return false
			}
		}
	}
	return true
}

func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
	return b.String()
}

package format

import (
	"strings"
	"unicode/utf8"

	"github.com/loward/loward/dsl/ast"
)

// flow lays out one statement: its words in chunks, between which a line may
// end - behind a comma, and behind the brace of a set that stands on lines of
// its own.
type flow struct {
	inner  []ast.Comment // still to be placed, in order
	chunks []chunk
	open   bool // the last chunk takes further words
	each   bool // a line ends behind every comma
}

// chunk of words that stay on one line.
type chunk struct {
	text     string
	comments []ast.Comment // before it
	fresh    bool          // it begins a line
}

// put adds a word that stands at an offset of the source, or nowhere (-1).
func (f *flow) put(text string, offset int) {
	var due []ast.Comment
	for len(f.inner) > 0 && offset >= 0 && f.inner[0].Span.Start < offset {
		due = append(due, f.inner[0])
		f.inner = f.inner[1:]
	}
	if !f.open || len(due) > 0 {
		fresh := f.each && len(f.chunks) > 0 && f.chunks[len(f.chunks)-1].text != "},"
		f.chunks = append(f.chunks, chunk{text: text, comments: due, fresh: fresh})
		f.open = true
		return
	}
	last := &f.chunks[len(f.chunks)-1]
	last.text += " " + text
}

// comma ends a chunk.
func (f *flow) comma() {
	f.chunks[len(f.chunks)-1].text += ","
	f.open = false
}

// newline makes the next word begin a line.
func (f *flow) newline(text string, offset int) {
	f.open = false
	f.put(text, offset)
	f.chunks[len(f.chunks)-1].fresh = true
}

func (f *flow) word(w ast.Word) {
	if w.Span.File == nil {
		f.put(word(w), -1)
		return
	}
	f.put(word(w), w.Span.Start)
}

func (f *flow) words(list []ast.Word) {
	for i, w := range list {
		if i > 0 {
			f.comma()
		}
		f.word(w)
	}
}

// list prints a clause.
func (f *flow) list(keyword string, l *ast.List) {
	f.put(keyword, -1)
	f.words(l.Words)
}

func (f *flow) traffics(list []ast.Traffic) {
	for i := range list {
		if i > 0 {
			f.comma()
		}
		f.traffic(&list[i])
	}
}

func (f *flow) traffic(t *ast.Traffic) {
	f.word(t.Kind)
	if len(t.Args) == 0 {
		return
	}
	if !t.Braced {
		f.words(t.Args)
		return
	}
	f.put("{", -1)
	if !f.tall(t) {
		f.words(t.Args)
		f.put("}", -1)
		return
	}
	for i, w := range t.Args {
		if i == 0 {
			f.newline(word(w), w.Span.Start)
			continue
		}
		f.comma()
		f.word(w)
	}
	f.newline("}", t.Span.End)
}

// tall says whether a set has comments at its braces, so that its items stand
// on lines of their own between them.
func (f *flow) tall(t *ast.Traffic) bool {
	first, last := t.Args[0].Span, t.Args[len(t.Args)-1].Span
	for _, c := range f.inner {
		if at := c.Span.Start; at < first.Start || at > last.End && at < t.Span.End {
			return true
		}
	}
	return false
}

// flowed prints a laid out statement and the comment behind it.
func (p *printer) flowed(f *flow, indent int, trail *ast.Comment) {
	depth := indent
	var cur strings.Builder
	width := 0
	end := func(comment string) {
		if cur.Len() > 0 || comment != "" {
			p.add(depth, cur.String(), comment)
		}
		cur.Reset()
		width = 0
		depth = indent + 1
	}
	for _, c := range f.chunks {
		for _, comment := range c.comments {
			if cur.Len() > 0 && comment.OwnLine {
				end("")
			}
			end(comment.Text)
		}
		w := utf8.RuneCountInString(c.text)
		if cur.Len() > 0 && (c.fresh || depth*indentWidth+width+1+w > maxWidth) {
			end("")
		}
		if c.fresh && strings.HasPrefix(c.text, "}") {
			depth = indent
		}
		if cur.Len() > 0 {
			cur.WriteByte(' ')
			width++
		}
		cur.WriteString(c.text)
		width += w
	}
	for _, comment := range f.inner { // behind a last comma in a set
		end(comment.Text)
	}
	text := ""
	if trail != nil {
		text = trail.Text
	}
	end(text)
}

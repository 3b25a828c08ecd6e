package diag

import (
	"fmt"
	"sort"
)

// File is a source text under the name that diagnostics show for it.
type File struct {
	Name string
	Data []byte

	lines []int     // offset of the first byte of each line, found on first use
	from  []derived // what a derived file was made of
}

// NewFile names a text. The text must not change afterwards.
func NewFile(name string, data []byte) *File {
	return &File{Name: name, Data: data}
}

// Span is a half-open range of byte offsets in a file. The zero Span is
// "nowhere": a node that no source line stands for.
type Span struct {
	File  *File
	Start int
	End   int
}

// Span of the bytes from start (inclusive) to end (exclusive); of a derived
// file, of what they were made of.
func (f *File) Span(start, end int) Span {
	if f.from != nil {
		return f.origin(start, end)
	}
	return Span{f, start, end}
}

// Position is a place as people count: line and column from 1, the column in
// UTF-8 bytes.
type Position struct {
	Line, Column int
}

// Position of a byte offset; offsets beyond the end are the end.
func (f *File) Position(offset int) Position {
	f.index()
	offset = max(0, min(offset, len(f.Data)))
	i := sort.SearchInts(f.lines, offset+1) - 1
	return Position{i + 1, offset - f.lines[i] + 1}
}

// Line returns the text of a line (counted from 1) without its line end, and
// the offset of its first byte.
func (f *File) Line(n int) (text string, start int) {
	f.index()
	if n < 1 || n > len(f.lines) {
		return "", len(f.Data)
	}
	start = f.lines[n-1]
	end := start
	for end < len(f.Data) && f.Data[end] != '\n' && f.Data[end] != '\r' {
		end++
	}
	return string(f.Data[start:end]), start
}

// index is not safe for concurrent first use; a file is read by one goroutine
// until its diagnostics or positions have been asked for once.
func (f *File) index() {
	if f.lines != nil {
		return
	}
	n := 1
	for _, b := range f.Data {
		if b == '\n' {
			n++
		}
	}
	f.lines = make([]int, 1, n)
	for i, b := range f.Data {
		if b == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
}

// IsZero says whether the span is nowhere.
func (s Span) IsZero() bool { return s.File == nil }

// Position of the span's first byte.
func (s Span) Position() Position {
	if s.File == nil {
		return Position{}
	}
	return s.File.Position(s.Start)
}

// EndPosition is that of the first byte behind the span.
func (s Span) EndPosition() Position {
	if s.File == nil {
		return Position{}
	}
	return s.File.Position(s.End)
}

// Text of the span.
func (s Span) Text() string {
	if s.File == nil || s.Start < 0 || s.End > len(s.File.Data) || s.Start > s.End {
		return ""
	}
	return string(s.File.Data[s.Start:s.End])
}

// Join is the smallest span that holds both; a zero span joins to the other.
func (s Span) Join(o Span) Span {
	switch {
	case s.File == nil:
		return o
	case o.File != s.File:
		return s
	}
	return Span{s.File, min(s.Start, o.Start), max(s.End, o.End)}
}

// String is file:line:column, or "-" for nowhere.
func (s Span) String() string {
	if s.File == nil {
		return "-"
	}
	p := s.Position()
	return fmt.Sprintf("%s:%d:%d", s.File.Name, p.Line, p.Column)
}

// FileLine is file:line, as comments in rulesets name an origin.
func (s Span) FileLine() string {
	if s.File == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d", s.File.Name, s.Position().Line)
}

package diag

import (
	"sort"
	"strings"
)

// Part is a piece of a text that was made from others, and what it was made of.
type Part struct {
	Text string
	From Span
}

// Derive makes a file of pieces of other files: a here-document whose variables
// are filled in, the words of a command joined by spaces. Spans of the new file
// are spans of what its pieces were made of, exact to the byte where a piece was
// taken over as it stands; so whatever reads the text says where it is really
// from. Its own positions are those of the derived text.
func Derive(name string, parts []Part) *File {
	var b strings.Builder
	f := &File{Name: name, from: make([]derived, 0, len(parts))}
	for _, p := range parts {
		f.from = append(f.from, derived{b.Len(), p.From, p.From.Text() == p.Text})
		b.WriteString(p.Text)
	}
	f.Data = []byte(b.String())
	return f
}

// derived is where a piece of a derived file begins and what it was made of.
type derived struct {
	start int
	from  Span
	exact bool
}

// origin is the span of which the bytes from start to end were made.
func (f *File) origin(start, end int) Span {
	first := f.pieceAt(start)
	last := first
	if end > start {
		last = f.pieceAt(end - 1)
	}
	if first < 0 {
		return Span{}
	}
	s, e := f.from[first].from, f.from[last].from
	if d := f.from[first]; d.exact {
		s = Span{s.File, s.Start + start - d.start, s.End}
	}
	if d := f.from[last]; d.exact {
		e = Span{e.File, e.Start, e.Start + end - d.start}
	}
	if first == last {
		return Span{s.File, s.Start, e.End}
	}
	return s.Join(e)
}

// pieceAt is the index of the piece that holds a byte, the last where it is
// behind the end, -1 where there are none.
func (f *File) pieceAt(offset int) int {
	i := sort.Search(len(f.from), func(i int) bool { return f.from[i].start > offset }) - 1
	for i > 0 && f.from[i].from.IsZero() { // a joint, made of nothing
		i--
	}
	return max(i, min(0, len(f.from)-1))
}

package diag

import "testing"

func TestPositions(t *testing.T) {
	f := NewFile("f", []byte("a\u00fcb\r\n\nlast"))
	for _, c := range []struct{ offset, line, column int }{
		{-1, 1, 1}, {0, 1, 1}, {3, 1, 4}, {4, 1, 5}, {5, 1, 6}, {6, 2, 1}, {7, 3, 1}, {11, 3, 5}, {99, 3, 5},
	} {
		if p := f.Position(c.offset); p != (Position{c.line, c.column}) {
			t.Errorf("offset %d is %v, want %d:%d", c.offset, p, c.line, c.column)
		}
	}
	for n, want := range map[int]string{0: "", 1: "a\u00fcb", 2: "", 3: "last", 4: ""} {
		if text, _ := f.Line(n); text != want {
			t.Errorf("line %d is %q, want %q", n, text, want)
		}
	}
	if s := f.Span(7, 9); s.String() != "f:3:1" || s.Text() != "la" || s.FileLine() != "f:3" {
		t.Errorf("%s %q", s, s.Text())
	}
	if s := (Span{}).Join(f.Span(1, 2)); s != f.Span(1, 2) {
		t.Errorf("%v", s)
	}
	if s := f.Span(5, 6).Join(f.Span(1, 2)); s != f.Span(1, 6) {
		t.Errorf("%v", s)
	}
}

func TestSortAndCount(t *testing.T) {
	a, b := NewFile("a", []byte("xyz")), NewFile("b", []byte("xyz"))
	var l List
	l.Errorf(b.Span(0, 1), "first of b")
	l.Warnf(a.Span(2, 3), "second of a")
	l.Errorf(a.Span(1, 2), "first of a").Helpf("do %s", "this").WithCode("LW001").See(b.Span(0, 1), "there")
	l.Errorf(b.Span(0, 1), "first of b")
	l.Sort()
	if len(l.All) != 3 || l.All[0].Message != "first of a" || l.All[1].Message != "second of a" || l.Errors() != 2 {
		t.Errorf("%+v", l.All)
	}
	if d := l.All[0]; d.Help != "do this" || d.Code != "LW001" || len(d.Related) != 1 {
		t.Errorf("%+v", d)
	}
}

// A list with a bound keeps its first diagnostics of each severity and counts
// the others.
func TestListMax(t *testing.T) {
	f := NewFile("x.low", []byte("a\nb\n"))
	l := List{Max: 3}
	for range 5 {
		l.Errorf(f.Span(0, 1), "mistake").Helpf("help")
	}
	l.Warnf(f.Span(2, 3), "warning")
	if len(l.All) != 4 || l.Errors() != 3 || l.Dropped() != 2 {
		t.Errorf("%d kept, %d errors, %d dropped; want 4, 3, 2", len(l.All), l.Errors(), l.Dropped())
	}
}

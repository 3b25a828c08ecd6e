package diag

import "testing"

func TestDerive(t *testing.T) {
	f := NewFile("script", []byte("P=22\necho -p $P accept\n"))
	//                          0    5         9  13 16
	d := Derive("words", []Part{
		{"-p", f.Span(10, 12)}, {" ", Span{}}, {"22-23", f.Span(13, 15)}, {" ", Span{}}, {"accept", f.Span(16, 22)},
	})
	if string(d.Data) != "-p 22-23 accept" {
		t.Fatalf("%q", d.Data)
	}
	for _, tt := range []struct {
		start, end int
		want       string
	}{
		{0, 2, "-p"}, {1, 2, "p"}, {3, 5, "$P"}, {6, 8, "$P"}, {9, 15, "accept"}, {11, 13, "ce"},
		{0, 8, "-p $P"}, {1, 11, "p $P ac"}, {15, 15, ""}, {99, 99, ""},
	} {
		s := d.Span(tt.start, tt.end)
		if s.File != f || s.Text() != tt.want {
			t.Errorf("%d-%d is %q (%v), want %q", tt.start, tt.end, s.Text(), s, tt.want)
		}
	}
	if s := Derive("nothing", []Part{{"", Span{}}}).Span(0, 0); !s.IsZero() {
		t.Errorf("%v", s)
	}
	if s := Derive("none", nil).Span(0, 0); s.Text() != "" {
		t.Errorf("%v", s)
	}
}

package nft

import (
	"os"
	"testing"

	"github.com/loward/loward/dsl/diag"
)

// Whatever the text, reading ends without a panic; and what was read without a
// mistake, written and read once more, is the same. The model as JSON is always
// there.
func FuzzRead(f *testing.F) {
	for _, a := range append(askedRules(f), askedTexts(f)...) {
		f.Add([]byte(a.text))
	}
	for _, name := range []string{"testdata/rules.txt", "testdata/texts.txt"} {
		if data, err := os.ReadFile(name); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var l diag.List
		rs := Read(diag.NewFile("in", data), Options{}, &l)
		if model, _ := (JSON{Model: true}).Write(rs); model == nil {
			t.Fatal("no model")
		}
		if l.Errors() > 0 {
			return
		}
		first, _ := Text{Plain: true}.Write(rs)
		if first == nil {
			return // it can't be said in this form, which was told
		}
		var again diag.List
		rs = Read(diag.NewFile("out", first), Options{}, &again)
		if again.Errors() > 0 {
			t.Fatalf("what was written is refused: %s: %s\n%s", again.All[0].Span.FileLine(), again.All[0].Message, first)
		}
		second, _ := Text{Plain: true}.Write(rs)
		if string(first) != string(second) {
			t.Fatalf("became other:\n%s\n%s", first, second)
		}
	})
}

// The same for JSON.
func FuzzReadJSON(f *testing.F) {
	for _, a := range append(askedRules(f), askedTexts(f)...) {
		var l diag.List
		rs := Read(diag.NewFile("in", []byte(a.text)), Options{}, &l)
		if text, _ := (JSON{Plain: true}).Write(rs); text != nil {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var l diag.List
		rs := ReadJSON(diag.NewFile("in", data), Options{}, &l)
		if l.Errors() > 0 {
			return
		}
		first, _ := JSON{Plain: true}.Write(rs)
		if first == nil {
			return
		}
		var again diag.List
		rs = ReadJSON(diag.NewFile("out", first), Options{}, &again)
		if again.Errors() > 0 {
			t.Fatalf("what was written is refused: %s: %s\n%s", again.All[0].Span.FileLine(), again.All[0].Message, first)
		}
		second, _ := JSON{Plain: true}.Write(rs)
		if string(first) != string(second) {
			t.Fatalf("became other:\n%s\n%s", first, second)
		}
	})
}

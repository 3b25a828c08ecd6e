package dsl_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loward/loward/dsl"
	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

// seeds are whole policies and the pieces of the language.
func seeds(f *testing.F) {
	for _, pattern := range []string{"testdata/format/*.low", "parser/testdata/*.low"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatal("no seeds", err)
		}
		for _, name := range files {
			src, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src)
		}
	}
	for _, s := range []string{
		"", "\ufeff# a\r\nzone a = b\r\n", "service a{allow tcp{80,#c\n443,\n#d\n}\n}#e\n",
		"local{deny any,\n#x\nping from a,\nb log \"\\\"\\\\\"}", "net a=b,\n\n#c\n\nd#e\n;;#f\n\n\n#g",
		"service \"a\nallow", "}{", "expect drop icmp from self to a", "host a{source a to b;masquerade on a,\n#b\nc}",
		"service a {\n allow dns\nservice b {\n}\n", "allow tcp { 80\n", "service a\n allow dns\n}\nzone", "\xff\x00\x01\u202e",
	} {
		f.Add([]byte(s))
	}
}

// inside checks that every statement stands within the span of its parent and
// behind its elder sibling.
func inside(t *testing.T, b *ast.Body, from, to int) {
	for _, s := range b.Stmts {
		p := s.Span()
		if p.Start < from || p.End < p.Start || p.End > to {
			t.Fatalf("%T has the span %d-%d outside %d-%d", s, p.Start, p.End, from, to)
		}
		switch s := s.(type) {
		case *ast.Host:
			inside(t, &s.Body, p.Start, p.End)
		case *ast.Service:
			inside(t, &s.Body, p.Start, p.End)
		case *ast.Block:
			inside(t, &s.Body, p.Start, p.End)
		}
		from = p.End
	}
}

func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		tree, mistakes := dsl.Parse("f.low", src)
		inside(t, &tree.Body, 0, len(src))
		for _, d := range mistakes {
			s := d.Span
			if s.IsZero() || s.Start < 0 || s.End < s.Start || s.End > len(src) {
				t.Fatalf("%q has the span %d-%d in a text of %d bytes", d.Message, s.Start, s.End, len(src))
			}
			if d.Message == "" || !strings.HasPrefix(d.Code, "LW00") || d.Severity != diag.Error {
				t.Fatalf("incomplete diagnostic %+v", d)
			}
		}
	})
}

func FuzzFormat(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		if _, mistakes := dsl.Parse("f.low", src); len(mistakes) > 0 {
			if text, _ := dsl.Format("f.low", src); text != nil {
				t.Fatal("a broken policy was formatted")
			}
			return
		}
		roundTrip(t, src)
	})
}

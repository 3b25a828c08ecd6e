package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/loward/loward/dsl/diag"
)

func TestText(t *testing.T) {
	f := diag.NewFile("fw.low", []byte("zone a = b\n\tallow dns form lan\nhost r {\n}\nzone \u8a00\u8a9e = \x1b[31m\n"+
		strings.Repeat("x", 500)+" here "+strings.Repeat("y", 500)+"\nlast"))
	at := func(text string) diag.Span {
		i := strings.Index(string(f.Data), text)
		return f.Span(i, i+len(text))
	}
	for _, c := range []struct {
		name string
		d    diag.Diagnostic
		want string
	}{
		{"tab, help and note", diag.Diagnostic{
			Code: "LW002", Span: at("form"), Message: `unknown clause "form"`, Help: `did you mean "from"?`,
			Related: []diag.Related{{Span: at("zone a"), Message: "see here"}, {Message: "nowhere"}}},
			`fw.low:2:12: error[LW002]: unknown clause "form"
 2 |     allow dns form lan
   |               ^^^^
   = help: did you mean "from"?
   = note: fw.low:1:1: see here
   = note: nowhere
`},
		{"several lines", diag.Diagnostic{Severity: diag.Warning, Span: at("r {\n}"), Message: "m"},
			"fw.low:3:6: warning: m\n 3 | host r {\n   |      ^^^\n"},
		{"wide characters and escapes", diag.Diagnostic{Severity: diag.Note, Span: at("\x1b"), Message: "bad \x1b[0m"},
			"fw.low:5:15: note: bad <U+001B>[0m\n 5 | zone \u8a00\u8a9e = <U+001B>[31m\n   |             ^^^^^^^^\n"},
		{"line end", diag.Diagnostic{Span: f.Span(10, 11), Message: "m"},
			"fw.low:1:11: error: m\n 1 | zone a = b\n   |           ^\n"},
		{"end of the file", diag.Diagnostic{Span: f.Span(len(f.Data), len(f.Data)), Message: "m"},
			"fw.low:7:5: error: m\n 7 | last\n   |     ^\n"},
		{"nowhere", diag.Diagnostic{Message: "m", Help: "h"}, "error: m\n  = help: h\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			if err := Text(&b, []*diag.Diagnostic{&c.d}, Options{NoSummary: true}); err != nil {
				t.Fatal(err)
			}
			if b.String() != c.want {
				t.Errorf("got\n%s\nwant\n%s", b.String(), c.want)
			}
		})
	}
	t.Run("long line", func(t *testing.T) {
		var b strings.Builder
		if err := Text(&b, []*diag.Diagnostic{{Span: at("here"), Message: "m"}}, Options{NoSummary: true}); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(b.String(), "\n")
		_, source, _ := strings.Cut(lines[1], "| ")
		_, mark, _ := strings.Cut(lines[2], "| ")
		r := []rune(source)
		if len(r) > maxColumns+2 || r[0] != '…' || r[len(r)-1] != '…' {
			t.Errorf("cut to %d columns: %s", len(r), source)
		}
		if i := strings.Index(mark, "^"); string(r[i:i+4]) != "here" || mark[i:] != "^^^^" {
			t.Errorf("the mark is not under its text:\n%s", b.String())
		}
	})
}

func TestLongSpan(t *testing.T) {
	f := diag.NewFile("f", []byte("a "+strings.Repeat("\u00fc", 1<<20)+" b"))
	var b strings.Builder
	if err := Text(&b, []*diag.Diagnostic{{Span: f.Span(2, 2+2<<20), Message: "m"}}, Options{}); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 1000 || !strings.Contains(b.String(), strings.Repeat("^", maxColumns)) || strings.Contains(b.String(), "<") {
		t.Errorf("%d bytes: %.300s", b.Len(), b.String())
	}
}

func TestSummaryAndColor(t *testing.T) {
	list := []*diag.Diagnostic{{Message: "a"}, {Message: "b"}, {Severity: diag.Warning, Message: "c"}}
	if got := Summary(list); got != "2 errors, 1 warning" {
		t.Error(got)
	}
	if got := Summary(nil); got != "" {
		t.Error(got)
	}
	var plain, colored strings.Builder
	if err := Text(&plain, list, Options{}); err != nil {
		t.Fatal(err)
	}
	if err := Text(&colored, list, Options{Color: true}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(plain.String(), "\x1b") || !strings.Contains(colored.String(), "\x1b[1;31merror:\x1b[0m") {
		t.Errorf("%q\n%q", plain.String(), colored.String())
	}
	if !strings.HasSuffix(plain.String(), "\n2 errors, 1 warning\n") {
		t.Error(plain.String())
	}
}

func TestJSON(t *testing.T) {
	f := diag.NewFile("fw.low", []byte("zone <a> = \u00fc c\nx\n"))
	list := []*diag.Diagnostic{
		{Code: "LW001", Span: f.Span(14, 15), Message: "a <comma> is missing", Help: "h",
			Related: []diag.Related{{Span: f.Span(16, 17), Message: "r"}},
			Fixes:   []diag.Fix{{Title: "t", Edits: []diag.Edit{{Span: f.Span(13, 13), Text: ","}}}}},
		{Severity: diag.Note, Message: "nowhere"},
	}
	var b strings.Builder
	if err := JSON(&b, list); err != nil {
		t.Fatal(err)
	}
	want := `{"version":1,"findings":[{"code":"LW001","name":"","severity":"error","file":"fw.low","line":1,"column":15,"endLine":1,"endColumn":16,"message":"a <comma> is missing","help":"h","related":[{"file":"fw.low","line":2,"column":1,"message":"r"}],"fixes":[{"title":"t","edits":[{"line":1,"column":14,"endLine":1,"endColumn":14,"text":","}]}]},{"code":"","name":"","severity":"note","file":"","line":0,"column":0,"endLine":0,"endColumn":0,"message":"nowhere","related":[],"fixes":[]}],"undecided":[]}
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	var back Findings
	if err := json.Unmarshal([]byte(b.String()), &back); err != nil || len(back.Findings) != 2 {
		t.Errorf("%v %+v", err, back)
	}
}

package format_test

import (
	"testing"

	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
	"github.com/loward/loward/dsl/format"
	"github.com/loward/loward/dsl/parser"
)

// TestWithoutPositions prints a tree that no text stands behind, as an importer
// makes it, and reads it again.
func TestWithoutPositions(t *testing.T) {
	w := func(s string) ast.Word { return ast.Word{Text: s} }
	words := func(list ...string) []ast.Word {
		var out []ast.Word
		for _, s := range list {
			out = append(out, w(s))
		}
		return out
	}
	tree := &ast.File{Body: ast.Body{Stmts: []ast.Stmt{
		&ast.Zone{Name: w("odd one"), Ifaces: words("eth0", "a,b", `q"\`, "ppp*", "")},
		&ast.Service{Name: w("web"), Body: ast.Body{Stmts: []ast.Stmt{
			&ast.Address{Items: []ast.AddressItem{
				{Keyword: w("host")}, {Keyword: w("interface"), Value: w("eth0")}, {Value: w("::1")}}},
			&ast.Rule{
				Action:  ast.Allow,
				Traffic: []ast.Traffic{{Kind: w("tcp"), Args: words("80", "web"), Braced: true}, {Kind: w("ping")}},
				On:      &ast.List{Words: words("lan")},
				From:    &ast.List{Words: words("10.0.0.0/8", "#x")},
				Limit:   &ast.Limit{Rate: w("1/day"), Burst: w("3"), PerSource: true},
				Log:     &ast.Log{Text: w("hit")},
			},
			&ast.LogRefused{},
		}}},
		&ast.Expect{Verdict: w("drop"), Packet: ast.Packet{
			Traffic: ast.Traffic{Kind: w("udp")}, Self: true, User: w("mail"), To: w("10.0.0.1:53")}, At: w("r")},
		&ast.Include{Path: w("a.low")},
	}}}
	got := string(format.Format(tree))
	want := `zone "odd one" = eth0, "a,b", "q\"\\", ppp*, ""
service web {
    address host, interface eth0, ::1
    allow tcp { 80, web }, ping from 10.0.0.0/8,
        "#x" on lan limit 1/day burst 3 per source log "hit"
    log refused
}
expect drop udp from self user mail to 10.0.0.1:53 at r
include "a.low"
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var l diag.List
	parser.Parse(diag.NewFile("t", []byte(got)), &l)
	for _, d := range l.All {
		t.Errorf("%s: %s", d.Span, d.Message)
	}
}

func TestEmpty(t *testing.T) {
	if got := format.Format(&ast.File{}); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

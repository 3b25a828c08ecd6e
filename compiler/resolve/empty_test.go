package resolve

import (
	"testing"

	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

// TestNothingVanishes: a tree with parts missing is refused, even where no
// parser has complained. What is left out must never mean "any".
func TestNothingVanishes(t *testing.T) {
	f := diag.NewFile("x.low", []byte("some statement"))
	meta := ast.Meta{Pos: f.Span(0, 14)}
	word := func(s string) ast.Word { return ast.Word{Text: s, Span: f.Span(0, 4)} }
	tcp := []ast.Traffic{{Kind: word("tcp"), Span: f.Span(0, 4)}}
	empty := &ast.List{Keyword: f.Span(0, 4)}
	service := func(s ast.Stmt) ast.Stmt {
		addr := &ast.Address{Meta: meta, Items: []ast.AddressItem{{Value: word("10.0.0.1")}}}
		allow := &ast.Rule{Meta: meta, Traffic: tcp}
		return &ast.Service{Meta: meta, Name: word("s"), Body: ast.Body{Stmts: []ast.Stmt{addr, allow, s}}}
	}
	host := func(s ast.Stmt) ast.Stmt {
		return &ast.Host{Meta: meta, Name: word("h"), Body: ast.Body{Stmts: []ast.Stmt{s}}}
	}
	block := func(k ast.BlockKind, s ast.Stmt) ast.Stmt {
		return &ast.Block{Meta: meta, Kind: k, Body: ast.Body{Stmts: []ast.Stmt{s}}}
	}
	for name, s := range map[string]ast.Stmt{
		"zone":              &ast.Zone{Meta: meta, Name: word("z")},
		"zone without name": &ast.Zone{Meta: meta, Ifaces: []ast.Word{word("eth0")}},
		"net":               &ast.Net{Meta: meta, Name: word("n")},
		"port":              &ast.Port{Meta: meta, Name: word("p")},
		"proto":             &ast.Proto{Meta: meta, Name: word("p")},
		"proto number":      &ast.Proto{Meta: meta, Name: word("p"), Traffic: []ast.Traffic{{Kind: word("proto"), Span: f.Span(0, 4)}}},
		"host without name": &ast.Host{Meta: meta},
		"masquerade":        host(&ast.Masquerade{Meta: meta}),
		"masquerade on":     host(&ast.Masquerade{Meta: meta, On: empty}),
		"interface":         host(&ast.Interface{Meta: meta}),
		"source":            host(&ast.Source{Meta: meta, Addr: word("10.0.0.1")}),
		"service":           &ast.Service{Meta: meta, Body: ast.Body{}},
		"home":              service(&ast.Home{Meta: meta}),
		"guard":             service(&ast.Guard{Meta: meta}),
		"address":           service(&ast.Address{Meta: meta, Items: []ast.AddressItem{{}}}),
		"traffic":           service(&ast.Rule{Meta: meta}),
		"from":              service(&ast.Rule{Meta: meta, Traffic: tcp, From: empty}),
		"on":                service(&ast.Rule{Meta: meta, Traffic: tcp, On: empty}),
		"limit":             service(&ast.Rule{Meta: meta, Traffic: tcp, Limit: &ast.Limit{}}),
		"user":              service(&ast.Rule{Meta: meta, Action: ast.AllowLocal, Traffic: tcp, User: empty}),
		"group":             service(&ast.Rule{Meta: meta, Action: ast.AllowLocal, Traffic: tcp, Group: empty}),
		"publish":           service(&ast.Publish{Meta: meta, Traffic: tcp}),
		"publish traffic":   service(&ast.Publish{Meta: meta, To: []ast.Word{word("10.0.0.2")}}),
		"refuse":            service(&ast.Refuse{Meta: meta}),
		"to":                block(ast.Inbound, &ast.Rule{Meta: meta, Traffic: tcp, To: empty}),
		"out":               block(ast.Forward, &ast.Rule{Meta: meta, Traffic: tcp, Out: empty}),
		"default":           block(ast.Inbound, &ast.Default{Meta: meta}),
		"option":            &ast.Option{Meta: meta},
		"option value":      &ast.Option{Meta: meta, Name: word("table")},
		"expect":            &ast.Expect{Meta: meta},
		"expect from":       &ast.Expect{Meta: meta, Verdict: word("drop"), Packet: ast.Packet{Traffic: tcp[0], To: word("10.0.0.1:80"), Span: f.Span(0, 4)}},
		"expect to":         &ast.Expect{Meta: meta, Verdict: word("drop"), Packet: ast.Packet{Traffic: tcp[0], Any: true, Span: f.Span(0, 4)}},
	} {
		var l diag.List
		if p := Resolve([]*ast.File{{Src: f, Body: ast.Body{Stmts: []ast.Stmt{s}}}}, &l); p != nil || l.Errors() == 0 {
			t.Errorf("%s: taken as it is", name)
		}
	}
}

package resolve

import (
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
	"github.com/loward/loward/dsl/parser"
)

// Ask has a policy resolve a packet phrase as well, as if it stood behind an
// expect at a host ("" where there is only one). What comes of it are the Expects
// of the policy whose spans are in phrase.
func Ask(phrase *diag.File, host string) Option {
	return func(l *loader) { l.phrase, l.phraseHost = phrase, host }
}

// Packet resolves a packet phrase where there is no policy: a name behind "on" is
// an interface. A class of several kinds of traffic makes several. It is nil
// where the list has errors.
func Packet(phrase *diag.File, l *diag.List) []*policy.Expect {
	before := l.Errors()
	tree := phraseTree(phrase, "", true, l)
	if tree == nil {
		return nil
	}
	p := Resolve([]*ast.File{tree}, l)
	if p == nil || l.Errors() > before {
		return nil
	}
	return p.Expects
}

// phraseTree is a policy that expects the packet, or nil.
func phraseTree(phrase *diag.File, host string, literal bool, l *diag.List) *ast.File {
	p := parser.ParsePacket(phrase, l)
	if p == nil {
		return nil
	}
	if literal && !p.On.IsZero() {
		p.On.Quoted = true
	}
	e := &ast.Expect{Meta: ast.Meta{Pos: p.Span}, Verdict: ast.Word{Text: "accept", Span: p.Span}, Packet: *p}
	if host != "" {
		e.At = ast.Word{Text: host, Span: p.Span}
	}
	return &ast.File{Src: phrase, Body: ast.Body{Stmts: []ast.Stmt{e}}}
}

package resolve

import (
	"strings"

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

// literalOn takes a name behind "on" for an interface as the kernel has it, where no
// zone and no interface of a host is called so: of the packet that somebody asks about
// nothing is compiled, and a zone may well name the interface alone. What no zone has
// either may be a slip of the pen, which is said.
func literalOn(tree *ast.File, policy []*ast.File, l *diag.List) {
	on := &tree.Body.Stmts[0].(*ast.Expect).Packet.On
	if on.IsZero() || on.Quoted || on.Text == "lo" || strings.HasSuffix(on.Text, "*") {
		return
	}
	named, member := false, false
	var look func(stmts []ast.Stmt)
	look = func(stmts []ast.Stmt) {
		for _, s := range stmts {
			switch s := s.(type) {
			case *ast.Zone:
				named = named || s.Name.Text == on.Text
				for _, w := range s.Ifaces {
					start, wild := strings.CutSuffix(w.Text, "*")
					member = member || w.Text == on.Text || wild && strings.HasPrefix(on.Text, start)
				}
			case *ast.Host:
				look(s.Body.Stmts)
			case *ast.Interface:
				named = named || s.Name.Text == on.Text
			}
		}
	}
	for _, f := range policy {
		look(f.Body.Stmts)
	}
	if named {
		return
	}
	on.Quoted = true
	if !member {
		l.Warnf(on.Span, "there is no zone or interface %s: taken for an interface as the kernel has it", on.Text).WithCode(codeUnknown)
	}
}

package parser

import (
	"errors"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

// The statements that are rare and regular, as participle grammars.

type includeGrammar struct {
	Path lexer.Token `parser:"@String"`
}

type optionGrammar struct {
	Name  lexer.Token `parser:"@(Word|String)"`
	Value lexer.Token `parser:"@(Word|String)"`
}

type sourceGrammar struct {
	Addr lexer.Token `parser:"@(Word|String)"`
	To   lexer.Token `parser:"'to':Word @(Word|String)"`
}

type expectGrammar struct {
	Verdict lexer.Token   `parser:"@(Word|String)"`
	Packet  packetGrammar `parser:"@@"`
	At      *lexer.Token  `parser:"('at':Word @(Word|String))?"`
}

type packetGrammar struct {
	Kind lexer.Token  `parser:"( @('icmp':Word | 'icmpv6':Word | 'proto':Word)"`
	Arg  *lexer.Token `parser:"  ((?! 'from':Word) @(Word|String))?"`
	Name *lexer.Token `parser:"| @(Word|String) ) 'from':Word"`
	Self *selfGrammar `parser:"( @@"`
	Any  *lexer.Token `parser:"| @'any':Word"`
	From *lexer.Token `parser:"| @(Word|String) )"`
	On   *lexer.Token `parser:"('on':Word @(Word|String))?"`
	To   lexer.Token  `parser:"'to':Word @(Word|String)"`
}

type selfGrammar struct {
	Self lexer.Token  `parser:"@'self':Word"`
	From *lexer.Token `parser:"((?! 'user':Word | 'on':Word | 'to':Word) @(Word|String))?"`
	User *lexer.Token `parser:"('user':Word @(Word|String))?"`
}

// grammars are built when the first statement needs one: most files have none.
type grammars struct {
	include *participle.Parser[includeGrammar]
	option  *participle.Parser[optionGrammar]
	source  *participle.Parser[sourceGrammar]
	expect  *participle.Parser[expectGrammar]
	packet  *participle.Parser[packetGrammar]
}

// packetForm is what a packet phrase looks like.
const packetForm = "PROTO from ADDR[:PORT]|self [ADDR] [user NAME]|any [on IFACE] to ADDR[:PORT]"

// byGrammar reads one of the statements that have a grammar.
func (p *parser) byGrammar(kw keyword, start int) ast.Stmt {
	var s ast.Stmt
	g := &p.grammars
	switch kw {
	case kwInclude:
		if t := run(p, &g.include, statements[kw].form); t != nil {
			s = &ast.Include{Path: p.asWord(t.Path)}
		}
	case kwOption:
		if t := run(p, &g.option, statements[kw].form); t != nil {
			s = &ast.Option{Name: p.asWord(t.Name), Value: p.asWord(t.Value)}
		}
	case kwSource:
		if t := run(p, &g.source, statements[kw].form); t != nil {
			s = &ast.Source{Addr: p.asWord(t.Addr), To: p.asWord(t.To)}
		}
	case kwExpect:
		if t := run(p, &g.expect, statements[kw].form); t != nil {
			s = &ast.Expect{Verdict: p.asWord(t.Verdict), Packet: p.asPacket(&t.Packet), At: p.maybeWord(t.At)}
		}
	}
	if s == nil {
		s = &ast.Bad{}
	}
	p.finish(s.Comments(), start, kw)
	return s
}

// packetPhrase reads a whole text as a packet phrase.
func (p *parser) packetPhrase() *ast.Packet {
	for p.kind == newline {
		p.next()
	}
	t := run(p, &p.grammars.packet, packetForm)
	for p.kind == newline {
		p.next()
	}
	if p.kind != eof {
		p.fail(CodeSyntax, p.start, p.end, "unexpected %s behind the packet phrase", p.found()).Helpf(packetForm)
	}
	if t == nil {
		return nil
	}
	packet := p.asPacket(t)
	return &packet
}

// run reads the rest of the statement at hand by a grammar, which is built
// where that was not done before. It returns nil after an error.
func run[G any](p *parser, built **participle.Parser[G], form string) *G {
	if *built == nil {
		// A grammar that can't be built is a mistake in this file, which every
		// test of a statement shows.
		*built = participle.MustBuild[G](participle.Lexer(definition{}), participle.UseLookahead(0))
	}
	tokens := p.rest()
	if p.bad {
		return nil
	}
	peeking, err := lexer.Upgrade(&someTokens{tokens, p.prevEnd})
	if err == nil {
		var tree *G
		if tree, err = (*built).ParseFromLexer(peeking); err == nil {
			return tree
		}
	}
	p.grammarError(err, form)
	return nil
}

// maxPhrase is more tokens than any phrase has.
const maxPhrase = 64

// rest takes the tokens up to the end of the statement at hand, or enough of
// them for the grammar to find the one that is too many.
func (p *parser) rest() []lexer.Token {
	var tokens []lexer.Token
	phrase := 0
	for !p.ended() && p.kind != lbrace && !p.bad && phrase < maxPhrase {
		tokens = append(tokens, p.token())
		phrase++
		switch {
		case p.kind == comma:
			p.comma()
		case p.kind == quoted && !closed(p.text()):
			p.bad = true // reported by the scanner
			p.next()
		default:
			p.next()
		}
	}
	return tokens
}

// grammarError turns what participle says into a diagnostic.
func (p *parser) grammarError(err error, form string) {
	var unexpected *participle.UnexpectedTokenError
	var positioned participle.Error
	switch {
	case errors.As(err, &unexpected):
		t := unexpected.Unexpected
		at := t.Pos.Offset
		if t.EOF() {
			p.fail(CodeSyntax, max(at-1, 0), at, "the statement is not complete").Helpf("%s", form)
			return
		}
		p.unexpectedIn(t, form)
	case errors.As(err, &positioned):
		at := positioned.Position().Offset
		p.fail(CodeSyntax, at, at, "%s", positioned.Message()).Helpf("%s", form)
	default:
		p.fail(CodeSyntax, p.stmt, p.prevEnd, "%s", err).Helpf("%s", form)
	}
}

// phraseWords are the words inside the statements that have a grammar.
var phraseWords = [...]string{"from", "to", "on", "at", "self", "any", "user"}

// unexpectedIn reports a token that a grammar does not have there.
func (p *parser) unexpectedIn(t lexer.Token, form string) {
	at := t.Pos.Offset
	d := p.fail(CodeSyntax, at, at+len(t.Value), "unexpected %s", shown(t.Value)).Helpf("%s", form)
	if t.Type != tokenType(word) {
		return
	}
	if near := diag.Nearest(t.Value, phraseWords[:]); near != "" && !numeric(t.Value) {
		d.Helpf("did you mean %q? %s", near, form)
		d.Fixes = []diag.Fix{{
			Title: "write \"" + near + "\"",
			Edits: []diag.Edit{{Span: p.span(at, at+len(t.Value)), Text: near}},
		}}
	}
}

// asWord is a token of a grammar as a word.
func (p *parser) asWord(t lexer.Token) ast.Word {
	w := ast.Word{Text: t.Value, Span: p.span(t.Pos.Offset, t.Pos.Offset+len(t.Value))}
	if t.Type == tokenType(quoted) {
		w.Text, w.Quoted = unquote(t.Value), true
	}
	return w
}

func (p *parser) maybeWord(t *lexer.Token) ast.Word {
	if t == nil {
		return ast.Word{}
	}
	return p.asWord(*t)
}

func (p *parser) asPacket(g *packetGrammar) ast.Packet {
	if g.Name != nil {
		g.Kind = *g.Name
	}
	kind := p.asWord(g.Kind)
	out := ast.Packet{
		Traffic: ast.Traffic{Kind: kind, Span: kind.Span},
		Any:     g.Any != nil,
		From:    p.maybeWord(g.From),
		On:      p.maybeWord(g.On),
		To:      p.asWord(g.To),
	}
	out.Span = kind.Span.Join(out.To.Span)
	if g.Self != nil {
		out.Self, out.From, out.User = true, p.maybeWord(g.Self.From), p.maybeWord(g.Self.User)
	}
	switch {
	case g.Arg != nil:
		arg := p.asWord(*g.Arg)
		out.Traffic.Args = []ast.Word{arg}
		out.Traffic.Span = kind.Span.Join(arg.Span)
	case !kind.Quoted && takesArgs(kind.Text) == argsRequired:
		p.fail(CodeSyntax, kind.Span.Start, kind.Span.End, "expected a protocol number behind %q", kind.Text).
			Helpf("proto N, such as proto 50")
	}
	return out
}

var _ lexer.Definition = definition{}

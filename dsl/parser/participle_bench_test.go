package parser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/loward/loward/dsl/diag"
)

// The statements that fill a large policy, as a participle grammar of the
// ordinary kind: what a parser without a line of code of its own would be.

type reflectiveFile struct {
	Services []*reflectiveService `parser:"Newline* (@@ Newline*)*"`
}

type reflectiveService struct {
	Name  lexer.Token       `parser:"'service':Word @(Word|String) LBrace"`
	Stmts []*reflectiveStmt `parser:"Newline* (@@ Newline+)* RBrace"`
}

type reflectiveStmt struct {
	Pos     lexer.Position
	Home    []*reflectiveWord `parser:"  'home':Word @@ (Comma @@)*"`
	Address []*reflectiveWord `parser:"| 'address':Word @@ (Comma @@)*"`
	Rule    *reflectiveRule   `parser:"| @@"`
	Log     bool              `parser:"| @('log':Word 'refused':Word)"`
}

type reflectiveWord struct {
	Token lexer.Token `parser:"@(Word|String)"`
}

type reflectiveRule struct {
	Action  lexer.Token          `parser:"@('allow':Word | 'deny':Word)"`
	Traffic []*reflectiveTraffic `parser:"@@ (Comma @@)*"`
	From    []*reflectiveWord    `parser:"('from':Word @@ (Comma @@)*)?"`
	On      []*reflectiveWord    `parser:"('on':Word @@ (Comma @@)*)?"`
	Limit   *reflectiveLimit     `parser:"@@?"`
}

type reflectiveTraffic struct {
	Kind lexer.Token  `parser:"@Word"`
	Port *lexer.Token `parser:"((?! 'from':Word | 'on':Word | 'limit':Word) @Word)?"`
}

type reflectiveLimit struct {
	Rate  lexer.Token  `parser:"'limit':Word @Word"`
	Burst *lexer.Token `parser:"('burst':Word @Word)?"`
}

// stateful is participle's own lexer for the same tokens.
func stateful() *lexer.StatefulDefinition {
	return lexer.MustSimple([]lexer.SimpleRule{
		{Name: "Comment", Pattern: `#[^\n]*`},
		{Name: "Newline", Pattern: `\n`},
		{Name: "Semi", Pattern: `;`},
		{Name: "Comma", Pattern: `,`},
		{Name: "LBrace", Pattern: `\{`},
		{Name: "RBrace", Pattern: `\}`},
		{Name: "Equal", Pattern: `=`},
		{Name: "String", Pattern: `"(\\["\\]|[^"\\\n])*"`},
		{Name: "Blank", Pattern: `[ \t]+`},
		{Name: "Word", Pattern: `[^ \t\n;,{}=#"]+`},
	})
}

// subset is a policy within the reflective grammar.
func subset(services int) []byte {
	var b strings.Builder
	for i := range services {
		fmt.Fprintf(&b, `service service-%d {
    home router
    address 10.%d.%d.%d, fd53::%x:%x    # its own
    allow tcp 80, tcp 443 on lan
    allow ping on lan, dmz limit 20/second burst 40
    allow udp 53 from 10.10.0.0/16, admins on lan
    log refused
}

`, i, i>>16&255, i>>8&255, i&255, i>>16, i&0xffff)
	}
	return []byte(b.String())
}

// BenchmarkStages reads one policy by ever less of participle, side by side:
// the throughputs are to be compared with each other, not between machines.
func BenchmarkStages(b *testing.B) {
	src := subset(2000)
	run := func(name string, f func() error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	own := participle.MustBuild[reflectiveFile](participle.Lexer(definition{}),
		participle.Elide("Comment"), participle.UseLookahead(0))
	theirs := participle.MustBuild[reflectiveFile](participle.Lexer(stateful()),
		participle.Elide("Comment", "Blank"), participle.UseLookahead(0))
	run("grammar, participle's lexer", func() error {
		_, err := theirs.ParseBytes("bench", src)
		return err
	})
	run("grammar, own lexer", func() error {
		_, err := own.ParseBytes("bench", src)
		return err
	})
	run("tokens, participle's lexer", func() error {
		lex, err := stateful().LexString("bench", string(src))
		if err != nil {
			return err
		}
		_, err = lexer.Upgrade(lex)
		return err
	})
	run("tokens, own lexer, PeekingLexer", func() error {
		lex, err := definition{}.LexBytes("bench", src)
		if err != nil {
			return err
		}
		_, err = lexer.Upgrade(lex)
		return err
	})
	run("tokens, own scanner", func() error {
		s := scanner{src: string(src)}
		for s.scan(); s.kind != eof; s.scan() {
		}
		return nil
	})
	run("Parse", func() error {
		var l diag.List
		Parse(diag.NewFile("bench", src), &l)
		if len(l.All) > 0 {
			return fmt.Errorf("%s %s", l.All[0].Span, l.All[0].Message)
		}
		return nil
	})
}

// BenchmarkPhrase reads the statements that are participle grammars.
func BenchmarkPhrase(b *testing.B) {
	src := []byte(strings.Repeat("expect accept udp from 10.10.0.7 on eth0 to 10.53.53.53:53\n", 1000))
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		var l diag.List
		Parse(diag.NewFile("bench", src), &l)
		if len(l.All) > 0 {
			b.Fatal(l.All[0].Message)
		}
	}
}

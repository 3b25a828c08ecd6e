package parser

import (
	"io"

	"github.com/alecthomas/participle/v2/lexer"
)

// definition gives the scanner's tokens to participle.
type definition struct{}

// tokenType is a kind as participle numbers it.
func tokenType(k kind) lexer.TokenType { return lexer.EOF - lexer.TokenType(k) }

// Symbols names the tokens for the grammars.
func (definition) Symbols() map[string]lexer.TokenType {
	return map[string]lexer.TokenType{
		"EOF": tokenType(eof), "Newline": tokenType(newline), "Semi": tokenType(semi),
		"Comma": tokenType(comma), "LBrace": tokenType(lbrace), "RBrace": tokenType(rbrace),
		"Equal": tokenType(equal), "Comment": tokenType(comment), "String": tokenType(quoted),
		"Word": tokenType(word),
	}
}

// Lex scans a whole text. Offsets are exact; lines and columns are not counted.
func (d definition) Lex(name string, r io.Reader) (lexer.Lexer, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return d.LexBytes(name, data)
}

// LexBytes scans a whole text.
func (definition) LexBytes(_ string, data []byte) (lexer.Lexer, error) {
	return &wholeText{scanner{src: string(data)}}, nil
}

// wholeText is a lexer over a text.
type wholeText struct{ scanner }

// Next token.
func (w *wholeText) Next() (lexer.Token, error) {
	w.scan()
	return w.token(), nil
}

// token at hand, as participle has it.
func (s *scanner) token() lexer.Token {
	return lexer.Token{Type: tokenType(s.kind), Value: s.src[s.start:s.end], Pos: lexer.Position{Offset: s.start}}
}

// someTokens is a lexer over the tokens of one statement. At the end comes EOF
// for ever.
type someTokens struct {
	tokens []lexer.Token
	end    int // offset behind the last one
}

// Next token.
func (s *someTokens) Next() (lexer.Token, error) {
	if len(s.tokens) == 0 {
		return lexer.EOFToken(lexer.Position{Offset: s.end}), nil
	}
	t := s.tokens[0]
	s.tokens = s.tokens[1:]
	return t, nil
}

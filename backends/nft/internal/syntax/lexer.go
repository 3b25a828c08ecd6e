package syntax

import (
	"strings"

	"github.com/loward/loward/dsl/diag"
)

// lexer splits a text into tokens as nft's scanner does: at each place the
// longest of the possible ones. Its state can be copied to come back to a place.
type lexer struct {
	src   string
	file  *diag.File
	pos   int // behind the current token
	kind  tok
	start int // of the current token
	end   int
	text  string // of a word, a number, a string (without its quotes)
	depth int    // of braces, behind the current token
	// marks: the text has marks of the unknown.
	marks bool
}

func newLexer(f *diag.File) lexer {
	src := string(f.Data)
	return lexer{src: src, file: f, marks: strings.Contains(src, markOpen)}
}

// next reads a token. Comments are told to p.
func (p *Parser) next() {
	l := &p.lexer
	if l.kind == tErr {
		return
	}
	src, i := l.src, l.pos
	for {
		for i < len(src) && class[src[i]]&cBlank != 0 {
			i++
		}
		if i >= len(src) {
			l.set(tEOF, i, i)
			return
		}
		c := src[i]
		if class[c]&cLetter != 0 {
			l.word(i)
			return
		}
		if class[c]&cDigit != 0 {
			l.number(i)
			return
		}
		switch c {
		case '\\':
			if n := newlineAt(src, i+1); n > 0 {
				i += 1 + n
				continue
			}
		case '#':
			end := strings.IndexByte(src[i:], '\n')
			if end < 0 {
				// nft knows a comment by the line's end.
				l.set(tJunk, i, i+1)
				p.comment(i, len(src))
				return
			}
			p.comment(i, i+end)
			i += end
			continue
		}
		l.other(i, c)
		return
	}
}

// newlineAt is the length of the line end at i, or 0.
func newlineAt(src string, i int) int {
	for j := i; j < len(src); j++ {
		switch src[j] {
		case '\n':
			return j + 1 - i
		case '\r':
		default:
			return 0
		}
	}
	return 0
}

func (l *lexer) set(k tok, start, end int) {
	l.kind, l.start, l.end, l.pos = k, start, end, end
}

func (l *lexer) setText(k tok, start, end int) {
	l.set(k, start, end)
	l.text = l.src[start:end]
}

// word begins with a letter.
func (l *lexer) word(i int) {
	src, j := l.src, i+1
	for j < len(src) && class[src[j]]&cWord != 0 {
		j++
	}
	if j < len(src) {
		switch c := src[j]; {
		case c == ':':
			if class[src[i]]&cHex != 0 && j-i <= 4 {
				if n := addrAt(src, i); n > j-i {
					l.setText(tWord, i, i+n)
					return
				}
			}
		case c == '*':
			l.setText(tWord, i, j+1)
			return
		case c == '\\' && j+1 < len(src) && src[j+1] == '*':
			l.setText(tWord, i, j+2)
			return
		case c == markByte && l.marks:
			l.marked(i, j)
			return
		}
	}
	if j == i+1 && src[i] == '.' {
		l.set(tDot, i, j)
		return
	}
	l.setText(tWord, i, j)
}

// number begins with a digit: a number, an address, a time or a class.
func (l *lexer) number(i int) {
	src, j := l.src, i+1
	for j < len(src) && class[src[j]]&cDigit != 0 {
		j++
	}
	c := byte(' ')
	if j < len(src) {
		c = src[j]
	}
	if c != ':' && (class[c]&cWord == 0 || c == '/' || c == '-') && (c != markByte || !l.marks) {
		l.setText(tNumber, i, j)
		return
	}
	kind := tNumber
	n := 0
	switch {
	case c == '.':
		n = ip4At(src, i)
	case c == ':' || class[c]&cHex != 0:
		n = addrAt(src, i)
	}
	if n > j-i {
		kind, j = tWord, i+n
	}
	switch c {
	case 'd', 'h', 'm', 's':
		if n := timeAt(src, i); n > j-i {
			kind, j = tWord, i+n
		}
	case 'x', 'X':
		if n := hexAt(src, i); n > j-i {
			kind, j = tNumber, i+n
		}
	case 'q':
		if src[i:j+1] == "8021q" {
			kind, j = tWord, j+1 // a name that begins with a digit
		}
	case 'a':
		if end := j + len("ad"); end <= len(src) && src[i:end] == "8021ad" && (end == len(src) || class[src[end]]&cWord == 0) {
			kind, j = tWord, end // the other one
		}
	}
	if l.marks {
		// A piece that is unknown may stand behind any part of a number.
		k := j
		for k < len(src) && class[src[k]]&cWord != 0 && src[k] != '/' && src[k] != '-' {
			k++
		}
		if k < len(src) && src[k] == markByte && strings.HasPrefix(src[k:], markOpen) {
			l.marked(i, k)
			return
		}
	}
	l.setText(kind, i, j)
}

// marked goes on with a word that has an unknown piece at j.
func (l *lexer) marked(i, j int) {
	src := l.src
	for j < len(src) {
		if src[j] == markByte && strings.HasPrefix(src[j:], markOpen) {
			n := strings.Index(src[j:], markClose)
			if n < 0 {
				j = len(src)
				break
			}
			j += n + len(markClose)
			continue
		}
		c := src[j]
		if c == '-' && j+1 < len(src) && class[src[j+1]]&cLetter != 0 && src[j+1] != '.' {
			j++
			continue
		}
		if class[c]&cWord == 0 && c != '*' || c == '/' || c == '-' {
			break
		}
		j++
	}
	if j == i {
		j++
		l.set(tJunk, i, j)
		return
	}
	l.setText(tWord, i, j)
}

var single = [128]tok{
	'\n': tNewline, ';': tSemi, '{': tLBrace, '}': tRBrace, '(': tLParen, ')': tRParen, '[': tLBrack, ']': tRBrack,
	',': tComma, '.': tDot, ':': tColon, '/': tSlash, '-': tDash, '+': tPlus, '@': tAt, '$': tDollar, '=': tAssign,
	'<': tLt, '>': tGt, '&': tAmp, '|': tPipe, '^': tCaret, '!': tNot, '*': tStar,
}

// other begins with neither a letter nor a digit.
func (l *lexer) other(i int, c byte) {
	src := l.src
	d := byte(0)
	if i+1 < len(src) {
		d = src[i+1]
	}
	k := tJunk
	if c < 128 && single[c] != 0 {
		k = single[c]
	}
	n := 1
	switch c {
	case '{':
		l.depth++
	case '}':
		l.depth--
	case '"':
		l.quoted(i)
		return
	case ':':
		if a := addrAt(src, i); a > 1 {
			l.setText(tWord, i, i+a)
			return
		}
	case '[':
		if a := addrAt(src, i+1); a > 1 && i+1+a < len(src) && src[i+1+a] == ']' && strings.IndexByte(src[i+1:i+1+a], ':') >= 0 {
			l.set(tWord, i, i+a+2)
			l.text = src[i+1 : i+1+a]
			return
		}
	case '=':
		if d == '=' {
			k, n = tEq, 2
		}
	case '!':
		if d == '=' {
			k, n = tNeq, 2
		}
	case '<':
		switch d {
		case '=':
			k, n = tLte, 2
		case '<':
			k, n = tShl, 2
		}
	case '>':
		switch d {
		case '=':
			k, n = tGte, 2
		case '>':
			k, n = tShr, 2
		}
	case '\\':
		if d == '*' {
			l.setText(tWord, i, i+2)
			return
		}
	case markByte:
		if l.marks {
			l.marked(i, i)
			return
		}
	}
	l.set(k, i, i+n)
}

// quoted reads a string in quotes, which may go over lines.
func (l *lexer) quoted(i int) {
	n := strings.IndexByte(l.src[i+1:], '"')
	if n < 0 {
		l.set(tJunk, i, i+1)
		return
	}
	l.set(tString, i, i+n+2)
	l.text = l.src[i+1 : i+1+n]
}

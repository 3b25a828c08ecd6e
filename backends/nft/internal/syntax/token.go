package syntax

// tok is the kind of a token.
type tok uint8

const (
	tEOF tok = iota
	// tErr stands for everything behind a mistake, until the parser recovers.
	tErr
	tNewline
	tSemi
	tWord
	tNumber
	tString
	tLBrace
	tRBrace
	tLParen
	tRParen
	tLBrack
	tRBrack
	tComma
	tDot
	tColon
	tSlash
	tDash
	tPlus
	tAt
	tDollar
	tAssign
	tEq
	tNeq
	tLt
	tGt
	tLte
	tGte
	tAmp
	tPipe
	tCaret
	tShl
	tShr
	tNot
	tStar
	tJunk
)

func (k tok) String() string {
	return [...]string{"end of file", "", "newline", "';'", "word", "number", "quoted string", "'{'", "'}'", "'('", "')'", "'['", "']'",
		"','", "'.'", "':'", "'/'", "'-'", "'+'", "'@'", "'$'", "'='", "'=='", "'!='", "'<'", "'>'", "'<='", "'>='", "'&'", "'|'", "'^'",
		"'<<'", "'>>'", "'!'", "'*'", "character"}[k]
}

// Classes of bytes.
const (
	cLetter = 1 << iota // begins a word
	cWord               // goes on with it
	cDigit
	cHex
	cBlank
	cStop // means something where text is gone over
)

var class = [256]uint8{
	'\n': cStop, ';': cStop, '{': cStop, '}': cStop, '"': cStop, '#': cStop, '\\': cStop,
	' ': cBlank, '\t': cBlank, '\r': cBlank,
	'0': cWord | cDigit | cHex, '1': cWord | cDigit | cHex, '2': cWord | cDigit | cHex, '3': cWord | cDigit | cHex, '4': cWord | cDigit | cHex,
	'5': cWord | cDigit | cHex, '6': cWord | cDigit | cHex, '7': cWord | cDigit | cHex, '8': cWord | cDigit | cHex, '9': cWord | cDigit | cHex,
	'a': cLetter | cWord | cHex, 'b': cLetter | cWord | cHex, 'c': cLetter | cWord | cHex, 'd': cLetter | cWord | cHex, 'e': cLetter | cWord | cHex, 'f': cLetter | cWord | cHex,
	'A': cLetter | cWord | cHex, 'B': cLetter | cWord | cHex, 'C': cLetter | cWord | cHex, 'D': cLetter | cWord | cHex, 'E': cLetter | cWord | cHex, 'F': cLetter | cWord | cHex,
	'g': cLetter | cWord, 'h': cLetter | cWord, 'i': cLetter | cWord, 'j': cLetter | cWord, 'k': cLetter | cWord, 'l': cLetter | cWord, 'm': cLetter | cWord,
	'n': cLetter | cWord, 'o': cLetter | cWord, 'p': cLetter | cWord, 'q': cLetter | cWord, 'r': cLetter | cWord, 's': cLetter | cWord, 't': cLetter | cWord,
	'u': cLetter | cWord, 'v': cLetter | cWord, 'w': cLetter | cWord, 'x': cLetter | cWord, 'y': cLetter | cWord, 'z': cLetter | cWord,
	'G': cLetter | cWord, 'H': cLetter | cWord, 'I': cLetter | cWord, 'J': cLetter | cWord, 'K': cLetter | cWord, 'L': cLetter | cWord, 'M': cLetter | cWord,
	'N': cLetter | cWord, 'O': cLetter | cWord, 'P': cLetter | cWord, 'Q': cLetter | cWord, 'R': cLetter | cWord, 'S': cLetter | cWord, 'T': cLetter | cWord,
	'U': cLetter | cWord, 'V': cLetter | cWord, 'W': cLetter | cWord, 'X': cLetter | cWord, 'Y': cLetter | cWord, 'Z': cLetter | cWord,
	'_': cLetter | cWord, '.': cLetter | cWord, '/': cWord, '-': cWord,
}

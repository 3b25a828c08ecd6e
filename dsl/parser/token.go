package parser

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/loward/loward/dsl/diag"
)

// kind of a token.
type kind uint8

const (
	eof     kind = iota
	newline      // one line end, \n or \r\n
	semi         // ;
	comma        // ,
	lbrace       // {
	rbrace       // }
	equal        // =
	comment      // # to the end of the line
	quoted       // "…"
	word         // a run of other non-blank characters
)

func (k kind) String() string {
	return [...]string{
		"end of the file", "end of the line", `";"`, `","`, `"{"`, `"}"`, `"="`,
		"comment", "string", "word",
	}[k]
}

// class of a byte, as the scanner's inner loops see it.
type class uint8

const (
	plain   class = iota // part of a word
	high                 // part of a word, of a character beyond ASCII
	control              // part of a word, but not allowed anywhere
	blank
	other // ends a word
)

// classes by byte.
var classes = func() (c [256]class) {
	for b := range c {
		switch {
		case b == ' ', b == '\t':
			c[b] = blank
		case b == '\n', strings.IndexByte(`;,{}=#"`, byte(b)) >= 0:
			c[b] = other
		case b < ' ', b == 0x7f:
			c[b] = control
		case b >= utf8.RuneSelf:
			c[b] = high
		}
	}
	return c
}()

// scanner cuts a text into tokens. What no token can hold - control
// characters, invalid UTF-8, invisible characters - is reported and otherwise
// left where it is, so that it never hides what stands around it.
type scanner struct {
	src   string
	pos   int // of the first byte not yet scanned
	kind  kind
	start int  // of the token
	end   int  // behind it
	stop  bool // the text is taken to end here
	// report is nil while looking ahead.
	report func(code string, start, end int, message, help string) *diag.Diagnostic
}

// scan moves to the next token.
func (s *scanner) scan() {
	src, i := s.src, s.pos
	for i < len(src) && classes[src[i]] == blank {
		i++
	}
	if s.stop {
		i = s.pos
	}
	s.start = i
	if i == len(src) || s.stop {
		s.kind, s.end, s.pos = eof, i, i
		return
	}
	switch c := src[i]; c {
	case '\n':
		s.kind = newline
	case ';':
		s.kind = semi
	case ',':
		s.kind = comma
	case '{':
		s.kind = lbrace
	case '}':
		s.kind = rbrace
	case '=':
		s.kind = equal
	case '#':
		s.comment()
		return
	case '"':
		s.string()
		return
	case '\r':
		if i+1 < len(src) && src[i+1] == '\n' {
			s.kind, s.end, s.pos = newline, i+2, i+2
			return
		}
		s.word()
		return
	default:
		s.word()
		return
	}
	s.end, s.pos = i+1, i+1
}

func (s *scanner) word() {
	src, i := s.src, s.start
	var odd class
	for i < len(src) {
		c := classes[src[i]]
		if c >= blank {
			break
		}
		if src[i] == '\r' && i+1 < len(src) && src[i+1] == '\n' {
			break
		}
		odd |= c
		i++
	}
	s.kind, s.end, s.pos = word, i, i
	if odd != 0 {
		s.judge(s.start, i, true)
	}
}

func (s *scanner) comment() {
	end := strings.IndexByte(s.src[s.start:], '\n')
	if end < 0 {
		end = len(s.src)
	} else {
		end += s.start
	}
	s.pos = end
	for end > s.start && (classes[s.src[end-1]] == blank || s.src[end-1] == '\r') {
		end--
	}
	s.kind, s.end = comment, end
	s.judgeIfOdd(s.start, end)
}

func (s *scanner) string() {
	src, i := s.src, s.start+1
	s.kind = quoted
	for i < len(src) && src[i] != '\n' {
		switch src[i] {
		case '"':
			s.end, s.pos = i+1, i+1
			s.judgeIfOdd(s.start, s.end)
			return
		case '\\':
			if i+1 < len(src) && (src[i+1] == '"' || src[i+1] == '\\') {
				i++
			} else if s.report != nil {
				end := i + 1
				if _, n := utf8.DecodeRuneInString(src[end:]); n > 0 && src[end] != '\n' && src[end] != '\r' {
					end += n
				}
				s.report(CodeString, i, end, "unknown escape "+src[i:end]+" in a string",
					`a string knows only \" and \\; write \\ for a backslash`)
			}
		}
		i++
	}
	// Not closed: it ends with the line, but before a brace that opens a block,
	// so that the block is read all the same.
	end := i
	for end > s.start+1 && (classes[src[end-1]] == blank || src[end-1] == '\r') {
		end--
	}
	if src[end-1] == '{' && end-1 > s.start {
		end--
		for end > s.start+1 && classes[src[end-1]] == blank {
			end--
		}
	}
	s.end, s.pos = end, end
	if s.report != nil {
		s.report(CodeString, s.start, s.start+1, "this string is not closed on its line",
			`end it with "; a quote inside a string is written \"`)
	}
}

// judgeIfOdd judges what stands between two offsets if it has a byte that is
// neither printable ASCII nor a tab.
func (s *scanner) judgeIfOdd(start, end int) {
	for i := start; i < end; i++ {
		if c := classes[s.src[i]]; c == high || c == control {
			s.judge(start, end, false)
			return
		}
	}
}

// judge reports the first character between two offsets that must not stand in
// a policy; one is enough, the rest of such a run says nothing new.
func (s *scanner) judge(start, end int, inWord bool) {
	if s.report == nil {
		return
	}
	for i := start; i < end; {
		r, n := utf8.DecodeRuneInString(s.src[i:end])
		message, help := illegal(r, n, inWord)
		if message != "" {
			s.report(CodeText, i, i+n, message, help)
			return
		}
		i += n
	}
}

// illegal says what is wrong with a character, or "".
func illegal(r rune, size int, inWord bool) (message, help string) {
	switch {
	case r == utf8.RuneError && size == 1:
		return "this byte is not valid UTF-8", "save the file as UTF-8"
	case r == '\t':
		return "", ""
	case r == '\r':
		return "carriage return without a line feed", `end lines with \n or \r\n`
	case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0:
		return "control character " + codePoint(r), "remove it"
	case r == 0xfeff:
		return "byte order mark in the middle of the file", "remove it; it may stand only at the very start"
	case unicode.Is(unicode.Bidi_Control, r):
		return "the invisible character " + codePoint(r) + " changes the direction of text",
			"remove it: the line does not mean what it looks like"
	case inWord && (unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || r == 0x3164 || r == 0x115f):
		return "the blank or invisible character " + codePoint(r) + " is not a separator",
			"write an ordinary blank, or remove it"
	}
	return "", ""
}

func codePoint(r rune) string {
	const digits = "0123456789ABCDEF"
	out := []byte("U+")
	for shift := 20; shift >= 0; shift -= 4 {
		if d := r >> shift; d > 0 || shift <= 12 {
			out = append(out, digits[d&15])
		}
	}
	return string(out)
}

// unquote takes the quotes off a string token and undoes its escapes.
func unquote(raw string) string {
	body := raw[1:]
	if closed(raw) {
		body = body[:len(body)-1]
	}
	if strings.IndexByte(body, '\\') < 0 {
		return body
	}
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); i++ {
		if body[i] == '\\' && i+1 < len(body) && (body[i+1] == '"' || body[i+1] == '\\') {
			i++
		}
		out = append(out, body[i])
	}
	return string(out)
}

// closed says whether a string token ends with a quote of its own.
func closed(raw string) bool {
	if len(raw) < 2 || raw[len(raw)-1] != '"' {
		return false
	}
	slashes := 0
	for i := len(raw) - 2; i > 0 && raw[i] == '\\'; i-- {
		slashes++
	}
	return slashes%2 == 0
}

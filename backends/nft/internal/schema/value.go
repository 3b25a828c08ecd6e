package schema

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/loward/loward/dsl/diag"
)

// maxDepth of arrays and objects, one in the other.
const maxDepth = 128

// kind of a JSON value.
type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	array
	object
)

func (k kind) String() string {
	return [...]string{"null", "a truth value", "a number", "a string", "an array", "an object"}[k]
}

// value is a JSON value and where it stands.
type value struct {
	kind kind
	text string // of a string; a number as it is written; true or false
	list []value
	keys []value // of an object: the names of list
	span diag.Span
}

// get the value of a key, or nil. Of a key that stands there twice the last
// counts, as in jansson.
func (v *value) get(key string) *value {
	for i := len(v.keys) - 1; i >= 0; i-- {
		if v.keys[i].text == key {
			return &v.list[i]
		}
	}
	return nil
}

// scanner reads JSON values one after the other.
type scanner struct {
	f    *diag.File
	l    *diag.List
	code string
	at   int
	deep int
	bad  bool // there was a mistake, behind which nothing is read
}

func (s *scanner) mistake(from, to int, format string, args ...any) {
	if !s.bad {
		s.l.Errorf(s.f.Span(from, to), format, args...).WithCode(s.code)
	}
	s.bad = true
}

func (s *scanner) blank() {
	for s.at < len(s.f.Data) {
		switch s.f.Data[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// peek at the next byte that is no blank; 0 at the end.
func (s *scanner) peek() byte {
	s.blank()
	if s.at >= len(s.f.Data) {
		return 0
	}
	return s.f.Data[s.at]
}

// expect a byte.
func (s *scanner) expect(c byte, where string) bool {
	if s.bad {
		return false
	}
	if got := s.peek(); got != c {
		s.unexpected("%q %s", string(rune(c)), where)
		return false
	}
	s.at++
	return true
}

// unexpected says what should stand here.
func (s *scanner) unexpected(format string, args ...any) {
	want := strings.TrimSpace(sprintf(format, args...))
	if s.at >= len(s.f.Data) {
		s.mistake(s.at, s.at, "the JSON ends here, where %s should follow", want)
		return
	}
	_, n := utf8.DecodeRune(s.f.Data[s.at:])
	s.mistake(s.at, s.at+n, "unexpected %q in JSON: expected %s", string(s.f.Data[s.at:s.at+n]), want)
}

// value reads one.
func (s *scanner) value() (v value) {
	c := s.peek()
	start := s.at
	switch {
	case s.bad:
		return v
	case c == '{' || c == '[':
		if s.deep++; s.deep > maxDepth {
			s.mistake(s.at, s.at+1, "JSON more than %d deep", maxDepth)
			return v
		}
		s.at++
		if c == '{' {
			v = s.object()
		} else {
			v = s.array()
		}
		s.deep--
	case c == '"':
		v = s.string()
	case c == '-' || c >= '0' && c <= '9':
		v = s.number()
	default:
		v = s.word()
	}
	v.span = s.f.Span(start, s.at)
	return v
}

func (s *scanner) object() value {
	v := value{kind: object}
	for s.peek() != '}' {
		if len(v.list) > 0 && !s.expect(',', `or "}" behind a field`) {
			return v
		}
		if s.peek() != '"' {
			s.unexpected("the name of a field, in double quotes")
			return v
		}
		start := s.at
		k := s.string()
		k.span = s.f.Span(start, s.at)
		if !s.expect(':', "behind the name of a field") {
			return v
		}
		x := s.value()
		if s.bad {
			return v
		}
		v.keys = append(v.keys, k)
		v.list = append(v.list, x)
	}
	s.at++
	return v
}

func (s *scanner) array() value {
	v := value{kind: array}
	for s.peek() != ']' {
		if len(v.list) > 0 && !s.expect(',', `or "]" behind an element`) {
			return v
		}
		x := s.value()
		if s.bad {
			return v
		}
		v.list = append(v.list, x)
	}
	s.at++
	return v
}

func (s *scanner) number() value {
	start := s.at
	if s.f.Data[s.at] == '-' {
		s.at++
	}
	for s.at < len(s.f.Data) && strings.IndexByte("0123456789.eE+-", s.f.Data[s.at]) >= 0 {
		s.at++
	}
	t := string(s.f.Data[start:s.at])
	if _, err := strconv.ParseFloat(t, 64); err != nil || strings.Trim(t[:min(2, len(t))], "0") == "" && len(t) > 1 && t[1] >= '0' && t[1] <= '9' {
		s.mistake(start, s.at, "%q is no number", t)
	}
	return value{kind: number, text: t}
}

func (s *scanner) word() value {
	start := s.at
	for s.at < len(s.f.Data) && s.f.Data[s.at] >= 'a' && s.f.Data[s.at] <= 'z' {
		s.at++
	}
	switch t := string(s.f.Data[start:s.at]); t {
	case "true", "false":
		return value{kind: boolean, text: t}
	case "null":
		return value{kind: null}
	case "":
		s.unexpected("a value")
	default:
		s.mistake(start, s.at, "%q is no value of JSON: strings stand in double quotes", t)
	}
	return value{}
}

// string reads one; where nothing in it is escaped, it is a piece of the file.
func (s *scanner) string() value {
	start := s.at
	s.at++
	from := s.at
	for s.at < len(s.f.Data) {
		switch c := s.f.Data[s.at]; {
		case c == '"':
			v := value{kind: text, text: string(s.f.Data[from:s.at])}
			s.at++
			if !utf8.ValidString(v.text) {
				s.mistake(start, s.at, "a string that is no UTF-8")
			}
			return v
		case c == '\\':
			return s.escaped(start, from)
		case c < ' ':
			s.mistake(s.at, s.at+1, "a control character in a string: it is to be escaped")
			return value{}
		}
		s.at++
	}
	s.mistake(start, s.at, "a string without an end")
	return value{}
}

// escaped reads the rest of a string, from its first backslash on.
func (s *scanner) escaped(start, from int) value {
	end := s.at
	for end < len(s.f.Data) && s.f.Data[end] != '"' && s.f.Data[end] >= ' ' {
		if s.f.Data[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(s.f.Data) || s.f.Data[end] != '"' {
		s.mistake(start, min(end, len(s.f.Data)), "a string without an end")
		return value{}
	}
	s.at = end + 1
	t, ok := unescape(string(s.f.Data[from:end]))
	if !ok {
		s.mistake(start, s.at, "a string with an escape that JSON does not have")
	}
	return value{kind: text, text: t}
}

func unescape(t string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(t); i++ {
		if t[i] != '\\' {
			b.WriteByte(t[i])
			continue
		}
		if i++; i >= len(t) {
			return "", false
		}
		if n := strings.IndexByte(`"\/bfnrt`, t[i]); n >= 0 {
			b.WriteByte("\"\\/\b\f\n\r\t"[n])
			continue
		}
		r, ok := hex(t, i)
		if !ok {
			return "", false
		}
		i += 4
		if r >= 0xd800 && r < 0xdc00 && i+2 < len(t) && t[i+1] == '\\' {
			if low, ok := hex(t, i+2); ok && low >= 0xdc00 && low < 0xe000 {
				r = 0x10000 + (r-0xd800)<<10 + (low - 0xdc00)
				i += 6
			}
		}
		b.WriteRune(r)
	}
	return b.String(), utf8.ValidString(t)
}

// hex reads the four digits behind a u.
func hex(t string, i int) (rune, bool) {
	if t[i] != 'u' || i+5 > len(t) {
		return 0, false
	}
	n, err := strconv.ParseUint(t[i+1:i+5], 16, 32)
	return rune(n), err == nil
}

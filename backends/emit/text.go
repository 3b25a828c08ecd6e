package emit

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxComment is the greatest length of a comment in bytes: what nft takes, and
// the same everywhere.
const MaxComment = 128

// commentHead is how much of its beginning a comment keeps when it is cut: the
// name of a service stands there. The end, with the path's end and the line,
// gets the rest.
const commentHead = 40

// Comment makes text fit to stand between double quotes in any target: quotes
// become apostrophes, backslashes slashes, whatever is no printable character
// becomes a space or a question mark; and it is cut to MaxComment bytes out of
// the middle.
func Comment(s string) string {
	s = plain(s)
	if len(s) <= MaxComment {
		return s
	}
	const gap = "..."
	head, tail := commentHead, len(s)-(MaxComment-commentHead-len(gap))
	for !utf8.RuneStart(s[head]) {
		head--
	}
	for !utf8.RuneStart(s[tail]) {
		tail++
	}
	return s[:head] + gap + s[tail:]
}

// HeaderLines splits a header text into lines that are safe behind a comment
// sign.
func HeaderLines(s string) []string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(printable(l), " ")
	}
	return lines
}

// plain is the usual case done without allocation.
func plain(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			s = printable(s)
			return strings.NewReplacer(`"`, "'", `\`, "/").Replace(s)
		}
	}
	return s
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return '?'
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case !unicode.IsPrint(r):
			return '?'
		}
		return r
	}, s)
}

// Quotable says whether text can stand between double quotes as it is: no
// quote, no backslash, no control character, valid UTF-8. It is asked for what
// has a meaning (a log prefix, a user), which must not be changed.
func Quotable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r == '"' || r == '\\' || unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return false
		}
	}
	return true
}

// IfaceName says what is wrong with an interface name, or "". A trailing * is
// a wildcard; the kernel takes 1 to 15 bytes without blank, slash and colon.
func IfaceName(s string) string {
	name := strings.TrimSuffix(s, "*")
	switch {
	case s == "":
		return "is empty"
	case len(name) > 15:
		return "is longer than the 15 bytes of an interface name"
	case name == "." || name == "..":
		return "is no interface name"
	case strings.ContainsAny(name, "/:") || strings.ContainsFunc(name, unicode.IsSpace):
		return "holds a character that no interface name has"
	case !Quotable(name):
		return "holds a character that cannot be quoted"
	}
	return ""
}

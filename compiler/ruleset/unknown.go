package ruleset

import "strings"

// A reader of shell scripts hands texts to the other readers in which pieces
// can't be known (a command's output, a variable of the environment). Such a
// piece stands between two marks, with what the script says in its place.
const (
	unknownOpen  = '\uE000'
	unknownClose = '\uE001'
	unknownFirst = 0xEE // the first byte of both
)

// MarkUnknown gives the piece of text that stands for something unknown; source
// is what the script says ("$WAN").
func MarkUnknown(source string) string {
	return string(unknownOpen) + strings.Map(func(r rune) rune {
		if r == unknownOpen || r == unknownClose {
			return -1
		}
		return r
	}, source) + string(unknownClose)
}

// HasUnknown says whether any piece of a text is unknown.
func HasUnknown(text string) bool {
	// Words are short, and asked about all the time: a loop is faster than a search.
	for i := range len(text) {
		if text[i] == unknownFirst {
			return strings.ContainsRune(text[i:], unknownOpen)
		}
	}
	return false
}

// ShowUnknown is the text as the script says it, without the marks.
func ShowUnknown(text string) string {
	if !HasUnknown(text) {
		return text
	}
	return strings.NewReplacer(string(unknownOpen), "", string(unknownClose), "").Replace(text)
}

// UnknownTerm is a value that can't be known, of a text with marks.
func UnknownTerm(text string) Term { return Term{Text: ShowUnknown(text), Unknown: true} }

package resolve

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/loward/loward/dsl/ast"
)

// ruleText is a statement in canonical form on one line: lists sorted, what is
// the default left out. It holds no double quote, backslash or control
// character, as no name may.
func (r *resolver) ruleText(s *ast.Rule, l *limitKey) string {
	b := append(r.buf[:0], s.Action.String()...)
	b = r.appendTraffic(b, s.Traffic)
	b = r.appendList(b, " from ", s.From)
	b = r.appendList(b, " on ", s.On)
	b = r.appendList(b, " to ", s.To)
	b = r.appendList(b, " out ", s.Out)
	b = r.appendList(b, " user ", s.User)
	b = r.appendList(b, " group ", s.Group)
	if l != nil {
		b = append(b, " limit "...)
		b = strconv.AppendInt(b, int64(l.rate), 10)
		b = append(append(b, '/'), l.unit...)
		if l.burst != defaultBurst {
			b = strconv.AppendInt(append(b, " burst "...), int64(l.burst), 10)
		}
		if l.perSource {
			b = append(b, " per source"...)
		}
	}
	if s.Log != nil {
		b = append(b, " log"...)
		if !s.Log.Text.IsZero() {
			b = append(append(append(b, " '"...), s.Log.Text.Text...), '\'')
		}
	}
	r.buf = b
	return string(b)
}

func (r *resolver) appendList(b []byte, keyword string, l *ast.List) []byte {
	if l == nil {
		return b
	}
	b = append(b, keyword...)
	if len(l.Words) == 1 {
		return append(b, canonicalWord(l.Words[0])...)
	}
	texts := make([]string, 0, len(l.Words))
	for _, w := range l.Words {
		texts = append(texts, canonicalWord(w))
	}
	return appendJoined(b, texts)
}

func appendJoined(b []byte, texts []string) []byte {
	slices.SortFunc(texts, compareNumeric)
	for i, t := range slices.Compact(texts) {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, t...)
	}
	return b
}

func (r *resolver) appendTraffic(b []byte, list []ast.Traffic) []byte {
	if len(list) == 1 {
		return appendClass(append(b, ' '), &list[0])
	}
	texts := make([]string, 0, len(list))
	for i := range list {
		texts = append(texts, string(appendClass(nil, &list[i])))
	}
	return appendJoined(append(b, ' '), texts)
}

func appendClass(b []byte, t *ast.Traffic) []byte {
	b = append(b, canonicalWord(t.Kind)...)
	switch len(t.Args) {
	case 0:
		return b
	case 1:
		return append(append(b, ' '), canonicalWord(t.Args[0])...)
	}
	texts := make([]string, 0, len(t.Args))
	for _, w := range t.Args {
		texts = append(texts, canonicalWord(w))
	}
	return appendJoined(append(b, ' '), texts)
}

// compareNumeric sorts words that begin with numbers by those, before others.
func compareNumeric(a, b string) int {
	x, y := leadingNumber(a), leadingNumber(b)
	return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
}

func leadingNumber(s string) int {
	if !startsWithDigit(s) {
		return 1 << 30
	}
	n := 0
	for i := 0; i < len(s) && i < 9; i++ {
		if s[i] < '0' || s[i] > '9' {
			return n
		}
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// trafficText is a list of classes as a message shows it.
func trafficText(list []ast.Traffic) string {
	texts := make([]string, 0, len(list))
	for i := range list {
		texts = append(texts, string(appendClass(nil, &list[i])))
	}
	return string(appendJoined(nil, texts))
}

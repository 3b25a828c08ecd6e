package nft

import (
	tree "github.com/loward/loward/backends/nft/internal/syntax"
	"github.com/loward/loward/compiler/ruleset"
)

// memo is what was worked out before and comes again: rulesets are made of the
// same few words, and of many equal matches.
type memo struct {
	kinds   []kind // by Field
	symbols map[symbolName]symbolValue
	fields  [64]fieldMemo // by fieldName.place
	matches map[matchKey]*ruleset.Match
}

// maxMemo bounds each of them: ports and names can all be different.
const maxMemo = 4096

type symbolName struct{ datatype, word string }

type symbolValue struct {
	value uint64
	known bool
}

// matchKey is all on which the match of a field with a constant depends: where it
// stands, and the value's kind and words, or those of the two values that it is made of.
type matchKey struct {
	family ruleset.Family
	field  ruleset.Field
	op     tree.Op
	kind   tree.ExprKind
	kinds  [2]tree.ExprKind
	texts  [2]string
}

func newMemo(of []syntax) memo {
	m := memo{kinds: make([]kind, len(of)), symbols: map[symbolName]symbolValue{}, matches: map[matchKey]*ruleset.Match{}}
	for _, f := range ruleset.Fields() {
		m.kinds[f] = kindOfField(f, of[f].datatype)
	}
	return m
}

type fieldMemo struct {
	name  fieldName
	field ruleset.Field
}

// place of a name among those that were asked for: the fields that rulesets use
// mostly have one each.
func (n fieldName) place() int {
	h := len(n.header)*5 + len(n.field)*3
	if n.field != "" {
		h += int(n.field[0])
	}
	if n.header != "" {
		h += int(n.header[0]) * 7
	}
	return h % 64
}

// field of a header, or NoField.
func (s *State) field(header, name string) ruleset.Field {
	n := fieldName{header, name}
	m := &s.memo.fields[n.place()]
	if m.name != n {
		*m = fieldMemo{n, s.names[n]}
	}
	return m.field
}

// symbol is the value of a word in a data type.
func (m *memo) symbol(datatype, word string) (uint64, bool) {
	n := symbolName{datatype, word}
	if v, ok := m.symbols[n]; ok {
		return v.value, v.known
	}
	v, ok := symbol(datatype, word)
	if len(m.symbols) < maxMemo {
		m.symbols[n] = symbolValue{v, ok}
	}
	return v, ok
}

// key of a comparison of e with a constant; false where the match is not to be
// shared: addresses are hardly ever the same.
func (m *memo) key(family ruleset.Family, x *tree.Expr, e ruleset.Expr, right *tree.Expr) (key matchKey, ok bool) {
	f, ok := e.(ruleset.Field)
	if !ok {
		return key, false
	}
	switch m.kinds[f].domain {
	case ruleset.Addr4, ruleset.Addr6, ruleset.LinkAddr:
		return key, false
	}
	key.family, key.field, key.op, key.kind = family, f, x.Op, right.Kind
	if single(right) {
		key.texts[0] = right.Text
		return key, true
	}
	if len(right.Args) != 2 || !single(right.Args[0]) || !single(right.Args[1]) {
		return key, false
	}
	for i, a := range right.Args {
		key.kinds[i], key.texts[i] = a.Kind, a.Text
	}
	return key, true
}

// single says whether an expression is one word or number.
func single(x *tree.Expr) bool {
	return x.Kind == tree.XSymbol || x.Kind == tree.XString || x.Kind == tree.XNumber
}

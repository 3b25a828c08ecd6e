package schema

import (
	"strconv"

	"github.com/loward/loward/backends/nft/internal/syntax"
)

// field of an object that has to be a string.
func (r *reader) word(v *value, key string, needed bool) syntax.Name {
	x := v.get(key)
	switch {
	case x == nil && needed:
		r.wrong(v.span, "the field %q is missing", key)
	case x == nil:
	case x.kind != text:
		r.wrong(x.span, "%s is a string, not %s", key, x.kind)
	default:
		return syntax.Name{Text: x.text, Span: x.span}
	}
	return syntax.Name{}
}

// words of a field that is a string or an array of them.
func (r *reader) words(v *value, key string) (names []syntax.Name) {
	x := v.get(key)
	if x == nil {
		return nil
	}
	list := []value{*x}
	if x.kind == array {
		list = x.list
	}
	for i := range list {
		if list[i].kind != text {
			r.wrong(list[i].span, "%s is a string or an array of strings, not %s", key, list[i].kind)
			continue
		}
		names = append(names, syntax.Name{Text: list[i].text, Span: list[i].span})
	}
	return names
}

func (r *reader) flags(v *value, key string) (flags []string) {
	for _, n := range r.words(v, key) {
		flags = append(flags, n.Text)
	}
	return flags
}

// num is a field that is a number, not negative, in units of so much.
func (r *reader) num(v *value, key string, unit uint64) syntax.Num {
	x := v.get(key)
	if x == nil {
		return syntax.Num{}
	}
	n, err := strconv.ParseUint(x.text, 0, 64)
	if x.kind != number && x.kind != text || err != nil || n > ^uint64(0)/unit {
		r.wrong(x.span, "%s is a number that is not negative", key)
		return syntax.Num{}
	}
	return syntax.Num{Value: n * unit, Text: x.text, Given: true, Span: x.span}
}

// second is what JSON's times are in.
const second = 1000

func (r *reader) truth(v *value, key string) bool {
	x := v.get(key)
	if x == nil {
		return false
	}
	if x.kind != boolean && x.kind != number {
		r.wrong(x.span, "%s is true or false, not %s", key, x.kind)
	}
	return x.text != "false" && x.text != "0"
}

// known passes over the fields that the schema has, and tells of the others.
func (r *reader) known(v *value, keys ...string) {
	for i := range v.keys {
		if k := &v.keys[i]; !contains(keys, k.text) {
			r.unknown(k.span, "the field %q", k.text)
		}
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

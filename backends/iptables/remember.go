package iptables

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// remembered is a module that was read before.
type remembered struct {
	m     *ruleset.Module
	picky bool
}

// segment is what the meaning of a module follows from.
type segment struct {
	text  string
	proto int
	table *table
	chain *chain // a builtin one
}

// maxKnown bounds what is remembered.
const maxKnown = 4096

// segment finds where the words of the module that was just named end, if they
// are those of a text that iptables-save wrote: at the next -m or -j, or at the
// end.
func (rd *reader) segment() (to int, ok bool) {
	if f := rd.words[rd.flag].Text; f != "-m" && f != "-j" {
		return 0, false
	}
	to = rd.next
	for to < len(rd.words) {
		if t := rd.words[to].Text; len(t) == 2 && t[0] == '-' && t[1] >= 'A' {
			break
		}
		to++
	}
	return to, true
}

// key of the words from one to another.
func (rd *reader) key(from, to int) segment {
	k := segment{proto: rd.proto, table: rd.table}
	if rd.ctx.NotProto {
		k.proto |= 1 << 10
	}
	if rd.any {
		k.proto = 1 << 11
	}
	a, b := rd.words[from].Span, rd.words[to-1].Span
	if a.File == nil || a.File != rd.file || b.File != rd.file || rd.table == nil || !rd.restoring {
		return segment{proto: -2}
	}
	k.text = rd.text[a.Start:b.End]
	if c := rd.table.chain(rd.chain.Text); c != nil && c.base != nil {
		k.chain = c
	}
	return k
}

// opaque takes the words of a module that is not known: up to the next option
// that is the tool's own, or that an extension which is there has.
func (rd *reader) opaque(m *module) {
	from := rd.next
	for rd.next < len(rd.words) {
		w := rd.words[rd.next].Text
		if w == "!" && rd.next+1 < len(rd.words) {
			w = rd.words[rd.next+1].Text
		}
		if !foreignOption(w) && len(w) > 1 && w[0] == '-' {
			break
		}
		if len(w) > 2 && w[0] == '-' {
			if _, q, _, _ := rd.lookup(strings.TrimLeft(w, "-")); q != nil {
				break
			}
		}
		rd.next++
	}
	m.opaque = rd.words[from:rd.next:rd.next]
	if m.opaque == nil {
		m.opaque = []Word{}
	}
}

// foreignOption: a word that looks like an option and is none of the tool's own.
func foreignOption(w string) bool {
	if len(w) < 3 || w[0] != '-' {
		return false
	}
	if w[1] != '-' {
		_, own := argOf(w[1])
		return !own
	}
	for i := range baseOptions {
		if baseOptions[i].long == w[2:] {
			return false
		}
	}
	return true
}

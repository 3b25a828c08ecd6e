package iptables

import (
	"strings"

	"github.com/loward/loward/backends/iptables/internal/ext"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// The options of a rule that are no extension's, in the order of iptables-save.
const (
	optSource = iota
	optDestination
	optIn
	optOut
	optProtocol
	optFragment
	optJump
	optTable
	optCounters
	optNumeric
	optExact
	optLines
	numBase
)

func (rd *reader) has(opt int) bool { return rd.seen&(1<<opt) != 0 }

// baseOption is an option that the tool knows without any extension.
type baseOption struct {
	long  string
	short byte
	arg   byte // 0 none, 1 one, 2 one that may be left out
}

// baseOptions are those of iptables 1.8.9 (iptables/xshared.h).
var baseOptions = [...]baseOption{
	{"append", 'A', 1}, {"delete", 'D', 1}, {"check", 'C', 1}, {"insert", 'I', 1}, {"replace", 'R', 1},
	{"list", 'L', 2}, {"list-rules", 'S', 2}, {"flush", 'F', 2}, {"zero", 'Z', 2}, {"new-chain", 'N', 1},
	{"delete-chain", 'X', 2}, {"rename-chain", 'E', 1}, {"policy", 'P', 1}, {"source", 's', 1},
	{"destination", 'd', 1}, {"src", 's', 1}, {"dst", 'd', 1}, {"protocol", 'p', 1}, {"in-interface", 'i', 1},
	{"jump", 'j', 1}, {"table", 't', 1}, {"match", 'm', 1}, {"numeric", 'n', 0}, {"out-interface", 'o', 1},
	{"verbose", 'v', 0}, {"wait", 'w', 2}, {"wait-interval", 'W', 2}, {"exact", 'x', 0}, {"fragments", 'f', 0},
	{"version", 'V', 0}, {"help", 'h', 2}, {"line-numbers", '0', 0}, {"modprobe", 'M', 1},
	{"set-counters", 'c', 1}, {"goto", 'g', 1}, {"ipv4", '4', 0}, {"ipv6", '6', 0},
}

// argOf a short option, as in the table, and whether there is such a one.
func argOf(short byte) (arg byte, ok bool) {
	switch short {
	case 'A', 'D', 'C', 'I', 'R', 'N', 'E', 'P', 's', 'd', 'p', 'i', 'o', 'j', 'g', 'm', 't', 'M', 'c':
		return 1, true
	case 'L', 'S', 'F', 'Z', 'X', 'w', 'W', 'h':
		return 2, true
	case 'n', 'v', 'x', 'f', 'V', '0', '4', '6':
		return 0, true
	}
	return 0, false
}

// parse the words. It returns false, without a mistake, where it has to be done
// again with cached unset.
func (rd *reader) parse() bool {
	rd.again()
	for rd.next < len(rd.words) && !rd.bad && !rd.skip {
		w := rd.words[rd.next]
		rd.flag = rd.next
		switch {
		case w.Text == "--" && rd.next+1 < len(rd.words):
			rd.syntax(rd.words[rd.next+1].Span, "words behind --").Helpf("nothing may follow it")
			return true
		case w.Text == "--":
			rd.next++
		case w.Text == "!":
			if !rd.neg.IsZero() || rd.negating() {
				rd.syntax(w.Span, "! twice").Helpf("one of them inverts what follows")
				return true
			}
			rd.invert(w.Span)
			rd.next++
		case len(w.Text) > 2 && w.Text[0] == '-' && w.Text[1] == '-':
			if !rd.long(w) {
				return false
			}
		case len(w.Text) > 1 && w.Text[0] == '-':
			rd.short(w)
		default:
			rd.stray(w)
		}
	}
	if rd.negating() && !rd.bad && !rd.skip {
		rd.syntax(rd.words[len(rd.words)-1].Span, "nothing follows the !").Helpf("! stands before the option that it inverts")
	}
	return true
}

// The "!" before an option; its span may be the zero one, of a command that has
// no place in a file.
func (rd *reader) invert(at diag.Span) { rd.neg = at; rd.negs |= 1 << numBase }
func (rd *reader) negating() bool      { return rd.negs&(1<<numBase) != 0 }

// inverted takes the "!".
func (rd *reader) inverted() bool {
	neg := rd.negating()
	rd.negs &^= 1 << numBase
	rd.neg = diag.Span{}
	return neg
}

// stray is a word that is neither an option nor an option's.
func (rd *reader) stray(w Word) {
	if ruleset.HasUnknown(w.Text) && rd.verb != 0 {
		// It may be options as well as nothing at all.
		rd.add(module{name: w, opaque: rd.words[rd.next : rd.next+1]})
		rd.next++
		rd.inverted()
		return
	}
	if len(w.Text) > 0 && w.Text[0] == '#' {
		rd.syntax(w.Span, "unexpected %q", w.Text).Helpf("a comment needs a line of its own, which begins with #")
		return
	}
	d := rd.syntax(w.Span, "unexpected %q", w.Text)
	if strings.HasPrefix(w.Text, "–") || strings.HasPrefix(w.Text, "—") || strings.HasPrefix(w.Text, "−") {
		d.Helpf("it begins with a dash that is not the one of the keyboard: write -")
	} else if w.Text == `\` {
		d.Helpf("a line can't be continued on the next one")
	} else if rd.next > 0 {
		switch prev := rd.words[rd.next-1].Text; {
		case prev == "!" && rd.next > 1:
			d.Helpf("! stands before the option: ! %s %s", rd.words[rd.next-2].Text, w.Text)
		case len(prev) > 2 && prev[0] == '-' && prev[1] != '-':
			d.Helpf("the option is spelled with two dashes: -%s", prev)
		case strings.HasPrefix(prev, `"`) || strings.HasPrefix(prev, "'"):
			d.Helpf(`what holds blanks stands between double quotes: "…"`)
		}
	}
}

// add a module to the rule.
func (rd *reader) add(m module) *module {
	if rd.nmods == len(rd.mods) {
		rd.mods = append(rd.mods, module{})
	}
	p := &rd.mods[rd.nmods]
	rd.nmods++
	inst := p.inst // its memory is used again
	*p = m
	p.inst = inst
	p.inst.Ext = nil
	return p
}

// short reads a word of short options.
func (rd *reader) short(w Word) {
	for i := 1; i < len(w.Text); i++ {
		c := w.Text[i]
		arg, ok := argOf(c)
		if !ok || c == '0' {
			rd.syntax(w.Span, "unknown option %q", w.Text)
			return
		}
		if arg == 0 {
			if i == len(w.Text)-1 {
				rd.next++
			}
			if rd.base(c, w, nil); rd.bad || rd.skip {
				return
			}
			continue
		}
		rd.next++
		var eq *Word
		if i+1 < len(w.Text) {
			eq = &Word{Text: w.Text[i+1:], Span: tail(w, i+1)}
		}
		rd.base(c, w, eq)
		return
	}
}

// tail is the span of a word from its n-th byte on, where it stands as it is.
func tail(w Word, n int) diag.Span {
	s := w.Span
	if s.End-s.Start == len(w.Text) {
		s.Start += n
	}
	return s
}

// long reads a word that begins with two dashes. It returns false where the rule
// has to be read again.
func (rd *reader) long(w Word) bool {
	name := w.Text[2:]
	var eq *Word
	if i := strings.IndexByte(name, '='); i >= 0 {
		eq = &Word{Text: name[i+1:], Span: tail(w, i+3)}
		name = name[:i]
	}
	for {
		b, m, o, clash := rd.lookup(name)
		switch {
		case b != nil:
			rd.next++
			if b.arg == 0 && eq != nil {
				rd.syntax(w.Span, "--%s takes no value", b.long)
				return true
			}
			rd.base(b.short, w, eq)
			return true
		case m != nil:
			rd.take(m, o, w, eq)
			return true
		}
		if rd.cached && rd.reused() {
			return false
		}
		if !rd.load() {
			rd.unknownOption(w, name, clash)
			return true
		}
	}
}

// reused: a module of the rule was not read but taken from an earlier rule.
func (rd *reader) reused() bool {
	for i := range rd.mods[:rd.nmods] {
		if rd.mods[i].done != nil {
			return true
		}
	}
	return rd.target.done != nil
}

// lookup a long option among the tool's own and those of the extensions that the
// rule has named so far, by its whole name or by the beginning of just one.
func (rd *reader) lookup(name string) (b *baseOption, m *module, o *ext.Option, clash bool) {
	near := 0
	for i := range baseOptions {
		p := &baseOptions[i]
		if !strings.HasPrefix(p.long, name) {
			continue
		}
		if len(p.long) == len(name) {
			return p, nil, nil, false
		}
		if b == nil || b.short != p.short {
			near++
			b = p
		}
	}
	for i := rd.nmods; i >= 0; i-- {
		q := &rd.target
		if i < rd.nmods {
			q = &rd.mods[i]
		}
		if q.inst.Ext == nil {
			continue
		}
		p, exact, more := q.inst.Ext.Option(name)
		switch {
		case exact:
			return nil, q, p, false
		case p == nil:
			continue
		case more:
			near++
		}
		if m == nil || m.inst.Ext != q.inst.Ext {
			near++
			m, o = q, p
		}
	}
	if near > 1 {
		return nil, nil, nil, true
	}
	if b != nil {
		return b, nil, nil, false
	}
	return nil, m, o, false
}

// take an option of an extension, with its values.
func (rd *reader) take(m *module, o *ext.Option, w Word, eq *Word) {
	neg := rd.inverted()
	from := rd.next
	if neg {
		from--
	}
	rd.next++
	rd.next += m.inst.Take(o, neg, w.Span, eq, rd.words[rd.next:])
	if m.whole = m.whole && m.to == from && len(w.Text) == len(o.Name); m.whole {
		m.to = rd.next
	}
}

// load the match of the rule's protocol, once.
func (rd *reader) load() bool {
	if rd.loaded || !rd.has(optProtocol) {
		return false
	}
	rd.loaded = true
	name := ""
	switch {
	case rd.any:
		name = "tcp" // whatever it is, it has ports
	case rd.proto >= 0:
		name = ext.OfProtocol(uint8(rd.proto), rd.s.family)
	}
	if name == "" {
		return false
	}
	e := ext.Find(name, false, rd.s.family)
	if e == nil {
		return false
	}
	m := rd.add(module{name: Word{Text: e.Name, Span: rd.value[optProtocol].Span}, whole: false})
	m.inst.Reset(e, rd.value[optProtocol].Span)
	return true
}

// unknownOption tells an option that nothing in the rule has.
func (rd *reader) unknownOption(w Word, name string, clash bool) {
	if ruleset.HasUnknown(name) && rd.verb != 0 {
		rd.stray(w)
		return
	}
	if clash {
		rd.syntax(w.Span, "%q is the beginning of several options", "--"+name).Helpf("write it in full")
		return
	}
	d := rd.syntax(w.Span, "unknown option %q", "--"+name)
	owners, other := rd.owners(name)
	if owners != "" {
		d.Helpf("it is an option of %s, which has to stand before it", owners)
	} else if other != "" {
		d.Helpf("it is an option of %s, of the other family", other)
	}
}

// owners are the extensions that have an option of that name, and those of the
// other family that have.
func (rd *reader) owners(name string) (own, other string) {
	for _, target := range []bool{false, true} {
		for _, e := range ext.All(target) {
			if _, exact, _ := e.Option(name); !exact {
				continue
			}
			list := &own
			if e.Family != ruleset.Inet && e.Family != rd.s.family {
				list = &other
			}
			flag := "-m "
			if target {
				flag = "-j "
			}
			if *list != "" {
				flag = ", " + flag
			}
			*list += flag + e.Name
		}
	}
	return own, other
}

package iptables

import (
	"strings"

	"github.com/loward/loward/backends/iptables/internal/ext"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// base does an option that is the tool's own: w is its word, eq the value that
// stands in it. The words behind it are at rd.next already.
func (rd *reader) base(c byte, w Word, eq *Word) {
	if rd.negating() && !strings.ContainsRune("psdiofjg", rune(c)) {
		rd.syntax(w.Span, "%s can't be inverted", w.Text).Helpf("leave the ! out")
		return
	}
	var v Word
	if arg, _ := argOf(c); arg == 1 && eq == nil {
		if rd.next >= len(rd.words) {
			rd.syntax(w.Span, "%s needs a value", w.Text)
			return
		}
		v = rd.words[rd.next]
		rd.next++
	} else if eq != nil {
		v = *eq
		if strings.IndexByte("sdpioj", c) >= 0 {
			// iptables 1.8.9 looks at the word in front of the next one, which is this
			// word as a whole then; later versions look at the value.
			rd.l.Warnf(w.Span, "iptables 1.8.9 takes %q as a whole for the value", w.Text).WithCode(ruleset.CodeRefused).
				Helpf("write a blank between the option and its value")
		}
	}
	switch c {
	case 'A', 'D', 'C', 'I', 'R', 'N', 'E', 'P':
		rd.command1(c, w, v)
	case 'L', 'S', 'F', 'Z', 'X':
		if eq == nil {
			v, _ = rd.more()
		}
		rd.command1(c, w, v)
	case 's':
		rd.option(optSource, w, v, true)
	case 'd':
		rd.option(optDestination, w, v, true)
	case 'i':
		rd.option(optIn, w, v, true)
	case 'o':
		rd.option(optOut, w, v, true)
	case 'p':
		rd.option(optProtocol, w, v, true)
		rd.protocol(v)
	case 'f':
		if rd.s.family == ruleset.IP6 {
			rd.syntax(w.Span, "-f is of IPv4 alone").Helpf("write -m frag")
			return
		}
		rd.option(optFragment, w, w, true)
	case 'j', 'g':
		rd.option(optJump, w, v, false)
		rd.goTo = c == 'g'
		if c == 'j' && !rd.bad {
			rd.jump(v)
		}
	case 'm':
		rd.match(v)
	case 't':
		if rd.restoring {
			rd.syntax(w.Span, "-t can't stand in a text for iptables-restore").Helpf("the table is that of the last line that begins with *")
			return
		}
		rd.option(optTable, w, v, false)
	case 'c':
		rd.option(optCounters, w, v, false)
		rd.counters(w, v)
	case 'w', 'W':
		if rd.restoring {
			rd.syntax(w.Span, "%s can't stand in a text for iptables-restore", w.Text).Helpf("it is an option of iptables-restore itself")
		} else if eq == nil {
			rd.more()
		}
	case 'n':
		rd.option(optNumeric, w, w, false)
	case 'x':
		rd.option(optExact, w, w, false)
	case '0':
		rd.option(optLines, w, w, false)
	case '4', '6':
		if (c == '6') != (rd.s.family == ruleset.IP6) {
			if rd.skip = rd.restoring; !rd.skip {
				rd.syntax(w.Span, "%s is of the other family", w.Text).Helpf("ip6tables is the tool for IPv6, iptables that for IPv4")
			}
		}
	case 'h', 'V':
		if eq == nil && c == 'h' {
			rd.more()
		}
		rd.skip = true
	}
}

// more is a value that may be left out.
func (rd *reader) more() (Word, bool) {
	if rd.next < len(rd.words) {
		if w := rd.words[rd.next]; w.Text != "" && w.Text[0] != '-' && w.Text[0] != '!' {
			rd.next++
			return w, true
		}
	}
	return Word{}, false
}

// option remembers a base option, which stands once in a rule.
func (rd *reader) option(opt int, w, v Word, neg bool) {
	inverted := rd.inverted()
	switch {
	case inverted && !neg:
		rd.syntax(w.Span, "%s can't be inverted", w.Text).Helpf("leave the ! out")
	case rd.has(opt):
		rd.syntax(w.Span, "%s stands twice", w.Text).Helpf("a rule has it once")
	}
	rd.seen |= 1 << opt
	if inverted {
		rd.negs |= 1 << opt
	}
	rd.value[opt] = v
}

// command1 is the option that says what to do; v is its first value.
func (rd *reader) command1(c byte, w, v Word) {
	if rd.verb != 0 {
		rd.syntax(w.Span, "%s behind another command", w.Text).Helpf("a line has one")
		return
	}
	rd.verb, rd.verbAt, rd.chain = c, w.Span, v
	switch c {
	case 'I', 'D':
		if n, ok := rd.more(); ok {
			rd.number(n)
		}
	case 'R':
		n, ok := rd.more()
		if !ok {
			rd.syntax(w.Span, "-R needs the number of a rule").Helpf("write -R CHAIN NUMBER and the new rule")
			return
		}
		rd.number(n)
	case 'L', 'S', 'Z':
		if v.Text != "" {
			if n, ok := rd.more(); ok {
				rd.number(n)
			}
		}
	case 'E', 'P':
		var ok bool
		if rd.other, ok = rd.more(); !ok && c == 'E' {
			rd.syntax(w.Span, "-E needs two names").Helpf("write -E OLD NEW")
		} else if !ok {
			rd.syntax(w.Span, "-P needs a policy").Helpf("write -P CHAIN ACCEPT, or DROP")
		}
	}
}

// number of a rule.
func (rd *reader) number(w Word) {
	if rd.nrAt = w.Span; ruleset.HasUnknown(w.Text) {
		rd.unknown(w.Span, "the number")
		return
	}
	n, ok := ext.Number(w.Text)
	if !ok || n == 0 || n > 1<<31-1 {
		rd.syntax(w.Span, "%q is no number of a rule", w.Text).Helpf("the first rule is 1")
		return
	}
	rd.nr = int(n)
}

func (rd *reader) counters(w, v Word) {
	a, b, both := strings.Cut(v.Text, ",")
	at := v.Span
	if !both {
		n, ok := rd.more()
		if !ok {
			rd.syntax(w.Span, "%s needs packets and bytes", w.Text)
			return
		}
		b, at = n.Text, n.Span
	}
	if ruleset.HasUnknown(a) || ruleset.HasUnknown(b) {
		return
	}
	var ok1, ok2 bool
	rd.packets, ok1 = ext.Number(a)
	rd.bytes, ok2 = ext.Number(b)
	switch {
	case !ok1:
		rd.syntax(v.Span, "%q is no number of packets", a)
	case !ok2:
		rd.syntax(at, "%q is no number of bytes", b)
	}
}

// protocol of -p. The matches that the rule loads depend on it.
func (rd *reader) protocol(w Word) {
	neg := rd.negs&(1<<optProtocol) != 0
	rd.ctx.NotProto = neg
	if ruleset.HasUnknown(w.Text) {
		rd.any = true
		return
	}
	n, ok := uint8(0), false
	if k, isNum := ext.Number(w.Text); isNum && k <= 255 {
		n, ok = uint8(k), true
	} else if !isNum {
		n, ok = ext.ProtoNumber(w.Text)
	}
	if !ok {
		rd.syntax(w.Span, "%q is no protocol", w.Text).Helpf("a protocol is a number up to 255, or a name like tcp; one of them stands in a rule")
		return
	}
	if n == 0 && neg {
		rd.syntax(w.Span, "no packet is of no protocol at all").Helpf("%s means every protocol", w.Text)
	}
	rd.proto = int(n)
}

// match names a match extension.
func (rd *reader) match(v Word) {
	if ruleset.HasUnknown(v.Text) {
		rd.opaque(rd.add(module{name: v}))
		return
	}
	if rd.cached {
		if to, ok := rd.segment(); ok {
			if m, ok := rd.known[rd.key(rd.flag, to)]; ok {
				rd.add(module{name: v, done: m.m})
				rd.picky = rd.picky || m.picky
				rd.next = to
				return
			}
		}
	}
	e := ext.Find(v.Text, false, rd.s.family)
	if e == nil {
		if v.Text == "" {
			rd.syntax(v.Span, "-m needs the name of a match")
			return
		}
		if rd.ofOther(v, false) {
			return
		}
		rd.opaque(rd.add(module{name: v}))
		return
	}
	m := rd.add(module{name: v, from: rd.flag, to: rd.next, whole: true})
	m.inst.Reset(e, v.Span)
}

// jump names a target, or a chain.
func (rd *reader) jump(v Word) {
	t := &rd.target
	t.name, t.whole = v, false
	switch {
	case ruleset.HasUnknown(v.Text):
		return
	case v.Text == "" || len(v.Text) > maxChain || strings.ContainsAny(v.Text, " \t\r\n"):
		rd.syntax(v.Span, "%q is no name of a target", v.Text).Helpf("it has 1 to %d bytes and no blank", maxChain)
		return
	case standard(v.Text):
		return
	}
	if rd.cached {
		if to, ok := rd.segment(); ok {
			if m, ok := rd.known[rd.key(rd.flag, to)]; ok {
				t.done, rd.next = m.m, to
				rd.picky = rd.picky || m.picky
				return
			}
		}
	}
	if e := ext.Find(v.Text, true, rd.s.family); e != nil {
		t.inst.Reset(e, v.Span)
		t.from, t.to, t.whole = rd.flag, rd.next, true
	} else if rd.ofOther(v, true) {
		return
	} else if rd.next < len(rd.words) && foreignOption(rd.words[rd.next].Text) {
		if rd.table == nil || rd.table.byName[v.Text] == nil {
			rd.opaque(t)
		}
	}
}

// ofOther refuses an extension that only the other family has.
func (rd *reader) ofOther(v Word, target bool) bool {
	other := ruleset.IP
	if rd.s.family == ruleset.IP {
		other = ruleset.IP6
	}
	if rd.table != nil && target && rd.table.byName[v.Text] != nil || ext.Find(v.Text, target, other) == nil {
		return false
	}
	rd.syntax(v.Span, "%s is an extension of %s alone", v.Text, Restore{Family: other}.Name())
	return true
}

// standard targets need no extension.
func standard(name string) bool {
	switch name {
	case "ACCEPT", "DROP", "RETURN", "QUEUE":
		return true
	}
	return false
}

// illegal names an option of the rule that does not go with the command, or "".
func (rd *reader) illegal() (string, diag.Span) {
	rule := uint32(1<<optSource | 1<<optDestination | 1<<optIn | 1<<optOut | 1<<optProtocol | 1<<optFragment | 1<<optJump)
	bad := rule | 1<<optCounters | 1<<optNumeric | 1<<optExact | 1<<optLines
	switch rd.verb {
	case 'A', 'I', 'R':
		bad &^= rule | 1<<optCounters
	case 'D':
		if rd.nr == 0 {
			bad &^= rule | 1<<optCounters
		}
	case 'C':
		bad &^= rule
	case 'L':
		bad = rule | 1<<optCounters
	case 'S':
		bad = rule | 1<<optCounters
	}
	for opt := range numBase {
		if rd.seen&bad&(1<<opt) != 0 {
			return [...]string{"-s", "-d", "-i", "-o", "-p", "-f", "-j", "-t", "-c", "-n", "-x", "--line-numbers"}[opt], rd.value[opt].Span
		}
	}
	return "", diag.Span{}
}

package iptables

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// rules that the command's options are: several where -s or -d has several
// addresses.
func (rd *reader) rules(c *chain) []*ruleset.Rule {
	rd.srcs = rd.addresses(optSource, rd.srcs[:0])
	rd.dsts = rd.addresses(optDestination, rd.dsts[:0])
	// The body begins with the two addresses, which differ from rule to rule.
	body := append(rd.body[:0], nil, nil)
	body = rd.plain(body)
	body = rd.modules(body, c)
	body = rd.verdict(body)
	rd.body = body
	if rd.bad {
		return nil
	}
	n := len(rd.srcs) * len(rd.dsts)
	if n > 1 && n > min(rd.s.spare, maxProduct) {
		rd.srcs, rd.dsts = rd.merge(rd.srcs), rd.merge(rd.dsts)
		n = 1
	}
	if n > 1 {
		rd.s.spare -= n
	}
	comment := rd.comment()
	out := piece(&rd.slab.list, n)[:0]
	for _, s := range rd.srcs {
		for _, d := range rd.dsts {
			all := body[2:]
			if d.m != nil {
				all = body[1:]
				all[0] = d.m
			}
			if s.m != nil {
				all = body[len(body)-len(all)-1:]
				all[0] = s.m
			}
			r := rd.slab.rule()
			r.Body, r.Comment, r.Counted, r.Origin = rd.slab.body(all), comment, true, rd.at
			r.Packets, r.Bytes = rd.packets, rd.bytes
			out = append(out, r)
		}
	}
	return out
}

// merge addresses into one match that means the same.
func (rd *reader) merge(all []address) []address {
	var one *ruleset.Match
	for _, a := range all {
		switch {
		case a.m == nil:
			return []address{{}}
		case one == nil:
			m := *a.m
			one = &m
			one.Terms = append([]ruleset.Term(nil), m.Terms...)
		case a.m.Op == ruleset.OpIn:
			one.Terms = append(one.Terms, a.m.Terms...)
		}
	}
	return []address{{one}}
}

// plain adds the matches of interfaces, protocol and fragments.
func (rd *reader) plain(body []ruleset.Stmt) []ruleset.Stmt {
	for opt := optIn; opt <= optFragment; opt++ {
		if !rd.has(opt) {
			continue
		}
		k := valued{byte(opt), rd.negs&(1<<opt) != 0, rd.value[opt].Text}
		m, known := rd.common[k]
		if !known {
			switch opt {
			case optIn:
				m = rd.iface(ruleset.IIFName, rd.value[opt], k.neg)
			case optOut:
				m = rd.iface(ruleset.OIFName, rd.value[opt], k.neg)
			case optProtocol:
				switch {
				case rd.any:
					m = rd.slab.in(ruleset.L4Proto, k.neg, ruleset.UnknownTerm(k.text))
				case rd.proto > 0:
					m = rd.slab.in(ruleset.L4Proto, k.neg, ruleset.Num(uint64(rd.proto)))
				}
			case optFragment:
				m = rd.slab.in(ruleset.IPFrag, k.neg, ruleset.Num(0x1fff))
				m.Op = ruleset.OpAny
			}
			if len(rd.common) < maxKnown && !rd.bad {
				rd.common[k] = m
			}
		}
		if m != nil {
			body = append(body, m)
		}
	}
	return body
}

// iface reads an interface's name: a + at its end is a wildcard.
func (rd *reader) iface(f ruleset.Field, w Word, neg bool) *ruleset.Match {
	name := w.Text
	if ruleset.HasUnknown(name) {
		return rd.slab.in(f, neg, ruleset.UnknownTerm(name))
	}
	switch {
	case name == "":
		rd.syntax(w.Span, "the interface has no name").Helpf("leave the option out for any interface")
		return nil
	case len(name) > 15:
		rd.syntax(w.Span, "the interface's name is longer than 15 bytes")
		return nil
	case name == "+" && !neg:
		return nil
	}
	if strings.ContainsAny(name, "/ ") {
		rd.l.Warnf(w.Span, "no interface is called %q", name).WithCode(ruleset.CodeRefused).
			Helpf("the rule is loaded and matches nothing")
	}
	if stem, wild := strings.CutSuffix(name, "+"); wild {
		name = stem + "*"
	} else if strings.HasSuffix(name, "*") {
		rd.l.Warnf(w.Span, "%q is a name like any other: its * stands for itself", name).WithCode(ruleset.CodeRefused).
			Helpf("the wildcard of iptables is +")
		name = strings.TrimSuffix(name, "*") + `\*`
	}
	return rd.slab.in(f, neg, ruleset.Text(name))
}

// modules adds the matches of extensions.
func (rd *reader) modules(body []ruleset.Stmt, c *chain) []ruleset.Stmt {
	rd.ctx.Table, rd.ctx.Chain, rd.ctx.Builtin = rd.table.name, c.name, c.base != nil
	rd.ctx.Proto, rd.ctx.AnyProto = uint8(max(rd.proto, 0)), rd.any
	rd.ctx.NotProto = rd.has(optProtocol) && rd.negs&(1<<optProtocol) != 0
	for i := range rd.mods[:rd.nmods] {
		if s := rd.finish(&rd.mods[i], "-m", false); s != nil {
			body = append(body, s)
		}
	}
	return body
}

// finish a module. It is nil where it has a mistake.
func (rd *reader) finish(m *module, flag string, target bool) ruleset.Stmt {
	switch {
	case m.done != nil:
		return m.done
	case m.opaque != nil:
		return rd.opaqueStmt(m, flag, target)
	}
	args, means, ok := m.inst.Finish(&rd.ctx)
	if !ok {
		rd.bad = true
		return nil
	}
	rd.picky = rd.picky || m.inst.Ext.Picky()
	s := &ruleset.Module{Name: m.inst.Ext.Name, Target: target, Args: args, Means: means}
	if m.whole && len(rd.known) < maxKnown {
		if k := rd.key(m.from, m.to); k.proto != -2 {
			rd.known[k] = remembered{s, m.inst.Ext.Picky()}
		}
	}
	return s
}

// opaqueStmt keeps a module that is not known as it was written.
func (rd *reader) opaqueStmt(m *module, flag string, target bool) ruleset.Stmt {
	var b []byte
	words := m.opaque
	if len(words) > 0 && words[0] == m.name {
		words = words[1:]
		b = appendWord(b, m.name.Text) // a word that can't be known, in place of an option
	} else {
		b = appendWord(append(append(b, flag...), ' '), m.name.Text)
	}
	unknown := ruleset.HasUnknown(m.name.Text)
	at := m.name.Span
	for _, w := range words {
		b = appendWord(append(b, ' '), w.Text)
		at = at.Join(w.Span)
	}
	text := string(b)
	if unknown {
		rd.l.Warnf(at, "%q can't be known", text).WithCode(ruleset.CodeUnknown).Helpf("the rule is kept, and may match or not")
	} else {
		rd.l.Warnf(at, "read, not modelled: %s", text).WithCode(ruleset.CodeOpaque)
	}
	return &ruleset.Opaque{Text: text, Verdict: target}
}

// appendWord writes a word of a command, between quotes where it needs them.
func appendWord(b []byte, s string) []byte {
	s = ruleset.ShowUnknown(s)
	if s == "" {
		return append(b, `""`...)
	}
	if strings.ContainsAny(s, " \t\"\\'") {
		return quote(b, s)
	}
	return append(b, s...)
}

// verdict adds what the rule ends with.
func (rd *reader) verdict(body []ruleset.Stmt) []ruleset.Stmt {
	if !rd.has(optJump) {
		return body
	}
	t, v := rd.table, rd.value[optJump]
	switch {
	case ruleset.HasUnknown(v.Text):
		flag := "-j"
		if rd.goTo {
			flag = "-g"
		}
		rd.target.opaque = []Word{}
		return append(body, rd.opaqueStmt(&rd.target, flag, true))
	case rd.goTo:
	case v.Text == "ACCEPT":
		return append(body, ruleset.Accept)
	case v.Text == "DROP":
		return append(body, ruleset.Drop)
	case v.Text == "RETURN":
		return append(body, ruleset.Return)
	case v.Text == "QUEUE":
		return append(body, &ruleset.Verdict{Kind: ruleset.VerdictQueue})
	case rd.target.done != nil || rd.target.opaque != nil || rd.target.inst.Ext != nil:
		if s := rd.finish(&rd.target, "-j", true); s != nil {
			body = append(body, s)
		}
		return body
	}
	to := t.byName[v.Text]
	switch {
	case to == nil && !rd.goTo && elsewhere(v.Text):
		rd.target.opaque = []Word{}
		return append(body, rd.opaqueStmt(&rd.target, "-j", true))
	case to == nil && rd.goTo && standard(v.Text):
		rd.syntax(v.Span, "%s is no chain", v.Text).Helpf("-j %s is what ends the rule so", v.Text)
		return body
	case to != nil && to.base != nil:
		rd.refuse(v.Span, "no rule can lead to %s, which is the kernel's own", v.Text)
		return body
	case to == nil:
		if !t.cleared || t.partial && rd.restoring {
			to = rd.missing(v.Text, v.Span)
			break
		}
		d := rd.refuse(v.Span, "the table %s has no chain %s, and no target is called so", t.name, v.Text)
		if low := strings.ToUpper(v.Text); low != v.Text && (standard(low) || t.byName[low] != nil) {
			d.Helpf("do you mean %s?", low)
		} else {
			d.Helpf("a chain has to be made before a rule leads to it: -N %s, or :%s - [0:0]", v.Text, v.Text)
		}
		return body
	}
	return append(body, to.verdict(rd.goTo))
}

// elsewhere: targets that are not in the tool but in what is often added to it
// (xtables-addons and others).
func elsewhere(name string) bool {
	switch name {
	case "ACCOUNT", "CHAOS", "DELUDE", "DHCPMAC", "DNETMAP", "ECHO", "FLOWOFFLOAD", "FULLCONENAT", "IMQ", "IPMARK", "LOGMARK",
		"MIRROR", "NDPI", "PROTO", "RAWDNAT", "RAWSNAT", "ROUTE", "RTPENGINE", "SAME", "STEAL", "SYSRQ", "TARPIT", "ULOG", "XOR":
		return true
	}
	return false
}

// comment of the rule, which is also a module of it.
func (rd *reader) comment() string {
	for i := range rd.mods[:rd.nmods] {
		m := &rd.mods[i]
		if m.name.Text != "comment" {
			continue
		}
		for _, s := range rd.body[2:] {
			if c, ok := s.(*ruleset.Module); ok && c.Name == "comment" && len(c.Args) > 0 {
				return c.Args[len(c.Args)-1]
			}
		}
	}
	return ""
}

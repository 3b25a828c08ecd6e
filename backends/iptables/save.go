package iptables

import (
	"strings"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Save writes the tables of one family as iptables-save does, for
// iptables-restore: what Read gave, rule by rule as it was, and rulesets of plain
// statements, as far as a rule of iptables can say them.
//
// A builtin chain that is Foreign is not declared; its rules are appended.
type Save struct {
	// Family is IP or IP6. A table of another one is refused.
	Family ruleset.Family
}

// Name of the target.
func (s Save) Name() string { return Restore{Family: s.Family}.Name() + "-save" }

// Write a ruleset. The text is nil where anything was refused.
func (s Save) Write(rs *ruleset.Ruleset) (text []byte, mistakes []*diag.Diagnostic) {
	tool := Restore{Family: s.Family}.Name()
	w := &saver{writer: writer{report: emit.Report{Target: tool}, v6: s.Family == ruleset.IP6, b: make([]byte, 0, sizeOf(rs))}}
	for _, h := range rs.Header {
		for _, l := range emit.HeaderLines(h) {
			w.b = append(append(append(w.b, "# "...), l...), '\n')
		}
	}
	for _, t := range rs.Tables {
		if t.Dialect != ruleset.Iptables || t.Family != s.Family {
			w.report.Unsupported(t.Origin, "the %s table %q: it is not one of %s's", t.Family, t.Name, tool)
			continue
		}
		w.save(t)
	}
	if w.report.Failed() {
		return nil, w.report.Mistakes()
	}
	return w.b, nil
}

// saver writes what Save does.
type saver struct {
	writer
	used uint32 // base options that stand in the rule
}

func (w *saver) save(t *ruleset.Table) {
	w.table = t
	w.chains = make(map[string]*ruleset.Chain, len(t.Chains))
	all := builtins(t.Name)
	if all == nil {
		w.report.Unsupported(t.Origin, "the table %q: it has filter, nat, mangle, raw and security", t.Name)
		return
	}
	for _, o := range t.Sets {
		if !o.Dynamic || o.Verdicts || o.Data != nil {
			w.report.Unsupported(o.Origin, "the set %s", o.Name)
		}
	}
	for _, o := range t.Objects {
		w.report.Unsupported(o.Origin, "the object %s", o.Name)
	}
	w.b = append(append(append(w.b, '*'), t.Name...), '\n')
	for _, c := range t.Chains {
		w.declare(c, all)
	}
	for _, c := range t.Chains {
		for _, r := range c.Rules {
			w.parts(c, r)
		}
	}
	w.b = append(w.b, "COMMIT\n"...)
}

// declare a chain.
func (w *saver) declare(c *ruleset.Chain, all []builtin) {
	switch own := builtinOf(all, c.Name); {
	case w.chains[c.Name] != nil:
		w.report.Unsupported(c.Origin, "two chains named %q in a table", c.Name)
	case own != nil && c.Base == nil, own == nil && c.Base != nil:
		w.report.Unsupported(c.Origin, "the chain %q: the kernel has base chains of its own", c.Name)
	case own != nil && own.hook != c.Base.Hook:
		w.report.Unsupported(c.Origin, "the chain %q at the hook %s", c.Name, c.Base.Hook)
	case c.Base != nil && c.Base.Policy != ruleset.VerdictAccept && c.Base.Policy != ruleset.VerdictDrop:
		w.report.Unsupported(c.Origin, "the policy %s of the chain %q", c.Base.Policy, c.Name)
	case c.Name == "" || len(c.Name) > maxChain || c.Name[0] == '-' || c.Name[0] == '!' || standard(c.Name) || strings.ContainsFunc(c.Name, hidden):
		w.report.Unsupported(c.Origin, "a chain that is called %q", c.Name)
	}
	w.chains[c.Name] = c
	if c.Foreign {
		return
	}
	w.b = append(append(w.b, ':'), c.Name...)
	switch {
	case c.Base == nil:
		w.b = append(w.b, " - "...)
	case c.Base.Policy == ruleset.VerdictDrop:
		w.b = append(w.b, " DROP "...)
	default:
		w.b = append(w.b, " ACCEPT "...)
	}
	w.b = append(counters(w.b, c.Packets, c.Bytes), '\n')
}

func builtinOf(all []builtin, name string) *builtin {
	for i := range all {
		if all[i].name == name {
			return &all[i]
		}
	}
	return nil
}

// hidden: blanks and control characters.
func hidden(r rune) bool { return r <= ' ' || r == 0x7f }

func counters(b []byte, packets, bytes uint64) []byte {
	b = emit.Uint(append(b, '['), packets)
	return append(emit.Uint(append(b, ':'), bytes), ']')
}

// parts writes a rule; where a list of its addresses is longer than a word may be,
// as several.
func (w *saver) parts(c *ruleset.Chain, r *ruleset.Rule) {
	for i, s := range r.Body {
		m, ok := s.(*ruleset.Match)
		if !ok || len(m.Terms) < 2 {
			continue
		}
		n, size := 0, 0
		for ; n < len(m.Terms); n++ {
			size += len("255.255.255.255/32,")
			if w.v6 {
				size += 25
			}
			if size += len(m.Terms[n].Text); size > maxWord {
				break
			}
		}
		if n == 0 || n == len(m.Terms) || m.Neg {
			continue
		}
		for from := 0; from < len(m.Terms); from += n {
			some, part := *r, *m
			part.Terms = m.Terms[from:min(from+n, len(m.Terms))]
			some.Body = append([]ruleset.Stmt(nil), r.Body...)
			some.Body[i] = &part
			w.parts(c, &some)
		}
		return
	}
	w.rule1(c, r)
}

// rule1 writes a rule's line.
func (w *saver) rule1(c *ruleset.Chain, r *ruleset.Rule) {
	if r.Packets != 0 || r.Bytes != 0 {
		w.b = append(counters(w.b, r.Packets, r.Bytes), ' ')
	}
	w.b = append(append(w.b, "-A "...), c.Name...)
	from := len(w.b)
	w.used = 0
	for i, s := range r.Body {
		if !w.stmt(r, s, i == len(r.Body)-1) {
			// It was not read from iptables: write it as the compiler's rules are.
			w.b = w.b[:from]
			if commented(r) {
				bare := *r
				bare.Comment = ""
				r = &bare
			}
			w.body(r)
			return
		}
	}
	if r.Comment != "" && !commented(r) {
		w.b = w.b[:from]
		w.body(r)
		return
	}
	w.b = append(w.b, '\n')
}

// commented: the comment stands as a match in the rule.
func commented(r *ruleset.Rule) bool {
	for _, s := range r.Body {
		if m, ok := s.(*ruleset.Module); ok && m.Name == "comment" {
			return true
		}
	}
	return false
}

// stmt writes a statement; it returns false where it is none that Read gives.
func (w *saver) stmt(r *ruleset.Rule, s ruleset.Stmt, last bool) bool {
	switch s := s.(type) {
	case *ruleset.Match:
		return s.Implied || w.basic(s)
	case *ruleset.Module:
		if s.Target && !last {
			return false
		}
		w.b = w.module(w.b, r, s)
	case *ruleset.Verdict:
		return last && w.verdict(r, s)
	case *ruleset.Opaque:
		if strings.ContainsFunc(s.Text, func(r rune) bool { return r < ' ' || r == 0x7f }) || s.Verdict && !last {
			return false
		}
		w.b = append(append(w.b, ' '), s.Text...)
	default:
		return false
	}
	return true
}

func (w *saver) verdict(r *ruleset.Rule, v *ruleset.Verdict) bool {
	switch v.Kind {
	case ruleset.VerdictAccept:
		w.b = append(w.b, " -j ACCEPT"...)
	case ruleset.VerdictDrop:
		w.b = append(w.b, " -j DROP"...)
	case ruleset.VerdictReturn:
		w.b = append(w.b, " -j RETURN"...)
	case ruleset.VerdictQueue:
		w.b = append(w.b, " -j QUEUE"...)
	case ruleset.VerdictJump, ruleset.VerdictGoto:
		if c := w.chains[v.Chain]; c == nil || c.Base != nil || v.Inline != nil {
			w.report.Unsupported(r.Origin, "%s %s: the table has no such chain", v.Kind, v.Chain)
			return true
		}
		flag := " -j "
		if v.Kind == ruleset.VerdictGoto {
			flag = " -g "
		}
		w.b = append(append(w.b, flag...), v.Chain...)
	default:
		return false
	}
	return true
}

// basic writes a match that the tool has without any extension.
func (w *saver) basic(m *ruleset.Match) bool {
	opt := 0
	switch m.Field {
	case ruleset.IPSaddr, ruleset.IP6Saddr:
		opt = optSource
	case ruleset.IPDaddr, ruleset.IP6Daddr:
		opt = optDestination
	case ruleset.IIFName:
		opt = optIn
	case ruleset.OIFName:
		opt = optOut
	case ruleset.L4Proto:
		opt = optProtocol
	case ruleset.IPFrag:
		opt = optFragment
	default:
		return false
	}
	if w.used&(1<<opt) != 0 || len(m.Terms) != 1 && (opt > optDestination || m.Neg || len(m.Terms) == 0) || m.Terms[0].Unknown {
		return false
	}
	w.used |= 1 << opt
	i := m.Field.Info()
	if i.Family != ruleset.Inet && (i.Family == ruleset.IP6) != w.v6 {
		return false
	}
	w.b = append(w.b, ' ')
	if m.Neg {
		w.b = append(w.b, "! "...)
	}
	w.b = append(w.b, [...]string{"-s", "-d", "-i", "-o", "-p", "-f"}[opt]...)
	if opt == optFragment {
		return m.Op == ruleset.OpAny && m.Terms[0] == ruleset.Num(0x1fff)
	}
	w.b = append(w.b, ' ')
	switch t := m.Terms[0]; opt {
	case optSource, optDestination:
		return w.addresses(m, i.Width)
	case optProtocol:
		if m.Op != ruleset.OpIn || !t.Single() || t.Text != "" || t.Lo.Lo == 0 {
			return false
		}
		w.b = appendProtocol(w.b, t.Lo.Lo)
	default:
		return m.Op == ruleset.OpIn && w.iface(t.Text)
	}
	return true
}

func (w *saver) addresses(m *ruleset.Match, width int) bool {
	for i, t := range m.Terms {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		switch n, prefix := t.PrefixLen(width); {
		case t.Text != "":
			if strings.ContainsFunc(t.Text, hidden) || t.Unknown {
				return false
			}
			w.b = append(w.b, t.Text...)
		case m.Op == ruleset.OpMask && t.Single():
			w.b = emit.Addr(w.b, t.Lo, w.v6)
			w.b = emit.Addr(append(w.b, '/'), m.Mask, w.v6)
		case m.Op != ruleset.OpIn || !prefix || n == 0 && !m.Neg:
			return false
		default:
			w.b = emit.Addr(w.b, t.Lo, w.v6)
			w.b = emit.Int(append(w.b, '/'), n)
		}
	}
	return true
}

// iface writes an interface's name, whose wildcard is + here.
func (w *saver) iface(name string) bool {
	if stem, literal := strings.CutSuffix(name, `\*`); literal {
		name = stem + "*"
	} else if stem, wild := strings.CutSuffix(name, "*"); wild {
		name = stem + "+"
	} else if strings.HasSuffix(name, "+") {
		return false
	}
	if name == "" || len(name) > 15 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return false
	}
	w.b = appendWord(w.b, name)
	return true
}

// module appends an extension as the rule has it.
func (w *writer) module(b []byte, r *ruleset.Rule, m *ruleset.Module) []byte {
	if m.Target {
		b = append(append(b, " -j "...), m.Name...)
	} else {
		b = append(append(b, " -m "...), m.Name...)
	}
	for _, a := range m.Args {
		for i := 0; i < len(a); i++ {
			if a[i] < ' ' && a[i] != '\t' || a[i] == 0x7f {
				w.report.Unsupported(r.Origin, "the control character %q within a rule", a[i])
				break
			}
		}
		b = appendWord(append(b, ' '), a)
	}
	for _, s := range m.Means {
		if t, ok := s.(*ruleset.Match); ok && len(t.Terms) == 1 && t.Terms[0].Unknown {
			w.report.Unsupported(r.Origin, "a value that can't be known: %s", t.Terms[0].Text)
		}
	}
	return b
}

// extension writes a module among plain statements.
func (p *rule) extension(m *ruleset.Module) {
	p.alone()
	if m.Target {
		p.ended = true
		p.target = p.w.module(p.target, p.src, m)
		return
	}
	p.limited = p.limited || !exact(m.Means)
	p.matches = p.w.module(p.matches, p.src, m)
}

package iptables

import (
	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Restore writes the tables of one family.
type Restore struct {
	// Family is IP or IP6. A table of another one is refused.
	Family ruleset.Family
	// Reload leaves the rules of foreign chains out: for a host on which they
	// stand already.
	Reload bool
}

// Name of the target.
func (r Restore) Name() string {
	if r.Family == ruleset.IP6 {
		return "ip6tables"
	}
	return "iptables"
}

// Write a ruleset. The text is nil where anything was refused.
func (r Restore) Write(rs *ruleset.Ruleset) (text []byte, mistakes []*diag.Diagnostic) {
	w := &writer{report: emit.Report{Target: r.Name()}, v6: r.Family == ruleset.IP6, b: make([]byte, 0, sizeOf(rs))}
	for _, h := range rs.Header {
		for _, l := range emit.HeaderLines(h) {
			w.b = append(w.b, '#')
			if l != "" {
				w.b = append(append(w.b, ' '), l...)
			}
			w.b = append(w.b, '\n')
		}
	}
	for _, t := range rs.Tables {
		if t.Dialect != ruleset.Iptables || t.Family != r.Family {
			w.report.Unsupported(t.Origin, "the %s table %q: it is not one of %s's", t.Family, t.Name, r.Name())
			continue
		}
		w.write(t, r.Reload)
	}
	if w.report.Failed() {
		return nil, w.report.Mistakes()
	}
	return w.b, nil
}

func sizeOf(rs *ruleset.Ruleset) int {
	n := 4096
	for _, t := range rs.Tables {
		for _, c := range t.Chains {
			n += 64 + 160*len(c.Rules)
		}
	}
	return n
}

type writer struct {
	report emit.Report
	v6     bool
	b      []byte
	table  *ruleset.Table
	chains map[string]*ruleset.Chain
	rule   rule // scratch
}

func (w *writer) write(t *ruleset.Table, reload bool) {
	w.enter(t)
	if len(t.Chains) == 0 {
		return
	}
	w.b = append(append(append(w.b, '*'), t.Name...), '\n')
	for _, c := range t.Chains {
		if !c.Foreign {
			w.b = append(append(append(w.b, ':'), c.Name...), " - [0:0]\n"...)
		}
	}
	for _, c := range t.Chains {
		if c.Foreign {
			continue
		}
		for _, r := range c.Rules {
			w.b = append(append(w.b, "-A "...), c.Name...)
			w.body(r)
		}
	}
	// What enters our chains comes last, for whoever reads the text.
	for _, c := range t.Chains {
		if !c.Foreign || reload {
			continue
		}
		for i, r := range c.Rules {
			w.b = append(append(append(w.b, "-I "...), c.Name...), ' ')
			w.b = emit.Int(w.b, i+1)
			w.body(r)
		}
	}
	w.b = append(w.b, "COMMIT\n"...)
}

// enter a table: learn the names of its chains and refuse what is wrong with it
// as a whole.
func (w *writer) enter(t *ruleset.Table) {
	w.table = t
	w.chains = make(map[string]*ruleset.Chain, len(t.Chains))
	switch t.Name {
	case "filter", "nat", "mangle", "raw", "security":
	default:
		w.report.Unsupported(t.Origin, "the table %q: it has filter, nat, mangle, raw and security", t.Name)
	}
	for _, s := range t.Sets {
		if !s.Dynamic || s.Verdicts || s.Data != nil {
			w.report.Unsupported(s.Origin, "the set %s", s.Name)
		}
	}
	for _, o := range t.Objects {
		w.report.Unsupported(o.Origin, "the object %s", o.Name)
	}
	for _, c := range t.Chains {
		if w.chains[c.Name] != nil {
			w.report.Unsupported(c.Origin, "two chains named %q in a table", c.Name)
		}
		w.chains[c.Name] = c
		if why := badChain(c); why != "" {
			w.report.Unsupported(c.Origin, "the chain %q: %s", c.Name, why)
		}
	}
}

// maxChain is the greatest length of a chain's name (XT_EXTENSION_MAXNAMELEN).
const maxChain = 28

// badChain says what is wrong with a chain, or "".
func badChain(c *ruleset.Chain) string {
	switch {
	case c.Name == "":
		return "its name is empty"
	case len(c.Name) > maxChain:
		return "its name is longer than 28 bytes"
	case c.Base != nil && !c.Foreign:
		return "a builtin chain is not ours to empty or to give a policy"
	}
	upper := true
	for i := 0; i < len(c.Name); i++ {
		b := c.Name[i]
		digit := b >= '0' && b <= '9' || b == '-' || b == '.' || b == '_'
		letter := b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
		if !letter && (!digit || i == 0 && b != '_') {
			return "its name holds a character that is not a letter, digit, dash, dot or underscore"
		}
		upper = upper && b >= 'A' && b <= 'Z'
	}
	if !c.Foreign && (upper || c.Name == "standard") {
		return "a name all in capitals may be a target's or a builtin chain's"
	}
	return ""
}

// body writes the rest of a rule's line.
func (w *writer) body(r *ruleset.Rule) {
	p := &w.rule
	p.start(w, r)
	for i := range r.Body {
		p.stmt(i)
	}
	w.b = append(append(w.b, p.basic...), p.matches...)
	if r.Comment != "" {
		w.b = append(w.b, ` -m comment --comment "`...)
		w.b = append(append(w.b, emit.Comment(r.Comment)...), '"')
	}
	w.b = append(append(w.b, p.target...), '\n')
}

// quote appends a text between double quotes as iptables-restore reads them.
func quote(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

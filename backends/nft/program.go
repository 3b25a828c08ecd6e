package nft

import (
	"fmt"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// program is what text and JSON share while a ruleset is written: the table in
// hand with its names, and the refusals.
type program struct {
	report emit.Report
	syntax []syntax // by Field; of NoField numbers
	// plain: the ruleset is written as it is, and its reader has checked it.
	plain bool

	at    diag.Span // of what is being written
	th    string    // protocol by whose name ports are called, or ""
	depth int       // of chains without a name

	table   *ruleset.Table
	sets    map[string]*ruleset.Set
	chains  map[string]*ruleset.Chain
	objects map[string]*ruleset.Object
	// portsOnly remembers whether a set's elements all name protocols with ports.
	portsOnly map[*ruleset.Set]bool
	stmts     []ruleset.Stmt // of the rule in hand
}

func newProgram() *program {
	p := &program{report: emit.Report{Target: "nft"}}
	fields := ruleset.Fields()
	p.syntax = make([]syntax, len(fields)+1)
	for _, f := range fields {
		p.syntax[f] = syntaxOf(f)
	}
	return p
}

// maxDepth of chains without a name, one in the other.
const maxDepth = 16

// refuse what is being written.
func (p *program) refuse(format string, args ...any) {
	p.report.Unsupported(p.at, format, args...)
}

// enterPlain a table: learn its names and refuse those that nft can't take.
func (p *program) enterPlain(t *ruleset.Table) {
	p.table = t
	p.sets = make(map[string]*ruleset.Set, len(t.Sets))
	if t.Dialect != ruleset.Nft {
		p.report.Unsupported(t.Origin, "iptables' table %q", t.Name)
	}
	p.spelled(t.Origin, "table", t.Name)
	for _, s := range t.Sets {
		p.sets[s.Name] = s
		p.spelled(s.Origin, "set", s.Name)
	}
	for _, c := range t.Chains {
		p.spelled(c.Origin, "chain", c.Name)
		if c.Foreign {
			p.report.Unsupported(c.Origin, "rules in another's chain %q", c.Name)
		}
	}
	for _, o := range t.Objects {
		p.spelled(o.Origin, o.Kind.String(), o.Name)
	}
	for _, f := range t.Flowtables {
		p.spelled(f.Origin, "flowtable", f.Name)
	}
}

// spelled refuses a name that can't be written. It does not mind nft's own words:
// which they are changes with the version, and the source has used it.
func (p *program) spelled(at diag.Span, what, s string) {
	if why := badSpelling(s); why != "" {
		p.report.Unsupported(at, "the name of %s %q: it %s", what, s, why)
	}
}

// enter a table: learn its names and refuse what is wrong with its objects,
// sets and chains themselves.
func (p *program) enter(t *ruleset.Table) {
	p.table = t
	p.sets = make(map[string]*ruleset.Set, len(t.Sets))
	p.chains = make(map[string]*ruleset.Chain, len(t.Chains))
	p.objects = make(map[string]*ruleset.Object, len(t.Objects))
	p.portsOnly = make(map[*ruleset.Set]bool)
	if t.Dialect != ruleset.Nft {
		p.report.Unsupported(t.Origin, "iptables' table %q", t.Name)
	}
	p.name(t.Origin, "table", t.Name)
	for _, o := range t.Objects {
		if p.objects[o.Name] != nil {
			p.report.Unsupported(o.Origin, "two objects named %q in a table", o.Name)
		}
		p.objects[o.Name] = o
		p.checkObject(o)
	}
	for _, s := range t.Sets {
		if p.sets[s.Name] != nil {
			p.report.Unsupported(s.Origin, "two sets named %q in a table", s.Name)
		}
		p.sets[s.Name] = s
		p.checkSet(s)
	}
	for _, c := range t.Chains {
		if p.chains[c.Name] != nil {
			p.report.Unsupported(c.Origin, "two chains named %q in a table", c.Name)
		}
		p.chains[c.Name] = c
		p.checkChain(c)
	}
	for _, c := range t.Absent {
		p.checkChain(c)
		if c.Base == nil {
			p.report.Unsupported(c.Origin, "that chain %q, which is no base chain, must not exist", c.Name)
		}
		if p.chains[c.Name] != nil {
			p.report.Unsupported(c.Origin, "that chain %q exists and must not exist", c.Name)
		}
	}
}

func (p *program) name(at diag.Span, what, s string) {
	if why := badName(s); why != "" {
		p.report.Unsupported(at, "the name of %s %q: it %s", what, s, why)
	}
}

func (p *program) checkObject(o *ruleset.Object) {
	p.name(o.Origin, "helper", o.Name)
	if o.Helper == "" || len(o.Helper) > 15 || !emit.Quotable(o.Helper) {
		p.report.Unsupported(o.Origin, "the conntrack helper %q", o.Helper)
	}
	if o.Proto != 6 && o.Proto != 17 {
		p.report.Unsupported(o.Origin, "a conntrack helper of protocol %d: they are of tcp or udp", o.Proto)
	}
}

func (p *program) checkSet(s *ruleset.Set) {
	p.name(s.Origin, "set", s.Name)
	if len(s.Key) == 0 {
		p.report.Unsupported(s.Origin, "set %s without a key", s.Name)
	}
	if s.Verdicts && s.Data != nil {
		p.report.Unsupported(s.Origin, "map %s to verdicts and data at once", s.Name)
	}
	if s.Dynamic && len(s.Elems) > 0 {
		p.report.Unsupported(s.Origin, "elements of set %s, which rules fill", s.Name)
	}
	if s.Size < 0 || s.Timeout < 0 {
		p.report.Unsupported(s.Origin, "a negative size or timeout of set %s", s.Name)
	}
	for _, e := range s.Data {
		p.family(s.Origin, ruleset.FieldOf(e))
	}
	p.concatenation(s.Origin, s.Key)
}

func (p *program) checkChain(c *ruleset.Chain) {
	p.name(c.Origin, "chain", c.Name)
	if c.Foreign {
		p.report.Unsupported(c.Origin, "rules in another's chain %q", c.Name)
	}
	b := c.Base
	if b == nil {
		return
	}
	if b.Type != "filter" && b.Type != "nat" && b.Type != "route" {
		p.report.Unsupported(c.Origin, "chain type %q", b.Type)
	}
	if b.Policy != ruleset.VerdictAccept && b.Policy != ruleset.VerdictDrop {
		p.report.Unsupported(c.Origin, "policy %s of chain %s", b.Policy, c.Name)
	}
	onDevice := b.Hook == ruleset.Ingress || b.Hook == ruleset.Egress
	if onDevice != (len(b.Devices) > 0) {
		p.report.Unsupported(c.Origin, "chain %s at hook %s with %d devices", c.Name, b.Hook, len(b.Devices))
	}
	for _, d := range b.Devices {
		if why := emit.IfaceName(d); why != "" || d[len(d)-1] == '*' {
			p.report.Unsupported(c.Origin, "the device %q of chain %s", d, c.Name)
		}
	}
}

// family refuses a field of the family that the table is not of.
func (p *program) family(at diag.Span, f ruleset.Field) {
	if f == ruleset.NoField {
		p.report.Unsupported(at, "a computed value")
		return
	}
	have, want := p.table.Family, f.Info().Family
	if want != ruleset.Inet && (have == ruleset.IP || have == ruleset.IP6) && have != want {
		p.report.Unsupported(at, "%s in a table of family %s", f, have)
	}
}

// concatenation refuses what cannot stand in the key of a set.
func (p *program) concatenation(at diag.Span, key []ruleset.Expr) {
	for _, e := range key {
		f := ruleset.FieldOf(e)
		p.family(at, f)
		dscp := f == ruleset.IPDSCP || f == ruleset.IP6DSCP
		if f == ruleset.CTLabel || (f == ruleset.CTHelper || dscp) && len(key) > 1 {
			p.report.Unsupported(at, "%s as a part of a set's key", f)
		}
	}
}

// term refuses a value that the field cannot have or that cannot be written.
func (p *program) term(at diag.Span, f ruleset.Field, t *ruleset.Term) bool {
	if why := p.badTerm(f, t); why != "" {
		p.report.Unsupported(at, "the value of %s, which %s", f, why)
		return false
	}
	return true
}

func (p *program) badTerm(f ruleset.Field, t *ruleset.Term) string {
	switch v := p.syntax[f].values; {
	case v == quoted && f == ruleset.CTHelper:
		if t.Text == "" || len(t.Text) > 15 || !emit.Quotable(t.Text) {
			return fmt.Sprintf("is no helper's name: %q", t.Text)
		}
		return ""
	case v == quoted:
		if why := emit.IfaceName(t.Text); why != "" {
			return fmt.Sprintf("%s: %q", why, t.Text)
		}
		if wild(t.Text) && (len(t.Text) == 1 || f == ruleset.IIF || f == ruleset.OIF) {
			return fmt.Sprintf("can't be the wildcard %q", t.Text)
		}
		return ""
	case v == owner && t.Text != "":
		if len(t.Text) > 255 || !emit.Quotable(t.Text) {
			return fmt.Sprintf("is no name of a user or group: %q", t.Text)
		}
		return ""
	case t.Text != "":
		return fmt.Sprintf("is a text: %q", t.Text)
	}
	if t.Hi.Cmp(t.Lo) < 0 {
		return "is a range that ends before it begins"
	}
	if !fits(f, t.Hi) {
		return "is greater than the field"
	}
	if !t.Single() && (len(p.syntax[f].names) > 0 || f == ruleset.CTLabel) {
		return "is a range of named values"
	}
	return ""
}

// fits says whether a value is within the field's width.
func fits(f ruleset.Field, v ruleset.U128) bool {
	switch w := width(f); {
	case f == ruleset.CTLabel:
		return v.Hi == 0 && v.Lo <= 127
	case w >= 128:
		return true
	case w >= 64:
		return v.Hi>>(w-64) == 0
	default:
		return v.Hi == 0 && v.Lo>>w == 0
	}
}

// width of the field in bits, without copying its whole row for the common
// fields of elements.
func width(f ruleset.Field) int {
	switch f {
	case ruleset.IPSaddr, ruleset.IPDaddr, ruleset.CTOrigDaddr:
		return 32
	case ruleset.IP6Saddr, ruleset.IP6Daddr, ruleset.CTOrig6Daddr:
		return 128
	case ruleset.L4Proto:
		return 8
	case ruleset.Sport, ruleset.Dport, ruleset.CTOrigDport:
		return 16
	}
	return f.Info().Width
}

// wild says whether an interface name ends in a wildcard. (badTerm refuses a
// backslash, with which nft would escape it.)
func wild(name string) bool { _, w := ruleset.Wildcard(name); return w }

// verdict refuses a jump to nowhere.
func (p *program) verdict(at diag.Span, v *ruleset.Verdict) {
	if v.Kind != ruleset.VerdictJump && v.Kind != ruleset.VerdictGoto {
		return
	}
	c := p.chains[v.Chain]
	switch {
	case c == nil:
		p.report.Unsupported(at, "%s %s: the table has no such chain", v.Kind, v.Chain)
	case c.Base != nil:
		p.report.Unsupported(at, "%s %s: it is a base chain", v.Kind, v.Chain)
	}
}

// elem refuses what is wrong with an element of a set.
func (p *program) elem(s *ruleset.Set, e *ruleset.Elem) bool {
	before := p.report.Failed()
	p.keyOf(e, s.Key, s.Interval)
	switch {
	case s.Verdicts != (e.Verdict != nil) || len(e.Data) != len(s.Data):
		p.report.Unsupported(e.Origin, "an element of %s whose value is of another type than the map's", s.Name)
	case e.Verdict != nil:
		p.verdict(e.Origin, e.Verdict)
	default:
		for i, f := range s.Data {
			if p.term(e.Origin, ruleset.FieldOf(f), &e.Data[i]) && !e.Data[i].Single() {
				p.report.Unsupported(e.Origin, "a range as the value of an element of %s", s.Name)
			}
		}
	}
	return before || !p.report.Failed()
}

func (p *program) keyOf(e *ruleset.Elem, key []ruleset.Expr, interval bool) {
	if len(e.Key) != len(key) {
		p.report.Unsupported(e.Origin, "an element of %d fields where the key has %d", len(e.Key), len(key))
		return
	}
	for i, f := range key {
		t := &e.Key[i]
		if p.term(e.Origin, ruleset.FieldOf(f), t) && !interval && (!t.Single() || wild(t.Text)) {
			p.report.Unsupported(e.Origin, "a range or wildcard of %s in a set that is not for intervals", f)
		}
	}
}

package convert

import (
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// ToIptables gives what a ruleset says of one family (IP or IP6) as tables of
// iptables. Those that are already stay as they are. The ruleset is nil where
// there are errors, and where nothing in it is of the family; a warning is of
// something that decides nothing.
func ToIptables(rs *ruleset.Ruleset, f ruleset.Family) (*ruleset.Ruleset, []*diag.Diagnostic) {
	name := "iptables"
	if f == ruleset.IP6 {
		name = "ip6tables"
	}
	c := &toIpt{report: report{target: name}, family: f, v6: f == ruleset.IP6, tables: map[string]*target{}}
	out := &ruleset.Ruleset{Header: rs.Header, IPSets: rs.IPSets, IPSetsComplete: rs.IPSetsComplete}
	var elsewhere *ruleset.Table
	for _, t := range rs.Tables {
		switch {
		case t.Dialect == ruleset.Iptables && t.Family == f:
			if c.tables[t.Name] != nil {
				c.refuse(t.Origin, "two tables %s", t.Name)
				continue
			}
			c.tables[t.Name] = &target{table: t, whole: true}
			c.order = append(c.order, t.Name)
		case t.Dialect == ruleset.Iptables, t.Family == ruleset.IP && c.v6, t.Family == ruleset.IP6 && !c.v6:
			elsewhere = t
		case t.Dormant:
		case t.Family == ruleset.ARP || t.Family == ruleset.Bridge || t.Family == ruleset.Netdev:
			c.refuse(t.Origin, "the table %s of family %s", t.Name, t.Family)
		default:
			c.convert(t)
		}
	}
	if len(c.order) == 0 && c.list.Errors() == 0 && elsewhere != nil {
		c.refuse(elsewhere.Origin, "anything of this: all of it is of the other family").
			Helpf("translate it with -t %s", map[bool]string{false: "ip6tables", true: "iptables"}[c.v6])
	}
	if c.list.Errors() > 0 {
		return nil, c.mistakes()
	}
	for _, n := range c.order {
		out.Tables = append(out.Tables, c.tables[n].table)
	}
	return out, c.mistakes()
}

// toIpt is a conversion under way.
type toIpt struct {
	report
	family ruleset.Family
	v6     bool
	tables map[string]*target
	order  []string

	// The table and the chain that are being translated.
	src    *ruleset.Table
	dst    *target
	rule   *ruleset.Rule
	made   int    // rules that the rule in hand became
	chain  string // the name of the one in the source
	byName map[string]*ruleset.Chain
	hooks  map[string][]ruleset.Hook // from which each chain is entered
	// assigned are the fields that rules of the source table write to.
	assigned map[ruleset.Field]bool
}

// target is a table of iptables that is being made.
type target struct {
	table *ruleset.Table
	whole bool // taken from the source as it is
	names names
	// hooks: the base chain that became a builtin one.
	hooks map[string]*ruleset.Chain
	// chains: what chains of the source are called here.
	chains map[*ruleset.Chain]string
	todo   []*ruleset.Chain
}

// place is where iptables has a chain for a base chain; ok is false where it has
// none.
func place(b *ruleset.Base) (table, chain string, ok bool) {
	chains := [...]string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}
	if int(b.Hook) >= len(chains) {
		return "", "", false
	}
	chain = chains[b.Hook]
	switch b.Type {
	case "nat":
		// All nat chains are called from one place in each hook, whatever their
		// priority; that only orders them among themselves.
		return "nat", chain, b.Hook != ruleset.Forward
	case "route":
		return "mangle", chain, b.Hook == ruleset.Output && b.Priority == -150
	}
	switch b.Priority {
	case -300:
		return "raw", chain, b.Hook == ruleset.Prerouting || b.Hook == ruleset.Output
	case -150:
		return "mangle", chain, true
	case 0:
		return "filter", chain, b.Hook != ruleset.Prerouting && b.Hook != ruleset.Postrouting
	case 50:
		return "security", chain, b.Hook != ruleset.Prerouting && b.Hook != ruleset.Postrouting
	}
	return "", "", false
}

// convert a table of nft.
func (c *toIpt) convert(t *ruleset.Table) {
	c.src = t
	c.assigned = assigned(t)
	c.byName = make(map[string]*ruleset.Chain, len(t.Chains))
	for _, ch := range t.Chains {
		c.byName[ch.Name] = ch
	}
	c.hooks = hooksOf(t, c.byName)
	for _, f := range t.Flowtables {
		c.refuse(f.Origin, "the flowtable %s", f.Name)
	}
	var used []*target
	for _, ch := range t.Chains {
		b := ch.Base
		if b == nil {
			continue
		}
		table, builtin, ok := place(b)
		switch {
		case !ok:
			c.refuse(ch.Origin, "the base chain %s: it has none of type %s at hook %s with priority %d", ch.Name, b.Type, b.Hook, b.Priority)
			continue
		case b.Type == "filter" && table == "mangle" && b.Hook == ruleset.Output && len(c.assigned) > 0:
			c.refuse(ch.Origin, "the base chain %s: its OUTPUT chain of that priority routes a packet anew whose mark has changed", ch.Name)
			continue
		}
		d := c.target(table)
		switch {
		case d.whole:
			c.refuse(ch.Origin, "the base chain %s beside a table %s that is iptables' already", ch.Name, table)
			continue
		case d.hooks[builtin] != nil:
			c.refuse(ch.Origin, "two base chains in its %s of table %s: what one accepts the other still judges", builtin, table).See(d.hooks[builtin].Origin, "the first")
			continue
		}
		d.hooks[builtin] = ch
		base := *b
		base.Priority = natPriority(&base)
		n := &ruleset.Chain{Name: builtin, Base: &base, Origin: ch.Origin}
		d.table.Chains = append(d.table.Chains, n)
		c.dst = d
		c.fill(n, ch)
		used = append(used, d)
	}
	for _, d := range used {
		c.dst = d
		for len(d.todo) > 0 {
			ch := d.todo[0]
			d.todo = d.todo[1:]
			n := &ruleset.Chain{Name: d.chains[ch], Origin: ch.Origin}
			d.table.Chains = append(d.table.Chains, n)
			c.fill(n, ch)
		}
	}
}

// natPriority is the kernel's for iptables' table.
func natPriority(b *ruleset.Base) int {
	if b.Type != "nat" {
		return b.Priority
	}
	if b.Hook == ruleset.Prerouting || b.Hook == ruleset.Output {
		return -100
	}
	return 100
}

// assigned are the fields that any rule of a table writes to.
func assigned(t *ruleset.Table) map[ruleset.Field]bool {
	fields := map[ruleset.Field]bool{}
	for _, ch := range t.Chains {
		for _, r := range ch.Rules {
			for s := range r.Plain {
				if set, ok := s.(*ruleset.SetField); ok {
					fields[set.Field] = true
				}
			}
		}
	}
	return fields
}

func (c *toIpt) target(name string) *target {
	d := c.tables[name]
	if d == nil {
		d = &target{
			table: &ruleset.Table{Dialect: ruleset.Iptables, Family: c.family, Name: name, Origin: c.src.Origin},
			names: names{}, hooks: map[string]*ruleset.Chain{}, chains: map[*ruleset.Chain]string{},
		}
		c.tables[name] = d
		c.order = append(c.order, name)
	}
	return d
}

// maxIptName is the greatest length of a chain's name (XT_EXTENSION_MAXNAMELEN
// less its end).
const maxIptName = 28

// named is what a chain of the source is called in the table being made, which
// gets it where it has not yet.
func (c *toIpt) named(ch *ruleset.Chain) string {
	d := c.dst
	if n, ok := d.chains[ch]; ok {
		return n
	}
	n := d.names.take(chainName(ch.Name), maxIptName)
	d.chains[ch] = n
	d.todo = append(d.todo, ch)
	return n
}

// chainName: words all in capitals may be targets' or builtin chains'.
func chainName(s string) string {
	s = clip(plainName(s), maxIptName-1)
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 'A' || c > 'Z' {
			if s == "standard" {
				break
			}
			return s
		}
	}
	return s + "_"
}

// aux makes a chain that the rule in hand needs besides.
func (c *toIpt) aux() *ruleset.Chain {
	name := c.chain
	if name == "" {
		name = "rule"
	}
	n := &ruleset.Chain{Name: c.dst.names.take(clip(chainName(name), maxIptName-6)+"-part", maxIptName), Origin: c.rule.Origin}
	c.dst.table.Chains = append(c.dst.table.Chains, n)
	return n
}

// fill a chain with what the rules of another become.
func (c *toIpt) fill(to, from *ruleset.Chain) {
	c.chain = from.Name
	for _, r := range from.Rules {
		c.rule, c.made = r, 0
		c.emit(part{to: to}, c.present(r.Body))
	}
}

// no refuses something of the rule in hand.
func (c *toIpt) no(format string, args ...any) *diag.Diagnostic {
	return c.refuse(c.rule.Origin, format, args...)
}

// maxMade bounds how many rules one may become.
const maxMade = 1024

// add a rule to a chain.
func (c *toIpt) add(to *ruleset.Chain, body []ruleset.Stmt) {
	if c.made++; c.made == maxMade+1 {
		c.no("this: it would take more than %d rules", maxMade).Helpf("iptables looks into large sets with -m set, which ipset fills")
	}
	if c.made > maxMade {
		return
	}
	to.Rules = append(to.Rules, &ruleset.Rule{Body: body, Comment: comment(c.rule.Comment), Origin: c.rule.Origin})
}

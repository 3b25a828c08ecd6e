package iptables

import (
	"github.com/loward/loward/backends/iptables/internal/ext"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Word is one argument of a command, quotes removed. It may hold unknown marks
// (ruleset.MarkUnknown).
type Word = ext.Word

// State is what the tables of one family are after the commands so far. Its
// zero value is of no use; NewState makes one.
//
// What was in the kernel before the first command is not known. A builtin chain
// is Foreign until a command empties it, sets its policy or declares it; a table
// may hold chains that no command made until it is cleared (-X, or a restore
// without --noflush).
type State struct {
	fresh  bool
	family ruleset.Family
	tables []*table
	rd     reader
	spare  int // rules that lists of addresses may still make
}

// maxSpare is how many rules the lists of addresses in all commands may make, and
// maxProduct those of one; beyond, a list stays one match of one rule, which means
// the same.
const (
	maxSpare   = 1 << 18
	maxProduct = 1 << 12
)

// table of the state.
type table struct {
	name   string
	origin diag.Span
	chains []*chain
	byName map[string]*chain
	// cleared: nothing is in it but what the commands put there.
	cleared bool
	// partial: the text at hand declares none of the kernel's own chains, which
	// iptables-save always does. It may be meant for a table that has more chains
	// (iptables-restore --noflush).
	partial bool
	last    *chain // that was asked for last
	// jumped: a jump was added since loops were looked for.
	jumped bool
}

// chain of a table.
type chain struct {
	name           string
	base           *ruleset.Base
	foreign        bool
	packets, bytes uint64
	origin         diag.Span
	rules          list
	refs           int  // rules that lead to it
	leads          int  // its rules that lead to a chain
	picky          bool // a rule of it has, or had, an extension that is not for all builtin chains
	// jump and leap are the verdicts that lead to it, made when first needed.
	jump, leap *ruleset.Verdict
	mark       int // of the search for loops
}

// NewState of a family, IP or IP6.
func NewState(f ruleset.Family) *State {
	s := &State{family: f, spare: maxSpare}
	s.rd.init(s)
	return s
}

// Fresh says that the kernel has had no rules before the first command: a rule or
// a chain to be deleted that no command has made is not there. Chains to which a
// rule is added, or leads, are taken to be there all the same.
func (s *State) Fresh() { s.fresh = true }

// IPSets tells the State how to find the type of a set of ipset(8), which may be
// nil where a set is not known. Without it, no set is.
func (s *State) IPSets(find func(name string) *ruleset.IPSetType) {
	s.rd.ctx.IPSet = find
	clear(s.rd.known)
}

// builtin is a chain that the kernel has in a table.
type builtin struct {
	name     string
	hook     ruleset.Hook
	priority int
}

// builtins of a table (net/ipv4/netfilter/iptable_*.c), or nil where there is no
// such table.
func builtins(table string) []builtin {
	switch table {
	case "filter":
		return []builtin{{"INPUT", ruleset.Input, 0}, {"FORWARD", ruleset.Forward, 0}, {"OUTPUT", ruleset.Output, 0}}
	case "nat":
		return []builtin{{"PREROUTING", ruleset.Prerouting, -100}, {"INPUT", ruleset.Input, 100},
			{"OUTPUT", ruleset.Output, -100}, {"POSTROUTING", ruleset.Postrouting, 100}}
	case "mangle":
		return []builtin{{"PREROUTING", ruleset.Prerouting, -150}, {"INPUT", ruleset.Input, -150},
			{"FORWARD", ruleset.Forward, -150}, {"OUTPUT", ruleset.Output, -150}, {"POSTROUTING", ruleset.Postrouting, -150}}
	case "raw":
		return []builtin{{"PREROUTING", ruleset.Prerouting, -300}, {"OUTPUT", ruleset.Output, -300}}
	case "security":
		return []builtin{{"INPUT", ruleset.Input, 50}, {"FORWARD", ruleset.Forward, 50}, {"OUTPUT", ruleset.Output, 50}}
	}
	return nil
}

// table of that name, made where no command has named it yet; nil where the
// kernel has none.
func (s *State) table(name string, at diag.Span) *table {
	for _, t := range s.tables {
		if t.name == name {
			return t
		}
	}
	all := builtins(name)
	if all == nil {
		return nil
	}
	t := &table{name: name, origin: at, byName: make(map[string]*chain, len(all))}
	for _, b := range all {
		base := &ruleset.Base{Type: "filter", Hook: b.hook, Priority: b.priority, Policy: ruleset.VerdictAccept}
		switch {
		case name == "nat":
			base.Type = "nat"
		case name == "mangle" && b.hook == ruleset.Output:
			base.Type = "route"
		}
		t.add(&chain{name: b.name, base: base, foreign: true})
	}
	s.tables = append(s.tables, t)
	return t
}

// chain of that name, or nil.
func (t *table) chain(name string) *chain {
	if t.last != nil && t.last.name == name {
		return t.last
	}
	c := t.byName[name]
	if c != nil {
		t.last = c
	}
	return c
}

func (t *table) add(c *chain) {
	t.chains = append(t.chains, c)
	t.byName[c.name] = c
}

// clear a table as a restore without --noflush does: all rules and all chains
// but the builtin ones go. Policies stay.
func (t *table) clear() {
	kept := t.chains[:0]
	for _, c := range t.chains {
		if c.base == nil {
			delete(t.byName, c.name)
			continue
		}
		c.rules, c.foreign, c.refs, c.leads = list{}, false, 0, 0
		kept = append(kept, c)
	}
	clear(t.chains[len(kept):])
	t.chains, t.cleared, t.last = kept, true, nil
}

// Ruleset is the state as a ruleset of its own: later commands do not change it.
func (s *State) Ruleset() *ruleset.Ruleset {
	rs := &ruleset.Ruleset{}
	for _, t := range s.tables {
		out := &ruleset.Table{Dialect: ruleset.Iptables, Family: s.family, Name: t.name, Origin: t.origin,
			Chains: make([]*ruleset.Chain, len(t.chains))}
		chains := make([]ruleset.Chain, len(t.chains))
		for i, c := range t.chains {
			chains[i] = ruleset.Chain{Name: c.name, Foreign: c.foreign, Rules: c.rules.share(),
				Packets: c.packets, Bytes: c.bytes, Origin: c.origin}
			if c.base != nil {
				base := *c.base
				chains[i].Base = &base
			}
			out.Chains[i] = &chains[i]
		}
		rs.Tables = append(rs.Tables, out)
	}
	return rs
}

// Read a file that iptables-save wrote, or that iptables-restore loads, by
// itself: as iptables-restore without --noflush leaves the tables.
func Read(f *diag.File, family ruleset.Family, l *diag.List) *ruleset.Ruleset {
	s := NewState(family)
	s.Restore(f, true, l)
	return s.Ruleset()
}

package ipt

import (
	"maps"
	"slices"
	"strings"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Connection labels, 0 to 127. The nft lowering has 125.
const (
	labelHost  = 126 // the original destination is an address of the host
	labelIface = 127 // ... of the first dhcp interface; others have 124 and below
)

// lowerer turns one view into the tables of one family.
type lowerer struct {
	v    *policy.View
	f    policy.Family
	v6   bool
	diag *diag.List
	// multiplied is the number of rules to which one statement is multiplied
	// out. Beyond it, each clause gets a chain, so that rules add up instead.
	multiplied int

	prefix                   string // of our chains' names, with the dash
	filter, mangle, raw, nat *table

	services []*service
	sites    sites
	closed   sites             // those where anything is claimed from outside
	labels   map[string]uint64 // of interfaces, by name

	shared shared
	// Room for what is made over and over, and is gone when the rules stand.
	dims    [6]alts
	classes alts
	act     [2]ruleset.Stmt
	body    []ruleset.Stmt

	comments map[*policy.Rule]string
	refusals map[refusalKey]*ruleset.Verdict
	own      map[siteKey]*ruleset.Verdict // leaves of own addresses
	// translated packets' chains, by where those go that nobody claims.
	translated map[*ruleset.Verdict]*node
	logged     map[*policy.Rule]*ruleset.Verdict
	meters     map[string]int // texts of limits that were met, to tell repetitions apart
	buckets    map[*policy.Rule]*ruleset.Meter
	logs       map[*policy.Log]*ruleset.Meter

	users, groups map[string]bool
}

// Lower a view to the ruleset that enforces it in one family: iptables for V4,
// ip6tables for V6. What can't be said is an error in l at the statement; the
// ruleset is then not to be used.
func Lower(v *policy.View, family policy.Family, l *diag.List) *ruleset.Ruleset {
	w := build(v, family, multiplied)
	if n, _ := w.deepest(); n > maxDepth {
		// Chains that spare rules cost depth: do with fewer.
		w = build(v, family, flat)
		if n, at := w.deepest(); n > maxDepth {
			w.diag.Errorf(at, "iptables can't say this: it takes %d chains in a row, and the kernel allows %d", n, maxDepth).
				WithCode("LW091").Helpf("fewer services that make exceptions (`deny`) to the same traffic at one place, or fewer sources in one statement; or compile for nft")
		}
	}
	l.All = append(l.All, w.diag.All...)
	return w.ruleset()
}

func (w *lowerer) ruleset() *ruleset.Ruleset {
	return &ruleset.Ruleset{
		// filter first: what publish translates must meet its rules.
		Tables: []*ruleset.Table{w.filter.Table, w.mangle.Table, w.raw.Table, w.nat.Table},
		Header: w.header(),
	}
}

func build(v *policy.View, family policy.Family, multiplied int) *lowerer {
	w := &lowerer{
		v: v, f: family, v6: family == policy.V6, diag: &diag.List{},
		multiplied: multiplied,
		prefix:     chainPrefix(v.Policy.Options.Table),
		labels:     map[string]uint64{},
		shared:     newShared(),
		comments:   map[*policy.Rule]string{},
		refusals:   map[refusalKey]*ruleset.Verdict{},
		own:        map[siteKey]*ruleset.Verdict{},
		translated: map[*ruleset.Verdict]*node{},
		logged:     map[*policy.Rule]*ruleset.Verdict{},
		meters:     map[string]int{},
		buckets:    map[*policy.Rule]*ruleset.Meter{},
		logs:       map[*policy.Log]*ruleset.Meter{},
		users:      map[string]bool{},
		groups:     map[string]bool{},
	}
	w.judge()
	w.findSites()
	w.declare()
	w.antispoof()
	w.input()
	w.forward()
	w.output()
	w.helpers()
	w.translate()
	return w
}

// judge reports what iptables can't say at all.
func (w *lowerer) judge() {
	if p := w.v.Policy.Options.Priority; p != 0 {
		w.diag.Errorf(w.v.Policy.Options.PrioritySpan, "iptables can't say `option priority %d`: its tables have fixed priorities", p).
			WithCode("LW091").Helpf("leave the option out, or compile for nft")
	}
	for _, s := range w.v.Services {
		w.judgeTypes(s.Rules)
		w.judgeTypes(s.LocalRules)
	}
	for _, b := range [...]*policy.Block{w.v.Local, w.v.Inbound, w.v.Outbound, w.v.Forward} {
		w.judgeTypes(b.Rules)
	}
}

// judgeTypes refuses statements about ICMP type 255: iptables takes it for every
// type.
func (w *lowerer) judgeTypes(rules []*policy.Rule) {
	for _, r := range rules {
		for _, t := range r.Traffic {
			n := len(t.Types)
			if t.Families&w.f != 0 && n > 0 && t.Types[n-1].Hi == 255 {
				w.diag.Errorf(r.Span, "iptables can't say ICMP type 255: it takes it for every type").
					WithCode("LW091").Helpf("name other types, or compile for nft")
			}
		}
	}
}

// declare makes the fixed chains and the jumps to them. They are always there,
// used or not, so that reloading the text of a policy that uses one more chain
// needs no new jump, and so that one that uses fewer empties what it leaves.
func (w *lowerer) declare() {
	w.filter = w.table("filter", 0, ruleset.Input, ruleset.Forward, ruleset.Output)
	w.mangle = w.table("mangle", -150, ruleset.Prerouting)
	w.raw = w.table("raw", -300, ruleset.Prerouting, ruleset.Output)
	w.nat = w.table("nat", -100, ruleset.Prerouting, ruleset.Output, ruleset.Postrouting)
}

func (w *lowerer) table(name string, priority int, hooks ...ruleset.Hook) *table {
	fam, kind := ruleset.IP, "filter"
	if w.v6 {
		fam = ruleset.IP6
	}
	if name == "nat" {
		kind = "nat"
	}
	t := &table{
		Table: &ruleset.Table{Dialect: ruleset.Iptables, Family: fam, Name: name},
		names: map[string]*node{}, counts: map[string]int{},
		fixed: map[ruleset.Hook]*node{},
	}
	for _, h := range hooks {
		builtin := strings.ToUpper(h.String())
		base := &ruleset.Base{Type: kind, Hook: h, Priority: priority}
		switch {
		case name == "nat" && h == ruleset.Postrouting:
			base.Priority = 100
		case name == "mangle" && h == ruleset.Output:
			base.Type = "route"
		}
		n := t.node(w.prefix + builtin)
		t.fixed[h] = n
		t.Chains = append(t.Chains, &ruleset.Chain{
			Name: builtin, Base: base, Foreign: true,
			Rules: []*ruleset.Rule{{Body: []ruleset.Stmt{ruleset.Jump(n.Name)}}},
		})
	}
	return t
}

func (w *lowerer) header() []string {
	tool, host := "iptables", ""
	if w.v6 {
		tool = "ip6tables"
	}
	if w.v.Host.Name != "" {
		host = " for host " + w.v.Host.Name
	}
	h := []string{
		"loward: " + tool + " rules" + host + ", for " + tool + "-restore --noflush",
		"They own the chains " + w.prefix + "* and one jump in each builtin chain, and touch nothing else.",
		"What is allowed here RETURNs: what other rules close stays closed.",
		"Loading the jumps a second time doubles them, and limits and logs then count twice:",
		"`loward compile --reload` leaves the jumps out, for a host that has them already.",
	}
	if len(w.users) > 0 {
		h = append(h, "Users that must exist here: "+joinSorted(w.users))
	}
	if len(w.groups) > 0 {
		h = append(h, "Groups that must exist here: "+joinSorted(w.groups))
	}
	return h
}

func joinSorted(m map[string]bool) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}

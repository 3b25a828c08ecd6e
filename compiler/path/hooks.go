package path

import (
	"cmp"
	"slices"

	"github.com/loward/loward/compiler/ruleset"
)

// Priorities at which the kernel itself acts (linux/netfilter_ipv4.h).
const (
	priConntrack = -200
	priDNAT      = -100
	priSNAT      = 100
)

// base is a base chain at a hook.
type base struct {
	table *ruleset.Table
	chain *ruleset.Chain
}

// stop is a place within a hook at which something happens: a base chain, or the
// kernel's own conntrack or translation.
type stop struct {
	priority int
	base     *base // nil: the kernel's own
	conn     bool  // conntrack sees the packet
	nat      bool  // translation; nats are the chains that are asked
	nats     []base
}

// stops of a hook for a family, in the order in which a packet meets them.
func (s *Space) stops(h ruleset.Hook, v6 bool) []stop {
	var all []stop
	var nats []base
	translates := false
	for _, t := range s.rs.Tables {
		if t.Dormant || !serves(t.Family, v6) {
			continue
		}
		for _, c := range t.Chains {
			if c.Base != nil && c.Base.Type == "nat" && !translates {
				// The kernel's own translation is there with the first chain that
				// asks for it, at every hook (nf_nat_register_fn).
				translates = true
				all = append(all, stop{priority: priDNAT, nat: true})
			}
			switch {
			case c.Base == nil || c.Base.Hook != h:
			case c.Base.Type == "nat":
				nats = append(nats, base{t, c})
			default:
				all = append(all, stop{priority: c.Base.Priority, base: &base{t, c}})
			}
		}
	}
	// Of two chains with one priority the kernel asks the younger one first
	// (nf_hook_entries_grow).
	slices.Reverse(all)
	slices.Reverse(nats)
	slices.SortStableFunc(nats, func(a, b base) int { return cmp.Compare(a.chain.Base.Priority, b.chain.Base.Priority) })
	if !translates {
		all = append(all, stop{priority: priDNAT, nat: true}) // it does nothing
	}
	for i := range all {
		if st := &all[i]; st.nat {
			st.nats = nats
			if h == ruleset.Postrouting || h == ruleset.Input {
				st.priority = priSNAT
			}
		}
	}
	switch h {
	case ruleset.Prerouting, ruleset.Output:
		all = append(all, stop{priority: priConntrack, conn: true})
	case ruleset.Forward:
		all = slices.DeleteFunc(all, func(st stop) bool { return st.nat })
	}
	slices.SortStableFunc(all, func(a, b stop) int { return cmp.Compare(a.priority, b.priority) })
	return all
}

// serves says whether tables of a family see packets of an address family.
func serves(f ruleset.Family, v6 bool) bool {
	switch f {
	case ruleset.Inet:
		return true
	case ruleset.IP:
		return !v6
	case ruleset.IP6:
		return v6
	}
	return false
}

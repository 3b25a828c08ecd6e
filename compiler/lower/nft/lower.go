package nft

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// label marks a connection that a service allowed. Conntrack labels are 0 to
// 127; the iptables lowering uses others.
const label = 125

// Names of the chains that every table has.
const (
	chainPrerouting = "prerouting"
	chainLocal      = "local"
	chainInput      = "input"
	chainForward    = "forward"
	chainOutput     = "output"
	chainAllowed    = "allowed"
	chainReject     = "refuse_reject"
	chainDstnat     = "dstnat"
	chainDstnatOut  = "dstnat_output"
	chainSrcnat     = "srcnat"
)

// Lower a view to the ruleset that enforces it. What can't be said is an error
// in l at the statement; the ruleset is then not to be used.
func Lower(v *policy.View, l *diag.List) *ruleset.Ruleset {
	b := newBuilder(v, l)
	b.declareBase()
	b.sortScopes()
	b.prerouting()
	b.local()
	b.blocks()
	b.nat()
	b.finish()
	return &ruleset.Ruleset{Tables: []*ruleset.Table{b.t}, Header: b.header()}
}

// place is where services are: an address, the host, or an interface.
type place struct {
	services []*policy.Service
	guarded  bool
}

type builder struct {
	v    *policy.View
	p    *policy.Policy
	diag *diag.List
	t    *ruleset.Table

	chains map[string]*ruleset.Chain
	sets   map[string]*ruleset.Set
	// named chains and sets that were derived from something, by what they were
	// derived from, so that each is made once.
	made map[string]string

	own, shared map[netip.Addr]*place
	ownAddrs    []netip.Addr // keys of own, sorted; likewise sharedAddrs
	sharedAddrs []netip.Addr
	host        []*policy.Service
	ifaces      map[string][]*policy.Service
	ifaceNames  []string

	boxes    map[boxGroup][]box
	boxOrder []boxGroup
	users    map[string]bool
	groups   map[string]bool
	terms    []ruleset.Term // arena of elements' keys
	comments map[*policy.Rule]string
	exacts   map[setKey]*ruleset.Set
	seen     map[elemKey]bool // elements of the place at hand
}

func newBuilder(v *policy.View, l *diag.List) *builder {
	return &builder{
		v: v, p: v.Policy, diag: l,
		t:        &ruleset.Table{Family: ruleset.Inet, Name: v.Policy.Options.Table},
		chains:   map[string]*ruleset.Chain{},
		sets:     map[string]*ruleset.Set{},
		made:     map[string]string{},
		own:      make(map[netip.Addr]*place, len(v.Own)),
		shared:   map[netip.Addr]*place{},
		ifaces:   map[string][]*policy.Service{},
		boxes:    map[boxGroup][]box{},
		users:    map[string]bool{},
		groups:   map[string]bool{},
		comments: make(map[*policy.Rule]string, len(v.Services)),
		exacts:   map[setKey]*ruleset.Set{},
		seen:     map[elemKey]bool{},
	}
}

// declareBase declares the base chains that every table has, whether the policy
// needs them or not: a chain that comes and goes would leave a hole when it
// goes, and lose packets when it comes.
func (b *builder) declareBase() {
	prio := b.p.Options.Priority
	base := func(name string, hook ruleset.Hook, prio int, blk *policy.Block) {
		if name != chainPrerouting && name != chainLocal && prio != 0 {
			name = fmt.Sprintf("%s_%d", name, prio)
		}
		c := b.chain(b.baseName(name))
		c.Base = &ruleset.Base{Type: "filter", Hook: hook, Priority: prio}
		if blk != nil && blk.Closed() {
			c.Base.Policy = ruleset.VerdictDrop
			c.Origin = blk.Span
		}
	}
	base(chainPrerouting, ruleset.Prerouting, -150, nil)
	base(chainLocal, ruleset.Output, -150, nil)
	base(chainInput, ruleset.Input, prio, b.v.Inbound)
	base(chainForward, ruleset.Forward, prio, b.v.Forward)
	base(chainOutput, ruleset.Output, prio, b.v.Outbound)
}

// baseName undoes the sign in a chain's name: "input_-10" is no identifier.
func (b *builder) baseName(name string) string {
	out := []byte(name)
	for i, c := range out {
		if c == '-' {
			out[i] = 'm'
		}
	}
	return string(out)
}

// filterChain gives the name of a filter-hook chain. It holds the priority
// where that is not 0, since a base chain's priority can't be changed in place.
func (b *builder) filterChain(name string) string {
	if p := b.p.Options.Priority; p != 0 {
		return b.baseName(fmt.Sprintf("%s_%d", name, p))
	}
	return name
}

// sortScopes notes which services are at which place.
func (b *builder) sortScopes() {
	at := func(m map[netip.Addr]*place, keys *[]netip.Addr, sc *policy.Scope, s *policy.Service) {
		pl := m[sc.Addr]
		if pl == nil {
			pl = &place{guarded: sc.Guarded, services: make([]*policy.Service, 0, 1)}
			m[sc.Addr] = pl
			*keys = append(*keys, sc.Addr)
		}
		if !slices.Contains(pl.services, s) {
			pl.services = append(pl.services, s)
		}
	}
	for _, s := range b.v.Services {
		for _, sc := range s.Scopes {
			switch sc.Kind {
			case policy.ScopeOwn:
				at(b.own, &b.ownAddrs, sc, s)
			case policy.ScopeShared:
				at(b.shared, &b.sharedAddrs, sc, s)
			case policy.ScopeHost:
				if !slices.Contains(b.host, s) {
					b.host = append(b.host, s)
				}
			case policy.ScopeIface:
				if b.ifaces[sc.Iface] == nil {
					b.ifaceNames = append(b.ifaceNames, sc.Iface)
				}
				if !slices.Contains(b.ifaces[sc.Iface], s) {
					b.ifaces[sc.Iface] = append(b.ifaces[sc.Iface], s)
				}
			}
		}
	}
	slices.SortFunc(b.ownAddrs, netip.Addr.Compare)
	slices.SortFunc(b.sharedAddrs, netip.Addr.Compare)
	slices.Sort(b.ifaceNames)
}

// chain of that name, made on first use. Chains stand in the table in the order
// in which they are made; finish sorts them.
func (b *builder) chain(name string) *ruleset.Chain {
	c := b.chains[name]
	if c == nil {
		c = &ruleset.Chain{Name: name}
		b.chains[name] = c
		b.t.Chains = append(b.t.Chains, c)
	}
	return c
}

// add a rule to a chain.
func (b *builder) add(chain, comment string, origin diag.Span, body ...ruleset.Stmt) {
	c := b.chain(chain)
	c.Rules = append(c.Rules, &ruleset.Rule{Body: body, Comment: comment, Origin: origin, Counted: b.p.Options.Counters && counts(body)})
}

// counts says whether a rule's counter is worth its cost: where it decides.
func counts(body []ruleset.Stmt) bool {
	switch s := body[len(body)-1].(type) {
	case *ruleset.Reject, *ruleset.NAT:
		return true
	case *ruleset.Verdict:
		return s.Kind == ruleset.VerdictAccept || s.Kind == ruleset.VerdictDrop
	}
	return false
}

// finish orders the table: base chains in a packet's order, then the others as
// they were made; drops what nothing refers to; sizes the sets.
func (b *builder) finish() {
	b.flushBoxes()
	for _, s := range b.t.Sets {
		if s.Interval {
			s.Replaced = false // a new interval set misses for a moment
		}
		if s.Replaced {
			s.Size = sizeFor(len(s.Elems))
		}
	}
	slices.SortStableFunc(b.t.Chains, func(x, y *ruleset.Chain) int {
		rank := func(c *ruleset.Chain) int {
			if c.Base == nil {
				return 100
			}
			return int(c.Base.Hook)
		}
		return rank(x) - rank(y)
	})
	slices.SortStableFunc(b.t.Sets, func(x, y *ruleset.Set) int {
		if x.Name < y.Name {
			return -1
		}
		return 1
	})
}

// sizeFor gives room to grow, so that a reload seldom changes a set's size.
func sizeFor(n int) int {
	size := 1024
	for size < n+n/4 {
		size *= 2
	}
	return size
}

func (b *builder) header() []string {
	host := ""
	if b.v.Host.Name != "" {
		host = " for host " + b.v.Host.Name
	}
	h := []string{
		"loward: nftables ruleset" + host + ", for nft -f",
		fmt.Sprintf("It owns the table inet %s and touches nothing else; loading it again replaces its", b.t.Name),
		"content in one transaction. What other tables drop stays dropped.",
	}
	h = append(h, "After a change of option table or priority, remove the old table by hand, once.")
	if len(b.users) > 0 {
		h = append(h, "Users that must exist here: "+joinSorted(b.users))
	}
	if len(b.groups) > 0 {
		h = append(h, "Groups that must exist here: "+joinSorted(b.groups))
	}
	return h
}

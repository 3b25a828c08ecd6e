package fate

import (
	"cmp"
	"slices"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/ruleset"
)

// Idle is a rule that no packet comes to, or that matches none that does.
type Idle struct {
	Table *ruleset.Table
	Chain *ruleset.Chain
	Rule  *ruleset.Rule
	// By are the rules of the chain before it that together take every packet which
	// it would match, in their order. There are none where no packet matches it at all.
	By []*ruleset.Rule
	// Packet is one that it would match and that a rule of By takes; nil without them.
	Packet *Packet
	V6     bool // the packet's family
}

// Idles finds the rules of a ruleset that might as well not be there, in the chains
// that packets come to: shadowed by rules before them, or never matching. What can't
// be known (a rate, the time, the past) is taken to go either way, so a rule that is
// named is idle whatever happens. The facts of the host may be nil. The error is
// diagram.ErrBudget where there are too many packets to tell apart.
func Idles(rs *ruleset.Ruleset, h *host.Host) ([]*Idle, error) {
	all := map[*ruleset.Rule]*standing{}
	var maps []*Map
	for _, v6 := range []bool{false, true} {
		u := NewUniverse(v6)
		if h != nil {
			u.AddHost(h)
		}
		u.AddRuleset(rs)
		maps = append(maps, u.Map(rs, h, Options{Bare: true, Remembers: true}))
	}
	// First packets come to most rules; what comes to the others is looked for then.
	for _, c := range []Conn{First, Original, Reply, Related, Invalid} {
		for _, j := range Journeys() {
			for _, m := range maps {
				if _, err := m.Fates(j, c); err != nil {
					return nil, err
				}
				if err := m.dd.Try(func() { m.stand(m.starts(j, c), all) }); err != nil {
					return nil, err
				}
			}
		}
	}
	var out []*Idle
	for _, t := range rs.Tables {
		for _, c := range t.Chains {
			for _, r := range c.Rules {
				if s := all[r]; s != nil && !s.busy {
					i := s.idle
					i.Table, i.Chain, i.Rule = t, c, r
					out = append(out, &i)
				}
			}
		}
	}
	return out, nil
}

// standing of a rule: what has been found of it so far.
type standing struct {
	busy bool
	idle Idle
}

// stand looks at all chains that packets of a journey come to, in every state in
// which they do.
func (m *Map) stand(starts diagram.Node, all map[*ruleset.Rule]*standing) {
	keys := make([]chainKey, 0, len(m.chains))
	for k := range m.chains {
		if k.chain != nil {
			keys = append(keys, k)
		}
	}
	tables := map[*ruleset.Chain]*ruleset.Table{}
	order := map[*ruleset.Chain]int{}
	for _, t := range m.rs.Tables {
		for _, c := range t.Chains {
			tables[c], order[c] = t, len(order)
		}
	}
	slices.SortFunc(keys, func(a, b chainKey) int {
		return cmp.Or(cmp.Compare(order[a.chain], order[b.chain]), cmp.Compare(a.hook, b.hook), cmp.Compare(a.state, b.state))
	})
	for _, k := range keys {
		open := false
		for _, r := range k.chain.Rules {
			if all[r] == nil {
				all[r] = &standing{}
			}
			open = open || !all[r].busy
		}
		m.hook = k.hook
		if open && m.mayMatch(tables[k.chain], k.chain, k.state, all) {
			w := &watch{m: m, t: tables[k.chain], c: k.chain, all: all, at: make([]map[uint32]diagram.Node, len(k.chain.Rules)+1)}
			w.arrive(0, k.state, starts)
			w.run()
		}
	}
}

// mayMatch says whether one of a chain's idle rules may match in a state.
func (m *Map) mayMatch(t *ruleset.Table, c *ruleset.Chain, state uint32, all map[*ruleset.Rule]*standing) bool {
	st := m.states[state]
	w := &watch{m: m, t: t, c: c}
	for _, r := range c.Rules {
		if changes(r) {
			return true // what comes after it may be in another state
		}
		if !all[r].busy && w.matches(r, &st, diagram.Miss) != diagram.False {
			return true
		}
	}
	return false
}

// changes says whether packets may come out of a rule changed.
func changes(r *ruleset.Rule) bool {
	for s := range r.Plain {
		switch s := s.(type) {
		case *ruleset.Verdict:
			if s.Kind == ruleset.VerdictJump {
				return true // into a chain that changes them
			}
		case *ruleset.Reject:
		default:
			if !asks(s) {
				return true
			}
		}
	}
	return false
}

// watch follows all packets that come to a chain from rule to rule.
type watch struct {
	m   *Map
	t   *ruleset.Table
	c   *ruleset.Chain
	all map[*ruleset.Rule]*standing
	// at are the packets that come to each rule, by their state, where a stretch of
	// rules begins that change no state.
	at []map[uint32]diagram.Node
	// taken says of packets by which rule they are taken, counted from 1.
	taken diagram.Node
}

func (w *watch) arrive(i int, state uint32, packets diagram.Node) {
	if packets == diagram.False {
		return
	}
	if w.at[i] == nil {
		w.at[i] = map[uint32]diagram.Node{}
	}
	w.at[i][state] = w.m.dd.Or(w.at[i][state], packets)
}

func (w *watch) run() {
	for i := range w.c.Rules {
		states := make([]uint32, 0, len(w.at[i]))
		for id := range w.at[i] {
			states = append(states, id)
		}
		slices.Sort(states)
		for _, id := range states {
			w.stretch(i, id, w.at[i][id])
		}
		w.at[i] = nil
	}
}

// asked is a rule of a stretch with the packets that match it.
type asked struct {
	i       int
	matches diagram.Node
}

// stretch looks at the rules from the i-th on, up to the first that changes a state.
func (w *watch) stretch(i int, id uint32, arrived diagram.Node) {
	m := w.m
	st := m.states[id]
	var takers []diagram.Node
	var rules []asked
	var last, changing diagram.Node
	var changed []uint32
	for ; i < len(w.c.Rules); i++ {
		r := w.c.Rules[i]
		n := m.rule(w.t, w.c, r, &st)
		if s := w.all[r]; !s.busy {
			rules = append(rules, asked{i, w.matches(r, &st, n)})
		}
		if n == diagram.Miss {
			continue
		}
		last = m.dd.Map(n, func(v uint32) uint32 {
			if v == 0 {
				return 0
			}
			return uint32(i + 1)
		})
		takers = append(takers, last)
		if changed = m.statesOf(n, leafGo); len(changed) > 0 {
			changing = n
			break
		}
	}
	took := m.dd.And(arrived, m.dd.OverAll(takers))
	w.taken = m.dd.Over(w.taken, took)
	w.judge(rules, took, arrived)
	if len(changed) == 0 {
		return
	}
	w.arrive(i+1, id, m.dd.Minus(arrived, m.dd.OverAll(takers)))
	here := m.dd.Map(took, func(v uint32) uint32 {
		if v == uint32(i+1) {
			return 1
		}
		return 0
	})
	for _, next := range changed {
		w.arrive(i+1, next, m.dd.And(here, m.dd.Map(changing, func(v uint32) uint32 {
			if v == leafGo<<kindShift|next {
				return 1
			}
			return 0
		})))
	}
}

// judge which of some rules have a packet to match.
func (w *watch) judge(rules []asked, took, arrived diagram.Node) {
	if len(rules) == 0 {
		return
	}
	dd := w.m.dd
	takes := map[uint32]bool{}
	for _, v := range dd.Values(took) {
		takes[v] = true
	}
	for _, a := range rules {
		s := w.all[w.c.Rules[a.i]]
		if takes[uint32(a.i+1)] {
			s.busy = true
			continue
		}
		come := dd.And(a.matches, arrived)
		if dd.Minus(come, took) != diagram.False || dd.Max(dd.And(come, took)) > uint32(a.i) {
			s.busy = true
			continue
		}
		w.shadow(s, a)
	}
}

// shadow remembers by which rules one is shadowed.
func (w *watch) shadow(s *standing, a asked) {
	if s.idle.By != nil {
		return
	}
	dd := w.m.dd
	by := dd.Map(dd.And(a.matches, w.taken), func(by uint32) uint32 {
		if by > uint32(a.i) {
			return 0
		}
		return by
	})
	for _, v := range dd.Values(by) {
		if v > 0 {
			s.idle.By = append(s.idle.By, w.c.Rules[v-1])
		}
	}
	if s.idle.By != nil {
		s.idle.Packet, _ = w.m.u.Witness(by, func(v uint32) bool { return v > 0 }, Taste{})
		s.idle.V6 = w.m.u.v6
	}
}

// matches are the packets to which a rule does anything at all, or which it would
// count or log.
func (w *watch) matches(r *ruleset.Rule, st *state, does diagram.Node) diagram.Node {
	body := r.Body
	for i, s := range body {
		if !asks(s) {
			body = body[:i]
			break
		}
	}
	x := &rule{m: w.m, table: w.t, chain: w.c, begin: *st}
	n := x.body(body, st, func(*state) diagram.Node { return diagram.True })
	yes := func(v uint32) uint32 { return min(v, 1) }
	return w.m.dd.Or(w.m.dd.Map(n, yes), w.m.dd.Map(does, yes))
}

// asks says whether a statement asks something of a packet, or does nothing to it: what
// follows one that does something may see another packet.
func asks(s ruleset.Stmt) bool {
	switch s := s.(type) {
	case *ruleset.Match, *ruleset.Compare, *ruleset.Lookup, *ruleset.Limit, *ruleset.Meter, *ruleset.Quota, *ruleset.ConnCount, *ruleset.Counter, *ruleset.Log:
		return true
	case *ruleset.May:
		return !s.Verdict
	case *ruleset.Opaque:
		return !s.Verdict
	case *ruleset.Module:
		for _, m := range s.Means {
			if !asks(m) {
				return false
			}
		}
		return true
	}
	return false
}

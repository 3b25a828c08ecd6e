package ipt

import (
	"slices"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// local decides about the host talking to its own addresses (OUTPUT, -o lo). It
// gives the chain that does, or nil where no statement speaks of it. What is
// refused is always rejected, so that no process hangs on its own host; invalid
// packets are none of its business.
func (w *lowerer) local() *ruleset.Verdict {
	says := slices.ContainsFunc(w.services, func(s *service) bool { return len(s.LocalRules) > 0 })
	if !says && w.v.Local.Idle() {
		return nil
	}
	c := w.filter.node(w.prefix + "LOCAL")
	translated := w.filter.node(w.prefix + "LOCAL-NAT")
	c.add(origin{}, known(), ruleset.Return)
	c.add(origin{comment: "by its original destination"}, dnat(), translated.to)
	w.localAt(c, plain)
	w.localAt(translated, orig)
	return c.to
}

// localAt appends local delivery for one way of reading the destination.
func (w *lowerer) localAt(c *node, m mode) {
	if w.namesHost(w.v.Local.Rules) {
		// `to` a service on `address host` does not mean services' own
		// addresses: those are decided apart.
		if list := w.ownEntries(ruleset.Return, nil); len(list) > 0 {
			apart, behind := c.next(), c.next()
			for i := range list {
				list[i].to = apart.to
			}
			w.tree(c, "tx"+modeName(m), w.daddr(m), list, behind.to)
			c.end(behind.to)
			w.localFor(apart, m|own)
			w.localFor(behind, m|others)
			return
		}
	}
	w.localFor(c, m)
}

func modeName(m mode) string {
	if m&orig != 0 {
		return "o"
	}
	return ""
}

func (w *lowerer) localFor(c *node, m mode) {
	blk := w.v.Local
	c = w.blockDenies(c, "local", blk, leaving, m)
	tail := ruleset.Return
	var behind *node
	if w.localTail(blk) {
		behind = c.next()
		tail = behind.to
	}
	d := w.localSites(m, tail)
	w.send(c, "tl"+modeName(m), m, ruleset.Output, d, tail).end(tail)
	if behind == nil {
		return
	}
	behind = w.blockAllows(behind, "local", blk, leaving, m)
	w.blockDefault(behind, "local", blk)
}

// localTail says whether anything is left to say behind the services.
func (w *lowerer) localTail(blk *policy.Block) bool {
	return blk.Closed() || slices.ContainsFunc(blk.Rules, func(r *policy.Rule) bool { return r.Allow && r.Families&w.f != 0 })
}

// localSites are the places where services with -local statements live.
func (w *lowerer) localSites(m mode, cont *ruleset.Verdict) *dispatch {
	d := &dispatch{}
	for _, st := range w.sites.static {
		if st.guarded || m&own != 0 && !st.whole || m&others != 0 && st.whole {
			continue
		}
		if list := withLocal(st.services); len(list) > 0 {
			d.static = append(d.static, siteEntry(st, w.localLeaf(st, list, m, cont)))
		}
	}
	if st := w.sites.host; st != nil && m&own == 0 {
		if list := withLocal(st.services); len(list) > 0 {
			d.host = w.localLeaf(st, list, m, cont)
			if m&others == 0 {
				w.exceptOwn(d, cont)
			}
		}
	}
	return d
}

func withLocal(services []*service) []*service {
	var out []*service
	for _, s := range services {
		if len(s.LocalRules) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// localLeaf decides about the host talking to one place: what any service
// denies is refused; then what any allows passes; then what those with
// allow-local claim is refused, and the rest goes to cont.
func (w *lowerer) localLeaf(st *site, services []*service, m mode, cont *ruleset.Verdict) *ruleset.Verdict {
	key := keyOf(services, "local"+modeName(m)+string('0'+rune(m)))
	if st.whole {
		if v := w.own[key]; v != nil {
			return v
		}
	}
	kind := "x" + modeName(m)
	var c *node
	switch {
	case !st.addr.IsValid():
		c = w.chain(w.filter, kind, "HOST")
	case st.whole && key.one != nil:
		c = w.chain(w.filter, kind, key.one.Name)
	default:
		c = w.chainAt(w.filter, kind, st.prefix.Prefix)
	}
	leaf := c.to
	if st.whole {
		w.own[key] = leaf
	}
	for _, s := range services {
		for _, r := range s.localDenies {
			c = w.statement(c, s.Name, r, leaving, m, func() *ruleset.Verdict { return w.localRefusal(s) })
		}
	}
	for _, s := range services {
		for _, r := range s.localAllows {
			c = w.statement(c, s.Name, r, leaving, m, passes)
		}
	}
	for _, s := range services {
		if !s.HasLocalAllow() {
			continue
		}
		if st.whole {
			c.add(s.refused, w.localRefusal(s))
			return leaf
		}
		c = w.expand(c, s.refused, []alts{w.traffic(unite(s.LocalClaims(w.f)), m)}, w.localRefusal(s))
	}
	c.end(cont)
	return leaf
}

// localRefusal rejects, and logs where the service asked for it.
func (w *lowerer) localRefusal(s *service) *ruleset.Verdict {
	return w.blockRefusal(s.Name, s.LogRefused, policy.Reject)
}

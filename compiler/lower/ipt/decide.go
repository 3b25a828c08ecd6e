package ipt

import (
	"cmp"
	"slices"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// group is services whose allows may have packets in common with each other,
// and have none with any other group's.
type group struct {
	services   []*service
	traffic    []policy.Traffic // that they allow, or log while they deny it
	exceptions bool
}

// apart divides services into groups, by protocols and ports alone.
func (w *lowerer) apart(services []*service) []group {
	if len(services) == 1 {
		return []group{{services: services, exceptions: len(services[0].denies) > 0}}
	}
	// Who has a say about a stretch of ports or types of a protocol.
	type stretch struct {
		proto  int // 256: any
		lo, hi int
		who    int
	}
	var all []stretch
	traffic := make([][]policy.Traffic, len(services))
	for i, s := range services {
		traffic[i] = s.asked()
		for _, t := range traffic[i] {
			x := stretch{int(t.Proto), 0, 1 << 16, i}
			switch {
			case t.Families&w.f == 0:
				continue
			case t.Any:
				x.proto = 256
			}
			ranges := t.Ports
			if t.IsICMP() {
				ranges = t.Types
			}
			if len(ranges) == 0 {
				all = append(all, x)
			}
			for _, r := range ranges {
				x.lo, x.hi = int(r.Lo), int(r.Hi)
				all = append(all, x)
			}
		}
	}
	slices.SortFunc(all, func(a, b stretch) int {
		return cmp.Or(cmp.Compare(a.proto, b.proto), cmp.Compare(a.lo, b.lo), cmp.Compare(a.hi, b.hi), cmp.Compare(a.who, b.who))
	})
	// Join those who meet.
	leader := make([]int, len(services))
	for i := range leader {
		leader[i] = i
	}
	find := func(i int) int {
		for leader[i] != i {
			leader[i] = leader[leader[i]]
			i = leader[i]
		}
		return i
	}
	join := func(a, b int) {
		a, b = find(a), find(b)
		leader[max(a, b)] = min(a, b)
	}
	for i, x := range all {
		if x.proto == 256 {
			for _, y := range all {
				join(x.who, y.who)
			}
			break
		}
		if i > 0 && all[i-1].proto == x.proto {
			prev := &all[i-1]
			if x.lo <= prev.hi {
				join(x.who, prev.who)
				all[i].hi = max(x.hi, prev.hi)
			}
		}
	}
	var out []group
	at := map[int]int{}
	for i, s := range services {
		if len(traffic[i]) == 0 {
			continue // it allows nothing here
		}
		l := find(i)
		n, ok := at[l]
		if !ok {
			n = len(out)
			at[l] = n
			out = append(out, group{})
		}
		g := &out[n]
		g.services = append(g.services, s)
		g.traffic = append(g.traffic, traffic[i]...)
		g.exceptions = g.exceptions || len(s.denies) > 0
	}
	return out
}

// asked is the traffic about which a service has something to say: what it
// allows, and what it denies with a log.
func (s *service) asked() []policy.Traffic {
	var out []policy.Traffic
	for _, r := range s.free {
		out = append(out, r.Traffic...)
	}
	for _, r := range s.limited {
		out = append(out, r.Traffic...)
	}
	for _, r := range s.denies {
		if logs(r) {
			out = append(out, r.Traffic...)
		}
	}
	return out
}

// step is what one service, or all that make no exceptions, say at a time.
type step struct {
	s      *service
	denies []*policy.Rule
	allows []said
	again  bool // the service's denies have been asked, and logged, before
}

// said is a statement and who makes it.
type said struct {
	name string
	rule *policy.Rule
}

// steps puts what services allow into an order that does not depend on theirs:
// all that is allowed without a limit before anything that takes a token. A
// service's denies are exceptions to its own allows and go with them.
func steps(services []*service) []step {
	var out []step
	add := func(s *service, rules []*policy.Rule) {
		if len(rules) == 0 && (len(s.free)+len(s.limited) > 0 || !slices.ContainsFunc(s.denies, logs)) {
			return // a deny without anything to except has nothing to say but its log
		}
		n := len(out)
		var st *step
		switch {
		case n > 0 && len(s.denies) == 0 && len(out[n-1].denies) == 0, n > 0 && len(s.denies) > 0 && out[n-1].s == s:
			st = &out[n-1]
		default:
			out = append(out, step{s: s, denies: s.denies, again: slices.ContainsFunc(out, func(st step) bool { return st.s == s })})
			st = &out[n]
		}
		for _, r := range rules {
			st.allows = append(st.allows, said{s.Name, r})
		}
	}
	for _, exceptions := range [...]bool{false, true} {
		for _, s := range services {
			if exceptions == (len(s.denies) > 0) {
				add(s, s.free)
			}
		}
	}
	var last *service
	if n := len(out); n > 0 && len(out[n-1].denies) > 0 {
		last = out[n-1].s
		add(last, last.limited)
	}
	for _, exceptions := range [...]bool{true, false} {
		for _, s := range services {
			if exceptions == (len(s.denies) > 0) && s != last && len(s.limited) > 0 {
				add(s, s.limited)
			}
		}
	}
	return out
}

func logs(r *policy.Rule) bool { return r.Log != nil }

// decide appends what services allow: it RETURNs. What none allows goes to
// refuse, by falling through the chain that is returned too.
//
// Services whose allows have no packet in common are asked apart, so that one's
// exceptions don't send a packet through all the others.
func (w *lowerer) decide(c *node, services []*service, m mode, refuse *ruleset.Verdict) *node {
	groups := w.apart(services)
	if len(groups) == 1 {
		return w.ask(c, groups[0].services, m, refuse)
	}
	for _, g := range groups {
		if !g.exceptions {
			c = w.ask(c, g.services, m, refuse)
		}
	}
	for _, g := range groups {
		if g.exceptions {
			n := w.chain(w.filter, "e"+modeName(m), g.services[0].Name)
			c = w.expand(c, origin{}, []alts{w.traffic(unite(g.traffic), m)}, n.to)
			w.ask(n, g.services, m, refuse).end(refuse)
		}
	}
	return c
}

// ask services whose allows may have packets in common.
func (w *lowerer) ask(c *node, services []*service, m mode, refuse *ruleset.Verdict) *node {
	list := steps(services)
	for i, st := range list {
		behind, next := refuse, (*node)(nil)
		if len(st.denies) > 0 {
			if i < len(list)-1 {
				next = c.next()
				behind = next.to
			}
			for _, r := range st.denies {
				one := r
				if st.again && r.Log != nil {
					quiet := *r
					quiet.Log = nil
					one = &quiet
				}
				c = w.statement(c, st.s.Name, one, arriving, m, func() *ruleset.Verdict { return behind })
			}
		}
		for _, a := range st.allows {
			c = w.statement(c, a.name, a.rule, arriving, m, passes)
		}
		if next != nil {
			c.end(next.to)
			c = next
		}
	}
	return c
}

package policy

import (
	"cmp"
	"slices"
)

// Claims of the service on an address that other things live on too: the
// traffic that its statements name, -local ones included, taken without their
// from, on, user and limit, in the given families. What only these local users
// may reach is nothing that the outside may.
func (s *Service) Claims(f Family) []Traffic {
	var all []Traffic
	for _, r := range s.Rules {
		all = append(all, r.Traffic...)
	}
	for _, r := range s.LocalRules {
		all = append(all, r.Traffic...)
	}
	for _, p := range s.Publishes {
		all = append(all, p.Traffic...)
	}
	return ofFamily(all, f)
}

// LocalClaims of the service on a shared address: what its allow-local and
// deny-local statements name.
func (s *Service) LocalClaims(f Family) []Traffic {
	var all []Traffic
	for _, r := range s.LocalRules {
		all = append(all, r.Traffic...)
	}
	return ofFamily(all, f)
}

func ofFamily(all []Traffic, f Family) []Traffic {
	var in []Traffic
	for _, t := range all {
		if t.Families&f != 0 {
			in = append(in, t)
		}
	}
	return in
}

// Refusal is how what a service claims and does not allow is answered.
type Refusal struct {
	Verdict Verdict // Drop or Reject
	Log     *Log    // or nil
	// Service that the refusal is put down to: the first by name.
	Service *Service
}

// Refuse merges the opinions of services that claim a common packet: resolve
// has seen to it that they do not contradict each other, so the first opinion
// is that of all.
func Refuse(services []*Service) Refusal {
	r := Refusal{Verdict: Drop}
	set := false
	for i, s := range services {
		if i == 0 {
			r.Service = s
		}
		if s.RefuseSet && !set {
			r.Verdict, set = s.Refuse, true
		}
		if s.LogRefused != nil && r.Log == nil {
			r.Log = s.LogRefused
		}
	}
	return r
}

// Cell is a class of claimed packets that are all refused alike.
type Cell struct {
	// Traffic with at most one range of ports or types.
	Traffic Traffic
	Refusal Refusal
}

// Cells divides what services claim by traffic in one family into classes of
// packets that the same services claim. Classes are disjoint but for Any and
// for the protocols as a whole, which stand behind the classes that they
// contain: the first cell that a packet is in decides.
func Cells(services []*Service, f Family) []Cell {
	type claim struct {
		t Traffic
		s *Service
	}
	byProto := map[int][]claim{} // -1 for Any
	for _, s := range services {
		for _, t := range s.Claims(f) {
			k := int(t.Proto)
			if t.Any {
				k = -1
			}
			byProto[k] = append(byProto[k], claim{t, s})
		}
	}
	var protos []int
	for k := range byProto {
		protos = append(protos, k)
	}
	slices.SortFunc(protos, func(a, b int) int { return cmp.Compare(uint(a), uint(b)) }) // Any, -1, last
	var cells []Cell
	for _, k := range protos {
		var whole []*Service // those who claim the protocol as a whole
		add := func(list []*Service, s *Service) []*Service {
			if slices.Contains(list, s) {
				return list
			}
			return append(list, s)
		}
		for _, c := range byProto[-1] {
			whole = add(whole, c.s)
		}
		if k == -1 {
			cells = append(cells, Cell{Traffic{Any: true, Families: f}, refuseSorted(whole)})
			continue
		}
		var edges []int
		full := false
		for _, c := range byProto[k] {
			rs := c.t.ranges()
			if len(rs) == 0 {
				whole, full = add(whole, c.s), true
			}
			for _, r := range rs {
				edges = append(edges, int(r.Lo), int(r.Hi)+1)
			}
		}
		slices.Sort(edges)
		edges = slices.Compact(edges)
		// Who claims each stretch between two edges: a sweep over the ranges.
		starts, ends := map[int][]*Service{}, map[int][]*Service{}
		for _, c := range byProto[k] {
			for _, r := range c.t.ranges() {
				starts[int(r.Lo)] = append(starts[int(r.Lo)], c.s)
				ends[int(r.Hi)+1] = append(ends[int(r.Hi)+1], c.s)
			}
		}
		open := map[*Service]int{}
		for i, e := range edges {
			for _, s := range ends[e] {
				if open[s]--; open[s] == 0 {
					delete(open, s)
				}
			}
			for _, s := range starts[e] {
				open[s]++
			}
			if len(open) == 0 {
				continue
			}
			who := slices.Clone(whole)
			for s := range open {
				who = add(who, s)
			}
			t := Traffic{Proto: uint8(k), Families: f}
			rg := []PortRange{{uint16(e), uint16(edges[i+1] - 1)}}
			if t.IsICMP() {
				t.Types = rg
			} else {
				t.Ports = rg
			}
			cells = append(cells, Cell{t, refuseSorted(who)})
		}
		if full {
			cells = append(cells, Cell{Traffic{Proto: uint8(k), Families: f}, refuseSorted(whole)})
		}
	}
	return cells
}

func refuseSorted(services []*Service) Refusal {
	slices.SortFunc(services, func(a, b *Service) int { return cmp.Compare(a.Name, b.Name) })
	return Refuse(services)
}

func (t Traffic) ranges() []PortRange {
	if t.IsICMP() {
		return t.Types
	}
	return t.Ports
}

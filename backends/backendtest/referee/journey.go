package referee

import (
	"fmt"
	"slices"
	"strings"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/ruleset"
)

// journey of a packet, in words that can be compared: at each hook the rules that it
// met with what they said, and whether it got through.
type journey struct {
	at [ruleset.Postrouting + 1]visit
	// arrived: it was delivered, or left by a wire.
	arrived bool
	// last is the packet as it was in the end, if it arrived.
	last string
	mark uint32
	// markUnknown: of the model.
	markUnknown bool
}

// visit of a hook.
type visit struct {
	rules   []string
	through bool
}

func (j *journey) String() string {
	var b strings.Builder
	for _, h := range []ruleset.Hook{ruleset.Output, ruleset.Prerouting, ruleset.Input, ruleset.Forward, ruleset.Postrouting} {
		if v := j.at[h]; v.through || v.rules != nil {
			fmt.Fprintf(&b, "%s[%s]%s ", h, strings.Join(v.rules, "; "), map[bool]string{true: "", false: "!"}[v.through])
		}
	}
	if j.arrived {
		fmt.Fprintf(&b, "arrived %s mark %d", j.last, j.mark)
	}
	return b.String()
}

// equal says whether the model's journey is that of the kernel.
func (j *journey) equal(kernel *journey) bool {
	k := *kernel
	if j.markUnknown {
		k.mark = j.mark
	}
	return j.String() == k.String()
}

// book says where each rule stands, and what a trace and the model say of it alike.
type book struct {
	rs *ruleset.Ruleset
	// number of a rule within its chain, from 0.
	number map[*ruleset.Rule]int
	// rule by its table and handle.
	handle map[handle]told
	links  map[int]string
	// legacy: of x_tables, which does not tell what rules said.
	legacy bool
	// base chains by their place.
	base map[place]*ruleset.Chain
	// chain by its place.
	chain map[place]*ruleset.Chain
	// mute are rules of which the model says nothing when they match.
	mute map[string]bool
	// ports are rules that look at ports.
	ports map[string]bool
}

type told struct {
	place
	number int
}

// handle of a rule: of its table's own count.
type handle struct {
	family uint8
	table  string
	number uint64
}

func newBook(rs *ruleset.Ruleset, handles map[place][]uint64, links map[int]string) *book {
	b := &book{rs: rs, number: map[*ruleset.Rule]int{}, handle: map[handle]told{}, links: links, base: map[place]*ruleset.Chain{}, chain: map[place]*ruleset.Chain{}, mute: map[string]bool{}, ports: map[string]bool{}}
	for p, list := range handles {
		for i, h := range list {
			b.handle[handle{p.family, p.table, h}] = told{p, i}
		}
	}
	for _, t := range rs.Tables {
		for _, c := range t.Chains {
			p := placeOf(t, c)
			b.chain[p] = c
			if c.Base != nil {
				b.base[p] = c
			}
			for i, r := range c.Rules {
				b.number[r] = i
				if line, _ := r.Origin.File.Line(r.Origin.Position().Line); strings.Contains(line, "port") || strings.Contains(line, "th s") {
					b.ports[at(p, i)] = true
				}
				if mute(r) {
					b.mute[at(p, i)] = true
				}
			}
		}
	}
	return b
}

// familyNumber as netfilter has it (linux/netfilter.h).
func familyNumber(f ruleset.Family) uint8 {
	return map[ruleset.Family]uint8{ruleset.Inet: 1, ruleset.IP: 2, ruleset.IP6: 10}[f]
}

func placeOf(t *ruleset.Table, c *ruleset.Chain) place {
	return place{familyNumber(t.Family), t.Name, c.Name}
}

func at(p place, number int) string { return fmt.Sprintf("%s#%d", p, number) }

// mute rules do nothing that the model would write down.
func mute(r *ruleset.Rule) bool {
	for s := range r.Plain {
		switch s := s.(type) {
		case *ruleset.Match, *ruleset.Compare, *ruleset.Lookup, *ruleset.Counter, *ruleset.Limit, *ruleset.VMap, *ruleset.NAT:
		case *ruleset.Verdict:
			if s.Kind != ruleset.VerdictContinue {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// ofModel is the journey of a result.
func (b *book) ofModel(r *path.Result) *journey {
	j := &journey{}
	for i := range r.Legs {
		l := &r.Legs[i]
		v := &j.at[l.Hook]
		v.through = !l.Cut
		for k := range l.Steps {
			st := &l.Steps[k]
			if st.Final {
				v.through = false
			}
			if st.May {
				continue
			}
			p := placeOf(st.Table, st.Chain)
			if st.Rule == nil {
				v.rules = append(v.rules, p.String()+" "+st.Did)
				continue
			}
			verdict := said(st.Did)
			if st.Final {
				verdict = "drop"
			}
			where := at(p, b.number[st.Rule])
			switch {
			case !b.legacy:
				where += " " + verdict
			case b.mute[where]:
				continue
			}
			v.rules = append(v.rules, where)
		}
	}
	if j.arrived = r.Verdict == path.Accept; j.arrived {
		p := r.Packet
		out := ""
		if r.Legs[len(r.Legs)-1].Hook == ruleset.Postrouting {
			out = p.OIF
		}
		j.markUnknown = p.Get(ruleset.MetaMark).Presence != packet.Known
		j.last = final(header{src: p.Src, dst: p.Dst, proto: p.Proto, sport: p.Sport, dport: p.Dport, ttl: p.TTL}, out)
		j.mark = p.Mark
	}
	return j
}

// said is the verdict in a step's words.
func said(did string) string {
	last := did[strings.LastIndex(did, ", ")+1:]
	last = strings.TrimSpace(last)
	first, _, _ := strings.Cut(last, " ")
	switch first {
	case "accept", "drop", "return":
		return first
	case "reject":
		return "drop"
	case "jump", "goto":
		return last
	case "dnat", "snat", "masquerade", "redirect":
		return "accept"
	}
	return "continue"
}

func final(h header, out string) string {
	if !packet.Ported(h.proto) {
		h.sport, h.dport = 0, 0
	}
	return fmt.Sprintf("%d %s:%d>%s:%d ttl %d out %s", h.proto, h.src, h.sport, h.dst, h.dport, h.ttl, out)
}

// ofKernel are the journeys of all packets, by their ids.
func (b *book) ofKernel(events []event) map[uint32]*journey {
	all := map[uint32]*journey{}
	current := map[uint32]ruleset.Hook{} // at which a packet is
	for i := range events {
		e := &events[i]
		j := all[e.header.id]
		if j == nil {
			j = &journey{}
			all[e.header.id] = j
		}
		if e.legacy {
			b.met(j, e)
			continue
		}
		if e.table == "referee" {
			b.end(j, e)
			continue
		}
		p := place{e.family, e.table, e.chain}
		if c := b.base[p]; c != nil {
			current[e.header.id] = c.Base.Hook
		}
		if e.table == "tracking" || e.kind == traceReturn || e.kind == traceRule && e.handle == 0 {
			continue // of chains that ended without a verdict
		}
		v := &j.at[current[e.header.id]]
		switch e.kind {
		case tracePolicy:
			v.rules = append(v.rules, p.String()+" policy "+e.verdict)
		case traceRule:
			t, ok := b.handle[handle{e.family, e.table, e.handle}]
			where := at(t.place, t.number)
			if !ok {
				where = fmt.Sprintf("unknown rule %d", e.handle)
			}
			if e.verdict == "continue" && b.mute[where] {
				continue
			}
			v.rules = append(v.rules, where+" "+e.verdict)
		}
	}
	return all
}

// met is a rule of x_tables. Behind the last of a chain stands its policy, or return.
func (b *book) met(j *journey, e *event) {
	p := place{e.family, e.table, e.chain}
	v := &j.at[ruleset.Hook(e.hook)]
	c := b.chain[p]
	where := at(p, e.number-1)
	switch {
	case c == nil:
		v.rules = append(v.rules, "unknown "+where)
	case e.number <= len(c.Rules):
		if !b.mute[where] {
			v.rules = append(v.rules, where)
		}
	case c.Base != nil:
		policy := "accept"
		if c.Base.Policy == ruleset.VerdictDrop {
			policy = "drop"
		}
		v.rules = append(v.rules, p.String()+" policy "+policy)
	}
}

// end of a hook, as the referee's own table tells it.
func (b *book) end(j *journey, e *event) {
	if e.kind != traceRule || e.handle == 0 {
		return
	}
	for h := ruleset.Prerouting; h <= ruleset.Postrouting; h++ {
		if e.chain != h.String() {
			continue
		}
		j.at[h].through = true
		switch {
		case h == ruleset.Input:
			j.arrived, j.last = true, final(e.header, "")
			j.mark = e.mark
		case h == ruleset.Postrouting && b.links[e.oif] != host.Loopback:
			j.arrived, j.last = true, final(e.header, b.links[e.oif])
			j.mark = e.mark
		}
	}
}

// sent keeps of a journey what is told apart of a packet and its copy: what a host sends
// to a group or to all leaves, and comes in again if the host listens as well; both visit
// POSTROUTING.
func (j *journey) sent(copy *journey) *journey {
	k := &journey{}
	k.at[ruleset.Output] = j.at[ruleset.Output]
	if copy != nil {
		k.at[ruleset.Prerouting], k.at[ruleset.Input] = copy.at[ruleset.Prerouting], copy.at[ruleset.Input]
	}
	return k
}

// without leaves out rules that go on, of which can't be known whether they match.
func (j *journey) without(doubtful map[string]bool) *journey {
	k := *j
	for h := range k.at {
		k.at[h].rules = slices.DeleteFunc(slices.Clone(k.at[h].rules), func(r string) bool {
			return doubtful[strings.TrimSuffix(r, " continue")]
		})
	}
	return &k
}

// differing are the rules that stand in one of two journeys alone, as they were
// written.
func (b *book) differing(j, o *journey) string {
	count := map[string]int{}
	for h := range j.at {
		for _, r := range j.at[h].rules {
			count[r]++
		}
		for _, r := range o.at[h].rules {
			count[r]--
		}
	}
	var out strings.Builder
	for _, t := range b.rs.Tables {
		for _, c := range t.Chains {
			for i, r := range c.Rules {
				where := at(placeOf(t, c), i)
				for k, n := range count {
					if n != 0 && (k == where || strings.HasPrefix(k, where+" ")) {
						line, _ := r.Origin.File.Line(r.Origin.Position().Line)
						fmt.Fprintf(&out, "\t%s: %s\n", where, strings.TrimSpace(line))
					}
				}
			}
		}
	}
	return out.String()
}

// doubtful rules look at ports, where a packet has none: what stands in their place is
// not known to the model.
func (b *book) doubtful(proto uint8, r *path.Result) map[string]bool {
	out := map[string]bool{}
	for i := range r.Legs {
		for _, st := range r.Legs[i].Steps {
			if st.May {
				out[at(placeOf(st.Table, st.Chain), b.number[st.Rule])] = true
			}
		}
	}
	if !packet.Ported(proto) {
		for where := range b.ports {
			out[where] = true
		}
	}
	return out
}

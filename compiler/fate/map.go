package fate

import (
	"fmt"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/ruleset"
)

// Options of a Map.
type Options struct {
	// Bare: only rules judge. What the kernel refuses by itself (martians, a missing
	// route, forwarding switched off) passes.
	Bare bool
	// Strict: all that the kernel refuses by itself, at the edges too: what came to a
	// group is never sent on, and a source is looked at as thoroughly as sysctls and
	// routes have it. Otherwise the host's own addresses and broadcasts are no source.
	Strict bool
	// Remembers: what conntrack remembers of a known connection (its mark, whether it
	// is translated) is not known, nor the mark with which a packet comes, for rules,
	// programs or people may have set them at any time. Else nothing has happened that
	// these rules did not do to the packet at hand.
	Remembers bool
	// Elsewhere: where no facts of the host are known, the addresses to which rules
	// translate are other machines', as path.Assume takes it too.
	Elsewhere bool
}

// Map says what becomes of packets under one ruleset, at one host.
type Map struct {
	u    *Universe
	dd   *diagram.Space
	rs   *ruleset.Ruleset
	h    *host.Host // nil: no facts
	opts Options

	*numbers

	stops   [ruleset.Postrouting + 1][]path.Stop
	hooks   map[hookKey]diagram.Node
	froms   map[fromKey]diagram.Node
	named   map[*ruleset.Table]map[string]*ruleset.Chain
	chains  map[chainKey]diagram.Node
	sets    map[setKey]diagram.Node
	protos  map[protoKey][]kase
	types   map[typeKey]diagram.Node
	changes ruleset.Changes
	pasts   map[pastKey]diagram.Node
	exprs   map[ruleset.Expr]string
	twins   map[string]int // how many atoms would have the same name
	hook    ruleset.Hook   // in which a chain is looked at
	kind    Conn
	depth   int
	// portsOnly: the statement at hand sees only packets that have ports.
	portsOnly bool
}

// Map of a ruleset, whose packets the universe tells apart (AddRuleset); h is what
// is known of the host (AddHost), or nil.
func (u *Universe) Map(rs *ruleset.Ruleset, h *host.Host, opts Options) *Map {
	m := &Map{
		u: u, dd: u.space(), rs: rs, h: h, opts: opts, numbers: u.numbers,
		sets: map[setKey]diagram.Node{}, protos: map[protoKey][]kase{}, types: map[typeKey]diagram.Node{}, changes: rs.Changes(),
		named: map[*ruleset.Table]map[string]*ruleset.Chain{}, pasts: map[pastKey]diagram.Node{}, twins: map[string]int{}, exprs: map[ruleset.Expr]string{},
	}
	return m
}

// numbers of what leaves stand for. All maps of a universe have them in common: what
// two rulesets do alike is then one diagram.
type numbers struct {
	fates    []Fate
	fateIDs  map[Fate]uint32
	states   []state
	stateIDs map[state]uint32
	others   []assigned // 0 is none
	otherIDs map[assigned]int
}

func newNumbers() *numbers {
	return &numbers{
		fates: []Fate{{}}, fateIDs: map[Fate]uint32{}, states: []state{{}}, stateIDs: map[state]uint32{},
		others: []assigned{{}}, otherIDs: map[assigned]int{},
	}
}

// Fates of the packets that set out on a journey: Leaf values are the numbers of
// fates (see Fate), Miss is what does not set out on it. The error is
// diagram.ErrBudget where they are too many to tell.
func (m *Map) Fates(j Journey, c Conn) (n diagram.Node, err error) {
	m.hooks, m.chains, m.froms = map[hookKey]diagram.Node{}, map[chainKey]diagram.Node{}, map[fromKey]diagram.Node{}
	m.kind = c
	err = m.dd.Try(func() {
		stage := outHook
		if j == Arriving {
			stage = preHook
		}
		st := setOut(j)
		if m.opts.Remembers {
			st.mark = unknown("the mark with which it comes")
		}
		n = m.dd.And(m.starts(j, c), m.finals(m.depart(j, stage, &st)))
	})
	return n, err
}

// depart is the way from the start on.
func (m *Map) depart(j Journey, s stage, st *state) diagram.Node {
	n := m.at(s, 0, st)
	if j != Arriving || !m.u.v6 || m.opts.Bare {
		return n
	}
	loop := ruleset.Term{Lo: ruleset.U128{Lo: 1}, Hi: ruleset.U128{Lo: 1}}
	n = m.dd.Ite(m.u.in(varDst, wireless()), m.end(Fate{Verdict: Drop, Why: "a group that no wire carries (ip6_rcv)"}), n)
	n = m.dd.Ite(m.typeIs(st.at.src, varSrcType, host.Multicast), m.end(Fate{Verdict: Drop, Why: "a source that is a group (ip6_rcv)"}), n)
	return m.dd.Ite(m.dd.Or(m.within(st.at.src, loop), m.within(st.at.dst, loop)),
		m.end(Fate{Verdict: Drop, Why: "::1 never comes from outside (ip6_rcv)"}), n)
}

// Fate is how a journey ends.
type Fate struct {
	Verdict Verdict
	// Why says what ended it where no rule did, or what is undecided.
	Why string
	// To and From are what translation made of the destination and the source: ""
	// where they are as they were.
	To, From string
}

// Verdict of a journey.
type Verdict uint8

// The verdicts. NoPacket stands for what sets out on no such journey.
const (
	NoPacket Verdict = iota
	Accept
	Drop
	Reject
	Undecided
)

func (v Verdict) String() string {
	return [...]string{"none", "accept", "drop", "reject", "unknown"}[v]
}

func (f Fate) String() string {
	s := f.Verdict.String()
	if f.To != "" {
		s += " to " + f.To
	}
	if f.From != "" {
		s += " from " + f.From
	}
	return s
}

// Fate of a leaf's value; it is the same for all maps of a universe.
func (m *Map) Fate(v uint32) Fate { return m.fates[v] }

// Starts is the condition that packets set out on a journey.
func (m *Map) Starts(j Journey, c Conn) (n diagram.Node, err error) {
	err = m.dd.Try(func() { n = m.starts(j, c) })
	return n, err
}

// The kinds of leaves while a diagram is being made; Miss goes on with the next
// rule, nothing changed. Final leaves come first: those of finished diagrams are the
// numbers of fates.
const (
	kindShift = 26
	payload   = 1<<kindShift - 1

	leafFate   = 0 // the journey has ended
	leafAccept = 1 // the base chain has ended, with a state
	leafGo     = 2 // on to the next rule, with another state
	leafReturn = 3 // out of the chain, with a state
)

func (m *Map) leaf(kind uint32, id uint32) diagram.Node {
	if id > payload {
		panic(diagram.ErrBudget)
	}
	return diagram.Leaf(kind<<kindShift | id)
}

// end is the leaf of a fate.
func (m *Map) end(f Fate) diagram.Node {
	id, ok := m.fateIDs[f]
	if !ok {
		id = uint32(len(m.fates))
		m.fates = append(m.fates, f)
		m.fateIDs[f] = id
	}
	return m.leaf(leafFate, id)
}

func (m *Map) undecided(why string) diagram.Node {
	return m.end(Fate{Verdict: Undecided, Why: why})
}

// stateLeaf is a leaf that hands on a state.
func (m *Map) stateLeaf(kind uint32, st *state) diagram.Node {
	return m.leaf(kind, m.stateID(st))
}

func (m *Map) stateID(st *state) uint32 {
	id, ok := m.stateIDs[*st]
	if !ok {
		id = uint32(len(m.states))
		if id > 200_000 {
			panic(diagram.ErrBudget)
		}
		m.states = append(m.states, *st)
		m.stateIDs[*st] = id
	}
	return id
}

// finals checks that a diagram is finished.
func (m *Map) finals(n diagram.Node) diagram.Node {
	if m.dd.Max(n)>>kindShift != leafFate {
		panic(fmt.Sprintf("fate: a journey without an end: %x", m.dd.Max(n)))
	}
	return n
}

// otherID adds a field's value to a list of assigned fields.
func (m *Map) otherID(list int, f ruleset.Field, v sym) int {
	// Only the newest value of a field counts: the list is searched from its head.
	a := assigned{f, v, list}
	id, ok := m.otherIDs[a]
	if !ok {
		id = len(m.others)
		m.others = append(m.others, a)
		m.otherIDs[a] = id
	}
	return id
}

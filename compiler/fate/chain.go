package fate

import (
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/ruleset"
)

// maxDepth is how many chains deep a packet goes.
const maxDepth = 512

type chainKey struct {
	chain *ruleset.Chain
	first *ruleset.Rule // of a chain without a name, which is made anew each time
	state uint32
	hook  ruleset.Hook
}

// chain makes the diagram of a chain: Miss is what comes out of it unchanged, a
// leafGo what comes out changed.
func (m *Map) chain(t *ruleset.Table, c *ruleset.Chain, st *state) diagram.Node {
	if len(c.Rules) == 0 {
		return diagram.Miss
	}
	key := chainKey{c, nil, m.stateID(st), m.hook}
	if m.chainOf(t, c.Name) != c {
		key.chain, key.first = nil, c.Rules[0]
	}
	if n, ok := m.chains[key]; ok {
		return n
	}
	if m.depth > maxDepth {
		return m.undecided("chains are nested too deeply")
	}
	m.depth++
	n := m.from(t, c, 0, st)
	m.depth--
	if m.dd.Max(n)>>kindShift == leafReturn {
		id := m.stateID(st)
		n = m.dd.Map(n, func(v uint32) uint32 {
			switch {
			case v>>kindShift != leafReturn:
				return v
			case v&payload == id:
				return diagram.Miss.Value()
			}
			return leafGo<<kindShift | v&payload
		})
	}
	m.chains[key] = n
	return n
}

// from is the diagram of a chain's rules from the i-th on; leaves of leafReturn
// have left the chain.
func (m *Map) from(t *ruleset.Table, c *ruleset.Chain, i int, st *state) diagram.Node {
	var list []diagram.Node
	for ; i < len(c.Rules); i++ {
		n := m.rule(t, c, c.Rules[i], st)
		if n == diagram.Miss {
			continue
		}
		changed := m.statesOf(n, leafGo)
		if len(changed) == 0 {
			list = append(list, n)
			if m.dd.Min(n) > 0 {
				break
			}
			continue
		}
		n = m.dd.Over(n, m.fromMemo(t, c, i+1, st))
		for _, id := range changed {
			next := m.states[id]
			rest := m.fromMemo(t, c, i+1, &next)
			// Out of the chain's end comes the changed state, not st.
			rest = m.dd.Over(rest, m.leaf(leafReturn, id))
			n = m.dd.Select(n, leafGo<<kindShift|id, rest)
		}
		list = append(list, n)
		break
	}
	return m.dd.OverAll(list)
}

type fromKey struct {
	chain *ruleset.Chain
	i     int
	state uint32
	hook  ruleset.Hook
}

func (m *Map) fromMemo(t *ruleset.Table, c *ruleset.Chain, i int, st *state) diagram.Node {
	if i >= len(c.Rules) {
		return diagram.Miss
	}
	key := fromKey{c, i, m.stateID(st), m.hook}
	if n, ok := m.froms[key]; ok {
		return n
	}
	n := m.from(t, c, i, st)
	m.froms[key] = n
	return n
}

// statesOf are the states in leaves of a kind.
func (m *Map) statesOf(n diagram.Node, kind uint32) []uint32 {
	if m.dd.Max(n)>>kindShift < kind {
		return nil
	}
	var out []uint32
	for _, v := range m.dd.Values(n) {
		if v>>kindShift == kind {
			out = append(out, v&payload)
		}
	}
	return out
}

package shell

import (
	"github.com/loward/loward/backends/ipset"
	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// machine is a kernel whose rules the commands of a script change.
type machine struct {
	v4, v6 *iptables.State
	nft    *nft.State
	sets   *ipset.State
}

func newMachine() *machine {
	m := &machine{
		v4: iptables.NewState(ruleset.IP), v6: iptables.NewState(ruleset.IP6),
		nft: nft.NewState(nft.Options{}), sets: ipset.NewState(),
	}
	m.v4.Fresh()
	m.v6.Fresh()
	return m
}

// family of iptables' commands.
func (m *machine) family(v6 bool) *iptables.State {
	if v6 {
		return m.v6
	}
	return m.v4
}

// ruleset is everything that decides on packets: both of iptables' families,
// nft's tables, and the sets.
func (m *machine) ruleset() *ruleset.Ruleset {
	rs := &ruleset.Ruleset{}
	for _, part := range []*ruleset.Ruleset{m.v4.Ruleset(), m.v6.Ruleset(), m.nft.Ruleset()} {
		rs.Tables = append(rs.Tables, part.Tables...)
	}
	rs.IPSets = m.sets.Sets()
	iptables.CompleteSets(rs, &diag.List{Max: 1})
	return rs
}

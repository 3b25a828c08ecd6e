package convert

import (
	"slices"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// ToNft gives a ruleset whose tables are nft's. Those that are already stay as
// they are. valid says whether nft takes a word for a name. The ruleset is nil
// where there are mistakes.
func ToNft(rs *ruleset.Ruleset, valid func(name string) bool) (*ruleset.Ruleset, []*diag.Diagnostic) {
	c := &toNft{report: report{target: "nft"}, src: rs, valid: valid, users: setUsers(rs)}
	out := &ruleset.Ruleset{Header: rs.Header}
	taken := map[ruleset.Family]names{}
	for _, t := range rs.Tables {
		if taken[t.Family] == nil {
			taken[t.Family] = names{}
		}
		if t.Dialect == ruleset.Nft {
			taken[t.Family][t.Name] = true
		}
	}
	for _, t := range rs.Tables {
		if t.Dialect == ruleset.Iptables {
			t = c.convert(t, taken[t.Family].take(t.Name, maxNftName))
		}
		out.Tables = append(out.Tables, t)
	}
	if c.list.Errors() > 0 {
		return nil, c.mistakes()
	}
	return out, nil
}

// maxNftName is the greatest length of a name that every nft takes.
const maxNftName = 127

// maxDepth is how many jumps deep nft goes (NFT_JUMP_STACK_SIZE).
const maxDepth = 16

// toNft is a conversion under way.
type toNft struct {
	report
	src   *ruleset.Ruleset
	valid func(string) bool
	// users counts the tables that look into a set of ipset.
	users map[string]int

	from, to *ruleset.Table
	chains   map[string]string // iptables' name: nft's
	sets     map[string]string // ipset's name: nft's; "" where it was refused
	taken    names             // of sets and objects
	helpers  map[helperKey]string
}

func (c *toNft) convert(t *ruleset.Table, name string) *ruleset.Table {
	c.from, c.to = t, &ruleset.Table{Family: t.Family, Name: name, Origin: t.Origin}
	c.chains = make(map[string]string, len(t.Chains))
	c.sets, c.taken, c.helpers = map[string]string{}, names{}, map[helperKey]string{}
	taken := make(names, len(t.Chains))
	// Names that can stay are not to be taken by those that can't.
	for _, valid := range []bool{true, false} {
		for _, ch := range t.Chains {
			if c.valid(ch.Name) == valid && c.chains[ch.Name] == "" {
				c.chains[ch.Name] = taken.take(c.name(ch.Name), maxNftName)
			}
		}
	}
	for _, ch := range t.Chains {
		n := &ruleset.Chain{Name: c.chains[ch.Name], Comment: comment(ch.Comment), Origin: ch.Origin, Rules: make([]*ruleset.Rule, 0, len(ch.Rules))}
		if ch.Base != nil {
			base := *ch.Base
			n.Base = &base
		}
		for _, r := range ch.Rules {
			n.Rules = c.rule(n.Rules, r)
		}
		c.to.Chains = append(c.to.Chains, n)
	}
	c.depth(t)
	return c.to
}

// name is a word that nft takes for a name, after one of iptables'.
func (c *toNft) name(s string) string {
	if c.valid(s) {
		return s
	}
	if s = plainName(s); !c.valid(s) {
		s += "_"
	}
	return s
}

// depth refuses chains that are entered over more jumps than nft follows;
// iptables makes room for as many as there are.
func (c *toNft) depth(t *ruleset.Table) {
	byName := make(map[string]*ruleset.Chain, len(t.Chains))
	for _, ch := range t.Chains {
		byName[ch.Name] = ch
	}
	memo := map[*ruleset.Chain]int{}
	for _, ch := range t.Chains {
		if ch.Base != nil && below(ch, byName, memo, 0) > maxDepth {
			c.refuse(ch.Origin, "the chain %s: its jumps go deeper than %d, at which nft stops", ch.Name, maxDepth)
		}
	}
}

// below is how deep the jumps go from a chain on. A chain that is being looked
// at counts nothing: the tools refuse loops.
func below(ch *ruleset.Chain, byName map[string]*ruleset.Chain, memo map[*ruleset.Chain]int, level int) int {
	if n, ok := memo[ch]; ok {
		return n
	}
	if level > maxLevel {
		return level
	}
	memo[ch] = 0
	deepest := 0
	for _, r := range ch.Rules {
		for _, s := range r.Body {
			v, ok := s.(*ruleset.Verdict)
			if !ok || v.Chain == "" || byName[v.Chain] == nil {
				continue
			}
			n := below(byName[v.Chain], byName, memo, level+1)
			if v.Kind == ruleset.VerdictJump {
				n++ // a goto leaves nothing to come back to
			}
			deepest = max(deepest, n)
		}
	}
	memo[ch] = deepest
	return deepest
}

// maxLevel bounds recursion over chains.
const maxLevel = 1000

// setUsers counts for each set of ipset the tables that name it.
func setUsers(rs *ruleset.Ruleset) map[string]int {
	users := map[string]int{}
	if !slices.ContainsFunc(rs.Tables, func(t *ruleset.Table) bool { return t.Dialect == ruleset.Iptables }) {
		return users
	}
	for _, t := range rs.Tables {
		seen := map[string]bool{}
		for _, ch := range t.Chains {
			for _, r := range ch.Rules {
				for s := range r.Plain {
					name := ""
					switch s := s.(type) {
					case *ruleset.Lookup:
						if s.IPSet {
							name = s.Set
						}
					case *ruleset.SetUpdate:
						if s.IPSet {
							name = s.Set
						}
					}
					if name != "" && !seen[name] {
						seen[name] = true
						users[name]++
					}
				}
			}
		}
	}
	return users
}

package nft

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

const maxName = 28

// derived gives a name for something that the policy names.
func derived(prefix, name string) string {
	return policy.DerivedName(prefix+name, maxName)
}

// hashed gives a name for something that has none in the policy: the same for
// the same content, wherever it stands.
func hashed(prefix, content string) string {
	h := fnv.New64a()
	h.Write([]byte(content))
	return fmt.Sprintf("%s_%08x", policy.DerivedName(prefix, maxName-9), uint32(h.Sum64()^h.Sum64()>>32))
}

// fam4or6 is the suffix of what exists once for each family.
func fam4or6(f policy.Family) string {
	if f == policy.V6 {
		return "6"
	}
	return "4"
}

func joinSorted(m map[string]bool) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}

// nfproto restricts a rule to a family.
func nfproto(f policy.Family) ruleset.Stmt {
	n := uint64(ruleset.NFProtoIPv4)
	if f == policy.V6 {
		n = ruleset.NFProtoIPv6
	}
	return ruleset.In(ruleset.NFProto, ruleset.Num(n))
}

// only puts the restriction to a family in front, where none of the matches
// implies it.
func only(f policy.Family, m []ruleset.Stmt) []ruleset.Stmt {
	if f == policy.Both {
		return m
	}
	implies := func(f ruleset.Field) bool {
		fam := f.Info().Family
		return fam == ruleset.IP || fam == ruleset.IP6 || f == ruleset.NFProto
	}
	for _, s := range m {
		switch s := s.(type) {
		case *ruleset.Match:
			if implies(s.Field) {
				return m
			}
		case *ruleset.Lookup:
			if implies(ruleset.FieldOf(s.Key[0])) {
				return m
			}
		}
	}
	return append([]ruleset.Stmt{nfproto(f)}, m...)
}

var families = [...]policy.Family{policy.V4, policy.V6}

// comment on what a rule of a service or block became.
func (b *builder) comment(name string, r *policy.Rule) string {
	c, ok := b.comments[r]
	if !ok {
		c = name + " " + r.Span.FileLine()
		b.comments[r] = c
	}
	return c
}

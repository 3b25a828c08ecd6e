package change

import (
	"fmt"
	"slices"

	"github.com/loward/loward/compiler/packet/diagram"
)

// kind of a difference: what may become of packets before, and after.
type kind struct {
	old, new uint32 // sets of fates
	certain  bool
}

// kinds numbers the differences.
func (c *comparison) kinds(d, a, b diagram.Node) diagram.Node {
	set := func(n diagram.Node) diagram.Node {
		return c.u.Settled(n, func(values []uint32) uint32 {
			list := make([]uint32, len(values))
			for i, v := range values {
				list[i] = c.plain(v)
			}
			slices.Sort(list)
			return c.sets.id(slices.Compact(list))
		})
	}
	pairs := c.dd.Combine(set(a), set(b), func(x, y uint32) uint32 {
		if x == 0 || y == 0 {
			return 0
		}
		return c.sets.kind(kind{x, y, false})
	}, nil)
	return c.dd.Combine(d, pairs, func(known, pair uint32) uint32 {
		if known == 0 || pair == 0 {
			return 0
		}
		k := c.sets.kinds[pair]
		k.certain = known == differs
		return c.sets.kind(k)
	}, nil)
}

// fateSets numbers sets of fates, and kinds.
type fateSets struct {
	ids   map[string]uint32
	sets  [][]uint32
	kinds []kind // 0 and 1 are none
	known map[kind]uint32
}

func (s *fateSets) id(values []uint32) uint32 {
	if slices.Contains(values, 0) {
		return 0
	}
	key := fmt.Sprint(values)
	id, ok := s.ids[key]
	if !ok {
		s.sets = append(s.sets, slices.Clone(values))
		id = uint32(len(s.sets))
		s.ids[key] = id
	}
	return id
}

func (s *fateSets) kind(k kind) uint32 {
	id, ok := s.known[k]
	if !ok {
		id = uint32(len(s.kinds))
		s.kinds = append(s.kinds, k)
		s.known[k] = id
	}
	return id
}

package nft

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// set of that name, made on first use. A set's counters can't be switched on
// in place, so the name tells which it has.
func (b *builder) set(name string, key []ruleset.Expr) *ruleset.Set {
	s := b.sets[name]
	if s == nil {
		s = &ruleset.Set{Name: name, Key: key}
		b.sets[name] = s
		b.t.Sets = append(b.t.Sets, s)
	}
	return s
}

// replaced is set for the sets that grow with the policy. They are referred to
// by chains alone that are declared whenever the set is, so that a new set can
// take the place of the old one: emptied, it would keep its size.
func (b *builder) replaced(name string, key []ruleset.Expr) *ruleset.Set {
	s := b.set(name, key)
	s.Replaced = true
	return s
}

// counted is replaced for the sets whose elements stand for services.
func (b *builder) counted(name string, key []ruleset.Expr) *ruleset.Set {
	if !b.p.Options.Counters {
		return b.replaced(name+"_uncounted", key)
	}
	s := b.replaced(name, key)
	s.Counted = true
	return s
}

// key gives room for the terms of one element, out of larger allocations.
func (b *builder) key(terms ...ruleset.Term) []ruleset.Term {
	if len(b.terms)+len(terms) > cap(b.terms) {
		b.terms = make([]ruleset.Term, 0, 4096)
	}
	n := len(b.terms)
	b.terms = append(b.terms, terms...)
	return b.terms[n:len(b.terms):len(b.terms)]
}

// zoneMatch matches the arriving (or leaving) interface against a zone.
func (b *builder) zoneMatch(f ruleset.Field, z *policy.Ifaces, at diag.Span) ruleset.Stmt {
	if len(z.Names) == 1 {
		return ruleset.In(f, ruleset.Text(z.Names[0]))
	}
	return &ruleset.Lookup{Key: []ruleset.Expr{f}, Set: b.zoneSet(z, at)}
}

// zoneSet is the set of a zone's interfaces, one for each content; it stands for
// the first statement that needs it.
func (b *builder) zoneSet(z *policy.Ifaces, at diag.Span) string {
	content := "zone " + strings.Join(z.Names, ",")
	if name, ok := b.made[content]; ok {
		return name
	}
	wild := slices.ContainsFunc(z.Names, isWild)
	name := hashed("zone", content)
	if z.Name != "" {
		name = derived("zone_", z.Name)
	}
	if wild {
		name += "_wild" // a set's kind can't be changed in place
	}
	s := b.set(name, []ruleset.Expr{ruleset.IIFName})
	s.Interval, s.Origin = wild, at
	for _, n := range z.Names {
		s.Elems = append(s.Elems, ruleset.Elem{Key: b.key(ruleset.Text(n)), Origin: at})
	}
	b.made[content] = name
	return name
}

func isWild(name string) bool { return strings.HasSuffix(name, "*") }

// ranges of a family in a set of addresses.
func ranges(n *policy.Nets, f policy.Family) []policy.AddrRange {
	var out []policy.AddrRange
	for _, r := range n.Ranges {
		if policy.FamilyOf(r.Lo) == f {
			out = append(out, r)
		}
	}
	return out
}

// netMatch matches an address of family f against a net, or is nil where the
// net has no address of that family.
func (b *builder) netMatch(field ruleset.Field, n *policy.Nets, f policy.Family) ruleset.Stmt {
	rs := ranges(n, f)
	field = ruleset.In4or6(field, f == policy.V6)
	switch len(rs) {
	case 0:
		return nil
	case 1:
		return ruleset.In(field, ruleset.AddrRange(rs[0].Lo, rs[0].Hi))
	}
	var c strings.Builder
	c.WriteString("net " + fam4or6(f))
	for _, r := range rs {
		c.WriteString(" " + r.Lo.String() + "-" + r.Hi.String())
	}
	name, ok := b.made[c.String()]
	if !ok {
		name = hashed("net"+fam4or6(f), c.String())
		if n.Name != "" {
			name = derived("net"+fam4or6(f)+"_", n.Name)
		}
		s := b.set(name, []ruleset.Expr{ruleset.In4or6(ruleset.IPSaddr, f == policy.V6)})
		s.Interval = true
		for _, r := range rs {
			s.Elems = append(s.Elems, ruleset.Elem{Key: b.key(ruleset.AddrRange(r.Lo, r.Hi))})
		}
		b.made[c.String()] = name
	}
	return &ruleset.Lookup{Key: []ruleset.Expr{field}, Set: name}
}

// addrMatch matches a destination address.
func addrMatch(a netip.Addr) ruleset.Stmt {
	return ruleset.In(ruleset.In4or6(ruleset.IPDaddr, a.Is6()), ruleset.Addr(a))
}

// portsMatch matches a set of ports, or of ICMP types.
func (b *builder) portsMatch(f ruleset.Field, rs []policy.PortRange) ruleset.Stmt {
	if len(rs) == 1 {
		return ruleset.In(f, ruleset.Range(uint64(rs[0].Lo), uint64(rs[0].Hi)))
	}
	var c strings.Builder
	c.WriteString(f.Info().Name)
	for _, r := range rs {
		c.WriteString(" " + itoa(r.Lo) + "-" + itoa(r.Hi))
	}
	name, ok := b.made[c.String()]
	if !ok {
		name = hashed("ports", c.String())
		s := b.set(name, []ruleset.Expr{f})
		s.Interval = true
		for _, r := range rs {
			s.Elems = append(s.Elems, ruleset.Elem{Key: b.key(ruleset.Range(uint64(r.Lo), uint64(r.Hi)))})
		}
		b.made[c.String()] = name
	}
	return &ruleset.Lookup{Key: []ruleset.Expr{f}, Set: name}
}

func itoa(n uint16) string {
	var d [5]byte
	i := len(d)
	for {
		i--
		d[i] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return string(d[i:])
		}
	}
}

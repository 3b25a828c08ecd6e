package nft

import (
	"slices"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// traffic matches a class of packets. With family Both the rule serves both
// families; a class of one family then brings its own match for it.
func (b *builder) traffic(t policy.Traffic, f policy.Family) []ruleset.Stmt {
	var out []ruleset.Stmt
	switch {
	case t.Any:
		if f == policy.Both && t.Families != policy.Both {
			out = append(out, nfproto(t.Families))
		}
		return out
	case t.IsICMP():
		v6 := t.Proto == policy.ICMPv6
		out = append(out, ruleset.In(ruleset.L4Proto, ruleset.Num(uint64(t.Proto))))
		if len(t.Types) > 0 {
			out = append(out, b.portsMatch(ruleset.In4or6(ruleset.ICMPType, v6), t.Types))
		}
		return out
	}
	if f == policy.Both && t.Families != policy.Both {
		out = append(out, nfproto(t.Families))
	}
	out = append(out, ruleset.In(ruleset.L4Proto, ruleset.Num(uint64(t.Proto))))
	if len(t.Ports) > 0 {
		out = append(out, b.portsMatch(ruleset.Dport, t.Ports))
	}
	return out
}

// matched is one way in which a packet can be what a statement speaks of: a
// conjunction of matches.
type matched struct {
	m      []ruleset.Stmt
	helper string // conntrack helper of its traffic, or ""
}

// matches of a rule, one for each class of traffic and, where addresses are
// named, for each family. where is put in front of each; on is the field that
// the statement's `on` means.
func (b *builder) matches(r *policy.Rule, on ruleset.Field, where ...ruleset.Stmt) []matched {
	fams := []policy.Family{policy.Both}
	if r.From != nil || r.To != nil || r.Families != policy.Both {
		fams = families[:]
	}
	var out []matched
	for _, t := range r.Traffic {
		for _, f := range fams {
			if f&r.Families == 0 || f&t.Families == 0 {
				continue
			}
			for _, dst := range b.dest(r, f, on) {
				m := slices.Clone(where)
				if r.On != nil {
					m = append(m, b.zoneMatch(on, r.On, r.Span))
				}
				if r.Out != nil {
					m = append(m, b.zoneMatch(ruleset.OIFName, r.Out, r.Span))
				}
				if r.From != nil {
					src := b.netMatch(ruleset.IPSaddr, r.From, f)
					if src == nil {
						continue
					}
					m = append(m, src)
				}
				m = append(m, dst...)
				m = append(m, b.traffic(t, f)...)
				for _, m := range b.owners(r, only(f, m)) {
					out = append(out, matched{m, t.Helper})
				}
			}
		}
	}
	return out
}

// dest are the ways in which a packet can be sent to what `to` names: each a
// conjunction. Nil means anywhere: one way, without any match.
func (b *builder) dest(r *policy.Rule, f policy.Family, on ruleset.Field) [][]ruleset.Stmt {
	to := r.To
	if to == nil {
		return [][]ruleset.Stmt{nil}
	}
	var out [][]ruleset.Stmt
	if to.Nets != nil {
		if m := b.netMatch(ruleset.IPDaddr, to.Nets, f); m != nil {
			out = append(out, []ruleset.Stmt{m})
		}
	}
	if to.Host {
		out = append(out, b.atHostOnly(f))
	}
	if len(to.Ifaces) > 0 && on == ruleset.OIFName {
		b.diag.Errorf(r.Span, "`to` means the addresses of interface %s here, which are known only at run time, and only for what arrives on it", to.Ifaces[0]).
			WithCode("LW091").Helpf("name the addresses, or a service on `address host`")
		return out
	}
	for _, i := range to.Ifaces {
		out = append(out, atIface(i))
	}
	return out
}

// atHostOnly matches what `address host` covers, services' own addresses
// excepted.
func (b *builder) atHostOnly(f policy.Family) []ruleset.Stmt {
	m := atHost(f)
	if set := b.hereSet(f); set != "" {
		m = append(m, &ruleset.Lookup{Key: []ruleset.Expr{ruleset.In4or6(ruleset.IPDaddr, f == policy.V6)}, Set: set, Neg: true})
	}
	return m
}

// hereSet is the set of the services' own addresses that live here, or "".
func (b *builder) hereSet(f policy.Family) string {
	name := "own" + fam4or6(f)
	if b.sets[name] != nil {
		return name
	}
	var s *ruleset.Set
	for _, a := range b.v.Own {
		if policy.FamilyOf(a) != f {
			continue
		}
		if s == nil {
			s = b.set(name, []ruleset.Expr{ruleset.In4or6(ruleset.IPDaddr, f == policy.V6)})
		}
		s.Elems = append(s.Elems, ruleset.Elem{Key: b.key(ruleset.Addr(a))})
	}
	if s == nil {
		return ""
	}
	return name
}

// owners multiplies a match with the users and groups that a rule names. Only
// positive matches: a packet without an owner matches none of them.
func (b *builder) owners(r *policy.Rule, m []ruleset.Stmt) [][]ruleset.Stmt {
	out := [][]ruleset.Stmt{m}
	times := func(f ruleset.Field, names []string, used map[string]bool) {
		if len(names) == 0 {
			return
		}
		var next [][]ruleset.Stmt
		for _, m := range out {
			for _, n := range names {
				used[n] = true
				next = append(next, append(slices.Clone(m), ruleset.In(f, ruleset.Text(n))))
			}
		}
		out = next
	}
	times(ruleset.SKUID, r.Users, b.users)
	times(ruleset.SKGID, r.Groups, b.groups)
	return out
}

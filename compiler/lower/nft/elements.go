package nft

import (
	"net/netip"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// shape is one of the exact sets: what its key holds besides the address.
type shape uint8

const (
	shapePorts  shape = iota // protocol and port
	shapeICMP                // ICMP type
	shapeProtos              // protocol
	shapeAll                 // nothing: every packet
	numShapes
)

// exactSet names the set of a shape in a family; any is for statements that
// hold on every interface.
func exactSet(sh shape, f policy.Family, any bool) string {
	name := [numShapes]string{"ports", "icmp", "protos", "all"}[sh] + fam4or6(f)
	if any {
		name += "_any"
	}
	return name
}

func exactKey(sh shape, f policy.Family, any bool) []ruleset.Expr {
	v6 := f == policy.V6
	key := []ruleset.Expr{ruleset.In4or6(ruleset.IPDaddr, v6)}
	switch sh {
	case shapePorts:
		key = append(key, ruleset.L4Proto, ruleset.Dport)
	case shapeICMP:
		key = append(key, ruleset.In4or6(ruleset.ICMPType, v6))
	case shapeProtos:
		key = append(key, ruleset.L4Proto)
	}
	if !any {
		key = append(key, ruleset.IIFName)
	}
	return key
}

// exactSet is the set of that name; asked for once an element, so that its
// name is built once.
func (b *builder) exactSet(sh shape, f policy.Family, any bool) *ruleset.Set {
	k := setKey{sh, f, any}
	s := b.exacts[k]
	if s == nil {
		s = b.counted(exactSet(sh, f, any), exactKey(sh, f, any))
		b.exacts[k] = s
	}
	return s
}

type setKey struct {
	shape  shape
	family policy.Family
	any    bool
}

// The interval sets: the address first, the interface last.
func rangesKey(f policy.Family, any bool) []ruleset.Expr {
	v6 := f == policy.V6
	key := []ruleset.Expr{ruleset.In4or6(ruleset.IPDaddr, v6), ruleset.L4Proto, ruleset.Dport, ruleset.In4or6(ruleset.IPSaddr, v6)}
	if !any {
		key = append(key, ruleset.IIFName)
	}
	return key
}

func rangesSet(f policy.Family, any bool) string {
	name := "ranges" + fam4or6(f)
	if any {
		name += "_any"
	}
	return name
}

// elemKey tells elements of one place apart.
type elemKey struct {
	set   *ruleset.Set
	proto uint8
	port  uint16
	iface string
}

// asElements says whether a rule of a service without any deny can be said with
// elements, where the destination address is known.
func asElements(r *policy.Rule) bool {
	if r.Limit != nil || r.Log != nil {
		return false
	}
	ranged := r.From != nil || r.On != nil && hasWild(r.On)
	if elementsOf(r) > mostElements || ranged && elementsOf(r) > mostRanges {
		return false
	}
	for _, t := range r.Traffic {
		if t.Helper != "" {
			return false
		}
		if ranged && !t.HasPorts() {
			return false
		}
		if t.IsICMP() && !exactRanges(t.Types) {
			return false
		}
	}
	return true
}

// A rule that would become more elements than this at one address is said in
// the service's chain, with sets for its interfaces, sources and ports. The
// kernel takes time for the elements of an interval set that grows with the
// square of their number.
const (
	mostElements = 1024
	mostRanges   = 64
)

func elementsOf(r *policy.Rule) int {
	n := 0
	for _, t := range r.Traffic {
		n += max(1, len(t.Ports), len(t.Types))
	}
	if r.On != nil {
		n *= len(r.On.Names)
	}
	if r.From != nil {
		n *= len(r.From.Ranges)
	}
	return n
}

func hasWild(z *policy.Ifaces) bool {
	for _, n := range z.Names {
		if isWild(n) {
			return true
		}
	}
	return false
}

func exactRanges(rs []policy.PortRange) bool {
	for _, r := range rs {
		if r.Lo != r.Hi {
			return false
		}
	}
	return true
}

// elements adds what a rule allows at an address to the sets.
func (b *builder) elements(a netip.Addr, name string, r *policy.Rule) {
	f := policy.FamilyOf(a)
	if r.Families&f == 0 {
		return
	}
	dst := ruleset.Addr(a)
	comment := b.comment(name, r)
	for _, t := range r.Traffic {
		switch {
		case t.Families&f == 0:
		case r.From != nil || r.On != nil && hasWild(r.On):
			b.rangedElements(a, r, t, comment)
		case t.Any:
			b.exact(shapeAll, f, dst, r, t.Proto, 0, comment)
		case t.IsICMP() && len(t.Types) > 0:
			for _, x := range t.Types {
				b.exact(shapeICMP, f, dst, r, t.Proto, x.Lo, comment)
			}
		case len(t.Ports) == 0:
			b.exact(shapeProtos, f, dst, r, t.Proto, 0, comment)
		default:
			for _, p := range t.Ports {
				if p.Lo == p.Hi {
					b.exact(shapePorts, f, dst, r, t.Proto, p.Lo, comment)
				} else {
					b.rangedPort(a, r, t.Proto, p, nil, comment)
				}
			}
		}
	}
}

// reserve makes room for the elements of a family, which append would otherwise
// copy again and again: with 10,000 services they are most of the memory used.
func (b *builder) reserve(f policy.Family) {
	var room [numShapes][2]int
	for a, pl := range b.own {
		if policy.FamilyOf(a) != f {
			continue
		}
		for _, s := range pl.services {
			if hasDeny(s) {
				continue
			}
			for _, r := range s.Rules {
				if r.Families&f == 0 || r.From != nil || !asElements(r) {
					continue
				}
				ifaces, any := 1, 1
				if r.On != nil {
					ifaces, any = len(r.On.Names), 0
				}
				for _, t := range r.Traffic {
					switch {
					case t.Families&f == 0:
					case t.Any:
						room[shapeAll][any] += ifaces
					case t.IsICMP() && len(t.Types) > 0:
						room[shapeICMP][any] += ifaces * len(t.Types)
					case len(t.Ports) == 0:
						room[shapeProtos][any] += ifaces
					default:
						room[shapePorts][any] += ifaces * len(t.Ports)
					}
				}
			}
		}
	}
	for sh := range numShapes {
		for i, any := range [...]bool{false, true} {
			if n := room[sh][i]; n > 0 {
				b.exactSet(sh, f, any).Elems = make([]ruleset.Elem, 0, n)
			}
		}
	}
}

// exact adds the element for each interface of the rule, or the one for any.
func (b *builder) exact(sh shape, f policy.Family, dst ruleset.Term, r *policy.Rule, proto uint8, port uint16, comment string) {
	any := r.On == nil
	s := b.exactSet(sh, f, any)
	var key [4]ruleset.Term
	key[0] = dst
	n := 1
	switch sh {
	case shapePorts:
		key[1], key[2], n = ruleset.Num(uint64(proto)), ruleset.Num(uint64(port)), 3
	case shapeICMP:
		key[1], n = ruleset.Num(uint64(port)), 2
	case shapeProtos:
		key[1], n = ruleset.Num(uint64(proto)), 2
	}
	one := func(iface string) {
		k := elemKey{s, proto, port, iface}
		if b.seen[k] {
			return
		}
		b.seen[k] = true
		m := n
		if !any {
			key[n] = ruleset.Text(iface)
			m++
		}
		s.Elems = append(s.Elems, ruleset.Elem{Key: b.key(key[:m]...), Comment: comment, Origin: r.Span})
	}
	if any {
		one("")
		return
	}
	for _, iface := range r.On.Names {
		one(iface)
	}
}

func (b *builder) rangedElements(a netip.Addr, r *policy.Rule, t policy.Traffic, comment string) {
	ports := t.Ports
	if len(ports) == 0 {
		ports = []policy.PortRange{{Lo: 0, Hi: 65535}}
	}
	for _, p := range ports {
		b.rangedPort(a, r, t.Proto, p, r.From, comment)
	}
}

// rangedPort notes a box for the interval sets, for each source and interface.
func (b *builder) rangedPort(a netip.Addr, r *policy.Rule, proto uint8, p policy.PortRange, from *policy.Nets, comment string) {
	f := policy.FamilyOf(a)
	sources := []policy.AddrRange{wholeFamily(f)}
	if from != nil {
		sources = ranges(from, f)
	}
	g := boxGroup{a, proto, r.On == nil}
	if _, ok := b.boxes[g]; !ok {
		b.boxOrder = append(b.boxOrder, g)
	}
	ifaces := []string{""}
	if r.On != nil {
		ifaces = r.On.Names
	}
	for _, src := range sources {
		for _, iface := range ifaces {
			b.boxes[g] = append(b.boxes[g], box{
				ports: p, lo: ruleset.AddrValue(src.Lo), hi: ruleset.AddrValue(src.Hi),
				iface: iface, comment: comment, origin: r.Span,
			})
		}
	}
}

func wholeFamily(f policy.Family) policy.AddrRange {
	if f == policy.V4 {
		return policy.AddrRange{Lo: netip.IPv4Unspecified(), Hi: netip.AddrFrom4([4]byte{255, 255, 255, 255})}
	}
	var all [16]byte
	for i := range all {
		all[i] = 255
	}
	return policy.AddrRange{Lo: netip.IPv6Unspecified(), Hi: netip.AddrFrom16(all)}
}

package nft

import (
	"net/netip"
	"slices"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// hostChain allows what services on `address host` allow, and returns.
func (b *builder) hostChain() string {
	const name = "host"
	if b.chains[name] != nil {
		return name
	}
	b.chain(name)
	var chains []string
	clear(b.seen)
	for _, s := range b.host {
		if hasDeny(s) {
			chains = append(chains, b.serviceChain(s, "service_", func(*policy.Rule) bool { return true }))
			continue
		}
		rest := false
		for _, r := range s.Rules {
			if !b.hostElements(s.Name, r) {
				rest = true
			}
		}
		if rest {
			chains = append(chains, b.serviceChain(s, "host_", func(r *policy.Rule) bool { return !asHostElements(r) }))
		}
	}
	for _, any := range [...]bool{false, true} {
		b.lookup(name, hostSet(any), hostKey(any))
	}
	for _, c := range chains {
		b.add(name, "", nowhere, ruleset.Jump(c))
	}
	return name
}

func hostSet(any bool) string {
	if any {
		return "host_ports_any"
	}
	return "host_ports"
}

func hostKey(any bool) []ruleset.Expr {
	key := []ruleset.Expr{ruleset.L4Proto, ruleset.Dport}
	if !any {
		key = append(key, ruleset.IIFName)
	}
	return key
}

// asHostElements says whether a rule can be said with elements where the
// address is any of the host's: exact ports on exact interfaces, both families.
func asHostElements(r *policy.Rule) bool {
	if !asElements(r) || r.From != nil || r.On != nil && hasWild(r.On) || r.Families != policy.Both {
		return false
	}
	for _, t := range r.Traffic {
		if !t.HasPorts() || t.Families != policy.Both || len(t.Ports) == 0 || !exactRanges(t.Ports) {
			return false
		}
	}
	return true
}

func (b *builder) hostElements(name string, r *policy.Rule) bool {
	if !asHostElements(r) {
		return false
	}
	any := r.On == nil
	s := b.counted(hostSet(any), hostKey(any))
	ifaces := []string{""}
	if !any {
		ifaces = r.On.Names
	}
	for _, t := range r.Traffic {
		for _, p := range t.Ports {
			for _, iface := range ifaces {
				k := elemKey{s, t.Proto, p.Lo, iface}
				if b.seen[k] {
					continue
				}
				b.seen[k] = true
				key := []ruleset.Term{ruleset.Num(uint64(t.Proto)), ruleset.Num(uint64(p.Lo)), ruleset.Text(iface)}
				if any {
					key = key[:2]
				}
				s.Elems = append(s.Elems, ruleset.Elem{Key: b.key(key...), Comment: b.comment(name, r), Origin: r.Span})
			}
		}
	}
	return true
}

// ifaceChain allows what services on a dhcp interface allow, and returns.
func (b *builder) ifaceChain(iface string) string {
	services := b.ifaces[iface]
	var chains []string
	for _, s := range services {
		chains = append(chains, b.serviceChain(s, b.wholePrefix(s), func(*policy.Rule) bool { return true }))
	}
	return b.jumps("iface", services, chains)
}

// wholePrefix names the chain that holds all of a service's rules. Where
// elements say part of them elsewhere, that is another chain.
func (b *builder) wholePrefix(s *policy.Service) string {
	if hasDeny(s) {
		return "service_"
	}
	return "whole_"
}

// closedShared refuses what is claimed by traffic on addresses that other
// things live on too. Whoever allows it has been asked by now.
func (b *builder) closedShared(f policy.Family) {
	name := servicesChain(f)
	v6 := f == policy.V6
	var m *ruleset.Set
	for _, a := range b.sharedAddrs {
		if policy.FamilyOf(a) != f {
			continue
		}
		services := b.shared[a].services
		if !loopback(a) && !b.shared[a].guarded {
			services = union(services, b.host)
		}
		if len(policy.Cells(services, f)) == 0 {
			continue // local statements alone close nothing from outside
		}
		if m == nil {
			m = b.replaced("closed"+fam4or6(f), []ruleset.Expr{ruleset.In4or6(ruleset.IPDaddr, v6)})
			m.Verdicts = true
		}
		m.Elems = append(m.Elems, ruleset.Elem{
			Key: b.key(ruleset.Addr(a)), Comment: nameAll(services), Origin: services[0].Span,
			Verdict: ruleset.Jump(b.closedChain("closed"+fam4or6(f)+"_"+a.String(), services, f)),
		})
	}
	if m != nil {
		b.add(name, "", nowhere, &ruleset.VMap{Key: []ruleset.Expr{ruleset.In4or6(ruleset.IPDaddr, v6)}, Map: m.Name})
	}
	for _, i := range b.ifaceNames {
		chain := b.closedChain("closed"+fam4or6(f)+"_on_"+i, union(b.ifaces[i], b.host), f)
		b.add(name, "", nowhere, append(atIface(i), ruleset.Jump(chain))...)
	}
	if len(b.host) > 0 {
		chain := b.closedChain("closed"+fam4or6(f)+"_host", b.host, f)
		b.add(name, "", nowhere, append(atHost(f), ruleset.Jump(chain))...)
	}
}

func loopback(a netip.Addr) bool { return loopback4.Contains(a) || loopback6.Contains(a) }

func union(a, b []*policy.Service) []*policy.Service {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// closedChain refuses the traffic that services claim, and returns for the rest.
func (b *builder) closedChain(name string, services []*policy.Service, f policy.Family) string {
	name = derived("", name)
	b.chain(name)
	key := []ruleset.Expr{ruleset.L4Proto, ruleset.Dport}
	var ports *ruleset.Set
	var rest []policy.Cell
	for _, c := range policy.Cells(services, f) {
		t := c.Traffic
		if !t.HasPorts() || len(t.Ports) != 1 || t.Ports[0].Lo != t.Ports[0].Hi {
			rest = append(rest, c)
			continue
		}
		if ports == nil {
			ports = b.counted(name+"_ports", key)
			ports.Verdicts = true
		}
		s := c.Refusal.Service
		ports.Elems = append(ports.Elems, ruleset.Elem{
			Key:     b.key(ruleset.Num(uint64(t.Proto)), ruleset.Num(uint64(t.Ports[0].Lo))),
			Verdict: b.refusal(c.Refusal), Comment: s.Name + " refused " + s.Span.FileLine(), Origin: s.Span,
		})
	}
	if ports != nil {
		b.add(name, "", nowhere, &ruleset.VMap{Key: key, Map: ports.Name})
	}
	for _, c := range rest {
		s := c.Refusal.Service
		b.add(name, s.Name+" refused "+s.Span.FileLine(), s.Span, append(b.traffic(c.Traffic, f), b.refusal(c.Refusal))...)
	}
	return name
}

// needsIn lets pass what IP itself needs, in front of what would refuse it:
// neighbour discovery and router solicitation and advertisement, which only a
// neighbour can send with hop limit 255 (RFC 4861); MLD, which only a neighbour
// sends from a link-local address with hop limit 1 (RFC 2710, RFC 3810); IGMP;
// and what a DHCP client waits for.
func (b *builder) needsIn(chain string, f policy.Family, v *ruleset.Verdict) {
	b.needs(chain, f, v, ruleset.IIFName, [2]uint64{67, 68}, [2]uint64{547, 546}, ruleset.Prefix(linkLocal))
}

// needsOut is the same for what leaves. A host reports its groups before it has
// a link-local address (RFC 3590).
func (b *builder) needsOut(chain string, f policy.Family) {
	b.needs(chain, f, ruleset.Accept, ruleset.OIFName, [2]uint64{68, 67}, [2]uint64{546, 547},
		ruleset.Prefix(linkLocal), ruleset.Addr(netip.IPv6Unspecified()))
}

var linkLocal = netip.MustParsePrefix("fe80::/10")

func (b *builder) needs(chain string, f policy.Family, v *ruleset.Verdict, iface ruleset.Field, dhcp4, dhcp6 [2]uint64, mldFrom ...ruleset.Term) {
	dhcp := dhcp4
	if f == policy.V6 {
		dhcp = dhcp6
		icmpv6 := ruleset.In(ruleset.L4Proto, ruleset.Num(policy.ICMPv6))
		b.add(chain, "neighbour and router discovery", nowhere, icmpv6,
			ruleset.In(ruleset.ICMPv6Type, ruleset.Range(133, 136)), ruleset.In(ruleset.IP6HopLimit, ruleset.Num(255)), v)
		b.add(chain, "MLD", nowhere, icmpv6,
			ruleset.In(ruleset.ICMPv6Type, ruleset.Num(130), ruleset.Num(131), ruleset.Num(132), ruleset.Num(143)),
			ruleset.In(ruleset.IP6HopLimit, ruleset.Num(1)), ruleset.In(ruleset.IP6Saddr, mldFrom...), v)
	} else {
		b.add(chain, "IGMP", nowhere, nfproto(f), ruleset.In(ruleset.L4Proto, ruleset.Num(policy.IGMP)), v)
	}
	for _, i := range b.v.Host.Interfaces {
		if i.DHCP {
			b.add(chain, "DHCP", nowhere, nfproto(f), ruleset.In(iface, ruleset.Text(i.Name)), ruleset.In(ruleset.L4Proto, ruleset.Num(policy.UDP)),
				ruleset.In(ruleset.Sport, ruleset.Num(dhcp[0])), ruleset.In(ruleset.Dport, ruleset.Num(dhcp[1])), v)
		}
	}
}

package nft

import (
	"net/netip"
	"slices"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

var nowhere diag.Span

// prerouting decides about everything that arrives from outside, by the
// destination that its sender wrote.
func (b *builder) prerouting() {
	b.add(chainPrerouting, "local delivery is decided in output", nowhere, onLo(ruleset.IIF), ruleset.Accept)
	if b.p.Options.Antispoof {
		b.antispoof()
	}
	if len(b.ownAddrs)+len(b.sharedAddrs)+len(b.host)+len(b.ifaceNames) == 0 {
		b.loopbackFromOutside()
		return
	}
	if b.labels() {
		b.add(chainPrerouting, "bears no label: services are asked in input and forward", nowhere,
			ruleset.Any(ruleset.CTState, b.entryless()), ruleset.Accept)
	}
	perPacket := b.perPacketServices()
	for _, r := range perPacket {
		b.add(chainPrerouting, "a limit that counts every packet", nowhere, r...)
	}
	b.add(chainPrerouting, "", nowhere, ruleset.Any(ruleset.CTState, ruleset.StateEstablished|ruleset.StateRelated), ruleset.Accept)
	for _, f := range families {
		if b.claimsIn(f) {
			b.add(chainPrerouting, "", nowhere, nfproto(f), ruleset.Goto(servicesChain(f)))
			b.services(f)
		} else {
			b.loopbackDrop(chainPrerouting, f)
		}
	}
}

// onLo matches lo by its index, which is 1 in every network namespace: the
// first match of nearly every packet is the cheapest there is.
func onLo(f ruleset.Field) *ruleset.Match { return ruleset.In(f, ruleset.Text("lo")) }

func servicesChain(f policy.Family) string { return "services" + fam4or6(f) }

// claimsIn says whether anything is claimed in a family.
func (b *builder) claimsIn(f policy.Family) bool {
	of := func(a netip.Addr) bool { return policy.FamilyOf(a) == f }
	return len(b.host)+len(b.ifaceNames) > 0 || slices.ContainsFunc(b.ownAddrs, of) || slices.ContainsFunc(b.sharedAddrs, of)
}

// antispoof drops what bears a source that only this host can have. It stands
// before the shortcut for known connections, which a forged packet could join.
// A NIC's own multicast and broadcast come back with the host's source: only
// unicast destinations are judged. Link-local addresses repeat on every link.
func (b *builder) antispoof() {
	const chain = "antispoof"
	b.add(chainPrerouting, "", nowhere, ruleset.In(ruleset.FibSaddrType, ruleset.Num(ruleset.AddrLocal)), ruleset.Jump(chain))
	b.add(chain, "a host's own multicast and broadcast come back to it", nowhere,
		ruleset.In(ruleset.FibDaddrType, ruleset.Num(ruleset.AddrBroadcast), ruleset.Num(ruleset.AddrMulticast)), ruleset.Return)
	b.add(chain, "another's link-local address", nowhere,
		ruleset.In(ruleset.IP6Saddr, ruleset.Prefix(netip.MustParsePrefix("fe80::/10"))),
		ruleset.NotIn(ruleset.FibSaddrIIFType, ruleset.Num(ruleset.AddrLocal)), ruleset.Return)
	for _, a := range b.v.SharedOwn {
		b.add(chain, "another home has this address too", nowhere,
			ruleset.In(ruleset.In4or6(ruleset.IPSaddr, a.Is6()), ruleset.Addr(a)), ruleset.Return)
	}
	b.add(chain, "antispoof", nowhere, ruleset.Drop)
}

// loopbackFromOutside drops what is sent to 127/8 or ::1 from outside, before a
// translation can make it deliverable.
func (b *builder) loopbackFromOutside() {
	for _, f := range families {
		b.loopbackDrop(chainPrerouting, f)
	}
}

func (b *builder) loopbackDrop(chain string, f policy.Family) {
	if b.p.Options.Antispoof && !b.v.Host.RouteLocalnet {
		b.add(chain, "antispoof", nowhere, loopbackDst(f), ruleset.Drop)
	}
}

// claimsLoopback says whether a set could allow what is sent to 127/8 or ::1.
func (b *builder) claimsLoopback() bool {
	return slices.ContainsFunc(b.ownAddrs, loopback) || slices.ContainsFunc(b.sharedAddrs, loopback)
}

var (
	loopback4 = netip.MustParsePrefix("127.0.0.0/8")
	loopback6 = netip.MustParsePrefix("::1/128")
)

func loopbackDst(f policy.Family) *ruleset.Match {
	if f == policy.V4 {
		return ruleset.In(ruleset.IPDaddr, ruleset.Prefix(loopback4))
	}
	return ruleset.In(ruleset.IP6Daddr, ruleset.Prefix(loopback6))
}

// atHost matches what is sent to an address that `address host` covers. View.Own
// needs no exception where own addresses have been decided already.
func atHost(f policy.Family) []ruleset.Stmt {
	m := loopbackDst(f)
	m.Neg = true
	return []ruleset.Stmt{ruleset.In(ruleset.FibDaddrType, ruleset.Num(ruleset.AddrLocal)), m}
}

// atIface matches what arrives on an interface for an address local to it.
func atIface(iface string) []ruleset.Stmt {
	return []ruleset.Stmt{
		ruleset.In(ruleset.IIFName, ruleset.Text(iface)),
		ruleset.In(ruleset.FibDaddrIIFType, ruleset.Num(ruleset.AddrLocal)),
	}
}

// services is the chain that decides about claimed packets of a family. The
// sets stand first: what they allow is most of what arrives for a service.
func (b *builder) services(f policy.Family) {
	name := servicesChain(f)
	b.chain(name)
	early := b.claimsLoopback()
	if early {
		b.loopbackDrop(name, f)
	}
	if b.p.Options.InvalidDrop {
		b.add(name, "", nowhere, ruleset.Any(ruleset.CTState, ruleset.StateInvalid), ruleset.Goto("invalid"+fam4or6(f)))
		b.invalid(f)
	}
	b.claimed(f)
	for sh := range numShapes {
		for _, any := range [...]bool{false, true} {
			b.lookup(name, exactSet(sh, f, any), exactKey(sh, f, any))
		}
	}
	for _, any := range [...]bool{false, true} {
		if b.hasBoxes(f, any) {
			b.counted(rangesSet(f, any), rangesKey(f, any))
			b.lookup(name, rangesSet(f, any), rangesKey(f, any))
		}
	}
	if !early {
		b.loopbackDrop(name, f)
	}
	b.neededClaims(name, f)
	// Not accept: at input, where packets without an entry are asked about, the
	// block goes on with what IP needs.
	b.needsIn(name, f, ruleset.Return)
	daddr := []ruleset.Expr{ruleset.In4or6(ruleset.IPDaddr, f == policy.V6)}
	if m := b.sets["claims"+fam4or6(f)]; m != nil {
		b.add(name, "", nowhere, &ruleset.VMap{Key: daddr, Map: m.Name})
	}
	if len(b.host) > 0 {
		b.add(name, "", nowhere, append(atHost(f), ruleset.Jump(b.hostChain()))...)
	}
	for _, i := range b.ifaceNames {
		b.add(name, "", nowhere, append(atIface(i), ruleset.Jump(b.ifaceChain(i)))...)
	}
	b.closedShared(f)
}

// neededClaims allows what IP needs where a service claims it, if a block would ask
// again and refuse some of it: claimed packets are no block's business. What is sent
// to an address that is guarded here comes to forward, which lets nothing pass for
// being needed.
func (b *builder) neededClaims(chain string, f policy.Family) {
	refuses := func(blk *policy.Block) bool {
		return slices.ContainsFunc(blk.Rules, func(r *policy.Rule) bool { return (!r.Allow || r.Limit != nil) && r.Families&f != 0 })
	}
	in, fwd := b.v.Inbound, b.v.Forward
	if (in.KeepsNeeds() || !refuses(in)) && (!b.guards(f) || !fwd.Closed() && !refuses(fwd)) {
		return
	}
	b.needsIn(chain, f, ruleset.Jump(b.letClaimed(f)))
}

// letClaimed is a chain that allows all that is sent to something claimed.
func (b *builder) letClaimed(f policy.Family) string {
	name := "served" + fam4or6(f)
	if c := b.chains[name]; c == nil || len(c.Rules) == 0 {
		b.allClaimed(name, f, b.allowed())
	}
	return name
}

// guards says whether an address of a family that lives elsewhere is claimed here.
func (b *builder) guards(f policy.Family) bool {
	return slices.ContainsFunc(b.v.Services, func(s *policy.Service) bool {
		return slices.ContainsFunc(s.Scopes, func(sc *policy.Scope) bool { return sc.Guarded && sc.Family()&f != 0 })
	})
}

func (b *builder) hasBoxes(f policy.Family, any bool) bool {
	return slices.ContainsFunc(b.boxOrder, func(g boxGroup) bool { return policy.FamilyOf(g.addr) == f && g.any == any })
}

// lookup lets pass what is in a set, if there is such a set.
func (b *builder) lookup(chain, set string, key []ruleset.Expr) {
	if !b.p.Options.Counters {
		set += "_uncounted"
	}
	if b.sets[set] != nil {
		b.add(chain, "", nowhere, &ruleset.Lookup{Key: key, Set: set}, b.allowed())
	}
}

// allowed is the verdict for what a service allows.
func (b *builder) allowed() *ruleset.Verdict {
	if !b.labels() {
		return ruleset.Accept
	}
	if b.chains[chainAllowed] == nil {
		b.add(chainAllowed, "a service allowed it: input and forward let it pass", nowhere,
			&ruleset.SetField{Field: ruleset.CTLabel, Value: ruleset.Num(label)}, ruleset.Accept)
	}
	return ruleset.Goto(chainAllowed)
}

// labels says whether a block could refuse what a service has allowed.
func (b *builder) labels() bool { return !b.v.Inbound.Idle() || !b.v.Forward.Idle() }

// entryless are the states of packets without an entry in conntrack, which can
// bear no label and which nothing translates. Where a block would judge what a
// service has allowed, services are asked about them at the block instead of in
// prerouting: once, so that limits count them once.
func (b *builder) entryless() uint64 {
	if b.p.Options.InvalidDrop {
		return ruleset.StateUntracked
	}
	return ruleset.StateUntracked | ruleset.StateInvalid
}

// invalid drops what conntrack can't make sense of where it is sent to
// something claimed: an answer to it could end somebody's connection.
func (b *builder) invalid(f policy.Family) {
	b.allClaimed("invalid"+fam4or6(f), f, ruleset.Drop)
}

// allClaimed is a chain that has one verdict for all that is sent to something
// claimed.
func (b *builder) allClaimed(name string, f policy.Family, to *ruleset.Verdict) {
	b.chain(name)
	v6 := f == policy.V6
	daddr := ruleset.In4or6(ruleset.IPDaddr, v6)
	if set := b.ownSet(f); set != "" {
		b.add(name, "", nowhere, &ruleset.Lookup{Key: []ruleset.Expr{daddr}, Set: set}, to)
	}
	all := func(services []*policy.Service, where ...ruleset.Stmt) {
		for _, c := range policy.Cells(services, f) {
			b.add(name, "", nowhere, slices.Concat(where, b.traffic(c.Traffic, f), []ruleset.Stmt{to})...)
		}
	}
	for _, a := range b.sharedAddrs {
		if policy.FamilyOf(a) == f {
			all(b.shared[a].services, addrMatch(a))
		}
	}
	if len(b.host) > 0 {
		all(b.host, atHost(f)...)
	}
	for _, i := range b.ifaceNames {
		all(b.ifaces[i], atIface(i)...)
	}
}

// ownSet is the set of the services' own addresses in a family, guarded ones
// included, or "".
func (b *builder) ownSet(f policy.Family) string {
	name := "claimed" + fam4or6(f)
	if b.sets[name] == nil {
		var s *ruleset.Set
		for _, a := range b.ownAddrs {
			if policy.FamilyOf(a) != f {
				continue
			}
			if s == nil {
				s = b.replaced(name, []ruleset.Expr{ruleset.In4or6(ruleset.IPDaddr, f == policy.V6)})
				s.Elems = make([]ruleset.Elem, 0, len(b.ownAddrs))
			}
			s.Elems = append(s.Elems, ruleset.Elem{Key: b.key(ruleset.Addr(a))})
		}
		if s == nil {
			return ""
		}
		// What an earlier version may have left that looks into it: the kernel deletes
		// no set that a rule looks into, so that they are emptied before.
		b.chain("invalid" + fam4or6(f))
		b.chain("served" + fam4or6(f))
	}
	return name
}

// perPacketServices are the rules that keep packets from the shortcut for known
// connections where a limit has to count each of them: in the original
// direction, for what is neither tcp nor udp nor sctp.
func (b *builder) perPacketServices() [][]ruleset.Stmt {
	var out [][]ruleset.Stmt
	known := []ruleset.Stmt{
		ruleset.Any(ruleset.CTState, ruleset.StateEstablished),
		ruleset.In(ruleset.CTDirection, ruleset.Num(ruleset.DirOriginal)),
	}
	for _, f := range families {
		v6 := f == policy.V6
		var own *ruleset.Set
		for _, a := range b.ownAddrs {
			if policy.FamilyOf(a) != f {
				continue
			}
			for _, proto := range perPacketProtos(b.own[a].services, f) {
				if own == nil {
					own = b.replaced("perpacket"+fam4or6(f), []ruleset.Expr{ruleset.In4or6(ruleset.IPDaddr, v6), ruleset.L4Proto})
				}
				own.Elems = append(own.Elems, ruleset.Elem{Key: b.key(ruleset.Addr(a), ruleset.Num(uint64(proto)))})
			}
		}
		if own != nil {
			out = append(out, slices.Concat(known, []ruleset.Stmt{&ruleset.Lookup{Key: own.Key, Set: own.Name}, ruleset.Goto(servicesChain(f))}))
		}
		other := func(services []*policy.Service, where ...ruleset.Stmt) {
			for _, proto := range perPacketProtos(services, f) {
				out = append(out, only(f, slices.Concat(known, where,
					[]ruleset.Stmt{ruleset.In(ruleset.L4Proto, ruleset.Num(uint64(proto))), ruleset.Goto(servicesChain(f))})))
			}
		}
		for _, a := range b.sharedAddrs {
			if policy.FamilyOf(a) == f {
				other(b.shared[a].services, addrMatch(a))
			}
		}
		other(b.host, atHost(f)...)
		for _, i := range b.ifaceNames {
			other(b.ifaces[i], atIface(i)...)
		}
	}
	return out
}

// perPacketProtos are the protocols of limited statements that count packets.
// `any` counts connections where there are some and packets otherwise: all other
// protocols, which is said by listing them.
func perPacketProtos(services []*policy.Service, f policy.Family) []uint8 {
	var protos []uint8
	for _, s := range services {
		for _, r := range s.Rules {
			if r.Limit == nil || !r.Allow || r.Families&f == 0 {
				continue
			}
			for _, t := range r.Traffic {
				if t.Families&f == 0 || t.CountsConnections() {
					continue
				}
				if t.Any {
					return otherProtos()
				}
				if !slices.Contains(protos, t.Proto) {
					protos = append(protos, t.Proto)
				}
			}
		}
	}
	slices.Sort(protos)
	return protos
}

func otherProtos() []uint8 {
	var out []uint8
	for p := range 256 {
		if p != policy.TCP && p != policy.UDP && p != policy.SCTP {
			out = append(out, uint8(p))
		}
	}
	return out
}

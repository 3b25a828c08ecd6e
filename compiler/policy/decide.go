package policy

import (
	"net/netip"
	"slices"
	"strings"
)

// Packet is the first packet of a connection (or a packet that belongs to
// none), as a host sees it. Packets of known connections are accepted without
// being asked about.
type Packet struct {
	// In is the interface by which it arrived; "" for one that the host sends.
	In string
	// Out is the interface by which it leaves; "" where it is delivered here.
	Out string
	// Src and Dst as the sender wrote them; Dst is the original destination.
	Src, Dst netip.Addr
	// To is the destination after translation, where a rule of somebody else
	// translates; the zero value means that nothing does but Publish.
	To netip.AddrPort

	Proto        uint8
	Sport, Dport uint16
	ICMPType     uint8
	HopLimit     uint8
	// Broadcast: Dst is a broadcast address of the host's networks, or of all.
	Broadcast bool
	// User and Group own the sending socket; "" where none does.
	User, Group string
}

// Addrs are the addresses that the host has at run time, by interface ("lo"
// included).
type Addrs map[string][]netip.Addr

// Has says whether any interface has the address; 127/8 and ::1 always count.
func (m Addrs) Has(a netip.Addr) bool {
	if a.IsLoopback() {
		return true
	}
	for _, list := range m {
		if slices.Contains(list, a) {
			return true
		}
	}
	return false
}

// Decision is a verdict and what gave it.
type Decision struct {
	Verdict Verdict
	// By names the service, block or guard that decided.
	By string
	// Rule that decided, or nil.
	Rule *Rule
	// Limited: the verdict is Accept only while the rule's limit lasts.
	Limited bool
}

// Decide is the meaning of a policy: what happens to a packet at the host of
// the view. It is written to be read beside docs/language.md ("Meaning"), not
// to be fast: the lowerings are held against it.
func (v *View) Decide(p Packet, addrs Addrs) Decision {
	switch {
	case p.In == "" && addrs.Has(p.Dst):
		return v.decideLocal(p, addrs)
	case p.In == "":
		return v.decideBlock("outbound", v.Outbound, p, p, addrs)
	}
	if v.Policy.Options.Antispoof && v.spoofed(p, addrs) {
		return Decision{Verdict: Drop, By: "antispoof"}
	}
	if d, claimed := v.decideClaims(p, addrs); claimed {
		return d
	}
	after := p
	if p.To.IsValid() {
		after.Dst, after.Dport = p.To.Addr(), p.To.Port()
	}
	if p.Out != "" {
		return v.decideBlock("forward", v.Forward, p, after, addrs)
	}
	return v.decideBlock("inbound", v.Inbound, p, after, addrs)
}

// spoofed: a source that only this host can have, or a loopback destination.
func (v *View) spoofed(p Packet, addrs Addrs) bool {
	if p.Dst.IsLoopback() && !v.Host.RouteLocalnet {
		return true
	}
	if p.Dst.IsMulticast() || p.Broadcast {
		return false
	}
	switch {
	case p.Src.IsLoopback():
		return true
	case p.Src.IsLinkLocalUnicast() && p.Src.Is6():
		return slices.Contains(addrs[p.In], p.Src)
	case slices.Contains(v.SharedOwn, p.Src):
		return false
	}
	return addrs.Has(p.Src)
}

// inScope says whether a packet's original destination is at a scope.
func (v *View) inScope(sc *Scope, p Packet, addrs Addrs) bool {
	switch sc.Kind {
	case ScopeOwn, ScopeShared:
		return p.Dst == sc.Addr
	case ScopeHost:
		return v.atHost(p.Dst, addrs)
	}
	return p.In == sc.Iface && slices.Contains(addrs[sc.Iface], p.Dst)
}

func (v *View) atHost(a netip.Addr, addrs Addrs) bool {
	return !a.IsLoopback() && !slices.Contains(v.Own, a) && addrs.Has(a)
}

// decideClaims: what services say of a packet from outside.
func (v *View) decideClaims(p Packet, addrs Addrs) (d Decision, claimed bool) {
	f := FamilyOf(p.Dst)
	var claiming []*Service
	for _, s := range v.Services {
		if v.claims(s, p, addrs, f) {
			claiming = append(claiming, s)
		}
	}
	if len(claiming) == 0 {
		return Decision{}, false
	}
	if needed(v, p, p.In) {
		return Decision{Verdict: Accept, By: "needed"}, true
	}
	limited := (*Rule)(nil)
	for _, s := range claiming {
		r := v.allows(s, p, addrs)
		if r != nil && r.Limit == nil {
			return Decision{Verdict: Accept, By: "service " + s.Name, Rule: r}, true
		}
		if r != nil {
			limited = r
		}
	}
	if limited != nil {
		return Decision{Verdict: Accept, By: "a service", Rule: limited, Limited: true}, true
	}
	ref := Refuse(claiming)
	return Decision{Verdict: ref.Verdict, By: "service " + ref.Service.Name}, true
}

func (v *View) claims(s *Service, p Packet, addrs Addrs, f Family) bool {
	for _, sc := range s.Scopes {
		if !v.inScope(sc, p, addrs) {
			continue
		}
		if sc.Kind == ScopeOwn || anyTraffic(s.Claims(f), p) {
			return true
		}
	}
	return false
}

// allows gives the rule by which a service allows a packet: one without a limit
// before one with.
func (v *View) allows(s *Service, p Packet, addrs Addrs) *Rule {
	for _, pub := range s.Publishes {
		if !pub.Target(FamilyOf(p.Dst)).IsValid() && anyTraffic(pub.Traffic, p) {
			return nil
		}
	}
	return pick(s.Rules, func(r *Rule) bool { return v.matches(r, p, p.In, addrs) })
}

// pick the rule that allows: none if one denies, else the first without a
// limit, else the first.
func pick(rules []*Rule, matches func(*Rule) bool) *Rule {
	var allow *Rule
	for _, r := range rules {
		if !matches(r) {
			continue
		}
		if !r.Allow {
			return nil
		}
		if allow == nil || allow.Limit != nil && r.Limit == nil {
			allow = r
		}
	}
	return allow
}

// decideLocal: the host talks to its own address.
func (v *View) decideLocal(p Packet, addrs Addrs) Decision {
	refused := func(by string, r *Rule) Decision { return Decision{Verdict: Reject, By: by, Rule: r} }
	for _, r := range v.Local.Rules {
		if !r.Allow && v.matches(r, p, "", addrs) {
			return refused("local", r)
		}
	}
	closed := ""
	var allow *Rule
	for _, s := range v.Services {
		at, claims := false, false
		for _, sc := range s.Scopes {
			if sc.Guarded || !v.inScope(sc, p, addrs) {
				continue
			}
			at = true
			claims = claims || sc.Kind == ScopeOwn || anyTraffic(s.LocalClaims(FamilyOf(p.Dst)), p)
		}
		if !at {
			continue
		}
		for _, r := range s.LocalRules {
			if !v.matches(r, p, "", addrs) {
				continue
			}
			if !r.Allow {
				return refused("service "+s.Name, r)
			}
			allow = r
		}
		if claims && s.HasLocalAllow() {
			closed = "service " + s.Name
		}
	}
	switch {
	case allow != nil:
		return Decision{Verdict: Accept, By: "a service", Rule: allow}
	case closed != "":
		return refused(closed, nil)
	}
	for _, r := range v.Local.Rules {
		if r.Allow && v.matches(r, p, "", addrs) {
			return Decision{Verdict: Accept, By: "local", Rule: r}
		}
	}
	return Decision{Verdict: v.Local.Default, By: "local"}
}

// decideBlock: p as it was sent, after as it is where the block stands.
func (v *View) decideBlock(name string, b *Block, p, after Packet, addrs Addrs) Decision {
	on := p.In
	if name == "outbound" {
		on = p.Out
	}
	if b.KeepsNeeds() && name != "forward" && needed(v, p, on) {
		return Decision{Verdict: Accept, By: "needed"}
	}
	matches := func(r *Rule) bool { return v.matches(r, after, on, addrs) }
	for _, r := range b.Rules {
		if !r.Allow && matches(r) {
			return Decision{Verdict: b.Refuse, By: name, Rule: r}
		}
	}
	if r := pick(b.Rules, matches); r != nil {
		return Decision{Verdict: Accept, By: name, Rule: r, Limited: r.Limit != nil}
	}
	return Decision{Verdict: b.Default, By: name}
}

// needed: what IP itself cannot do without.
func needed(v *View, p Packet, iface string) bool {
	switch p.Proto {
	case IGMP:
		return p.Dst.Is4()
	case ICMPv6:
		if p.In != "" && p.Out != "" {
			return false // forwarded: no neighbour's any more, and one hop less
		}
		switch p.ICMPType {
		case 133, 134, 135, 136:
			return p.HopLimit == 255
		case 130, 131, 132, 143:
			return p.HopLimit == 1 && p.Src.IsLinkLocalUnicast()
		}
	case UDP:
		for _, i := range v.Host.Interfaces {
			if !i.DHCP || i.Name != iface {
				continue
			}
			client, server := uint16(68), uint16(67)
			if p.Dst.Is6() {
				client, server = 546, 547
			}
			if p.In != "" {
				return p.Sport == server && p.Dport == client
			}
			return p.Sport == client && p.Dport == server
		}
	}
	return false
}

func (v *View) matches(r *Rule, p Packet, on string, addrs Addrs) bool {
	if r.Families&FamilyOf(p.Dst) == 0 || !anyTraffic(r.Traffic, p) {
		return false
	}
	if r.From != nil && !r.From.Contains(p.Src) || r.On != nil && !r.On.Contains(on) || r.Out != nil && !r.Out.Contains(p.Out) {
		return false
	}
	if len(r.Users) > 0 && !slices.Contains(r.Users, p.User) || len(r.Groups) > 0 && !slices.Contains(r.Groups, p.Group) {
		return false
	}
	if r.To == nil {
		return true
	}
	if r.To.Nets != nil && r.To.Nets.Contains(p.Dst) || r.To.Host && v.atHost(p.Dst, addrs) {
		return true
	}
	for _, i := range r.To.Ifaces {
		if p.In == i && slices.Contains(addrs[i], p.Dst) {
			return true
		}
	}
	return false
}

func anyTraffic(list []Traffic, p Packet) bool {
	return slices.ContainsFunc(list, func(t Traffic) bool { return t.matches(p) })
}

func (t Traffic) matches(p Packet) bool {
	if t.Families&FamilyOf(p.Dst) == 0 {
		return false
	}
	if t.Any {
		return true
	}
	if t.Proto != p.Proto {
		return false
	}
	n := p.Dport
	if t.IsICMP() {
		n = uint16(p.ICMPType)
	}
	rs := t.ranges()
	return len(rs) == 0 || slices.ContainsFunc(rs, func(r PortRange) bool { return r.Lo <= n && n <= r.Hi })
}

// Contains says whether the zone has the interface.
func (z *Ifaces) Contains(name string) bool {
	return slices.ContainsFunc(z.Names, func(n string) bool {
		if w, ok := strings.CutSuffix(n, "*"); ok {
			return strings.HasPrefix(name, w)
		}
		return n == name
	})
}

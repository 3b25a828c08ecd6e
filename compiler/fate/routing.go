package fate

import (
	"fmt"
	"net/netip"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/ruleset"
)

// addrTypes that an address may have.
var addrTypes = []host.Type{host.Unicast, host.Local, host.Broadcast, host.Multicast}

// addrType is what the routing table says of an address: by the facts of the host,
// or, where there are none, by a variable of its own.
func (m *Map) addrType(a sym, v int) []kase {
	if a.kind == symUnknown && a.text != ownOfIIF && a.text != ownOfOIF {
		return always(unknown("the type of " + a.text))
	}
	var out []kase
	for _, t := range addrTypes {
		if c := m.typeIs(a, v, t); c != diagram.False {
			out = append(out, kase{c, number(uint64(t))})
		}
	}
	return out
}

// typeIs is the condition that an address is of a type. Without facts v is the
// variable of the type of the address that the packet set out with.
func (m *Map) typeIs(a sym, v int, t host.Type) diagram.Node {
	switch a.kind {
	case symUnknown: // one of the host's own
		return boolean(t == host.Local)
	case symConst:
		return m.constIs(a.num, t)
	}
	if m.h == nil {
		// The variable belongs to what stands in the address when the packet sets out.
		if a.v == varSrc {
			v = varSrcType
		} else {
			v = varDstType
		}
		return m.u.is(v, uint64(t))
	}
	key := typeKey{a.v, t}
	if n, ok := m.types[key]; ok {
		return n
	}
	n := m.u.in(a.v, m.rangesOf(t))
	if t == host.Unicast {
		n = m.dd.Not(m.dd.Or(m.typeIs(a, v, host.Local), m.dd.Or(m.typeIs(a, v, host.Broadcast), m.typeIs(a, v, host.Multicast))))
	} else if t != host.Multicast && t != host.Broadcast {
		n = m.dd.Minus(n, m.dd.Or(m.typeIs(a, v, host.Multicast), m.typeIs(a, v, host.Broadcast)))
	}
	m.types[key] = n
	return n
}

type typeKey struct {
	v int
	t host.Type
}

func boolean(b bool) diagram.Node {
	if b {
		return diagram.True
	}
	return diagram.False
}

// rangesOf the addresses of a type by the host's facts.
func (m *Map) rangesOf(t host.Type) [][2]ruleset.U128 {
	var out [][2]ruleset.U128
	add := func(p netip.Prefix) {
		if p.Addr().Is6() == m.u.v6 {
			term := ruleset.Prefix(p)
			out = append(out, [2]ruleset.U128{term.Lo, term.Hi})
		}
	}
	switch t {
	case host.Multicast:
		add(netip.MustParsePrefix("224.0.0.0/4"))
		add(netip.MustParsePrefix("ff00::/8"))
	case host.Broadcast:
		add(netip.MustParsePrefix("0.0.0.0/8"))
		add(netip.MustParsePrefix("255.255.255.255/32"))
	case host.Local:
		add(netip.MustParsePrefix("127.0.0.0/8"))
		add(netip.MustParsePrefix("::1/128"))
	}
	for i := range m.h.Links {
		for _, p := range m.h.Links[i].Addrs {
			switch {
			case t == host.Local:
				add(netip.PrefixFrom(p.Addr(), p.Addr().BitLen()))
			case t == host.Broadcast && p.Addr().Is4() && p.Bits() < 31 && !p.Addr().IsLoopback():
				last := ruleset.Prefix(p).Hi.Addr4Of()
				add(netip.PrefixFrom(last, 32))
			}
		}
	}
	for _, r := range m.h.Routes {
		if r.Type == t && r.Table == host.TableLocal {
			add(r.Dst)
		}
	}
	return out
}

// addr of a number.
func (m *Map) addr(n ruleset.U128) netip.Addr {
	if m.u.v6 {
		return n.Addr6Of()
	}
	return n.Addr4Of()
}

// constIs: of a constant address. Whether it is the host's own is not known without
// facts, but for the loopback's.
func (m *Map) constIs(n ruleset.U128, t host.Type) diagram.Node {
	a := m.addr(n)
	if m.h != nil {
		return boolean(m.h.TypeOf(a, "") == t)
	}
	switch {
	case a.IsLoopback():
		return boolean(t == host.Local)
	case a.IsMulticast():
		return boolean(t == host.Multicast)
	case a == netip.AddrFrom4([4]byte{255, 255, 255, 255}), a.Is4() && a.As4()[0] == 0:
		return boolean(t == host.Broadcast)
	case m.opts.Elsewhere:
		return boolean(t == host.Unicast)
	case t == host.Local:
		return m.u.atom(fmt.Sprintf("%s is an address of the host", a))
	case t == host.Unicast:
		return m.dd.Not(m.u.atom(fmt.Sprintf("%s is an address of the host", a)))
	}
	return diagram.False
}

// limitedType is the type of an address where only the arriving interface's own
// addresses count.
func (m *Map) limitedType(st *state, a sym, what string) []kase {
	if st.iif.isName("") {
		return m.addrType(a, varDstType) // no interface, no limit
	}
	if m.h == nil || a.kind == symUnknown || st.iif.kind == symUnknown {
		return always(unknown("whether the " + what + " is of the arriving interface"))
	}
	out := []kase{}
	rest := diagram.True
	for i := range m.h.Links {
		at := m.nameIs(st.iif, m.h.Links[i].Name)
		if at == diagram.False {
			continue
		}
		own := diagram.False
		for _, p := range append([]netip.Prefix(nil), m.h.Links[i].Addrs...) {
			bits := p.Addr().BitLen()
			if p.Addr().IsLoopback() {
				bits = p.Bits()
			}
			if p.Addr().Is6() == m.u.v6 {
				own = m.dd.Or(own, m.within(a, ruleset.Prefix(netip.PrefixFrom(p.Addr(), bits).Masked())))
			}
		}
		c := m.dd.And(at, own)
		out = append(out, kase{c, number(ruleset.AddrLocal)})
		rest = m.dd.Minus(rest, c)
	}
	for _, t := range []host.Type{host.Broadcast, host.Multicast} {
		c := m.dd.And(rest, m.typeIs(a, varDstType, t))
		out = append(out, kase{c, number(uint64(t))})
		rest = m.dd.Minus(rest, c)
	}
	return append(out, kase{rest, number(ruleset.AddrUnicast)})
}

// within is the condition that an address is in a range.
func (m *Map) within(a sym, t ruleset.Term) diagram.Node {
	switch a.kind {
	case symConst:
		return boolean(t.Lo.Cmp(a.num) <= 0 && a.num.Cmp(t.Hi) <= 0)
	case symVar:
		return m.u.in(a.v, [][2]ruleset.U128{{t.Lo, t.Hi}})
	}
	return m.u.atom(a.text + " is in a range")
}

// nameIs is the condition that an interface has a name.
func (m *Map) nameIs(i sym, n string) diagram.Node {
	if i.kind == symConst {
		return boolean(i.text == n)
	}
	lo, hi := nameRange(n)
	return m.u.in(i.v, [][2]ruleset.U128{{lo, hi}})
}

// reverse is by which interface the source is reached; what comes over lo passes.
func (m *Map) reverse(st *state) []kase {
	if st.iif.isName("lo") {
		return always(unknown("index of lo")) // never 0: see zero
	}
	return always(unknown("the way back to the source"))
}

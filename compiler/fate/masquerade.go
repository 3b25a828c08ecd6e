package fate

import (
	"net/netip"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/ruleset"
)

// masqueraded: the source that the host chooses for what leaves by an interface.
func (m *Map) masqueraded(st *state, to target) []target {
	to.addr = unknown(ownOfOIF)
	switch {
	case m.h == nil || st.at.dst.kind == symUnknown || st.oif.kind == symUnknown:
		return []target{to}
	case st.oif.kind == symConst && st.at.dst.kind == symConst:
		if a := m.h.SourceFor(st.oif.text, m.addr(st.at.dst.num)); a.IsValid() {
			to.addr = constant(ruleset.AddrValue(a))
		}
		return []target{to}
	}
	var out []target
	rest := diagram.True
	for i := range m.h.Links {
		l := &m.h.Links[i]
		at := m.nameIs(st.oif, l.Name)
		if at == diagram.False {
			continue
		}
		for _, s := range m.sourcesOf(st, l) {
			s.cond, s.port = m.dd.And(at, s.cond), to.port
			rest = m.dd.Minus(rest, s.cond)
			out = append(out, s)
		}
	}
	to.cond = rest
	return append(out, to)
}

// maxSources bounds the addresses of one link that are told apart.
const maxSources = 64

// sourcesOf a link, by destination: the address in the destination's network, else
// the first; of several, where the next hop is not the destination, none is sure
// (inet_select_addr, ipv6_dev_get_saddr; see host.SourceFor).
func (m *Map) sourcesOf(st *state, l *host.Link) []target {
	var own []netip.Prefix
	for _, p := range l.Addrs {
		if a := p.Addr(); a.Is6() == m.u.v6 && !a.IsLoopback() && !a.IsLinkLocalUnicast() {
			own = append(own, p)
		}
	}
	if len(own) > maxSources {
		return nil
	}
	var out []target
	rest := m.linkLocal(st.at.dst, false)
	for _, p := range own {
		near := m.dd.And(rest, m.within(st.at.dst, ruleset.Prefix(p.Masked())))
		out = append(out, target{cond: near, addr: constant(ruleset.AddrValue(p.Addr()))})
		rest = m.dd.Minus(rest, near)
	}
	switch {
	case l.Name == host.Loopback && len(own) == 0:
		// Of any other link, as SourceFor takes it.
		for i := range m.h.Links {
			for _, p := range m.h.Links[i].Addrs {
				if a := p.Addr(); a.Is6() == m.u.v6 && !a.IsLoopback() && !a.IsLinkLocalUnicast() {
					return append(out, target{cond: rest, addr: constant(ruleset.AddrValue(a))})
				}
			}
		}
	case len(own) == 1, l.Name == host.Loopback:
		out = append(out, target{cond: rest, addr: constant(ruleset.AddrValue(own[0].Addr()))})
	}
	return out
}

package fate

import (
	"net/netip"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/ruleset"
)

// target of a translation where a condition holds; what is absent is kept.
type target struct {
	cond       diagram.Node
	addr, port sym
}

// nat decides the translation of connections; it ends the chain.
func (x *rule) nat(n *ruleset.NAT, st *state) diagram.Node {
	m := x.m
	if n.Of == ruleset.IP && m.u.v6 || n.Of == ruleset.IP6 && !m.u.v6 {
		return x.goOn(st)
	}
	out := diagram.Miss
	for _, t := range m.targets(st, x.table, n) {
		out = m.dd.Over(out, m.dd.And(t.cond, x.translated(n, st, t)))
	}
	out = m.dd.Over(out, x.goOn(st))
	if n.Kind == ruleset.Redirect && m.u.v6 && m.opts.Strict && m.hook == ruleset.Prerouting {
		// Of a group's scope the interface has no address (nf_nat_redirect_ipv6_usable).
		none := m.end(Fate{Verdict: Drop, Why: "no address of the interface is of the group's scope"})
		return m.dd.Ite(m.typeIs(st.at.dst, varDstType, host.Multicast), none, out)
	}
	return out
}

// translated is the leaf of a connection that gets a target. Whether that changes
// anything may differ from packet to packet.
func (x *rule) translated(n *ruleset.NAT, st *state, t target) diagram.Node {
	m := x.m
	if t.addr.kind == symUnknown && t.addr.text != ownOfIIF && t.addr.text != ownOfOIF {
		return m.undecided("it is not known where it is translated to")
	}
	if !st.conn {
		return m.end(Fate{Verdict: Drop, Why: "what conntrack does not know can't be translated"})
	}
	changed, same := *st, *st
	dst := n.Kind == ruleset.DNAT || n.Kind == ruleset.Redirect
	oldAddr, oldPort := st.orig.src, st.orig.sport
	if dst {
		oldAddr, oldPort = st.orig.dst, st.orig.dport
	}
	keeps := diagram.True
	if t.addr.kind != symAbsent {
		keeps = m.equals(oldAddr, t.addr)
	}
	if t.port.kind != symAbsent {
		keeps = m.dd.And(keeps, m.dd.Or(m.dd.Not(m.ported()), m.equals(oldPort, t.port)))
	}
	if dst {
		changed.dstDone, same.dstDone = true, true
		changed.status |= ruleset.StatusDNAT
		if t.addr.kind != symAbsent {
			changed.reply.src = t.addr
		}
		if t.port.kind != symAbsent {
			changed.reply.sport = t.port
		}
	} else {
		changed.srcDone, same.srcDone = true, true
		changed.status |= ruleset.StatusSNAT
		if t.addr.kind != symAbsent {
			changed.reply.dst = t.addr
		}
		if t.port.kind != symAbsent {
			changed.reply.dport = t.port
		}
	}
	return m.dd.Ite(keeps, m.stateLeaf(leafAccept, &same), m.stateLeaf(leafAccept, &changed))
}

// equals is the condition that two values are the same.
func (m *Map) equals(a, b sym) diagram.Node {
	switch {
	case a == b:
		return diagram.True
	case a.kind == symConst && b.kind == symConst:
		return boolean(a.num == b.num)
	case a.kind == symVar && b.kind == symConst:
		return m.u.in(a.v, [][2]ruleset.U128{{b.num, b.num}})
	case b.kind == symVar && a.kind == symConst:
		return m.equals(b, a)
	}
	if !m.u.live[ruleset.CTStatus] {
		return diagram.False // nobody asks whether it was translated
	}
	return m.u.atom(b.text + " is what it was")
}

// targets of a translation: of several addresses or ports the first.
func (m *Map) targets(st *state, t *ruleset.Table, n *ruleset.NAT) []target {
	var to target
	to.cond = diagram.True
	if n.Lo.IsValid() {
		to.addr = constant(ruleset.AddrValue(n.Lo))
	}
	if n.PortLo != 0 {
		to.port = number(uint64(n.PortLo))
	}
	all := []target{to}
	switch n.Kind {
	case ruleset.Masquerade:
		return m.masqueraded(st, to)
	case ruleset.Redirect:
		all = m.redirected(st, to)
	}
	switch mapped, ok := n.To.(*ruleset.MapExpr); {
	case n.Map != "":
		return m.looked(st, t, n, n.Key, m.elems(t, n.Map, nil))
	case ok && n.ToPort == nil:
		return m.looked(st, t, n, mapped.Key, m.elems(t, mapped.Map, mapped.Elems))
	}
	if n.Netmap {
		return []target{{diagram.True, unknown("a mapped network"), sym{}}}
	}
	if n.To != nil {
		all = m.with(all, m.eval(st, t, n.To), func(t *target, v sym) { t.addr = v })
	}
	if n.ToPort != nil {
		all = m.with(all, m.eval(st, t, n.ToPort), func(t *target, v sym) { t.port = v })
	}
	return all
}

// with sets a part of targets to a value by its cases.
func (m *Map) with(all []target, cases []kase, set func(*target, sym)) []target {
	var out []target
	for _, t := range all {
		for _, k := range cases {
			next := t
			next.cond = m.dd.And(t.cond, k.cond)
			v := k.value
			if v.kind == symVar || v.kind == symConst && v.text != "" {
				v = unknown("a computed value")
			}
			set(&next, v)
			out = append(out, next)
		}
	}
	return out
}

// looked up in a map: an address, or an address and a port.
func (m *Map) looked(st *state, t *ruleset.Table, n *ruleset.NAT, key []ruleset.Expr, in elements) []target {
	var out []target
	rest := diagram.True
	for _, f := range m.find(st, t, key, in) {
		rest = m.dd.Minus(rest, f.cond)
		to := target{cond: f.cond}
		for i, d := range f.elem.Data {
			v := constant(d.Lo)
			if d.Unknown || d.Text != "" || !d.Single() || n.Netmap {
				v = unknown("what the map holds")
			}
			if i == 0 {
				to.addr = v
			} else {
				to.port = v
			}
		}
		out = append(out, to)
	}
	if in.open {
		out = append(out, target{m.dd.And(rest, m.u.atom("the map "+n.Map+" holds it")), unknown("what the map holds"), sym{}})
	}
	return out
}

// redirected is where redirect leads: for what the host sends to its loopback
// address, else to the first address of the interface (nf_nat_redirect).
func (m *Map) redirected(st *state, to target) []target {
	if m.hook == ruleset.Output {
		to.addr = number(0x7f000001)
		if m.u.v6 {
			to.addr = number(1)
		}
		return []target{to}
	}
	if m.h == nil || st.iif.kind == symUnknown {
		to.addr = unknown(ownOfIIF)
		return []target{to}
	}
	var out []target
	rest := diagram.True
	for i := range m.h.Links {
		at := m.nameIs(st.iif, m.h.Links[i].Name)
		if at == diagram.False {
			continue
		}
		for _, linkLocal := range []bool{false, true} {
			a := m.firstOf(&m.h.Links[i], linkLocal)
			cond := m.dd.And(at, m.linkLocal(st.at.dst, linkLocal))
			if cond == diagram.False {
				continue
			}
			next := to
			next.cond, next.addr = cond, unknown("an interface without an address")
			if a.IsValid() {
				next.addr = constant(ruleset.AddrValue(a))
			}
			out = append(out, next)
		}
		rest = m.dd.Minus(rest, at)
	}
	to.cond, to.addr = rest, unknown("an interface of which no address is known")
	return append(out, to)
}

// firstOf a link's addresses of the family.
func (m *Map) firstOf(l *host.Link, linkLocal bool) netip.Addr {
	for _, p := range l.Addrs {
		if a := p.Addr(); a.Is6() == m.u.v6 && (a.IsLinkLocalUnicast() && m.u.v6) == linkLocal {
			return a
		}
	}
	return netip.Addr{}
}

// linkLocal is the condition that an IPv6 address is of the link alone.
func (m *Map) linkLocal(a sym, yes bool) diagram.Node {
	if !m.u.v6 || a.kind == symUnknown {
		return boolean(!yes)
	}
	c := m.within(a, ruleset.Prefix(netip.MustParsePrefix("fe80::/10")))
	if yes {
		return c
	}
	return m.dd.Not(c)
}

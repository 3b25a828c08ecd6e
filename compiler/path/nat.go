package path

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/ruleset"
)

// nat decides the translation of a connection, as its first packet meets the
// rule. It ends the chain, and no other chain is asked about this end.
func (x *execution) nat(v *variant, n *ruleset.NAT) []*variant {
	if n.Of == ruleset.IP && v.p.V6() || n.Of == ruleset.IP6 && !v.p.V6() {
		return []*variant{v} // of the other family: it does nothing (nft_nat_inet_eval)
	}
	to, ok := x.w.s.target(v.p, x.w.table, n, x.w.hook)
	switch {
	case ok == no: // the map has nothing for it
		x.flow.next = append(x.flow.next, v)
		return nil
	case n.Kind == ruleset.Redirect && x.w.s.nobody(v.p, x.w.hook):
		x.finish(v, "redirect", Drop, "no address of the interface is of the group's scope")
		return nil
	case ok == maybe:
		x.finish(v, n.Kind.String(), Undecided, "it is not known where it is translated to")
		return nil
	}
	c := v.p.Conn
	if c == nil {
		x.finish(v, n.Kind.String(), Drop, "what conntrack does not know can't be translated")
		return nil
	}
	if n.Kind == ruleset.DNAT || n.Kind == ruleset.Redirect {
		if !to.addr.IsValid() {
			to.addr = c.Reply.Src
		}
		c.Reply.Src = to.addr
		if to.port != 0 && v.p.HasPorts() {
			c.Reply.Sport = to.port
		}
		if c.Reply.Src != c.Orig.Dst || c.Reply.Sport != c.Orig.Dport {
			c.Status |= ruleset.StatusDNAT
		}
		c.DstDone = true
	} else {
		if !to.addr.IsValid() {
			to.addr = c.Reply.Dst
		}
		c.Reply.Dst = to.addr
		if to.port != 0 && v.p.HasPorts() {
			c.Reply.Dport = to.port
		}
		if c.Reply.Dst != c.Orig.Src || c.Reply.Dport != c.Orig.Sport {
			c.Status |= ruleset.StatusSNAT
		}
		c.SrcDone = true
		if n.Kind == ruleset.Masquerade {
			c.Masqueraded = v.p.OIF
		}
	}
	x.step(v, x.all(n.Kind.String()+" to "+to.String(v.p)), false)
	x.w.passed = append(x.w.passed, v)
	return nil
}

// destination of a translation.
type destination struct {
	addr netip.Addr
	port uint16
}

func (d destination) String(p *packet.Packet) string {
	switch {
	case d.port == 0 || !p.HasPorts():
		return d.addr.String()
	case d.addr.Is6():
		return fmt.Sprintf("[%s]:%d", d.addr, d.port)
	}
	return fmt.Sprintf("%s:%d", d.addr, d.port)
}

// target of a translation: of several addresses or ports the first.
func (s *Space) target(p *packet.Packet, t *ruleset.Table, n *ruleset.NAT, h ruleset.Hook) (destination, answer) {
	to := destination{n.Lo, n.PortLo}
	switch n.Kind {
	case ruleset.Masquerade:
		to.addr = s.host.SourceFor(p.OIF, p.Dst)
		if !to.addr.IsValid() {
			return to, maybe
		}
		return to, yes
	case ruleset.Redirect:
		to.addr = s.redirected(p, h)
		if !to.addr.IsValid() || s.nobody(p, h) {
			return to, maybe
		}
	}
	if n.Map != "" {
		e, found := s.find(p, t, n.Key, s.elems(t, n.Map, nil))
		if found != yes {
			return to, found
		}
		return dataOf(p, e.Data)
	}
	if m, ok := n.To.(*ruleset.MapExpr); ok && n.ToPort == nil {
		e, found := s.find(p, t, m.Key, s.elems(t, m.Map, m.Elems))
		if found != yes {
			return to, found
		}
		if n.Netmap && len(e.Data) == 1 {
			to.addr = netmap(p, e.Data[0], n.Kind)
			return to, yes
		}
		return dataOf(p, e.Data)
	}
	if n.To != nil {
		v := s.eval(p, t, n.To)
		if v.Presence != packet.Known || v.Text != "" {
			if term, ok := n.To.(ruleset.Term); ok && n.Netmap && !term.Unknown && term.Text == "" {
				to.addr = netmap(p, term, n.Kind)
				return to, yes
			}
			return to, present(v)
		}
		to.addr = addrOf(p, v.Num)
	}
	if n.ToPort != nil {
		v := s.eval(p, t, n.ToPort)
		if v.Presence != packet.Known || v.Text != "" {
			return to, present(v)
		}
		to.port = uint16(v.Num.Lo)
	}
	if n.Netmap && n.Lo.IsValid() {
		to.addr = netmap(p, ruleset.AddrRange(n.Lo, n.Hi), n.Kind)
	}
	return to, yes
}

func present(v packet.Value) answer {
	if v.Presence == packet.Absent {
		return no
	}
	return maybe
}

func addrOf(p *packet.Packet, n ruleset.U128) netip.Addr {
	if p.V6() {
		return n.Addr6Of()
	}
	return n.Addr4Of()
}

// dataOf a map: an address, or an address and a port.
func dataOf(p *packet.Packet, data []ruleset.Term) (destination, answer) {
	var to destination
	for i, d := range data {
		switch {
		case d.Unknown || d.Text != "":
			return to, maybe
		case i == 0:
			to.addr = addrOf(p, d.Lo)
		default:
			to.port = uint16(d.Lo.Lo)
		}
	}
	return to, yes
}

// netmap changes the network part of an address and keeps the host's.
func netmap(p *packet.Packet, net ruleset.Term, kind ruleset.NATKind) netip.Addr {
	old := p.Dst
	if kind == ruleset.SNAT {
		old = p.Src
	}
	m, o := hostBits(net), ruleset.AddrValue(old)
	return addrOf(p, ruleset.U128{Hi: net.Lo.Hi&^m.Hi | o.Hi&m.Hi, Lo: net.Lo.Lo&^m.Lo | o.Lo&m.Lo})
}

// redirected is where redirect leads: for what the host sends to its loopback
// address, else to the first address of the interface (nf_nat_redirect).
func (s *Space) redirected(p *packet.Packet, h ruleset.Hook) netip.Addr {
	if h == ruleset.Output {
		if p.V6() {
			return netip.IPv6Loopback()
		}
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	l := s.host.Link(p.IIF)
	if l == nil {
		return netip.Addr{}
	}
	local := p.V6() && (p.Dst.IsLinkLocalUnicast() || p.Dst.IsLinkLocalMulticast())
	for _, a := range l.Addrs {
		if a.Addr().Is6() == p.V6() && a.Addr().IsLinkLocalUnicast() == local {
			return a.Addr()
		}
	}
	return netip.Addr{}
}

// nobody says whether redirect finds no address for a group of IPv6: it takes those of
// its scope alone, and hosts have none but of links and of all
// (nf_nat_redirect_ipv6_usable).
func (s *Space) nobody(p *packet.Packet, h ruleset.Hook) bool {
	l := s.host.Link(p.IIF)
	if h == ruleset.Output || !p.V6() || !p.Dst.IsMulticast() || l == nil || len(l.Addrs) == 0 {
		return false
	}
	scope := p.Dst.As16()[1] & 15
	return scope != 14 && !(scope == 2 && slices.ContainsFunc(l.Addrs, func(a netip.Prefix) bool { return a.Addr().Is6() && a.Addr().IsLinkLocalUnicast() }))
}

// translate a packet as its connection was decided to be: the destination at
// prerouting and output, the source at postrouting and input.
func translate(p *packet.Packet, dst bool) {
	c := p.Conn
	if c == nil || c.Status&(ruleset.StatusSNAT|ruleset.StatusDNAT) == 0 {
		return
	}
	switch {
	case dst && !c.Replying:
		p.Dst, p.Dport = c.Reply.Src, c.Reply.Sport
	case dst:
		p.Dst, p.Dport = c.Orig.Src, c.Orig.Sport
	case !c.Replying:
		p.Src, p.Sport = c.Reply.Dst, c.Reply.Dport
	default:
		p.Src, p.Sport = c.Orig.Dst, c.Orig.Dport
	}
}

package fate

import (
	"net/netip"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/ruleset"
)

// kase is a value that a field has where a condition holds. Where none of a field's
// cases holds, the packet does not have it.
type kase struct {
	cond  diagram.Node
	value sym
}

func always(v sym) []kase { return []kase{{diagram.True, v}} }

// field gives the cases of a field for packets in a state.
func (m *Map) field(st *state, f ruleset.Field) []kase {
	for n := st.other; n != 0; n = m.others[n].next {
		if m.others[n].field == f {
			return always(m.others[n].value)
		}
	}
	if i := f.Info(); i.Family == ruleset.IP && m.u.v6 || i.Family == ruleset.IP6 && !m.u.v6 || i.Family == ruleset.ARP || i.Family == ruleset.Bridge {
		return nil
	}
	ported := func(v sym) []kase {
		if m.portsOnly {
			return []kase{{m.ported(), v}}
		}
		return []kase{{m.ported(), v}, {m.dd.Not(m.ported()), unknown("what stands where " + f.String() + " would be")}}
	}
	switch f {
	case ruleset.IIFName, ruleset.IIF:
		return always(st.iif)
	case ruleset.OIFName, ruleset.OIF:
		return always(st.oif)
	case ruleset.MetaMark:
		return always(st.mark)
	case ruleset.L4Proto, ruleset.IPProtocol, ruleset.IP6Nexthdr:
		return always(variable(varProto))
	case ruleset.IPSaddr, ruleset.IP6Saddr:
		return always(st.at.src)
	case ruleset.IPDaddr, ruleset.IP6Daddr:
		return always(st.at.dst)
	case ruleset.Sport:
		return ported(st.at.sport)
	case ruleset.Dport:
		return ported(st.at.dport)
	case ruleset.ICMPType, ruleset.ICMPv6Type:
		return []kase{{m.icmp(), variable(varType)}}
	case ruleset.ICMPCode, ruleset.ICMPv6Code:
		return []kase{{m.icmp(), variable(varCode)}}
	case ruleset.TCPFlags:
		return []kase{{m.u.is(varProto, packet.TCP), variable(varFlags)}}
	case ruleset.SKUID:
		return m.ownerCases(st, varUser)
	case ruleset.SKGID:
		return m.ownerCases(st, varGroup)
	case ruleset.IPTTL, ruleset.IP6HopLimit:
		ttl := variable(varTTL)
		if st.hop {
			ttl.less = 1
		}
		return always(ttl)
	case ruleset.PktType:
		return m.linkCases(st)
	case ruleset.FibSaddrType:
		return m.addrType(st.at.src, varSrcType)
	case ruleset.FibDaddrType:
		return m.addrType(st.at.dst, varDstType)
	case ruleset.FibSaddrIIFType:
		return m.limitedType(st, st.at.src, "source")
	case ruleset.FibDaddrIIFType:
		return m.limitedType(st, st.at.dst, "destination")
	case ruleset.FibSaddrOIF, ruleset.FibSaddrIIFOIF:
		return m.reverse(st)
	}
	if v, ok := m.u.free[f]; ok {
		return []kase{{m.present(f, v), variable(v)}}
	}
	if f == ruleset.CTState || f > ruleset.CTState && f <= ruleset.CTReplyDport || f == ruleset.CTOrigProtocol || f == ruleset.CTReplyProtocol {
		return m.connField(st, f)
	}
	return m.byProto(st, f)
}

func (m *Map) ownerCases(st *state, v int) []kase {
	if !st.owner {
		return nil
	}
	return []kase{{m.dd.Not(m.u.is(v, 0)), variable(v)}}
}

func (m *Map) ported() diagram.Node {
	return m.u.is(varProto, packet.TCP, packet.UDP, packet.SCTP, packet.DCCP, packet.UDPLite)
}

func (m *Map) icmp() diagram.Node {
	if m.u.v6 {
		return m.u.is(varProto, packet.ICMPv6)
	}
	return m.u.is(varProto, packet.ICMP)
}

// connField is what conntrack knows; without an entry only the state has a value
// (nft_ct_get_eval).
func (m *Map) connField(st *state, f ruleset.Field) []kase {
	if f == ruleset.CTState {
		switch {
		case st.conn:
			return always(number(uint64(st.ct)))
		case st.untracked:
			return always(number(ruleset.StateUntracked))
		}
		return always(number(ruleset.StateInvalid))
	}
	if !st.conn {
		return nil
	}
	ported := func(v sym) []kase {
		// Of ICMP the tuple's "ports" are the identifier, and type and code.
		return []kase{{m.ported(), v}, {m.dd.Not(m.ported()), unknown(f.String())}}
	}
	if m.opts.Remembers && m.kind != First && st.ct != ruleset.StateNew {
		switch f {
		case ruleset.CTDirection, ruleset.CTProtocol, ruleset.CTOrigProtocol, ruleset.CTReplyProtocol:
		case ruleset.CTMark:
			if st.ctmark != number(0) { // which these rules have set
				return always(st.ctmark)
			}
			fallthrough
		default:
			return always(unknown("the connection's " + f.String()))
		}
	}
	switch f {
	case ruleset.CTStatus:
		return always(number(uint64(st.status)))
	case ruleset.CTDirection:
		if st.replying {
			return always(number(ruleset.DirReply))
		}
		return always(number(ruleset.DirOriginal))
	case ruleset.CTMark:
		return always(st.ctmark)
	case ruleset.CTLabel:
		return always(constant(ruleset.U128{Hi: st.labels[1], Lo: st.labels[0]}))
	case ruleset.CTHelper:
		if st.helper == "" {
			return nil
		}
		return always(sym{kind: symConst, text: st.helper})
	case ruleset.CTProtocol, ruleset.CTOrigProtocol, ruleset.CTReplyProtocol:
		return always(variable(varProto))
	case ruleset.CTOrigSaddr, ruleset.CTOrig6Saddr:
		return always(st.orig.src)
	case ruleset.CTOrigDaddr, ruleset.CTOrig6Daddr:
		return always(st.orig.dst)
	case ruleset.CTReplySaddr, ruleset.CTReply6Saddr:
		return always(st.reply.src)
	case ruleset.CTReplyDaddr, ruleset.CTReply6Daddr:
		return always(st.reply.dst)
	case ruleset.CTOrigSport:
		return ported(st.orig.sport)
	case ruleset.CTOrigDport:
		return ported(st.orig.dport)
	case ruleset.CTReplySport:
		return ported(st.reply.sport)
	}
	return ported(st.reply.dport)
}

// byProto asks a packet of each protocol for a field that is modelled nowhere here.
func (m *Map) byProto(st *state, f ruleset.Field) []kase {
	key := protoKey{f, st.iif.isName(""), st.iif.isName("lo"), st.oif.isName(""), st.conn}
	if known, ok := m.protos[key]; ok {
		return known
	}
	var out []kase
	for class := range m.dd.Classes(varProto) {
		lo, _ := m.u.bounds(varProto, class)
		v := m.sample(st, uint8(min(lo.Lo, 255))).Get(f)
		if v.Presence == packet.Absent {
			continue
		}
		value := fromValue(v)
		if value.kind == symUnknown {
			value.text = f.String()
		}
		cond := m.dd.In(varProto, class, class)
		merged := false
		for i := range out {
			if out[i].value == value {
				out[i].cond, merged = m.dd.Or(out[i].cond, cond), true
			}
		}
		if !merged {
			out = append(out, kase{cond, value})
		}
	}
	m.protos[key] = out
	return out
}

type protoKey struct {
	f                ruleset.Field
	noIIF, lo, noOIF bool
	conn             bool
}

// sample is some packet of a protocol in a state.
func (m *Map) sample(st *state, proto uint8) *packet.Packet {
	p := &packet.Packet{Proto: proto, TTL: 64, Src: netip.AddrFrom4([4]byte{192, 0, 2, 1}), Dst: netip.AddrFrom4([4]byte{192, 0, 2, 2})}
	if m.u.v6 {
		p.Src, p.Dst = netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
	}
	name := func(s sym) string {
		if s.kind == symConst {
			return s.text
		}
		return packet.AnyLink
	}
	p.IIF, p.OIF = name(st.iif), name(st.oif)
	if st.conn {
		p.Track()
	}
	return p
}

// present is the condition that a packet has a field of which nothing is known.
func (m *Map) present(f ruleset.Field, v int) diagram.Node {
	cond := diagram.False
	p := m.sample(&state{iif: variable(varIIF), oif: variable(varOIF)}, 0)
	for class := range m.dd.Classes(varProto) {
		lo, _ := m.u.bounds(varProto, class)
		p.Proto = uint8(min(lo.Lo, 255))
		if p.Get(f).Presence != packet.Absent {
			cond = m.dd.Or(cond, m.dd.In(varProto, class, class))
		}
	}
	return m.dd.Minus(cond, m.u.in(v, [][2]ruleset.U128{{absentValue, {Hi: ^uint64(0), Lo: ^uint64(0)}}}))
}

// linkCases: how the link layer addressed the packet.
func (m *Map) linkCases(st *state) []kase {
	if !st.link {
		return always(number(ruleset.PktHost))
	}
	multi, broad := m.typeIs(variable(varDst), varDstType, host.Multicast), m.typeIs(variable(varDst), varDstType, host.Broadcast)
	return []kase{
		{multi, number(ruleset.PktMulticast)}, {broad, number(ruleset.PktBroadcast)},
		{m.dd.Not(m.dd.Or(multi, broad)), number(ruleset.PktHost)},
	}
}

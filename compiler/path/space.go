package path

import (
	"net/netip"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/ruleset"
)

// Space is a host with a ruleset, in which packets travel.
type Space struct {
	rs   *ruleset.Ruleset
	host *host.Host
	// Fresh: nothing has happened before. No rate is exceeded, no quota used up, no
	// rule has put anything into a set. Otherwise all of that is unknown.
	Fresh bool
	// at holds the stops of each hook, of IPv4 and IPv6.
	at      [2][ruleset.Postrouting + 1][]stop
	changes ruleset.Changes
}

// New makes one. The host is what routing is decided by; it has to know its
// addresses.
func New(rs *ruleset.Ruleset, h *host.Host) *Space {
	s := &Space{rs: rs, host: h, changes: rs.Changes()}
	for i, v6 := range []bool{false, true} {
		for hook := ruleset.Prerouting; hook <= ruleset.Postrouting; hook++ {
			s.at[i][hook] = s.stops(hook, v6)
		}
	}
	return s
}

// Start is the first packet of a connection, or one that belongs to none.
type Start struct {
	// IIF is the interface on which it arrives; "" for what the host sends.
	IIF string
	// From is the source; of what the host sends the address may be left out, for
	// the kernel to choose. A port of 0 becomes one that clients have.
	From netip.AddrPort
	To   netip.AddrPort
	// Proto with Type and Code of ICMP.
	Proto      uint8
	Type, Code uint8
	// Flags of TCP; 0 is SYN.
	Flags uint8
	TTL   uint8 // 0 is 64
	// Length of the whole packet in bytes; 0 leaves it unknown.
	Length int
	Mark   uint32
	Owner  *packet.Owner
	// OIF binds what the host sends to an interface.
	OIF string
}

// clientPort is the source port of a client that names none.
const clientPort = 40000

func (s *Space) packet(st Start) *packet.Packet {
	p := &packet.Packet{
		IIF: st.IIF, Src: st.From.Addr(), Dst: st.To.Addr(), Proto: st.Proto, Type: st.Type, Code: st.Code,
		Flags: st.Flags, TTL: st.TTL, Mark: st.Mark, Owner: st.Owner, Length: st.Length,
	}
	if packet.Ported(st.Proto) {
		p.Sport, p.Dport = st.From.Port(), st.To.Port()
		if p.Sport == 0 {
			p.Sport = clientPort
		}
	}
	if p.Flags == 0 && p.Proto == packet.TCP {
		p.Flags = packet.SYN
	}
	if p.TTL == 0 {
		p.TTL = 64
	}
	return p
}

// Send a packet on its journey, and the reply on the way back.
func (s *Space) Send(st Start) *Result {
	ended := s.start(st, &variant{p: s.packet(st)})
	r := result(ended)
	if r.Verdict == Accept {
		r.Reply = s.reply(st, r, ended)
	}
	r.Copy = s.copy(r, ended)
	return r
}

// start a packet on its way; it gives the ways that it may have taken.
func (s *Space) start(st Start, v *variant) []*variant {
	var ended []*variant
	if st.IIF == "" {
		s.output(v, st.OIF, &ended)
	} else {
		s.input(v, &ended)
	}
	return ended
}

// hook sends variants through all that happens at a hook.
func (s *Space) hook(h ruleset.Hook, in []*variant, ended *[]*variant) []*variant {
	if len(in) == 0 {
		return nil
	}
	for _, v := range in {
		v.enter(h)
	}
	v6 := 0
	if in[0].p.V6() {
		v6 = 1
	}
	for i := range s.at[v6][h] {
		st := &s.at[v6][h][i]
		switch {
		case st.conn:
			for _, v := range in {
				v.conntrack()
			}
		case st.nat:
			in = s.natStop(st, h, in, ended)
		default:
			if h == ruleset.Output && st.base.chain.Base.Type == "route" {
				in = s.routing(st.base, in, ended)
				break
			}
			in = s.run(st.base, h, in, ended)
		}
		if len(in) == 0 {
			return nil
		}
	}
	return in
}

// conntrack sees a packet that belongs to no connection yet: neighbour discovery
// and its like are left alone (nf_conntrack_icmpv6_error).
func (v *variant) conntrack() {
	p := v.p
	switch {
	case p.Conn != nil || p.Untracked || v.invalid:
		return
	case v.conn != nil:
		p.Conn = v.conn.Clone()
		return
	}
	if p.Proto == packet.ICMPv6 && p.Type >= 130 && p.Type <= 137 || p.Proto == packet.ICMPv6 && p.Type == 143 {
		p.Untracked = true
		return
	}
	switch {
	case p.Proto == packet.TCP && !packet.Begins(p.Flags):
		return // no connection begins so: it stays invalid
	case p.Proto == packet.ICMP && !begins4(p.Type), p.Proto == packet.ICMPv6 && !begins6(p.Type):
		return
	}
	p.Track()
}

// begins4 says which ICMP types begin a connection: those that ask for an answer
// (nf_conntrack_icmp_packet).
func begins4(t uint8) bool { return t == 8 || t == 13 || t == 15 || t == 17 }

func begins6(t uint8) bool { return t == 128 || t == 139 }

// natStop asks the chains of type nat about a new connection, once for each end,
// and translates.
func (s *Space) natStop(st *stop, h ruleset.Hook, in []*variant, ended *[]*variant) []*variant {
	dst := h == ruleset.Prerouting || h == ruleset.Output
	var ask, out []*variant
	for _, v := range in {
		c := v.p.Conn
		if c != nil && h == ruleset.Postrouting && !c.Replying && c.Masqueraded != "" && c.Masqueraded != v.p.OIF {
			v.legs[len(v.legs)-1].Cut = true
			finish(v, Drop, "its connection was masqueraded for "+c.Masqueraded+", and is over (nf_nat_oif_changed)", ended)
			continue
		}
		if c == nil || c.State != ruleset.StateNew || dst && c.DstDone || !dst && c.SrcDone {
			out = append(out, v)
			continue
		}
		ask = append(ask, v)
	}
	for i := range st.nats {
		var undecided []*variant
		for _, v := range s.run(&st.nats[i], h, ask, ended) {
			if dst && v.p.Conn.DstDone || !dst && v.p.Conn.SrcDone {
				out = append(out, v)
				continue
			}
			undecided = append(undecided, v)
		}
		ask = undecided
	}
	for _, v := range ask {
		if dst {
			v.p.Conn.DstDone = true
		} else {
			v.p.Conn.SrcDone = true
		}
		out = append(out, v)
	}
	var on []*variant
	for _, v := range out {
		before := v.p.Dst
		translate(v.p, dst)
		if h != ruleset.Output || v.p.Dst == before || s.reroute(v, ended) {
			on = append(on, v)
		}
	}
	return on
}

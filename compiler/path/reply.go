package path

import (
	"fmt"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/ruleset"
)

// reply sends the answer to a packet that has arrived; nil where there is none to
// be looked at: of multicast, of what conntrack does not know by its protocol.
func (s *Space) reply(st Start, r *Result, ended []*variant) *Result {
	p := r.Packet
	if p.Dst.IsMulticast() || s.host.TypeOf(p.Dst, "") == host.Broadcast {
		return nil
	}
	var first *variant
	for _, v := range ended {
		if v.p == p {
			first = v
		}
	}
	q := p.Clone()
	q.Src, q.Dst, q.Sport, q.Dport = p.Dst, p.Src, p.Dport, p.Sport
	q.IIF, q.OIF, q.Owner, q.Link, q.TTL, q.Mark = "", "", nil, ruleset.PktHost, 64, 0
	switch p.Proto {
	case packet.TCP:
		if p.Flags&(packet.SYN|packet.ACK) != packet.SYN {
			return nil
		}
		q.Flags = packet.SYN | packet.ACK
	case packet.ICMP:
		if p.Type != 8 {
			return nil
		}
		q.Type = 0
	case packet.ICMPv6:
		if p.Type != 128 {
			return nil
		}
		q.Type = 129
	case packet.UDP, packet.SCTP, packet.DCCP, packet.UDPLite:
	default:
		return nil
	}
	if c := q.Conn; c != nil {
		c.State, c.Replying = ruleset.StateEstablished, true
		c.Status |= ruleset.StatusSeenReply | ruleset.StatusConfirmed
	}
	q.Untracked = false // of each packet anew
	// The reply belongs to the connection from where conntrack sees it on.
	v := &variant{p: q, conn: q.Conn}
	q.Conn = nil
	var out []*variant
	switch {
	case first == nil || first.left == "":
		s.output(v, "", &out)
	default:
		if why := s.bypass(p, first.left); why != "" {
			finish(v, Drop, why, &out)
			break
		}
		q.IIF = first.left
		s.input(v, &out)
	}
	back := result(out)
	if p.Proto == packet.TCP && back.Verdict == Accept {
		back.Reply = s.acknowledge(st, back.Packet.Conn, p.Conn != nil)
	}
	return back
}

// acknowledge is the third packet of TCP's handshake: it goes the way of the first,
// and only once it has arrived both ends have a connection. Where conntrack knows of the
// first packet alone, and not of the reply, it is invalid (tcp_conntracks: ACK after
// SYN_SENT).
func (s *Space) acknowledge(st Start, c *packet.Conn, begun bool) *Result {
	st.Flags = packet.ACK
	v := &variant{p: s.packet(st), invalid: c == nil && begun}
	if c != nil {
		v.conn = c.Clone()
		v.conn.State, v.conn.Replying = ruleset.StateEstablished, false
		v.conn.Status |= ruleset.StatusAssured
	}
	return result(s.start(st, v))
}

// bypass says why the reply to a translated packet never comes back here: server
// and client are in one network and talk to each other directly.
func (s *Space) bypass(p *packet.Packet, left string) string {
	c := p.Conn
	if c == nil || c.Status&ruleset.StatusDNAT == 0 || c.Status&ruleset.StatusSNAT != 0 {
		return ""
	}
	l := s.host.Link(left)
	if l == nil || s.host.TypeOf(p.Src, "") == host.Local {
		return ""
	}
	for _, a := range l.Addrs {
		if a.Contains(p.Src) && a.Contains(p.Dst) {
			return fmt.Sprintf("%s answers %s directly, past this host, and not from the address that was asked", p.Dst, p.Src)
		}
	}
	return ""
}

package path

import (
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/ruleset"
)

// Known sends a packet of a connection that conntrack knows and that is not
// translated: one of its later packets, with replying one in the other direction, or
// with the state related one that begins what it announced.
func (s *Space) Known(st Start, state uint32, replying bool) *Result {
	p := s.packet(st)
	t := packet.Tuple{Src: p.Src, Dst: p.Dst, Sport: p.Sport, Dport: p.Dport}
	c := &packet.Conn{Proto: p.Proto, Orig: t, Reply: t.Reverse(), State: state, Replying: replying}
	if replying {
		c.Orig, c.Reply = c.Reply, c.Orig
	}
	if state == ruleset.StateEstablished {
		c.Status = ruleset.StatusSeenReply | ruleset.StatusConfirmed
	}
	return result(s.start(st, &variant{p: p, conn: c}))
}

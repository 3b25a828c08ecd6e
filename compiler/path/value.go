package path

import (
	"math/bits"
	"net/netip"
	"strings"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/ruleset"
)

var (
	unknown = packet.Value{Presence: packet.Unknown}
	absent  = packet.Value{}
)

func known(n ruleset.U128) packet.Value { return packet.Value{Presence: packet.Known, Num: n} }

// field of a packet, those of routing included.
func (s *Space) field(p *packet.Packet, f ruleset.Field) packet.Value {
	number := func(n uint64) packet.Value { return known(ruleset.U128{Lo: n}) }
	switch f {
	case ruleset.FibSaddrType:
		return number(uint64(s.addrType(p.Src, p.Dst, "")))
	case ruleset.FibDaddrType:
		return number(uint64(s.addrType(p.Dst, p.Src, "")))
	case ruleset.FibSaddrIIFType:
		return number(uint64(s.addrType(p.Src, p.Dst, p.IIF)))
	case ruleset.FibDaddrIIFType:
		return number(uint64(s.addrType(p.Dst, p.Src, p.IIF)))
	case ruleset.FibSaddrOIF:
		return s.reverse(p, "")
	case ruleset.IIFGroup:
		if p.IIF == host.Loopback {
			return number(s.groupOfLoopback())
		}
	case ruleset.OIFGroup:
		if p.OIF == host.Loopback {
			return number(s.groupOfLoopback())
		}
	case ruleset.FibSaddrIIFOIF:
		return s.reverse(p, p.IIF)
	}
	return p.Get(f)
}

// groupOfLoopback is 0 unless the host's facts say otherwise; those of other links are
// not always told.
func (s *Space) groupOfLoopback() uint64 {
	if l := s.host.Link(host.Loopback); l != nil {
		return uint64(l.Group)
	}
	return 0
}

// addrType is what fib says of an address: in IPv4 what the table local says, in IPv6
// what becomes of its route as well (nft_fib4_eval_type, nft_fib6_eval_type).
func (s *Space) addrType(a, from netip.Addr, dev string) host.Type {
	t := s.host.TypeOf(a, dev)
	if t != host.Unicast || a.Is4() {
		return t
	}
	switch r := s.host.Route(host.Query{Dst: a, Src: from}); {
	case !r.Found:
		return host.Unreachable
	case r.Type == host.Blackhole, r.Type == host.Unreachable, r.Type == host.Prohibit:
		return r.Type
	}
	return t
}

// reverse is the index of the interface by which the source is reached: 0 where
// it is not, or not by dev (nft_fib4_eval). What comes over lo passes.
func (s *Space) reverse(p *packet.Packet, dev string) packet.Value {
	if p.IIF == host.Loopback || p.Heard {
		return s.index(p.IIF)
	}
	q := host.Query{Dst: p.Src, Src: p.Dst}
	if p.Src.Is6() && p.Src.IsLinkLocalUnicast() {
		q.OIF = dev // only there such an address means something
	}
	r := s.host.Lookup(q)
	if !r.Found || r.Type != host.Unicast && r.Type != host.Broadcast || dev != "" && r.Dev != dev {
		return known(ruleset.U128{})
	}
	return s.index(r.Dev)
}

// reached says whether the source is reached, by the arriving interface or by any: 1 or
// 0 (nft_fib_store_result).
func (s *Space) reached(p *packet.Packet, args []string) packet.Value {
	dev := ""
	switch strings.Join(args, " ") {
	case "saddr iif exists":
		dev = p.IIF
	case "saddr exists":
	default:
		return unknown
	}
	if v := s.reverse(p, dev); v.Presence == packet.Known && v.Num == (ruleset.U128{}) {
		return known(ruleset.U128{})
	}
	return known(ruleset.U128{Lo: 1})
}

// index of a link: never 0.
func (s *Space) index(link string) packet.Value {
	if l := s.host.Link(link); l != nil && l.Index > 0 {
		return known(ruleset.U128{Lo: uint64(l.Index)})
	}
	return packet.Value{Presence: packet.Unknown, Text: "not zero"}
}

// eval gives what an expression computes.
func (s *Space) eval(p *packet.Packet, t *ruleset.Table, e ruleset.Expr) packet.Value {
	switch e := e.(type) {
	case ruleset.Field:
		return s.field(p, e)
	case ruleset.Term:
		return constant(e)
	case *ruleset.Selector:
		if e.Kind == ruleset.Fib && e.Exists {
			return s.reached(p, e.Args)
		}
		return selector(p, e)
	case *ruleset.Binary:
		return binary(e.Op, s.eval(p, t, e.Left), s.eval(p, t, e.Right), ruleset.WidthOf(e.Left))
	case *ruleset.MapExpr:
		elem, found := s.find(p, t, e.Key, s.elems(t, e.Map, e.Elems))
		switch {
		case found == no:
			return absent
		case found == maybe || len(elem.Data) != 1:
			return unknown
		}
		return constant(elem.Data[0])
	}
	return unknown // numgen, hashes
}

func constant(t ruleset.Term) packet.Value {
	switch {
	case t.Unknown || !t.Single():
		return unknown
	case t.Text != "":
		return packet.Value{Presence: packet.Known, Text: t.Text}
	}
	return known(t.Lo)
}

// selector: a place that is not modelled. Headers that no plain packet has are
// absent.
func selector(p *packet.Packet, e *ruleset.Selector) packet.Value {
	missing := absent
	if e.Exists {
		missing = known(ruleset.U128{})
	}
	switch e.Kind {
	case ruleset.ExtHdr:
		return missing
	case ruleset.TCPOption:
		if p.Proto != packet.TCP {
			return absent
		}
	case ruleset.IPOption:
		if p.V6() {
			return absent
		}
		return missing
	case ruleset.SCTPChunk:
		if p.Proto != packet.SCTP {
			return absent
		}
	case ruleset.DCCPOption:
		if p.Proto != packet.DCCP {
			return absent
		}
	}
	return unknown
}

func binary(op ruleset.BinaryOp, a, b packet.Value, width int) packet.Value {
	if a.Presence == packet.Absent || b.Presence == packet.Absent {
		return absent
	}
	if a.Presence != packet.Known || b.Presence != packet.Known || a.Text+b.Text != "" {
		return unknown
	}
	x, y := a.Num, b.Num
	switch op {
	case ruleset.And:
		return known(ruleset.U128{Hi: x.Hi & y.Hi, Lo: x.Lo & y.Lo})
	case ruleset.Or:
		return known(ruleset.U128{Hi: x.Hi | y.Hi, Lo: x.Lo | y.Lo})
	case ruleset.Xor:
		return known(ruleset.U128{Hi: x.Hi ^ y.Hi, Lo: x.Lo ^ y.Lo})
	}
	if y.Hi != 0 || y.Lo > 127 || width > 64 {
		return unknown
	}
	if op == ruleset.Rshift {
		return known(ruleset.U128{Lo: x.Lo >> y.Lo})
	}
	n := x.Lo << y.Lo
	if width > 0 && width < 64 {
		n &= 1<<width - 1
	}
	return known(ruleset.U128{Lo: n})
}

// mask of a prefix's host part.
func hostBits(t ruleset.Term) ruleset.U128 {
	x := ruleset.U128{Hi: t.Lo.Hi ^ t.Hi.Hi, Lo: t.Lo.Lo ^ t.Hi.Lo}
	n := bits.Len64(x.Lo)
	if x.Hi != 0 {
		return ruleset.U128{Hi: 1<<bits.Len64(x.Hi) - 1, Lo: ^uint64(0)}
	}
	if n == 64 {
		return ruleset.U128{Lo: ^uint64(0)}
	}
	return ruleset.U128{Lo: 1<<n - 1}
}

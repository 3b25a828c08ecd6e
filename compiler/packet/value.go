package packet

import (
	"github.com/loward/loward/compiler/ruleset"
)

// Presence says whether a packet has a field.
type Presence uint8

// The kinds of presence.
const (
	// Absent: the packet has no such field; a match on it fails either way.
	Absent Presence = iota
	// Known: the field has a value.
	Known
	// Unknown: it may have any value, or none.
	Unknown
)

// Value of a field.
type Value struct {
	Presence Presence
	Num      ruleset.U128
	Text     string // fields of domain Name and String; a user's name
}

func num(n uint64) Value { return Value{Presence: Known, Num: ruleset.U128{Lo: n}} }

func text(s string) Value { return Value{Presence: Known, Text: s} }

// link is an interface's name. Of one that is not known only is known that it is
// not lo.
func link(name string) Value {
	if name == AnyLink {
		return Value{Presence: Unknown, Text: NotLoopback}
	}
	return text(name)
}

// NotLoopback is the Text of an unknown interface.
const NotLoopback = "not lo"

var unknown = Value{Presence: Unknown}

// Get the value of a field, but for those that ask the routing table: these are
// Unknown here.
func (p *Packet) Get(f ruleset.Field) Value {
	if v, ok := p.set[f]; ok {
		return v
	}
	switch f {
	case ruleset.IIFName, ruleset.IIF:
		return link(p.IIF)
	case ruleset.OIFName, ruleset.OIF:
		return link(p.OIF)
	case ruleset.IIFType, ruleset.OIFType:
		// ARPHRD_LOOPBACK; of other links only the running host knows.
		if f == ruleset.IIFType && p.IIF == "lo" || f == ruleset.OIFType && p.OIF == "lo" {
			return num(772)
		}
	case ruleset.MetaMark:
		return num(uint64(p.Mark))
	case ruleset.PktType:
		return num(uint64(p.Link))
	case ruleset.NFProto:
		if p.V6() {
			return num(ruleset.NFProtoIPv6)
		}
		return num(ruleset.NFProtoIPv4)
	case ruleset.MetaProtocol, ruleset.EtherType:
		if f == ruleset.EtherType && p.IIF == "" {
			return Value{} // no link-layer header yet
		}
		if p.V6() {
			return num(0x86dd)
		}
		return num(0x0800)
	case ruleset.L4Proto:
		return num(uint64(p.Proto))
	case ruleset.SKUID, ruleset.SKGID:
		return p.owner(f)
	case ruleset.EtherSaddr, ruleset.EtherDaddr:
		if p.IIF == "" || p.IIF == "lo" {
			return Value{}
		}
		return unknown
	case ruleset.TCPFlags:
		return p.of(TCP, uint64(p.Flags))
	case ruleset.Sport, ruleset.Dport:
		if !p.HasPorts() {
			return unknown // of any protocol what stands where ports would be
		}
		return num(uint64(map[bool]uint16{false: p.Dport, true: p.Sport}[f == ruleset.Sport]))
	case ruleset.PacketLength, ruleset.IPLength:
		switch {
		case f == ruleset.IPLength && p.V6():
			return Value{}
		case p.Length == 0:
			return unknown
		}
		return num(uint64(p.Length))
	case ruleset.IPDSCP, ruleset.IPECN, ruleset.IP6DSCP, ruleset.IP6ECN:
		if p.V6() != (f.Info().Family == ruleset.IP6) {
			return Value{}
		}
		return num(0)
	case ruleset.MetaPriority, ruleset.NFTrace, ruleset.SecMark:
		return num(0)
	}
	if v, ok := p.network(f); ok {
		return v
	}
	if v, ok := p.connection(f); ok {
		return v
	}
	if !p.mayHave(f) {
		return Value{}
	}
	return unknown
}

// network is what stands in the IP header, or behind it in ICMP's.
func (p *Packet) network(f ruleset.Field) (Value, bool) {
	four := func(v Value) (Value, bool) {
		if p.V6() {
			return Value{}, true
		}
		return v, true
	}
	six := func(v Value) (Value, bool) {
		if !p.V6() {
			return Value{}, true
		}
		return v, true
	}
	switch f {
	case ruleset.IPSaddr:
		return four(Value{Presence: Known, Num: ruleset.AddrValue(p.Src)})
	case ruleset.IPDaddr:
		return four(Value{Presence: Known, Num: ruleset.AddrValue(p.Dst)})
	case ruleset.IP6Saddr:
		return six(Value{Presence: Known, Num: ruleset.AddrValue(p.Src)})
	case ruleset.IP6Daddr:
		return six(Value{Presence: Known, Num: ruleset.AddrValue(p.Dst)})
	case ruleset.IPTTL:
		return four(num(uint64(p.TTL)))
	case ruleset.IP6HopLimit:
		return six(num(uint64(p.TTL)))
	case ruleset.IPProtocol:
		return four(num(uint64(p.Proto)))
	case ruleset.IPVersion:
		return four(num(4))
	case ruleset.IP6Version:
		return six(num(6))
	case ruleset.IP6Nexthdr:
		return six(num(uint64(p.Proto)))
	case ruleset.IPFrag:
		return four(num(0)) // conntrack puts fragments together
	case ruleset.IPHdrLength:
		return four(num(5)) // no IP options
	case ruleset.ICMPType:
		return p.of(ICMP, uint64(p.Type)), true
	case ruleset.ICMPCode:
		return p.of(ICMP, uint64(p.Code)), true
	case ruleset.ICMPv6Type:
		return p.of(ICMPv6, uint64(p.Type)), true
	case ruleset.ICMPv6Code:
		return p.of(ICMPv6, uint64(p.Code)), true
	}
	return Value{}, false
}

// of a protocol alone.
func (p *Packet) of(proto uint8, n uint64) Value {
	if p.Proto != proto {
		return Value{}
	}
	return num(n)
}

func (p *Packet) owner(f ruleset.Field) Value {
	switch {
	case p.Owner == nil:
		return Value{}
	case f == ruleset.SKUID && p.Owner.UID < 0:
		return Value{Presence: Unknown, Text: p.Owner.User}
	case f == ruleset.SKUID:
		return Value{Presence: Known, Num: ruleset.U128{Lo: uint64(p.Owner.UID)}, Text: p.Owner.User}
	case p.Owner.GID < 0:
		return Value{Presence: Unknown, Text: p.Owner.Group}
	}
	return Value{Presence: Known, Num: ruleset.U128{Lo: uint64(p.Owner.GID)}, Text: p.Owner.Group}
}

// connection is what conntrack knows. Without an entry only the state has a value
// (nft_ct_get_eval).
func (p *Packet) connection(f ruleset.Field) (Value, bool) {
	c := p.Conn
	if f == ruleset.CTState {
		switch {
		case c != nil:
			return num(uint64(c.State)), true
		case p.Untracked:
			return num(ruleset.StateUntracked), true
		}
		return num(ruleset.StateInvalid), true
	}
	if f < ruleset.CTState || f > ruleset.CTReplyDport {
		if ofConn(f) && c == nil {
			return Value{}, true
		}
		if c != nil {
			v, ok := c.set[f]
			return v, ok
		}
		return Value{}, false
	}
	if c == nil {
		return Value{}, true
	}
	if v, ok := c.set[f]; ok {
		return v, true
	}
	switch f {
	case ruleset.CTStatus:
		return num(uint64(c.Status)), true
	case ruleset.CTDirection:
		if c.Replying {
			return num(ruleset.DirReply), true
		}
		return num(ruleset.DirOriginal), true
	case ruleset.CTMark:
		return num(uint64(c.Mark)), true
	case ruleset.CTLabel:
		return Value{Presence: Known, Num: ruleset.U128{Hi: c.Labels[1], Lo: c.Labels[0]}}, true
	case ruleset.CTHelper:
		if c.Helper == "" {
			return Value{}, true
		}
		return text(c.Helper), true
	case ruleset.CTProtocol:
		return num(uint64(c.Proto)), true
	}
	return c.tuple(f), true
}

// tuple is an address or a port of a connection.
func (c *Conn) tuple(f ruleset.Field) Value {
	v6 := c.Orig.Src.Is6()
	switch f {
	case ruleset.CTOrigSaddr, ruleset.CTOrigDaddr, ruleset.CTReplySaddr, ruleset.CTReplyDaddr:
		if v6 {
			return Value{}
		}
	case ruleset.CTOrig6Saddr, ruleset.CTOrig6Daddr, ruleset.CTReply6Saddr, ruleset.CTReply6Daddr:
		if !v6 {
			return Value{}
		}
	}
	switch f {
	case ruleset.CTOrigSaddr, ruleset.CTOrig6Saddr:
		return Value{Presence: Known, Num: ruleset.AddrValue(c.Orig.Src)}
	case ruleset.CTOrigDaddr, ruleset.CTOrig6Daddr:
		return Value{Presence: Known, Num: ruleset.AddrValue(c.Orig.Dst)}
	case ruleset.CTReplySaddr, ruleset.CTReply6Saddr:
		return Value{Presence: Known, Num: ruleset.AddrValue(c.Reply.Src)}
	case ruleset.CTReplyDaddr, ruleset.CTReply6Daddr:
		return Value{Presence: Known, Num: ruleset.AddrValue(c.Reply.Dst)}
	}
	// Of ICMP the tuple's "ports" are the identifier, and type and code.
	if !Ported(c.Proto) {
		return unknown
	}
	switch f {
	case ruleset.CTOrigSport:
		return num(uint64(c.Orig.Sport))
	case ruleset.CTOrigDport:
		return num(uint64(c.Orig.Dport))
	case ruleset.CTReplySport:
		return num(uint64(c.Reply.Sport))
	}
	return num(uint64(c.Reply.Dport))
}

// ofConn: fields of the connection beyond those that are modelled.
func ofConn(f ruleset.Field) bool {
	return f >= ruleset.CTExpiration && f <= ruleset.CTReplyProtocol
}

// mayHave says whether the packet can have a field that is not modelled.
func (p *Packet) mayHave(f ruleset.Field) bool {
	switch i := f.Info(); i.Family {
	case ruleset.IP:
		if p.V6() {
			return false
		}
	case ruleset.IP6:
		if !p.V6() {
			return false
		}
	case ruleset.ARP, ruleset.Bridge:
		return false
	}
	switch {
	case f >= ruleset.ICMPChecksum && f <= ruleset.ICMPMTU:
		return p.Proto == ICMP
	case f >= ruleset.IGMPType && f <= ruleset.IGMPGroup:
		return p.Proto == IGMP
	case f >= ruleset.ICMPv6Checksum && f <= ruleset.ICMPv6Daddr:
		return p.Proto == ICMPv6
	case f >= ruleset.AHNexthdr && f <= ruleset.AHSequence:
		return p.Proto == AH
	case f >= ruleset.ESPSPI && f <= ruleset.ESPSequence:
		return p.Proto == ESP
	case f == ruleset.UDPLength || f == ruleset.UDPChecksum:
		return p.Proto == UDP
	case f >= ruleset.TCPSequence && f <= ruleset.TCPUrgptr:
		return p.Proto == TCP
	case f == ruleset.DCCPType:
		return p.Proto == DCCP
	case f == ruleset.SCTPVtag || f == ruleset.SCTPChecksum:
		return p.Proto == SCTP
	case f >= ruleset.GREFlags && f <= ruleset.GREProtocol:
		return p.Proto == GRE
	case f >= ruleset.VLANID && f <= ruleset.VLANType:
		return false
	case f == ruleset.IIFType || f == ruleset.IIFGroup || f == ruleset.IIFKind || f == ruleset.SDIF || f == ruleset.SDIFName:
		return p.IIF != ""
	case f == ruleset.OIFType || f == ruleset.OIFGroup || f == ruleset.OIFKind:
		return p.OIF != ""
	}
	return true
}

// Set what a rule assigns; an unknown value makes the field unknown.
func (p *Packet) Set(f ruleset.Field, v Value) {
	conn := f >= ruleset.CTState && f <= ruleset.CTReplyDport || ofConn(f)
	if conn && p.Conn == nil {
		return // nothing to assign to
	}
	known := v.Presence == Known
	switch {
	case f == ruleset.MetaMark && known:
		p.Mark = uint32(v.Num.Lo)
		delete(p.set, f)
		return
	case f == ruleset.CTMark && known:
		p.Conn.Mark = uint32(v.Num.Lo)
		delete(p.Conn.set, f)
		return
	case f == ruleset.CTHelper && known:
		p.Conn.Helper = v.Text
		return
	case conn:
		if p.Conn.set == nil {
			p.Conn.set = map[ruleset.Field]Value{}
		}
		p.Conn.set[f] = v
		return
	}
	if p.set == nil {
		p.set = map[ruleset.Field]Value{}
	}
	p.set[f] = v
}

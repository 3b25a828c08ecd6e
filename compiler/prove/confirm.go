package prove

import (
	"maps"
	"net/netip"

	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/ruleset"
)

// Follow sends the packet of a counterexample through the rules one by one: the same
// answer from a second judge, and the rules that gave it.
func (r *Result) Follow(c *Counterexample, rs *ruleset.Ruleset) *path.Result {
	s := path.New(rs, r.machine(c))
	s.Fresh = true
	switch c.Conn {
	case fate.Original, fate.Reply:
		return s.Known(c.start(), ruleset.StateEstablished, c.Conn == fate.Reply)
	case fate.Related:
		return s.Known(c.start(), ruleset.StateRelated, false)
	}
	return s.Send(c.start())
}

// start of the packet's journey.
func (c *Counterexample) start() path.Start {
	p := c.Packet
	st := path.Start{
		IIF: p.IIF, From: netip.AddrPortFrom(p.Src, p.Sport), To: netip.AddrPortFrom(p.Dst, p.Dport),
		Proto: p.Proto, Type: p.Type, Code: p.Code, Flags: p.Flags, TTL: p.TTL,
	}
	if c.Journey == fate.Outbound {
		st.OIF = p.OIF
	}
	if p.Owned {
		st.Owner = &packet.Owner{User: p.User, Group: p.Group, UID: int(p.UID), GID: int(p.GID)}
	}
	return st
}

// machine is the proof's host on which the packet gets as far as the rules let it:
// it has the packet's interfaces and a route, it forwards, and it takes what is
// addressed to 127/8.
func (r *Result) machine(c *Counterexample) *host.Host {
	h := *r.Host
	h.Links = append([]host.Link(nil), r.Host.Links...)
	for _, n := range []string{c.Packet.IIF, c.Packet.OIF} {
		if n != "" && h.Link(n) == nil {
			h.Add(n)
		}
	}
	h.Sysctls = map[string]string{}
	maps.Copy(h.Sysctls, r.Host.Sysctls)
	for _, n := range []string{"ipv4.ip_forward", "ipv6.conf.all.forwarding", "ipv4.conf.all.route_localnet", "ipv4.conf.all.accept_local"} {
		h.Sysctls[n] = "1"
	}
	if d := c.Packet.Dst; c.Journey != fate.Local && c.Packet.OIF != "" && h.TypeOf(d, "") == host.Unicast {
		h.Routes = append(append([]host.Route(nil), r.Host.Routes...), host.Route{Dst: netip.PrefixFrom(d, d.BitLen()), Dev: c.Packet.OIF, Metric: -1})
	}
	return &h
}

// Agrees says whether a second judge gives a packet one of the fates that the proof
// gave it. What it can't know is no disagreement, nor what the kernel refuses by
// itself (a TTL that is used up, say): the proof is about rules.
func (c *Counterexample) Agrees(r *path.Result) bool {
	if r.Why != "" {
		return true
	}
	for _, f := range c.Does {
		switch {
		case r.Verdict == path.Undecided, f.Verdict == fate.Undecided:
			return true
		case f.Verdict == fate.Accept && r.Verdict == path.Accept, f.Verdict == fate.Drop && r.Verdict == path.Drop,
			f.Verdict == fate.Reject && r.Verdict == path.Reject:
			return true
		}
	}
	return false
}

package change

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/ruleset"
)

// Witness is a class's packet on its way through both rulesets.
type Witness struct {
	Host     *host.Host
	Start    path.Start
	Old, New *path.Result
	// Wrong: it does not fare as the class says. That is a mistake of loward's.
	Wrong bool
}

// Send the packet of a class through both rulesets.
func (q *Question) Send(c *Class) *Witness {
	p := c.Packet
	w := &Witness{Host: q.hostOf(c), Start: path.Start{
		IIF: p.IIF, From: netip.AddrPortFrom(p.Src, p.Sport), To: netip.AddrPortFrom(p.Dst, p.Dport),
		Proto: p.Proto, Type: p.Type, Code: p.Code, Flags: p.Flags, TTL: p.TTL,
	}}
	if p.Owned {
		w.Start.Owner = &packet.Owner{User: p.User, Group: p.Group, UID: int(p.UID), GID: int(p.GID)}
		if p.User != "" {
			w.Start.Owner.UID = -1
		}
		if p.Group != "" {
			w.Start.Owner.GID = -1
		}
	}
	send := func(rs *ruleset.Ruleset) *path.Result {
		s := path.New(rs, w.Host)
		switch {
		case c.Conns&(1<<fate.First) != 0:
			return s.Send(w.Start)
		case c.Conns&(1<<fate.Original) != 0:
			return s.Known(w.Start, ruleset.StateEstablished, false)
		case c.Conns&(1<<fate.Reply) != 0:
			return s.Known(w.Start, ruleset.StateEstablished, true)
		}
		return s.Known(w.Start, ruleset.StateRelated, false)
	}
	w.Old, w.New = send(q.Old), send(q.New)
	// No port and no flag is what package path takes for some.
	sent := (p.Sport != 0 || !packet.Ported(p.Proto)) && (p.Flags != 0 || p.Proto != packet.TCP)
	w.Wrong = sent && (!fares(w.Old, c.Old) || !fares(w.New, c.New))
	return w
}

// fares says whether a journey ends as one of some fates.
func fares(r *path.Result, list []fate.Fate) bool {
	v := map[path.Verdict]fate.Verdict{path.Accept: fate.Accept, path.Drop: fate.Drop, path.Reject: fate.Reject, path.Undecided: fate.Undecided}[r.Verdict]
	if v == fate.Undecided {
		return len(list) > 1 || list[0].Verdict == v
	}
	return slices.ContainsFunc(list, func(f fate.Fate) bool {
		return f.Verdict == v && (v != fate.Accept || translated(f.To, r.Packet.Dst, r.Packet.Dport) && translated(f.From, r.Packet.Src, r.Packet.Sport))
	})
}

// translated: an address and a port as a fate has them, where it does.
func translated(to string, a netip.Addr, port uint16) bool {
	if p, err := netip.ParseAddrPort(to); err == nil {
		return p == netip.AddrPortFrom(a, port)
	}
	if b, err := netip.ParseAddr(to); err == nil {
		return a == b
	}
	if s, ok := strings.CutPrefix(to, "itself:"); ok {
		return s == strconv.Itoa(int(port))
	}
	return true
}

// hostOf is the machine on which a class's packet goes its way: where facts leave it
// open, addresses and routes are such that it does.
func (q *Question) hostOf(c *Class) *host.Host {
	p := c.Packet
	if q.Host != nil && q.Routes {
		return q.Host
	}
	h := host.New()
	if q.Host != nil {
		own := *q.Host
		own.Links = slices.Clone(q.Host.Links)
		own.Routes = slices.Clone(q.Host.Routes)
		h = &own
	} else {
		h.Sysctls = map[string]string{"ipv4.ip_forward": "1", "ipv6.conf.all.forwarding": "1"}
		typed(h, p.Dst, p.DstType)
		typed(h, p.Src, p.SrcType)
	}
	link := func(name string) {
		if name != "" && h.Link(name) == nil {
			h.Add(name)
		}
	}
	link(p.IIF)
	link(p.OIF)
	if q.Host == nil { // addresses to masquerade with, and to redirect to
		for _, name := range slices.Compact([]string{p.OIF, p.IIF}) {
			if name != "" {
				h.Add(name, netip.MustParsePrefix("192.0.2.254/32"), netip.MustParsePrefix("2001:db8::fe/128"))
			}
		}
	}
	route := func(a netip.Addr, bits int, dev string) {
		if dev != "" && dev != host.Loopback {
			h.Routes = append(h.Routes, host.Route{Dst: netip.PrefixFrom(a, bits).Masked(), Dev: dev, Metric: -1})
		}
	}
	if c.Ways&(Out|Through) != 0 && h.TypeOf(p.Dst, "") == host.Unicast {
		route(p.Dst, p.Dst.BitLen(), p.OIF)
	}
	// What is translated to its own source leaves by the class's interface too.
	back := slices.ContainsFunc(slices.Concat(c.Old, c.New), func(f fate.Fate) bool {
		to, err := netip.ParseAddrPort(f.To)
		return f.To == p.Src.String() || err == nil && to.Addr() == p.Src
	})
	if p.IIF != "" && h.TypeOf(p.Src, "") == host.Unicast && !back {
		route(p.Src, p.Src.BitLen(), p.IIF)
	}
	// All the rest of the world, which translation may lead to.
	for _, all := range []string{"0.0.0.0/0", "::/0"} {
		route(netip.MustParsePrefix(all).Addr(), 0, p.OIF)
	}
	return h
}

// typed makes an address of a host what the routing table shall say of it.
func typed(h *host.Host, a netip.Addr, t host.Type) {
	switch {
	case h.TypeOf(a, "") == t || a.IsUnspecified():
	case t == host.Local:
		h.Add(host.Loopback, netip.PrefixFrom(a, a.BitLen()))
	case t == host.Broadcast:
		h.Routes = append(h.Routes, host.Route{Dst: netip.PrefixFrom(a, a.BitLen()), Type: t, Table: host.TableLocal})
	}
}

// Decider is the step of a journey that made the difference: where it ended badly the
// one that ended it, else what accepted it where the other journey ended. Of rules that
// loward made by itself it is the one before that stands in the source.
func Decider(r, other *path.Result) (*path.Leg, *path.Step) {
	at := len(r.Legs)
	if r.Verdict == path.Accept && other.Verdict != path.Accept {
		for i := range r.Legs {
			if n := len(other.Legs); n > 0 && r.Legs[i].Hook == other.Legs[n-1].Hook && i >= n-1 {
				at = i + 1
				break
			}
		}
	}
	var leg *path.Leg
	var step *path.Step
	for i := at - 1; i >= 0; i-- {
		l := &r.Legs[i]
		for k := len(l.Steps) - 1; k >= 0; k-- {
			s := &l.Steps[k]
			if !s.Final && s.Rule == nil {
				continue
			}
			if step == nil {
				leg, step = l, s
			}
			if s.Origin().File != nil {
				return l, s
			}
			if s.Rule == nil && r.Verdict != path.Accept {
				return leg, step // a policy
			}
		}
		if step != nil {
			break
		}
	}
	return leg, step
}

// Phrase is a packet as trace takes it.
func (c *Class) Phrase() string {
	p := c.Packet
	var b strings.Builder
	ported := p.Proto == packet.TCP || p.Proto == packet.UDP || p.Proto == packet.SCTP
	switch {
	case p.Proto == packet.ICMP && p.Type == 8 || p.Proto == packet.ICMPv6 && p.Type == 128:
		b.WriteString("ping")
	case p.Proto == packet.ICMP:
		b.WriteString("icmp " + strconv.Itoa(int(p.Type)))
	case p.Proto == packet.ICMPv6:
		b.WriteString("icmpv6 " + strconv.Itoa(int(p.Type)))
	default:
		b.WriteString(protocol(p.Proto))
	}
	end := func(a netip.Addr, port uint16) string {
		if ported {
			return netip.AddrPortFrom(a, port).String()
		}
		return a.String()
	}
	b.WriteString(" from ")
	if p.IIF == "" {
		b.WriteString("self ")
	}
	if ported && p.Sport != 40000 { // what trace takes where none is named
		b.WriteString(end(p.Src, p.Sport))
	} else {
		b.WriteString(p.Src.String())
	}
	if p.User != "" {
		b.WriteString(" user " + p.User)
	}
	if p.IIF != "" {
		on := p.IIF
		if strings.Trim(on, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
			on = strconv.Quote(on)
		}
		b.WriteString(" on " + on)
	}
	b.WriteString(" to " + end(p.Dst, p.Dport))
	return b.String()
}

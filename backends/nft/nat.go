package nft

import (
	"net/netip"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// natFamily is the word behind a translation that says the family of its
// address, or "".
func (p *program) natFamily(n *ruleset.NAT) string {
	switch {
	case p.plain && n.Of != ruleset.Inet:
		return n.Of.String()
	case p.table.Family == ruleset.IP || p.table.Family == ruleset.IP6:
		return ""
	case n.Map != "":
		if s := p.sets[n.Map]; s != nil && len(s.Data) > 0 && ruleset.DomainOf(s.Data[0]) == ruleset.Addr6 {
			return "ip6"
		}
		return "ip"
	case n.Lo.IsValid() && !n.Lo.Is4():
		return "ip6"
	case n.Lo.IsValid():
		return "ip"
	}
	return ""
}

func (w *textWriter) nat(n *ruleset.NAT) {
	w.add(n.Kind.String())
	if f := w.natFamily(n); f != "" {
		w.add(" ", f)
	}
	if n.Netmap {
		w.add(" prefix")
	}
	if n.Map != "" || n.Lo.IsValid() || n.To != nil || n.PortLo != 0 || n.ToPort != nil {
		w.add(" to ")
	}
	port := n.PortLo != 0 || n.ToPort != nil
	switch {
	case n.Map != "":
		w.key(n.Key)
		w.add(" map @", n.Map)
	case n.To != nil:
		w.expr(n.To, nil)
	case n.Lo.IsValid() && n.Netmap:
		w.b = n.Lo.AppendTo(w.b)
		t := ruleset.AddrRange(n.Lo, n.Hi)
		if bits, ok := t.PrefixLen(n.Lo.BitLen()); ok {
			w.add("/")
			w.b = emit.Int(w.b, bits)
		} else {
			w.refuse("a translation to the network %s-%s", n.Lo, n.Hi)
		}
	case n.Lo.IsValid():
		w.natAddr(n.Lo, port)
		if n.Hi.IsValid() && n.Hi != n.Lo {
			w.add("-")
			w.natAddr(n.Hi, port)
		}
	}
	w.port(n.PortLo, n.PortHi, n.ToPort)
	w.natFlags(n)
}

// port behind a colon: a number, two, or what computes it.
func (w *textWriter) port(lo, hi uint16, to ruleset.Expr) {
	switch {
	case to != nil:
		w.add(":")
		w.expr(to, nil)
	case lo != 0:
		w.add(":")
		w.b = emit.Uint(w.b, uint64(lo))
		if hi > lo {
			w.add("-")
			w.b = emit.Uint(w.b, uint64(hi))
		}
	}
}

func (w *textWriter) natFlags(n *ruleset.NAT) {
	sep := " "
	for _, f := range natFlags(n) {
		w.add(sep, f)
		sep = ","
	}
}

// natFlags of a translation in nft's words.
func natFlags(n *ruleset.NAT) (flags []string) {
	if n.Random {
		flags = append(flags, "random")
	}
	if n.FullyRandom {
		flags = append(flags, "fully-random")
	}
	if n.Persistent {
		flags = append(flags, "persistent")
	}
	return flags
}

// natAddr writes an address; of IPv6 in brackets where a port follows.
func (w *textWriter) natAddr(a netip.Addr, port bool) {
	if port && !a.Is4() {
		w.add("[")
		w.b = a.AppendTo(w.b)
		w.add("]")
		return
	}
	w.b = a.AppendTo(w.b)
}

func (w *textWriter) tproxy(t *ruleset.TProxy) {
	if t.Mark != 0 || t.MarkMask != 0 {
		w.refuse("a mark that TPROXY sets")
	}
	w.add("tproxy")
	switch {
	case t.Of == ruleset.IP || t.Of == ruleset.IP6:
		w.add(" ", t.Of.String())
	case t.Addr.IsValid() && w.table.Family == ruleset.Inet:
		w.add(map[bool]string{true: " ip", false: " ip6"}[t.Addr.Is4()])
	}
	w.add(" to ")
	switch {
	case t.To != nil:
		w.expr(t.To, nil)
	case t.Addr.IsValid():
		w.natAddr(t.Addr, true)
	}
	w.port(t.Port, t.Port, t.ToPort)
}

package ipt

import (
	"net/netip"
	"slices"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// alts are the ways in which a packet can be what a clause names: each a
// conjunction of matches. Nil means that the clause asks for nothing; empty but
// not nil, that no packet of the family can be meant.
type alts [][]ruleset.Stmt

// mode says where a packet's destination is read, and what is known of it.
type mode uint8

const (
	// plain: it is read in the packet, as it is now.
	plain mode = 0
	// orig: in its connection, as the first packet had it before NAT.
	orig mode = 1
	// own: it is a service's own address, which `address host` does not cover.
	own mode = 2
	// others: it is none of those.
	others mode = 4
)

// The fields that hold a packet's addresses and destination port.
func (w *lowerer) daddr(m mode) where {
	if m&orig != 0 {
		return where(ruleset.In4or6(ruleset.CTOrigDaddr, w.v6))
	}
	return where(ruleset.In4or6(ruleset.IPDaddr, w.v6))
}

func (w *lowerer) saddr() where { return where(ruleset.In4or6(ruleset.IPSaddr, w.v6)) }

var (
	loopback4    = newPrefix(netip.MustParsePrefix("127.0.0.0/8"))
	loopback6    = newPrefix(netip.MustParsePrefix("::1/128"))
	multicast4   = newPrefix(netip.MustParsePrefix("224.0.0.0/4"))
	multicast6   = newPrefix(netip.MustParsePrefix("ff00::/8"))
	linkLocal6   = newPrefix(netip.MustParsePrefix("fe80::/10"))
	unspecified6 = newPrefix(netip.MustParsePrefix("::/128"))
)

func (w *lowerer) loopback() netPrefix {
	if w.v6 {
		return loopback6
	}
	return loopback4
}

func (w *lowerer) notLoopback(m mode) ruleset.Stmt {
	return ruleset.NotIn(ruleset.Field(w.daddr(m)), ruleset.Prefix(w.loopback().Prefix))
}

func state(bits uint64) ruleset.Stmt { return ruleset.Any(ruleset.CTState, bits) }

func known() ruleset.Stmt { return state(ruleset.StateEstablished | ruleset.StateRelated) }

func dnat() ruleset.Stmt { return ruleset.Any(ruleset.CTStatus, ruleset.StatusDNAT) }

// atHost matches, in a rule of a hook that sees incoming or local packets, an
// address that `address host` covers; View.Own needs no exception where own
// addresses have been told apart before.
func (w *lowerer) atHost() []ruleset.Stmt {
	return []ruleset.Stmt{w.notLoopback(plain), ruleset.In(ruleset.FibDaddrType, ruleset.Num(ruleset.AddrLocal))}
}

// atIface matches what arrives on an interface for an address local to it.
func (w *lowerer) atIface(name string) []ruleset.Stmt {
	return []ruleset.Stmt{w.iface(ruleset.IIFName, name), ruleset.In(ruleset.FibDaddrIIFType, ruleset.Num(ruleset.AddrLocal))}
}

// cover a range with the fewest prefixes.
func cover(out []netPrefix, r policy.AddrRange) []netPrefix {
	width := r.Lo.BitLen()
	for lo := r.Lo; ; {
		// The shortest prefix that begins at lo and ends within the range.
		best := netip.PrefixFrom(lo, width)
		last := lo
		for bits := width - 1; bits >= 0; bits-- {
			p := netip.PrefixFrom(lo, bits)
			if p.Masked().Addr() != lo {
				break
			}
			hi := policy.PrefixRange(p).Hi
			if r.Hi.Less(hi) {
				break
			}
			best, last = p, hi
		}
		out = append(out, newPrefix(best))
		if last.Compare(r.Hi) >= 0 {
			return out
		}
		lo = last.Next()
	}
}

// traffic are the alternatives of a list of classes. A class of every packet
// makes the others superfluous. The list is valid until the next call.
func (w *lowerer) traffic(list []policy.Traffic, m mode) alts {
	out := w.classes[:0]
	defer func() { w.classes = out[:0] }()
	for i := range list {
		t := &list[i]
		switch {
		case t.Families&w.f == 0:
		case t.Any:
			return nil
		case t.IsICMP():
			out = w.types(out, t)
		case len(t.Ports) == 0:
			out = append(out, []ruleset.Stmt{w.proto(t.Proto)})
		case m&orig != 0 || len(t.Ports) == 1:
			for _, r := range t.Ports {
				out = append(out, w.port(t.Proto, m, r))
			}
		default:
			for ports := t.Ports; len(ports) > 0; {
				n := slots(ports)
				terms := make([]ruleset.Term, n)
				for i, r := range ports[:n] {
					terms[i] = portTerm(r)
				}
				out = append(out, []ruleset.Stmt{w.proto(t.Proto), ruleset.In(ruleset.Dport, terms...)})
				ports = ports[n:]
			}
		}
	}
	return out
}

// slots is the number of ranges that one multiport match holds: it has 15
// slots, a range takes two.
func slots(ports []policy.PortRange) int {
	used := 0
	for i, r := range ports {
		used++
		if r.Lo != r.Hi {
			used++
		}
		if used > 15 {
			return i
		}
	}
	return len(ports)
}

func portTerm(r policy.PortRange) ruleset.Term { return ruleset.Range(uint64(r.Lo), uint64(r.Hi)) }

// types of ICMP: iptables takes one in a rule.
func (w *lowerer) types(out alts, t *policy.Traffic) alts {
	if len(t.Types) == 0 {
		return append(out, []ruleset.Stmt{w.proto(t.Proto)})
	}
	f := ruleset.In4or6(ruleset.ICMPType, w.v6)
	for _, r := range t.Types {
		for n := int(r.Lo); n <= int(r.Hi); n++ {
			out = append(out, []ruleset.Stmt{w.proto(t.Proto), ruleset.In(f, ruleset.Num(uint64(n)))})
		}
	}
	return out
}

// owners are the alternatives of users and groups; with both, every pair. Only
// positive matches: a packet without an owner is nobody's.
func (w *lowerer) owners(r *policy.Rule) alts {
	if len(r.Users)+len(r.Groups) == 0 {
		return nil
	}
	named := func(f ruleset.Field, names []string, used map[string]bool) alts {
		var out alts
		for _, n := range names {
			used[n] = true
			out = append(out, []ruleset.Stmt{w.iface(f, n)})
		}
		return out
	}
	users := named(ruleset.SKUID, r.Users, w.users)
	groups := named(ruleset.SKGID, r.Groups, w.groups)
	return product([]alts{users, groups})
}

// product multiplies alternatives out; nil where none asks for anything.
func product(dims []alts) alts {
	var out alts
	for _, d := range dims {
		switch {
		case d == nil:
		case out == nil:
			out = d
		default:
			both := make(alts, 0, len(out)*len(d))
			for _, a := range out {
				for _, b := range d {
					both = append(both, slices.Concat(a, b))
				}
			}
			out = both
		}
	}
	return out
}

// side says which interface a statement's `on` means.
type side uint8

const (
	arriving side = iota
	leaving
)

// clauses are the alternatives of each of a rule's clauses. The list is valid
// until the next call.
func (w *lowerer) clauses(r *policy.Rule, s side, m mode) []alts {
	on := ruleset.IIFName
	if s == leaving {
		on = ruleset.OIFName
	}
	w.dims = [...]alts{
		w.ifaces(on, r.On), w.ifaces(ruleset.OIFName, r.Out),
		w.addrs(w.saddr(), r.From), w.dest(r, s, m), w.traffic(r.Traffic, m), w.owners(r),
	}
	return w.dims[:]
}

// dest are the alternatives of `to`.
func (w *lowerer) dest(r *policy.Rule, s side, m mode) alts {
	to := r.To
	if to == nil {
		return nil
	}
	out := alts{}
	if to.Nets != nil {
		out = append(out, w.addrs(w.daddr(m), to.Nets)...)
	}
	switch {
	case !to.Host || m&own != 0:
	case m&orig != 0:
		// Only local delivery asks so, and that goes to the host's addresses.
		out = append(out, []ruleset.Stmt{w.notLoopback(orig)})
	default:
		out = append(out, w.atHost())
	}
	if len(to.Ifaces) > 0 && s == leaving {
		w.diag.Errorf(r.Span, "`to %s` can't be told here: the addresses of interface %s are known only at run time, and only for what arrives on it", to.Name, to.Ifaces[0]).
			WithCode("LW091").Helpf("name the addresses, or a service on `address host`")
		return out
	}
	for _, i := range to.Ifaces {
		out = append(out, w.atIface(i))
	}
	return out
}

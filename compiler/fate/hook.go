package fate

import (
	"fmt"
	"strings"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/ruleset"
)

// stage of a journey: a hook, and what comes behind it.
type stage uint8

const (
	outHook  stage = iota // what the host sends
	postOut               // leaves
	postLoop              // leaves by lo, to come in again
	preLoop               // comes in over lo
	inHook                // is delivered here
	preHook               // arrives
	fwdHook               // is for others
	postFwd               // leaves, forwarded
)

var hookOf = [...]ruleset.Hook{
	ruleset.Output, ruleset.Postrouting, ruleset.Postrouting, ruleset.Prerouting, ruleset.Input, ruleset.Prerouting, ruleset.Forward, ruleset.Postrouting,
}

type hookKey struct {
	stage stage
	i, k  int
	state uint32
}

// at is the way from the i-th stop of a stage on to the end of the journey.
func (m *Map) at(s stage, i int, st *state) diagram.Node {
	stops := m.stopsOf(hookOf[s])
	for ; i < len(stops); i++ {
		stop := &stops[i]
		if stop.Chain != nil || stop.NAT || stop.Conn && !st.conn && !st.untracked {
			break
		}
	}
	if i >= len(stops) {
		return m.after(s, st)
	}
	key := hookKey{s, i, -1, m.stateID(st)}
	if n, ok := m.hooks[key]; ok {
		return n
	}
	var n diagram.Node
	switch stop := &stops[i]; {
	case stop.Conn:
		n = m.conntrack(s, i, st)
	case stop.NAT:
		n = m.nats(s, i, 0, st)
	default:
		n = m.base(stop, hookOf[s], st, func(next *state) diagram.Node { return m.at(s, i+1, next) })
	}
	m.hooks[key] = n
	return n
}

func (m *Map) stopsOf(h ruleset.Hook) []path.Stop {
	if m.stops[h] == nil {
		m.stops[h] = append(path.Stops(m.rs, h, m.u.v6), path.Stop{})
	}
	all := m.stops[h]
	return all[:len(all)-1]
}

// base runs a base chain; what it accepts goes on as then says.
func (m *Map) base(b *path.Stop, h ruleset.Hook, st *state, then func(*state) diagram.Node) diagram.Node {
	m.hook = h
	n := m.chain(b.Table, b.Chain, st)
	policy := func(st *state) diagram.Node {
		if b.Chain.Base.Policy == ruleset.VerdictDrop {
			return m.end(Fate{Verdict: Drop})
		}
		return m.stateLeaf(leafAccept, st)
	}
	n = m.dd.Over(n, policy(st))
	for _, id := range m.statesOf(n, leafGo) {
		next := m.states[id]
		n = m.dd.Select(n, leafGo<<kindShift|id, policy(&next))
	}
	for _, id := range m.statesOf(n, leafAccept) {
		next := m.states[id]
		n = m.dd.Select(n, leafAccept<<kindShift|id, then(&next))
	}
	return n
}

// conntrack sees a packet of no connection yet.
func (m *Map) conntrack(s stage, i int, st *state) diagram.Node {
	switch m.kind {
	case Invalid:
		next := *st
		return m.after1(s, i, &next)
	case First:
	default:
		next := st.track(m.kind)
		return m.after1(s, i, &next)
	}
	tracked, untracked := st.track(First), *st
	untracked.untracked = true
	return m.dd.Ite(m.discovery(), m.after1(s, i, &untracked), m.after1(s, i, &tracked))
}

// after1 goes on behind a stop at which nothing more is to be asked. A state that
// conntrack leaves alone must not come back to it.
func (m *Map) after1(s stage, i int, st *state) diagram.Node { return m.at(s, i+1, st) }

// discovery is neighbour discovery and its like, which conntrack leaves alone
// (nf_conntrack_icmpv6_error).
func (m *Map) discovery() diagram.Node {
	if !m.u.v6 {
		return diagram.False
	}
	return m.dd.And(m.icmp(), m.u.is(varType, 130, 131, 132, 133, 134, 135, 136, 137, 143))
}

// nats asks the k-th chain of type nat about a new connection and those after it,
// once for each end, and translates.
func (m *Map) nats(s stage, i, k int, st *state) diagram.Node {
	stop := &m.stopsOf(hookOf[s])[i]
	dst := s == outHook || s == preHook || s == preLoop
	done := dst && st.dstDone || !dst && st.srcDone
	if !st.conn {
		return m.at(s, i+1, st)
	}
	if st.ct != ruleset.StateNew || done || k == len(stop.NATs) {
		next := *st
		if st.ct == ruleset.StateNew {
			if dst {
				next.dstDone = true
			} else {
				next.srcDone = true
			}
		}
		next.translate(dst)
		if s == outHook && next.at != st.at {
			next.rerouted = true
			return m.dd.Ite(m.stuck(&next), m.end(Fate{Verdict: Drop, Why: "127/8 does not leave the host"}), m.at(s, i+1, &next))
		}
		return m.at(s, i+1, &next)
	}
	key := hookKey{s, i, k, m.stateID(st)}
	if n, ok := m.hooks[key]; ok {
		return n
	}
	n := m.base(&stop.NATs[k], hookOf[s], st, func(next *state) diagram.Node { return m.nats(s, i, k+1, next) })
	m.hooks[key] = n
	return n
}

// stuck is the condition that a packet that was translated at output, and so gets a new
// route at once (nf_nat_ipv4_local_fn), may not leave by it.
func (m *Map) stuck(st *state) diagram.Node {
	if m.opts.Bare || m.h == nil || st.at.dst.kind != symConst {
		return diagram.False
	}
	r := m.h.Route(host.Query{Dst: m.addr(st.at.dst.num), Mark: uint32(st.mark.num.Lo)})
	if !r.Found || r.Type != host.Unicast || r.Dev == packet.AnyLink || r.Dev == "" {
		return diagram.False
	}
	return m.confined(st.at.src, name(r.Dev))
}

// translate as the connection was decided to be: the destination at prerouting and
// output, the source at postrouting and input.
func (st *state) translate(dst bool) {
	if !st.conn || st.status&(ruleset.StatusSNAT|ruleset.StatusDNAT) == 0 {
		return
	}
	switch {
	case dst && !st.replying:
		st.at.dst, st.at.dport = st.reply.src, st.reply.sport
	case dst:
		st.at.dst, st.at.dport = st.orig.src, st.orig.sport
	case !st.replying:
		st.at.src, st.at.sport = st.reply.dst, st.reply.dport
	default:
		st.at.src, st.at.sport = st.orig.dst, st.orig.dport
	}
}

// after a stage comes the next.
func (m *Map) after(s stage, st *state) diagram.Node {
	next := *st
	switch s {
	case outHook:
		return m.sent(next)
	case postLoop:
		next.iif, next.oif, next.owner = name(host.Loopback), name(""), false
		if next.conn {
			next.status |= ruleset.StatusConfirmed // at the end of POSTROUTING
		}
		return m.at(preLoop, 0, &next)
	case preLoop:
		return m.at(inHook, 0, &next)
	case preHook:
		return m.routed(next)
	case fwdHook:
		return m.at(postFwd, 0, &next)
	}
	return m.end(m.accepted(st))
}

// sent finds the way out of what has passed OUTPUT, once more if it was translated.
func (m *Map) sent(st state) diagram.Node {
	leave := func(oif sym) diagram.Node {
		next := st
		next.oif, next.iif, next.rerouted = oif, name(""), false
		if oif.isName(host.Loopback) {
			return m.at(postLoop, 0, &next)
		}
		n := m.at(postOut, 0, &next)
		if c := m.confined(st.at.src, oif); c != diagram.False && !m.opts.Bare {
			n = m.dd.Ite(c, m.end(Fate{Verdict: Drop, Why: "127/8 does not leave the host"}), n)
		}
		return n
	}
	if !st.rerouted || st.at.dst.kind == symVar {
		return leave(st.oif)
	}
	if st.at.dst.kind == symUnknown {
		return m.undecided("it is not known where it is translated to")
	}
	if m.h == nil {
		return m.dd.Ite(m.typeIs(st.at.dst, varDstType, host.Local), leave(name(host.Loopback)), leave(variable(varOIF)))
	}
	r := m.h.Route(host.Query{Dst: m.addr(st.at.dst.num), Mark: uint32(st.mark.num.Lo)})
	switch {
	case !r.Found || r.Type == host.Blackhole || r.Type == host.Unreachable || r.Type == host.Prohibit:
		if m.opts.Bare {
			return leave(variable(varOIF))
		}
		return m.end(Fate{Verdict: Drop, Why: "there is no route to " + m.addr(st.at.dst.num).String()})
	case r.Dev == packet.AnyLink:
		return leave(variable(varOIF))
	}
	return leave(name(r.Dev))
}

// routed is where packets go that have arrived: to the host itself, or on.
func (m *Map) routed(st state) diagram.Node {
	if st.at.dst.kind == symUnknown && st.at.dst.text != ownOfIIF {
		return m.undecided("it is not known where it is translated to")
	}
	here := m.dd.Or(m.typeIs(st.at.dst, varDstType, host.Local), m.dd.Or(
		m.typeIs(st.at.dst, varDstType, host.Multicast), m.typeIs(st.at.dst, varDstType, host.Broadcast)))
	in := st
	in.oif = name("")
	n := m.at(inHook, 0, &in)
	if !m.opts.Bare && !m.u.v6 {
		n = m.dd.Ite(m.martian(&st, name("")), m.refused(), n)
	}
	n = m.dd.Ite(here, n, m.forwarded(st))
	if m.opts.Bare || m.u.v6 {
		return n
	}
	return m.dd.Ite(m.weird(&st), m.refused(), n)
}

func (m *Map) refused() diagram.Node {
	return m.end(Fate{Verdict: Drop, Why: "the kernel takes it for a martian"})
}

func (m *Map) forwarded(st state) diagram.Node {
	if m.h != nil && !m.opts.Bare {
		switch yes, known := m.h.Forwards(m.u.v6); {
		case known && !yes:
			return m.end(Fate{Verdict: Drop, Why: "the host does not forward"})
		case !known:
			return m.dd.Ite(m.u.atom("the host forwards"), m.onward(st), m.end(Fate{Verdict: Drop, Why: "the host does not forward"}))
		}
	}
	return m.onward(st)
}

func (m *Map) onward(st state) diagram.Node {
	st.oif, st.hop = variable(varOIF), true
	if m.h != nil && st.at.dst.kind == symConst {
		r := m.h.Route(host.Query{Dst: m.addr(st.at.dst.num), IIF: packet.AnyLink, Mark: uint32(st.mark.num.Lo)})
		if r.Found && r.Dev != packet.AnyLink && r.Dev != "" {
			st.oif = name(r.Dev)
		}
	}
	n := m.at(fwdHook, 0, &st)
	if m.opts.Bare {
		return n
	}
	if m.opts.Strict {
		n = m.dd.Ite(m.onlyHere(&st), m.end(Fate{Verdict: Drop, Why: "it is not sent on"}), n)
	}
	if m.u.v6 {
		return n
	}
	return m.dd.Ite(m.martian(&st, st.oif), m.refused(), n)
}

// conf is the condition that the arriving interface has a sysctl set.
func (m *Map) conf(iif sym, named string) diagram.Node {
	if m.h == nil {
		return diagram.False
	}
	out := boolean(m.h.Conf(false, "", named, 0) > 0)
	for i := range m.h.Links {
		l := m.h.Links[i].Name
		at := m.nameIs(iif, l)
		if m.h.Conf(false, l, named, 0) > 0 {
			out = m.dd.Or(out, at)
		} else {
			out = m.dd.Minus(out, at)
		}
	}
	return out
}

// accepted is the fate of what has come to its end.
func (m *Map) accepted(st *state) Fate {
	f := Fate{Verdict: Accept}
	if st.status&ruleset.StatusDNAT != 0 && !st.replying {
		f.To = m.show(st.at.dst, st.at.dport)
	}
	if st.status&ruleset.StatusSNAT != 0 && !st.replying {
		f.From = m.show(st.at.src, st.at.sport)
	}
	return f
}

// show an address and a port, as far as translation has changed them.
func (m *Map) show(a, port sym) string {
	s := a.text
	if a.kind == symConst {
		s = m.addr(a.num).String()
		if strings.Contains(s, ":") && port.kind == symConst {
			s = "[" + s + "]"
		}
	}
	if a.kind == symVar {
		s = "itself"
	}
	if port.kind == symConst {
		s += fmt.Sprintf(":%d", port.num.Lo)
	}
	return s
}

package prove

import (
	"fmt"

	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// Counterexample is a packet with which rules do not do what the policy says.
type Counterexample struct {
	Journey fate.Journey
	Conn    fate.Conn
	V6      bool
	Packet  *fate.Packet
	// Says is what the policy says of it, and why; Does is what becomes of it.
	Says policy.Decision
	Does []fate.Fate
	// Established: a packet of a connection that was accepted has to be accepted.
	Established bool
}

// Result of a proof.
type Result struct {
	Counterexamples []*Counterexample
	// Edges of the diagrams: the size of the proof.
	Edges int
	// Host that the proof was made for.
	Host *host.Host
}

// Options of a proof.
type Options struct {
	// Budget is how many edges the diagrams of one family may have; 0 is what fits
	// in about 600 MB.
	Budget int
}

// Quick is the budget of a proof that takes less than a second.
const Quick = 1_500_000

// quick is the number of rules and elements up to which a proof stays within it.
const quick = 12_000

// IsQuick says whether the proof of a ruleset is expected to take less than a second.
func IsQuick(rs *ruleset.Ruleset) bool {
	size := 0
	for _, t := range rs.Tables {
		for _, c := range t.Chains {
			size += len(c.Rules)
		}
		for _, s := range t.Sets {
			size += len(s.Elems)
		}
	}
	return size <= quick
}

// View proves that a ruleset does what a view says, for the families that the
// ruleset has tables of. The error is diagram.ErrBudget where there is too much to
// tell apart: nothing is proven then.
func View(v *policy.View, rs *ruleset.Ruleset, opts Options) (*Result, error) {
	// Rules that work with the addresses that it has in a dhcp's stead work with any:
	// none of them knows the addresses.
	h, _ := policy.Machine(v)
	out := &Result{Host: h}
	for _, v6 := range []bool{false, true} {
		if !serves(rs, v6) {
			continue
		}
		p := newProof(v, rs, out.Host, v6, opts)
		for _, j := range fate.Journeys() {
			if err := p.journey(j, out); err != nil {
				return nil, err
			}
		}
		_, edges := p.u.Space().Size()
		out.Edges += edges
	}
	return out, nil
}

func serves(rs *ruleset.Ruleset, v6 bool) bool {
	for _, t := range rs.Tables {
		switch t.Family {
		case ruleset.Inet:
			return true
		case ruleset.IP:
			if !v6 {
				return true
			}
		case ruleset.IP6:
			if v6 {
				return true
			}
		}
	}
	return false
}

// proof of one family.
type proof struct {
	v    *policy.View
	u    *fate.Universe
	m    *fate.Map
	d    *decider
	host *host.Host
}

func newProof(v *policy.View, rs *ruleset.Ruleset, h *host.Host, v6 bool, opts Options) *proof {
	u := fate.NewUniverse(v6)
	u.Budget = opts.Budget
	u.AddHost(h)
	u.AddRuleset(rs)
	addView(u, v)
	f := policy.V4
	if v6 {
		f = policy.V6
	}
	m := u.Map(rs, h, fate.Options{Bare: true})
	return &proof{v, u, m, &decider{v: v, u: u, dd: u.Space(), addrs: addrsOf(h), v6: v6, f: f, bcast: broadcasts(h)}, h}
}

// What rules do, as far as a proof tells it apart: a set of verdicts.
const (
	doesAccept = 1 << iota
	doesDrop
	doesReject
	doesUnknown
)

func (p *proof) settle(n diagram.Node) diagram.Node {
	return p.m.Settled(n, func(possible []fate.Fate) uint32 {
		var set uint32
		for _, f := range possible {
			switch f.Verdict {
			case fate.NoPacket:
				return 0
			case fate.Accept:
				set |= doesAccept
			case fate.Drop:
				set |= doesDrop
			case fate.Reject:
				set |= doesReject
			default:
				set |= doesUnknown
			}
		}
		return set
	})
}

// wrong says whether rules do something else than the policy says.
func wrong(says, does uint32) bool {
	switch says {
	case saysAccept:
		return does != doesAccept
	case saysDrop:
		return does != doesDrop
	case saysReject:
		return does != doesReject
	}
	// Within a limit: accepted, or refused in some way.
	return does&doesAccept == 0 || does&doesUnknown != 0
}

func (p *proof) journey(j fate.Journey, out *Result) error {
	first, err := p.m.Fates(j, fate.First)
	if err != nil {
		return err
	}
	dd := p.u.Space()
	return dd.Try(func() {
		first = p.possible(j, first)
		bad := dd.Combine(p.d.decide(j), p.settle(first), func(says, does uint32) uint32 {
			if does == 0 || !wrong(says, does) {
				return 0
			}
			return 1
		}, nil)
		p.report(j, fate.First, bad, first, out)
		for _, c := range []fate.Conn{fate.Original, fate.Reply, fate.Related} {
			n, err := p.m.Fates(j, c)
			if err != nil {
				panic(err)
			}
			n = p.possible(j, n)
			bad := p.refused(n)
			if c == fate.Original {
				// What counts no connections is judged packet by packet: an echo request
				// is no connection's that was accepted if the policy accepts no other.
				bad = dd.Minus(bad, dd.Minus(p.d.uncounted(), p.d.accepts(j)))
			}
			if j == fate.Arriving && p.v.Policy.Options.Antispoof {
				// No connection was accepted that has such packets: they are forged.
				bad = dd.Minus(bad, p.d.spoofed())
			}
			p.report(j, c, bad, n, out)
		}
	})
}

// possible leaves out what is for nobody, whatever rules say: ::1 from outside
// (ip6_rcv drops it before any hook), what only neighbours say to each other but would
// be sent on (FORWARD sees it with a hop less, PREROUTING does not), and 0/8 as a destination unless both addresses
// are 0.0.0.0 (ip_route_input_slow).
func (p *proof) possible(j fate.Journey, n diagram.Node) diagram.Node {
	dd := p.u.Space()
	switch {
	case j != fate.Arriving:
		return n
	case p.d.v6:
		return dd.Minus(dd.Minus(n, p.d.or(p.d.loopback(p.u.Src), p.d.loopback(p.u.Dst))), p.d.strayed())
	}
	zero := netip4(0, 0, 0, 0)
	return dd.Minus(n, dd.Minus(p.u.Dst(zero, netip4(0, 255, 255, 255)), dd.And(p.d.dst(zero), p.d.src(zero))))
}

// refused is the condition that packets are not accepted for sure.
func (p *proof) refused(n diagram.Node) diagram.Node {
	return p.u.Space().Map(p.settle(n), func(does uint32) uint32 {
		if does == 0 || does == doesAccept {
			return 0
		}
		return 1
	})
}

// report a packet for which a diagram has the value 1.
func (p *proof) report(j fate.Journey, c fate.Conn, bad, fates diagram.Node, out *Result) {
	taste := fate.Taste{}
	for i := range p.host.Links {
		if n := p.host.Links[i].Name; n != host.Loopback {
			taste.IIF, taste.OIF = append(taste.IIF, n), append(taste.OIF, n)
		}
		for _, a := range p.host.Links[i].Addrs {
			if !a.Addr().IsLinkLocalUnicast() && !a.Addr().IsLoopback() && j != fate.Outbound {
				taste.Dst = append(taste.Dst, a.Addr())
			}
		}
	}
	w, found := p.u.Witness(bad, func(v uint32) bool { return v == 1 }, taste)
	if !found {
		return
	}
	ce := &Counterexample{Journey: j, Conn: c, V6: p.d.v6, Packet: w, Does: p.m.Of(fates, w), Established: c != fate.First}
	if c == fate.First {
		ce.Says = p.v.Decide(p.packet(j, w), p.d.addrs)
	}
	out.Counterexamples = append(out.Counterexamples, ce)
}

// packet of the fate package, as the policy sees it.
func (p *proof) packet(j fate.Journey, w *fate.Packet) policy.Packet {
	q := policy.Packet{
		In: w.IIF, Out: w.OIF, Src: w.Src, Dst: w.Dst, Proto: w.Proto, Sport: w.Sport, Dport: w.Dport, ICMPType: w.Type, HopLimit: w.TTL,
	}
	if w.Owned {
		q.User, q.Group = w.User, w.Group
	}
	for _, b := range append(p.d.bcast, netip4(255, 255, 255, 255)) {
		q.Broadcast = q.Broadcast || b == w.Dst
	}
	q.Broadcast = q.Broadcast || w.Dst.Is4() && w.Dst.As4()[0] == 0
	if j == fate.Local || j == fate.Arriving && (p.d.addrs.Has(w.Dst) || w.Dst.IsMulticast() || q.Broadcast) {
		q.Out = ""
	}
	return q
}

func (c *Counterexample) String() string {
	says := "is of a known connection and must be accepted"
	if !c.Established {
		says = fmt.Sprintf("policy says %s (%s)", c.Says.Verdict, c.Says.By)
	}
	return fmt.Sprintf("%s %s %+v: %s, rules say %v", c.Journey, c.Conn, *c.Packet, says, c.Does)
}

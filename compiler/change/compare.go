package change

import (
	"fmt"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/ruleset"
)

// Question is what to compare.
type Question struct {
	Old, New *ruleset.Ruleset
	// Host is the machine on which both judge; nil where nothing is known of it.
	// Then what rules translate to is taken to be another machine.
	Host *host.Host
	// Routes: the facts of the host are all there is to know of where packets go.
	// Otherwise any destination may be reached by any interface.
	Routes bool
	// Names are what addresses are called in words.
	Names map[netip.Addr]string
	// V4 and V6 say of which families' packets.
	V4, V6 bool
	// Max is how many classes are made at most of each family, way and kind of
	// connection.
	Max int
}

// Answer to a question.
type Answer struct {
	// Classes that differ: what is certain first, then the widest.
	Classes []*Class
	// Complete: the classes are all that differs.
	Complete bool
	// Open says of which packets it can't be told whether they differ, and why not.
	Open []string
}

// Certain says whether there is a packet that differs for sure.
func (a *Answer) Certain() bool {
	return slices.ContainsFunc(a.Classes, func(c *Class) bool { return c.Certain })
}

// Equal says whether no packet differs, and this is known.
func (a *Answer) Equal() bool { return len(a.Classes) == 0 && len(a.Open) == 0 }

// Compare two rulesets.
func Compare(q Question) *Answer {
	var parts [2]*Answer
	var faults [2]any
	var wg sync.WaitGroup
	for i, v6 := range []bool{false, true} {
		if v6 && q.V6 || !v6 && q.V4 {
			wg.Go(func() {
				defer func() {
					if f := recover(); f != nil {
						faults[i] = fmt.Sprintf("%+v\n%s", f, debug.Stack())
					}
				}()
				parts[i] = compareFamily(q, v6)
			})
		}
	}
	wg.Wait()
	for _, f := range faults {
		if f != nil {
			panic(f) // where it can be caught
		}
	}
	out := &Answer{Complete: true}
	for _, p := range parts {
		if p != nil {
			out.Classes = append(out.Classes, p.Classes...)
			out.Open = append(out.Open, p.Open...)
			out.Complete = out.Complete && p.Complete
		}
	}
	out.Classes = merge(out.Classes, &q)
	return out
}

// comparison of one family.
type comparison struct {
	q        Question
	v6       bool
	u        *fate.Universe
	dd       *diagram.Space
	old, new *fate.Map
	sets     fateSets
	plains   map[uint32]uint32
	out      *Answer
}

func compareFamily(q Question, v6 bool) *Answer {
	u := fate.NewUniverse(v6)
	if q.Host != nil {
		u.AddHost(q.Host)
	}
	u.AddRuleset(q.Old)
	u.AddRuleset(q.New)
	opts := fate.Options{Elsewhere: true}
	c := &comparison{
		q: q, v6: v6, u: u, dd: u.Space(), old: u.Map(q.Old, q.Host, opts), new: u.Map(q.New, q.Host, opts),
		sets: fateSets{ids: map[string]uint32{}, kinds: make([]kind, 2), known: map[kind]uint32{}}, plains: map[uint32]uint32{}, out: &Answer{Complete: true},
	}
	for _, j := range fate.Journeys() {
		if err := c.journey(j); err != nil {
			c.out.Open = append(c.out.Open, fmt.Sprintf("the packets of %s that are %s are too many to tell apart", familyName(v6), j))
		}
	}
	return c.out
}

func familyName(v6 bool) string {
	if v6 {
		return "IPv6"
	}
	return "IPv4"
}

// journey compares what sets out on one: new connections first, and of the known
// ones what does not differ already when it is new.
func (c *comparison) journey(j fate.Journey) error {
	shown, begun := diagram.False, diagram.Miss
	for _, conn := range []fate.Conn{fate.First, fate.Original, fate.Reply, fate.Related} {
		a, err := c.old.Fates(j, conn)
		if err != nil {
			return err
		}
		b, err := c.new.Fates(j, conn)
		if err != nil {
			return err
		}
		if a == b {
			continue
		}
		err = c.dd.Try(func() {
			d := c.differing(j, a, b)
			if conn != fate.First {
				d = c.dd.Minus(d, shown)
			}
			if d == diagram.Miss {
				return
			}
			cond := c.cond(d)
			starts, err := c.old.Starts(j, conn)
			if err != nil {
				panic(err)
			}
			kinds := c.kinds(d, c.dd.And(cond, a), c.dd.And(cond, b))
			if conn == fate.First {
				// What can't begin a connection is not told again if what does, with the same
				// addresses and ports, changes alike.
				shown, begun = cond, c.dd.Minus(c.u.Begun(kinds), starts)
			} else {
				kinds = c.dd.Combine(kinds, begun, func(k, b uint32) uint32 {
					if k == b {
						return 0
					}
					return k
				}, nil)
			}
			if c.q.Routes {
				starts = c.dd.And(c.old.Routed(), starts)
			}
			starts = c.dd.Minus(starts, c.u.Proto(alien(c.v6)))
			if c.q.Host == nil && j == fate.Arriving {
				starts = c.dd.Minus(starts, c.dd.And(c.targets(a, b), c.old.Here()))
			}
			c.ways(j, conn, kinds, starts)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// astray is the condition that packets of ICMP have a type that goes in the other
// direction of a known connection: one begins with a question, and no reply is one.
// Classes may have them, but none has them alone.
func (c *comparison) astray(conn fate.Conn) diagram.Node {
	icmp, types := uint8(packet.ICMP), []uint16{8, 13, 15, 17}
	if c.v6 {
		icmp, types = packet.ICMPv6, []uint16{128, 139}
	}
	asks := diagram.False
	for _, t := range types {
		asks = c.dd.Or(asks, c.u.Type(t, t))
	}
	switch conn {
	case fate.Original:
		return c.dd.Minus(c.u.Proto(icmp), asks)
	case fate.Reply:
		return c.dd.And(c.u.Proto(icmp), asks)
	}
	return diagram.False
}

// alien is the other family's ICMP, which no packet of this one is.
func alien(v6 bool) uint8 {
	if v6 {
		return packet.ICMP
	}
	return packet.ICMPv6
}

// targets is the condition that packets set out for an address to which rules
// translate: where that is taken to be another machine, nothing comes to the host
// there.
func (c *comparison) targets(fates ...diagram.Node) diagram.Node {
	out := diagram.False
	for _, n := range fates {
		for _, v := range c.dd.Values(n) {
			to := c.old.Fate(v).To
			a, err := netip.ParseAddr(to)
			if p, perr := netip.ParseAddrPort(to); perr == nil {
				a, err = p.Addr(), nil
			}
			if err == nil && !a.IsLoopback() {
				out = c.dd.Or(out, c.u.Dst(a, a))
			}
		}
	}
	return out
}

// How much is known of a difference.
const (
	mayDiffer = 1
	differs   = 2
	elsewhere = 3 // it differs unless the packet is for the host
	unforged  = 4 // it differs unless the packet says that it is from the host
)

// differing is 0 where packets fare alike, else what is known.
func (c *comparison) differing(j fate.Journey, a, b diagram.Node) diagram.Node {
	same := diagram.Miss
	d := c.dd.Combine(a, b, func(x, y uint32) uint32 {
		if x == 0 || y == 0 {
			return 0
		}
		f, g := c.old.Fate(x), c.old.Fate(y)
		switch {
		case alike(f, g):
			return 0
		case f.Verdict != g.Verdict:
			return differs
		case vague(f.To, g.To) && f.To != "" && g.To != "", vague(f.From, g.From) && (j != fate.Arriving || f.From != "" && g.From != ""):
			return mayDiffer
		case vague(f.To, g.To):
			return elsewhere
		case vague(f.From, g.From):
			return unforged
		}
		return differs
	}, &same)
	d = c.u.Settled(d, func(values []uint32) uint32 {
		if len(values) > 1 {
			return mayDiffer
		}
		return values[0]
	})
	d = c.unless(d, elsewhere, c.old.Here)
	return c.unless(d, unforged, c.old.Forged)
}

// unless a condition holds a value is differs, else mayDiffer.
func (c *comparison) unless(d diagram.Node, value uint32, cond func() diagram.Node) diagram.Node {
	if c.dd.Max(d) < elsewhere {
		return d
	}
	return c.dd.Combine(d, cond(), func(d, holds uint32) uint32 {
		switch {
		case d == value && holds != 0:
			return mayDiffer
		case d == value:
			return differs
		}
		return d
	}, nil)
}

// vague: one of two addresses that translation makes ("" is none) is one of the host's
// of which the number is not known, so it may be the other, or what the packet has
// already.
func vague(a, b string) bool {
	known := func(s string) bool { return !strings.HasPrefix(s, "the ") && !strings.HasPrefix(s, "an ") }
	return a != b && !(known(a) && known(b))
}

// alike: the verdict counts and what translation makes of the packet, and of what is
// not decided what decides.
func alike(a, b fate.Fate) bool {
	if a.Verdict != fate.Undecided {
		a.Why, b.Why = "", ""
	}
	return a == b
}

// plain is the number of a fate that stands for all that are alike.
func (c *comparison) plain(v uint32) uint32 {
	p, ok := c.plains[v]
	if !ok {
		p = v
		for other, q := range c.plains {
			if alike(c.old.Fate(v), c.old.Fate(other)) {
				p = q
				break
			}
		}
		c.plains[v] = p
	}
	return p
}

// cond is the condition that a function is not 0.
func (c *comparison) cond(n diagram.Node) diagram.Node {
	return c.dd.Map(n, func(v uint32) uint32 { return min(v, 1) })
}

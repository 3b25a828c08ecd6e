package change

import (
	"cmp"
	"slices"
	"strings"

	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/packet/diagram"
)

// Way of packets, as a set.
type Way uint8

// The ways.
const (
	Self    Way = 1 << iota // from the host to itself
	Out                     // from the host to others
	In                      // from others to the host
	Through                 // from others to others
)

// Class is packets that all fare otherwise, and alike.
type Class struct {
	V4, V6 bool
	Ways   Way
	// Conns is a set of kinds of connections: 1<<fate.First and so on.
	Conns uint8
	// Old and New are what may become of them; several where what can't be known
	// decides.
	Old, New []fate.Fate
	// Certain: each of them differs for sure. Otherwise it may.
	Certain bool
	// Packet is one of them.
	Packet *fate.Packet

	at     place
	region fate.Region
	words  words
	odd    bool
	joined []*Class // that were joined with it
}

// place of a class before it was joined with others.
type place struct {
	u     *fate.Universe
	way   Way
	conn  fate.Conn
	value uint32
	where diagram.Node // the packets of which it was made
	also  diagram.Node // others that it says as much of
}

// Has says whether a packet of a kind of connection is in a class.
func (c *Class) Has(way Way, conn fate.Conn, p *fate.Packet) bool {
	if c.at.way == way && c.at.conn == conn && c.region.V6() == p.Dst.Is6() && (c.at.u.Holds(c.at.where, p) && c.region.Has(p) || c.at.u.Holds(c.at.also, p)) {
		return true
	}
	return slices.ContainsFunc(c.joined, func(o *Class) bool { return o.Has(way, conn, p) })
}

// words are a class in words, part by part.
type words struct {
	family, what, from, on, to, by, more string
	extra                                string
}

// String is the class and what becomes of it.
func (c *Class) String() string { return c.Which() + ": " + c.Change() }

// Which packets they are.
func (c *Class) Which() string {
	var b strings.Builder
	add := func(list ...string) {
		for _, s := range list {
			if s == "" {
				continue
			}
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(s)
		}
	}
	w := &c.words
	add(conns(c.Conns), w.family, w.what, w.more, "from", w.from)
	if w.on != "" {
		add("on", w.on)
	}
	add("to", w.to)
	if w.by != "" {
		add("by", w.by)
	}
	if w.extra != "" {
		b.WriteString(", " + w.extra)
	}
	return b.String()
}

// conns is a set of kinds of connections in words, "" for new ones.
func conns(set uint8) string {
	var list []string
	known := uint8(1<<fate.Original | 1<<fate.Reply)
	switch set & known {
	case known:
		list = append(list, "established")
	case 1 << fate.Original:
		list = append(list, "later")
	case 1 << fate.Reply:
		list = append(list, "reply")
	}
	if set&(1<<fate.Related) != 0 {
		list = append(list, "related")
	}
	return strings.Join(list, " and ")
}

// Change is what becomes of them before and after.
func (c *Class) Change() string {
	s := fatesText(c.Old) + " → " + fatesText(c.New)
	if !c.Certain && len(c.Old) == 1 && len(c.New) == 1 {
		s += " (maybe)"
	}
	return s
}

func fatesText(list []fate.Fate) string {
	out := make([]string, len(list))
	for i, f := range list {
		out[i] = f.Verdict.String()
		if f.Verdict == fate.Undecided {
			out[i] += " (" + f.Why + ")"
		}
		if f.To != "" {
			out[i] += ", dnat to " + f.To
		}
		if f.From != "" {
			out[i] += ", snat to " + f.From
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), " or ")
}

// Verdict of a side: unknown where there are several.
func Verdict(list []fate.Fate) fate.Verdict {
	v := list[0].Verdict
	for _, f := range list[1:] {
		if f.Verdict != v {
			return fate.Undecided
		}
	}
	return v
}

// merge classes that are the same in all but one regard: family, way, kind of
// connection. What is left is sorted.
func merge(all []*Class, q *Question) []*Class {
	for _, c := range all {
		c.words = describe(c, q)
	}
	all = join(all, sameButFamily, func(a, b *Class) {
		if a.words.from != b.words.from || a.words.to != b.words.to { // addresses of each
			a.words.from, a.words.to = enumerate(a.words.from, b.words.from), enumerate(a.words.to, b.words.to)
		}
		a.V4, a.V6, a.words.family = true, true, ""
	})
	all = join(all, sameButWay, func(a, b *Class) {
		a.Ways |= b.Ways
		a.words.to, a.words.by = "any", ""
	})
	all = join(all, sameButConn, func(a, b *Class) { a.Conns |= b.Conns })
	slices.SortStableFunc(all, func(a, b *Class) int {
		if a.Certain != b.Certain {
			if a.Certain {
				return -1
			}
			return 1
		}
		if (a.Conns&1 == 1) != (b.Conns&1 == 1) {
			return cmp.Compare(b.Conns&1, a.Conns&1)
		}
		return cmp.Or(cmp.Compare(b.region.Size, a.region.Size), cmp.Compare(a.Ways, b.Ways))
	})
	return all
}

// join each class with the first before it that is the same in a way.
func join(all []*Class, same func(a, b *Class) bool, into func(a, b *Class)) []*Class {
	type key struct {
		change string
		what   string
	}
	seen := map[key][]*Class{}
	var out []*Class
next:
	for _, c := range all {
		k := key{c.Change(), c.words.what}
		for _, o := range seen[k] {
			if o.Certain == c.Certain && same(o, c) {
				into(o, c)
				o.joined = append(o.joined, c)
				o.region.Size = max(o.region.Size, c.region.Size)
				continue next
			}
		}
		seen[k] = append(seen[k], c)
		out = append(out, c)
	}
	return out
}

// sameButFamily: the addresses may be others as well, where both name some: those of
// one family never meet those of the other.
func sameButFamily(a, b *Class) bool {
	x, y := a.words, b.words
	ok := func(s, t string) bool {
		a, x := addresses(s)
		b, y := addresses(t)
		return s == t || a == b && strings.ContainsAny(x, ".:") && strings.ContainsAny(y, ".:")
	}
	if a.V6 == b.V6 || a.Ways != b.Ways || a.Conns != b.Conns || !ok(x.from, y.from) || !ok(x.to, y.to) {
		return false
	}
	x.from, x.to, x.family = y.from, y.to, y.family
	return x == y
}

func enumerate(a, b string) string {
	if a == b {
		return a
	}
	_, list := addresses(b)
	return a + ", " + list
}

// addresses in words, without what stands before them.
func addresses(s string) (before, list string) {
	for _, before := range []string{"self any but ", "self ", "any but ", "the host but ", "itself but "} {
		if list, ok := strings.CutPrefix(s, before); ok {
			return before, list
		}
	}
	return "", s
}

// sameButWay: to the host and through it, to itself and to others.
func sameButWay(a, b *Class) bool {
	x, y := a.words, b.words
	if a.V4 != b.V4 || a.V6 != b.V6 || a.Conns != b.Conns || a.Ways == b.Ways || a.region.Dst != nil || b.region.Dst != nil || a.region.OIF != nil || b.region.OIF != nil {
		return false
	}
	own := func(w Way) bool { return w&(Self|Out) != 0 }
	x.to = y.to
	return own(a.Ways) == own(b.Ways) && x == y
}

func sameButConn(a, b *Class) bool {
	return a.V4 == b.V4 && a.V6 == b.V6 && a.Ways == b.Ways && a.words == b.words && a.Conns != b.Conns && (a.Conns|b.Conns)&1 == 0
}

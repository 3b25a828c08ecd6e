package convert

import (
	"github.com/loward/loward/compiler/ruleset"
)

// ipset gives the nft set that stands in the table for a set of ipset, and makes
// it where it is needed first. update: the rule changes the set.
func (c *toNft) ipset(r *ruleset.Rule, name string, update bool) string {
	if n, ok := c.sets[name]; ok && !update {
		return n
	}
	src := c.findIPSet(name)
	switch {
	case src == nil && c.src.IPSetsComplete:
		c.refuse(r.Origin, "the set %s: there is none of that name", ruleset.ShowUnknown(name))
		return ""
	case src == nil:
		c.refuse(r.Origin, "the set %s: what is in it is not known here", ruleset.ShowUnknown(name)).
			Helpf("a shell script that makes the set with ipset is read with it")
		return ""
	case update && c.users[name] > 1:
		c.refuse(r.Origin, "a rule that changes the set %s: tables of nft have each a set of their own, and %d tables look into this one", name, c.users[name])
		return ""
	case update && src.Interval:
		c.refuse(r.Origin, "a rule that changes the set %s of type %s", name, src.IPSet.Type)
		return ""
	}
	n, made := c.sets[name]
	if !made {
		n = c.makeSet(r, src)
		c.sets[name] = n
	}
	if s := c.to.Find(n); update && s != nil {
		s.Dynamic = true
	}
	return n
}

func (c *toNft) findIPSet(name string) *ruleset.Set {
	for _, s := range c.src.IPSets {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// makeSet adds an nft set to the table and returns its name; "" where it can't
// be one.
func (c *toNft) makeSet(r *ruleset.Rule, src *ruleset.Set) string {
	if src.IPSet != nil && len(src.IPSet.Members) > 0 || len(src.Key) == 0 {
		c.refuse(r.Origin, "the set %s, whose type is %s", src.Name, typeOf(src)).See(src.Origin, "the set")
		return ""
	}
	if src.IPSet != nil && src.IPSet.Family != ruleset.Inet && src.IPSet.Family != c.from.Family {
		// A set of the other family matches nothing: it stays empty.
		src = &ruleset.Set{Name: src.Name, Key: src.Key, Interval: src.Interval, Comment: src.Comment, Origin: src.Origin}
	}
	n := *src
	n.Name = c.taken.take(c.name(src.Name), maxNftName)
	n.IPSet, n.Comment = nil, comment(src.Comment)
	n.Elems = make([]ruleset.Elem, 0, len(src.Elems))
	for _, e := range src.Elems {
		if e.Except {
			c.refuse(r.Origin, "the set %s, which has elements that are not in it (nomatch)", src.Name).See(e.Origin, "the element")
			return ""
		}
		e.Comment = comment(e.Comment)
		n.Elems = append(n.Elems, e)
	}
	// nft's sets refuse elements that overlap, ipset's do not.
	n.AutoMerge = n.Interval && len(n.Key) == 1
	c.to.Sets = append(c.to.Sets, &n)
	return n.Name
}

func typeOf(s *ruleset.Set) string {
	if s.IPSet == nil {
		return "not known"
	}
	return s.IPSet.Type
}

// helperKey tells helper objects apart.
type helperKey struct {
	name  string
	proto uint8
}

// assign appends what an assignment becomes. A helper is an object in nft.
func (c *toNft) assign(body []ruleset.Stmt, r *ruleset.Rule, s *ruleset.SetField) []ruleset.Stmt {
	switch {
	case s.From != nil && !constantBits(s.From):
		c.refuse(r.Origin, "a mark that is put together out of two marks")
		return body
	case s.From != nil && s.Field == ruleset.CTZone:
		c.refuse(r.Origin, "a zone that is the packet's mark")
		return body
	case s.From != nil && (s.Field == ruleset.TCPFlags || rawBytes(s.Of) && c.from.Family == ruleset.IP):
		// nft computes with a field only where it stands between others without a
		// checksum, and as raw bytes it leaves the checksum as it was.
		c.refuse(r.Origin, "bits of a header that change while those beside them stay")
		return body
	case s.Field == ruleset.SecMark && s.Value.Text != "":
		return append(body, &ruleset.ObjectRef{Kind: ruleset.ObjSecmark, Name: c.secmark(r, s.Value.Text)})
	case s.Field != ruleset.CTHelper:
		return append(body, s)
	}
	proto := uint64(0)
	for _, b := range body {
		if m, ok := b.(*ruleset.Match); ok && m.Field == ruleset.L4Proto && m.Op == ruleset.OpIn && !m.Neg && len(m.Terms) == 1 && m.Terms[0].Single() {
			proto = m.Terms[0].Lo.Lo
		}
	}
	if proto != 6 && proto != 17 {
		c.refuse(r.Origin, "the helper %s in a rule that is not of tcp or udp alone", s.Value.Text)
		return body
	}
	key := helperKey{s.Value.Text, uint8(proto)}
	name, ok := c.helpers[key]
	if !ok {
		name = c.taken.take(c.name(s.Value.Text), maxNftName)
		c.helpers[key] = name
		c.to.Objects = append(c.to.Objects, &ruleset.Object{Kind: ruleset.ObjHelper, Name: name, Helper: s.Value.Text, Proto: uint8(proto), L3: c.from.Family, Origin: r.Origin})
	}
	n := *s
	n.Value.Text = name
	return append(body, &n)
}

// rawBytes says whether an expression is bytes of the packet without a name.
func rawBytes(e ruleset.Expr) bool {
	sel, ok := e.(*ruleset.Selector)
	return ok && sel.Kind == ruleset.RawPayload
}

// secmark is the name of the object that holds a security context.
func (c *toNft) secmark(r *ruleset.Rule, context string) string {
	for _, o := range c.to.Objects {
		if o.Kind == ruleset.ObjSecmark && o.Context == context {
			return o.Name
		}
	}
	name := c.taken.take(c.name("context"), maxNftName)
	c.to.Objects = append(c.to.Objects, &ruleset.Object{Kind: ruleset.ObjSecmark, Name: name, Context: context, Origin: r.Origin})
	return name
}

// constantBits: in every operation one side is a constant, as every nft has it.
func constantBits(e ruleset.Expr) bool {
	b, ok := e.(*ruleset.Binary)
	if !ok {
		return true
	}
	_, left := b.Left.(ruleset.Term)
	_, right := b.Right.(ruleset.Term)
	return (left || right) && constantBits(b.Left) && constantBits(b.Right)
}

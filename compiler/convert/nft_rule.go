package convert

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// rule appends what a rule becomes.
func (c *toNft) rule(out []*ruleset.Rule, r *ruleset.Rule) []*ruleset.Rule {
	n := &ruleset.Rule{Comment: comment(r.Comment), Origin: r.Origin}
	body := make([]ruleset.Stmt, 0, len(r.Body)+3)
	tproxy, counted := false, false
	// count the packet once it has passed the matches.
	count := func() {
		if !counted {
			body = append(body, &ruleset.Counter{})
		}
		counted = true
	}
	for _, s := range r.Body {
		m, ok := s.(*ruleset.Module)
		if !ok {
			if _, ok := s.(*ruleset.Verdict); ok {
				count()
			}
			body = c.stmt(body, r, s)
			continue
		}
		if m.Target {
			count()
		}
		if m.Name == "comment" && !m.Target {
			if n.Comment == "" && len(m.Args) > 0 {
				n.Comment = comment(m.Args[len(m.Args)-1])
			}
			continue
		}
		if m.Name == "TRACE" && m.Target {
			body = append(body, &ruleset.SetField{Field: ruleset.NFTrace, Value: ruleset.Num(1)})
			continue
		}
		if why := inexact(m); why != "" {
			c.refuse(r.Origin, "%s: %s", moduleName(m), why)
			continue
		}
		for _, s := range m.Means {
			if _, ok := s.(*ruleset.TProxy); ok {
				tproxy = true
			}
			body = c.stmt(body, r, s)
		}
	}
	count()
	n.Body = apart(settle(body, c.from.Family))
	out = append(out, n)
	if tproxy {
		out = c.otherwiseDrop(out, r, n)
	}
	return out
}

func moduleName(m *ruleset.Module) string {
	if m.Target {
		return "-j " + m.Name
	}
	return "-m " + m.Name
}

// inexact says why the meaning of a module does not tell all that it does, or "".
func inexact(m *ruleset.Module) string {
	switch {
	case m.Target && len(m.Means) == 0:
		return "nft has nothing like it"
	case m.Name == "recent" || m.Name == "nfacct":
		return "nft keeps no such list" // it matches, and does something besides
	}
	for _, s := range m.Means {
		switch s := s.(type) {
		case *ruleset.May:
			return s.Why
		case *ruleset.Opaque:
			return "what it means is not known here"
		case *ruleset.Meter:
			return "its buckets are kept and forgotten in another way"
		case *ruleset.NAT:
			if len(m.Args) > 1 && s.PortHi > s.PortLo && strings.Contains(m.Args[1][strings.LastIndexByte(m.Args[1], ':')+1:], "/") {
				return "ports that are shifted"
			}
		}
		if name := unknownIn(s); name != "" {
			return "the value " + name + " is not known"
		}
	}
	return ""
}

// unknownIn is a value in a statement that is not known, or "".
func unknownIn(s ruleset.Stmt) string {
	var all []ruleset.Expr
	switch s := s.(type) {
	case *ruleset.Match:
		return unknown(s.Terms)
	case *ruleset.NAT:
		all = []ruleset.Expr{s.To, s.ToPort}
	case *ruleset.SetField:
		all = []ruleset.Expr{s.Value, s.From}
	case *ruleset.Queue:
		all = []ruleset.Expr{s.From}
	case *ruleset.TProxy:
		all = []ruleset.Expr{s.To, s.ToPort}
	case *ruleset.Dup:
		all = []ruleset.Expr{s.To, s.Device}
	}
	for _, e := range all {
		if t, ok := e.(ruleset.Term); ok && t.Unknown {
			return t.Text
		}
	}
	return ""
}

// stmt appends what one plain statement becomes.
func (c *toNft) stmt(body []ruleset.Stmt, r *ruleset.Rule, s ruleset.Stmt) []ruleset.Stmt {
	if name := unknownIn(s); name != "" {
		c.refuse(r.Origin, "the value %s, which is not known", name)
		return body
	}
	switch s := s.(type) {
	case *ruleset.Verdict:
		return append(body, c.verdict(r, s))
	case *ruleset.Opaque:
		c.refuse(r.Origin, "%q: what it means is not known here", strings.TrimSpace(s.Text))
		return body
	case *ruleset.May:
		c.refuse(r.Origin, "this: %s", s.Why)
		return body
	case *ruleset.Meter:
		c.refuse(r.Origin, "a limit for each key as iptables keeps it")
		return body
	case *ruleset.Lookup:
		if s.IPSet {
			n := *s
			n.Set, n.IPSet = c.ipset(r, s.Set, false), false
			return append(body, &n)
		}
	case *ruleset.SetUpdate:
		if s.IPSet {
			n := *s
			n.Set, n.IPSet = c.ipset(r, s.Set, true), false
			return append(body, &n)
		}
	case *ruleset.SetField:
		return c.assign(body, r, s)
	case *ruleset.NAT:
		if s.Of == c.from.Family { // the table's own need not be said
			n := *s
			n.Of = ruleset.Inet
			return append(body, &n)
		}
	case *ruleset.TProxy:
		n := *s
		n.Mark, n.MarkMask = 0, 0
		if n.Of == ruleset.Inet {
			n.Of = c.from.Family
		}
		body = append(body, &n)
		if s.MarkMask != 0 || s.Mark != 0 {
			body = append(body, markSet(s.Mark, s.MarkMask))
		}
		return append(body, ruleset.Accept)
	}
	return append(body, s)
}

// markSet is (mark & ~mask) ^ value, as iptables sets marks.
func markSet(value, mask uint32) *ruleset.SetField {
	if mask == ^uint32(0) {
		return &ruleset.SetField{Field: ruleset.MetaMark, Value: ruleset.Num(uint64(value))}
	}
	return &ruleset.SetField{Field: ruleset.MetaMark, From: &ruleset.Binary{Op: ruleset.Xor,
		Left:  &ruleset.Binary{Op: ruleset.And, Left: ruleset.MetaMark, Right: ruleset.Num(uint64(^mask))},
		Right: ruleset.Num(uint64(value))}}
}

func (c *toNft) verdict(r *ruleset.Rule, v *ruleset.Verdict) *ruleset.Verdict {
	if v.Chain == "" {
		return v
	}
	name, ok := c.chains[v.Chain]
	switch {
	case !ok:
		c.refuse(r.Origin, "a jump to %s, which is no chain of this table", ruleset.ShowUnknown(v.Chain))
		return v
	case name == v.Chain:
		return v
	}
	return &ruleset.Verdict{Kind: v.Kind, Chain: name}
}

// otherwiseDrop: TPROXY drops what no socket takes, and nft's tproxy goes on to
// the next rule, so that is one that drops. Between the two nothing may change
// what the matches see.
func (c *toNft) otherwiseDrop(out []*ruleset.Rule, r *ruleset.Rule, n *ruleset.Rule) []*ruleset.Rule {
	d := &ruleset.Rule{Origin: r.Origin}
	for _, s := range n.Body {
		switch s := s.(type) {
		case *ruleset.Match, *ruleset.Lookup, *ruleset.Counter:
			d.Body = append(d.Body, s)
		case *ruleset.TProxy:
			d.Body = append(d.Body, ruleset.Drop)
			return append(out, d)
		default:
			c.refuse(r.Origin, "TPROXY behind a match that remembers: it would be asked twice")
			return out
		}
	}
	return out
}

// settle removes what a table of one family says of itself and what is said
// twice, and marks the protocol as implied where nft's words for what follows
// say it too ("tcp dport").
func settle(body []ruleset.Stmt, f ruleset.Family) []ruleset.Stmt {
	out := body[:0]
	proto, known := uint64(0), false
	for _, s := range body {
		m, ok := s.(*ruleset.Match)
		if !ok || m.Op != ruleset.OpIn || m.Neg || len(m.Terms) != 1 || !m.Terms[0].Single() {
			out = append(out, s)
			continue
		}
		switch m.Field {
		case ruleset.NFProto:
			if m.Terms[0].Lo.Lo == uint64(protoOf(f)) {
				continue
			}
		case ruleset.L4Proto:
			if known && proto == m.Terms[0].Lo.Lo {
				continue
			}
			proto, known = m.Terms[0].Lo.Lo, true
		}
		out = append(out, s)
	}
	for i, s := range out {
		m, ok := s.(*ruleset.Match)
		if !ok || m.Field != ruleset.L4Proto {
			continue
		}
		implied := i+1 < len(out) && !m.Neg && m.Op == ruleset.OpIn && len(m.Terms) == 1 && m.Terms[0].Single() && implies(out[i+1], m.Terms[0].Lo.Lo)
		if implied != m.Implied {
			n := *m
			n.Implied = implied
			out[i] = &n
		}
	}
	return out
}

func protoOf(f ruleset.Family) int {
	if f == ruleset.IP6 {
		return ruleset.NFProtoIPv6
	}
	return ruleset.NFProtoIPv4
}

// implies says whether nft's words for a statement name the protocol.
func implies(s ruleset.Stmt, proto uint64) bool {
	m, ok := s.(*ruleset.Match)
	if !ok {
		return false
	}
	switch m.Field {
	case ruleset.Sport, ruleset.Dport:
		return hasPorts(proto)
	case ruleset.ICMPType, ruleset.ICMPCode:
		return proto == 1
	case ruleset.ICMPv6Type, ruleset.ICMPv6Code:
		return proto == 58
	case ruleset.TCPFlags:
		return proto == 6
	}
	return false
}

// hasPorts: tcp, udp, dccp, sctp, udplite.
func hasPorts(proto uint64) bool {
	return proto == 6 || proto == 17 || proto == 33 || proto == 132 || proto == 136
}

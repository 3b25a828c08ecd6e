package convert

import (
	"slices"

	"github.com/loward/loward/compiler/ruleset"
)

// present puts in front of statements that are taken apart into rules for single
// values, and something for all others, a match that the packet has the field at
// all: a packet without it matches neither way in nft.
func (c *toIpt) present(stmts []ruleset.Stmt) []ruleset.Stmt {
	var out []ruleset.Stmt
	proto := uint64(0)
	for i, s := range stmts {
		var key []ruleset.Expr
		switch s := s.(type) {
		case *ruleset.Match:
			if n, ok := settledBy(s); ok && !s.Neg {
				proto = n
			}
			if excluded(s) {
				key = []ruleset.Expr{s.Field}
			}
		case *ruleset.Lookup:
			if s.Neg {
				key = s.Key
			}
		case *ruleset.VMap:
			elems := s.Elems
			if set := c.src.Find(s.Map); s.Map != "" && set != nil {
				elems = set.Elems
			}
			if slices.ContainsFunc(elems, func(e ruleset.Elem) bool { return e.Any }) {
				key = s.Key
			}
		}
		for _, k := range key {
			m, ok := presence(k, proto)
			if !ok {
				c.no("all packets but some by %s, which not every packet has", describe(k))
				return nil
			}
			if m == nil {
				continue
			}
			if out == nil {
				out = append(make([]ruleset.Stmt, 0, len(stmts)+2), stmts[:i]...)
			}
			out = append(out, m)
			if n, ok := settledBy(m); ok {
				proto = n
			}
		}
		if out != nil {
			out = append(out, s)
		}
	}
	if out == nil {
		return stmts
	}
	return out
}

// presence is a match that all packets pass which have something, nil where all
// have it; it is false where nothing says so.
func presence(e ruleset.Expr, proto uint64) (*ruleset.Match, bool) {
	of := func(protos ...uint64) (*ruleset.Match, bool) {
		if slices.Contains(protos, proto) {
			return nil, true
		}
		m := &ruleset.Match{Field: ruleset.L4Proto}
		for _, n := range protos {
			m.Terms = append(m.Terms, ruleset.Num(n))
		}
		return m, true
	}
	switch ruleset.FieldOf(e) {
	case ruleset.IIFName, ruleset.OIFName, ruleset.IIF, ruleset.OIF, ruleset.IPSaddr, ruleset.IPDaddr, ruleset.IP6Saddr, ruleset.IP6Daddr, ruleset.L4Proto,
		ruleset.IPProtocol, ruleset.NFProto, ruleset.MetaProtocol, ruleset.MetaMark, ruleset.CTState, ruleset.PktType, ruleset.IPTTL, ruleset.IP6HopLimit,
		ruleset.IPDSCP, ruleset.IP6DSCP, ruleset.IPLength, ruleset.PacketLength, ruleset.IPFrag, ruleset.FibSaddrType, ruleset.FibDaddrType, ruleset.CPU:
		return nil, true
	case ruleset.Sport, ruleset.Dport:
		return of(6, 17, 33, 132, 136)
	case ruleset.TCPFlags:
		return of(6)
	case ruleset.ICMPType, ruleset.ICMPCode:
		return of(1)
	case ruleset.ICMPv6Type, ruleset.ICMPv6Code:
		return of(58)
	case ruleset.CTMark, ruleset.CTStatus, ruleset.CTDirection, ruleset.CTProtocol, ruleset.CTOrigSaddr, ruleset.CTOrigDaddr, ruleset.CTOrig6Saddr, ruleset.CTOrig6Daddr,
		ruleset.CTReplySaddr, ruleset.CTReplyDaddr, ruleset.CTReply6Saddr, ruleset.CTReply6Daddr:
		return ruleset.None(ruleset.CTState, ruleset.StateInvalid|ruleset.StateUntracked), true
	}
	return nil, false
}

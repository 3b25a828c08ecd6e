package fate

import (
	"net/netip"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/ruleset"
)

// AddPrefix adds a network to what may be asked for. It panics if that is none.
func (u *Universe) AddPrefix(p string) { u.AddAddrs(netip.MustParsePrefix(p)) }

// AddAddrs adds the addresses of a network; those of the other family count
// nothing.
func (u *Universe) AddAddrs(p netip.Prefix) {
	if p.IsValid() && p.Addr().Is6() == u.v6 {
		t := ruleset.Prefix(p)
		u.cut(varDst, t.Lo, t.Hi)
	}
}

// AddRange adds the addresses from lo to hi.
func (u *Universe) AddRange(lo, hi netip.Addr) {
	if lo.Is6() == u.v6 {
		u.cut(varDst, ruleset.AddrValue(lo), ruleset.AddrValue(hi))
	}
}

// AddHost adds a host's addresses, networks and interfaces.
func (u *Universe) AddHost(h *host.Host) {
	for i := range h.Links {
		u.AddName(h.Links[i].Name)
		for _, p := range h.Links[i].Addrs {
			u.AddAddrs(p.Masked())
			u.AddAddrs(netip.PrefixFrom(p.Addr(), p.Addr().BitLen()))
			if p.Addr().Is4() && p.Bits() < 31 {
				last := ruleset.Prefix(p).Hi.Addr4Of()
				u.AddRange(last, last)
			}
		}
	}
	for _, r := range h.Routes {
		u.AddAddrs(r.Dst)
	}
}

// AddName adds an interface; a name may end in *.
func (u *Universe) AddName(name string) {
	lo, hi := nameRange(name)
	u.cut(varIIF, lo, hi)
}

// AddProto adds a transport protocol.
func (u *Universe) AddProto(p uint8) { u.cutNum(varProto, uint64(p), uint64(p)) }

// AddPorts adds ports from lo to hi.
func (u *Universe) AddPorts(lo, hi uint16) { u.cutNum(varDport, uint64(lo), uint64(hi)) }

// AddTypes adds ICMP types from lo to hi.
func (u *Universe) AddTypes(lo, hi uint8) { u.cutNum(varType, uint64(lo), uint64(hi)) }

// AddUser and AddGroup add an owner by name.
func (u *Universe) AddUser(name string) { u.owner(varUser, ruleset.Text(name)) }

// AddGroup adds a group by name.
func (u *Universe) AddGroup(name string) { u.owner(varGroup, ruleset.Text(name)) }

// AddRuleset adds all that the rules of a ruleset look at.
func (u *Universe) AddRuleset(rs *ruleset.Ruleset) {
	for _, t := range rs.Tables {
		for _, s := range t.Sets {
			u.addElems(s.Key, s.Elems)
		}
		for _, o := range t.Objects {
			if o.State != nil {
				u.addStmt(rs, t, o.State)
			}
		}
		for _, c := range t.Chains {
			u.addRules(rs, t, c.Rules)
		}
	}
}

func (u *Universe) addRules(rs *ruleset.Ruleset, t *ruleset.Table, rules []*ruleset.Rule) {
	for _, r := range rules {
		for s := range r.Plain {
			u.addStmt(rs, t, s)
		}
	}
}

func (u *Universe) addStmt(rs *ruleset.Ruleset, t *ruleset.Table, s ruleset.Stmt) {
	switch s := s.(type) {
	case *ruleset.Match:
		e := s.Of
		if s.Field != ruleset.NoField {
			e = s.Field
		}
		for _, term := range s.Terms {
			u.addMatch(e, s, term)
		}
		u.addExpr(rs, t, e)
	case *ruleset.Compare:
		u.addExpr(rs, t, s.Left)
		u.addExpr(rs, t, s.Right)
	case *ruleset.Lookup:
		u.addKey(rs, t, s.Key)
		switch {
		case s.IPSet:
			for _, set := range rs.IPSets {
				if set.Name == s.Set {
					u.addElems(s.Key, set.Elems)
				}
			}
		case s.Set != "":
			u.addNamed(t, s.Set, s.Key)
		default:
			u.addElems(s.Key, s.Elems)
		}
	case *ruleset.VMap:
		u.addKey(rs, t, s.Key)
		u.addNamed(t, s.Map, s.Key)
		u.addElems(s.Key, s.Elems)
		for _, e := range s.Elems {
			if e.Verdict != nil {
				u.addRules(rs, t, e.Verdict.Inline)
			}
		}
	case *ruleset.Verdict:
		u.addRules(rs, t, s.Inline)
	case *ruleset.SetField:
		u.addExpr(rs, t, s.From)
	case *ruleset.NAT:
		u.addKey(rs, t, s.Key)
		u.addNamed(t, s.Map, s.Key)
		u.addExpr(rs, t, s.To)
		u.addExpr(rs, t, s.ToPort)
		u.addTarget(s.Lo, s.PortLo)
		u.addPorts(t, s.ToPort)
		u.addData(t, s.Map, nil)
		if mapped, ok := s.To.(*ruleset.MapExpr); ok {
			u.addData(t, mapped.Map, mapped.Elems)
		}
	case *ruleset.SetUpdate:
		for _, own := range s.Stmts {
			u.addStmt(rs, t, own)
		}
	}
}

func (u *Universe) addNamed(t *ruleset.Table, name string, key []ruleset.Expr) {
	if set := t.Find(name); set != nil && name != "" {
		u.addElems(key, set.Elems)
	}
}

// addTarget of a translation: whether it changes anything is asked.
func (u *Universe) addTarget(a netip.Addr, port uint16) {
	if a.IsValid() {
		u.AddRange(a, a)
	}
	if port != 0 {
		u.AddPorts(port, port)
	}
}

// addData adds the targets that a map holds: addresses, and ports.
func (u *Universe) addData(t *ruleset.Table, named string, elems []ruleset.Elem) {
	if set := t.Find(named); set != nil && named != "" {
		elems = set.Elems
	}
	for i := range elems {
		for j, d := range elems[i].Data {
			switch {
			case d.Unknown || d.Text != "":
			case j == 0:
				u.cut(varDst, d.Lo, d.Lo)
			default:
				u.cut(varDport, d.Lo, d.Lo)
			}
		}
	}
}

// addPorts adds the ports that a map holds.
func (u *Universe) addPorts(t *ruleset.Table, e ruleset.Expr) {
	mapped, ok := e.(*ruleset.MapExpr)
	if !ok {
		return
	}
	elems := mapped.Elems
	if set := t.Find(mapped.Map); set != nil && mapped.Map != "" {
		elems = set.Elems
	}
	for i := range elems {
		for _, d := range elems[i].Data {
			if !d.Unknown && d.Text == "" {
				u.cut(varDport, d.Lo, d.Lo)
			}
		}
	}
}

func (u *Universe) addElems(key []ruleset.Expr, elems []ruleset.Elem) {
	parts := flat(key)
	for i := range elems {
		for j, term := range elems[i].Key {
			if j < len(parts) {
				u.addMatch(parts[j], &ruleset.Match{}, term)
			}
		}
	}
}

func (u *Universe) addKey(rs *ruleset.Ruleset, t *ruleset.Table, key []ruleset.Expr) {
	for _, k := range flat(key) {
		u.addExpr(rs, t, k)
	}
}

// addExpr notes the fields that an expression looks at.
func (u *Universe) addExpr(rs *ruleset.Ruleset, t *ruleset.Table, e ruleset.Expr) {
	switch e := e.(type) {
	case ruleset.Field:
		u.live[e] = true
	case *ruleset.Binary:
		u.addExpr(rs, t, e.Left)
		u.addExpr(rs, t, e.Right)
	case *ruleset.Hash:
		u.addKey(rs, t, e.Key)
	case ruleset.Concat:
		u.addKey(rs, t, e)
	case *ruleset.MapExpr:
		u.addKey(rs, t, e.Key)
		u.addNamed(t, e.Map, e.Key)
		u.addElems(e.Key, e.Elems)
	}
}

// addMatch cuts a field's variable at the bounds of a term.
func (u *Universe) addMatch(e ruleset.Expr, m *ruleset.Match, term ruleset.Term) {
	f := fieldUnder(e)
	if f == ruleset.NoField || term.Unknown {
		return
	}
	u.live[f] = true
	v, ok := u.variable(f)
	if !ok {
		return
	}
	switch {
	case v == varIIF || v == varOIF:
		lo, hi := nameRange(term.Text)
		u.cut(v, lo, hi)
	case v == varUser || v == varGroup:
		u.owner(v, term)
	case term.Text != "":
	case v == varFlags:
		u.cutNum(v, 0, 1) // all of them: see space
	case m.Op == ruleset.OpIn:
		u.cut(v, term.Lo, term.Hi)
	case m.Op == ruleset.OpMask:
		if lo, hi, ok := masked(term, m.Mask, f.Info().Width); ok {
			u.cut(v, lo, hi)
		}
	}
}

// masked is the range of values whose bits under a mask are within a term, where
// the mask is a prefix of the field.
func masked(term ruleset.Term, mask ruleset.U128, width int) (lo, hi ruleset.U128, ok bool) {
	if _, ok := (ruleset.Term{Lo: mask, Hi: ones(width)}).PrefixLen(width); !ok {
		return lo, hi, false
	}
	rest := ruleset.U128{Hi: ones(width).Hi &^ mask.Hi, Lo: ones(width).Lo &^ mask.Lo}
	if term.Lo.Hi&rest.Hi|term.Lo.Lo&rest.Lo != 0 {
		// No value has these bits: nothing, unless the term is a range.
		if term.Single() {
			return ruleset.U128{Lo: 1}, ruleset.U128{}, true
		}
		return lo, hi, false
	}
	if term.Hi.Hi&rest.Hi|term.Hi.Lo&rest.Lo != 0 {
		return lo, hi, false
	}
	return term.Lo, ruleset.U128{Hi: term.Hi.Hi | rest.Hi, Lo: term.Hi.Lo | rest.Lo}, true
}

func ones(width int) ruleset.U128 {
	switch {
	case width >= 128:
		return ruleset.U128{Hi: ^uint64(0), Lo: ^uint64(0)}
	case width >= 64:
		return ruleset.U128{Hi: 1<<(width-64) - 1, Lo: ^uint64(0)}
	}
	return ruleset.U128{Lo: 1<<width - 1}
}

// variable of a field as it is when a packet sets out; ok is false where it has
// none.
func (u *Universe) variable(f ruleset.Field) (v int, ok bool) {
	if i := f.Info(); i.Family == ruleset.IP && u.v6 || i.Family == ruleset.IP6 && !u.v6 || i.Family == ruleset.ARP || i.Family == ruleset.Bridge {
		return 0, false
	}
	switch f {
	case ruleset.IIFName, ruleset.IIF, ruleset.OIFName, ruleset.OIF:
		return varIIF, true
	case ruleset.L4Proto, ruleset.IPProtocol, ruleset.IP6Nexthdr, ruleset.CTProtocol, ruleset.CTOrigProtocol, ruleset.CTReplyProtocol:
		return varProto, true
	case ruleset.IPSaddr, ruleset.IPDaddr, ruleset.IP6Saddr, ruleset.IP6Daddr,
		ruleset.CTOrigSaddr, ruleset.CTOrigDaddr, ruleset.CTOrig6Saddr, ruleset.CTOrig6Daddr,
		ruleset.CTReplySaddr, ruleset.CTReplyDaddr, ruleset.CTReply6Saddr, ruleset.CTReply6Daddr:
		return varDst, true
	case ruleset.Sport, ruleset.Dport, ruleset.CTOrigSport, ruleset.CTOrigDport, ruleset.CTReplySport, ruleset.CTReplyDport:
		return varDport, true
	case ruleset.ICMPType, ruleset.ICMPv6Type:
		return varType, true
	case ruleset.ICMPCode, ruleset.ICMPv6Code:
		return varCode, true
	case ruleset.TCPFlags:
		return varFlags, true
	case ruleset.SKUID:
		return varUser, true
	case ruleset.SKGID:
		return varGroup, true
	case ruleset.IPTTL, ruleset.IP6HopLimit:
		return varTTL, true
	case ruleset.FibDaddrType, ruleset.FibSaddrType:
		return varDstType, true
	}
	if !unmodelled(f) {
		return 0, false
	}
	if v, ok := u.free[f]; ok {
		return v, true
	}
	if u.dd != nil {
		return 0, false
	}
	v = len(u.raw)
	u.raw = append(u.raw, []ruleset.U128{{}, absentValue, absentValue.Next()})
	u.free[f] = v
	return v, true
}

// unmodelled fields are of the packet and the same all its way, and nothing else is
// known of them.
func unmodelled(f ruleset.Field) bool {
	if f.Info().Width > 64 || f.Info().Domain == ruleset.Name || f.Info().Domain == ruleset.String {
		return false
	}
	switch f {
	case ruleset.PacketLength, ruleset.IPDSCP, ruleset.IP6DSCP, ruleset.IPECN, ruleset.IP6ECN, ruleset.IPLength, ruleset.IPID, ruleset.IP6FlowLabel, ruleset.IP6Length:
		return true
	}
	return f >= ruleset.ICMPChecksum && f <= ruleset.GREProtocol
}

// absentValue of an unmodelled field is that it is not there.
var absentValue = ruleset.U128{Hi: 1}

// owner cuts at a user or a group.
func (u *Universe) owner(v int, term ruleset.Term) {
	switch {
	case term.Text == "":
		u.numbered = true
		u.cut(v, numbered(term.Lo), numbered(term.Hi))
	default:
		u.named = true
		n, ok := u.users[term.Text]
		if !ok {
			n = uint64(len(u.users))
			u.users[term.Text] = n
		}
		u.cut(v, ruleset.U128{Hi: 1, Lo: n}, ruleset.U128{Hi: 1, Lo: n})
	}
}

// numbered is an owner of whom the number is known; 0 is a packet without owner.
func numbered(n ruleset.U128) ruleset.U128 {
	if n.Hi != 0 || n.Lo == ^uint64(0) {
		return ruleset.U128{Lo: ^uint64(0)}
	}
	return n.Next()
}

// fieldUnder an expression: of bits of a field, the field.
func fieldUnder(e ruleset.Expr) ruleset.Field {
	if f, ok := e.(ruleset.Field); ok {
		return f
	}
	return ruleset.NoField
}

// flat is a key without concatenations in it.
func flat(key []ruleset.Expr) []ruleset.Expr {
	var out []ruleset.Expr
	for _, k := range key {
		if c, ok := k.(ruleset.Concat); ok {
			out = append(out, flat(c)...)
			continue
		}
		out = append(out, k)
	}
	return out
}

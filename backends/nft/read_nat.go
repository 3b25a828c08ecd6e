package nft

import (
	tree "github.com/loward/loward/backends/nft/internal/syntax"
	"github.com/loward/loward/compiler/ruleset"
)

// natFamilyOf is the family of a translation's address: the one that is named,
// the table's, or the one that is settled.
func (s *State) natFamilyOf(named string, x *tree.Expr) ruleset.Family {
	switch {
	case named == "ip":
		return ruleset.IP
	case named == "ip6":
		return ruleset.IP6
	case s.rule.family == ruleset.IP || s.rule.family == ruleset.IP6:
		return s.rule.family
	case s.rule.network == "ip6":
		return ruleset.IP6
	case s.rule.network == "ip":
		return ruleset.IP
	}
	if v6(x) {
		return ruleset.IP6
	}
	return ruleset.IP
}

// v6 says whether a value looks like an address of IPv6.
func v6(x *tree.Expr) bool {
	if x == nil {
		return false
	}
	for i := range len(x.Text) {
		if x.Text[i] == ':' {
			return true
		}
	}
	for _, a := range x.Args {
		if v6(a) {
			return true
		}
	}
	return false
}

func addrOf(f ruleset.Family) ruleset.Field {
	return ruleset.In4or6(ruleset.IPDaddr, f == ruleset.IP6)
}

// translation reads snat, dnat, masquerade and redirect.
func (s *State) translation(st *tree.Stmt) {
	x := st.NAT
	n := &ruleset.NAT{Kind: map[string]ruleset.NATKind{"dnat": ruleset.DNAT, "snat": ruleset.SNAT, "masquerade": ruleset.Masquerade, "redirect": ruleset.Redirect}[st.Name]}
	switch x.Family {
	case "ip":
		n.Of = ruleset.IP
	case "ip6":
		n.Of = ruleset.IP6
	}
	n.Netmap = x.Prefix
	for _, f := range x.Flags {
		switch f {
		case "random":
			n.Random = true
		case "fully-random":
			n.FullyRandom = true
		case "persistent":
			n.Persistent = true
		}
	}
	family := s.natFamilyOf(x.Family, x.Addr)
	if n := s.rule.network; x.Family != "" && n != "" && n != x.Family {
		s.refuse(st.Span, "conflicting protocols specified: %s vs. %s. You must specify ip or ip6 family in nat statement", n, x.Family)
	}
	if x.Family != "" && s.rule.network == "" && s.rule.family == ruleset.Inet {
		if !s.needNetwork(st.Span, x.Family) {
			s.keep(st)
			return
		}
	} else if x.Family == "" && x.Addr != nil && s.rule.family == ruleset.Inet && s.rule.network == "" {
		s.refuse(st.Span, "ip or ip6 must be specified with address for inet tables.").Helpf("write %s ip to", st.Name)
	}
	if x.Addr == nil && x.Port == nil && (n.Kind == ruleset.DNAT || n.Kind == ruleset.SNAT) { // JSON has it so
		s.refuse(st.Span, "%s to no address and no port", st.Name)
		s.keep(st)
		return
	}
	if x.Addr != nil && !s.natAddress(n, x, family) || x.Port != nil && !s.natPort(st, n, x.Port) {
		s.keep(st)
		return
	}
	s.add(n)
}

// natAddress says whether the address was understood.
func (s *State) natAddress(n *ruleset.NAT, x *tree.NAT, family ruleset.Family) bool {
	a := x.Addr
	field := addrOf(family)
	if n.Kind == ruleset.Redirect || n.Kind == ruleset.Masquerade {
		n.ToPort = s.portExpr(a)
		return n.ToPort != nil
	}
	if !constant(a) {
		like := []ruleset.Expr{field}
		if x.Concat || pairs(a) {
			like = append(like, ruleset.Dport)
		}
		if a.Kind == tree.XMap {
			if e := s.mapExpr(a, like); e != nil {
				n.To = e
			}
		} else if e := s.expr(a); e != nil {
			n.To = e
		}
		if len(like) > 1 && s.rule.transport < 0 && !s.rule.several {
			s.refuse(a.Span, "transport protocol mapping is only valid after transport protocol match")
		}
		return n.To != nil
	}
	t, ok := s.value(a, s.kindOf(field))
	switch {
	case !ok:
		return false
	case t.Text != "":
		n.To = t
	case family == ruleset.IP6:
		n.Lo, n.Hi = t.Lo.Addr6Of(), t.Hi.Addr6Of()
	default:
		n.Lo, n.Hi = t.Lo.Addr4Of(), t.Hi.Addr4Of()
	}
	return true
}

// pairs says whether an anonymous map holds addresses with ports.
func pairs(a *tree.Expr) bool {
	if a.Kind != tree.XMap || a.Args[1].Kind != tree.XSet || len(a.Args[1].Args) == 0 {
		return false
	}
	e := a.Args[1].Args[0]
	return e.Kind == tree.XElem && e.Elem != nil && e.Elem.Data != nil && e.Elem.Data.Kind == tree.XConcat
}

// portExpr is a computed port.
func (s *State) portExpr(x *tree.Expr) ruleset.Expr {
	if x.Kind == tree.XMap {
		return s.mapExpr(x, []ruleset.Expr{ruleset.Dport})
	}
	if constant(x) {
		if t, ok := s.value(x, s.kindOf(ruleset.Dport)); ok {
			return t
		}
		return nil
	}
	return s.expr(x)
}

func (s *State) natPort(st *tree.Stmt, n *ruleset.NAT, x *tree.Expr) bool {
	if s.rule.transport < 0 && !s.rule.several {
		s.refuse(x.Span, "transport protocol mapping is only valid after transport protocol match").
			Helpf("match it before: meta l4proto tcp %s", st.Name)
	}
	if !constant(x) {
		n.ToPort = s.portExpr(x)
		return n.ToPort != nil
	}
	t, ok := s.value(x, s.kindOf(ruleset.Dport))
	switch {
	case !ok:
		return false
	case t.Text != "" || t.Lo.Lo == 0:
		n.ToPort = t
	default:
		n.PortLo, n.PortHi = uint16(t.Lo.Lo), uint16(t.Hi.Lo)
	}
	return true
}

func (s *State) tproxy(st *tree.Stmt) {
	x := st.NAT
	t := &ruleset.TProxy{}
	switch x.Family {
	case "ip":
		t.Of = ruleset.IP
	case "ip6":
		t.Of = ruleset.IP6
	}
	switch network := s.rule.network; {
	case s.rule.family != ruleset.Inet:
	case x.Family != "" && network != "" && network != x.Family:
		s.refuse(st.Span, "conflicting protocols specified: %s vs. %s. You must specify ip or ip6 family in tproxy statement", network, x.Family)
	case x.Family == "" && x.Addr != nil && network == "":
		s.refuse(st.Span, "ip or ip6 must be specified with address for inet tables.").Helpf("write tproxy ip to")
	}
	if x.Addr != nil {
		family := s.natFamilyOf(x.Family, x.Addr)
		if !constant(x.Addr) {
			t.To = s.mapOrExpr(x.Addr, addrOf(family))
		} else if v, ok := s.value(x.Addr, s.kindOf(addrOf(family))); ok {
			switch {
			case v.Text != "":
				t.To = v
			case family == ruleset.IP6:
				t.Addr = v.Lo.Addr6Of()
			default:
				t.Addr = v.Lo.Addr4Of()
			}
		}
	}
	if x.Port != nil {
		if !constant(x.Port) {
			t.ToPort = s.portExpr(x.Port)
		} else if v, ok := s.value(x.Port, s.kindOf(ruleset.Dport)); ok {
			if v.Text != "" {
				t.ToPort = v
			}
			t.Port = uint16(v.Lo.Lo)
		}
	}
	if s.rule.transport < 0 && !s.rule.several {
		s.refuse(st.Span, "Transparent proxy support requires transport protocol match").Helpf("match it before: meta l4proto tcp tproxy")
	}
	s.add(t)
}

func (s *State) mapOrExpr(x *tree.Expr, like ruleset.Field) ruleset.Expr {
	if x.Kind == tree.XMap {
		return s.mapExpr(x, []ruleset.Expr{like})
	}
	return s.expr(x)
}

func synproxyOf(x *tree.SynproxySpec) *ruleset.Synproxy {
	out := &ruleset.Synproxy{MSS: -1, WScale: -1}
	if x == nil {
		return out
	}
	if x.MSS.Given {
		out.MSS = clampInt(x.MSS.Value)
	}
	if x.WScale.Given {
		out.WScale = clampInt(x.WScale.Value)
	}
	out.Timestamp, out.SackPerm, out.ECN = x.Timestamp, x.SackPerm, x.ECN
	return out
}

// copied reads dup and fwd.
func (s *State) copied(st *tree.Stmt) {
	device := func(x *tree.Expr) ruleset.Expr {
		if x == nil {
			return nil
		}
		if constant(x) {
			t, _ := s.value(x, s.kindOf(ruleset.OIF))
			return t
		}
		return s.mapOrExpr(x, ruleset.OIF)
	}
	addr := func(x *tree.Expr, f ruleset.Family) ruleset.Expr {
		if constant(x) {
			t, _ := s.value(x, s.kindOf(addrOf(f)))
			return t
		}
		return s.mapOrExpr(x, addrOf(f))
	}
	if st.Kind == tree.SFwd {
		if s.rule.family != ruleset.Netdev {
			s.refuse(st.Span, "unsupported family").Helpf("fwd stands in tables of the family netdev")
		}
		f := &ruleset.Fwd{}
		switch st.Family {
		case "ip":
			f.Of = ruleset.IP
		case "ip6":
			f.Of = ruleset.IP6
		}
		if st.Value == nil {
			f.Device = device(st.Expr)
		} else {
			f.To, f.Device = addr(st.Expr, s.natFamilyOf(st.Family, st.Expr)), device(st.Value)
		}
		s.add(f)
		return
	}
	d := &ruleset.Dup{}
	if s.rule.family == ruleset.Netdev {
		if st.Value != nil {
			s.refuse(st.Span, "cannot specify device").Helpf("write dup to DEVICE")
		}
		d.Device = device(st.Expr)
	} else {
		if f := s.rule.family; f != ruleset.IP && f != ruleset.IP6 {
			s.refuse(st.Span, "unsupported family").Helpf("dup stands in tables of the families ip, ip6 and netdev")
		}
		d.To, d.Device = addr(st.Expr, s.natFamilyOf("", st.Expr)), device(st.Value)
	}
	s.add(d)
}

func (s *State) queue(st *tree.Stmt) {
	q := &ruleset.Queue{}
	for _, f := range st.Flags {
		q.Bypass = q.Bypass || f == "bypass"
		q.Fanout = q.Fanout || f == "fanout"
	}
	switch x := st.Expr; {
	case x == nil:
	case constant(x):
		t, ok := s.value(x, kind{width: 16})
		if ok && t.Text != "" {
			q.From = t
		} else if ok {
			q.Lo, q.Hi = uint16(t.Lo.Lo), uint16(t.Hi.Lo)
		}
	case x.Kind == tree.XMap:
		q.From = s.mapExpr(x, nil)
	default:
		q.From = s.expr(x)
	}
	s.queueNumber(st, q)
	s.add(q)
}

package nft

import (
	"strconv"
	"strings"

	tree "github.com/loward/loward/backends/nft/internal/syntax"
	"github.com/loward/loward/compiler/ruleset"
)

// maxExpr is how deeply expressions may stand in one another.
const maxExpr = 64

// expr reads what is looked up in a packet, and settles the protocols that it
// needs. It is nil where that failed, and then something was said.
func (s *State) expr(x *tree.Expr) ruleset.Expr {
	if s.rule.depth++; s.rule.depth > maxExpr {
		s.rule.depth--
		s.refuse(x.Span, "expressions nested too deeply")
		return nil
	}
	e := s.expr1(x)
	s.rule.depth--
	return e
}

func (s *State) expr1(x *tree.Expr) ruleset.Expr {
	switch x.Kind {
	case tree.XPayload:
		return s.payload(x)
	case tree.XMeta:
		return s.metaKey(x)
	case tree.XCT:
		return s.ctKey(x)
	case tree.XFib:
		return s.fib(x, false)
	case tree.XRt:
		return s.route(x)
	case tree.XConcat:
		var c ruleset.Concat
		for _, a := range x.Args {
			e := s.expr(a)
			if e == nil {
				return nil
			}
			c = append(c, e)
		}
		return c
	case tree.XBinary:
		return s.binary(x)
	case tree.XNumgen:
		s.modulus(x)
		return &ruleset.Numgen{Random: x.Text == "random", Mod: num(x, 0), Offset: num(x, 1)}
	case tree.XJHash:
		s.modulus(x)
		key := s.expr(x.Args[0])
		if key == nil {
			return nil
		}
		return &ruleset.Hash{Key: keys(key), Mod: num(x, 0), Seed: num(x, 1), Seeded: len(x.Nums) > 1 && x.Nums[1].Given, Offset: num(x, 2)}
	case tree.XSymHash:
		s.modulus(x)
		return &ruleset.Hash{Mod: num(x, 0), Offset: num(x, 1)}
	case tree.XMap:
		return s.mapExpr(x, nil)
	case tree.XSymbol, tree.XString, tree.XNumber, tree.XPrefix, tree.XRange, tree.XList:
		s.refuse(x.Span, "a value stands where something of the packet is expected")
		return nil
	case tree.XSocket:
		return s.socket(x)
	}
	if e := s.selector(x); e != nil {
		return e
	}
	return nil
}

// modulus refuses one that the kernel refuses.
func (s *State) modulus(x *tree.Expr) {
	if len(x.Nums) > 0 && x.Nums[0].Given && x.Nums[0].Value == 0 && !ruleset.HasUnknown(x.Nums[0].Text) {
		s.refuse(x.Span, "Numerical result out of range: modulo 0")
	}
}

func num(x *tree.Expr, i int) uint32 {
	if i < len(x.Nums) {
		return uint32(x.Nums[i].Value)
	}
	return 0
}

// keys of a concatenation, or the one value.
func keys(e ruleset.Expr) []ruleset.Expr {
	if c, ok := e.(ruleset.Concat); ok {
		return c
	}
	return []ruleset.Expr{e}
}

func (s *State) payload(x *tree.Expr) ruleset.Expr {
	header, field := x.Text, x.Field
	if ruleset.HasUnknown(field) {
		return s.unknownField(x)
	}
	if field == "cfi" {
		field = "dei"
	}
	if field == "parameter-problem" {
		field = "param-problem"
	}
	if !s.needHeader(x.Span, header) {
		return nil
	}
	var f ruleset.Field
	switch {
	case field == "sport" && header != "ether":
		f = ruleset.Sport
	case field == "dport" && header != "ether":
		f = ruleset.Dport
	default:
		f = s.field(header, field)
	}
	if f == ruleset.NoField {
		s.refuse(x.Span, "%s has no field %s", header, field)
		return nil
	}
	if header == "icmp" || header == "icmpv6" {
		s.needType(x.Span, f)
	}
	return f
}

// unknownField is one that a script names by a variable which can't be known.
func (s *State) unknownField(x *tree.Expr) ruleset.Expr {
	s.l.Warnf(x.Span, "which field this is can't be known").WithCode(ruleset.CodeUnknown)
	return nil
}

func (s *State) metaKey(x *tree.Expr) ruleset.Expr {
	key := x.Field
	switch key {
	case "ibriport", "ibridgename", "bri_iifname":
		key = "ibrname"
	case "obriport", "obridgename", "bri_oifname":
		key = "obrname"
	case "bri_iifpvid":
		key = "ibrpvid"
	case "bri_iifvproto":
		key = "ibrvproto"
	case "secpath":
		key = "ipsec"
	}
	if f := s.field("meta", key); f != ruleset.NoField {
		if !s.familyField(x, f) {
			return nil
		}
		return f
	}
	if ruleset.HasUnknown(key) {
		return s.unknownField(x)
	}
	s.notModelled(x.Span, "meta "+key)
	return nil
}

func (s *State) ctKey(x *tree.Expr) ruleset.Expr {
	field := x.Field
	if ruleset.HasUnknown(field) {
		return s.unknownField(x)
	}
	switch field {
	case "saddr", "daddr":
		if !s.rule.direct {
			s.refuse(x.Span, "specify either ip or ip6 for address matching").Helpf("write ct %s ip %s", x.Dir, field)
			return nil
		}
		if s.rule.network != "ip" && s.rule.network != "ip6" {
			s.refuse(x.Span, `cannot determine ip protocol version, use "ip %s" or "ip6 %s" instead`, field, field)
			return nil
		}
		field = s.rule.network + " " + field
	case "proto-src", "proto-dst":
		if s.rule.transport < 0 && !s.rule.several && !s.rule.ofConn {
			s.refuse(x.Span, "the transport protocol is not known here").Helpf("match it before: meta l4proto tcp")
			return nil
		}
	}
	if f, _, ok := strings.Cut(field, " "); ok && (f == "ip" || f == "ip6") && s.rule.network != "" && s.rule.network != f {
		s.refuse(x.Span, "conflicting protocols specified: %s vs. %s", s.rule.network, f)
		return nil
	}
	if x.Dir != "" {
		if field == "state" || field == "mark" || field == "status" || field == "helper" || field == "label" || field == "id" || field == "direction" || field == "expiration" || field == "event" || field == "secmark" {
			s.refuse(x.Span, "ct %s has no direction", field)
			return nil
		}
		field = x.Dir + " " + field
	}
	if f := s.field("ct", field); f != ruleset.NoField {
		return f
	}
	s.refuse(x.Span, "ct %s needs a direction", field).Helpf("write ct original %s, or ct reply %s", field, field)
	return nil
}

// fib is a routing lookup; exists asks only whether there is a route.
func (s *State) fib(x *tree.Expr, exists bool) ruleset.Expr {
	flags := strings.Join(x.Words, " ")
	if !strings.Contains(flags, "saddr") == !strings.Contains(flags, "daddr") {
		s.refuse(x.Span, "fib looks up saddr or daddr, one of them")
		return nil
	}
	if exists || x.Field == "check" {
		return &ruleset.Selector{Kind: ruleset.Fib, Args: append(append([]string{}, x.Words...), "exists"), Width: 1, Exists: true}
	}
	switch flags + " " + x.Field {
	case "saddr type":
		return ruleset.FibSaddrType
	case "daddr type":
		return ruleset.FibDaddrType
	case "saddr iif type":
		return ruleset.FibSaddrIIFType
	case "daddr iif type":
		return ruleset.FibDaddrIIFType
	case "saddr oif":
		return ruleset.FibSaddrOIF
	case "saddr iif oif":
		return ruleset.FibSaddrIIFOIF
	}
	e := &ruleset.Selector{Kind: ruleset.Fib, Args: append(append([]string{}, x.Words...), x.Field), Width: 32}
	switch x.Field {
	case "type":
		e.Domain = ruleset.Enum
	case "oifname":
		e.Width, e.Domain = 128, ruleset.Name
	}
	return e
}

func (s *State) route(x *tree.Expr) ruleset.Expr {
	switch x.Field {
	case "classid":
		return ruleset.RTRealm
	case "mtu":
		return ruleset.RTMTU
	case "ipsec":
		return ruleset.RTIPsec
	}
	dir := x.Dir
	if dir == "" {
		dir = s.rule.network
	}
	switch {
	case dir == "ip" && s.rule.family == ruleset.IP6, dir == "ip6" && s.rule.family == ruleset.IP:
		s.refuse(x.Span, "%s nexthop will not match", dir)
		return nil
	case dir == "ip":
		return ruleset.RTNexthop
	case dir == "ip6":
		return ruleset.RTNexthop6
	}
	s.refuse(x.Span, `cannot determine ip protocol version, use "ip nexthop" or "ip6 nexthop" instead`)
	return nil
}

func (s *State) socket(x *tree.Expr) ruleset.Expr {
	if f := s.field("socket", x.Field); f != ruleset.NoField {
		return f
	}
	return &ruleset.Selector{Kind: ruleset.SocketCgroup, Args: []string{strconv.Itoa(int(num(x, 0)))}, Width: 64, Domain: ruleset.String}
}

// binary is an operation on the bits of something of the packet.
func (s *State) binary(x *tree.Expr) ruleset.Expr {
	op := map[tree.Op]ruleset.BinaryOp{tree.And: ruleset.And, tree.Or: ruleset.Or, tree.Xor: ruleset.Xor, tree.Lshift: ruleset.Lshift, tree.Rshift: ruleset.Rshift}[x.Op]
	left, right := x.Args[0], x.Args[1]
	if constant(left) && !constant(right) && op != ruleset.Lshift && op != ruleset.Rshift {
		left, right = right, left
	}
	s.rule.direct = false
	l := s.expr(left)
	if l == nil {
		return nil
	}
	if !constant(right) {
		r := s.expr(right)
		if r == nil {
			return nil
		}
		return &ruleset.Binary{Op: op, Left: l, Right: r}
	}
	k := s.kindOf(l)
	if op == ruleset.Lshift || op == ruleset.Rshift {
		k = kind{width: 32}
	}
	v, ok := s.bits(right, k)
	if !ok {
		return nil
	}
	return &ruleset.Binary{Op: op, Left: l, Right: ruleset.Term{Lo: v, Hi: v}}
}

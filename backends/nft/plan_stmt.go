package nft

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// maxPrefix is the greatest length of a log prefix that nft takes.
const maxPrefix = 127

func (p *program) meter(at diag.Span, m *ruleset.Meter, ported bool) bool {
	key := make([]ruleset.Expr, len(m.Key))
	for i, k := range m.Key {
		key[i] = k.Field
		v := p.syntax[k.Field].values
		if k.Mask != (ruleset.U128{}) && (v == quoted || v == owner || !fits(k.Field, k.Mask)) {
			p.report.Unsupported(at, "a mask of %s in a meter", k.Field)
		}
	}
	set := p.find(at, m.Set, key)
	if set != nil && (!set.Dynamic || set.Verdicts || set.Data != nil) {
		p.report.Unsupported(at, "a meter in %s, which is not a set that rules fill", m.Set)
	}
	p.limit(at, &m.Limit)
	return p.keyPorts(ported, key, nil)
}

func (p *program) limit(at diag.Span, l *ruleset.Limit) {
	switch l.Unit {
	case "second", "minute", "hour", "day", "week":
	default:
		p.report.Unsupported(at, "a rate per %q", l.Unit)
	}
	if l.Rate < 1 || l.Burst < 0 || l.Burst > 1<<31 {
		p.report.Unsupported(at, "a rate of %d with a burst of %d", l.Rate, l.Burst)
	}
}

func (p *program) log(at diag.Span, l *ruleset.Log) {
	switch {
	case len(l.Prefix) > maxPrefix:
		p.report.Unsupported(at, "a log prefix of %d bytes: at most %d", len(l.Prefix), maxPrefix)
	case !emit.Quotable(l.Prefix) || strings.Contains(l.Prefix, "$"):
		p.report.Unsupported(at, "the log prefix %q: nft has no way to write quotes, backslashes, $ and control characters in it", l.Prefix)
	}
	if l.Group < 0 || l.Group > 65535 || !l.Nflog && l.Group != 0 {
		p.report.Unsupported(at, "the log group %d", l.Group)
	}
}

func (p *program) reject(at diag.Span, r *ruleset.Reject) {
	with, only := rejectCode(p.table.Family, r.With)
	if r.With == ruleset.RejectTCPReset {
		return
	}
	if with == "" || (p.table.Family == ruleset.IP || p.table.Family == ruleset.IP6) && p.table.Family != only {
		p.report.Unsupported(at, "this answer of reject in a table of family %s", p.table.Family)
	}
}

// answer is what a reject answers with: its type, and the name or number of its
// code.
func (p *program) answer(r *ruleset.Reject) (kind, code string) {
	f := p.familyOf(r.Of)
	switch with, _ := rejectCode(f, r.With); {
	case r.With == ruleset.RejectTCPReset:
		return "tcp reset", ""
	case r.With == ruleset.RejectCode:
		kind = map[ruleset.Family]string{ruleset.IP: "icmp", ruleset.IP6: "icmpv6"}[f]
		return cmp.Or(kind, "icmpx"), strconv.Itoa(int(r.Code))
	default:
		kind, code, _ = strings.Cut(with, " ")
		return kind, code
	}
}

// rejectCode gives what stands behind "reject with" and the family in which it
// means something: for tables of both families icmpx where it has the answer.
func rejectCode(f ruleset.Family, w ruleset.RejectWith) (with string, only ruleset.Family) {
	type answer struct{ x, v4, v6 string }
	a := map[ruleset.RejectWith]answer{
		ruleset.RejectAdmin:       {"admin-prohibited", "admin-prohibited", "admin-prohibited"},
		ruleset.RejectPort:        {"port-unreachable", "port-unreachable", "port-unreachable"},
		ruleset.RejectHost:        {"host-unreachable", "host-unreachable", "addr-unreachable"},
		ruleset.RejectNet:         {"no-route", "net-unreachable", "no-route"},
		ruleset.RejectProto:       {"", "prot-unreachable", ""},
		ruleset.RejectNetProhib:   {"", "net-prohibited", ""},
		ruleset.RejectHostProhib:  {"", "host-prohibited", ""},
		ruleset.RejectPolicyFail:  {"", "", "policy-fail"},
		ruleset.RejectRejectRoute: {"", "", "reject-route"},
	}[w]
	switch {
	case f != ruleset.IP && f != ruleset.IP6 && a.x != "":
		return "icmpx " + a.x, ruleset.Inet
	case f != ruleset.IP6 && a.v4 != "":
		return "icmp " + a.v4, ruleset.IP
	case f != ruleset.IP && a.v6 != "":
		return "icmpv6 " + a.v6, ruleset.IP6
	}
	return "", ruleset.Inet
}

func (p *program) nat(at diag.Span, n *ruleset.NAT, ported bool) bool {
	if n.Map != "" {
		set := p.find(at, n.Map, n.Key)
		if n.Kind != ruleset.DNAT && n.Kind != ruleset.SNAT || n.Lo.IsValid() || n.PortLo != 0 {
			p.report.Unsupported(at, "%s both by a map and by itself", n.Kind)
		}
		if set != nil && !natData(set.Data) {
			p.report.Unsupported(at, "%s by %s, which does not hold an address, or an address and a port", n.Kind, n.Map)
		}
		return p.keyPorts(ported, n.Key, set)
	}
	hi := n.Hi
	if !hi.IsValid() {
		hi = n.Lo
	}
	switch {
	case n.Lo.IsValid() && (n.Kind == ruleset.Masquerade || n.Kind == ruleset.Redirect):
		p.report.Unsupported(at, "an address behind %s", n.Kind)
	case !n.Lo.IsValid() && n.PortLo == 0 && (n.Kind == ruleset.DNAT || n.Kind == ruleset.SNAT):
		p.report.Unsupported(at, "%s to nothing", n.Kind)
	case n.Lo.IsValid() && (n.Lo.Is4() != hi.Is4() || hi.Less(n.Lo) || n.Lo.Zone() != "" || n.Lo.Is4In6()):
		p.report.Unsupported(at, "%s to %s-%s", n.Kind, n.Lo, hi)
	case n.PortHi != 0 && n.PortHi < n.PortLo:
		p.report.Unsupported(at, "the ports %d-%d", n.PortLo, n.PortHi)
	case n.Lo.IsValid() && (p.table.Family == ruleset.IP && !n.Lo.Is4() || p.table.Family == ruleset.IP6 && n.Lo.Is4()):
		p.report.Unsupported(at, "%s to %s in a table of family %s", n.Kind, n.Lo, p.table.Family)
	}
	if n.PortLo != 0 {
		return p.ports(ported)
	}
	return ported
}

func natData(d []ruleset.Expr) bool {
	if len(d) == 0 || len(d) > 2 {
		return false
	}
	dom := ruleset.DomainOf(d[0])
	return (dom == ruleset.Addr4 || dom == ruleset.Addr6) && (len(d) == 1 || ruleset.DomainOf(d[1]) == ruleset.PortNum)
}

func (p *program) setField(at diag.Span, s *ruleset.SetField) {
	p.family(at, s.Field)
	switch s.Field {
	case ruleset.MetaMark, ruleset.CTMark, ruleset.CTLabel, ruleset.PktType, ruleset.IPDSCP, ruleset.IP6DSCP,
		ruleset.IPTTL, ruleset.IP6HopLimit, ruleset.IPSaddr, ruleset.IPDaddr, ruleset.IP6Saddr, ruleset.IP6Daddr,
		ruleset.Sport, ruleset.Dport, ruleset.EtherSaddr:
		if p.term(at, s.Field, &s.Value) && !s.Value.Single() {
			p.report.Unsupported(at, "the assignment of a range to %s", s.Field)
		}
	case ruleset.CTHelper:
		if p.objects[s.Value.Text] == nil {
			p.report.Unsupported(at, "the helper %q: the table has no such object", s.Value.Text)
		}
	default:
		p.report.Unsupported(at, "an assignment to %s", s.Field)
	}
}

// plainStatement says whether an unknown text is one statement at most: it
// can't end the rule, the chain or the line.
func plainStatement(s string) bool {
	depth, quoted := 0, false
	for _, r := range s {
		switch {
		case r < ' ' || r == 0x7f || r == '\\':
			return false
		case r == '"':
			quoted = !quoted
		case quoted:
		case r == ';' || r == '#':
			return false
		case r == '{':
			depth++
		case r == '}':
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return depth == 0 && !quoted
}

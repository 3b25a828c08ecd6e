package ext

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

var matchICMP = Extension{
	Name: "icmp", Family: ruleset.IP, proto: protoICMP, finish: finishICMP,
	options: []Option{{Name: "--icmp-type", Values: 1, Neg: true, Must: true}},
}

var matchICMPv6 = Extension{
	Name: "icmp6", Family: ruleset.IP6, proto: protoICMPv6, finish: finishICMP,
	options: []Option{{Name: "--icmpv6-type", Values: 1, Neg: true, Must: true}},
}

// icmpName is a name of a type, or of a type and a code; code is -1 for all.
type icmpName struct {
	name string
	typ  int
	code int
}

// anyICMP is the type that stands for all of them.
const anyICMP = 255

// icmpNames and icmpv6Names are the tool's, in its order.
var icmpNames = [...]icmpName{
	{"any", anyICMP, -1},
	{"echo-reply", 0, -1}, {"pong", 0, -1},
	{"destination-unreachable", 3, -1},
	{"network-unreachable", 3, 0}, {"host-unreachable", 3, 1}, {"protocol-unreachable", 3, 2},
	{"port-unreachable", 3, 3}, {"fragmentation-needed", 3, 4}, {"source-route-failed", 3, 5},
	{"network-unknown", 3, 6}, {"host-unknown", 3, 7}, {"network-prohibited", 3, 9},
	{"host-prohibited", 3, 10}, {"TOS-network-unreachable", 3, 11}, {"TOS-host-unreachable", 3, 12},
	{"communication-prohibited", 3, 13}, {"host-precedence-violation", 3, 14}, {"precedence-cutoff", 3, 15},
	{"source-quench", 4, -1},
	{"redirect", 5, -1}, {"network-redirect", 5, 0}, {"host-redirect", 5, 1},
	{"TOS-network-redirect", 5, 2}, {"TOS-host-redirect", 5, 3},
	{"echo-request", 8, -1}, {"ping", 8, -1},
	{"router-advertisement", 9, -1}, {"router-solicitation", 10, -1},
	{"time-exceeded", 11, -1}, {"ttl-exceeded", 11, -1},
	{"ttl-zero-during-transit", 11, 0}, {"ttl-zero-during-reassembly", 11, 1},
	{"parameter-problem", 12, -1}, {"ip-header-bad", 12, 0}, {"required-option-missing", 12, 1},
	{"timestamp-request", 13, -1}, {"timestamp-reply", 14, -1},
	{"address-mask-request", 17, -1}, {"address-mask-reply", 18, -1},
}

var icmpv6Names = [...]icmpName{
	{"destination-unreachable", 1, -1},
	{"no-route", 1, 0}, {"communication-prohibited", 1, 1}, {"beyond-scope", 1, 2},
	{"address-unreachable", 1, 3}, {"port-unreachable", 1, 4}, {"failed-policy", 1, 5}, {"reject-route", 1, 6},
	{"packet-too-big", 2, -1},
	{"time-exceeded", 3, -1}, {"ttl-exceeded", 3, -1},
	{"ttl-zero-during-transit", 3, 0}, {"ttl-zero-during-reassembly", 3, 1},
	{"parameter-problem", 4, -1}, {"bad-header", 4, 0}, {"unknown-header-type", 4, 1}, {"unknown-option", 4, 2},
	{"echo-request", 128, -1}, {"ping", 128, -1}, {"echo-reply", 129, -1}, {"pong", 129, -1},
	{"mld-listener-query", 130, -1}, {"mld-listener-report", 131, -1},
	{"mld-listener-done", 132, -1}, {"mld-listener-reduction", 132, -1},
	{"router-solicitation", 133, -1}, {"router-advertisement", 134, -1},
	{"neighbour-solicitation", 135, -1}, {"neighbor-solicitation", 135, -1},
	{"neighbour-advertisement", 136, -1}, {"neighbor-advertisement", 136, -1},
	{"redirect", 137, -1},
}

// byName finds a type by its name or by the beginning of one alone.
func (p *parse) byName(w Word) (typ, code int, ok bool) {
	all := icmpNames[:]
	if p.v6() {
		all = icmpv6Names[:]
	}
	found := -1
	for i, n := range all {
		if len(w.Text) > len(n.name) || !strings.EqualFold(n.name[:len(w.Text)], w.Text) {
			continue
		}
		if len(w.Text) == len(n.name) {
			return n.typ, n.code, true
		}
		if found >= 0 {
			p.errorf(w.Span, "%q may be the ICMP type %s or %s", w.Text, all[found].name, n.name).Helpf("write the name in full")
			return 0, 0, false
		}
		found = i
	}
	if found < 0 {
		p.errorf(w.Span, "%q is no ICMP type", w.Text).Helpf("it is a name like echo-request, a number, or type/code")
		return 0, 0, false
	}
	return all[found].typ, all[found].code, true
}

func finishICMP(p *parse) {
	g := p.get(0)
	w := g.v[0]
	typeField, codeField := p.field(ruleset.ICMPType), p.field(ruleset.ICMPCode)
	if ruleset.HasUnknown(w.Text) {
		if typ, _, isPair := cutByte(w.Text, '/'); isPair || typ == "" {
			p.unknown = w.Text
		} else {
			p.match(typeField, g.neg, ruleset.UnknownTerm(w.Text))
		}
		return
	}
	if w.Text == "" {
		p.errorf(w.Span, "an ICMP type is missing").Helpf("it is a name like echo-request, a number, or type/code")
		return
	}
	typ, code, codeTop := 0, -1, 0
	if c := w.Text[0]; c >= '0' && c <= '9' {
		a, b, hasCode := cutByte(w.Text, '/')
		n, ok := number(a)
		lo, hi := uint64(0), uint64(255)
		if ok && hasCode {
			first, last, isRange := cutByte(b, ':') // as newer versions print it
			lo, ok = number(first)
			if hi = lo; isRange && ok {
				hi, ok = number(last)
			}
		}
		if !ok || n > 255 || lo > hi || hi > 255 {
			p.errorf(w.Span, "%q is no ICMP type and code", w.Text).Helpf("both are numbers from 0 to 255")
			return
		}
		typ, code, codeTop = int(n), int(lo), int(hi)
		if lo == 0 && hi == 255 {
			code = -1
		}
	} else {
		var ok bool
		if typ, code, ok = p.byName(w); !ok {
			return
		}
		codeTop = code
	}
	t := ruleset.Num(uint64(typ))
	switch {
	case typ == anyICMP && !p.v6(): // icmp_type_code_match
		if g.neg {
			p.never()
		}
	case code < 0:
		p.match(typeField, g.neg, t)
	case !g.neg:
		p.match(typeField, false, t)
		p.match(codeField, false, ruleset.Range(uint64(code), uint64(codeTop)))
	default: // not the pair: another type, or another code
		p.add(&ruleset.Lookup{
			Key: ruleset.Keys(typeField, codeField), Neg: true,
			Elems: []ruleset.Elem{{Key: p.c.slab.terms(t, ruleset.Range(uint64(code), uint64(codeTop)))}},
		})
	}
}

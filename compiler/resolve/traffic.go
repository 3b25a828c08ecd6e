package resolve

import (
	"cmp"
	"slices"
	"strings"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/ast"
)

// keywords that begin a traffic class of the language itself.
var keywords = [...]string{"ah", "any", "esp", "gre", "icmp", "icmpv6", "ping", "proto", "sctp", "tcp", "udp"}

// builtin reports the declaration of a class that the language already has.
func (r *resolver) builtin(name ast.Word) bool {
	if slices.Contains(keywords[:], name.Text) {
		r.errorf(codeBuiltin, name.Span, "%s is a word of the language and can't be declared", name.Text).Helpf("choose another name")
		return true
	}
	if _, is := r.classes[name.Text]; is {
		r.errorf(codeBuiltin, name.Span, "%s is a built-in class and can't be redefined", name.Text).
			Helpf("choose another name, such as my-%s", name.Text)
		return true
	}
	return false
}

func (r *resolver) resolvePortSet(p *portSet, path []ast.Word) []policy.PortRange {
	if p.state == done {
		return p.p
	}
	p.state = visiting
	path = append(path, p.stmt.Name)
	var out []policy.PortRange
	ok := len(p.stmt.Items) > 0
	if !ok {
		r.missing(codePort, p.stmt.Span(), "this port set holds no port")
	}
	for _, w := range p.stmt.Items {
		if !w.Quoted && startsWithDigit(w.Text) {
			pr, m := parsePorts(w.Text)
			if m != nil {
				r.wrong(codePort, w.Span, m)
				ok = false
			}
			out = append(out, pr)
			continue
		}
		inner := r.ports[w.Text]
		switch {
		case inner == nil:
			r.unknownPort(w)
			ok = false
		case !r.enter("port set", &inner.state, path, w):
			ok = false
		default:
			in := r.resolvePortSet(inner, path)
			ok = ok && in != nil
			out = append(out, in...)
		}
	}
	p.state = done
	if ok {
		p.p = policy.MergePorts(out)
	}
	return p.p
}

func (r *resolver) unknownPort(w ast.Word) {
	d := unknownName(r, "port set", w, r.ports)
	switch _, class := r.classes[w.Text]; {
	case class || r.protos[w.Text] != nil:
		d.Helpf("%s is a class of traffic: write it without the protocol, as `allow %s`", w.Text, w.Text)
	case d.Help == "":
		d.Helpf("declare it: port %s = 80, 8000-8010", w.Text)
	}
}

func (r *resolver) resolveProto(p *proto, path []ast.Word) []policy.Traffic {
	if p.state == done {
		return p.p
	}
	p.state = visiting
	path = append(path, p.stmt.Name)
	if len(p.stmt.Traffic) == 0 {
		r.missing(codeTraffic, p.stmt.Span(), "this proto holds no traffic")
	}
	out, ok := r.traffic(p.stmt.Traffic, path)
	p.state = done
	if ok {
		p.p = mergeTraffic(out)
	}
	return p.p
}

// trafficList is the normalised meaning of a list of classes.
func (r *resolver) trafficList(items []ast.Traffic) ([]policy.Traffic, bool) {
	out, ok := r.traffic(items, nil)
	return mergeTraffic(out), ok
}

// traffic resolves classes one by one. path holds the protos being resolved.
func (r *resolver) traffic(items []ast.Traffic, path []ast.Word) ([]policy.Traffic, bool) {
	out := make([]policy.Traffic, 0, len(items))
	ok := len(items) > 0
	for i := range items {
		t := &items[i]
		n := len(out)
		var good bool
		out, good = r.oneTraffic(out, t, path)
		ok = ok && good
		for j := n; j < len(out); j++ {
			out[j].Span = t.Span
		}
	}
	return out, ok
}

func (r *resolver) oneTraffic(out []policy.Traffic, t *ast.Traffic, path []ast.Word) ([]policy.Traffic, bool) {
	both := func(proto uint8) ([]policy.Traffic, bool) {
		return append(out, policy.Traffic{Proto: proto, Families: policy.Both}), r.noArgs(t)
	}
	kind := t.Kind.Text
	if t.Kind.Quoted {
		kind = ""
	}
	switch kind {
	case "tcp":
		return r.portTraffic(out, t, policy.TCP)
	case "udp":
		return r.portTraffic(out, t, policy.UDP)
	case "sctp":
		return r.portTraffic(out, t, policy.SCTP)
	case "icmp":
		return r.icmpTraffic(out, t, policy.ICMP, policy.V4)
	case "icmpv6":
		return r.icmpTraffic(out, t, policy.ICMPv6, policy.V6)
	case "ping":
		return append(out,
			policy.Traffic{Proto: policy.ICMP, Types: []policy.PortRange{{Lo: 8, Hi: 8}}, Families: policy.V4},
			policy.Traffic{Proto: policy.ICMPv6, Types: []policy.PortRange{{Lo: 128, Hi: 128}}, Families: policy.V6}), r.noArgs(t)
	case "esp":
		return both(policy.ESP)
	case "ah":
		return both(policy.AH)
	case "gre":
		return both(policy.GRE)
	case "any":
		return append(out, policy.Traffic{Any: true, Families: policy.Both}), r.noArgs(t)
	case "proto":
		return r.numberTraffic(out, t)
	}
	if class, is := r.classes[t.Kind.Text]; is {
		return append(out, class...), r.noArgs(t)
	}
	p := r.protos[t.Kind.Text]
	if p == nil {
		r.unknownClass(t.Kind)
		return out, false
	}
	if !r.enter("proto", &p.state, path, t.Kind) {
		return out, false
	}
	in := r.resolveProto(p, path)
	return append(out, in...), r.noArgs(t) && in != nil
}

func (r *resolver) unknownClass(w ast.Word) {
	if r.hints++; r.hints > hintLimit {
		r.errorf(codeUnknown, w.Span, "there is no class of traffic %s", w.Text)
		return
	}
	known := make(map[string]bool, len(r.classes)+len(r.protos)+len(keywords))
	for n := range r.classes {
		known[n] = true
	}
	for n := range r.protos {
		known[n] = true
	}
	for _, n := range keywords {
		known[n] = true
	}
	d := unknownName(r, "class of traffic", w, known)
	switch {
	case r.ports[w.Text] != nil:
		d.Helpf("%s is a port set: write tcp %s or udp %s", w.Text, w.Text, w.Text)
	case d.Help == "":
		d.Helpf("declare it: proto %s = tcp 9100, udp 8125", w.Text)
	}
}

func (r *resolver) noArgs(t *ast.Traffic) bool {
	if len(t.Args) == 0 {
		return true
	}
	s := t.Args[0].Span.Join(t.Args[len(t.Args)-1].Span)
	r.errorf(codeTraffic, s, "%s takes no ports or types", t.Kind.Text).Helpf("write %s alone, or tcp, udp or sctp with ports", t.Kind.Text)
	return false
}

func (r *resolver) portTraffic(out []policy.Traffic, t *ast.Traffic, proto uint8) ([]policy.Traffic, bool) {
	c := policy.Traffic{Proto: proto, Families: policy.Both}
	ok := true
	if len(t.Args) > 0 {
		c.Ports = make([]policy.PortRange, 0, len(t.Args))
	}
	for _, w := range t.Args {
		if !w.Quoted && startsWithDigit(w.Text) {
			pr, m := parsePorts(w.Text)
			if m != nil {
				r.wrong(codePort, w.Span, m)
				ok = false
			}
			c.Ports = append(c.Ports, pr)
			continue
		}
		set := r.ports[w.Text]
		if set == nil {
			r.unknownPort(w)
			ok = false
			continue
		}
		in := r.resolvePortSet(set, nil)
		ok = ok && in != nil
		c.Ports = append(c.Ports, in...)
	}
	c.Ports = policy.MergePorts(c.Ports)
	return append(out, c), ok
}

func (r *resolver) icmpTraffic(out []policy.Traffic, t *ast.Traffic, proto uint8, f policy.Family) ([]policy.Traffic, bool) {
	c := policy.Traffic{Proto: proto, Families: f}
	ok := true
	for _, w := range t.Args {
		if startsWithDigit(w.Text) {
			pr, good := parseTypes(w.Text)
			if !good {
				r.errorf(codeTraffic, w.Span, "%s is not an %s type", w.Text, t.Kind.Text).Helpf("a type is 0 to 255, or a name such as echo-request")
				ok = false
			}
			c.Types = append(c.Types, pr)
			continue
		}
		n, known := icmpTypes(proto)[w.Text]
		if !known {
			d := unknownName(r, t.Kind.Text+" type", w, icmpTypes(proto))
			if _, other := icmpTypes(policy.ICMP + policy.ICMPv6 - proto)[w.Text]; other {
				d.Helpf("it is a type of %s", map[uint8]string{policy.ICMP: "icmpv6", policy.ICMPv6: "icmp"}[proto])
			} else if d.Help == "" {
				d.Helpf("a type is 0 to 255, or a name such as echo-request")
			}
			ok = false
		}
		c.Types = append(c.Types, policy.PortRange{Lo: n, Hi: n})
	}
	c.Types = everyType(policy.MergePorts(c.Types))
	return append(out, c), ok
}

// everyType is nil for all 256 types: the class then names none.
func everyType(types []policy.PortRange) []policy.PortRange {
	if len(types) == 1 && types[0].Lo == 0 && types[0].Hi == 255 {
		return nil
	}
	return types
}

func parseTypes(text string) (policy.PortRange, bool) {
	from, to, isRange := strings.Cut(text, "-")
	lo, ok := parseNumber(from, 255)
	hi, ok2 := lo, true
	if isRange {
		hi, ok2 = parseNumber(to, 255)
	}
	return policy.PortRange{Lo: uint16(lo), Hi: uint16(hi)}, ok && ok2 && lo <= hi
}

// numberTraffic is `proto N`. Protocols with words of their own mean the same
// as those words. IPv6 extension headers are no protocols: neither nft nor
// ip6tables would ever match them so.
func (r *resolver) numberTraffic(out []policy.Traffic, t *ast.Traffic) ([]policy.Traffic, bool) {
	if len(t.Args) == 0 {
		r.missing(codeTraffic, t.Span, "proto needs the number of an IP protocol").Helpf("for example proto 47")
		return out, false
	}
	ok := true
	for _, w := range t.Args {
		n, good := parseNumber(w.Text, 255)
		switch {
		case !good || w.Quoted:
			d := r.errorf(codeTraffic, w.Span, "%s is not the number of an IP protocol", w.Text).Helpf("a protocol is 1 to 255")
			if _, class := r.classes[w.Text]; class || slices.Contains(keywords[:], w.Text) || r.protos[w.Text] != nil {
				d.Helpf("%s is a class of traffic: write it without proto", w.Text)
			}
			ok = false
			continue
		case n == 0 || n == 43 || n == 44 || n == 59 || n == 60:
			r.errorf(codeTraffic, w.Span, "%d is an extension header of IPv6, not a protocol that a packet carries", n)
			ok = false
			continue
		}
		f := policy.Both
		switch n {
		case policy.ICMP, policy.IGMP:
			f = policy.V4
		case policy.ICMPv6:
			f = policy.V6
		}
		out = append(out, policy.Traffic{Proto: uint8(n), Families: f})
	}
	return out, ok
}

// mergeTraffic sorts classes and makes one of those that differ in ports or
// types alone. What `any` covers goes, unless it brings a helper.
func mergeTraffic(list []policy.Traffic) []policy.Traffic {
	if len(list) < 2 {
		return list
	}
	slices.SortStableFunc(list, compareTraffic)
	if list[0].Any {
		first := list[0]
		list = slices.DeleteFunc(list, func(t policy.Traffic) bool { return t.Helper == "" || t.Any })
		list = slices.Insert(list, 0, first)
	}
	out := list[:1]
	for _, t := range list[1:] {
		last := &out[len(out)-1]
		if last.Any || last.Proto != t.Proto || last.Families != t.Families || last.Helper != t.Helper {
			out = append(out, t)
			continue
		}
		last.Ports = joinRanges(last.Ports, t.Ports)
		last.Types = everyType(joinRanges(last.Types, t.Types))
	}
	return out
}

// joinRanges unites two lists of ranges, of which nil means everything. The
// arguments may be shared and stay as they are.
func joinRanges(a, b []policy.PortRange) []policy.PortRange {
	if a == nil || b == nil {
		return nil
	}
	return policy.MergePorts(append(slices.Clip(a), b...))
}

func compareTraffic(a, b policy.Traffic) int {
	if a.Any != b.Any {
		if a.Any {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.Proto, b.Proto), cmp.Compare(a.Families, b.Families), cmp.Compare(a.Helper, b.Helper))
}

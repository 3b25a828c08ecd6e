package ext

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// Options of the matches of IPv6 extension headers.
const (
	oHdrA = iota
	oHdrLen
	oHdrRes
	oHdrFirst
	oHdrMore
	oHdrLast
	oHdrOpts
	oHdrAddrs
	oHdrLoose
)

var matchAH6 = Extension{
	Name: "ah", Family: ruleset.IP6, finish: finishAH6,
	options: []Option{
		{Name: "--ahspi", ID: oHdrA, Values: 1, Neg: true},
		{Name: "--ahlen", ID: oHdrLen, Values: 1, Neg: true},
		{Name: "--ahres", ID: oHdrRes},
	},
}

// finishAH6: the header stands among the others, where no field of the model
// looks.
func finishAH6(p *parse) {
	if g := p.get(oHdrA); g != nil {
		p.rng(g, g.v[0], ':', 1<<32-1)
	}
	p.numOf(oHdrLen, 0, 1<<32-1, 0)
	p.unknown = ""
	p.may("an authentication header")
}

var matchFrag = Extension{
	Name: "frag", Family: ruleset.IP6, finish: finishFrag,
	options: []Option{
		{Name: "--fragid", ID: oHdrA, Values: 1, Neg: true},
		{Name: "--fraglen", ID: oHdrLen, Values: 1, Neg: true},
		{Name: "--fragres", ID: oHdrRes},
		{Name: "--fragfirst", ID: oHdrFirst},
		{Name: "--fragmore", ID: oHdrMore, Excl: 1 << oHdrLast},
		{Name: "--fraglast", ID: oHdrLast, Excl: 1 << oHdrMore},
	},
}

func (p *parse) fragment(field string, width int, value uint64) {
	p.selector(ruleset.ExtHdr, width, false, ruleset.Num(value), "frag", field)
}

// finishFrag follows frag_mt6 of net/ipv6/netfilter/ip6t_frag.c.
func finishFrag(p *parse) {
	p.exists(ruleset.ExtHdr, false, "frag")
	if g := p.get(oHdrA); g != nil {
		if t, ok := p.rng(g, g.v[0], ':', 1<<32-1); ok {
			p.selector(ruleset.ExtHdr, 32, g.neg, t, "frag", "id")
		}
	}
	p.numOf(oHdrLen, 0, 1<<32-1, 0) // the kernel does not look at it
	if p.is(oHdrRes) {
		p.fragment("reserved", 8, 0)
		p.fragment("reserved2", 2, 0)
	}
	if p.is(oHdrFirst) {
		p.fragment("frag-off", 13, 0)
	}
	if p.is(oHdrMore) {
		p.fragment("more-fragments", 1, 1)
	}
	if p.is(oHdrLast) {
		p.fragment("more-fragments", 1, 0)
	}
}

// headerLength adds a match of the length of a header in bytes; its field counts
// units of 8 bytes behind the first.
func (p *parse) headerLength(header string) {
	g := p.get(oHdrLen)
	if g == nil {
		return
	}
	n, ok := p.num(g, g.v[0], 0, 1<<32-1)
	switch {
	case !ok:
	case n%8 == 0 && n >= 8 && n <= 2048:
		p.selector(ruleset.ExtHdr, 8, g.neg, ruleset.Num(n/8-1), header, "hdrlength")
	case !g.neg:
		p.never()
	}
}

var matchHBH = Extension{
	Name: "hbh", Family: ruleset.IP6, finish: func(p *parse) { p.optionsHeader("hbh") },
	options: []Option{
		{Name: "--hbh-len", ID: oHdrLen, Values: 1, Neg: true},
		{Name: "--hbh-opts", ID: oHdrOpts, Values: 1},
		{Name: "--hbh-not-strict", ID: oHdrLoose},
	},
}

var matchDst = Extension{
	Name: "dst", Family: ruleset.IP6, finish: func(p *parse) { p.optionsHeader("dst") },
	options: []Option{
		{Name: "--dst-len", ID: oHdrLen, Values: 1, Neg: true},
		{Name: "--dst-opts", ID: oHdrOpts, Values: 1},
		{Name: "--dst-not-strict", ID: oHdrLoose},
	},
}

// maxHeaderOptions is how many options or addresses the kernel compares
// (IP6T_OPTS_OPTSNR, IP6T_RT_HOPS).
const maxHeaderOptions = 16

func (p *parse) optionsHeader(header string) {
	if g := p.get(oHdrLoose); g != nil {
		p.errorf(g.at, "%s is not made yet in the tool", p.name(g)).Helpf("leave it out")
		return
	}
	p.exists(ruleset.ExtHdr, false, header)
	p.headerLength(header)
	if g := p.get(oHdrOpts); g != nil {
		n := 0
		p.list(g.v[0], func(w Word) bool {
			typ, length, hasLength := cutByte(w.Text, ':')
			a, ok := number(typ)
			b := uint64(0)
			if ok && hasLength {
				b, ok = number(length)
			}
			if n++; !ok || a > 65535 || b > 65535 || n > maxHeaderOptions {
				p.errorf(w.Span, "%q is no option of a header", w.Text).Helpf("it is TYPE or TYPE:LENGTH, up to %d of them", maxHeaderOptions)
				return false
			}
			return true
		})
		p.may("options of the header")
	}
}

var matchRT = Extension{
	Name: "rt", Family: ruleset.IP6, finish: finishRT,
	options: []Option{
		{Name: "--rt-type", ID: oHdrA, Values: 1, Neg: true},
		{Name: "--rt-segsleft", ID: oHdrMore, Values: 1, Neg: true},
		{Name: "--rt-len", ID: oHdrLen, Values: 1, Neg: true},
		{Name: "--rt-0-res", ID: oHdrRes, Also: 1 << oHdrA},
		{Name: "--rt-0-addrs", ID: oHdrAddrs, Values: 1, Also: 1 << oHdrA},
		{Name: "--rt-0-not-strict", ID: oHdrLoose, Also: 1 << oHdrAddrs},
	},
}

func finishRT(p *parse) {
	p.exists(ruleset.ExtHdr, false, "rt")
	if g := p.get(oHdrA); g != nil {
		n, ok := p.num(g, g.v[0], 0, 1<<32-1)
		for _, id := range [...]uint8{oHdrRes, oHdrAddrs} {
			if ok && p.is(id) && (n != 0 || g.neg) {
				p.errorf(p.get(id).at, "%s is for --rt-type 0 alone", p.name(p.get(id)))
			}
		}
		if n > 255 && !g.neg {
			p.never()
		} else if n <= 255 {
			p.selector(ruleset.ExtHdr, 8, g.neg, ruleset.Num(n), "rt", "type")
		}
	}
	if g := p.get(oHdrMore); g != nil {
		if t, ok := p.rng(g, g.v[0], ':', 1<<32-1); ok {
			if t.Hi.Lo > 255 && !t.Unknown {
				t.Hi.Lo = 255
			}
			if t.Lo.Lo <= 255 {
				p.selector(ruleset.ExtHdr, 8, g.neg, t, "rt", "seg-left")
			} else if !g.neg {
				p.never()
			}
		}
	}
	p.headerLength("rt")
	if g := p.get(oHdrAddrs); g != nil {
		n := 0
		p.list(g.v[0], func(w Word) bool {
			if _, ok := addr6(w.Text); !ok || n >= maxHeaderOptions {
				p.errorf(w.Span, "%q is no address for %s", w.Text, p.name(g)).Helpf("write up to %d IPv6 addresses with commas between them", maxHeaderOptions)
				return false
			}
			n++
			return true
		})
	}
	if p.is(oHdrRes) || p.is(oHdrAddrs) {
		p.may("what is in the routing header")
	}
}

var matchMH = Extension{
	Name: "mh", Family: ruleset.IP6, proto: protoMH, finish: finishMH,
	options: []Option{{Name: "--mh-type", ID: oHdrA, Values: 1, Neg: true}},
}

var mhTypes = [...][2]string{
	{"binding-refresh-request", "brr"}, {"home-test-init", "hoti"}, {"careof-test-init", "coti"},
	{"home-test", "hot"}, {"careof-test", "cot"}, {"binding-update", "bu"},
	{"binding-acknowledgement", "ba"}, {"binding-error", "be"},
}

func finishMH(p *parse) {
	g := p.get(oHdrA)
	if g == nil {
		return
	}
	w := g.v[0]
	for i, names := range mhTypes {
		if strings.EqualFold(w.Text, names[0]) || strings.EqualFold(w.Text, names[1]) {
			p.selector(ruleset.ExtHdr, 8, g.neg, ruleset.Num(uint64(i)), "mh", "type")
			return
		}
	}
	if t, ok := p.rng(g, w, ':', 255); ok {
		p.selector(ruleset.ExtHdr, 8, g.neg, t, "mh", "type")
	}
}

// matchEUI64: the address is made of the link-layer source, bit by bit; a match
// does not compare two fields in this way.
var matchEUI64 = Extension{
	Name: "eui64", Family: ruleset.IP6, chains: prerouting | input | forward,
	finish: func(p *parse) { p.may("whether the address is made of the link-layer one") },
}

// Options of ipv6header.
const (
	oHeader = iota
	oSoft
)

var matchIPv6Header = Extension{
	Name: "ipv6header", Family: ruleset.IP6, finish: finishIPv6Header,
	options: []Option{
		{Name: "--header", ID: oHeader, Values: 1, Neg: true, Must: true},
		{Name: "--soft", ID: oSoft},
	},
}

// finishIPv6Header: with --soft all of the headers must be there; without it
// also no others.
func finishIPv6Header(p *parse) {
	g := p.get(oHeader)
	var found []string
	if !p.list(g.v[0], func(w Word) bool {
		switch strings.ToLower(w.Text) {
		case "hop", "hop-by-hop", "0":
			found = append(found, "hbh")
		case "dst", "ipv6-opts", "60":
			found = append(found, "dst")
		case "route", "ipv6-route", "43":
			found = append(found, "rt")
		case "frag", "ipv6-frag", "44":
			found = append(found, "frag")
		case "auth", "ah", "51", "esp", "50", "none", "ipv6-nonxt", "59", "prot", "proto", "protocol", "255":
			found = append(found, "")
		default:
			p.errorf(w.Span, "%q is no header of IPv6", w.Text).Helpf("it is one of hop, dst, route, frag, auth, esp, none, prot")
			return false
		}
		return true
	}) {
		return
	}
	inexact := !p.is(oSoft) || g.neg
	if !g.neg {
		for _, h := range found {
			if h == "" {
				inexact = true
			} else {
				p.exists(ruleset.ExtHdr, false, h)
			}
		}
	}
	if inexact {
		p.may("which headers the packet has")
	}
}

// Options of srh.
const (
	oSrhNext = iota
	oSrhLenEq
	oSrhLenGt
	oSrhLenLt
	oSrhLeftEq
	oSrhLeftGt
	oSrhLeftLt
	oSrhLastEq
	oSrhLastGt
	oSrhLastLt
	oSrhTag
	oSrhPSID
	oSrhNSID
	oSrhLSID
)

var matchSRH = Extension{
	Name: "srh", Family: ruleset.IP6, finish: finishSRH,
	options: []Option{
		{Name: "--srh-next-hdr", ID: oSrhNext, Values: 1, Neg: true},
		{Name: "--srh-hdr-len-eq", ID: oSrhLenEq, Values: 1, Neg: true},
		{Name: "--srh-hdr-len-gt", ID: oSrhLenGt, Values: 1, Neg: true},
		{Name: "--srh-hdr-len-lt", ID: oSrhLenLt, Values: 1, Neg: true},
		{Name: "--srh-segs-left-eq", ID: oSrhLeftEq, Values: 1, Neg: true},
		{Name: "--srh-segs-left-gt", ID: oSrhLeftGt, Values: 1, Neg: true},
		{Name: "--srh-segs-left-lt", ID: oSrhLeftLt, Values: 1, Neg: true},
		{Name: "--srh-last-entry-eq", ID: oSrhLastEq, Values: 1, Neg: true},
		{Name: "--srh-last-entry-gt", ID: oSrhLastGt, Values: 1, Neg: true},
		{Name: "--srh-last-entry-lt", ID: oSrhLastLt, Values: 1, Neg: true},
		{Name: "--srh-tag", ID: oSrhTag, Values: 1, Neg: true},
		{Name: "--srh-psid", ID: oSrhPSID, Values: 1, Neg: true},
		{Name: "--srh-nsid", ID: oSrhNSID, Values: 1, Neg: true},
		{Name: "--srh-lsid", ID: oSrhLSID, Values: 1, Neg: true},
	},
}

// finishSRH: the header is the routing header of type 4. One that has more
// segments left than it holds does not match.
func finishSRH(p *parse) {
	p.selector(ruleset.ExtHdr, 8, false, ruleset.Num(4), "rt", "type")
	for i := range p.x.given {
		g := &p.x.given[i]
		switch w := g.v[0]; {
		case g.o.ID >= oSrhPSID:
			p.network(g, w)
		case g.o.ID == oSrhTag:
			p.num(g, w, 0, 65535)
		case g.o.ID == oSrhNext:
			p.protocol(g, w)
		default:
			p.num(g, w, 0, 255)
		}
	}
	p.unknown = ""
	p.may("what is in the segment routing header")
}

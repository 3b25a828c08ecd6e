package ext

import "github.com/loward/loward/compiler/ruleset"

// Options of MARK and CONNMARK.
const (
	oSetX = iota
	oSetMark
	oAndMark
	oOrMark
	oXorMark
	oSaveMark
	oRestore
	oCTMask
	oNFMask
	oBothMask
	oLeftShift
	oRightShift
)

const (
	markWays     = 1<<oSetX | 1<<oSetMark | 1<<oAndMark | 1<<oOrMark | 1<<oXorMark
	connmarkWays = markWays | 1<<oSaveMark | 1<<oRestore
	all32        = 1<<32 - 1
)

var targetMARK = Extension{
	Name: "MARK", Target: true, finish: finishMARK,
	options: []Option{
		{Name: "--set-xmark", ID: oSetX, Values: 1, Excl: markWays},
		{Name: "--set-mark", ID: oSetMark, Values: 1, Excl: markWays},
		{Name: "--and-mark", ID: oAndMark, Values: 1, Excl: markWays},
		{Name: "--or-mark", ID: oOrMark, Values: 1, Excl: markWays},
		{Name: "--xor-mark", ID: oXorMark, Values: 1, Excl: markWays},
	},
}

// newMark reads what the mark becomes: (mark & keep) ^ flip.
func (p *parse) newMark(g *given) (keep, flip uint64, ok bool) {
	if g.o.ID <= oSetMark {
		value, mask, ok := p.marked(g, all32)
		if g.o.ID == oSetMark { // its bits are set and not flipped
			mask |= value
		}
		return all32 &^ mask, value, ok
	}
	n, ok := p.num(g, g.v[0], 0, all32)
	switch g.o.ID {
	case oAndMark:
		return n, 0, ok
	case oOrMark:
		return all32 &^ n, n, ok
	}
	return all32, n, ok
}

func finishMARK(p *parse) {
	if p.has&markWays == 0 {
		p.errorf(p.x.At, "the target MARK needs a mark").Helpf("write --set-mark, for instance")
		return
	}
	if keep, flip, ok := p.newMark(&p.x.given[p.first(markWays)]); ok {
		p.set(ruleset.MetaMark, keep, flip, all32)
	}
}

var targetCONNMARK = Extension{
	Name: "CONNMARK", Target: true, finish: finishCONNMARK,
	options: []Option{
		{Name: "--set-xmark", ID: oSetX, Values: 1, Excl: connmarkWays},
		{Name: "--set-mark", ID: oSetMark, Values: 1, Excl: connmarkWays},
		{Name: "--and-mark", ID: oAndMark, Values: 1, Excl: connmarkWays},
		{Name: "--or-mark", ID: oOrMark, Values: 1, Excl: connmarkWays},
		{Name: "--xor-mark", ID: oXorMark, Values: 1, Excl: connmarkWays},
		{Name: "--save-mark", ID: oSaveMark, Excl: connmarkWays},
		{Name: "--restore-mark", ID: oRestore, Excl: connmarkWays},
		{Name: "--left-shift-mark", ID: oLeftShift, Values: 1, Excl: 1 << oRightShift, Also: connmarkWays},
		{Name: "--right-shift-mark", ID: oRightShift, Values: 1, Excl: 1 << oLeftShift, Also: connmarkWays},
		{Name: "--ctmask", ID: oCTMask, Values: 1, Excl: 1 << oBothMask},
		{Name: "--nfmask", ID: oNFMask, Values: 1, Excl: 1 << oBothMask},
		{Name: "--mask", ID: oBothMask, Values: 1, Excl: 1<<oCTMask | 1<<oNFMask},
	},
}

// finishCONNMARK follows connmark_tg of net/netfilter/xt_connmark.c. Shifts of what
// is set are not modelled: the mark is unknown then.
func finishCONNMARK(p *parse) {
	if p.has&connmarkWays == 0 {
		p.errorf(p.x.At, "the target CONNMARK needs to know what to do").Helpf("write --set-mark, --save-mark or --restore-mark")
		return
	}
	both := p.numOf(oBothMask, 0, all32, all32)
	ct, nf := p.numOf(oCTMask, 0, all32, both), p.numOf(oNFMask, 0, all32, both)
	p.numOf(oLeftShift, 0, 32, 0)
	p.numOf(oRightShift, 0, 32, 0)
	shifted := p.is(oLeftShift) || p.is(oRightShift)
	to, from, cleared, copied := ruleset.CTMark, ruleset.MetaMark, ct, nf
	switch {
	case p.is(oSaveMark):
	case p.is(oRestore):
		to, from, cleared, copied = from, to, nf, ct
	default:
		keep, flip, ok := p.newMark(&p.x.given[p.first(markWays)])
		switch {
		case !ok:
		case shifted:
			p.add(&ruleset.SetField{Field: ruleset.CTMark, Value: ruleset.UnknownTerm("a shifted mark")})
		default:
			p.set(ruleset.CTMark, keep, flip, all32)
		}
		return
	}
	s := &ruleset.SetField{Field: to, From: change(from, copied, 0, all32)}
	switch {
	case shifted:
		s.From, s.Value = nil, ruleset.UnknownTerm("a shifted mark")
	case cleared != all32:
		var kept ruleset.Expr = to
		if cleared != 0 {
			kept = change(to, all32&^cleared, 0, all32)
		}
		s.From = &ruleset.Binary{Op: ruleset.Xor, Left: kept, Right: s.From}
	}
	p.add(s)
}

// Options of CONNSECMARK and SECMARK.
const (
	oSecSave = iota
	oSecRestore
	oSecCtx
)

var targetCONNSECMARK = Extension{
	Name: "CONNSECMARK", Target: true, tables: mangle | security, finish: finishCONNSECMARK,
	options: []Option{
		{Name: "--save", ID: oSecSave, Excl: 1 << oSecRestore},
		{Name: "--restore", ID: oSecRestore, Excl: 1 << oSecSave},
	},
}

func finishCONNSECMARK(p *parse) {
	switch {
	case p.is(oSecSave):
		p.add(&ruleset.SetField{Field: ruleset.CTSecMark, From: ruleset.SecMark})
	case p.is(oSecRestore):
		p.add(&ruleset.SetField{Field: ruleset.SecMark, From: ruleset.CTSecMark})
	default:
		p.errorf(p.x.At, "the target CONNSECMARK needs to know what to do").Helpf("write --save or --restore")
	}
}

var targetSECMARK = Extension{
	Name: "SECMARK", Target: true, tables: mangle | security, finish: finishSECMARK,
	options: []Option{{Name: "--selctx", ID: oSecCtx, Values: 1, Must: true}},
}

func finishSECMARK(p *parse) {
	w := p.get(oSecCtx).v[0]
	if len(w.Text) > 255 {
		p.errorf(w.Span, "a security context of %d bytes", len(w.Text)).Helpf("it has up to 255")
	}
	t := ruleset.Text(w.Text)
	if ruleset.HasUnknown(w.Text) {
		t = ruleset.UnknownTerm(w.Text)
	}
	p.add(&ruleset.SetField{Field: ruleset.SecMark, Value: t})
}

// targetCLASSIFY sets the class of traffic control, in hexadecimal.
var targetCLASSIFY = Extension{
	Name: "CLASSIFY", Target: true, tables: mangle | filter, chains: forward | output | postrouting, finish: finishCLASSIFY,
	options: []Option{{Name: "--set-class", Values: 1, Must: true}},
}

func finishCLASSIFY(p *parse) {
	w := p.get(0).v[0]
	if ruleset.HasUnknown(w.Text) {
		p.add(&ruleset.SetField{Field: ruleset.MetaPriority, Value: ruleset.UnknownTerm(w.Text)})
		return
	}
	a, b, ok := cutByte(w.Text, ':')
	major, ok2 := hexNumber(a)
	b, _, _ = cutByte(b, ':') // sscanf does not look further
	minor, ok3 := hexNumber(b)
	if !ok || !ok2 || !ok3 {
		p.errorf(w.Span, "%q is no class", w.Text).Helpf("it is MAJOR:MINOR, both in hexadecimal up to ffff")
		return
	}
	p.add(&ruleset.SetField{Field: ruleset.MetaPriority, Value: ruleset.Num(major<<16 | minor)})
}

// hexNumber reads a number of 16 bits in hexadecimal, with 0x or without.
func hexNumber(s string) (uint64, bool) {
	if len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		s = s[2:]
	}
	n, ok := number("0x" + s)
	return n, ok && n <= 0xffff
}

// Options of CT.
const (
	oNoTrack = iota
	oCTHelper
	oCTTimeout
	oCTEvents
	oExpEvents
	oZone
	oZoneOrig
	oZoneReply
)

var targetCT = Extension{
	Name: "CT", Target: true, tables: raw, finish: finishCT,
	options: []Option{
		{Name: "--notrack", ID: oNoTrack},
		{Name: "--helper", ID: oCTHelper, Values: 1},
		{Name: "--timeout", ID: oCTTimeout, Values: 1},
		{Name: "--ctevents", ID: oCTEvents, Values: 1},
		{Name: "--expevents", ID: oExpEvents, Values: 1},
		{Name: "--zone", ID: oZone, Values: 1},
		{Name: "--zone-orig", ID: oZoneOrig, Values: 1},
		{Name: "--zone-reply", ID: oZoneReply, Values: 1},
	},
}

// targetNOTRACK is the older name of CT --notrack.
var targetNOTRACK = Extension{
	Name: "NOTRACK", Target: true, tables: raw,
	finish: func(p *parse) { p.add(&ruleset.NoTrack{}) },
}

// ctEvents are the names of events in the order of their bits (enum
// ip_conntrack_events); the last has two names.
var ctEvents = [...]string{
	"new", "related", "destroy", "reply", "assured", "protoinfo", "helper", "mark", "natseqinfo", "secmark",
}

// finishCT follows xt_ct_target: what is tracked already is left alone, and
// --notrack makes the rest of no account. Timeouts and expectations have no
// statement: they say nothing of the packet's fate.
func finishCT(p *parse) {
	if p.is(oNoTrack) {
		p.add(&ruleset.NoTrack{})
	}
	for i := range p.x.given {
		g := &p.x.given[i]
		w := g.v[0]
		switch g.o.ID {
		case oCTHelper:
			if name := p.cut(g, 15); name == "" {
				p.errorf(w.Span, "an empty name of a helper").Helpf("it has 1 to 15 bytes")
			} else if p.c.Proto == 0 && !p.c.AnyProto {
				p.refusef("CT --helper needs a protocol").Helpf("write -p tcp or -p udp in front of it")
			} else if ruleset.HasUnknown(w.Text) {
				p.add(&ruleset.SetField{Field: ruleset.CTHelper, Value: ruleset.UnknownTerm(w.Text)})
			} else {
				p.add(&ruleset.SetField{Field: ruleset.CTHelper, Value: ruleset.Text(name)})
			}
		case oCTEvents:
			bits := uint64(0)
			p.list(w, func(part Word) bool {
				i, ok := p.word(g, part, ctEvents[:])
				bits |= 1 << i
				return ok
			})
			p.add(&ruleset.SetField{Field: ruleset.CTEvent, Value: ruleset.Num(bits)})
		case oExpEvents:
			p.list(w, func(part Word) bool {
				_, ok := p.word(g, part, []string{"new"})
				return ok
			})
		case oZone:
			p.zone(ruleset.CTZone, g)
		case oZoneOrig:
			p.zone(ruleset.CTOrigZone, g)
		case oZoneReply:
			p.zone(ruleset.CTReplyZone, g)
		}
	}
}

// zone sets the zone of a connection, by number or to the packet's mark.
func (p *parse) zone(f ruleset.Field, g *given) {
	s := &ruleset.SetField{Field: f}
	if g.v[0].Text == "mark" {
		s.From = ruleset.MetaMark
	} else if ruleset.HasUnknown(g.v[0].Text) {
		s.Value = ruleset.UnknownTerm(g.v[0].Text)
	} else if n, ok := p.num(g, g.v[0], 0, 65535); ok {
		s.Value = ruleset.Num(n)
	}
	p.add(s)
}

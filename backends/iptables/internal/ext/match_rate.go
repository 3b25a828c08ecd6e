package ext

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// Options of limit.
const (
	oLimit = iota
	oBurst
)

var matchLimit = Extension{
	Name: "limit", finish: finishLimit,
	options: []Option{
		{Name: "--limit", ID: oLimit, Values: 1},
		{Name: "--limit-burst", ID: oBurst, Values: 1},
	},
}

// unitOf the part of a rate behind its slash: the beginning of a unit's name.
func unitOf(s string) (name string, seconds uint64) {
	for _, u := range [...]struct {
		name    string
		seconds uint64
	}{{"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86400}} {
		if s != "" && len(s) <= len(u.name) && strings.EqualFold(u.name[:len(s)], s) {
			return u.name, u.seconds
		}
	}
	return "", 0
}

// rate reads NUMBER[/UNIT], in decimal; what stands between them is left out. scale is the kernel's resolution: a rate
// of more than scale in a second is too fast.
func (p *parse) rate(w Word, scale uint64) (rate uint64, unit string, ok bool) {
	if ruleset.HasUnknown(w.Text) {
		p.unknown = w.Text
		return 1, "second", true
	}
	a, b, hasUnit := cutByte(w.Text, '/')
	unit, seconds := "second", uint64(1)
	if hasUnit {
		unit, seconds = unitOf(b)
	}
	end := 0
	for end < len(a) && a[end] >= '0' && a[end] <= '9' {
		end++
	}
	if a = strings.TrimLeft(a[:end], "0"); a != "" && unit != "" {
		rate, ok = number(a)
	}
	switch {
	case !ok || rate > 1<<32-1:
		p.errorf(w.Span, "%q is no rate", w.Text).Helpf("it is a number above 0 and /second, /minute, /hour or /day")
		return 1, "second", false
	case rate > scale*seconds:
		p.errorf(w.Span, "the rate %q is too fast", w.Text).Helpf("it can be up to %d/second", scale)
		return 1, "second", false
	}
	return rate, unit, true
}

func finishLimit(p *parse) {
	l := &ruleset.Limit{Rate: 3, Unit: "hour", Burst: 5}
	if g := p.get(oLimit); g != nil {
		rate, unit, ok := p.rate(g.v[0], 10000)
		if !ok {
			return
		}
		l.Rate, l.Unit = int(rate), unit
	}
	if g := p.get(oBurst); g != nil {
		n, ok := p.num(g, g.v[0], 0, 10000)
		if !ok {
			return
		}
		if n > 0 {
			l.Burst = int(n)
		}
	}
	p.add(l)
}

// Options of hashlimit.
const (
	oHashUpto = iota
	oHashAbove
	oHashOld
	oHashSrcMask
	oHashDstMask
	oHashBurst
	oHashSize
	oHashMax
	oHashGC
	oHashExpire
	oHashMode
	oHashName
	oHashRateMatch
	oHashInterval
)

var matchHashlimit = Extension{
	Name: "hashlimit", finish: finishHashlimit,
	options: []Option{
		{Name: "--hashlimit-upto", ID: oHashUpto, Values: 1, Neg: true, Excl: 1<<oHashAbove | 1<<oHashOld},
		{Name: "--hashlimit-above", ID: oHashAbove, Values: 1, Neg: true, Excl: 1<<oHashUpto | 1<<oHashOld},
		{Name: "--hashlimit", ID: oHashOld, Values: 1, Neg: true, Excl: 1<<oHashUpto | 1<<oHashAbove},
		{Name: "--hashlimit-srcmask", ID: oHashSrcMask, Values: 1},
		{Name: "--hashlimit-dstmask", ID: oHashDstMask, Values: 1},
		{Name: "--hashlimit-burst", ID: oHashBurst, Values: 1},
		{Name: "--hashlimit-htable-size", ID: oHashSize, Values: 1},
		{Name: "--hashlimit-htable-max", ID: oHashMax, Values: 1},
		{Name: "--hashlimit-htable-gcinterval", ID: oHashGC, Values: 1},
		{Name: "--hashlimit-htable-expire", ID: oHashExpire, Values: 1},
		{Name: "--hashlimit-mode", ID: oHashMode, Values: 1},
		{Name: "--hashlimit-name", ID: oHashName, Values: 1, Must: true},
		{Name: "--hashlimit-rate-match", ID: oHashRateMatch},
		{Name: "--hashlimit-rate-interval", ID: oHashInterval, Values: 1},
	},
}

// byteSuffix splits 10kb into 10 and 1024.
func byteSuffix(s string) (number string, scale uint64, ok bool) {
	for _, u := range [...]struct {
		suffix string
		scale  uint64
	}{{"kb", 1 << 10}, {"mb", 1 << 20}, {"b", 1}} {
		if n := len(s) - len(u.suffix); n > 0 && strings.EqualFold(s[n:], u.suffix) {
			return s[:n], u.scale, true
		}
	}
	return s, 1, false
}

func finishHashlimit(p *parse) {
	var g *given
	for _, id := range [...]uint8{oHashUpto, oHashAbove, oHashOld} {
		if p.is(id) {
			g = p.get(id)
		}
	}
	if g == nil {
		p.errorf(p.x.At, "the match hashlimit needs a rate").Helpf("write --hashlimit-upto or --hashlimit-above")
		return
	}
	m := &ruleset.Meter{Set: p.cut(p.get(oHashName), 254)}
	if name := p.get(oHashName); m.Set == "" || strings.Contains(m.Set, "/") && !ruleset.HasUnknown(name.v[0].Text) {
		p.errorf(name.v[0].Span, "%q is no name of a table", m.Set).Helpf("it is a file's name, without /")
		return
	}
	m.Limit = ruleset.Limit{Burst: 5, Over: (g.o.ID == oHashAbove) != g.neg}
	if !p.hashRate(g, &m.Limit) {
		return
	}
	for _, id := range [...]uint8{oHashSize, oHashMax, oHashGC, oHashExpire, oHashInterval} {
		if p.is(id) {
			p.num(p.get(id), p.get(id).v[0], 0, 1<<32-1)
		}
	}
	src, noSrc := p.hashMask(oHashSrcMask)
	dst, noDst := p.hashMask(oHashDstMask)
	if mode := p.get(oHashMode); mode != nil {
		seen := 0
		p.list(mode.v[0], func(w Word) bool {
			i, ok := p.word(mode, w, []string{"srcip", "dstip", "srcport", "dstport"})
			if !ok {
				return false
			}
			keys := [...]ruleset.MeterKey{
				{Field: p.field(ruleset.IPSaddr), Mask: src}, {Field: p.field(ruleset.IPDaddr), Mask: dst},
				{Field: ruleset.Sport}, {Field: ruleset.Dport},
			}
			if i == 0 && noSrc || i == 1 && noDst || seen&(1<<i) != 0 {
				return true // no bit of the address counts, or it is there already
			}
			seen |= 1 << i
			m.Key = append(m.Key, keys[i])
			return true
		})
	}
	if p.is(oHashRateMatch) { // it counts, and does not take from a bucket
		p.may("the rate of packets")
		return
	}
	p.add(m)
}

// hashRate reads the rate and the burst of packets or bytes.
func (p *parse) hashRate(g *given, l *ruleset.Limit) bool {
	w, burst := g.v[0], p.get(oHashBurst)
	a, isPerSecond := strings.CutSuffix(w.Text, "/s")
	digits, scale, inBytes := byteSuffix(a)
	if !inBytes || !isPerSecond || ruleset.HasUnknown(w.Text) {
		rate, unit, ok := p.rate(w, 1000000)
		if ok && burst != nil {
			var n uint64
			n, ok = p.num(burst, burst.v[0], 1, 1000000)
			l.Burst = int(n)
		}
		l.Rate, l.Unit = int(rate), unit
		return ok
	}
	n, ok := number(digits)
	if !ok || n == 0 || n > (1<<32-1)/scale {
		p.errorf(w.Span, "%q is no rate", w.Text).Helpf("in bytes it is a number above 0 and b/s, kb/s or mb/s")
		return false
	}
	l.Rate, l.Unit, l.Bytes, l.Burst = int(n*scale), "second", true, 0
	if burst != nil {
		digits, scale, _ := byteSuffix(burst.v[0].Text)
		n, ok := number(digits)
		if ruleset.HasUnknown(burst.v[0].Text) {
			p.unknown = burst.v[0].Text
		} else if !ok || n > (1<<32-1)/scale {
			p.errorf(burst.v[0].Span, "%q is no number of bytes", burst.v[0].Text).Helpf("it is a number and b, kb or mb")
			return false
		} else if n*scale < uint64(l.Rate) {
			p.errorf(burst.v[0].Span, "a burst of %d bytes is less than what a second may have", n*scale).Helpf("write %db or more", l.Rate)
			return false
		}
		l.Burst = int(n * scale)
	}
	return true
}

// hashMask is the mask of a prefix length, zero for the whole address; none says
// that the length is 0.
func (p *parse) hashMask(id uint8) (mask ruleset.U128, none bool) {
	g := p.get(id)
	if g == nil {
		return mask, false
	}
	width := uint64(32)
	if p.v6() {
		width = 128
	}
	n, ok := p.num(g, g.v[0], 0, width)
	if !ok || n == width || n == 0 {
		return mask, n == 0
	}
	host := int(width - n)
	low := ruleset.U128{Lo: 1<<min(host, 64) - 1}
	all := ruleset.U128{Lo: 1<<32 - 1}
	if p.v6() {
		all = ruleset.U128{Hi: ^uint64(0), Lo: ^uint64(0)}
	}
	if host > 64 {
		low = ruleset.U128{Hi: 1<<(host-64) - 1, Lo: ^uint64(0)}
	}
	return ruleset.U128{Hi: all.Hi &^ low.Hi, Lo: all.Lo &^ low.Lo}, false
}

var matchQuota = Extension{
	Name: "quota", finish: finishQuota,
	options: []Option{{Name: "--quota", Values: 1, Neg: true, Must: true}},
}

func finishQuota(p *parse) {
	g := p.get(0)
	if n, ok := p.num(g, g.v[0], 0, 1<<64-1); ok {
		p.add(&ruleset.Quota{Bytes: n, Over: g.neg})
	}
}

// Options of statistic.
const (
	oMode = iota
	oProbability
	oEvery
	oPacket
)

var matchStatistic = Extension{
	Name: "statistic", finish: finishStatistic,
	options: []Option{
		{Name: "--mode", ID: oMode, Values: 1, Must: true},
		{Name: "--probability", ID: oProbability, Values: 1, Neg: true, Excl: 1<<oEvery | 1<<oPacket},
		{Name: "--every", ID: oEvery, Values: 1, Neg: true, Excl: 1 << oProbability, Also: 1 << oPacket},
		{Name: "--packet", ID: oPacket, Values: 1, Excl: 1 << oProbability, Also: 1 << oEvery},
	},
}

func finishStatistic(p *parse) {
	g := p.get(oMode)
	mode, ok := p.word(g, g.v[0], []string{"random", "nth"})
	switch {
	case !ok:
	case p.unknown != "":
	case mode == 0 && !p.is(oProbability):
		p.errorf(g.at, "the mode random needs --probability")
	case mode == 0:
		c := p.get(oProbability)
		if w := c.v[0]; !ruleset.HasUnknown(w.Text) && !fraction(w.Text) {
			p.errorf(w.Span, "%q is no probability", w.Text).Helpf("it is a number from 0 to 1: 0.25")
		}
		p.may("chance")
	case !p.is(oEvery) || !p.is(oPacket):
		p.errorf(g.at, "the mode nth needs --every and --packet")
	default:
		every, ok := p.num(p.get(oEvery), p.get(oEvery).v[0], 1, 1<<32-1)
		packet, ok2 := p.num(p.get(oPacket), p.get(oPacket).v[0], 0, 1<<32-1)
		if ok && ok2 && p.unknown == "" && packet >= every {
			p.errorf(p.get(oPacket).v[0].Span, "--packet %d is not below --every %d", packet, every)
		}
		p.may("how many packets came before")
	}
}

// fraction says whether a word is a number from 0 to 1.
func fraction(s string) bool {
	whole, frac, _ := cutByte(s, '.')
	if whole == "" && frac == "" {
		return false
	}
	for i := 0; i < len(frac); i++ {
		if frac[i] < '0' || frac[i] > '9' {
			return false
		}
	}
	whole = strings.TrimLeft(whole, "0")
	return whole == "" || whole == "1" && strings.Trim(frac, "0") == ""
}

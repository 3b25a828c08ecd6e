package iptables

import (
	"strings"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// A bucket may take this long, in seconds, to fill: beyond, the kernel's
// credits overflow (xt_limit counts them in 32 bits, xt_hashlimit in 64, both
// so that a day fits at every HZ). It refuses some of what overflows, and takes
// the rest as another burst.
const fullest = 24 * 60 * 60

// maxBurst of both extensions, as their options take it.
const maxBurst = 10000

// rate checks what both extensions ask of a limit.
func (p *rule) rate(l *ruleset.Limit, perSecond int) (unit, burst int, ok bool) {
	unit = map[string]int{"second": 1, "minute": 60, "hour": 60 * 60, "day": 24 * 60 * 60}[l.Unit]
	burst = l.Burst
	if burst == 0 {
		burst = 5 // what the kernel takes then, of both dialects
	}
	switch {
	case unit == 0:
		p.refuse("a rate per %s", l.Unit)
	case l.Bytes:
		p.refuse("a limit in bytes")
	case l.Rate < 1 || burst < 1 || burst > maxBurst || l.Rate > perSecond*unit:
		p.refuse("a limit of %d/%s with a burst of %d", l.Rate, l.Unit, burst)
	case burst*unit > fullest*l.Rate:
		d := p.w.report.Unsupported(p.src.Origin, "a limit of %d/%s with a burst of %d: its bucket would need more than a day to fill", l.Rate, l.Unit, burst)
		if most := fullest * l.Rate / unit; most >= 1 {
			d.Helpf("a burst of at most %d, or a higher rate", most)
		}
	default:
		return unit, burst, true
	}
	return 0, 0, false
}

func appendRate(b []byte, l *ruleset.Limit) []byte {
	return append(append(emit.Int(b, l.Rate), '/'), l.Unit...)
}

// limit of a rule of its own.
func (p *rule) limit(l *ruleset.Limit) {
	if l.Over {
		p.refuse("a limit that matches what exceeds it, without a meter")
		return
	}
	_, burst, ok := p.rate(l, 10000)
	if !ok {
		return
	}
	p.limited = true
	p.mod("limit", "--limit", false)
	p.matches = append(appendRate(p.matches, l), " --limit-burst "...)
	p.matches = emit.Int(p.matches, burst)
	p.alone()
}

// meter is a hashlimit, whose table in the kernel bears the set's name: meters
// of one name share their buckets. An entry goes when nobody has asked for it
// until its bucket is full again, so that its going changes nothing.
func (p *rule) meter(m *ruleset.Meter) {
	if m.Set == "" || len(m.Set) > 63 || m.Set == "." || m.Set == ".." || !emit.Quotable(m.Set) || strings.ContainsAny(m.Set, "/ ") {
		p.refuse("the meter %q: its name has to be a file's (in /proc) of at most 63 bytes", m.Set)
		return
	}
	unit, burst, ok := p.rate(&m.Limit, 1000000)
	if !ok {
		return
	}
	var modes, masks string
	for _, k := range m.Key {
		mode, mask := p.meterKey(k)
		if mode == "" {
			return
		}
		if modes != "" {
			modes += ","
		}
		modes += mode
		masks += mask
	}
	p.limited = true
	p.alone()
	p.mod("hashlimit", map[bool]string{false: "--hashlimit-upto", true: "--hashlimit-above"}[m.Limit.Over], false)
	p.matches = append(appendRate(p.matches, &m.Limit), " --hashlimit-burst "...)
	p.matches = emit.Int(p.matches, burst)
	if modes != "" {
		p.matches = append(append(p.matches, " --hashlimit-mode "...), modes...)
		p.matches = append(p.matches, masks...)
		if s := p.w.table.Find(m.Set); s != nil && s.Size > 0 {
			p.matches = emit.Int(append(p.matches, " --hashlimit-htable-max "...), s.Size)
		}
	} else { // one bucket needs no table
		p.matches = append(p.matches, " --hashlimit-htable-size 1"...)
	}
	full := (int64(burst)*int64(unit)*1000 + int64(m.Limit.Rate) - 1) / int64(m.Limit.Rate)
	p.matches = emit.Uint(append(p.matches, " --hashlimit-htable-expire "...), uint64(full+1000))
	p.matches = append(p.matches, " --hashlimit-name "...)
	p.matches = quote(p.matches, m.Set)
	p.alone()
}

func (p *rule) meterKey(k ruleset.MeterKey) (mode, mask string) {
	own := map[bool]ruleset.Family{false: ruleset.IP, true: ruleset.IP6}[p.w.v6]
	info := k.Field.Info()
	switch k.Field {
	case ruleset.IPSaddr, ruleset.IP6Saddr:
		mode, mask = "srcip", " --hashlimit-srcmask "
	case ruleset.IPDaddr, ruleset.IP6Daddr:
		mode, mask = "dstip", " --hashlimit-dstmask "
	case ruleset.Sport:
		mode = "srcport"
	case ruleset.Dport:
		mode = "dstport"
	default:
		p.refuse("a meter by %s", k.Field)
		return "", ""
	}
	if info.Family != ruleset.Inet && info.Family != own {
		p.refuse("a meter by %s: it is of the other family", k.Field)
		return "", ""
	}
	if k.Mask == (ruleset.U128{}) {
		return mode, ""
	}
	n, ok := prefixOf(k.Mask, info.Width)
	if !ok || mask == "" {
		p.refuse("a meter by %s under a mask that is no prefix", k.Field)
		return "", ""
	}
	return mode, mask + string(emit.Int(nil, n))
}

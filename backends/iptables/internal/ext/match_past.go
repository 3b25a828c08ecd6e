package ext

import (
	"strings"
	"time"

	"github.com/loward/loward/compiler/ruleset"
)

func secondsOf(n uint64) time.Duration { return time.Duration(n) * time.Second }

// Options of recent.
const (
	oRecentSet = iota
	oRecentCheck
	oRecentUpdate
	oRecentRemove
	oRecentSeconds
	oRecentReap
	oRecentHits
	oRecentTTL
	oRecentName
	oRecentSource
	oRecentDest
	oRecentMask
)

const recentWays = 1<<oRecentSet | 1<<oRecentCheck | 1<<oRecentUpdate | 1<<oRecentRemove

var matchRecent = Extension{
	Name: "recent", finish: finishRecent,
	options: []Option{
		{Name: "--set", ID: oRecentSet, Neg: true, Excl: recentWays},
		{Name: "--rcheck", ID: oRecentCheck, Neg: true, Excl: recentWays},
		{Name: "--update", ID: oRecentUpdate, Neg: true, Excl: recentWays},
		{Name: "--remove", ID: oRecentRemove, Neg: true, Excl: recentWays},
		{Name: "--seconds", ID: oRecentSeconds, Values: 1},
		{Name: "--reap", ID: oRecentReap, Also: 1 << oRecentSeconds},
		{Name: "--hitcount", ID: oRecentHits, Values: 1},
		{Name: "--rttl", ID: oRecentTTL, Excl: 1<<oRecentSet | 1<<oRecentRemove},
		{Name: "--name", ID: oRecentName, Values: 1},
		{Name: "--rsource", ID: oRecentSource},
		{Name: "--rdest", ID: oRecentDest},
		{Name: "--mask", ID: oRecentMask, Values: 1},
	},
}

// finishRecent: the list is filled by packets that came before. --set always
// matches, and puts the address there.
func finishRecent(p *parse) {
	if p.has&recentWays == 0 {
		p.errorf(p.x.At, "the match recent needs to know what to do").Helpf("write --set, --rcheck, --update or --remove")
		return
	}
	p.numOf(oRecentSeconds, 1, 1<<32-1, 0)
	p.numOf(oRecentHits, 0, 65535, 0)
	for _, id := range [...]uint8{oRecentSeconds, oRecentHits} {
		if p.is(id) && (p.is(oRecentSet) || p.is(oRecentRemove)) {
			p.refusef("%s is for --rcheck and --update alone", p.name(p.get(id))).Helpf("leave it out")
		}
	}
	if g := p.get(oRecentMask); g != nil && !ruleset.HasUnknown(g.v[0].Text) {
		if _, ok := p.addr(g.v[0].Text); !ok {
			p.errorf(g.v[0].Span, "%q is no mask", g.v[0].Text).Helpf("it is written like an address: 255.255.255.0")
		}
	}
	if g := p.get(oRecentName); g != nil {
		if s := p.cut(g, 199); s == "" || strings.Contains(s, "/") && !ruleset.HasUnknown(g.v[0].Text) {
			p.errorf(g.v[0].Span, "%q is no name of a list", s).Helpf("it is a file's name of 1 to 199 bytes, without /")
		}
	}
	p.unknown = ""
	switch g := p.get(oRecentSet); {
	case g != nil && g.neg:
		p.never()
	case g == nil:
		p.may("what came before")
	}
}

// Options of string.
const (
	oFrom = iota
	oTo
	oAlgo
	oCase
	oString
	oHex
)

var matchString = Extension{
	Name: "string", finish: finishString,
	options: []Option{
		{Name: "--from", ID: oFrom, Values: 1},
		{Name: "--to", ID: oTo, Values: 1},
		{Name: "--algo", ID: oAlgo, Values: 1, Must: true},
		{Name: "--icase", ID: oCase},
		{Name: "--string", ID: oString, Values: 1, Neg: true, Excl: 1 << oHex},
		{Name: "--hex-string", ID: oHex, Values: 1, Neg: true, Excl: 1 << oString},
	},
}

// maxPattern is the greatest length of what is looked for (XT_STRING_MAX_PATTERN_SIZE).
const maxPattern = 128

func finishString(p *parse) {
	from, to := p.numOf(oFrom, 0, 65535, 0), p.numOf(oTo, 0, 65535, 65535)
	if from > to {
		p.refusef("the string is looked for from byte %d to byte %d", from, to).Helpf("the smaller number comes first")
	}
	algo := p.get(oAlgo)
	p.word(algo, algo.v[0], []string{"bm", "kmp", "fsm"})
	switch {
	case p.is(oString):
		w := p.get(oString).v[0]
		if n := len(w.Text); !ruleset.HasUnknown(w.Text) && (n == 0 || n > maxPattern) {
			p.errorf(w.Span, "a string of %d bytes", n).Helpf("it has 1 to %d bytes", maxPattern)
		}
	case p.is(oHex):
		w := p.get(oHex).v[0]
		if n, ok := hexString(w.Text); !ruleset.HasUnknown(w.Text) && (!ok || n == 0 || n > maxPattern) {
			p.errorf(w.Span, "%q is no string with bytes in hexadecimal", w.Text).Helpf("bytes stand in pairs of digits between two |, the string has 1 to %d bytes", maxPattern)
		}
	default:
		p.errorf(p.x.At, "the match string needs a string").Helpf("write --string or --hex-string")
	}
	p.unknown = ""
	p.may("what is in the packet")
}

// hexString counts the bytes of "GET |0d 0a|".
func hexString(s string) (n int, ok bool) {
	inside := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && !inside && i+1 < len(s):
			i++
			n++
		case c == '|':
			inside = !inside
		case !inside:
			n++
		case c == ' ':
		case i+1 < len(s) && isHex(c) && isHex(s[i+1]):
			i++
			n++
		default:
			return 0, false
		}
	}
	return n, !inside
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

// Options of time.
const (
	oDateStart = iota
	oDateStop
	oTimeStart
	oTimeStop
	oMonthDays
	oWeekDays
	oContiguous
	oLocalTZ
	oKernelTZ
	oUTC
)

var matchTime = Extension{
	Name: "time", finish: finishTime,
	options: []Option{
		{Name: "--datestart", ID: oDateStart, Values: 1},
		{Name: "--datestop", ID: oDateStop, Values: 1},
		{Name: "--timestart", ID: oTimeStart, Values: 1},
		{Name: "--timestop", ID: oTimeStop, Values: 1},
		{Name: "--monthdays", ID: oMonthDays, Values: 1, Neg: true},
		{Name: "--weekdays", ID: oWeekDays, Values: 1, Neg: true},
		{Name: "--contiguous", ID: oContiguous},
		{Name: "--localtz", ID: oLocalTZ, Excl: 1<<oKernelTZ | 1<<oUTC},
		{Name: "--kerneltz", ID: oKernelTZ, Excl: 1<<oLocalTZ | 1<<oUTC},
		{Name: "--utc", ID: oUTC, Excl: 1<<oLocalTZ | 1<<oKernelTZ},
	},
}

func finishTime(p *parse) {
	for i := range p.x.given {
		g := &p.x.given[i]
		w := g.v[0]
		if g.o.Values == 0 || ruleset.HasUnknown(w.Text) {
			continue
		}
		switch g.o.ID {
		case oDateStart, oDateStop:
			if !isDate(w.Text) {
				p.errorf(w.Span, "%q is no date", w.Text).Helpf("it is YYYY[-MM[-DD[Thh[:mm[:ss]]]]], from 1970 to 2038")
			}
		case oTimeStart, oTimeStop:
			if !isClock(w.Text, 2) {
				p.errorf(w.Span, "%q is no time of day", w.Text).Helpf("it is hh:mm or hh:mm:ss")
			}
		case oMonthDays:
			p.list(w, func(d Word) bool {
				_, ok := p.num(g, d, 0, 31)
				return ok
			})
		case oWeekDays:
			days := []string{"Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"}
			p.list(w, func(d Word) bool {
				if n, ok := number(d.Text); ok && n < 256 { // what is no day of a week is left out
					return true
				}
				if len(d.Text) >= 2 {
					for _, day := range days {
						if strings.EqualFold(d.Text[:2], day) {
							return true
						}
					}
				}
				p.errorf(d.Span, "%q is no day of the week", d.Text).Helpf("it is Mon, Tue, Wed, Thu, Fri, Sat, Sun or a number from 1")
				return false
			})
		}
	}
	if p.is(oContiguous) && p.is(oTimeStart) != p.is(oTimeStop) {
		p.errorf(p.get(oContiguous).at, "--contiguous needs --timestart and --timestop")
	}
	p.unknown = ""
	p.may("the time of day")
}

// digits reads a decimal number of up to most digits at the front.
func digits(s string, most int) (n int, rest string, ok bool) {
	i := 0
	for i < len(s) && i < most && s[i] >= '0' && s[i] <= '9' {
		n = n*10 + int(s[i]-'0')
		i++
	}
	return n, s[i:], i > 0
}

// isClock reads hh[:mm[:ss]], of which so many must stand.
func isClock(s string, must int) bool {
	for i := 0; ; i++ {
		n, rest, ok := digits(s, 2)
		if !ok || n > 59 || i == 0 && n > 23 {
			return false
		}
		if rest == "" {
			return i+1 >= must
		}
		if rest[0] != ':' || i == 2 {
			return false
		}
		s = rest[1:]
	}
}

func isDate(s string) bool {
	date, clock, hasClock := cutByte(s, 'T')
	if hasClock && !isClock(clock, 1) {
		return false
	}
	year, rest, ok := digits(date, 4)
	if !ok || year < 1970 || year > 2038 {
		return false
	}
	for _, most := range [...]int{12, 31} {
		if rest == "" {
			return !hasClock
		}
		var n int
		if rest[0] != '-' {
			return false
		}
		if n, rest, ok = digits(rest[1:], 2); !ok || n < 1 || n > most {
			return false
		}
	}
	return rest == ""
}

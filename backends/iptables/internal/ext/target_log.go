package ext

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// Options of LOG, NFLOG and ULOG.
const (
	oLogLevel = iota
	oLogPrefix
	oLogSeq
	oLogTCPOpt
	oLogIPOpt
	oLogUID
	oLogMAC
	oLogGroup
	oLogRange
	oLogSize
	oLogThreshold
)

var targetLOG = Extension{
	Name: "LOG", Target: true, finish: finishLOG,
	options: []Option{
		{Name: "--log-level", ID: oLogLevel, Values: 1},
		{Name: "--log-prefix", ID: oLogPrefix, Values: 1},
		{Name: "--log-tcp-sequence", ID: oLogSeq},
		{Name: "--log-tcp-options", ID: oLogTCPOpt},
		{Name: "--log-ip-options", ID: oLogIPOpt},
		{Name: "--log-uid", ID: oLogUID},
		{Name: "--log-macdecode", ID: oLogMAC},
	},
}

// The greatest lengths of prefixes in bytes; the tool cuts what is longer.
const (
	maxLogPrefix   = 29
	maxNFLogPrefix = 63
	maxULogPrefix  = 31
)

// logLevels are the tool's names in the order of their numbers, and the model's.
var logLevels = [...][2]string{
	{"emerg", "emerg"}, {"alert", "alert"}, {"crit", "crit"}, {"error", "err"}, {"warning", "warn"},
	{"notice", "notice"}, {"info", "info"}, {"debug", "debug"},
}

// prefix of a log line, cut as the tool cuts it.
func (p *parse) prefix(most int) string {
	g := p.get(oLogPrefix)
	if g == nil {
		return ""
	}
	s := g.v[0].Text
	if strings.ContainsAny(s, "\n") {
		p.errorf(g.v[0].Span, "a line end in %s", p.name(g)).Helpf("leave it out")
	}
	return p.cut(g, most)
}

func finishLOG(p *parse) {
	l := &ruleset.Log{Prefix: p.prefix(maxLogPrefix), Snaplen: -1}
	p.add(l)
	for i := range p.x.given {
		switch p.x.given[i].o.ID {
		case oLogSeq:
			l.Flags = append(l.Flags, "tcp sequence")
		case oLogTCPOpt:
			l.Flags = append(l.Flags, "tcp options")
		case oLogIPOpt:
			l.Flags = append(l.Flags, "ip options")
		case oLogUID:
			l.Flags = append(l.Flags, "skuid")
		case oLogMAC:
			l.Flags = append(l.Flags, "ether")
		}
	}
	g := p.get(oLogLevel)
	if g == nil || ruleset.HasUnknown(g.v[0].Text) {
		return
	}
	s := g.v[0].Text
	if n, ok := number(s); ok && n < 8 {
		l.Level = logLevels[n][1]
		return
	}
	if s == "panic" {
		s = "emerg"
	}
	for _, names := range logLevels {
		if names[0] == s {
			l.Level = names[1]
			return
		}
	}
	p.errorf(g.v[0].Span, "%q is no level of a log", g.v[0].Text).Helpf("it is a number from 0 to 7, or emerg, alert, crit, error, warning, notice, info, debug")
}

var targetNFLOG = Extension{
	Name: "NFLOG", Target: true, finish: finishNFLOG,
	options: []Option{
		{Name: "--nflog-group", ID: oLogGroup, Values: 1},
		{Name: "--nflog-prefix", ID: oLogPrefix, Values: 1},
		{Name: "--nflog-range", ID: oLogRange, Values: 1},
		{Name: "--nflog-size", ID: oLogSize, Values: 1},
		{Name: "--nflog-threshold", ID: oLogThreshold, Values: 1},
	},
}

func finishNFLOG(p *parse) {
	l := &ruleset.Log{Nflog: true, Prefix: p.prefix(maxNFLogPrefix), Snaplen: -1}
	if g := p.get(oLogPrefix); g != nil && l.Prefix == "" {
		p.errorf(g.v[0].Span, "an empty prefix").Helpf("leave the option out")
	}
	l.Group = int(p.numOf(oLogGroup, 0, 65535, 0))
	p.numOf(oLogRange, 0, 1<<32-1, 0)
	if p.is(oLogSize) {
		l.Snaplen = int(p.numOf(oLogSize, 0, 1<<32-1, 0))
	}
	l.Threshold = int(p.numOf(oLogThreshold, 0, 65535, 0))
	p.add(l)
}

// targetULOG is NFLOG's forerunner, which kernels have no longer.
var targetULOG = Extension{
	Name: "ULOG", Target: true, Family: ruleset.IP, finish: finishULOG,
	options: []Option{
		{Name: "--ulog-nlgroup", ID: oLogGroup, Values: 1},
		{Name: "--ulog-prefix", ID: oLogPrefix, Values: 1},
		{Name: "--ulog-cprange", ID: oLogSize, Values: 1},
		{Name: "--ulog-qthreshold", ID: oLogThreshold, Values: 1},
	},
}

func finishULOG(p *parse) {
	l := &ruleset.Log{Nflog: true, Prefix: p.prefix(maxULogPrefix), Snaplen: -1}
	l.Group = int(p.numOf(oLogGroup, 1, 32, 1))
	if p.is(oLogSize) {
		l.Snaplen = int(p.numOf(oLogSize, 0, 1<<32-1, 0))
	}
	l.Threshold = int(p.numOf(oLogThreshold, 1, 50, 0))
	p.add(l)
}

// Options of the targets that change nothing of a packet's fate.
const (
	oQuietA = iota
	oQuietB
	oQuietC
)

// targetAUDIT writes to the audit log.
var targetAUDIT = Extension{
	Name: "AUDIT", Target: true, finish: finishAUDIT,
	options: []Option{{Name: "--type", ID: oQuietA, Values: 1, Must: true}},
}

func finishAUDIT(p *parse) {
	g := p.get(oQuietA)
	p.word(g, g.v[0], []string{"accept", "drop", "reject"})
	p.add(&ruleset.Log{Level: "audit", Snaplen: -1})
}

// targetTRACE shows the packet's way through the rules.
var targetTRACE = Extension{Name: "TRACE", Target: true, finish: func(*parse) {}}

// targetCHECKSUM computes a checksum that was left to the hardware.
var targetCHECKSUM = Extension{
	Name: "CHECKSUM", Target: true, tables: mangle, finish: func(*parse) {},
	options: []Option{{Name: "--checksum-fill", ID: oQuietA, Must: true}},
}

// targetLED lights a lamp.
var targetLED = Extension{
	Name: "LED", Target: true, finish: finishLED,
	options: []Option{
		{Name: "--led-trigger-id", ID: oQuietA, Values: 1, Must: true},
		{Name: "--led-delay", ID: oQuietB, Values: 1},
		{Name: "--led-always-blink", ID: oQuietC},
	},
}

func finishLED(p *parse) {
	if g := p.get(oQuietB); g != nil && g.v[0].Text != "inf" {
		p.num(g, g.v[0], 0, 1<<32-1)
	}
}

// targetIDLETIMER tells of a time without packets.
var targetIDLETIMER = Extension{
	Name: "IDLETIMER", Target: true, finish: finishIDLETIMER,
	options: []Option{
		{Name: "--timeout", ID: oQuietA, Values: 1, Must: true},
		{Name: "--label", ID: oQuietB, Values: 1, Must: true},
		{Name: "--alarm", ID: oQuietC},
	},
}

func finishIDLETIMER(p *parse) {
	g := p.get(oQuietA)
	if n, ok := p.num(g, g.v[0], 0, 1<<32-1); ok && n == 0 && p.unknown == "" {
		p.refusef("an IDLETIMER of no time").Helpf("write a number of seconds above 0")
	}
	if label := p.get(oQuietB); p.cut(label, 27) == "" {
		p.errorf(label.v[0].Span, "an empty label")
	}
}

// targetRATEEST measures a rate, for the match rateest.
var targetRATEEST = Extension{
	Name: "RATEEST", Target: true, finish: finishRATEESTTarget,
	options: []Option{
		{Name: "--rateest-name", ID: oQuietA, Values: 1, Must: true},
		{Name: "--rateest-interval", ID: oQuietB, Values: 1, Must: true},
		{Name: "--rateest-ewmalog", ID: oQuietC, Values: 1, Must: true},
	},
}

func finishRATEESTTarget(p *parse) {
	for _, id := range [...]uint8{oQuietB, oQuietC} {
		g := p.get(id)
		if s := g.v[0].Text; !ruleset.HasUnknown(s) && !isSpan(s) {
			p.errorf(g.v[0].Span, "%q is no time", s).Helpf("it is a number and s, ms or us: 250ms")
		}
	}
}

// isSpan reads a number and a unit of time as tc(8) does.
func isSpan(s string) bool {
	i := 0
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.') {
		i++
	}
	if i == 0 {
		return false
	}
	switch strings.ToLower(s[i:]) {
	case "", "s", "sec", "secs", "ms", "msec", "msecs", "us", "usec", "usecs":
		return true
	}
	return false
}

package resolve

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

const (
	maxPerSecond = 10000
	maxBurst     = 10000
	defaultBurst = 5
	// maxPrefix is the length of a log prefix that every target takes:
	// iptables cuts the rest without a word.
	maxPrefix = 29
)

// limitKey is all of a limit but its position.
type limitKey struct {
	rate, burst int
	unit        string
	perSource   bool
}

func unitSeconds(unit string) int {
	switch unit {
	case "second":
		return 1
	case "minute":
		return 60
	case "hour":
		return 3600
	case "day":
		return 86400
	}
	return 0
}

// limit judges a limit clause; log says that it belongs to a log statement,
// which has one bucket for all.
func (r *resolver) limit(l *ast.Limit, log bool) *policy.Limit {
	out := &policy.Limit{Burst: defaultBurst, PerSource: l.PerSource, Span: l.Span}
	number, unit, found := strings.Cut(l.Rate.Text, "/")
	secs := unitSeconds(unit)
	rate, isNumber := parseNumber(number, 999999999)
	ok := true
	switch {
	case !found || !isNumber || secs == 0:
		d := r.errorf(codeLimit, l.Rate.Span, "%s is not a rate", strconv.Quote(l.Rate.Text)).
			Helpf("a rate is a number per second, minute, hour or day, as 20/second")
		if n := nearUnit(unit); found && isNumber && n != "" {
			d.Helpf("did you mean %s/%s?", number, n)
		}
		ok = false
	case rate < 1 || rate > maxPerSecond*secs:
		r.errorf(codeLimit, l.Rate.Span, "a rate of %s can't be kept", l.Rate.Text).
			Helpf("rates are 1/day to %d/second", maxPerSecond)
		ok = false
	}
	out.Rate, out.Unit = rate, unit
	if !l.Burst.IsZero() {
		b, isNumber := parseNumber(l.Burst.Text, maxBurst)
		if !isNumber || b == 0 {
			r.errorf(codeLimit, l.Burst.Span, "%s is not a burst", strconv.Quote(l.Burst.Text)).Helpf("a burst is 1 to %d", maxBurst)
			ok = false
		}
		out.Burst = b
	}
	if log && l.PerSource {
		r.errorf(codeLimit, l.Span, "a log statement is limited as a whole, not per source").Helpf("leave out `per source`")
		ok = false
	}
	if !ok {
		return nil
	}
	return out
}

func nearUnit(unit string) string {
	switch unit {
	case "s", "sec", "secs":
		return "second"
	case "m", "min", "mins":
		return "minute"
	case "h", "hr":
		return "hour"
	case "d":
		return "day"
	}
	return diag.Nearest(unit, []string{"second", "minute", "hour", "day"})
}

// defaultLogLimit bounds every log statement that says nothing itself.
func (r *resolver) defaultLogLimit() *policy.Limit {
	k := limitKey{rate: 10, burst: defaultBurst, unit: "minute"}
	l := r.limits[k]
	if l == nil {
		l = &policy.Limit{Rate: k.rate, Unit: k.unit, Burst: k.burst}
		r.limits[k] = l
	}
	return l
}

// logPrefix is what the kernel prints before a packet: who, and what happened.
func logPrefix(who, what string) string {
	tail := " " + what + " "
	return policy.DerivedName(who, maxPrefix-len(tail)) + tail
}

// ruleLog is the log clause of a rule of a service or block.
func (r *resolver) ruleLog(l *ast.Log, who, what string) *policy.Log {
	out := &policy.Log{Limit: r.defaultLogLimit()}
	if l.Text.IsZero() {
		out.Prefix = logPrefix(who, what)
		return out
	}
	t := l.Text.Text
	if m := judgeLogText(t); m != nil {
		r.wrong(codeLogText, l.Text.Span, m)
		return nil
	}
	if len(t) < maxPrefix && !strings.HasSuffix(t, " ") {
		t += " "
	}
	out.Prefix = t
	return out
}

// judgeLogText: nft would take $ for a variable, and quotes or backslashes end
// the text somewhere on its way into the kernel.
func judgeLogText(t string) *mistake {
	switch {
	case strings.TrimSpace(t) == "":
		return &mistake{"the text to log is empty", "leave it out: the prefix then names the service or block"}
	case len(t) > maxPrefix:
		return &mistake{fmt.Sprintf("the text to log has %d bytes", len(t)), fmt.Sprintf("the kernel prints %d at most", maxPrefix)}
	}
	for _, c := range t {
		if c < ' ' || c >= 0x7f || strings.ContainsRune("\"'`\\$", c) {
			return &mistake{"the text to log can't hold " + strconv.QuoteRune(c),
				"it is printable ASCII without quotes, backslash and $"}
		}
	}
	return nil
}

// logRefused judges `log refused` of a service or block.
func (r *resolver) logRefused(s *ast.LogRefused, who string) *policy.Log {
	out := &policy.Log{Prefix: logPrefix(who, "refused"), Limit: r.defaultLogLimit()}
	if s.Limit != nil {
		if out.Limit = r.limit(s.Limit, true); out.Limit == nil {
			return nil
		}
	}
	return out
}

func sameLimit(a, b *policy.Limit) bool {
	return a.Rate == b.Rate && a.Unit == b.Unit && a.Burst == b.Burst && a.PerSource == b.PerSource
}

package nft

import (
	"strconv"
	"strings"
	"time"

	tree "github.com/loward/loward/backends/nft/internal/syntax"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// clock reads a date, a time of day or how long something lasts. Dates and times
// of day are taken for UTC: the zone of the machine is not known.
func (s *State) clock(x *tree.Expr, k kind) (ruleset.Term, bool) {
	switch k.datatype {
	case "time":
		if v, err := strconv.ParseUint(x.Text, 10, 32); err == nil { // seconds since 1970
			return ruleset.Num(v * uint64(time.Second)), true
		}
		for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
			if t, err := time.Parse(layout, x.Text); err == nil {
				return ruleset.Num(uint64(t.UnixNano())), true
			}
		}
	case "hour":
		if v, ok := timeOfDay(x.Text); ok {
			return ruleset.Num(v), true
		}
	case "expiration":
		if d, ok := duration(x.Text); ok {
			return ruleset.Num(uint64(d / time.Millisecond)), true
		}
	}
	s.refuse(x.Span, "%q is no %s", x.Text, typeName(k))
	return ruleset.Term{}, false
}

// timeOfDay in seconds: 17:00, 17:00:30, or a number of seconds.
func timeOfDay(s string) (uint64, bool) {
	parts := strings.Split(s, ":")
	if len(parts) == 1 {
		v, err := strconv.ParseUint(s, 10, 32)
		return v, err == nil && v < 86400
	}
	if len(parts) > 3 {
		return 0, false
	}
	var v uint64
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 8)
		if err != nil || i > 0 && n > 59 || n > 24 {
			if err != nil || n > 59 {
				return 0, false
			}
		}
		v = v*60 + n
	}
	if len(parts) == 2 {
		v *= 60
	}
	return v, v < 86400
}

// duration reads 1d2h3m4s5ms, or a number of seconds.
func duration(s string) (time.Duration, bool) {
	if n, err := strconv.ParseUint(s, 10, 40); err == nil {
		return time.Duration(n) * time.Second, true
	}
	var d time.Duration
	for s != "" {
		i := 0
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		n, err := strconv.ParseUint(s[:i], 10, 40)
		if err != nil {
			return 0, false
		}
		s = s[i:]
		unit := time.Duration(0)
		for _, u := range [...]struct {
			name string
			of   time.Duration
		}{{"ms", time.Millisecond}, {"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
			if strings.HasPrefix(s, u.name) {
				unit, s = u.of, s[len(u.name):]
				break
			}
		}
		if unit == 0 {
			return 0, false
		}
		d += time.Duration(n) * unit
	}
	return d, true
}

func milli(n tree.Num) time.Duration { return time.Duration(min(n.Value, 1<<40)) * time.Millisecond }

// typeName of a kind, as nft calls it in its complaints.
func typeName(k kind) string {
	switch k.datatype {
	case "ipv4_addr":
		return "IPv4 address"
	case "ipv6_addr":
		return "IPv6 address"
	case "inet_service":
		return "internet network service"
	case "inet_proto":
		return "Internet protocol"
	case "ct_state":
		return "conntrack state"
	case "tcp_flag":
		return "TCP flag"
	case "":
		switch k.domain {
		case ruleset.Addr4:
			return "IPv4 address"
		case ruleset.Addr6:
			return "IPv6 address"
		}
		return "integer"
	}
	return strings.ReplaceAll(k.datatype, "_", " ")
}

func diagNearest(s string, among []string) string { return diag.Nearest(s, among) }

func appendNumber(b []byte, n uint64) []byte { return strconv.AppendUint(b, n, 10) }

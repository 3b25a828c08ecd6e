package nft

import (
	"net/netip"
	"strconv"
	"strings"

	tree "github.com/loward/loward/backends/nft/internal/syntax"
	"github.com/loward/loward/compiler/ruleset"
)

func (s *State) address(x *tree.Expr, k kind) (ruleset.Term, bool) {
	text := strings.TrimSuffix(strings.TrimPrefix(x.Text, "["), "]")
	a, err := netip.ParseAddr(text)
	v6 := k.domain == ruleset.Addr6
	switch {
	case err == nil && a.Zone() == "" && a.Is4() == !v6:
		return ruleset.Addr(a), true
	case err == nil:
		s.refuse(x.Span, "%s is no address of this family", text)
		return ruleset.Term{}, false
	case x.Kind == tree.XNumber && !v6:
		v, _ := number(text)
		return s.inWidth(x, k, v)
	case strings.ContainsAny(text, ":/ ") || text == "":
		s.refuse(x.Span, "%q is no address", x.Text)
		return ruleset.Term{}, false
	}
	if !strings.ContainsFunc(text, func(r rune) bool { return r != '.' && (r < '0' || r > '9') }) {
		s.refuse(x.Span, "%q is no address", x.Text)
		return ruleset.Term{}, false
	}
	return ruleset.Text(text), true // a host
}

func linkOf(s string) (v uint64, ok bool) {
	n := 0
	for part := range strings.SplitSeq(s, ":") {
		b, err := strconv.ParseUint(part, 16, 8)
		if n++; err != nil || n > 6 {
			return 0, false
		}
		v = v<<8 | b
	}
	return v, n == 6
}

// classOf a traffic control handle, major:minor in hexadecimal.
func classOf(s string) (uint64, bool) {
	major, minor, ok := strings.Cut(s, ":")
	if !ok {
		return 0, false
	}
	part := func(s string) (uint64, bool) {
		if s == "" {
			return 0, true
		}
		v, err := strconv.ParseUint(s, 16, 16)
		return v, err == nil
	}
	a, ok1 := part(major)
	b, ok2 := part(minor)
	return a<<16 | b, ok1 && ok2
}

func bigNumber(s string, width int) (v ruleset.U128, ok bool) {
	hex, found := strings.CutPrefix(s, "0x")
	if !found || len(hex) > 32 || hex == "" || width < 1 {
		return v, false
	}
	for i := range len(hex) {
		d, err := strconv.ParseUint(hex[i:i+1], 16, 8)
		if err != nil {
			return v, false
		}
		v = ruleset.U128{Hi: v.Hi<<4 | v.Lo>>60, Lo: v.Lo<<4 | d}
	}
	mask := lowBits(width)
	return v, v.Hi&^mask.Hi == 0 && v.Lo&^mask.Lo == 0
}

package convert

import (
	"slices"
	"strconv"

	"github.com/loward/loward/compiler/ruleset"
)

// assign says an assignment to a field.
func (l *line) assign(s *ruleset.SetField) ([]ruleset.Stmt, bool) {
	if s.Value.Unknown {
		l.no("the value %s, which is not known", s.Value.Text)
		return nil, false
	}
	v := s.Value.Lo.Lo
	constant := s.From == nil && s.Value.Text == ""
	value, mask, bitwise := uint64(0), uint64(0), false
	if s.From == nil {
		value, mask, bitwise = v, 0xffffffff, constant
	} else if s.Field != ruleset.NoField {
		value, mask, bitwise = xmark(s.From, s.Field)
	}
	other, _ := s.From.(ruleset.Field)
	switch s.Field {
	case ruleset.MetaMark:
		switch {
		case bitwise:
			return jump("MARK", s, "--set-xmark", hex(value)+"/"+hex(mask)), true
		case other == ruleset.CTMark:
			return jump("CONNMARK", s, "--restore-mark"), true
		}
	case ruleset.CTMark:
		switch {
		case bitwise:
			return jump("CONNMARK", s, "--set-xmark", hex(value)+"/"+hex(mask)), true
		case other == ruleset.MetaMark:
			return jump("CONNMARK", s, "--save-mark"), true
		}
	case ruleset.MetaPriority:
		if constant && l.in("mangle", "the priority of a packet") {
			return jump("CLASSIFY", s, "--set-class", strconv.FormatUint(v>>16&0xffff, 16)+":"+strconv.FormatUint(v&0xffff, 16)), true
		}
	case ruleset.IPDSCP, ruleset.IP6DSCP:
		if s.Field.Info().Family != l.c.family {
			return nil, true
		}
		if constant && l.in("mangle", "the DSCP of a packet") {
			return jump("DSCP", s, "--set-dscp", hex(v)), true
		}
	case ruleset.IPTTL:
		if constant && !l.c.v6 && l.in("mangle", "the TTL of a packet") {
			return jump("TTL", s, "--ttl-set", dec(v)), true
		}
	case ruleset.IP6HopLimit:
		if constant && l.c.v6 && l.in("mangle", "the hop limit of a packet") {
			return jump("HL", s, "--hl-set", dec(v)), true
		}
	case ruleset.NFTrace:
		if constant && v == 1 && l.in("raw", "nftrace") {
			return jump("TRACE", s), true
		}
	case ruleset.CTZone:
		if constant && l.in("raw", "a zone of conntrack") {
			return jump("CT", s, "--zone", dec(v)), true
		}
	case ruleset.CTHelper:
		if o := l.c.object(ruleset.ObjHelper, s.Value.Text); o != nil && l.in("raw", "a conntrack helper") {
			return jump("CT", s, "--helper", o.Helper), true
		}
	case ruleset.NoField:
		if sel, ok := s.Of.(*ruleset.Selector); ok && sel.Kind == ruleset.TCPOption && slices.Equal(sel.Args, []string{"maxseg", "size"}) {
			if l.needs(6); l.never {
				return nil, true
			}
			from, _ := s.From.(ruleset.Field)
			switch {
			case constant:
				return jump("TCPMSS", s, "--set-mss", dec(v)), true
			case from == ruleset.RTMTU:
				if !l.at("a segment size as the route has it", ruleset.Forward, ruleset.Output, ruleset.Postrouting) {
					return nil, false
				}
				return jump("TCPMSS", s, "--clamp-mss-to-pmtu"), true
			}
		}
		l.no("an assignment to %s", describe(s.Of))
		return nil, false
	}
	if !l.bad {
		l.no("this assignment to %s", s.Field)
	}
	return nil, false
}

// xmark reads (field & ~mask) ^ value out of an expression.
func xmark(e ruleset.Expr, f ruleset.Field) (value, mask uint64, ok bool) {
	const all = 0xffffffff
	if e == ruleset.Expr(f) {
		return 0, 0, true
	}
	b, isBinary := e.(*ruleset.Binary)
	if !isBinary {
		return 0, 0, false
	}
	left, right := b.Left, b.Right
	t, isTerm := right.(ruleset.Term)
	if !isTerm {
		if t, isTerm = left.(ruleset.Term); !isTerm {
			return 0, 0, false
		}
		left = right
	}
	if t.Text != "" || !t.Single() {
		return 0, 0, false
	}
	if value, mask, ok = xmark(left, f); !ok {
		return 0, 0, false
	}
	// The bits are (field & keep) ^ value.
	keep, n := all&^mask, t.Lo.Lo
	switch b.Op {
	case ruleset.And:
		keep, value = keep&n, value&n
	case ruleset.Or:
		keep, value = keep&^n, value&^n|n
	case ruleset.Xor:
		value ^= n
	default:
		return 0, 0, false
	}
	return value, all &^ keep, true
}

func (c *toIpt) object(k ruleset.ObjectKind, name string) *ruleset.Object {
	for _, o := range c.src.Objects {
		if o.Kind == k && o.Name == name {
			return o
		}
	}
	return nil
}

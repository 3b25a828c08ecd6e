package ipset

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// Write gives what ipset restore loads.
func Write(sets []*ruleset.Set) []byte {
	var b []byte
	for _, s := range sets {
		if s.IPSet == nil {
			continue
		}
		b = append(b, "create "...)
		b = append(append(word(b, s.Name), ' '), s.IPSet.Type...)
		if strings.HasPrefix(s.IPSet.Type, "hash:") && s.IPSet.Family != ruleset.Inet {
			b = append(b, " family inet"...)
			if s.IPSet.Family == ruleset.IP6 {
				b = append(b, '6')
			}
		}
		for _, o := range s.IPSet.Options {
			b = append(append(b, ' '), o...)
		}
		b = append(b, '\n')
	}
	for _, s := range sets {
		if s.IPSet == nil {
			continue
		}
		for _, m := range s.IPSet.Members {
			b = append(word(append(word(append(b, "add "...), s.Name), ' '), m), '\n')
		}
		for i := range s.Elems {
			b = element1(b, s, &s.Elems[i])
		}
	}
	return b
}

// word writes a name, in quotes where blanks are in it.
func word(b []byte, s string) []byte {
	if s == "" || strings.ContainsAny(s, " \t") {
		return append(append(append(b, '"'), s...), '"')
	}
	return append(b, s...)
}

func element1(b []byte, s *ruleset.Set, e *ruleset.Elem) []byte {
	b = append(word(append(b, "add "...), s.Name), ' ')
	b = entry(b, s, e.Key)
	if e.Timeout > 0 {
		b = append(b, " timeout "...)
		b = emit.Int(b, int(e.Timeout.Seconds()))
	}
	for _, st := range e.Stmts {
		if c, ok := st.(*ruleset.Counter); ok {
			b = fmt.Appendf(b, " packets %d bytes %d", c.Packets, c.Bytes)
		}
	}
	for _, o := range e.Options {
		b = append(append(b, ' '), o...)
	}
	if e.Comment != "" {
		b = append(append(append(b, ` comment "`...), e.Comment...), '"')
	}
	if e.Except {
		b = append(b, " nomatch"...)
	}
	return append(b, '\n')
}

// entry of an element, as ipset writes it.
func entry(b []byte, s *ruleset.Set, key []ruleset.Term) []byte {
	_, parts, _ := strings.Cut(s.IPSet.Type, ":")
	column, first := 0, true
	for part := range strings.SplitSeq(parts, ",") {
		if column >= len(key) {
			break
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		t := key[column]
		column++
		switch {
		case part == "port" && s.IPSet.Type != "bitmap:port":
			b = port(b, t, key[column])
			column++
		case t.Text != "":
			b = append(b, t.Text...)
		case part == "ip" && netmask(s, part, width(s)) < width(s):
			b = emit.Addr(b, t.Lo, s.IPSet.Family == ruleset.IP6) // the netmask is the set's
		case part == "ip" || part == "net":
			b = addresses(b, t, s.IPSet.Family == ruleset.IP6)
		case part == "mac":
			b = emit.MAC(b, t.Lo.Lo)
		case part == "mark":
			b = emit.Hex(b, t.Lo.Lo)
		default:
			b = numbers(b, t)
		}
	}
	return b
}

func numbers(b []byte, t ruleset.Term) []byte {
	b = emit.Uint(b, t.Lo.Lo)
	if !t.Single() {
		b = emit.Uint(append(b, '-'), t.Hi.Lo)
	}
	return b
}

func port(b []byte, proto, t ruleset.Term) []byte {
	if proto.Text != "" {
		return append(b, proto.Text...)
	}
	name := map[uint64]string{1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6", 132: "sctp", 136: "udplite"}[proto.Lo.Lo]
	if name == "" {
		name = strconv.FormatUint(proto.Lo.Lo, 10)
	}
	b = append(append(b, name...), ':')
	switch n := proto.Lo.Lo; {
	case t.Text != "":
		return append(b, t.Text...)
	case n == 1 || n == 58:
		return emit.Uint(append(emit.Uint(b, t.Lo.Lo>>8), '/'), t.Lo.Lo&255)
	}
	return numbers(b, t)
}

// width of a set's addresses.
func width(s *ruleset.Set) int {
	if s.IPSet.Family == ruleset.IP6 {
		return 128
	}
	return 32
}

func addresses(b []byte, t ruleset.Term, v6 bool) []byte {
	width := 32
	if v6 {
		width = 128
	}
	b = emit.Addr(b, t.Lo, v6)
	n, prefix := t.PrefixLen(width)
	switch {
	case prefix && n == width:
		return b
	case prefix:
		return emit.Int(append(b, '/'), n)
	}
	return emit.Addr(append(b, '-'), t.Hi, v6)
}

package iptables

import (
	"slices"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// rule is a rule being written: its parts in the order in which iptables
// evaluates them.
type rule struct {
	w   *writer
	src *ruleset.Rule

	basic   []byte // addresses, interfaces, protocol, fragment
	matches []byte // -m …, in their order
	target  []byte

	used    []string // options of basic that stand already
	module  string   // the last -m
	options []string // its options so far
	proto   uint64   // of the rule, where it names exactly one
	known   bool     // proto is valid
	ported  bool     // proto, of the packet or its connection, has ports
	limited bool     // a limit or another effect stands already
	ended   bool     // a target stands already
}

func (p *rule) start(w *writer, r *ruleset.Rule) {
	p.w, p.src = w, r
	p.basic, p.matches, p.target = p.basic[:0], p.matches[:0], p.target[:0]
	p.used, p.module, p.options = p.used[:0], "", p.options[:0]
	p.proto, p.known, p.ported, p.limited, p.ended = 0, false, false, false, false
	// The protocol stands in front of everything that needs it, wherever the
	// rule names it.
	for _, s := range r.Body {
		if m, ok := s.(*ruleset.Match); ok && m.Op == ruleset.OpIn && !m.Neg && len(m.Terms) == 1 && m.Terms[0].Single() {
			switch m.Field {
			case ruleset.L4Proto:
				p.proto, p.known = m.Terms[0].Lo.Lo, true
				p.ported = p.ported || emit.HasPorts(p.proto)
			case ruleset.CTProtocol:
				p.ported = p.ported || emit.HasPorts(m.Terms[0].Lo.Lo)
			}
		}
	}
}

func (p *rule) refuse(format string, args ...any) {
	p.w.report.Unsupported(p.src.Origin, format, args...)
}

// stmt writes the statement at an index of the body.
func (p *rule) stmt(i int) {
	if p.ended {
		p.refuse("something behind the target of a rule")
		return
	}
	switch s := p.src.Body[i].(type) {
	case *ruleset.Match:
		p.match(s)
	case *ruleset.Limit:
		p.limit(s)
	case *ruleset.Meter:
		p.meter(s)
	case *ruleset.Verdict:
		p.verdict(s)
	case *ruleset.Reject:
		p.reject(s)
	case *ruleset.Log:
		p.log(s)
	case *ruleset.NAT:
		p.nat(s)
	case *ruleset.SetField:
		p.set(s)
	case *ruleset.NoTrack:
		p.only("raw", "notrack")
		p.jump("CT --notrack")
	case *ruleset.Opaque:
		p.opaque(s)
	case *ruleset.Module:
		p.extension(s)
	case *ruleset.Lookup:
		p.refuse("a lookup in the set %s", s.Set)
	case *ruleset.VMap:
		p.refuse("a verdict map")
	default:
		p.refuse("a statement of type %T", s)
	}
}

// option writes an option of the builtin match, once in a rule.
func (p *rule) option(name string, neg bool) {
	switch {
	case slices.Contains(p.used, name):
		p.refuse("%s twice in a rule", name)
	case p.limited:
		p.refuse("%s behind a limit: it would be evaluated first", name)
	}
	p.used = append(p.used, name)
	p.basic = append(p.basic, ' ')
	if neg {
		p.basic = append(p.basic, "! "...)
	}
	p.basic = append(append(p.basic, name...), ' ')
}

// mod writes an option of a match extension, in the same -m as the option
// before where it can.
func (p *rule) mod(module, option string, neg bool) {
	if p.module != module || slices.Contains(p.options, option) {
		p.matches = append(append(p.matches, " -m "...), module...)
		p.module, p.options = module, p.options[:0]
	}
	p.options = append(p.options, option)
	p.matches = append(p.matches, ' ')
	if neg {
		p.matches = append(p.matches, "! "...)
	}
	p.matches = append(append(p.matches, option...), ' ')
}

// alone makes the next option begin a -m of its own.
func (p *rule) alone() { p.module = "" }

// transport makes sure that the rule is of a protocol.
func (p *rule) transport(n uint64, why string) {
	switch {
	case !p.known:
		p.proto, p.known, p.ported = n, true, emit.HasPorts(n)
		p.option("-p", false)
		p.basic = appendProtocol(p.basic, n)
	case p.proto != n:
		p.refuse("%s in a rule of protocol %d", why, p.proto)
	}
}

// appendProtocol by the names that iptables knows itself, else by number.
func appendProtocol(b []byte, n uint64) []byte {
	switch n {
	case 1:
		return append(b, "icmp"...)
	case 6:
		return append(b, "tcp"...)
	case 17:
		return append(b, "udp"...)
	case 50:
		return append(b, "esp"...)
	case 51:
		return append(b, "ah"...)
	case 58:
		return append(b, "icmpv6"...)
	case 132:
		return append(b, "sctp"...)
	case 136:
		return append(b, "udplite"...)
	}
	return emit.Uint(b, n)
}

// opaque text is taken as it was written, as long as it can't leave its line.
func (p *rule) opaque(o *ruleset.Opaque) {
	quoted := false
	for i := 0; i < len(o.Text); i++ {
		switch c := o.Text[i]; {
		case c < ' ' || c == 0x7f:
			p.refuse("the unknown text %q within a rule", o.Text)
			return
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		}
	}
	if quoted || o.Text == "" {
		p.refuse("the unknown text %q within a rule", o.Text)
		return
	}
	p.alone()
	if o.Verdict {
		p.ended = true
		p.target = append(append(p.target, ' '), o.Text...)
		return
	}
	p.limited = true // nobody knows whether it has an effect
	p.matches = append(append(p.matches, ' '), o.Text...)
}

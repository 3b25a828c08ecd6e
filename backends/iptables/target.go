package iptables

import (
	"net/netip"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// jump ends the rule with a target.
func (p *rule) jump(target string) {
	p.ended = true
	p.target = append(append(p.target, " -j "...), target...)
}

// only: the target exists in one table alone.
func (p *rule) only(table, what string) {
	if p.w.table.Name != table {
		p.refuse("%s in the table %s: it exists in %s alone", what, p.w.table.Name, table)
	}
}

func (p *rule) verdict(v *ruleset.Verdict) {
	switch v.Kind {
	case ruleset.VerdictAccept:
		p.jump("ACCEPT")
	case ruleset.VerdictDrop:
		p.jump("DROP")
	case ruleset.VerdictReturn:
		p.jump("RETURN")
	case ruleset.VerdictContinue:
		p.ended = true
	case ruleset.VerdictQueue:
		p.jump("NFQUEUE")
	case ruleset.VerdictJump, ruleset.VerdictGoto:
		c := p.w.chains[v.Chain]
		if c == nil || c.Foreign {
			p.refuse("%s %s: the table has no such chain of ours", v.Kind, v.Chain)
			return
		}
		p.jump(v.Chain)
		if v.Kind == ruleset.VerdictGoto {
			copy(p.target[len(p.target)-len(v.Chain)-3:], "-g")
		}
	}
}

// reject names the answers of each family.
func (p *rule) reject(r *ruleset.Reject) {
	p.only("filter", "reject")
	name := map[ruleset.RejectWith][2]string{
		ruleset.RejectAdmin:       {"icmp-admin-prohibited", "icmp6-adm-prohibited"},
		ruleset.RejectTCPReset:    {"tcp-reset", "tcp-reset"},
		ruleset.RejectPort:        {"icmp-port-unreachable", "icmp6-port-unreachable"},
		ruleset.RejectHost:        {"icmp-host-unreachable", "icmp6-addr-unreachable"},
		ruleset.RejectNet:         {"icmp-net-unreachable", "icmp6-no-route"},
		ruleset.RejectProto:       {"icmp-proto-unreachable", ""},
		ruleset.RejectNetProhib:   {"icmp-net-prohibited", ""},
		ruleset.RejectHostProhib:  {"icmp-host-prohibited", ""},
		ruleset.RejectPolicyFail:  {"", "icmp6-policy-fail"},
		ruleset.RejectRejectRoute: {"", "icmp6-reject-route"},
	}[r.With][bit(p.w.v6)]
	if name == "" {
		p.refuse("this answer of reject in this family")
		return
	}
	if r.With == ruleset.RejectTCPReset {
		p.transport(6, "a TCP reset")
	}
	p.jump("REJECT --reject-with ")
	p.target = append(p.target, name...)
}

// The greatest lengths of prefixes: LOG cuts at 29 bytes, NFLOG holds 63.
const (
	maxLogPrefix   = 29
	maxNflogPrefix = 63
)

func (p *rule) log(l *ruleset.Log) {
	longest, option := maxLogPrefix, " --log-prefix "
	if l.Nflog {
		longest, option = maxNflogPrefix, " --nflog-prefix "
	}
	if len(l.Prefix) > longest {
		p.refuse("a log prefix of %d bytes: at most %d", len(l.Prefix), longest)
		return
	}
	for i := 0; i < len(l.Prefix); i++ {
		if c := l.Prefix[i]; c < ' ' || c == 0x7f {
			p.refuse("a control character in a log prefix")
			return
		}
	}
	switch {
	case !l.Nflog && l.Group != 0 || l.Group < 0 || l.Group > 65535:
		p.refuse("the log group %d", l.Group)
		return
	case l.Nflog:
		p.jump("NFLOG --nflog-group ")
		p.target = emit.Int(p.target, l.Group)
	default:
		p.jump("LOG")
	}
	if l.Prefix != "" {
		p.target = quote(append(p.target, option...), l.Prefix)
	}
}

func (p *rule) nat(n *ruleset.NAT) {
	p.only("nat", n.Kind.String())
	if n.Map != "" {
		p.refuse("%s by a map", n.Kind)
		return
	}
	hi := n.Hi
	if !hi.IsValid() {
		hi = n.Lo
	}
	addressed := n.Kind == ruleset.DNAT || n.Kind == ruleset.SNAT
	switch {
	case addressed != n.Lo.IsValid() && (n.Lo.IsValid() || n.PortLo == 0):
		p.refuse("%s to this", n.Kind)
		return
	case n.Lo.IsValid() && (n.Lo.Is4() == p.w.v6 || n.Lo.Is4() != hi.Is4() || hi.Less(n.Lo) || n.Lo.Zone() != ""):
		p.refuse("%s to %s-%s", n.Kind, n.Lo, hi)
		return
	case n.PortLo != 0 && (!p.known || !emit.HasPorts(p.proto) || n.PortHi != 0 && n.PortHi < n.PortLo):
		p.refuse("%s to a port without the one protocol that it is of", n.Kind)
		return
	}
	switch n.Kind {
	case ruleset.DNAT:
		p.jump("DNAT --to-destination ")
	case ruleset.SNAT:
		p.jump("SNAT --to-source ")
	case ruleset.Masquerade:
		p.jump("MASQUERADE")
	case ruleset.Redirect:
		p.jump("REDIRECT")
	}
	if addressed {
		p.natTarget(n.Lo, hi, n.PortLo != 0)
	}
	if n.PortLo == 0 {
		return
	}
	if addressed {
		p.target = append(p.target, ':')
	} else {
		p.target = append(p.target, " --to-ports "...)
	}
	p.target = emit.Uint(p.target, uint64(n.PortLo))
	if n.PortHi > n.PortLo {
		p.target = emit.Uint(append(p.target, '-'), uint64(n.PortHi))
	}
}

// natTarget writes addresses, of IPv6 in brackets where a port follows.
func (p *rule) natTarget(lo, hi netip.Addr, port bool) {
	if !lo.IsValid() {
		return
	}
	brackets := port && lo.Is6()
	if brackets {
		p.target = append(p.target, '[')
	}
	p.target = lo.AppendTo(p.target)
	if hi != lo {
		p.target = hi.AppendTo(append(p.target, '-'))
	}
	if brackets {
		p.target = append(p.target, ']')
	}
}

// set assigns. A label is set by a match that always passes.
func (p *rule) set(s *ruleset.SetField) {
	v := s.Value.Lo.Lo
	if s.Field != ruleset.CTHelper && (!s.Value.Single() || s.Value.Text != "" || s.Value.Lo.Hi != 0) {
		p.refuse("this value of %s", s.Field)
		return
	}
	switch s.Field {
	case ruleset.CTLabel:
		if v > 127 {
			p.refuse("the connection label %d", v)
			return
		}
		p.limited = true
		p.alone()
		p.mod("connlabel", "--label", false)
		p.matches = append(emit.Uint(p.matches, v), " --set"...)
		p.alone()
	case ruleset.MetaMark, ruleset.CTMark:
		p.jump(map[ruleset.Field]string{ruleset.MetaMark: "MARK", ruleset.CTMark: "CONNMARK"}[s.Field] + " --set-xmark ")
		p.target = append(emit.Hex(p.target, v), "/0xffffffff"...)
		if v > 0xffffffff {
			p.refuse("the mark %#x", v)
		}
	case ruleset.CTHelper:
		p.only("raw", "a helper")
		h := s.Value.Text
		if h == "" || len(h) > 15 || !emit.Quotable(h) || !p.known || p.proto != 6 && p.proto != 17 {
			p.refuse("the helper %q in this rule: it needs a name and the protocol tcp or udp", h)
			return
		}
		p.jump("CT --helper ")
		p.target = quote(p.target, h)
	case ruleset.IPDSCP, ruleset.IP6DSCP:
		p.mangle("DSCP --set-dscp ", s, v, 63)
	case ruleset.IPTTL:
		p.mangle("TTL --ttl-set ", s, v, 255)
	case ruleset.IP6HopLimit:
		p.mangle("HL --hl-set ", s, v, 255)
	default:
		p.refuse("an assignment to %s", s.Field)
	}
}

func (p *rule) mangle(target string, s *ruleset.SetField, v, most uint64) {
	p.only("mangle", "an assignment to "+s.Field.String())
	own := map[bool]ruleset.Family{false: ruleset.IP, true: ruleset.IP6}[p.w.v6]
	if v > most || s.Field.Info().Family != own {
		p.refuse("the value %d of %s", v, s.Field)
		return
	}
	p.jump(target)
	p.target = emit.Uint(p.target, v)
}

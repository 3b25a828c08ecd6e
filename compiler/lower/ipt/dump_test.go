package ipt

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// dump writes a ruleset as iptables-restore text. It exists so that this
// package's tests need no backend; backends/iptables is the writer.
func dump(rs *ruleset.Ruleset, jumps bool) string {
	var b strings.Builder
	for _, t := range rs.Tables {
		fmt.Fprintf(&b, "*%s\n", t.Name)
		for _, c := range t.Chains {
			if !c.Foreign {
				fmt.Fprintf(&b, ":%s - [0:0]\n", c.Name)
			}
		}
		for _, c := range t.Chains {
			for _, r := range c.Rules {
				if c.Foreign {
					if jumps {
						fmt.Fprintf(&b, "-I %s 1%s\n", c.Name, body(r.Body, t.Family == ruleset.IP6))
					}
					continue
				}
				fmt.Fprintf(&b, "-A %s%s", c.Name, body(r.Body, t.Family == ruleset.IP6))
				if r.Comment != "" {
					fmt.Fprintf(&b, " # %s", r.Comment)
				}
				b.WriteString("\n")
			}
		}
		b.WriteString("COMMIT\n")
	}
	return b.String()
}

// loadable is dump without comments.
func loadable(rs *ruleset.Ruleset, jumps bool) string {
	var b strings.Builder
	for line := range strings.Lines(dump(rs, jumps)) {
		line, _, _ = strings.Cut(strings.TrimSuffix(line, "\n"), " # ")
		b.WriteString(line + "\n")
	}
	return b.String()
}

func body(list []ruleset.Stmt, v6 bool) string {
	var out strings.Builder
	for _, s := range list {
		out.WriteString(" " + stmt(s, v6))
	}
	return out.String()
}

func stmt(s ruleset.Stmt, v6 bool) string {
	switch s := s.(type) {
	case *ruleset.Match:
		return match(s, v6)
	case *ruleset.Verdict:
		switch s.Kind {
		case ruleset.VerdictGoto:
			return "-g " + s.Chain
		case ruleset.VerdictJump:
			return "-j " + s.Chain
		}
		return "-j " + strings.ToUpper(s.Kind.String())
	case *ruleset.Reject:
		switch {
		case s.With == ruleset.RejectTCPReset:
			return "-j REJECT --reject-with tcp-reset"
		case v6:
			return "-j REJECT --reject-with icmp6-adm-prohibited"
		}
		return "-j REJECT --reject-with icmp-admin-prohibited"
	case *ruleset.Log:
		return fmt.Sprintf("-j LOG --log-prefix %q", s.Prefix)
	case *ruleset.NAT:
		if s.Kind == ruleset.Masquerade {
			return "-j MASQUERADE"
		}
		to := s.Lo.String()
		if s.PortLo != 0 {
			to = netip.AddrPortFrom(s.Lo, s.PortLo).String()
		}
		return "-j DNAT --to-destination " + to
	case *ruleset.SetField:
		if s.Field == ruleset.CTLabel {
			return fmt.Sprintf("-m connlabel --label %d --set", s.Value.Lo.Lo)
		}
		return "-j CT --helper " + s.Value.Text
	case *ruleset.Meter:
		m := fmt.Sprintf("-m hashlimit --hashlimit-upto %d/%s --hashlimit-burst %d --hashlimit-name %s", s.Limit.Rate, s.Limit.Unit, s.Limit.Burst, s.Set)
		if len(s.Key) > 0 {
			m += " --hashlimit-mode srcip"
			if v6 {
				m += " --hashlimit-srcmask 64"
			}
		}
		return m
	}
	panic(fmt.Sprintf("no text for %T", s))
}

func match(m *ruleset.Match, v6 bool) string {
	not := ""
	if m.Neg {
		not = "! "
	}
	t := m.Terms[0]
	n := t.Lo.Lo
	prefix := func() string { return prefixOf(m, v6).String() }
	name := strings.TrimSuffix(t.Text, "*")
	if name != t.Text {
		name += "+"
	}
	port := func(t ruleset.Term) string {
		if t.Single() {
			return fmt.Sprint(t.Lo.Lo)
		}
		return fmt.Sprintf("%d:%d", t.Lo.Lo, t.Hi.Lo)
	}
	switch m.Field {
	case ruleset.IIFName:
		return not + "-i " + name
	case ruleset.OIFName:
		return not + "-o " + name
	case ruleset.IPSaddr, ruleset.IP6Saddr:
		return not + "-s " + prefix()
	case ruleset.IPDaddr, ruleset.IP6Daddr:
		return not + "-d " + prefix()
	case ruleset.CTOrigDaddr, ruleset.CTOrig6Daddr:
		return "-m conntrack " + not + "--ctorigdst " + prefix()
	case ruleset.CTOrigDport:
		return "-m conntrack --ctorigdstport " + port(t)
	case ruleset.L4Proto:
		return fmt.Sprintf("-p %d", n)
	case ruleset.Sport:
		return "--sport " + port(t)
	case ruleset.Dport:
		if len(m.Terms) == 1 {
			return "--dport " + port(t)
		}
		list := make([]string, len(m.Terms))
		for i, t := range m.Terms {
			list[i] = port(t)
		}
		return "-m multiport --dports " + strings.Join(list, ",")
	case ruleset.ICMPType:
		return fmt.Sprintf("--icmp-type %d", n)
	case ruleset.ICMPv6Type:
		return fmt.Sprintf("--icmpv6-type %d", n)
	case ruleset.IP6HopLimit:
		return fmt.Sprintf("-m hl --hl-eq %d", n)
	case ruleset.CTState:
		var list []string
		for i, s := range [...]string{"INVALID", "ESTABLISHED", "RELATED", "NEW"} {
			if n&(1<<i) != 0 {
				list = append(list, s)
			}
		}
		return "-m conntrack --ctstate " + strings.Join(list, ",")
	case ruleset.CTStatus:
		return "-m conntrack --ctstate DNAT"
	case ruleset.CTDirection:
		return "-m conntrack --ctdir ORIGINAL"
	case ruleset.CTLabel:
		return fmt.Sprintf("-m connlabel --label %d", n)
	case ruleset.SKUID:
		return "-m owner --uid-owner " + t.Text
	case ruleset.SKGID:
		return "-m owner --gid-owner " + t.Text
	case ruleset.FibSaddrType, ruleset.FibDaddrType, ruleset.FibSaddrIIFType, ruleset.FibDaddrIIFType:
		which, limit := "--src-type", ""
		if m.Field == ruleset.FibDaddrType || m.Field == ruleset.FibDaddrIIFType {
			which = "--dst-type"
		}
		if m.Field == ruleset.FibSaddrIIFType || m.Field == ruleset.FibDaddrIIFType {
			limit = " --limit-iface-in"
		}
		return fmt.Sprintf("-m addrtype %s%s %s%s", not, which, map[uint64]string{ruleset.AddrLocal: "LOCAL", ruleset.AddrBroadcast: "BROADCAST"}[n], limit)
	}
	panic("no text for " + m.Field.String())
}

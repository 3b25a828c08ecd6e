package resolve

import (
	"fmt"
	"strings"

	"github.com/loward/loward/compiler/policy"
)

// dump is a policy as text without positions, for golden files.
func dump(p *policy.Policy) string {
	var b strings.Builder
	fmt.Fprintf(&b, "options %+v\n", p.Options)
	for _, v := range p.Views {
		dumpView(&b, v)
	}
	for _, e := range p.Expects {
		fmt.Fprintf(&b, "expect %s at=%q %s self=%v any=%v from=%v user=%q on=%s to=%v\n", e.Verdict, e.Host, trafficDump([]policy.Traffic{e.Traffic}), e.Self, e.Any, e.From, e.User, ifacesDump(e.On), e.To)
	}
	return b.String()
}

func dumpView(b *strings.Builder, v *policy.View) {
	h := v.Host
	fmt.Fprintf(b, "host %q forwards=%v route-localnet=%v\n", h.Name, h.Forwards, h.RouteLocalnet)
	for _, i := range h.Interfaces {
		fmt.Fprintf(b, "  interface %s %v dhcp=%v\n", i.Name, i.Addrs, i.DHCP)
	}
	for _, m := range h.Masquerades {
		fmt.Fprintf(b, "  masquerade on %s from %s\n", ifacesDump(m.On), netsDump(m.From))
	}
	for _, s := range h.Sources {
		fmt.Fprintf(b, "  source %s to %s\n", s.Addr, s.To)
	}
	fmt.Fprintf(b, "  own %v shared %v\n", v.Own, v.SharedOwn)
	for _, e := range v.Elsewhere {
		fmt.Fprintf(b, "  elsewhere %s %s", e.Addr, e.Service)
		for _, h := range e.Homes {
			fmt.Fprintf(b, " %s", h.Name)
		}
		b.WriteByte('\n')
	}
	for _, s := range v.Services {
		fmt.Fprintf(b, "  service %q refuse=%s set=%v log=%s\n", s.Name, s.Refuse, s.RefuseSet, logDump(s.LogRefused))
		for _, c := range s.Scopes {
			fmt.Fprintf(b, "    scope %s addr=%v iface=%q guarded=%v\n", [...]string{"own", "shared", "host", "iface"}[c.Kind], c.Addr, c.Iface, c.Guarded)
		}
		for _, r := range s.Rules {
			ruleDump(b, "    ", r)
		}
		for _, r := range s.LocalRules {
			ruleDump(b, "    local ", r)
		}
		for _, p := range s.Publishes {
			fmt.Fprintf(b, "    %s | %s to %v %v nets %v %v\n", p.Text, trafficDump(p.Traffic), p.To4, p.To6, p.Net4, p.Net6)
		}
	}
	for i, k := range [...]*policy.Block{v.Local, v.Inbound, v.Outbound, v.Forward} {
		fmt.Fprintf(b, "  %s default=%s refuse=%s log=%s\n", [...]string{"local", "inbound", "outbound", "forward"}[i], k.Default, k.Refuse, logDump(k.LogRefused))
		for _, r := range k.Rules {
			ruleDump(b, "    ", r)
		}
	}
}

func ruleDump(b *strings.Builder, indent string, r *policy.Rule) {
	fmt.Fprintf(b, "%s%s | %s [%s]", indent, r.Text, trafficDump(r.Traffic), r.Families)
	if r.From != nil {
		fmt.Fprintf(b, " from=%s", netsDump(r.From))
	}
	if r.On != nil {
		fmt.Fprintf(b, " on=%s", ifacesDump(r.On))
	}
	if r.Out != nil {
		fmt.Fprintf(b, " out=%s", ifacesDump(r.Out))
	}
	if r.To != nil {
		fmt.Fprintf(b, " to=%s host=%v ifaces=%v name=%q", netsDump(r.To.Nets), r.To.Host, r.To.Ifaces, r.To.Name)
	}
	if len(r.Users)+len(r.Groups) > 0 {
		fmt.Fprintf(b, " users=%v groups=%v", r.Users, r.Groups)
	}
	if r.Limit != nil {
		fmt.Fprintf(b, " limit=%s", limitDump(r.Limit))
	}
	if r.Log != nil {
		fmt.Fprintf(b, " log=%s", logDump(r.Log))
	}
	b.WriteByte('\n')
}

func limitDump(l *policy.Limit) string {
	return fmt.Sprintf("%d/%s/%d/%v", l.Rate, l.Unit, l.Burst, l.PerSource)
}

func logDump(l *policy.Log) string {
	if l == nil {
		return "-"
	}
	return fmt.Sprintf("%q@%s", l.Prefix, limitDump(l.Limit))
}

func netsDump(n *policy.Nets) string {
	if n == nil {
		return "-"
	}
	s := n.Name + "("
	for i, r := range n.Ranges {
		if i > 0 {
			s += " "
		}
		s += r.Lo.String()
		if r.Hi != r.Lo {
			s += "-" + r.Hi.String()
		}
	}
	return s + ")"
}

func ifacesDump(n *policy.Ifaces) string {
	if n == nil {
		return "-"
	}
	return n.Name + fmt.Sprint(n.Names)
}

func trafficDump(list []policy.Traffic) string {
	var out []string
	for _, t := range list {
		s := fmt.Sprintf("%d", t.Proto)
		if t.Any {
			s = "any"
		}
		for _, p := range t.Ports {
			s += fmt.Sprintf(" %d-%d", p.Lo, p.Hi)
		}
		for _, p := range t.Types {
			s += fmt.Sprintf(" type %d-%d", p.Lo, p.Hi)
		}
		if t.Families != policy.Both {
			s += " " + t.Families.String()
		}
		out = append(out, s+t.Helper)
	}
	return strings.Join(out, ", ")
}

package convert

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// target gives the statement that ends a rule; it is false where that was
// refused. Without a target a rule only counts.
func (l *line) target(to *ruleset.Chain, then ruleset.Stmt) ([]ruleset.Stmt, bool) {
	switch s := then.(type) {
	case nil:
		return nil, true
	case *ruleset.Verdict:
		return l.verdict(s)
	case *ruleset.Reject:
		return l.reject(s)
	case *ruleset.Log:
		return l.log(s)
	case *ruleset.NAT:
		return l.nat(to, s)
	case *ruleset.SetField:
		return l.assign(s)
	case *ruleset.NoTrack:
		if !l.in("raw", "notrack") {
			return nil, false
		}
		return jump("CT", s, "--notrack"), true
	case *ruleset.Queue:
		return l.queue(s)
	case *ruleset.Synproxy:
		return l.synproxy(s)
	case *ruleset.Opaque:
		l.no("%q: what it means is not known here", strings.TrimSpace(s.Text))
	case *ruleset.Compare:
		l.no("that two computed values are equal")
	case *ruleset.Meter:
		l.no("a limit for each key as nft keeps it")
	case *ruleset.SetUpdate:
		l.no("a rule that changes the set %s", s.Set)
	case *ruleset.Quota:
		l.no("a quota")
	case *ruleset.ConnCount:
		l.no("a number of connections, as nft counts them")
	case *ruleset.ObjectRef:
		if s.Kind == ruleset.ObjCounter && s.Map == nil {
			return nil, true // it decides nothing, and each rule counts
		}
		l.no("the %s %s", s.Kind, s.Name)
	case *ruleset.TProxy:
		l.no("tproxy: its TPROXY drops what no socket takes")
	case *ruleset.Dup:
		l.no("dup")
	case *ruleset.Offload:
		l.no("the flowtable %s", s.Flowtable)
	default:
		l.no("a statement of nft's (%T)", s)
	}
	return nil, false
}

// jump is a target extension.
func jump(name string, means ruleset.Stmt, args ...string) []ruleset.Stmt {
	return []ruleset.Stmt{&ruleset.Module{Name: name, Target: true, Args: args, Means: []ruleset.Stmt{means}}}
}

// in refuses what one table alone has.
func (l *line) in(table, what string) bool {
	if l.c.dst.table.Name == table {
		return true
	}
	l.no("%s in its table %s: it stands in %s alone", what, l.c.dst.table.Name, table)
	return false
}

func (l *line) verdict(v *ruleset.Verdict) ([]ruleset.Stmt, bool) {
	c := l.c
	switch v.Kind {
	case ruleset.VerdictContinue:
		return nil, true
	case ruleset.VerdictDrop:
		if c.dst.table.Name == "nat" {
			l.no("drop in its table nat: the tool refuses to filter there")
			return nil, false
		}
	case ruleset.VerdictQueue:
		return l.queue(&ruleset.Queue{})
	case ruleset.VerdictJump, ruleset.VerdictGoto:
		if name, ok := strings.CutPrefix(v.Chain, auxMark); ok {
			return []ruleset.Stmt{&ruleset.Verdict{Kind: v.Kind, Chain: name}}, true
		}
		if v.Inline != nil {
			aux, rule := c.aux(), c.rule
			for _, r := range v.Inline {
				c.rule = r
				c.emit(part{to: aux}, c.present(r.Body))
			}
			c.rule = rule
			return []ruleset.Stmt{&ruleset.Verdict{Kind: v.Kind, Chain: aux.Name}}, true
		}
		ch := c.byName[v.Chain]
		if ch == nil || ch.Base != nil {
			l.no("a jump to %s, which is no chain to jump to", v.Chain)
			return nil, false
		}
		return []ruleset.Stmt{&ruleset.Verdict{Kind: v.Kind, Chain: c.named(ch)}}, true
	}
	return []ruleset.Stmt{&ruleset.Verdict{Kind: v.Kind}}, true
}

// reject as iptables names the answers, by family.
func (l *line) reject(r *ruleset.Reject) ([]ruleset.Stmt, bool) {
	if r.Of != ruleset.Inet && r.Of != l.c.family && r.With != ruleset.RejectTCPReset {
		l.never = true // nft asks for the family before
		return nil, true
	}
	if !l.in("filter", "reject") {
		return nil, false
	}
	with := ""
	four := map[ruleset.RejectWith]string{
		ruleset.RejectAdmin: "icmp-admin-prohibited", ruleset.RejectPort: "icmp-port-unreachable", ruleset.RejectHost: "icmp-host-unreachable",
		ruleset.RejectNet: "icmp-net-unreachable", ruleset.RejectProto: "icmp-proto-unreachable", ruleset.RejectNetProhib: "icmp-net-prohibited",
		ruleset.RejectHostProhib: "icmp-host-prohibited",
	}
	six := map[ruleset.RejectWith]string{
		ruleset.RejectAdmin: "icmp6-adm-prohibited", ruleset.RejectPort: "icmp6-port-unreachable", ruleset.RejectHost: "icmp6-addr-unreachable",
		ruleset.RejectNet: "icmp6-no-route", ruleset.RejectPolicyFail: "icmp6-policy-fail", ruleset.RejectRejectRoute: "icmp6-reject-route",
	}
	switch {
	case r.With == ruleset.RejectTCPReset:
		if l.needs(6); l.never {
			return nil, true
		}
		with = "tcp-reset"
	case l.c.v6:
		with = six[r.With]
	default:
		with = four[r.With]
	}
	if with == "" {
		l.no("this answer of reject")
		return nil, false
	}
	return jump("REJECT", r, "--reject-with", with), true
}

// Limits of what a log line can begin with: iptables' LOG and NFLOG.
const (
	maxLogPrefix   = 29
	maxNflogPrefix = 63
)

func (l *line) log(s *ruleset.Log) ([]ruleset.Stmt, bool) {
	name, longest := "LOG", maxLogPrefix
	if s.Nflog {
		name, longest = "NFLOG", maxNflogPrefix
	}
	var args []string
	if p := s.Prefix; p != "" {
		if len(p) > longest {
			p = clip(p, longest)
			l.c.list.Warnf(l.c.rule.Origin, "the text to log is cut to %q: %s takes %d bytes", p, name, longest).WithCode(CodeUnsupported)
		}
		args = append(args, "--"+strings.ToLower(name)+"-prefix", p)
	}
	if s.Nflog {
		args = append(args, "--nflog-group", strconv.Itoa(s.Group))
		if s.Snaplen > 0 {
			args = append(args, "--nflog-size", strconv.Itoa(s.Snaplen))
		}
		if s.Threshold > 0 {
			args = append(args, "--nflog-threshold", strconv.Itoa(s.Threshold))
		}
		return jump(name, s, args...), true
	}
	if s.Level != "" {
		n := slices.Index([]string{"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"}, s.Level)
		if n < 0 {
			l.no("the log level %s", s.Level)
			return nil, false
		}
		args = append(args, "--log-level", strconv.Itoa(n))
	}
	for _, f := range s.Flags {
		switch f {
		case "tcp sequence":
			args = append(args, "--log-tcp-sequence")
		case "tcp options":
			args = append(args, "--log-tcp-options")
		case "ip options":
			args = append(args, "--log-ip-options")
		case "skuid":
			args = append(args, "--log-uid")
		case "ether":
			args = append(args, "--log-macdecode")
		case "all":
			args = append(args, "--log-tcp-sequence", "--log-tcp-options", "--log-ip-options", "--log-uid", "--log-macdecode")
		}
	}
	return jump(name, s, args...), true
}

// nat in the chains that iptables allows it in.
func (l *line) nat(to *ruleset.Chain, n *ruleset.NAT) ([]ruleset.Stmt, bool) {
	if n.Of != ruleset.Inet && n.Of != l.c.family || n.Lo.IsValid() && n.Lo.Is4() == l.c.v6 {
		return nil, true // of the other family: nothing happens, and the rule has counted
	}
	if !l.in("nat", n.Kind.String()) {
		return nil, false
	}
	if to.Base != nil {
		ok := to.Base.Hook == ruleset.Prerouting || to.Base.Hook == ruleset.Output
		switch n.Kind {
		case ruleset.SNAT:
			ok = to.Base.Hook == ruleset.Postrouting || to.Base.Hook == ruleset.Input
		case ruleset.Masquerade:
			ok = to.Base.Hook == ruleset.Postrouting
		}
		if !ok {
			l.no("%s in its chain %s", n.Kind, to.Name)
			return nil, false
		}
	}
	name, option := map[ruleset.NATKind]string{ruleset.DNAT: "DNAT", ruleset.SNAT: "SNAT", ruleset.Masquerade: "MASQUERADE", ruleset.Redirect: "REDIRECT"}[n.Kind],
		map[ruleset.NATKind]string{ruleset.DNAT: "--to-destination", ruleset.SNAT: "--to-source", ruleset.Masquerade: "--to-ports", ruleset.Redirect: "--to-ports"}[n.Kind]
	if n.PortLo != 0 && !hasPorts(l.proto) {
		l.no("a port to translate to without the one protocol that it is of")
		return nil, false
	}
	var args []string
	switch value := natText(n); {
	case n.Netmap:
		t := ruleset.AddrRange(n.Lo, n.Hi)
		bits, ok := t.PrefixLen(n.Lo.BitLen())
		if !ok || n.PortLo != 0 {
			l.no("this translation of prefixes")
			return nil, false
		}
		return jump("NETMAP", n, "--to", n.Lo.String()+"/"+strconv.Itoa(bits)), true
	case value != "":
		args = append(args, option, value)
	case n.Kind == ruleset.DNAT || n.Kind == ruleset.SNAT:
		l.no("%s to nothing", n.Kind)
		return nil, false
	}
	for _, f := range []struct {
		on   bool
		text string
	}{{n.Random, "--random"}, {n.FullyRandom, "--random-fully"}, {n.Persistent, "--persistent"}} {
		if !f.on {
			continue
		}
		if f.text == "--persistent" && n.Kind != ruleset.DNAT && n.Kind != ruleset.SNAT || f.text == "--random-fully" && n.Kind != ruleset.SNAT && n.Kind != ruleset.Masquerade {
			l.no("%s with %s", n.Kind, strings.TrimPrefix(f.text, "--"))
			return nil, false
		}
		args = append(args, f.text)
	}
	return jump(name, n, args...), true
}

func natText(n *ruleset.NAT) string {
	text := ""
	if n.Lo.IsValid() {
		text = bracket(n.Lo, n.PortLo != 0)
		if n.Hi.IsValid() && n.Hi != n.Lo {
			text = n.Lo.String() + "-" + n.Hi.String()
			if n.Lo.Is6() && n.PortLo != 0 {
				text = "[" + text + "]"
			}
		}
		if n.PortLo != 0 {
			text += ":"
		}
	} else if n.PortLo != 0 && (n.Kind == ruleset.DNAT || n.Kind == ruleset.SNAT) {
		text = ":"
	}
	if n.PortLo != 0 {
		text += strconv.Itoa(int(n.PortLo))
		if n.PortHi > n.PortLo {
			text += "-" + strconv.Itoa(int(n.PortHi))
		}
	}
	return text
}

func bracket(a netip.Addr, port bool) string {
	if a.Is6() && port {
		return "[" + a.String() + "]"
	}
	return a.String()
}

func (l *line) queue(q *ruleset.Queue) ([]ruleset.Stmt, bool) {
	if q.From != nil {
		l.no("a queue whose number is computed")
		return nil, false
	}
	args := []string{"--queue-num", strconv.Itoa(int(q.Lo))}
	if q.Hi > q.Lo {
		args = []string{"--queue-balance", strconv.Itoa(int(q.Lo)) + ":" + strconv.Itoa(int(q.Hi))}
	}
	if q.Bypass {
		args = append(args, "--queue-bypass")
	}
	if q.Fanout {
		args = append(args, "--queue-cpu-fanout")
	}
	return jump("NFQUEUE", q, args...), true
}

func (l *line) synproxy(s *ruleset.Synproxy) ([]ruleset.Stmt, bool) {
	if !l.in("filter", "synproxy") {
		return nil, false
	}
	if l.needs(6); l.never {
		return nil, true
	}
	var args []string
	if s.SackPerm {
		args = append(args, "--sack-perm")
	}
	if s.Timestamp {
		args = append(args, "--timestamp")
	}
	if s.WScale >= 0 {
		args = append(args, "--wscale", strconv.Itoa(s.WScale))
	}
	if s.MSS >= 0 {
		args = append(args, "--mss", strconv.Itoa(s.MSS))
	}
	if s.ECN {
		args = append(args, "--ecn")
	}
	return jump("SYNPROXY", s, args...), true
}

package convert

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// line is a rule of iptables that is being put together.
type line struct {
	c     *toIpt
	base  []ruleset.Stmt // -s -d -i -o -p -f
	mods  []ruleset.Stmt
	asked map[string]bool // the base options that stand
	proto uint64          // of -p, where it stands and is not negated
	never bool            // no packet can match
	bad   bool            // something was refused
}

// rules appends a rule for each way in which the matches of the part can hold:
// with a limit, where there is one, and a target.
func (c *toIpt) rules(p part, lim *ruleset.Limit, then ruleset.Stmt) {
	ways := make([][]*ruleset.Match, len(p.conj))
	for i, m := range p.conj {
		alts, ok := c.alternatives(m)
		if !ok || len(alts) == 0 {
			return
		}
		ways[i] = alts
	}
	at := make([]int, len(ways))
	for {
		l := &line{c: c, asked: map[string]bool{}}
		way := make([]*ruleset.Match, len(ways))
		for i := range ways {
			way[i] = ways[i][at[i]]
		}
		l.say(way, p.proto)
		if lim != nil && !l.never {
			l.limit(lim)
		}
		if !l.never && !l.bad {
			if target, ok := l.target(p.to, then); ok && !l.never {
				body := append(l.base, l.mods...)
				c.add(p.to, append(body, target...))
			}
		}
		if c.made > maxMade || l.bad {
			return
		}
		i := len(at) - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i] < len(ways[i]) {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return
		}
	}
}

// say the matches, the protocol first: what follows is of it.
func (l *line) say(way []*ruleset.Match, proto uint64) {
	for _, m := range way {
		if isProto(m.Field) {
			l.protocol(m)
		}
	}
	for _, m := range way {
		if n, ok := settledBy(m); ok && !isProto(m.Field) {
			l.needs(n)
		}
	}
	if l.proto == 0 && proto != 0 {
		for _, m := range way {
			if isPort(m.Field) {
				l.needs(proto)
			}
		}
	}
	for _, m := range way {
		if !isProto(m.Field) && !l.never && !l.bad {
			l.match(m, way)
		}
	}
}

func (l *line) no(format string, args ...any) {
	l.bad = true
	l.c.no(format, args...)
}

// needs -p of a protocol.
func (l *line) needs(n uint64) {
	switch {
	case l.proto == n:
	case l.proto != 0 || l.asked["p"]:
		l.never = l.proto != 0
		if l.proto == 0 {
			l.no("a protocol that is and is not")
		}
	default:
		l.asked["p"], l.proto = true, n
		l.base = append(l.base, ruleset.In(ruleset.L4Proto, ruleset.Num(n)))
	}
}

func (l *line) protocol(m *ruleset.Match) {
	t, ok := l.one(m)
	switch {
	case !ok:
	case t.Lo.Lo == 0:
		l.no("protocol 0: it means any")
	case t.Lo.Lo == 51 && l.c.v6:
		// AH is an extension header to ip6tables, which -p passes over.
		if m.Neg {
			l.no("every protocol but ah")
			return
		}
		l.mods = append(l.mods, &ruleset.Module{Name: "ah", Means: []ruleset.Stmt{m}})
	case !m.Neg:
		l.needs(t.Lo.Lo)
	case l.asked["p"]:
		l.no("-p twice in a rule")
	default:
		l.asked["p"] = true
		n := *m
		n.Field, n.Implied, n.Set = ruleset.L4Proto, false, false
		l.base = append(l.base, &n)
	}
}

// one gives the only value of a plain match.
func (l *line) one(m *ruleset.Match) (ruleset.Term, bool) {
	t, ok := l.span(m)
	if ok && !t.Single() {
		l.no("a range of %s", m.Field)
		return t, false
	}
	return t, ok
}

// span gives the only value or range of a plain match.
func (l *line) span(m *ruleset.Match) (ruleset.Term, bool) {
	if m.Op != ruleset.OpIn || len(m.Terms) != 1 {
		l.no("several values, or bits, of %s in one rule", m.Field)
		return ruleset.Term{}, false
	}
	return m.Terms[0], true
}

// mod appends an option of an extension, in the same -m as the option before
// where its name is the same and the option is not there yet.
func (l *line) mod(m *ruleset.Match, name, option string, values ...string) {
	args := append([]string{option}, values...)
	if m.Neg {
		args = append([]string{"!"}, args...)
	}
	n := *m
	n.Implied, n.Set = false, false
	if k := len(l.mods) - 1; k >= 0 && shared(name) {
		if last, ok := l.mods[k].(*ruleset.Module); ok && last.Name == name && !contains(last.Args, option) {
			last.Args = append(last.Args, args...)
			last.Means = append(last.Means, &n)
			return
		}
	}
	l.mods = append(l.mods, &ruleset.Module{Name: name, Args: args, Means: []ruleset.Stmt{&n}})
}

// shared: the options of these can stand in one -m without changing what each
// of them means. (A --ctstate lets packets without a connection pass the other
// options of conntrack that stand with it.)
func shared(name string) bool {
	return name == "tcp" || name == "udp" || name == "sctp" || name == "dccp"
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// address says -s or -d, or a range; a second match on the same address is a
// range too.
func (l *line) address(key, ranged string, m *ruleset.Match) {
	if m.Op == ruleset.OpMask && len(m.Terms) == 1 && m.Terms[0].Single() && !l.asked[key] {
		l.asked[key] = true
		l.base = append(l.base, plain(m))
		return
	}
	t, ok := l.span(m)
	if !ok {
		return
	}
	if t.Text != "" {
		l.no("the address %s, which only the machine knows", t.Text)
		return
	}
	n, prefix := t.PrefixLen(m.Field.Info().Width)
	switch {
	case prefix && n == 0: // every packet of the family has an address
		l.never = l.never || m.Neg
	case prefix && !l.asked[key]:
		l.asked[key] = true
		p := plain(m)
		p.Terms = []ruleset.Term{{Lo: t.Lo, Hi: t.Hi}}
		l.base = append(l.base, p)
	default:
		l.mod(m, "iprange", ranged, l.addr(t.Lo)+"-"+l.addr(t.Hi))
	}
}

func plain(m *ruleset.Match) *ruleset.Match {
	n := *m
	n.Implied, n.Set = false, false
	return &n
}

func (l *line) addr(v ruleset.U128) string {
	var a netip.Addr
	if l.c.v6 {
		a = v.Addr6Of()
	} else {
		a = v.Addr4Of()
	}
	return a.String()
}

func (l *line) iface(key string, m *ruleset.Match) {
	t, ok := l.span(m)
	switch {
	case !ok:
	case t.Text == "" || strings.HasSuffix(t.Text, "+") || len(strings.TrimSuffix(t.Text, "*")) > 15:
		l.no("the interface %q", t.Text)
	case l.asked[key]:
		l.no("%s twice in a rule", m.Field)
	default:
		l.asked[key] = true
		l.base = append(l.base, plain(m))
	}
}

func span(t ruleset.Term, between string) string {
	s := strconv.FormatUint(t.Lo.Lo, 10)
	if !t.Single() {
		s += between + strconv.FormatUint(t.Hi.Lo, 10)
	}
	return s
}

func hex(n uint64) string { return "0x" + strconv.FormatUint(n, 16) }

func dec(n uint64) string { return strconv.FormatUint(n, 10) }

// limit as iptables has it.
func (l *line) limit(lim *ruleset.Limit) {
	per := map[string]int{"second": 1, "minute": 60, "hour": 60 * 60, "day": 24 * 60 * 60}[lim.Unit]
	burst := lim.Burst
	if burst == 0 {
		burst = 5 // what the kernel takes then, of both dialects
	}
	switch {
	case per == 0:
		l.no("a rate per %s", lim.Unit)
	case lim.Rate < 1 || lim.Rate > 10000*per || burst > 10000:
		l.no("a limit of %d/%s with a burst of %d", lim.Rate, lim.Unit, burst)
	case burst*per > 24*60*60*lim.Rate:
		l.no("a limit of %d/%s with a burst of %d: its bucket would need more than a day to fill", lim.Rate, lim.Unit, burst)
	default:
		n := *lim
		n.Burst = burst
		l.mods = append(l.mods, &ruleset.Module{Name: "limit", Means: []ruleset.Stmt{&n},
			Args: []string{"--limit", strconv.Itoa(lim.Rate) + "/" + lim.Unit, "--limit-burst", strconv.Itoa(burst)}})
	}
}

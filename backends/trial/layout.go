package trial

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/loward/loward/backends/lab"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/path"
)

// Names of the nodes of a layout. Those of the others are the names of the links
// that lead there.
const (
	self   = "host"
	nobody = "nobody" // the far end of links that nobody uses
	beyond = "'"      // behind a link's name: a second machine there
	device = "eth0"   // of every other machine
)

// elsewhere is the device that stands for a link of which nothing is known.
const elsewhere = "elsewhere"

// group holds the cases of one host with one ruleset.
type group struct {
	user    string // who sends; "" unless each has to have a process of its own
	host    *host.Host
	rules   Rules
	targets []netip.AddrPort
	cases   []int
}

// layouts are the fewest hosts (greedily) on which all cases can be tried side by
// side: an address lives in one place in each. Answers says why some can't be. Alone:
// a process can't change its user, so that each user has jobs of its own.
func layouts(cases []Case, alone bool, answers map[int]Answer) ([]job, error) {
	groups, err := grouped(cases, alone)
	if err != nil {
		return nil, err
	}
	var jobs []job
	for _, g := range groups {
		var all []*layout
		for _, n := range g.cases {
			if why := impossible(&cases[n]); why != "" {
				answers[n] = Answer{Untried: why}
				continue
			}
			if !slices.ContainsFunc(all, func(l *layout) bool { return l.add(n, &cases[n]) }) {
				l := newLayout(g)
				if !l.add(n, &cases[n]) {
					answers[n] = Answer{Untried: "its source and its destination would be one machine"}
					continue
				}
				all = append(all, l)
			}
		}
		for _, l := range all {
			j := job{Plan: l.plan(), Rules: g.rules, Model: map[int]path.Verdict{}, user: g.user}
			for _, p := range l.probes {
				if alone {
					p.User, p.Group = "", "" // the process is that user's
				}
				j.Model[p.Line] = cases[p.Line].Model
			}
			jobs = append(jobs, j)
		}
	}
	return jobs, nil
}

// grouped are the cases by host and ruleset.
func grouped(cases []Case, alone bool) ([]*group, error) {
	var all []*group
	known := map[string]*group{}
	for n, c := range cases {
		user := ""
		if alone {
			user = sender(&c.Start)
		}
		key, err := json.Marshal(struct {
			*host.Host
			Rules
			Targets []netip.AddrPort
			User    string
		}{c.Host, c.Rules, c.Targets, user})
		if err != nil {
			return nil, err
		}
		g := known[string(key)]
		if g == nil {
			g = &group{user: user, host: c.Host, rules: c.Rules, targets: c.Targets}
			known[string(key)] = g
			all = append(all, g)
		}
		g.cases = append(g.cases, n)
	}
	return all, nil
}

// impossible says why a packet can't be sent, or "".
func impossible(c *Case) string {
	st := &c.Start
	to := st.To.Addr()
	hasPort := st.Proto == packet.TCP || st.Proto == packet.UDP || st.Proto == packet.SCTP
	switch {
	case hasPort && st.To.Port() == 0:
		return "it is of no protocol in particular"
	case st.IIF == "" && (lab.IsGroup(to) || c.Host.TypeOf(to, "") == host.Broadcast):
		return "it is for a group, of which the host may be a member itself"
	}
	for _, name := range append([]string{st.IIF}, links(c.Host)...) {
		if d := dev(name); len(d) > 15 || strings.ContainsAny(d, "/: \t\n\"'") {
			return fmt.Sprintf("%q can't be made as an interface", d)
		}
	}
	return ""
}

func links(h *host.Host) []string {
	var names []string
	for i := range h.Links {
		if h.Links[i].Name != host.Loopback {
			names = append(names, h.Links[i].Name)
		}
	}
	return names
}

// dev is the device for a link: of a wildcard one that it matches.
func dev(link string) string {
	switch {
	case link == packet.AnyLink:
		return elsewhere
	case strings.HasSuffix(link, "*"):
		return strings.TrimSuffix(link, "*") + "0"
	}
	return link
}

// layout is a host with the machines around it.
type layout struct {
	*group
	// at is the link by which an address of another machine is reached; behind it,
	// that it lives on the second machine there.
	at     map[netip.Addr]string
	probes []*lab.Probe
}

func newLayout(g *group) *layout {
	l := &layout{group: g, at: map[netip.Addr]string{}}
	for _, t := range g.targets {
		if a := t.Addr(); !l.own(a) {
			if link := l.way(a, netip.Addr{}); link != "" {
				l.at[a] = link
			}
		}
	}
	return l
}

func (l *layout) own(a netip.Addr) bool { return l.host.Owner(a) != "" }

// way is the device by which an address of another machine is reached.
func (l *layout) way(a, from netip.Addr) string {
	r := l.host.Route(host.Query{Dst: a, Src: from})
	if r.Type != host.Unicast {
		return ""
	}
	return dev(r.Dev)
}

// add a case, if what it needs fits to what the others need.
func (l *layout) add(number int, c *Case) bool {
	st := &c.Start
	from, to := st.From.Addr(), st.To.Addr()
	p := probe(st)
	p.Line, p.Want = number, verdict(c.Model)
	need := map[netip.Addr]string{}
	far := func(in string) {
		// A packet that goes back where it came from goes to another machine there.
		if link := l.way(to, from); link != "" && !l.own(to) && !to.IsMulticast() {
			if link == in {
				link += beyond
			}
			need[to] = link
		}
	}
	if st.IIF == "" {
		p.Node = self
		far("")
	} else {
		in := dev(st.IIF)
		if st.IIF == packet.AnyLink {
			// It comes the way that leads back, if there is one.
			if in = l.way(from, netip.Addr{}); in == "" {
				in = elsewhere
			}
		}
		p.Node = in
		// Built by hand is what no machine would send, and what is for a group.
		p.Spoof = l.own(from) || from.IsUnspecified() || from.IsLoopback() || to.IsLoopback() ||
			lab.IsGroup(to) || l.host.TypeOf(to, "") == host.Broadcast
		if !p.Spoof {
			need[from] = in
			if lab.NeedsDev(from) || lab.NeedsDev(to) {
				p.To.Dev = device
			}
		}
		far(in)
	}
	for a, where := range need {
		if have, known := l.at[a]; known && have != where {
			return false
		}
	}
	for a, where := range need {
		l.at[a] = where
	}
	switch {
	case !c.Ends.IsValid() || lab.IsGroup(c.Ends):
	case l.own(c.Ends):
		p.At = self
	default:
		p.At = l.at[c.Ends]
	}
	l.probes = append(l.probes, p)
	return true
}

// probe is the packet as the lab knows it.
func probe(st *path.Start) *lab.Probe {
	p := &lab.Probe{From: lab.Target{Addr: st.From.Addr(), Port: st.From.Port()}, To: lab.Target{Addr: st.To.Addr(), Port: st.To.Port()}}
	switch {
	case st.Proto == packet.TCP:
		p.Kind = lab.TCP
	case st.Proto == packet.UDP:
		p.Kind = lab.UDP
	case st.Proto == packet.SCTP:
		p.Kind = lab.SCTP
	case st.Proto == packet.ICMP && st.Type == 8, st.Proto == packet.ICMPv6 && st.Type == 128:
		p.Kind = lab.Ping
	case st.Proto == packet.ICMP, st.Proto == packet.ICMPv6:
		p.Kind, p.Number, p.Type, p.Code = lab.ICMP, st.Proto, st.Type, st.Code
	default:
		p.Kind, p.Number = lab.Raw, st.Proto
	}
	if p.User = sender(st); p.User != "" {
		p.Group = strconv.Itoa(noGroup)
	}
	return p
}

// noGroup is the group of those who send: a packet phrase knows users alone, and to
// the model they are in no group that a rule names (path.Starts).
const noGroup = 64999

// sender is the user who sends a packet, "" for root and for other machines.
func sender(st *path.Start) string {
	if st.Owner == nil || st.Owner.User == "root" {
		return ""
	}
	return st.Owner.User
}

// verdict that the lab waits for: for a drop it does not wait as long.
func verdict(v path.Verdict) lab.Verdict {
	if v == path.Drop {
		return lab.Drop
	}
	return lab.Accept
}

// places are the machines around the host that are used, in order.
func (l *layout) places() []string {
	used := map[string]bool{}
	for _, where := range l.at {
		used[where] = true
		used[strings.TrimSuffix(where, beyond)] = true
	}
	for _, p := range l.probes {
		if p.Node != self {
			used[p.Node] = true
		}
	}
	for _, r := range l.host.Routes {
		if r.Dev != "" && r.Dev != host.Loopback {
			used[dev(r.Dev)] = true
		}
	}
	out := make([]string, 0, len(used))
	for name := range used {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// addresses that live at a place, in order.
func (l *layout) addresses(place string) []netip.Addr {
	var out []netip.Addr
	for a, where := range l.at {
		if where == place {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b netip.Addr) int { return cmp.Or(cmp.Compare(a.BitLen(), b.BitLen()), a.Compare(b)) })
	return out
}

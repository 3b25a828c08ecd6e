package referee

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/loward/loward/compiler/host"
)

// World is a host made at random: its facts as the model has them, and what makes the
// kernel's the same.
type World struct {
	Host *host.Host
	// Links are its interfaces beside lo.
	Links []string
	// IP are commands for ip -batch, once the links are there.
	IP []string
	// Addresses by family: its own, those of others that are near, those that are far.
	own, near, far [2][]string
	nets           [2][]string
}

type dice struct{ *rand.Rand }

func (d dice) one(of ...string) string { return of[d.IntN(len(of))] }

// in is true once in n.
func (d dice) in(n int) bool { return d.IntN(n) == 0 }

// NewWorld makes one.
func NewWorld(r *rand.Rand) *World {
	d := dice{r}
	w := &World{Host: host.New(), Links: []string{"wan0", "lan0"}}
	if d.in(2) {
		w.Links = append(w.Links, d.one("lan1", "dmz0"))
	}
	h := w.Host
	h.Sysctls = map[string]string{}
	w.own = [2][]string{{"127.0.0.1", "127.0.0.5"}, {"::1"}}
	w.far = [2][]string{{"198.51.100.7", "198.51.100.8", "8.8.8.8"}, {"2001:db8:9::7", "2001:db8:9::8"}}
	w.nets = [2][]string{{"127.0.0.0/8", "10.0.0.0/8", "198.51.100.0/24", "0.0.0.0/0", "198.51.100.0-198.51.100.7", "224.0.0.0/4"}, {"::1/128", "2001:db8::/32", "2001:db8:9::/64", "fe80::/10", "2001:db8:9::-2001:db8:9::7", "ff00::/8"}}
	nets := [2][]string{{"203.0.113.%d/24", "192.168.7.%d/24", "10.20.0.%d/16"}, {"2001:db8:1::%d/64", "2001:db8:2::%d/64", "2001:db8:3::%d/64"}}
	if d.in(2) {
		w.addr("lo", "10.53.0.1/32")
		w.addr("lo", "2001:db8:53::1/128")
	}
	for i, link := range w.Links {
		h.Add(link)
		for f := range nets {
			if d.in(12) {
				continue // a link without addresses of the family
			}
			w.addr(link, fmt.Sprintf(nets[f][i], 1))
			if d.in(4) {
				w.addr(link, fmt.Sprintf(nets[f][i], 3))
			}
			p := netip.MustParsePrefix(fmt.Sprintf(nets[f][i], 20))
			w.near[f] = append(w.near[f], p.Addr().String(), p.Addr().Next().String())
			w.nets[f] = append(w.nets[f], p.Masked().String())
		}
	}
	w.routes(d)
	w.sysctls(d)
	return w
}

func (w *World) addr(link, prefix string) {
	p := netip.MustParsePrefix(prefix)
	f, extra := 0, " brd +"
	if p.Addr().Is6() {
		f, extra = 1, " nodad"
	}
	if p.IsSingleIP() && f == 0 {
		extra = ""
	}
	w.Host.Add(link, p)
	if l := w.Host.Link(link); f == 1 {
		// The kernel lists the youngest first, and prefers it.
		l.Addrs = append([]netip.Prefix{p}, l.Addrs[:len(l.Addrs)-1]...)
	}
	w.own[f] = append(w.own[f], p.Addr().String())
	w.IP = append(w.IP, fmt.Sprintf("addr add %s%s dev %s", p, extra, link))
}

// route of the host: in ip's words, and as a fact.
func (w *World) route(r host.Route) {
	line := "route add "
	if r.Type != host.Unspec {
		line += r.Type.String() + " "
	}
	line += r.Dst.String()
	if r.Via.IsValid() {
		line += " via " + r.Via.String()
	}
	if r.Dev != "" {
		line += " dev " + r.Dev
	}
	if r.Src.IsValid() {
		line += " src " + r.Src.String()
	}
	if r.Table != 0 {
		line += fmt.Sprintf(" table %d", r.Table)
	}
	if r.Dst.Addr().Is6() {
		line = "-6 " + line
	}
	w.IP = append(w.IP, line)
	w.Host.Routes = append(w.Host.Routes, r)
}

func (w *World) routes(d dice) {
	all := [2]netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	part := [2]netip.Prefix{netip.MustParsePrefix("198.51.100.0/29"), netip.MustParsePrefix("2001:db8:9::/125")}
	single := [2]netip.Prefix{netip.MustParsePrefix("198.51.100.8/32"), netip.MustParsePrefix("2001:db8:9::8/128")}
	for f := range all {
		link := func() string { return w.Links[d.IntN(len(w.Links))] }
		if !d.in(10) {
			w.route(host.Route{Dst: all[f], Dev: w.Links[0]})
		}
		switch d.IntN(6) {
		case 0:
			w.route(host.Route{Dst: part[f], Dev: link()})
		case 1:
			w.route(host.Route{Dst: part[f], Type: []host.Type{host.Blackhole, host.Unreachable, host.Prohibit}[d.IntN(3)]})
		case 2:
			w.route(host.Route{Dst: single[f], Dev: link()})
		}
		if d.in(4) { // a mark, or a source, that leads elsewhere
			w.route(host.Route{Dst: all[f], Dev: link(), Table: 100})
			rule, six := host.Rule{Priority: 100, Mark: 2, Table: 100}, ""
			line := "rule add pref 100 fwmark 2 table 100"
			if d.in(2) && len(w.near[f]) > 0 {
				from := w.near[f][0]
				rule = host.Rule{Priority: 100, From: netip.PrefixFrom(netip.MustParseAddr(from), all[f].Addr().BitLen()), Table: 100}
				line = "rule add pref 100 from " + from + " table 100"
			}
			if f == 1 {
				six = "-6 "
			}
			w.IP = append(w.IP, six+line)
			if len(w.Host.Rules) == 0 {
				w.Host.Rules = []host.Rule{{Table: host.TableLocal}, {Priority: 32766, Table: host.TableMain}, {Priority: 32767, Table: host.TableDefault}}
			}
			// A rule is of one family.
			if rule.From.IsValid() {
				w.Host.Rules = append(w.Host.Rules, rule)
			} else {
				rule.To = all[f]
				w.Host.Rules = append(w.Host.Rules, rule)
			}
		}
	}
}

// sysctls: the lab's namespaces have none of these on.
func (w *World) sysctls(d dice) {
	s := w.Host.Sysctls
	s["ipv4.ip_forward"], s["ipv6.conf.all.forwarding"] = "1", "1"
	if d.in(6) {
		s["ipv4.ip_forward"] = "0"
	}
	if d.in(6) {
		s["ipv6.conf.all.forwarding"] = "0"
	}
	for _, name := range []string{"accept_local", "route_localnet"} {
		switch d.IntN(6) {
		case 0:
			s["ipv4.conf.all."+name] = "1"
		case 1:
			s["ipv4.conf."+w.Links[0]+"."+name] = "1"
		}
	}
	switch d.IntN(5) {
	case 0:
		s["ipv4.conf.all.rp_filter"] = d.one("1", "2")
	case 1:
		s["ipv4.conf."+w.Links[d.IntN(len(w.Links))]+".rp_filter"] = d.one("1", "2")
	}
}

// names of its sysctls, those first on which others depend.
func (w *World) settings() []string {
	var names []string
	for name := range w.Host.Sysctls {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// addressed6 says whether a link has an address of IPv6.
func (w *World) addressed6(link string) bool {
	return slices.ContainsFunc(w.Host.Link(link).Addrs, func(p netip.Prefix) bool { return p.Addr().Is6() })
}

// any address of a family: its own, near or far.
func (w *World) any(d dice, f int) string {
	special := []string{"224.0.0.251", "203.0.113.255", "255.255.255.255"}
	if f == 1 {
		special = []string{"ff02::fb", "ff05::1:3"}
	}
	switch d.IntN(10) {
	case 0, 1, 2, 3:
		return d.one(w.own[f]...)
	case 4, 5, 6:
		if len(w.near[f]) > 0 {
			return d.one(w.near[f]...)
		}
	case 7:
		return d.one(special...)
	}
	return d.one(w.far[f]...)
}

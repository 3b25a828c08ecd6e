package ipt

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// service is a service with its statements of the family at hand in the order
// in which they are asked.
type service struct {
	*policy.Service
	id int
	// Traffic that a publish without a target claims and nobody can have is
	// among the denies: an exception to what the service allows.
	denies, free, limited    []*policy.Rule
	localDenies, localAllows []*policy.Rule
	refused                  origin
}

// site is a place at which services live: an address, an interface whose
// addresses are known at run time only, or the host.
type site struct {
	addr   netip.Addr
	prefix netPrefix // of addr
	iface  string
	// whole: services claim everything that is sent there. Otherwise what their
	// statements name.
	whole   bool
	guarded bool
	// services, in the order of their names: all that have a say there, those
	// on `address host` included.
	services []*service
	cells    []cell // of what is claimed by traffic, once it was asked for
}

// sites of a view in one family.
type sites struct {
	static []*site // by address
	ifaces []*site // by name
	host   *site   // or nil
}

func (s *sites) empty() bool { return len(s.static) == 0 && len(s.ifaces) == 0 && s.host == nil }

// keep the sites that satisfy f.
func (s *sites) keep(f func(*site) bool) sites {
	var out sites
	for _, st := range s.static {
		if f(st) {
			out.static = append(out.static, st)
		}
	}
	for _, st := range s.ifaces {
		if f(st) {
			out.ifaces = append(out.ifaces, st)
		}
	}
	if s.host != nil && f(s.host) {
		out.host = s.host
	}
	return out
}

// findSites notes which services have a say where, and which labels that takes.
func (w *lowerer) findSites() {
	static := make(map[netip.Addr]*site, len(w.v.Services))
	w.services = make([]*service, 0, len(w.v.Services))
	byName := map[string]*site{}
	for i, s := range w.v.Services {
		x := w.service(i, s)
		w.services = append(w.services, x)
		for _, sc := range s.Scopes {
			if sc.Family()&w.f == 0 {
				continue
			}
			switch sc.Kind {
			case policy.ScopeHost:
				if w.sites.host == nil {
					w.sites.host = &site{}
				}
				w.sites.host.join(x)
			case policy.ScopeIface:
				st := byName[sc.Iface]
				if st == nil {
					st = &site{iface: sc.Iface}
					byName[sc.Iface] = st
					w.sites.ifaces = append(w.sites.ifaces, st)
				}
				st.join(x)
				w.noLocal(sc, x)
			default:
				st := static[sc.Addr]
				if st == nil {
					st = &site{addr: sc.Addr, prefix: hostPrefix(sc.Addr), guarded: true}
					static[sc.Addr] = st
					w.sites.static = append(w.sites.static, st)
				}
				st.whole = st.whole || sc.Kind == policy.ScopeOwn
				st.guarded = st.guarded && sc.Guarded
				st.join(x)
			}
		}
	}
	slices.SortFunc(w.sites.static, func(a, b *site) int { return a.addr.Compare(b.addr) })
	slices.SortFunc(w.sites.ifaces, func(a, b *site) int { return cmp.Compare(a.iface, b.iface) })
	if w.sites.host != nil {
		for _, st := range w.sites.static {
			if !st.whole && !st.guarded && !st.addr.IsLoopback() {
				st.services = union(st.services, w.sites.host.services)
			}
		}
		for _, st := range w.sites.ifaces {
			st.services = union(st.services, w.sites.host.services)
		}
	}
	w.closed = w.sites.keep(func(st *site) bool { return st.whole || len(w.cells(st)) > 0 })
	label := labelIface
	for _, st := range w.closed.ifaces {
		if label < 0 {
			w.diag.Errorf(st.services[0].Span, "iptables can't tell so many dhcp interfaces apart: there are no connection labels left for `address interface %s`", st.iface).
				WithCode("LW091").Helpf("use `address host`")
			return
		}
		w.labels[st.iface] = uint64(label)
		if label--; label == labelHost {
			label -= 2 // the host's, and nft's
		}
	}
}

// noLocal reports -local statements at addresses that only arriving packets can
// be compared with.
func (w *lowerer) noLocal(sc *policy.Scope, s *service) {
	if len(s.LocalRules) > 0 {
		w.diag.Errorf(s.LocalRules[0].Span, "local delivery to the addresses of interface %s can't be told: they are known only at run time, and local delivery does not arrive on it", sc.Iface).
			WithCode("LW091").Helpf("name the addresses, or use `address host`")
	}
}

func (w *lowerer) service(id int, s *policy.Service) *service {
	x := &service{Service: s, id: id, refused: origin{s.Name + " refused " + s.Span.FileLine(), s.Span}}
	for _, p := range s.Publishes {
		if !p.Target(w.f).IsValid() {
			x.denies = append(x.denies, &policy.Rule{Traffic: p.Traffic, Families: w.f, Text: p.Text, Span: p.Span})
		}
	}
	for _, r := range s.Rules {
		switch {
		case r.Families&w.f == 0:
		case !r.Allow:
			x.denies = append(x.denies, r)
		case r.Limit == nil:
			x.free = append(x.free, r)
		default:
			x.limited = append(x.limited, r)
		}
	}
	for _, r := range s.LocalRules {
		switch {
		case r.Families&w.f == 0:
		case r.Allow:
			x.localAllows = append(x.localAllows, r)
		default:
			x.localDenies = append(x.localDenies, r)
		}
	}
	return x
}

func (st *site) join(s *service) {
	if n := len(st.services); n == 0 || st.services[n-1] != s {
		st.services = append(st.services, s)
	}
}

func union(a, b []*service) []*service {
	out := slices.Concat(a, b)
	slices.SortFunc(out, func(a, b *service) int { return cmp.Compare(a.id, b.id) })
	return slices.Compact(out)
}

// plainServices are the services as the policy has them.
func plainServices(list []*service) []*policy.Service {
	out := make([]*policy.Service, len(list))
	for i, s := range list {
		out[i] = s.Service
	}
	return out
}

// siteKey tells lists of services apart.
type siteKey struct {
	one  *service // the only service of the list, or nil
	many string
	kind string // what the chain is for
}

func keyOf(list []*service, kind string) siteKey {
	if len(list) == 1 {
		return siteKey{one: list[0], kind: kind}
	}
	var b []byte
	for _, s := range list {
		b = strconv.AppendInt(b, int64(s.id), 10)
		b = append(b, ',')
	}
	return siteKey{many: string(b), kind: kind}
}

// dispatch says where packets to each site go.
type dispatch struct {
	static []entry
	ifaces []ifaceEntry
	host   *ruleset.Verdict // or nil
}

type ifaceEntry struct {
	name string
	to   *ruleset.Verdict
}

func siteEntry(st *site, to *ruleset.Verdict) entry {
	return entry{st.prefix, to}
}

func hostPrefix(a netip.Addr) netPrefix { return newPrefix(netip.PrefixFrom(a, a.BitLen())) }

// exceptOwn adds the addresses that services claim whole and that have no entry
// yet: packets to them are not for the host's entry, but go to cont.
func (w *lowerer) exceptOwn(d *dispatch, cont *ruleset.Verdict) {
	if d.host == nil && len(d.ifaces) == 0 {
		return
	}
	w.addOwn(d, cont)
}

func (w *lowerer) addOwn(d *dispatch, to *ruleset.Verdict) {
	d.static = append(d.static, w.ownEntries(to, func(a netip.Addr) bool {
		_, found := slices.BinarySearchFunc(d.static, a, func(e entry, a netip.Addr) int { return e.Addr().Compare(a) })
		return found
	})...)
	slices.SortFunc(d.static, func(a, b entry) int { return a.Addr().Compare(b.Addr()) })
}

// ownEntries of View.Own in the family, but for those to be skipped.
func (w *lowerer) ownEntries(to *ruleset.Verdict, skip func(netip.Addr) bool) []entry {
	var out []entry
	for _, a := range w.v.Own {
		if policy.FamilyOf(a) == w.f && (skip == nil || !skip(a)) {
			out = append(out, entry{hostPrefix(a), to})
		}
	}
	return out
}

// send appends the rules that dispatch: by address, then by interface, then the
// host. kind names the tree's chains; hook tells what the rules may look at.
// Packets to none of them go to cont, and fall through the chain that is
// returned, which has to go on there too.
func (w *lowerer) send(c *node, kind string, m mode, hook ruleset.Hook, d *dispatch, cont *ruleset.Verdict) *node {
	if len(d.static) > linear && (len(d.ifaces) > 0 || d.host != nil) {
		behind := c.next()
		w.tree(c, kind, w.daddr(m), d.static, behind.to)
		c.end(behind.to)
		c = behind
	} else {
		w.tree(c, kind, w.daddr(m), d.static, cont)
	}
	for _, i := range d.ifaces {
		switch {
		case m&orig != 0:
			c.add(origin{}, ruleset.In(ruleset.CTLabel, ruleset.Num(w.labels[i.name])), i.to)
		case hook == ruleset.Input || hook == ruleset.Prerouting:
			c.add(origin{}, append(w.atIface(i.name), i.to)...)
		}
	}
	switch {
	case d.host == nil:
	case m&orig != 0 && hook == ruleset.Output:
		c.add(origin{}, w.notLoopback(orig), d.host)
	case m&orig != 0:
		c.add(origin{}, ruleset.In(ruleset.CTLabel, ruleset.Num(labelHost)), d.host)
	case hook != ruleset.Forward:
		c.add(origin{}, append(w.atHost(), d.host)...)
	}
	return c
}

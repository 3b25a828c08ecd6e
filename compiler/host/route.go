package host

import (
	"cmp"
	"math/bits"
	"net/netip"
	"slices"
)

// Type of a destination, as the kernel's routes have it (RTN_* of
// linux/rtnetlink.h; the numbers are the same).
type Type uint8

// The types.
const (
	Unspec Type = iota
	Unicast
	Local
	Broadcast
	Anycast
	Multicast
	Blackhole
	Unreachable
	Prohibit
	Throw
)

func (t Type) String() string {
	return [...]string{"unspec", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw"}[t]
}

// MarshalText writes the name.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads a name; one that is not known is Unspec.
func (t *Type) UnmarshalText(text []byte) error {
	for u := Unspec; u <= Throw; u++ {
		if u.String() == string(text) {
			*t = u
			return nil
		}
	}
	*t = Unspec
	return nil
}

// The kernel's tables.
const (
	TableLocal   = 255
	TableMain    = 254
	TableDefault = 253
)

// Route is an entry of a routing table.
type Route struct {
	Type   Type         `json:"type,omitempty"` // Unspec is Unicast
	Dst    netip.Prefix `json:"dst"`
	Via    netip.Addr   `json:"via,omitzero"`
	Dev    string       `json:"dev,omitempty"`
	Src    netip.Addr   `json:"src,omitzero"` // preferred source
	Table  int          `json:"table,omitempty"`
	Metric int          `json:"metric,omitempty"`
}

// Rule says which packets look into which table, in the order of Priority.
type Rule struct {
	Priority int          `json:"priority"`
	From     netip.Prefix `json:"from,omitzero"`
	To       netip.Prefix `json:"to,omitzero"`
	IIF      string       `json:"iif,omitempty"`
	OIF      string       `json:"oif,omitempty"`
	Mark     uint32       `json:"fwmark,omitempty"`
	Mask     uint32       `json:"fwmask,omitempty"` // 0: all bits, where Mark is not 0
	Not      bool         `json:"not,omitempty"`
	Table    int          `json:"table,omitempty"`
	// Type of a rule that decides by itself: Blackhole, Unreachable, Prohibit.
	Type Type `json:"type,omitempty"`
}

// Query is what the kernel knows of a packet when it looks for its way.
type Query struct {
	Dst, Src netip.Addr
	// IIF is the interface on which it arrived; "" for what the host sends.
	IIF  string
	Mark uint32
	// OIF asks for a way by this interface alone; with Strict, not even the host's own
	// addresses are found elsewhere.
	OIF    string
	Strict bool
}

// Result is where a packet goes.
type Result struct {
	Type Type
	Dev  string // Local: lo; what the packet leaves by
	Via  netip.Addr
	// Src is the source that the kernel gives to a packet that has none.
	Src netip.Addr
	// Found: some route matched; without one a packet is unreachable.
	Found bool
}

// Route finds the way of a packet, as fib_lookup does it. An address of the
// host's own is always reached over lo.
func (h *Host) Route(q Query) Result {
	switch {
	case q.Dst.IsMulticast(), q.Dst == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return h.multicast(q)
	}
	return h.Lookup(q)
}

// Lookup is what the tables say, of groups and of 255.255.255.255 as of any address.
func (h *Host) Lookup(q Query) Result {
	for _, rule := range h.rules() {
		if !rule.matches(q) {
			continue
		}
		switch rule.Type {
		case Blackhole, Unreachable, Prohibit:
			return Result{Type: rule.Type, Found: true}
		}
		r := h.best(rule.Table, q)
		if r == nil || r.Type == Throw {
			continue
		}
		return h.result(r, q)
	}
	return Result{Type: Unreachable}
}

func (h *Host) result(r *Route, q Query) Result {
	out := Result{Type: r.Type, Dev: r.Dev, Via: r.Via, Src: r.Src, Found: true}
	switch r.Type {
	case Local:
		out.Dev = Loopback
		if !out.Src.IsValid() {
			out.Src = q.Dst
		}
	case Unicast, Broadcast:
		if !out.Src.IsValid() {
			out.Src = h.sourceFor(r.Dev, q.Dst, r.Via)
		}
	}
	return out
}

// multicast and limited broadcast leave by the interface that is asked for, that
// of a route, or the first that is up.
func (h *Host) multicast(q Query) Result {
	out := Result{Type: Multicast, Dev: q.OIF, Found: true}
	if !q.Dst.IsMulticast() {
		out.Type = Broadcast
	}
	if out.Dev == "" && q.Dst.Is6() {
		// Every link has a route to all groups, in the table local; the first counts here (the kernel takes one after the other).
		for i := range h.Links {
			if l := &h.Links[i]; l.Name != Loopback && !l.Down {
				out.Dev = l.Name
				break
			}
		}
	}
	if out.Dev == "" {
		if r := h.Lookup(q); r.Found && r.Dev != "" {
			out.Dev, out.Src = r.Dev, r.Src
		}
	}
	if out.Dev == "" {
		out.Found = false
	}
	if !out.Src.IsValid() {
		out.Src = h.sourceFor(out.Dev, q.Dst, netip.Addr{})
	}
	return out
}

// sourceFor a packet that leaves by a link: its address in the network of the
// next hop, else its first of the family, else the first of any link.
func (h *Host) sourceFor(dev string, dst, via netip.Addr) netip.Addr {
	if dst.Is6() {
		return h.source6(dev, dst)
	}
	next := dst
	if via.IsValid() {
		next = via
	}
	var first, any netip.Addr
	for i := range h.Links {
		for _, p := range h.Links[i].Addrs {
			a := p.Addr()
			if a.Is4() != dst.Is4() || a.IsLoopback() || a.IsLinkLocalUnicast() != next.IsLinkLocalUnicast() {
				continue
			}
			switch {
			case h.Links[i].Name == dev && p.Contains(next):
				return a
			case h.Links[i].Name == dev && !first.IsValid():
				first = a
			case !any.IsValid():
				any = a
			}
		}
	}
	if first.IsValid() {
		return first
	}
	return any
}

// source6 chooses as RFC 6724 says, of which count here: the same address, the scope,
// the leaving link, the longest common prefix; of equal ones the first
// (ipv6_dev_get_saddr).
func (h *Host) source6(dev string, dst netip.Addr) netip.Addr {
	var best netip.Addr
	most := -1
	near := dst.IsLinkLocalUnicast() || dst.IsLinkLocalMulticast()
	only := near || dst.IsMulticast() || dst.IsLoopback() // the leaving link's addresses alone
	for i := range h.Links {
		for _, p := range h.Links[i].Addrs {
			a := p.Addr()
			score := min(commonPrefix(a, dst), p.Bits())
			switch {
			case a == dst && (!a.IsLoopback() || dev == Loopback):
				return a
			case a.Is4() || a.IsLoopback() || only && h.Links[i].Name != dev:
				continue
			}
			if a.IsLinkLocalUnicast() == near {
				score += 1000
			}
			if h.Links[i].Name == dev {
				score += 500
			}
			if score > most {
				best, most = a, score
			}
		}
	}
	return best
}

// commonPrefix is in how many bits two addresses of IPv6 begin alike.
func commonPrefix(a, b netip.Addr) int {
	x, y := a.As16(), b.As16()
	for i := range x {
		if d := x[i] ^ y[i]; d != 0 {
			return i*8 + bits.LeadingZeros8(d)
		}
	}
	return 128
}

// SourceFor is the source of a packet that leaves by a link for a destination:
// what masquerade takes (inet_select_addr, ipv6_dev_get_saddr). It is invalid
// where the host has none of the family.
func (h *Host) SourceFor(dev string, dst netip.Addr) netip.Addr {
	r := h.Route(Query{Dst: dst, OIF: dev})
	return h.sourceFor(dev, dst, r.Via)
}

// rules in the order in which they are asked.
func (h *Host) rules() []Rule {
	if len(h.Rules) == 0 {
		return []Rule{{Table: TableLocal}, {Priority: 32766, Table: TableMain}, {Priority: 32767, Table: TableDefault}}
	}
	rules := slices.Clone(h.Rules)
	slices.SortStableFunc(rules, func(a, b Rule) int { return cmp.Compare(a.Priority, b.Priority) })
	return rules
}

func (r *Rule) matches(q Query) bool {
	mask := r.Mask
	if mask == 0 {
		mask = ^uint32(0)
	}
	iif := q.IIF
	if iif == "" {
		iif = Loopback // what the host sends has this one for routing rules
	}
	if r.From.IsValid() && r.From.Addr().Is4() != q.Dst.Is4() || r.To.IsValid() && r.To.Addr().Is4() != q.Dst.Is4() {
		return false // a rule of the other family
	}
	yes := (!r.From.IsValid() || r.From.Bits() == 0 || q.Src.IsValid() && r.From.Contains(q.Src)) &&
		(!r.To.IsValid() || r.To.Bits() == 0 || r.To.Contains(q.Dst)) &&
		(r.IIF == "" || r.IIF == iif) && (r.OIF == "" || r.OIF == q.OIF) &&
		(r.Mark == 0 && r.Mask == 0 || q.Mark&mask == r.Mark)
	return yes != r.Not
}

// best route of a table: the longest prefix, then the smallest metric, then the
// first.
func (h *Host) best(table int, q Query) *Route {
	var best *Route
	consider := func(r Route) {
		if r.Type == Unspec {
			r.Type = Unicast
		}
		if r.Table == 0 {
			r.Table = TableMain
		}
		if r.Table != table || !r.Dst.IsValid() || !r.Dst.Contains(q.Dst) || h.dead(r.Dev) {
			return
		}
		if q.OIF != "" && r.Dev != q.OIF && (r.Type == Unicast || q.Strict) {
			return
		}
		if best == nil || r.Dst.Bits() > best.Dst.Bits() || r.Dst.Bits() == best.Dst.Bits() && r.Metric < best.Metric {
			best = &r
		}
	}
	if !h.Complete {
		h.derived(consider)
	}
	for _, r := range h.Routes {
		consider(r)
	}
	return best
}

func (h *Host) dead(dev string) bool {
	l := h.Link(dev)
	return l != nil && l.Down
}

// derived are the routes that the kernel makes of an address: to itself, to its
// network and, in IPv4, to the broadcast address (fib_add_ifaddr; addrconf.c).
func (h *Host) derived(yield func(Route)) {
	for i := range h.Links {
		l := &h.Links[i]
		for _, p := range l.Addrs {
			a := p.Addr()
			yield(Route{Type: Local, Dst: netip.PrefixFrom(a, a.BitLen()), Dev: l.Name, Src: a, Table: TableLocal})
			net := p.Masked()
			switch {
			case a.Is4() && a.IsLoopback():
				yield(Route{Type: Local, Dst: net, Dev: l.Name, Src: a, Table: TableLocal})
			case p.Bits() < a.BitLen() && !a.IsLoopback():
				yield(Route{Dst: net, Dev: l.Name, Src: sourceOf(a), Table: TableMain})
			}
			if a.Is4() && p.Bits() < 31 {
				last := lastOf(net)
				yield(Route{Type: Broadcast, Dst: netip.PrefixFrom(last, 32), Dev: l.Name, Src: a, Table: TableLocal})
			}
		}
	}
}

// sourceOf a network's route: IPv6 chooses it by the rules of RFC 6724 instead.
func sourceOf(a netip.Addr) netip.Addr {
	if a.Is6() {
		return netip.Addr{}
	}
	return a
}

// lastOf the addresses of an IPv4 network.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(b)
}

// TypeOf an address: what a lookup in the table local says of it. With dev only
// what is of that interface counts, so another's own address is Unicast there
// (inet_dev_addr_type, nft_fib4_eval_type).
func (h *Host) TypeOf(a netip.Addr, dev string) Type {
	switch {
	case a.Is4() && a.As4()[0] == 0, a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return Broadcast
	case a.IsMulticast():
		return Multicast
	}
	r := h.best(TableLocal, Query{Dst: a})
	if r == nil || dev != "" && r.Dev != dev {
		return Unicast
	}
	return r.Type
}

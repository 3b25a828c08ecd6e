package host

import (
	"net/netip"
	"slices"
	"strings"
)

// Loopback is the name of the loopback interface.
const Loopback = "lo"

// Host is what is known of a machine. The zero value knows nothing; New has lo.
type Host struct {
	Name  string `json:"name,omitempty"`
	Links []Link `json:"links"`
	// Routes beside those that the kernel makes of the addresses. Where Complete
	// is set, they are all there are, those of the table local included.
	Routes   []Route `json:"routes,omitempty"`
	Complete bool    `json:"complete,omitempty"`
	// Rules of policy routing. Without any, the kernel's three count: local, main,
	// default.
	Rules []Rule `json:"rules,omitempty"`
	// Sysctls below net, by their names: "ipv4.ip_forward": "1",
	// "ipv4.conf.eth0.rp_filter": "2".
	Sysctls   map[string]string `json:"sysctls,omitempty"`
	Listeners []Listener        `json:"listeners,omitempty"`
}

// Link is a network interface.
type Link struct {
	Name  string `json:"name"`
	Index int    `json:"index,omitempty"`
	// Kind as ip link names it: "veth", "bridge", "" for hardware.
	Kind   string `json:"kind,omitempty"`
	Master string `json:"master,omitempty"`
	MAC    string `json:"mac,omitempty"`
	Group  int    `json:"group,omitempty"`
	// Addrs are its addresses with the lengths of their networks.
	Addrs []netip.Prefix `json:"addresses,omitempty"`
	// Down: it takes and sends nothing.
	Down bool `json:"down,omitempty"`
}

// Listener is a socket that waits for packets.
type Listener struct {
	Proto   string         `json:"protocol"` // tcp, udp, sctp
	Addr    netip.AddrPort `json:"address"`  // unspecified: every address
	Dev     string         `json:"device,omitempty"`
	User    string         `json:"user,omitempty"`
	Process string         `json:"process,omitempty"`
}

// New is a host with nothing but lo and its two addresses.
func New() *Host {
	h := &Host{}
	h.Add(Loopback, netip.MustParsePrefix("127.0.0.1/8"), netip.MustParsePrefix("::1/128"))
	return h
}

// Add addresses to a link, which is made if need be.
func (h *Host) Add(link string, addrs ...netip.Prefix) {
	i := slices.IndexFunc(h.Links, func(l Link) bool { return l.Name == link })
	if i < 0 {
		i = len(h.Links)
		h.Links = append(h.Links, Link{Name: link, Index: i + 1})
	}
	h.Links[i].Addrs = append(h.Links[i].Addrs, addrs...)
}

// Link of that name, or nil.
func (h *Host) Link(name string) *Link {
	for i := range h.Links {
		if h.Links[i].Name == name {
			return &h.Links[i]
		}
	}
	return nil
}

// Owner is the link that has an address, or "". All of 127/8 is lo's.
func (h *Host) Owner(a netip.Addr) string {
	for i := range h.Links {
		for _, p := range h.Links[i].Addrs {
			if p.Addr() == a || h.Links[i].Name == Loopback && p.Addr().IsLoopback() && p.Contains(a) {
				return h.Links[i].Name
			}
		}
	}
	return ""
}

// Has says whether an address is one of the host's, by itself: of 127/8 only those
// that a link has.
func (h *Host) Has(a netip.Addr) bool {
	for i := range h.Links {
		for _, p := range h.Links[i].Addrs {
			if p.Addr() == a {
				return true
			}
		}
	}
	return false
}

// Addressed says whether a link has an address of IPv4.
func (h *Host) Addressed(link string) bool {
	l := h.Link(link)
	return l != nil && slices.ContainsFunc(l.Addrs, func(p netip.Prefix) bool { return p.Addr().Is4() })
}

// PolicyRouted says whether there are rules of routing beside the kernel's own, which
// IPv4's packets ask.
func (h *Host) PolicyRouted() bool {
	return slices.ContainsFunc(h.Rules, func(r Rule) bool {
		six := r.From.IsValid() && r.From.Addr().Is6() || r.To.IsValid() && r.To.Addr().Is6()
		return !six && (r.Table != TableLocal && r.Table != TableMain && r.Table != TableDefault || r.Type != Unspec || r.From.IsValid() || r.To.IsValid() || r.Mark != 0 || r.IIF != "" || r.OIF != "" || r.Not)
	})
}

// Sysctl of the machine as a number; fallback where it is not known.
func (h *Host) Sysctl(name string, fallback int) int {
	v, ok := h.Sysctls[name]
	if !ok || v == "" {
		return fallback
	}
	n := 0
	for _, c := range strings.TrimSpace(v) {
		if c < '0' || c > '9' || n > 1<<20 {
			return fallback
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// Conf is a sysctl of a family's interface: "rp_filter" of IPv4 and "eth0" is
// net.ipv4.conf.eth0.rp_filter. All is combined with the interface's own as the
// kernel does it for that name: the greater of both (rp_filter), or either
// (accept_local, route_localnet); see ip-sysctl in the kernel's documentation.
func (h *Host) Conf(v6 bool, link, name string, fallback int) int {
	prefix := "ipv4.conf."
	if v6 {
		prefix = "ipv6.conf."
	}
	own := h.Sysctl(prefix+link+"."+name, -1)
	all := h.Sysctl(prefix+"all."+name, -1)
	if own < 0 && all < 0 {
		return fallback
	}
	return max(own, all)
}

// Forwards says whether it routes packets of a family; known is false where no
// fact tells.
func (h *Host) Forwards(v6 bool) (yes, known bool) {
	name := "ipv4.ip_forward"
	if v6 {
		name = "ipv6.conf.all.forwarding"
	}
	n := h.Sysctl(name, -1)
	return n > 0, n >= 0
}

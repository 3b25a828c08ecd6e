package prove

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/resolve"
)

const examples = "../../testdata/examples/"

func load(t *testing.T, file string) *policy.Policy {
	t.Helper()
	p, l, err := resolve.Load(file)
	if err != nil || l.Errors() > 0 {
		t.Fatalf("%s: %v %v", file, err, l.All)
	}
	return p
}

// sampler makes packets that a view may have something to say of: at the addresses,
// ports and interfaces that it names, and beside them.
type sampler struct {
	r      *rand.Rand
	h      *host.Host
	addrs  []netip.Addr
	ports  []uint16
	links  []string
	owners []string
}

func newSampler(r *rand.Rand, v *policy.View, h *host.Host) *sampler {
	s := &sampler{r: r, h: h, ports: []uint16{22, 53, 80, 443, 67, 68, 546, 547, 40000}, links: []string{"eth9"}, owners: []string{"root", "nobody"}}
	for _, a := range []string{"127.0.0.1", "127.9.9.9", "198.51.100.7", "224.0.0.251", "255.255.255.255", "::1", "2001:db8:ffff::7", "ff02::1", "fe80::77"} {
		s.addrs = append(s.addrs, netip.MustParseAddr(a))
	}
	near := func(a netip.Addr) {
		for _, a := range []netip.Addr{a.Prev(), a, a, a.Next()} {
			if a.IsValid() {
				s.addrs = append(s.addrs, a)
			}
		}
	}
	for i := range h.Links {
		if h.Links[i].Name != host.Loopback {
			s.links = append(s.links, h.Links[i].Name)
		}
		for _, p := range h.Links[i].Addrs {
			near(p.Addr())
		}
	}
	rules := func(list []*policy.Rule) {
		for _, r := range list {
			s.owners = append(append(s.owners, r.Users...), r.Groups...)
			for _, t := range r.Traffic {
				for _, p := range t.Ports {
					s.ports = append(s.ports, p.Lo-1, p.Lo, p.Hi, p.Hi+1)
				}
			}
			if r.From != nil {
				for _, n := range r.From.Ranges {
					near(n.Lo)
				}
			}
			if r.To != nil && r.To.Nets != nil {
				for _, n := range r.To.Nets.Ranges {
					near(n.Lo)
				}
			}
		}
	}
	for _, b := range []*policy.Block{v.Local, v.Inbound, v.Outbound, v.Forward} {
		rules(b.Rules)
	}
	for _, sv := range v.Services {
		rules(sv.Rules)
		rules(sv.LocalRules)
		for _, sc := range sv.Scopes {
			if sc.Addr.IsValid() {
				near(sc.Addr)
			}
		}
		for _, p := range sv.Publishes {
			for _, t := range p.Traffic {
				for _, r := range t.Ports {
					s.ports = append(s.ports, r.Lo, r.Hi+1)
				}
			}
		}
	}
	return s
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func (s *sampler) packet(j fate.Journey, v6 bool) *fate.Packet {
	addr := func() netip.Addr {
		for {
			if a := pick(s.r, s.addrs); a.Is6() == v6 {
				return a
			}
		}
	}
	p := &fate.Packet{Src: addr(), Dst: addr(), TTL: pick(s.r, []uint8{1, 64, 255}), OIF: pick(s.r, s.links), DstType: host.Unicast, SrcType: host.Unicast}
	p.Proto = pick(s.r, []uint8{policy.TCP, policy.TCP, policy.UDP, policy.UDP, policy.ICMP, policy.SCTP, policy.IGMP, 47})
	if v6 && p.Proto == policy.ICMP { // that of the other family means nothing to a host
		p.Proto = policy.ICMPv6
	}
	switch p.Proto {
	case policy.TCP, policy.UDP, policy.SCTP:
		p.Sport, p.Dport = pick(s.r, s.ports), pick(s.r, s.ports)
		if p.Proto == policy.TCP {
			p.Flags = 2
		}
	case policy.ICMP:
		p.Type = pick(s.r, []uint8{0, 3, 8, 13})
	case policy.ICMPv6:
		p.Type = pick(s.r, []uint8{1, 2, 128, 130, 133, 135, 143})
	}
	if j == fate.Arriving {
		p.IIF = pick(s.r, s.links)
	} else if s.r.IntN(2) == 0 {
		p.Owned, p.User, p.Group = true, pick(s.r, s.owners), pick(s.r, s.owners)
	}
	return p
}

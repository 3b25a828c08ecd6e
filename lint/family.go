package lint

import (
	"fmt"
	"net/netip"

	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// family is IPv4 or IPv6 as a ruleset knows it: what its rules single out, and what
// they do not.
type family struct {
	v6 bool
	// port that no rule singles out, and named those that rules tell from their
	// neighbours.
	port  uint16
	named []uint16
	// far is an address of another machine that no rule singles out.
	far netip.Addr
	// own are addresses of the host: see subject.own.
	own []netip.Addr
	// left are what is not tried, for it would be too much.
	left []string
}

// maxNamed ports, and as many addresses, are tried.
const maxNamed = 50

// families are those of which rules see packets.
func (s *subject) families() []*family {
	if s.asked {
		return s.known
	}
	s.asked = true
	for _, v6 := range []bool{false, true} {
		if !s.serves(v6) {
			continue
		}
		u := fate.NewUniverse(v6)
		u.AddRuleset(s.rs)
		f := &family{v6: v6, own: s.own(u, v6), named: u.NamedPorts()}
		var port, far bool
		f.port, port = u.OrdinaryPort(8000, 9000, 7777, 12345, 31000, 47000, 60000, 5000, 2000)
		f.far, far = u.OrdinaryAddr(addrs("198.51.100.99", "192.0.2.99", "203.0.113.99", "2001:db8:9::99", "2a01::99")...)
		if n := len(f.own); n > maxNamed {
			f.own = f.own[:maxNamed]
			f.left = append(f.left, fmt.Sprintf("only %d of %d own addresses that rules single out are tried", maxNamed, n))
		}
		if !port || !far {
			f.left = []string{"rules single out every port, or every address of another machine, that was tried"}
		}
		s.known = append(s.known, f)
	}
	return s.known
}

// ports that rules tell apart, as many as are tried; what is left is said.
func (s *subject) ports(f *family) []uint16 {
	if n := len(f.named); n > maxNamed {
		s.undecided(diag.Span{}, fmt.Sprintf("only %d of %d ports that rules tell apart are tried", maxNamed, n))
		return f.named[:maxNamed]
	}
	return f.named
}

// each family of which something can be tried; what is left is said.
func (s *subject) each(yield func(*family)) {
	for _, f := range s.families() {
		for _, what := range f.left {
			s.undecided(diag.Span{}, what)
		}
		if f.port != 0 && f.far.IsValid() {
			yield(f)
		}
	}
}

// serves says whether rules of a ruleset see packets of a family.
func (s *subject) serves(v6 bool) bool {
	for h := ruleset.Prerouting; h <= ruleset.Postrouting; h++ {
		for _, stop := range path.Stops(s.rs, h, v6) {
			if stop.Chain != nil || len(stop.NATs) > 0 {
				return true
			}
		}
	}
	return false
}

// own are addresses of the host: those that its facts tell, or else one that no rule
// singles out, and those that rules of the input hook name as destinations: what comes
// there is for the host.
func (s *subject) own(u *fate.Universe, v6 bool) []netip.Addr {
	var out []netip.Addr
	if s.host != nil {
		for i := range s.host.Links {
			for _, p := range s.host.Links[i].Addrs {
				if a := p.Addr(); a.Is6() == v6 && !a.IsLoopback() && !a.IsLinkLocalUnicast() {
					out = append(out, a)
				}
			}
		}
		return out
	}
	if a, ok := u.OrdinaryAddr(addrs("203.0.113.7", "198.51.100.7", "192.0.2.7", "100.99.98.97", "2001:db8::7", "2001:db8:ffff::7", "2a00::7")...); ok {
		out = append(out, a)
	}
	for _, stop := range path.Stops(s.rs, ruleset.Input, v6) {
		if stop.Chain != nil {
			out = append(out, destinations(stop.Chain, v6)...)
		}
	}
	return out
}

// destinations are the single unicast addresses that rules of a chain have.
func destinations(c *ruleset.Chain, v6 bool) []netip.Addr {
	var out []netip.Addr
	for _, r := range c.Rules {
		for st := range r.Plain {
			m, ok := st.(*ruleset.Match)
			if !ok || m.Neg || m.Field != ruleset.IPDaddr && m.Field != ruleset.IP6Daddr || (m.Field == ruleset.IP6Daddr) != v6 || m.Mask != (ruleset.U128{}) {
				continue
			}
			for _, t := range m.Terms {
				a := t.Lo.Addr4Of()
				if v6 {
					a = t.Lo.Addr6Of()
				}
				if t.Lo == t.Hi && a.IsGlobalUnicast() {
					out = append(out, a)
				}
			}
		}
	}
	return out
}

func addrs(list ...string) []netip.Addr {
	out := make([]netip.Addr, len(list))
	for i, a := range list {
		out[i] = netip.MustParseAddr(a)
	}
	return out
}

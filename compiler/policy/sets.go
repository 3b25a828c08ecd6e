package policy

import (
	"cmp"
	"net/netip"
	"slices"
)

// MergePorts sorts ranges and joins those that overlap or touch. It works in
// place and returns the shortened slice.
func MergePorts(r []PortRange) []PortRange {
	if len(r) < 2 {
		return r
	}
	slices.SortFunc(r, func(a, b PortRange) int {
		return cmp.Or(cmp.Compare(a.Lo, b.Lo), cmp.Compare(a.Hi, b.Hi))
	})
	out := r[:1]
	for _, x := range r[1:] {
		last := &out[len(out)-1]
		if int(x.Lo) <= int(last.Hi)+1 {
			last.Hi = max(last.Hi, x.Hi)
			continue
		}
		out = append(out, x)
	}
	return out
}

// MergeAddrs sorts ranges, IPv4 first, and joins those that overlap or touch.
// It works in place and returns the shortened slice.
func MergeAddrs(r []AddrRange) []AddrRange {
	if len(r) < 2 {
		return r
	}
	slices.SortFunc(r, func(a, b AddrRange) int {
		return cmp.Or(a.Lo.Compare(b.Lo), a.Hi.Compare(b.Hi))
	})
	out := r[:1]
	for _, x := range r[1:] {
		last := &out[len(out)-1]
		if x.Lo.BitLen() == last.Lo.BitLen() {
			// Next of the family's last address is invalid, which sorts below all.
			next := last.Hi.Next()
			if !next.IsValid() || x.Lo.Compare(next) <= 0 {
				if last.Hi.Less(x.Hi) {
					last.Hi = x.Hi
				}
				continue
			}
		}
		out = append(out, x)
	}
	return out
}

// PrefixRange is the range of all addresses of a prefix.
func PrefixRange(p netip.Prefix) AddrRange {
	p = p.Masked()
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	hi, _ := netip.AddrFromSlice(b)
	return AddrRange{p.Addr(), hi}
}

// Families that the set has addresses of; a nil set (any address) has both.
func (n *Nets) Families() Family {
	if n == nil {
		return Both
	}
	// Sorted, IPv4 first: the ends tell.
	if len(n.Ranges) == 0 {
		return 0
	}
	return FamilyOf(n.Ranges[0].Lo) | FamilyOf(n.Ranges[len(n.Ranges)-1].Lo)
}

// Contains says whether the address is in the set; every address is in nil.
func (n *Nets) Contains(a netip.Addr) bool {
	if n == nil {
		return true
	}
	i, found := slices.BinarySearchFunc(n.Ranges, a, func(r AddrRange, a netip.Addr) int { return r.Lo.Compare(a) })
	if found {
		return true
	}
	return i > 0 && n.Ranges[i-1].Hi.Compare(a) >= 0
}

// Families of the destination: of its addresses; both where it holds addresses
// known only at run time. A nil destination (any) has both.
func (d *Dest) Families() Family {
	if d == nil || d.Host || len(d.Ifaces) > 0 {
		return Both
	}
	return d.Nets.Families()
}

package ruleset

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"strings"
)

// U128 is an unsigned number of up to 128 bits: any field's value.
type U128 struct{ Hi, Lo uint64 }

// Cmp is -1, 0 or 1.
func (a U128) Cmp(b U128) int {
	switch {
	case a == b:
		return 0
	case a.Hi < b.Hi || a.Hi == b.Hi && a.Lo < b.Lo:
		return -1
	}
	return 1
}

// Next is a+1, wrapping around.
func (a U128) Next() U128 {
	lo, c := bits.Add64(a.Lo, 1, 0)
	return U128{a.Hi + c, lo}
}

// Prev is a-1, wrapping around.
func (a U128) Prev() U128 {
	lo, c := bits.Sub64(a.Lo, 1, 0)
	return U128{a.Hi - c, lo}
}

// AddrValue is an address as a number: an IPv4 address in the low 32 bits.
func AddrValue(a netip.Addr) U128 {
	if a.Is4() {
		b := a.As4()
		return U128{0, uint64(binary.BigEndian.Uint32(b[:]))}
	}
	b := a.As16()
	return U128{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

// Addr4Of undoes AddrValue for IPv4.
func (a U128) Addr4Of() netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(a.Lo))
	return netip.AddrFrom4(b)
}

// Addr6Of undoes AddrValue for IPv6.
func (a U128) Addr6Of() netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], a.Hi)
	binary.BigEndian.PutUint64(b[8:], a.Lo)
	return netip.AddrFrom16(b)
}

// Form is how a term is spelled, where its values alone do not tell. It changes
// nothing in what the term means.
type Form uint8

// The forms. Plain is one value, or a prefix where the range is one of an
// address, else a range.
const (
	Plain     Form = iota
	AsRange        // a range, although a prefix would say it
	AsPrefix       // a prefix, of what is no address or as long as the field
	Less           // < Hi+1
	LessEqual      // <= Hi
	More           // > Lo-1
	MoreEqual      // >= Lo
)

// Term is one value of a field, or an inclusive range of them. Fields whose
// domain is Name or String use Text instead. In a field of another domain Text
// is a name that only the machine can resolve, where the rule is loaded: of a
// user, a host, a service.
type Term struct {
	Lo, Hi U128
	Text   string
	Form   Form
	// Unknown: not even the name is known; Text is what the source says ("$WAN").
	Unknown bool
}

// Num is the term of one number.
func Num(n uint64) Term { return Term{Lo: U128{0, n}, Hi: U128{0, n}} }

// Range is the term of the numbers from lo to hi.
func Range(lo, hi uint64) Term { return Term{Lo: U128{0, lo}, Hi: U128{0, hi}} }

// Text is the term of a name.
func Text(s string) Term { return Term{Text: s} }

// Wildcard takes the name of an interface apart: a trailing * stands for any
// characters, and for itself with a backslash before it.
func Wildcard(name string) (stem string, wild bool) {
	stem, star := strings.CutSuffix(name, "*")
	if !star {
		return name, false
	}
	if literal, ok := strings.CutSuffix(stem, `\`); ok {
		return literal + "*", false
	}
	return stem, true
}

// Addr is the term of one address.
func Addr(a netip.Addr) Term { v := AddrValue(a); return Term{Lo: v, Hi: v} }

// AddrRange is the term of the addresses from lo to hi, of one family.
func AddrRange(lo, hi netip.Addr) Term { return Term{Lo: AddrValue(lo), Hi: AddrValue(hi)} }

// Prefix is the term of the addresses of p.
func Prefix(p netip.Prefix) Term {
	lo := AddrValue(p.Masked().Addr())
	host := p.Addr().BitLen() - p.Bits()
	hi := lo
	if host >= 64 {
		hi.Lo = ^uint64(0)
		hi.Hi |= 1<<(host-64) - 1
	} else {
		hi.Lo |= 1<<host - 1
	}
	return Term{Lo: lo, Hi: hi}
}

// Single says whether the term is one value.
func (t Term) Single() bool { return t.Lo == t.Hi }

// PrefixLen is the length of the prefix that the range is, of a field of width
// bits; ok is false where it is no prefix.
func (t Term) PrefixLen(width int) (n int, ok bool) {
	x := U128{t.Lo.Hi ^ t.Hi.Hi, t.Lo.Lo ^ t.Hi.Lo}
	host := bits.Len64(x.Lo)
	if x.Hi != 0 {
		host = 64 + bits.Len64(x.Hi)
	}
	mask := lowBits(host)
	if x != mask || t.Lo.Hi&mask.Hi != 0 || t.Lo.Lo&mask.Lo != 0 {
		return 0, false
	}
	return width - host, true
}

func lowBits(n int) U128 {
	switch {
	case n >= 128:
		return U128{^uint64(0), ^uint64(0)}
	case n >= 64:
		return U128{1<<(n-64) - 1, ^uint64(0)}
	}
	return U128{0, 1<<n - 1}
}

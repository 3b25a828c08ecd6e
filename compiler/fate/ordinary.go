package fate

import (
	"net/netip"

	"github.com/loward/loward/compiler/ruleset"
)

// OrdinaryPort is the first of some ports that no rule singles out: rules treat it as
// they treat hundreds of others.
func (u *Universe) OrdinaryPort(of ...uint16) (uint16, bool) {
	for _, p := range of {
		if u.ordinary(varDport, ruleset.U128{Lo: uint64(p)}) {
			return p, true
		}
	}
	return 0, false
}

// OrdinaryAddr is the first of some addresses that no rule singles out.
func (u *Universe) OrdinaryAddr(of ...netip.Addr) (netip.Addr, bool) {
	for _, a := range of {
		if a.Is6() == u.v6 && u.ordinary(varDst, ruleset.AddrValue(a)) {
			return a, true
		}
	}
	return netip.Addr{}, false
}

func (u *Universe) ordinary(v int, n ruleset.U128) bool {
	u.space()
	lo, hi := u.bounds(v, u.classAt(v, n))
	for range 100 {
		if lo == hi {
			return false
		}
		lo = lo.Next()
	}
	return true
}

// NamedPorts are the ports that rules tell from both their neighbours, in their order:
// those that they single out, and one between two of these.
func (u *Universe) NamedPorts() []uint16 {
	u.space()
	var out []uint16
	for class := range uint32(len(u.cuts[varDport])) {
		if lo, hi := u.bounds(varDport, class); lo == hi && lo.Hi == 0 && 0 < lo.Lo && lo.Lo < 65535 {
			out = append(out, uint16(lo.Lo))
		}
	}
	return out
}

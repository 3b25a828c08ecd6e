package path

import (
	"net/netip"

	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/policy"
)

// Starts are the packets of a packet phrase: one for each interface that it names.
// A phrase that names none is of a packet that comes by some interface.
func Starts(e *policy.Expect) []Start {
	st := Start{To: e.To, From: e.From, Proto: e.Traffic.Proto}
	switch {
	case e.Traffic.Any:
		st.Proto = packet.TCP // some packet: the commonest
	case e.Traffic.IsICMP() && len(e.Traffic.Types) > 0:
		st.Type = uint8(e.Traffic.Types[0].Lo)
	case e.Traffic.HasPorts() && st.To.Port() == 0 && len(e.Traffic.Ports) > 0:
		st.To = netip.AddrPortFrom(st.To.Addr(), e.Traffic.Ports[0].Lo)
	}
	if e.Self {
		st.Owner = &packet.Owner{User: "root", Group: "root"}
		if e.User != "" {
			// Of no group that a policy names: an expectation knows users alone.
			st.Owner = &packet.Owner{User: e.User, Group: "that of " + e.User, UID: -1, GID: -1}
		}
		return []Start{st}
	}
	if e.Any && !st.From.Addr().IsValid() {
		// Some machine: an address for documentation, which is nobody's.
		st.From = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), 0)
		if st.To.Addr().Is6() {
			st.From = netip.AddrPortFrom(netip.MustParseAddr("2001:db8::1"), 0)
		}
	}
	if e.On == nil {
		st.IIF = packet.AnyLink
		return []Start{st}
	}
	var all []Start
	for _, name := range e.On.Names {
		st.IIF = name
		all = append(all, st)
	}
	return all
}

package path

import "github.com/loward/loward/compiler/ruleset"

// Stop is a place within a hook at which something happens to a packet.
type Stop struct {
	// Table and Chain of a base chain; nil where the kernel itself acts.
	Table *ruleset.Table
	Chain *ruleset.Chain
	// Conn: conntrack sees the packet. NAT: its connection is translated, by what
	// the base chains NATs say, asked one after the other.
	Conn, NAT bool
	NATs      []Stop
}

// Stops of a hook in the order in which packets of IPv4 or IPv6 meet them.
func Stops(rs *ruleset.Ruleset, h ruleset.Hook, v6 bool) []Stop {
	var out []Stop
	for _, st := range (&Space{rs: rs}).stops(h, v6) {
		o := Stop{Conn: st.conn, NAT: st.nat}
		if st.base != nil {
			o.Table, o.Chain = st.base.table, st.base.chain
		}
		for _, b := range st.nats {
			o.NATs = append(o.NATs, Stop{Table: b.table, Chain: b.chain})
		}
		out = append(out, o)
	}
	return out
}

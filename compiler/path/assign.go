package path

import (
	"fmt"

	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/ruleset"
)

// assign to a field of the packet or of its connection, and say whether the rule goes
// on: where there is no value to assign it does not match (NFT_BREAK).
func (x *execution) assign(v *variant, s *ruleset.SetField) bool {
	if s.Field == ruleset.NoField {
		x.note("set a field")
		return true // a part of the packet that no rule looks at by itself
	}
	value := packet.Value{}
	if s.From != nil {
		value = x.w.s.eval(v.p, x.w.table, s.From)
	} else {
		value = constant(s.Value)
	}
	if value.Presence == packet.Absent && x.module {
		x.note("set " + s.Field.String())
		return true // xt_CONNMARK without a connection
	}
	if value.Presence == packet.Absent {
		x.flow.next = append(x.flow.next, v)
		return false
	}
	x.note("set " + s.Field.String() + " " + show(s.Field, value))
	switch {
	case s.Field == ruleset.CTLabel && value.Presence == packet.Known:
		if c := v.p.Conn; c != nil && value.Num.Lo < 128 {
			c.Labels[value.Num.Lo/64] |= 1 << (value.Num.Lo % 64)
		}
		return true
	case s.Field == ruleset.CTHelper:
		for _, o := range x.w.table.Objects {
			if o.Kind == ruleset.ObjHelper && o.Name == value.Text {
				value.Text = o.Helper
				break
			}
		}
	}
	v.p.Set(s.Field, value)
	return true
}

func show(f ruleset.Field, v packet.Value) string {
	switch {
	case v.Presence != packet.Known:
		return "?"
	case v.Text != "":
		return v.Text
	case f.Info().Domain == ruleset.Bits:
		return fmt.Sprintf("%#x", v.Num.Lo)
	}
	return fmt.Sprint(v.Num.Lo)
}

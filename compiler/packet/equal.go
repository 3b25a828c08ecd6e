package packet

import "maps"

// Equal says whether two packets are the same to every rule.
func (p *Packet) Equal(q *Packet) bool {
	a, b := *p, *q
	if !maps.Equal(a.set, b.set) || !a.Conn.equal(b.Conn) || (a.Owner == nil) != (b.Owner == nil) || a.Owner != nil && *a.Owner != *b.Owner {
		return false
	}
	return a.IIF == b.IIF && a.OIF == b.OIF && a.Tuple() == b.Tuple() && a.Proto == b.Proto && a.Type == b.Type && a.Code == b.Code &&
		a.Flags == b.Flags && a.TTL == b.TTL && a.Mark == b.Mark && a.Link == b.Link && a.Untracked == b.Untracked
}

func (c *Conn) equal(d *Conn) bool {
	if c == nil || d == nil {
		return c == d
	}
	return c.Proto == d.Proto && c.Orig == d.Orig && c.Reply == d.Reply && c.State == d.State && c.Replying == d.Replying &&
		c.Status == d.Status && c.Mark == d.Mark && c.Labels == d.Labels && c.Helper == d.Helper &&
		c.DstDone == d.DstDone && c.SrcDone == d.SrcDone && c.Masqueraded == d.Masqueraded && maps.Equal(c.set, d.set)
}

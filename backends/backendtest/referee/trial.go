package referee

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/ruleset"
)

// trial is a packet, its reply and the acknowledgement of that, as far as there are
// such, with what the model says of each.
type trial struct {
	sent  []*sent
	model []*path.Result
	h     *host.Host
}

// group: the host sends the k-th to a group or to all.
func (t *trial) group(k int) bool {
	s := t.sent[k]
	all := func(a netip.Addr) bool { return a.IsMulticast() || t.h.TypeOf(a, "") == host.Broadcast }
	return s.IIF == "" && (all(s.To.Addr()) || all(t.model[k].Packet.Dst))
}

// newTrial asks the model about a packet, and makes the packets that follow it; next
// gives ids. An owner of a socket that answers is not known to the model, so where rules
// ask for owners no reply is sent by the host.
func newTrial(space *path.Space, h *host.Host, s *sent, owners bool, next func() uint32) *trial {
	r := space.Send(s.Start)
	t := &trial{sent: []*sent{s}, model: []*path.Result{r}, h: h}
	if r.Verdict != path.Accept || len(r.Guesses) > 0 || r.Reply == nil || t.group(0) {
		return t
	}
	back := answer(s, r, next())
	if back.IIF == "" && owners || len(r.Reply.Legs) == 0 {
		return t // or it goes past this host
	}
	t.sent, t.model = append(t.sent, back), append(t.model, r.Reply)
	if r.Reply.Reply != nil && len(r.Reply.Guesses) == 0 {
		ack := *s
		ack.id, ack.Flags, ack.seq, ack.ack = next(), packet.ACK, s.seq+1, back.seq+1
		t.sent, t.model = append(t.sent, &ack), append(t.model, r.Reply.Reply)
	}
	return t
}

// answer to a packet that has arrived, by who got it.
func answer(s *sent, r *path.Result, id uint32) *sent {
	p := r.Packet
	b := &sent{id: id, seq: s.seq + 1<<24, ack: s.seq + 1, echo: s.echo}
	b.From, b.To, b.Proto, b.TTL = netip.AddrPortFrom(p.Dst, p.Dport), netip.AddrPortFrom(p.Src, p.Sport), p.Proto, 64
	switch p.Proto {
	case packet.TCP:
		b.Flags = packet.SYN | packet.ACK
	case packet.ICMPv6:
		b.Type = 129
	}
	if last := &r.Legs[len(r.Legs)-1]; last.Hook == ruleset.Postrouting {
		b.IIF = p.OIF
	}
	b.Length = len(b.bytes())
	return b
}

// decided says whether the model knows what becomes of the k-th packet.
func (t *trial) decided(k int) bool {
	return t.model[k].Verdict != path.Undecided && len(t.model[k].Guesses) == 0
}

// compare the k-th packet's journeys; the texts are for who reads of a disagreement.
func (t *trial) compare(b *book, k int, heard map[uint32]*journey) (same bool, kernel, model *journey) {
	s, r := t.sent[k], t.model[k]
	kernel, model = heard[s.id], b.ofModel(r)
	if kernel == nil {
		kernel = &journey{}
	}
	if t.group(k) {
		var copy *journey
		if r.Copy != nil && r.Copy.Verdict != path.Undecided && len(r.Copy.Guesses) == 0 {
			copy = b.ofModel(r.Copy)
			kernel = kernel.sent(kernel)
		} else {
			kernel = kernel.sent(nil)
		}
		model = model.sent(copy)
	}
	doubtful := b.doubtful(s.Proto, r)
	kernel, model = kernel.without(doubtful), model.without(doubtful)
	return model.equal(kernel), kernel, model
}

func (s *sent) String() string {
	o := ""
	if s.Owner != nil {
		o = fmt.Sprintf(" uid %d gid %d", s.Owner.UID, s.Owner.GID)
	}
	return fmt.Sprintf("in %q proto %d %s to %s type %d flags %#x ttl %d length %d mark %d%s", s.IIF, s.Proto, s.From, s.To, s.Type, s.Flags, s.TTL, s.Length, s.Mark, o)
}

// askOwners says whether rules look at who owns a socket.
func askOwners(text string) bool {
	return strings.Contains(text, "skuid") || strings.Contains(text, "skgid") || strings.Contains(text, "-m owner")
}

package ipt

import (
	"slices"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// refusalKey tells chains that refuse apart.
type refusalKey struct {
	verdict policy.Verdict
	log     *policy.Log
	needs   bool
	m       mode // of the ports that a DHCP client's traffic has
}

// refusal is where packets go that are claimed and that nobody allows: a chain
// that keeps what IP itself needs, logs where a service asked for it, and
// answers.
func (w *lowerer) refusal(r policy.Refusal, m mode) *ruleset.Verdict {
	if !slices.ContainsFunc(w.v.Host.Interfaces, dhcp) {
		m = plain // the two would be the same
	}
	key := refusalKey{r.Verdict, r.Log, true, m}
	if v := w.refusals[key]; v != nil {
		return v
	}
	name := ""
	var c *node
	if r.Log == nil {
		c = w.chain(w.filter, "CLAIMED"+modeName(m), answerName(r.Verdict))
	} else {
		name = r.Service.Name
		c = w.chain(w.filter, "r"+modeName(m), name)
	}
	w.refusals[key] = c.to
	w.needed(c, arriving, m)
	w.refuse(c, origin{}, name, r.Log, r.Verdict)
	return w.refusals[key]
}

func answerName(v policy.Verdict) string {
	if v == policy.Reject {
		return "REJECT"
	}
	return "DROP"
}

// blockRefusal is the same for a block, and for local delivery: without what IP
// needs.
func (w *lowerer) blockRefusal(name string, log *policy.Log, v policy.Verdict) *ruleset.Verdict {
	if v == policy.Drop && log == nil {
		return ruleset.Drop
	}
	key := refusalKey{v, log, false, plain}
	if to := w.refusals[key]; to != nil {
		return to
	}
	var c *node
	if log == nil {
		c = w.filter.node(w.prefix + "REJECT")
	} else {
		c = w.chain(w.filter, answerName(v), name)
	}
	w.refusals[key] = c.to
	w.refuse(c, origin{}, name, log, v)
	return c.to
}

// refuse appends the log, if any, and the answer: nothing, or a TCP reset for
// TCP and admin-prohibited for everything else.
func (w *lowerer) refuse(c *node, o origin, name string, log *policy.Log, v policy.Verdict) {
	if log != nil {
		w.log(c, o, log, name)
	}
	if v != policy.Reject {
		c.add(o, ruleset.Drop)
		return
	}
	c.add(o, w.proto(policy.TCP), &ruleset.Reject{With: ruleset.RejectTCPReset})
	c.add(o, &ruleset.Reject{With: ruleset.RejectAdmin})
}

// needed appends what IP itself needs and what therefore passes even where
// everything is refused: neighbour discovery and router solicitation and
// advertisement, which only a neighbour can send with hop limit 255 (RFC 4861);
// MLD, which only a neighbour sends from a link-local address with hop limit 1
// (RFC 2710, RFC 3810); IGMP; and a DHCP client's traffic on its interface.
func (w *lowerer) needed(c *node, s side, m mode) {
	ports := [2]uint64{67, 68}
	if w.v6 {
		ports = [2]uint64{547, 546}
	}
	dport := ruleset.Dport
	if m&orig != 0 {
		dport = ruleset.CTOrigDport
	}
	iface := ruleset.IIFName
	if s == leaving {
		iface = ruleset.OIFName
		ports[0], ports[1] = ports[1], ports[0]
	}
	for _, i := range w.v.Host.Interfaces {
		if dhcp(i) {
			c.add(origin{"DHCP", i.Span}, w.iface(iface, i.Name), w.proto(policy.UDP),
				ruleset.In(ruleset.Sport, ruleset.Num(ports[0])), ruleset.In(dport, ruleset.Num(ports[1])), ruleset.Return)
		}
	}
	if !w.v6 {
		c.add(origin{comment: "IGMP"}, w.proto(policy.IGMP), ruleset.Return)
		return
	}
	for t := uint64(133); t <= 136; t++ {
		w.icmp6(c, "neighbour and router discovery", t, 255)
	}
	for _, t := range [...]uint64{130, 131, 132, 143} {
		w.icmp6(c, "MLD", t, 1, w.saddr().in(linkLocal6))
		if s == leaving {
			// A host reports its groups before it has a link-local address (RFC 3590).
			w.icmp6(c, "MLD", t, 1, w.saddr().in(unspecified6))
		}
	}
}

func (w *lowerer) icmp6(c *node, comment string, t, hops uint64, m ...ruleset.Stmt) {
	m = append(m, w.proto(policy.ICMPv6), ruleset.In(ruleset.ICMPv6Type, ruleset.Num(t)), ruleset.In(ruleset.IP6HopLimit, ruleset.Num(hops)), ruleset.Return)
	c.add(origin{comment: comment}, m...)
}

func dhcp(i *policy.Interface) bool { return i.DHCP }

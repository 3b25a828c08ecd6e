package resolve

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/diag"
)

// opinion is something that two services may not say differently of a packet
// that both claim.
type opinion uint8

const (
	opRefuse opinion = iota
	opLog
	opPublish
)

// claim is a range of ports or types of a protocol, or everything, of which a
// service says something. Claims with the same class agree.
type claim struct {
	any    bool
	proto  uint8
	lo, hi uint16
	fam    policy.Family
	class  int
	svc    *service
	span   diag.Span
}

// claimKey is where claims can meet: an address, an interface, or the host.
type claimKey struct {
	kind    policy.ScopeKind
	addr    netip.Addr
	iface   string
	guarded bool
}

// conflicts looks for contradictions on one host.
type conflicts struct {
	r       *resolver
	classes map[string]int
	said    map[[2]diag.Span]bool
}

// checkConflicts reports services of a host that claim a common packet and say
// different things of it.
func (r *resolver) checkConflicts(h *host) {
	c := &conflicts{r: r, classes: map[string]int{}, said: map[[2]diag.Span]bool{}}
	for op := opRefuse; op <= opPublish; op++ {
		at := map[claimKey][]claim{}
		for _, p := range h.view.Services {
			if p.RefuseSet || p.LogRefused != nil || len(p.Publishes) > 0 {
				if s := r.svcOf[p.Name]; s != nil && !s.bad {
					c.collect(h, at, op, s, p)
				}
			}
		}
		c.compare(op, at)
	}
}

// class numbers what is said, so that claims compare fast.
func (c *conflicts) class(text string) int {
	n, ok := c.classes[text]
	if !ok {
		n = len(c.classes)
		c.classes[text] = n
	}
	return n
}

func (c *conflicts) collect(h *host, at map[claimKey][]claim, op opinion, s *service, p *policy.Service) {
	if op == opRefuse && !p.RefuseSet || op == opLog && p.LogRefused == nil || op == opPublish && len(p.Publishes) == 0 {
		return
	}
	base := claim{svc: s}
	switch op {
	case opRefuse:
		base.class, base.span = int(p.Refuse), s.refuse.Span()
	case opLog:
		base.class, base.span = c.class(p.Name), s.logRefused.Span()
	}
	for _, sc := range p.Scopes {
		if sc.Kind == policy.ScopeOwn && !sc.Guarded && !h.ownShared && op != opPublish {
			continue // nobody else is on it
		}
		key := claimKey{sc.Kind, sc.Addr, sc.Iface, sc.Guarded}
		list := at[key]
		if op != opPublish && sc.Kind == policy.ScopeOwn {
			x := base
			x.any, x.fam = true, sc.Family()
			at[key] = append(list, x)
			continue
		}
		if op != opPublish {
			for _, rules := range [...][]*policy.Rule{p.Rules, p.LocalRules} {
				for _, ru := range rules {
					list = appendClaims(list, base, ru.Traffic, sc.Family())
				}
			}
		}
		if !sc.Guarded {
			for _, pub := range p.Publishes {
				x := base
				if op == opPublish {
					x.class, x.span = c.class(pub.To4.String()+" "+pub.To6.String()), pub.Span
				}
				list = appendClaims(list, x, pub.Traffic, sc.Family())
			}
		}
		at[key] = list
	}
}

func appendClaims(list []claim, base claim, traffic []policy.Traffic, fam policy.Family) []claim {
	for _, t := range traffic {
		x := base
		x.any, x.proto, x.fam = t.Any, t.Proto, t.Families&fam
		x.lo, x.hi = 0, 65535
		ranges := t.Ports
		if ranges == nil {
			ranges = t.Types
		}
		if ranges == nil {
			list = append(list, x)
		}
		for _, p := range ranges {
			x.lo, x.hi = p.Lo, p.Hi
			list = append(list, x)
		}
	}
	return list
}

// compare looks at each place, in an order that does not depend on maps.
func (c *conflicts) compare(op opinion, at map[claimKey][]claim) {
	host := at[claimKey{kind: policy.ScopeHost}]
	keys := make([]claimKey, 0, len(at))
	for k := range at {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b claimKey) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), a.addr.Compare(b.addr), cmp.Compare(a.iface, b.iface))
	})
	for _, k := range keys {
		list := at[k]
		shared := k.kind == policy.ScopeShared && !k.addr.IsLoopback() && !k.guarded
		if shared || k.kind == policy.ScopeIface {
			list = append(slices.Clip(list), host...)
		}
		if len(list) < 2 {
			continue
		}
		fam := policy.Both
		if k.addr.IsValid() {
			fam = policy.FamilyOf(k.addr)
		}
		for _, f := range [...]policy.Family{policy.V4, policy.V6} {
			if fam&f != 0 {
				c.sweep(op, f, list)
			}
		}
	}
}

// sweep finds claims that overlap and differ, in time n log n: it keeps the
// claim that reaches furthest, and the furthest one that differs from it.
func (c *conflicts) sweep(op opinion, f policy.Family, all []claim) {
	list := make([]claim, 0, len(all))
	var every *claim
	for i := range all {
		if all[i].fam&f == 0 {
			continue
		}
		if all[i].any && every == nil {
			every = &all[i]
		}
		list = append(list, all[i])
	}
	if every != nil {
		for i := range list {
			c.meet(op, every, &list[i])
		}
	}
	slices.SortStableFunc(list, func(a, b claim) int {
		return cmp.Or(cmp.Compare(a.proto, b.proto), cmp.Compare(a.lo, b.lo))
	})
	var far, other *claim
	for i := range list {
		x := &list[i]
		if x.any {
			continue
		}
		if far != nil && far.proto != x.proto {
			far, other = nil, nil
		}
		for _, y := range [...]*claim{far, other} {
			if y != nil && y.hi >= x.lo {
				c.meet(op, y, x)
			}
		}
		switch {
		case far == nil || x.hi > far.hi:
			if far != nil && far.class != x.class {
				other = far
			}
			far = x
		case x.class != far.class && (other == nil || x.hi > other.hi):
			other = x
		}
	}
}

// meet reports two claims of a common packet, unless they agree.
func (c *conflicts) meet(op opinion, a, b *claim) {
	if a.class == b.class || a.span == b.span {
		return
	}
	if compareSpans(b.span, a.span) < 0 {
		a, b = b, a
	}
	pair := [2]diag.Span{a.span, b.span}
	if c.said[pair] {
		return
	}
	c.said[pair] = true
	x, y := a.svc.p.Name, b.svc.p.Name
	switch op {
	case opRefuse:
		c.r.errorf(codePacket, b.span, "services %s and %s claim a common packet and refuse it in two ways", x, y).
			Helpf("keep one of them; a service without `refuse` has no opinion").See(a.span, "the other one")
	case opLog:
		c.r.errorf(codePacket, b.span, "services %s and %s claim a common packet and both log what is refused", x, y).
			Helpf("keep one of them; a service without `log refused` has no opinion").See(a.span, "the other one")
	case opPublish:
		c.r.errorf(codePublishTwice, b.span, "the same packets are published to two targets").
			Helpf("keep one of them").See(a.span, "the other one")
	}
}

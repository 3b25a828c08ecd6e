package resolve

import (
	"slices"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

// blockOf is what one written block says, resolved once whatever the hosts.
type blockOf struct {
	rules      []rule
	def        *ast.Default
	defVerdict policy.Verdict
	refuse     *ast.Refuse
	refuseHow  policy.Verdict
	logStmt    *ast.LogRefused
	log        *policy.Log
	span       diag.Span
}

// level is all blocks of a kind of one level: the global ones, or a host's.
func (r *resolver) level(blocks []*ast.Block) *blockOf {
	if len(blocks) == 0 {
		return nil
	}
	out := &blockOf{span: blocks[0].Span()}
	for _, b := range blocks {
		at := blockPlace(b.Kind)
		for _, s := range b.Body.Stmts {
			switch s := s.(type) {
			case *ast.Bad:
			case *ast.Rule:
				if ru, ok := r.newRule(s, at); ok {
					out.rules = append(out.rules, ru)
				}
			case *ast.Default:
				r.blockDefault(out, b.Kind, s)
			case *ast.Refuse:
				r.blockRefuse(out, b.Kind, s)
			case *ast.LogRefused:
				l := r.logRefused(s, b.Kind.String())
				switch {
				case l == nil:
				case out.log != nil && !sameLimit(out.log.Limit, l.Limit):
					r.errorf(codeContradict, s.Span(), "`%s` logs what it refuses at two rates", b.Kind).
						Helpf("keep one of them").See(out.logStmt.Span(), "the other one")
				default:
					out.log, out.logStmt = l, s
				}
			default:
				r.errorf(codePlace, s.Span(), "this statement does not belong into `%s`", b.Kind).
					Helpf("a block holds default, allow, deny, refuse and log refused")
			}
		}
	}
	return out
}

func (r *resolver) blockDefault(out *blockOf, kind ast.BlockKind, s *ast.Default) {
	var v policy.Verdict
	switch s.Verdict.Text {
	case "accept":
	case "drop":
		v = policy.Drop
	case "reject":
		v = policy.Reject
	default:
		d := r.errorf(codeOption, s.Verdict.Span, "%q is not a default", s.Verdict.Text).Helpf("write accept, drop or reject")
		if kind == ast.Local {
			d.Helpf("write accept or reject")
		}
		return
	}
	if kind == ast.Local && v == policy.Drop {
		r.localDrop(s.Verdict.Span)
		return
	}
	if out.def != nil && out.defVerdict != v {
		r.errorf(codeContradict, s.Span(), "`%s` has two different defaults", kind).
			Helpf("keep one of them").See(out.def.Span(), "the other one")
		return
	}
	if out.def == nil {
		out.def, out.defVerdict = s, v
	}
}

func (r *resolver) localDrop(s diag.Span) {
	r.errorf(codeLocalDrop, s, "local delivery is never dropped: a process must not hang on its own host").
		Helpf("write reject")
}

func (r *resolver) blockRefuse(out *blockOf, kind ast.BlockKind, s *ast.Refuse) {
	v, ok := r.refuseVerdict(s)
	switch {
	case !ok:
	case kind == ast.Local && v == policy.Drop:
		r.localDrop(s.How.Span)
	case out.refuse != nil && out.refuseHow != v:
		r.errorf(codeContradict, s.Span(), "`%s` refuses in two ways", kind).
			Helpf("keep one of them").See(out.refuse.Span(), "the other one")
	case out.refuse == nil:
		out.refuse, out.refuseHow = s, v
	}
}

// blockChecks resolves the written blocks of all levels.
func (r *resolver) blockChecks() {
	for kind := range r.blocks {
		r.levels[kind] = r.level(r.blocks[kind])
		for _, h := range r.hosts {
			h.levels[kind] = r.level(h.blocks[kind])
		}
	}
}

// reportUnplaced reports rules whose destination is on no host: what they name
// are services with addresses elsewhere than the block looks.
func (r *resolver) reportUnplaced() {
	levels := r.levels[:]
	for _, h := range r.hosts {
		levels = append(levels, h.levels[:]...)
	}
	for i, lv := range levels {
		if lv == nil {
			continue
		}
		for j := range lv.rules {
			ru := &lv.rules[j]
			to := ru.stmt.To
			if to == nil || ru.placed || ru.failed {
				continue
			}
			d := r.errorf(codeNoEffect, listSpan(to), "this has no effect: %s has no address where this block could see it", to.Words[0].Text)
			if kind := ast.BlockKind(i % len(r.levels)); kind == ast.Local || kind == ast.Inbound {
				d.Helpf("`%s` is about addresses of the host itself; what is sent to others is judged in `outbound` and `forward`", kind)
			} else {
				d.Helpf("`%s` is about addresses of other machines; what a host says to itself is judged in `local`", kind)
			}
		}
	}
}

// block unites the levels of a kind on a host. What the host says beats what is
// said globally; rules add up.
func (r *resolver) block(h *host, kind ast.BlockKind, out *policy.Block) {
	defSaid, refuseSaid := false, false
	for _, lv := range [...]*blockOf{h.levels[kind], r.levels[kind]} {
		if lv == nil {
			continue
		}
		if out.Span.IsZero() {
			out.Span = lv.span
		}
		if lv.def != nil && !defSaid {
			out.Default, defSaid = lv.defVerdict, true
		}
		if lv.refuse != nil && !refuseSaid {
			out.Refuse, refuseSaid = lv.refuseHow, true
		}
		if lv.log != nil && out.LogRefused == nil {
			out.LogRefused = lv.log
		}
		for i := range lv.rules {
			if q := r.blockRule(h, kind, &lv.rules[i]); q != nil {
				out.Rules = append(out.Rules, q)
			}
		}
	}
	if !refuseSaid && out.Default != policy.Accept {
		out.Refuse = out.Default
	}
	sortRules(out.Rules)
}

// blockRule is a block's rule as the host understands it; nil where it can't
// match there, or has a mistake.
func (r *resolver) blockRule(h *host, kind ast.BlockKind, ru *rule) *policy.Rule {
	q := ru.at()
	ok := true
	if on := ru.stmt.On; on != nil {
		q.On, ok = r.ifaceList(h, on.Words)
	}
	if out := ru.stmt.Out; out != nil {
		var good bool
		q.Out, good = r.ifaceList(h, out.Words)
		ok = ok && good
	}
	if to := ru.stmt.To; to != nil {
		var good, here bool
		q.To, here, good = r.dest(h, kind, to.Words)
		ru.placed, ru.failed = ru.placed || here, ru.failed || !good
		if !good || !here {
			return nil
		}
	}
	if !ok {
		return nil
	}
	// From and to must share a family with each other and with the traffic.
	traffic := r.trafficFamilies(q)
	q.Families = traffic & q.From.Families() & q.To.Families()
	if ru.reported {
		return q
	}
	if q.Families == 0 {
		ru.reported = true
		r.noEffect(q, effectParts(q))
		return q
	}
	for _, l := range [...]*ast.List{ru.stmt.From, ru.stmt.To} {
		if l == nil || l == ru.stmt.To && r.namesService(l) {
			continue // the families of a service are its own affair
		}
		fam := q.From.Families()
		if l == ru.stmt.To {
			fam = q.To.Families()
		}
		if lost := traffic &^ fam; lost != 0 {
			ru.reported = true
			r.oneFamily(q, lost, l, false)
		}
	}
	return q
}

func (r *resolver) namesService(l *ast.List) bool {
	for _, w := range l.Words {
		if r.svcOf[w.Text] != nil {
			return true
		}
	}
	return false
}

// dest is what stands behind to in a block of host h. here is false where it
// names a service without any address that the block could see on this host.
func (r *resolver) dest(h *host, kind ast.BlockKind, words []ast.Word) (d *policy.Dest, here, ok bool) {
	d = &policy.Dest{}
	var ranges []policy.AddrRange
	ok = true
	for _, w := range words {
		n, s := r.nets[w.Text], r.svcOf[w.Text]
		switch {
		case !w.Quoted && w.Text == "any":
			return nil, true, ok
		case !w.Quoted && looksLikeAddr(w.Text):
			a, good := r.addrItem(w)
			ok = ok && good
			ranges = append(ranges, a)
		case n != nil && s != nil:
			r.errorf(codeAmbiguous, w.Span, "%s is both a service and a net", w.Text).
				Helpf("rename one of them").
				See(s.stmt.Name.Span, "the service").See(n.stmt.Name.Span, "the net")
			ok = false
		case n != nil:
			if n.p == nil {
				ok = false
				continue
			}
			ranges = append(ranges, n.p.Ranges...)
		case s != nil:
			if s.bad || len(s.lives) == 0 {
				ok = false // reported with the service
				continue
			}
			ranges = r.destService(ranges, d, h, kind, s, w)
		default:
			r.unknownDest(w)
			ok = false
		}
	}
	if !ok {
		return nil, false, false
	}
	if len(words) == 1 {
		w := words[0]
		if r.nets[w.Text] != nil || r.svcOf[w.Text] != nil {
			d.Name = w.Text
		}
		if n := r.nets[w.Text]; n != nil {
			d.Nets = n.p
			return d, true, true
		}
	}
	if len(ranges) > 0 {
		d.Nets = &policy.Nets{Ranges: policy.MergeAddrs(ranges)}
	}
	slices.Sort(d.Ifaces)
	d.Ifaces = slices.Compact(d.Ifaces)
	here = d.Nets != nil || d.Host || len(d.Ifaces) > 0
	return d, here, true
}

// destService adds the addresses of a service: those on this host where the
// block is about what is delivered here, those on other hosts where it is about
// what is sent there.
func (r *resolver) destService(ranges []policy.AddrRange, d *policy.Dest, h *host, kind ast.BlockKind, s *service, w ast.Word) []policy.AddrRange {
	inside := kind == ast.Local || kind == ast.Inbound
	for _, home := range s.lives {
		if inside != (home == h) {
			continue
		}
		for _, c := range r.scopesAt(s, home) {
			switch {
			case c.Addr.IsValid() && (inside || !c.Addr.IsLoopback()):
				ranges = append(ranges, policy.AddrRange{Lo: c.Addr, Hi: c.Addr})
			case c.Addr.IsValid():
			case !inside && c.Kind == policy.ScopeHost:
				if len(home.addrs) == 0 || hasDHCP(home) {
					r.warnRunTime(w, home)
				}
				for a := range home.addrs {
					ranges = append(ranges, policy.AddrRange{Lo: a, Hi: a})
				}
			case !inside:
				r.warnRunTime(w, home)
			case inside && c.Kind == policy.ScopeHost:
				d.Host = true
			case inside:
				d.Ifaces = append(d.Ifaces, c.Iface)
			}
		}
	}
	return ranges
}

// warnRunTime: a block can't name addresses that only another host knows.
func (r *resolver) warnRunTime(w ast.Word, home *host) {
	r.warnf(codeRunTime, w.Span, "service %s has addresses at host %s that are known only there, at run time: this does not cover them", w.Text, home.p.Name).
		Helpf("name the addresses, or declare them on the host's interfaces")
}

func hasDHCP(h *host) bool {
	for _, i := range h.p.Interfaces {
		if i.DHCP {
			return true
		}
	}
	return false
}

func (r *resolver) unknownDest(w ast.Word) {
	if len(r.svcOf) > 0 {
		if r.hints++; r.hints <= hintLimit {
			known := map[string]bool{}
			for n := range r.svcOf {
				known[n] = true
			}
			for n := range r.nets {
				known[n] = true
			}
			d := unknownName(r, "service or net", w, known)
			if d.Help == "" {
				d.Helpf("`to` takes addresses, prefixes, nets and services")
			}
			return
		}
	}
	r.unknownNet(w)
}

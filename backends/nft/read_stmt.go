package nft

import (
	"strings"

	tree "github.com/loward/loward/backends/nft/internal/syntax"
	"github.com/loward/loward/compiler/ruleset"
)

// statements reads a rule; what is known of the packet must be set up.
func (s *State) statements(r *tree.Rule) *ruleset.Rule {
	ended := false
	for _, st := range r.Stmts {
		if ended {
			s.refuse(st.Span, "Statement after terminal statement has no effect")
			break
		}
		s.stmt(st)
		ended = terminal(st)
	}
	out := s.slabs.rule()
	*out = ruleset.Rule{Body: s.slabs.body(s.rule.body), Comment: r.Comment, Origin: origin(r.Span)}
	return out
}

func (s *State) stmt(st *tree.Stmt) {
	switch st.Kind {
	case tree.SMatch:
		s.match(st.Expr)
	case tree.SVerdict:
		s.decide(st)
	case tree.SAssign:
		s.assignment(st)
	case tree.SObject:
		s.object(st)
	case tree.SLog:
		s.add(s.log(st.Log))
	case tree.SReject:
		s.rejection(st)
	case tree.SNAT:
		s.translation(st)
	case tree.STProxy:
		s.tproxy(st)
	case tree.SSynproxy:
		s.add(synproxyOf(st.Synproxy))
	case tree.SDup, tree.SFwd:
		s.copied(st)
	case tree.SQueue:
		s.queue(st)
	case tree.SNoTrack:
		s.add(&ruleset.NoTrack{})
	case tree.SFlow:
		if t := s.rule.table; t != nil && !ruleset.HasUnknown(st.Name) && t.flowtables[st.Name] == nil {
			s.missing(st.Span, "flowtable", st.Name, nil)
		}
		s.add(&ruleset.Offload{Flowtable: ruleset.ShowUnknown(st.Name)})
	case tree.SSetUpdate, tree.SMeter:
		s.update(st)
	case tree.SReset:
		if e := s.expr(st.Expr); e != nil {
			s.add(&ruleset.Reset{Of: e})
		}
	case tree.SXT:
		s.notModelled(st.Span, "an extension of iptables")
		s.add(&ruleset.Opaque{Text: strings.Join(strings.Fields(st.Name), " "), Verdict: true})
	default:
		s.add(s.stateful(st))
	}
}

// decide reads a verdict, or a map of them.
func (s *State) decide(st *tree.Stmt) {
	x := st.Expr
	if x.Kind != tree.XVMap {
		if v := s.verdict(x); v != nil {
			s.add(v)
		} else {
			s.add(&ruleset.Opaque{Text: x.Span.Text(), Verdict: true})
		}
		return
	}
	key := s.expr(x.Args[0])
	if key == nil {
		s.opaque(x, true)
		return
	}
	v := &ruleset.VMap{Key: keys(key)}
	to := x.Args[1]
	if to.Kind == tree.XSetRef {
		v.Map = textOf(to)
		if set := s.findSet(to, to.Text); set != nil {
			if !set.Verdicts {
				s.refuse(to.Span, "%s is no map to verdicts", set.Name).See(set.Origin, "the set")
			}
			s.sameTypes(to, v.Key, set)
		}
	} else {
		v.Elems = s.elements(to, s.kindsOf(v.Key), nil, elemData{verdicts: true})
		s.overlap(v.Elems)
	}
	s.add(v)
}

// assignment to a field.
func (s *State) assignment(st *tree.Stmt) {
	e := s.expr(st.Expr)
	if e == nil {
		s.keep(st)
		return
	}
	set := &ruleset.SetField{}
	if f := ruleset.FieldOf(e); f != ruleset.NoField {
		set.Field = f
	} else {
		set.Of = e
	}
	k := s.kindOf(e)
	switch {
	case constant(st.Value) && set.Field == ruleset.CTSecMark:
		s.refuse(st.Span, "ct secmark must not be set to constant value").Helpf("it is taken from the packet: ct secmark set meta secmark")
		s.keep(st)
		return
	case constant(st.Value) && k.datatype == "ct_label":
		t, ok := s.scalar(st.Value, k)
		if !ok {
			s.keep(st)
			return
		}
		set.Value = t
	case constant(st.Value):
		t, ok := s.value(st.Value, k)
		if !ok {
			s.keep(st)
			return
		}
		set.Value = t
	case st.Value.Kind == tree.XMap:
		set.From = s.mapExpr(st.Value, []ruleset.Expr{e})
	default:
		set.From = s.expr(st.Value)
	}
	if !constant(st.Value) && set.From == nil {
		s.keep(st)
		return
	}
	s.add(set)
}

// keep a statement as it stands, of which something is wrong.
func (s *State) keep(st *tree.Stmt) {
	s.add(&ruleset.Opaque{Text: strings.Join(strings.Fields(st.Span.Text()), " ")})
}

// object hands the packet to a named object.
func (s *State) object(st *tree.Stmt) {
	k := objectKinds(st.Object)
	ref := &ruleset.ObjectRef{Kind: k}
	if st.Expr.Kind == tree.XMap {
		key := s.expr(st.Expr.Args[0])
		if key == nil {
			s.keep(st)
			return
		}
		m := &ruleset.MapExpr{Key: keys(key)}
		to := st.Expr.Args[1]
		if to.Kind == tree.XSetRef {
			m.Map = textOf(to)
			if set := s.findSet(to, to.Text); set != nil && set.Objects == nil {
				s.refuse(to.Span, "%s is no map to objects", set.Name).See(set.Origin, "the set")
			}
		} else {
			m.Elems = s.elements(to, s.kindsOf(m.Key), nil, elemData{objects: true})
		}
		ref.Map = m
		s.add(ref)
		return
	}
	name := textOf(st.Expr)
	if t := s.rule.table; t != nil && !ruleset.HasUnknown(st.Expr.Text) && t.object(k, name) == nil {
		s.missing(st.Expr.Span, k.String(), name, func() []string { return t.objectNames(k) })
	}
	if k == ruleset.ObjHelper {
		s.add(&ruleset.SetField{Field: ruleset.CTHelper, Value: ruleset.Text(name)})
		return
	}
	ref.Name = name
	s.add(ref)
}

func objectKinds(k tree.Kind) ruleset.ObjectKind {
	switch k {
	case tree.Counter:
		return ruleset.ObjCounter
	case tree.Quota:
		return ruleset.ObjQuota
	case tree.Limit:
		return ruleset.ObjLimit
	case tree.Synproxy:
		return ruleset.ObjSynproxy
	case tree.Secmark:
		return ruleset.ObjSecmark
	case tree.CTTimeout:
		return ruleset.ObjTimeout
	case tree.CTExpectation:
		return ruleset.ObjExpectation
	}
	return ruleset.ObjHelper
}

// stateful statements, which elements and objects have too.
func (s *State) stateful(st *tree.Stmt) ruleset.Stmt {
	n := st.Numbers
	if n == nil {
		n = &tree.Numbers{}
	}
	switch st.Kind {
	case tree.SCounter:
		if n.Packets.Value == 0 && n.Bytes.Value == 0 {
			if s.slabs.counter == nil {
				s.slabs.counter = &ruleset.Counter{}
			}
			return s.slabs.counter
		}
		return &ruleset.Counter{Packets: n.Packets.Value, Bytes: n.Bytes.Value}
	case tree.SQuota:
		return &ruleset.Quota{Bytes: n.Bytes.Value * unitBytes(n.Unit), Used: n.Used.Value * unitBytes(n.UsedUnit), Over: st.Over}
	case tree.SLimit:
		l := &ruleset.Limit{Rate: clampInt(n.Rate.Value), Unit: n.Per, Burst: clampInt(n.Burst.Value), Over: st.Over}
		if n.Rate.Given && n.Rate.Value == 0 && !ruleset.HasUnknown(n.Rate.Text) {
			s.refuse(n.Rate.Span, "limit rate must be > 0")
		}
		if n.Burst.Given && n.Burst.Value == 0 && n.Unit == "" && !ruleset.HasUnknown(n.Burst.Text) {
			s.refuse(n.Burst.Span, "packet limit burst must be > 0")
		}
		if n.Unit != "" {
			l.Bytes, l.Rate = true, clampInt(n.Rate.Value*unitBytes(n.Unit))
			l.Burst = clampInt(n.Burst.Value * unitBytes(n.BurstUnit))
		}
		return l
	case tree.SLast:
		return &ruleset.Last{Used: n.Used.Given, Ago: milli(n.Used)}
	case tree.SConnCount:
		return &ruleset.ConnCount{Count: uint32(n.Count.Value), Over: st.Over}
	case tree.SMatch, tree.SObject:
	}
	s.notModelled(st.Span, st.Span.Text())
	return &ruleset.Opaque{Text: strings.Join(strings.Fields(st.Span.Text()), " ")}
}

func clampInt(v uint64) int { return int(min(v, 1<<62)) }

func unitBytes(u string) uint64 {
	switch u {
	case "kbytes":
		return 1024
	case "mbytes":
		return 1024 * 1024
	}
	return 1
}

func (s *State) log(l *tree.Log) *ruleset.Log {
	out := &ruleset.Log{Snaplen: -1}
	if l.Prefix != nil {
		out.Prefix = textOf(l.Prefix)
		if len(out.Prefix) > maxPrefix && !ruleset.HasUnknown(l.Prefix.Text) {
			s.refuse(l.Prefix.Span, "log prefix is too long: %d bytes, at most %d", len(out.Prefix), maxPrefix)
		}
	}
	if out.Level = ruleset.ShowUnknown(l.Level.Text); out.Level == "warn" {
		out.Level = "" // what it is without a word
	}
	if l.Group.Given {
		out.Nflog, out.Group = true, int(l.Group.Value)
	}
	s.logOptions(l)
	if l.Snaplen.Given {
		out.Snaplen, out.Nflog = int(l.Snaplen.Value), true
	}
	if l.QueueThreshold.Given {
		out.Threshold, out.Nflog = int(l.QueueThreshold.Value), true
	}
	if out.Flags = append(out.Flags, l.Flags...); len(out.Flags) > 4 {
		out.Flags = []string{"all"}
	}
	return out
}

// rejection reads reject. Without a word it is port unreachable of the family,
// and a reset asks for TCP.
func (s *State) rejection(st *tree.Stmt) {
	r := &ruleset.Reject{With: ruleset.RejectPort}
	family := ruleset.Inet
	if n := s.rule.network; n != "" && n != "ip" && n != "ip6" {
		s.refuse(st.Span, "cannot reject this network family")
	}
	switch st.Reject.Type {
	case "tcp reset":
		if s.needTransport(st.Span, 6, "tcp") {
			r.With = ruleset.RejectTCPReset
		}
		s.add(r)
		return
	case "":
		// The family that the rule has settled answers in its own words.
		switch s.rule.network {
		case "ip":
			r.Of = ruleset.IP
		case "ip6":
			r.Of = ruleset.IP6
		}
		s.add(r)
		return
	case "icmpx":
		if f := s.rule.family; f == ruleset.IP || f == ruleset.IP6 {
			s.refuse(st.Span, "abstracted ICMP unreachable not supported").Helpf("write reject with %s", map[bool]string{false: "icmp", true: "icmpv6"}[f == ruleset.IP6])
		}
	case "icmp":
		family = ruleset.IP
		if !s.needNetwork(st.Span, "ip") {
			s.keep(st)
			return
		}
	case "icmpv6":
		family = ruleset.IP6
		if !s.needNetwork(st.Span, "ip6") {
			s.keep(st)
			return
		}
	}
	r.Of = family
	if st.Reject.Code == nil { // JSON may leave it out
		if family == ruleset.Inet && st.Reject.Type != "icmpx" {
			s.refuse(st.Span, "unknown type of reject: %q", st.Reject.Type).Helpf("icmp, icmpv6, icmpx or tcp reset")
		}
		s.add(r)
		return
	}
	k := kind{datatype: st.Reject.Type + "_code", width: 8}
	t, ok := s.scalar(st.Reject.Code, k)
	if !ok || t.Text != "" {
		s.keep(st)
		return
	}
	r.With = rejectWith(family, t.Lo.Lo)
	if r.With == ruleset.RejectCode {
		r.Code = uint8(t.Lo.Lo)
	}
	s.add(r)
}

// rejectWith is the answer of an ICMP code (linux/icmp.h, linux/icmpv6.h and
// nft's own icmpx, enum nft_reject_inet_code).
func rejectWith(f ruleset.Family, code uint64) ruleset.RejectWith {
	var codes []ruleset.RejectWith
	switch f {
	case ruleset.IP:
		codes = []ruleset.RejectWith{0: ruleset.RejectNet, 1: ruleset.RejectHost, 2: ruleset.RejectProto, 3: ruleset.RejectPort,
			4: ruleset.RejectCode, 5: ruleset.RejectCode, 6: ruleset.RejectCode, 7: ruleset.RejectCode, 8: ruleset.RejectCode,
			9: ruleset.RejectNetProhib, 10: ruleset.RejectHostProhib, 11: ruleset.RejectCode, 12: ruleset.RejectCode, 13: ruleset.RejectAdmin}
	case ruleset.IP6:
		codes = []ruleset.RejectWith{0: ruleset.RejectNet, 1: ruleset.RejectAdmin, 2: ruleset.RejectCode, 3: ruleset.RejectHost,
			4: ruleset.RejectPort, 5: ruleset.RejectPolicyFail, 6: ruleset.RejectRejectRoute}
	default:
		codes = []ruleset.RejectWith{0: ruleset.RejectNet, 1: ruleset.RejectPort, 2: ruleset.RejectHost, 3: ruleset.RejectAdmin}
	}
	if code < uint64(len(codes)) {
		return codes[code]
	}
	return ruleset.RejectCode
}

// maxSetStmts of an element (NFT_SET_EXPR_MAX).
const maxSetStmts = 2

// update of a set by a rule.
func (s *State) update(st *tree.Stmt) {
	u := st.Update
	key := s.expr(u.Key)
	if key == nil {
		s.keep(st)
		return
	}
	out := &ruleset.SetUpdate{Op: map[string]ruleset.UpdateOp{"add": ruleset.OpAdd, "update": ruleset.OpUpdate, "delete": ruleset.OpDelete}[u.Op],
		Set: ruleset.ShowUnknown(u.Set.Text), Key: keys(key), Timeout: milli(u.Timeout), Comment: u.Comment, Size: clampInt(u.Size.Value)}
	if st.Kind == tree.SMeter {
		out.Op = ruleset.OpMeter
	}
	for _, x := range u.Stmts {
		out.Stmts = append(out.Stmts, s.stateful(x))
	}
	if len(u.Stmts) > maxSetStmts {
		s.refuse(st.Span, "Argument list too long: an element has at most %d statements", maxSetStmts)
	}
	if u.Comment != "" {
		s.refuse(u.Key.Span, "Key expression comments are not supported")
	}
	var set *ruleset.Set
	if st.Kind != tree.SMeter {
		set = s.setNamed(u.Set.Span, u.Set.Text)
	}
	if set != nil && !set.Verdicts && set.Data == nil && set.Objects == nil && !set.Constant {
		set.Dynamic = true // as nft makes it, said or not
	}
	if u.Data != nil {
		switch {
		case u.Data.Kind == tree.XVerdict:
			out.Verdict = s.verdict(u.Data)
		case constant(u.Data):
			if set != nil && set.Data != nil {
				terms, ok := s.key(u.Data, s.kindsOf(set.Data))
				if ok {
					for _, t := range terms {
						out.Data = append(out.Data, t)
					}
				}
			} else if t, ok := s.value(u.Data, kind{width: 32}); ok {
				out.Data = []ruleset.Expr{t}
			}
		default:
			if d := s.expr(u.Data); d != nil {
				out.Data = keys(d)
			}
		}
	}
	s.add(out)
}

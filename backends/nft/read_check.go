package nft

import (
	"slices"

	tree "github.com/loward/loward/backends/nft/internal/syntax"
	"github.com/loward/loward/compiler/ruleset"
)

// terminal says whether nothing of a rule can stand behind a statement
// (STMT_F_TERMINAL of nft's evaluation).
func terminal(st *tree.Stmt) bool {
	switch st.Kind {
	case tree.SVerdict:
		return st.Expr.Kind == tree.XVerdict && st.Expr.Text != "continue"
	case tree.SReject, tree.SNAT, tree.SQueue, tree.SFwd:
		return true
	}
	return false
}

// logOptions refuses options of log that exclude each other.
func (s *State) logOptions(l *tree.Log) {
	netlink := l.Group.Given || l.Snaplen.Given || l.QueueThreshold.Given
	at := l.Level.Span
	switch {
	case l.Level.Text != "" && netlink:
		s.refuse(at, "level and group are mutually exclusive")
	case len(l.Flags) > 0 && l.Group.Given:
		s.refuse(l.Group.Span, "flags and group are mutually exclusive")
	case l.Level.Text == "audit" && (l.Prefix != nil || len(l.Flags) > 0):
		s.refuse(at, "log level audit doesn't support any further options")
	}
}

// queueNumber refuses what can't be the number of a queue.
func (s *State) queueNumber(st *tree.Stmt, q *ruleset.Queue) {
	x := st.Expr
	most := uint64(0)
	switch e := q.From.(type) {
	case *ruleset.Numgen:
		most = uint64(e.Mod) + uint64(e.Offset)
	case *ruleset.Hash:
		most = uint64(e.Mod) + uint64(e.Offset)
	case ruleset.Field:
		s.refuse(x.Span, "invalid queue expr type %s", e)
		return
	}
	if most > 1<<16 {
		s.refuse(x.Span, "queue expression max value exceeds 65535")
	}
	if q.Fanout && (q.From == nil && q.Hi <= q.Lo || most > 0) {
		s.refuse(st.Span, "fanout requires a range to be specified")
	}
}

// inBounds refuses numbers for which a type has more bits than values.
func (s *State) inBounds(x *tree.Expr, k kind, v uint64) bool {
	most := uint64(0)
	switch {
	case k.datatype == "day":
		most = 6
	case k.datatype == "ct_label":
		if v > 127 {
			s.refuse(x.Span, "%d: bit %d out of range (128 max)", v, v)
			return false
		}
		return true
	case k.of == ruleset.SocketTransparent, k.of == ruleset.SocketWildcard:
		most = 1
	default:
		return true
	}
	if v > most {
		s.refuse(x.Span, "Value %d exceeds valid range 0-%d", v, most)
		return false
	}
	return true
}

// familyField refuses fields that tables of the family can't look at.
func (s *State) familyField(x *tree.Expr, f ruleset.Field) bool {
	family := s.rule.family
	switch f {
	case ruleset.NFProto:
		if family != ruleset.Inet {
			s.refuse(x.Span, "meta nfproto is only useful in the inet family")
			return false
		}
	case ruleset.IBRName, ruleset.OBRName, ruleset.IBRPVID, ruleset.IBRVProto, ruleset.Broute:
		if family != ruleset.Bridge {
			s.refuse(x.Span, "Operation not supported: %s is only in tables of the family bridge", f)
			return false
		}
	}
	return true
}

// hookFits refuses base chains that the kernel has no place for: of a type or a
// family that has nothing at the hook.
func (s *State) hookFits(spec *tree.ChainSpec, b *ruleset.Base, f ruleset.Family) {
	if _, ok := hookNamed(spec.Hook.Text); !ok {
		return
	}
	ok := true
	switch b.Hook {
	case ruleset.Ingress:
		ok = f == ruleset.Netdev || f == ruleset.Inet
	case ruleset.Egress:
		ok = f == ruleset.Netdev
	case ruleset.Prerouting, ruleset.Forward, ruleset.Postrouting:
		ok = f != ruleset.Netdev && f != ruleset.ARP
	default:
		ok = f != ruleset.Netdev
	}
	switch b.Type {
	case "nat":
		ok = ok && (f == ruleset.IP || f == ruleset.IP6 || f == ruleset.Inet) && b.Hook != ruleset.Forward && b.Hook != ruleset.Ingress
	case "route":
		ok = ok && (f == ruleset.IP || f == ruleset.IP6 || f == ruleset.Inet) && b.Hook == ruleset.Output
	}
	if !ok {
		s.refuse(spec.Hook.Span, "Operation not supported: there are no chains of type %s at %s in the family %s", b.Type, b.Hook, f)
	}
}

// overlap refuses elements that share a part of their keys, as nft does where it
// does not merge them: the same element twice is fine, the same key with another
// value is not.
func (s *State) overlap(elems []ruleset.Elem) {
	for i := range elems {
		e := &elems[i]
		if !e.Any && (len(e.Key) != 1 || e.Key[0].Text != "" || e.Key[0].Unknown) {
			return
		}
	}
	last := -1
	for _, i := range byKey(elems) {
		if last < 0 || elems[i].Key[0].Lo.Cmp(elems[last].Key[0].Hi) > 0 {
			last = i
			continue
		}
		later, earlier := &elems[max(i, last)], &elems[min(i, last)]
		switch same := later.Key[0].Lo == earlier.Key[0].Lo && later.Key[0].Hi == earlier.Key[0].Hi; {
		case same && sameData(later, earlier):
		case same:
			s.refuse(later.Origin, "File exists: the key is there already, with another value").See(earlier.Origin, "here")
			return
		default:
			s.refuse(later.Origin, "conflicting intervals specified").See(earlier.Origin, "the other").
				Helpf("auto-merge in the set's definition merges them")
			return
		}
		if elems[i].Key[0].Hi.Cmp(elems[last].Key[0].Hi) > 0 {
			last = i
		}
	}
}

// sameData says whether two elements of a map hold the same.
func sameData(a, b *ruleset.Elem) bool {
	if (a.Verdict == nil) != (b.Verdict == nil) || len(a.Data) != len(b.Data) || a.Object != b.Object {
		return false
	}
	for i := range a.Data {
		if a.Data[i].Lo != b.Data[i].Lo || a.Data[i].Hi != b.Data[i].Hi || a.Data[i].Text != b.Data[i].Text {
			return false
		}
	}
	return a.Verdict == nil || a.Verdict.Kind == b.Verdict.Kind && a.Verdict.Chain == b.Verdict.Chain && a.Verdict.Inline == nil
}

// fewElements is up to where every command that adds to a set has all of it looked
// through for overlaps; in a greater set only those that add much do.
const fewElements = 4096

// checkElements refuses what elements that were added can't be in their set.
func (s *State) checkElements(set *ruleset.Set, added []ruleset.Elem) {
	for i := range added {
		e := &added[i]
		for _, t := range e.Data {
			if set.DataInterval || t.Single() || t.Text != "" || t.Unknown {
				continue
			}
			if !s.json {
				s.refuse(e.Origin, "Value must be a singleton").See(set.Origin, "the map").Helpf("write interval before the type of its values")
				return
			}
			set.DataInterval = true // nft's JSON does not say so
		}
		for _, t := range e.Key {
			wildcard := t.Text != "" && !t.Unknown && wild(t.Text)
			if !set.Interval && (wildcard || !t.Single() && t.Text == "" && !t.Unknown) {
				what := "range"
				if _, prefix := t.PrefixLen(128); wildcard || prefix && t.Form != ruleset.AsRange {
					what = "prefix"
				}
				s.refuse(e.Origin, "You must add 'flags interval' to your set declaration if you want to add %s elements", what).See(set.Origin, "the set")
				return
			}
		}
		if e.Timeout > 0 && !set.Timeouts && !set.Dynamic {
			s.refuse(e.Origin, "Invalid argument: the elements of this set have no timeout").See(set.Origin, "the set").Helpf("add flags timeout to it")
			return
		}
	}
	mapped := set.Verdicts || set.Data != nil || set.Objects != nil
	if set.AutoMerge || !set.Interval && !mapped || len(set.Elems) > fewElements && len(added) < len(set.Elems)/8 {
		return
	}
	s.overlap(set.Elems)
}

// byKey are the numbers of elements in the order of where their keys begin.
func byKey(elems []ruleset.Elem) []int {
	order := make([]int, 0, len(elems))
	for i := range elems {
		if !elems[i].Any {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return elems[a].Key[0].Lo.Cmp(elems[b].Key[0].Lo) })
	return order
}

package corpus

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// meaning is a rule in words that do not depend on how it was written: its plain
// statements without spelling, values in order.
func meaning(r *ruleset.Rule) string {
	// Matches side by side hold in any order, and what follows from one of them may
	// be said or not.
	var parts, matches []string
	flush := func() {
		slices.Sort(matches)
		parts = append(parts, slices.Compact(matches)...)
		matches = nil
	}
	for s := range r.Plain {
		switch s := s.(type) {
		case *ruleset.Counter:
		case *ruleset.Match:
			if !whole(s) {
				matches = append(matches, stmt(s))
			}
		default:
			flush()
			parts = append(parts, stmt(s))
		}
	}
	flush()
	return strings.Join(parts, "; ")
}

// whole: any value will do.
func whole(m *ruleset.Match) bool {
	w := ruleset.WidthOf(m.Of)
	if m.Field != ruleset.NoField {
		w = m.Field.Info().Width
	}
	return m.Op == ruleset.OpIn && !m.Neg && len(m.Terms) == 1 && w > 1 && w < 64 && m.Terms[0].Text == "" && m.Terms[0].Lo == (ruleset.U128{}) &&
		m.Terms[0].Hi == (ruleset.U128{Lo: 1<<w - 1})
}

func stmt(s ruleset.Stmt) string {
	switch s := s.(type) {
	case *ruleset.Match:
		op := [...]string{"", "&", "/" + u128(s.Mask)}[s.Op]
		neg := ""
		if s.Neg {
			neg = "!"
		}
		return place(s.Field, s.Of) + " " + neg + op + terms(s.Terms)
	case *ruleset.Compare:
		return fmt.Sprintf("%s ==%v %s", expr(s.Left), s.Neg, expr(s.Right))
	case *ruleset.Lookup:
		return fmt.Sprintf("%s in%v %s%s", exprs(s.Key), s.Neg, s.Set, elems(s.Elems))
	case *ruleset.VMap:
		return fmt.Sprintf("%s vmap %s%s", exprs(s.Key), s.Map, elems(s.Elems))
	case *ruleset.Verdict:
		text := s.Kind.String() + " " + s.Chain
		for _, r := range s.Inline {
			text += "{" + meaning(r) + "}"
		}
		return text
	case *ruleset.NAT:
		return fmt.Sprintf("%s %v-%v:%d-%d %s%s to %s/%s of %s %v", s.Kind, s.Lo, s.Hi, s.PortLo, s.PortHi, s.Map, exprs(s.Key), expr(s.To), expr(s.ToPort), s.Of,
			[]bool{s.Netmap, s.Random, s.FullyRandom, s.Persistent})
	case *ruleset.SetField:
		return fmt.Sprintf("set %s %s %s", place(s.Field, s.Of), term(s.Value), expr(s.From))
	case *ruleset.SetUpdate:
		text := fmt.Sprintf("%s %s %s %v %s size %d", s.Op, s.Set, exprs(s.Key), s.Timeout, exprs(s.Data), s.Size)
		if s.Verdict != nil {
			text += stmt(s.Verdict)
		}
		for _, x := range s.Stmts {
			text += " " + stmt(x)
		}
		return text
	case *ruleset.ObjectRef:
		if s.Map != nil {
			return s.Kind.String() + " " + expr(s.Map)
		}
		return s.Kind.String() + " " + s.Name
	case *ruleset.Queue:
		return fmt.Sprintf("queue %d-%d %s %v %v", s.Lo, s.Hi, expr(s.From), s.Bypass, s.Fanout)
	case *ruleset.TProxy:
		return fmt.Sprintf("tproxy %s %v:%d %s %s %d/%d", s.Of, s.Addr, s.Port, expr(s.To), expr(s.ToPort), s.Mark, s.MarkMask)
	case *ruleset.Dup:
		return "dup " + expr(s.To) + " " + expr(s.Device)
	case *ruleset.Fwd:
		return "fwd " + s.Of.String() + " " + expr(s.To) + " " + expr(s.Device)
	case *ruleset.Reset:
		return "reset " + expr(s.Of)
	case *ruleset.Log:
		flags := slices.Clone(s.Flags)
		slices.Sort(flags)
		return fmt.Sprintf("log %q %v %d %q %v %d %d", s.Prefix, s.Nflog, s.Group, s.Level, flags, s.Snaplen, s.Threshold)
	case *ruleset.Reject:
		return fmt.Sprintf("reject %d %d", s.With, s.Code)
	case *ruleset.Opaque:
		return "opaque " + s.Text
	case *ruleset.May:
		return "may " + s.Why
	case *ruleset.Limit:
		return fmt.Sprintf("limit %+v", *s)
	case *ruleset.Quota:
		return fmt.Sprintf("quota %+v", *s)
	case *ruleset.ConnCount:
		return fmt.Sprintf("conncount %+v", *s)
	case *ruleset.Synproxy:
		return fmt.Sprintf("synproxy %+v", *s)
	case *ruleset.Meter:
		return fmt.Sprintf("meter %+v", *s)
	case *ruleset.Offload:
		return "offload " + s.Flowtable
	}
	return fmt.Sprintf("%T", s)
}

func place(f ruleset.Field, of ruleset.Expr) string {
	if f != ruleset.NoField {
		return f.String()
	}
	return expr(of)
}

func u128(v ruleset.U128) string {
	if v.Hi == 0 {
		return fmt.Sprint(v.Lo)
	}
	return fmt.Sprintf("%d.%d", v.Hi, v.Lo)
}

func term(t ruleset.Term) string {
	if t.Text != "" {
		return t.Text
	}
	if t.Lo == t.Hi {
		return u128(t.Lo)
	}
	return u128(t.Lo) + "-" + u128(t.Hi)
}

// terms in order, those that touch as one.
func terms(all []ruleset.Term) string {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b ruleset.Term) int { return cmp.Or(cmp.Compare(a.Text, b.Text), a.Lo.Cmp(b.Lo)) })
	var parts []string
	for i := 0; i < len(all); i++ {
		t := all[i]
		for t.Text == "" && i+1 < len(all) && all[i+1].Lo == t.Hi.Next() {
			i++
			t.Hi = all[i].Hi
		}
		parts = append(parts, term(t))
	}
	return strings.Join(parts, ",")
}

func elems(all []ruleset.Elem) string {
	var parts []string
	for _, e := range all {
		text := ""
		for _, t := range e.Key {
			text += term(t) + "."
		}
		if e.Any {
			text = "*"
		}
		for _, t := range e.Data {
			text += ":" + term(t)
		}
		if e.Verdict != nil {
			text += ":" + stmt(e.Verdict)
		}
		parts = append(parts, text+e.Object)
	}
	slices.Sort(parts)
	return "{" + strings.Join(parts, " ") + "}"
}

func exprs(all []ruleset.Expr) string {
	var parts []string
	for _, e := range all {
		parts = append(parts, expr(e))
	}
	return strings.Join(parts, " . ")
}

func expr(e ruleset.Expr) string {
	switch e := e.(type) {
	case nil:
		return ""
	case ruleset.Field:
		return e.String()
	case ruleset.Term:
		return term(e)
	case *ruleset.Selector:
		return e.Kind.String() + " " + strings.Join(e.Args, " ")
	case *ruleset.Binary:
		return "(" + expr(e.Left) + e.Op.String() + expr(e.Right) + ")"
	case *ruleset.Numgen:
		return fmt.Sprintf("numgen %+v", *e)
	case *ruleset.Hash:
		return fmt.Sprintf("hash %s %d %d %d", exprs(e.Key), e.Mod, e.Offset, e.Seed)
	case *ruleset.MapExpr:
		return exprs(e.Key) + " map " + e.Map + elems(e.Elems)
	case ruleset.Concat:
		return exprs(e)
	}
	return fmt.Sprintf("%T", e)
}

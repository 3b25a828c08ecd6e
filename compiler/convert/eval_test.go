package convert

import (
	"fmt"
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// packet is what the tests judge: the fields that it has. Interface names are in
// names.
type packet struct {
	fields map[ruleset.Field]uint64
	names  map[ruleset.Field]string
}

// machine runs one packet through a table, and notes everything that is done to
// it on the way.
type machine struct {
	t      *ruleset.Table
	p      packet
	done   []string
	levels int
}

// answer of a chain.
type answer uint8

const (
	fell answer = iota // off its end
	accepted
	dropped
	returned
)

// judge a packet at a hook: the verdict, and what was done before it.
func judge(t *ruleset.Table, h ruleset.Hook, p packet) string {
	copied := packet{map[ruleset.Field]uint64{}, p.names}
	for f, v := range p.fields {
		copied.fields[f] = v
	}
	m := &machine{t: t, p: copied}
	verdict := "none"
	for _, c := range t.Chains {
		if c.Base == nil || c.Base.Hook != h {
			continue
		}
		verdict = "accept"
		switch m.chain(c) {
		case dropped:
			verdict = "drop"
		case fell, returned:
			verdict = c.Base.Policy.String()
		}
	}
	return strings.Join(append(m.done, verdict), ", ")
}

func (m *machine) chain(c *ruleset.Chain) answer {
	if c == nil {
		panic("a jump to nowhere")
	}
	if m.levels++; m.levels > 1000 {
		panic("a loop")
	}
	for _, r := range c.Rules {
		if a := m.rule(r); a != fell {
			if a == returned {
				return fell
			}
			return a
		}
	}
	return fell
}

// rule gives fell where the next rule is to be looked at.
func (m *machine) rule(r *ruleset.Rule) answer {
	for s := range r.Plain {
		switch s := s.(type) {
		case *ruleset.Match:
			if !m.match(s) {
				return fell
			}
		case *ruleset.Lookup:
			elems := s.Elems
			if s.Set != "" {
				elems = m.t.Find(s.Set).Elems
			}
			for _, k := range s.Key {
				if !m.has(ruleset.FieldOf(k)) {
					return fell
				}
			}
			if e := m.find(s.Key, elems); (e != nil) == s.Neg {
				return fell
			}
		case *ruleset.VMap:
			elems := s.Elems
			if s.Map != "" {
				elems = m.t.Find(s.Map).Elems
			}
			e := m.find(s.Key, elems)
			if e == nil {
				return fell
			}
			if a, ends := m.verdict(e.Verdict); ends {
				return a
			}
		case *ruleset.Limit:
			m.done = append(m.done, fmt.Sprintf("asked %d/%s", s.Rate, s.Unit))
			// Every other packet passes, as its length tells.
			if passes := m.p.fields[ruleset.PacketLength]%2 == 0; passes == s.Over {
				return fell
			}
		case *ruleset.Log:
			m.done = append(m.done, "log "+s.Prefix)
		case *ruleset.SetField:
			m.done = append(m.done, fmt.Sprintf("set %s %d", s.Field, s.Value.Lo.Lo))
			m.p.fields[s.Field] = s.Value.Lo.Lo
		case *ruleset.Reject:
			m.done = append(m.done, fmt.Sprintf("reject %d", s.With))
			return dropped
		case *ruleset.Verdict:
			if a, ends := m.verdict(s); ends {
				return a
			}
		case *ruleset.Counter:
		default:
			panic(fmt.Sprintf("%T", s))
		}
	}
	return fell
}

func (m *machine) verdict(v *ruleset.Verdict) (answer, bool) {
	switch v.Kind {
	case ruleset.VerdictAccept:
		return accepted, true
	case ruleset.VerdictDrop:
		return dropped, true
	case ruleset.VerdictReturn:
		return returned, true
	case ruleset.VerdictContinue:
		return fell, false
	}
	c := m.t.Chain(v.Chain)
	if v.Inline != nil {
		c = &ruleset.Chain{Rules: v.Inline}
	}
	a := m.chain(c)
	if a == fell && v.Kind == ruleset.VerdictGoto {
		return returned, true
	}
	return a, a != fell
}

func (m *machine) find(key []ruleset.Expr, elems []ruleset.Elem) *ruleset.Elem {
	var other *ruleset.Elem
next:
	for i := range elems {
		e := &elems[i]
		if e.Any {
			other = e
			continue
		}
		for j, k := range key {
			if !m.match(&ruleset.Match{Field: ruleset.FieldOf(k), Terms: []ruleset.Term{e.Key[j]}}) {
				continue next
			}
		}
		return e
	}
	for _, k := range key {
		if !m.has(ruleset.FieldOf(k)) {
			return nil
		}
	}
	return other
}

func (m *machine) has(f ruleset.Field) bool {
	if f.Info().Domain == ruleset.Name {
		return true
	}
	_, ok := m.p.fields[f]
	return ok
}

func (m *machine) match(s *ruleset.Match) bool {
	if !m.has(s.Field) {
		return false
	}
	hit := false
	for _, t := range s.Terms {
		if s.Field.Info().Domain == ruleset.Name {
			name := m.p.names[s.Field]
			stem, wild := strings.CutSuffix(t.Text, "*")
			hit = hit || name == t.Text || wild && strings.HasPrefix(name, stem)
			continue
		}
		v := m.p.fields[s.Field]
		switch s.Op {
		case ruleset.OpAny:
			hit = hit || v&t.Lo.Lo != 0
			continue
		case ruleset.OpMask:
			v &= s.Mask.Lo
		}
		hit = hit || t.Lo.Lo <= v && v <= t.Hi.Lo
	}
	return hit != s.Neg
}

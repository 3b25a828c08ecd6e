package iptables

import "github.com/loward/loward/compiler/ruleset"

// sum is a 64 bit FNV-1a sum being made.
type sum uint64

const (
	sumStart = sum(14695981039346656037)
	sumPrime = 1099511628211
)

func (h *sum) num(n uint64) {
	for range 8 {
		*h = (*h ^ sum(n&0xff)) * sumPrime
		n >>= 8
	}
}

func (h *sum) text(s string) {
	for i := 0; i < len(s); i++ {
		*h = (*h ^ sum(s[i])) * sumPrime
	}
	h.num(uint64(len(s)))
}

func (h *sum) flag(b bool) {
	if b {
		h.num(1)
	} else {
		h.num(0)
	}
}

// fingerprint of what a rule says: that of the rules which -D takes for the same
// is equal.
func fingerprint(r *ruleset.Rule) uint64 {
	h := sumStart
	for _, s := range r.Body {
		h.stmt(s)
	}
	return uint64(h)
}

func (h *sum) stmt(s ruleset.Stmt) {
	switch s := s.(type) {
	case *ruleset.Match:
		h.match(s)
	case *ruleset.Verdict:
		h.num(2<<8 | uint64(s.Kind))
		h.text(s.Chain)
	case *ruleset.Opaque:
		h.num(3 << 8)
		h.text(s.Text)
	case *ruleset.Module:
		h.num(4 << 8)
		h.text(s.Name)
		h.flag(s.Target)
		if exact(s.Means) { // --dport ssh and --dport 22 are the same
			for _, s := range s.Means {
				h.stmt(s)
			}
			return
		}
		for _, a := range s.Args {
			h.text(a)
		}
	}
}

// exact: matches of fields say all there is.
func exact(means []ruleset.Stmt) bool {
	for _, s := range means {
		if m, ok := s.(*ruleset.Match); !ok || m.Field == ruleset.NoField {
			return false
		}
	}
	return len(means) > 0
}

func (h *sum) match(m *ruleset.Match) {
	h.num(1<<32 | uint64(m.Field)<<16 | uint64(m.Op))
	h.flag(m.Neg)
	h.num(m.Mask.Hi)
	h.num(m.Mask.Lo)
	for i := range m.Terms {
		t := &m.Terms[i]
		h.num(t.Lo.Hi)
		h.num(t.Lo.Lo)
		h.num(t.Hi.Hi)
		h.num(t.Hi.Lo)
		h.text(t.Text)
	}
	h.num(uint64(len(m.Terms)))
}

package iptables

import (
	"slices"

	"github.com/loward/loward/compiler/ruleset"
)

// list is the rules of a chain. Both its ends grow cheaply, for scripts that
// insert every rule in front.
type list struct {
	buf  []*ruleset.Rule // the rules are buf[head:]
	head int
	// shared: a ruleset that was handed out has these rules. What is behind them
	// is not its own.
	shared bool
	// sums are the fingerprints of the rules, kept once one was looked for.
	sums []uint64
}

func (l *list) len() int { return len(l.buf) - l.head }

func (l *list) at(i int) *ruleset.Rule { return l.buf[l.head+i] }

// share the rules with a ruleset.
func (l *list) share() []*ruleset.Rule {
	if l.len() == 0 {
		return nil
	}
	l.shared = true
	return l.buf[l.head:len(l.buf):len(l.buf)]
}

// own makes sure that nobody else has the rules.
func (l *list) own() {
	if l.shared {
		l.buf, l.head, l.shared = slices.Clone(l.buf[l.head:]), 0, false
	}
}

// insert a rule so that it is the i-th.
func (l *list) insert(i int, r *ruleset.Rule) {
	if l.sums != nil {
		l.sums = slices.Insert(l.sums, i, fingerprint(r))
	}
	switch {
	case i == l.len():
		l.buf = append(l.buf, r)
		return
	case i == 0 && l.head > 0 && !l.shared:
		l.head--
		l.buf[l.head] = r
		return
	case i == 0:
		n := l.len()
		buf := make([]*ruleset.Rule, 2*n+8)
		l.head = n + 7
		copy(buf[l.head+1:], l.buf[len(l.buf)-n:])
		buf[l.head] = r
		l.buf, l.shared = buf, false
		return
	}
	l.own()
	l.buf = slices.Insert(l.buf, l.head+i, r)
}

func (l *list) replace(i int, r *ruleset.Rule) {
	if l.sums != nil {
		l.sums[i] = fingerprint(r)
	}
	l.own()
	l.buf[l.head+i] = r
}

func (l *list) remove(i int) {
	if l.sums != nil {
		l.sums = slices.Delete(l.sums, i, i+1)
	}
	if i == 0 {
		l.head++
		return
	}
	l.own()
	l.buf = slices.Delete(l.buf, l.head+i, l.head+i+1)
}

// find the first rule that says the same, or -1.
func (l *list) find(r *ruleset.Rule) int {
	if l.sums == nil {
		l.sums = make([]uint64, l.len())
		for i := range l.sums {
			l.sums[i] = fingerprint(l.at(i))
		}
	}
	return slices.Index(l.sums, fingerprint(r))
}

package ipt

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

const (
	// multiplied is how many rules one statement may become where nothing speaks
	// against chains.
	multiplied = 32
	// flat is the same where chains are scarce.
	flat = 4096
	// sources is how many of them a limit per source tells apart.
	sources = 65535
)

// expand appends the rules of a conjunction of clauses, each with then at its
// end: one rule for each combination of alternatives, or a chain for each
// clause where that would be too many. It returns the chain in which to go on:
// c itself, or the one behind the chains.
func (w *lowerer) expand(c *node, o origin, dims []alts, then ...ruleset.Stmt) *node {
	count := 1
	for _, d := range dims {
		if d == nil {
			continue
		}
		if count *= len(d); count == 0 {
			return c
		}
		if count > 1<<20 {
			count = 1 << 20 // enough to be too many
		}
	}
	if count <= w.multiplied {
		w.multiply(c, o, dims, then)
		return c
	}
	return w.stack(c, o, dims, slices.Clone(then))
}

// multiply appends a rule for each combination of alternatives.
func (w *lowerer) multiply(c *node, o origin, dims []alts, then []ruleset.Stmt) {
	var at [16]int
	for {
		body := w.body[:0]
		for i, d := range dims {
			if d != nil {
				body = append(body, d[at[i]]...)
			}
		}
		body = append(body, then...)
		c.add(o, body...)
		w.body = body
		// Count up, the last clause fastest.
		i := len(dims) - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i] < len(dims[i]) {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return
		}
	}
}

// statement appends what a statement says: its clauses, its limit and log, and
// the verdict. Nothing is made for one that can't match in this family.
func (w *lowerer) statement(c *node, name string, r *policy.Rule, s side, m mode, verdict func() *ruleset.Verdict) *node {
	dims := w.clauses(r, s, m)
	if slices.ContainsFunc(dims, alts.never) {
		return c
	}
	return w.expand(c, w.origin(name, r), dims, w.action(name, r, verdict())...)
}

// passes is the verdict for what is allowed.
func passes() *ruleset.Verdict { return ruleset.Return }

// never says whether no packet can be meant.
func (a alts) never() bool { return a != nil && len(a) == 0 }

// stack lowers a conjunction with a chain for each clause that has several
// alternatives: what matches one of them goes to the next clause's chain, the
// rest behind them all.
func (w *lowerer) stack(c *node, o origin, dims []alts, then []ruleset.Stmt) *node {
	var single []ruleset.Stmt
	var many []alts
	for _, d := range dims {
		switch {
		case d == nil:
		case len(d) == 1:
			single = append(single, d[0]...)
		case len(many) > 0 && len(many[len(many)-1])*len(d) <= w.multiplied/2:
			many[len(many)-1] = product([]alts{many[len(many)-1], d})
		default:
			many = append(many, d)
		}
	}
	if len(single) == 0 && len(many) == 1 {
		if _, ok := addressField(many[0]); !ok {
			w.choice(c, o, many[0], then, nil)
			return c
		}
	}
	behind := c.next()
	cur := c
	if len(single) > 0 {
		gate := c.next()
		c.add(o, append(single, gate.to)...)
		c.end(behind.to)
		cur = gate
	}
	for i, d := range many {
		var next *node
		act := then
		if i < len(many)-1 {
			next = c.next()
			act = []ruleset.Stmt{next.to}
		}
		w.choice(cur, o, d, act, behind)
		cur.end(behind.to)
		cur = next
	}
	return behind
}

// choice appends a rule for each alternative: a tree where they are many
// addresses.
func (w *lowerer) choice(c *node, o origin, d alts, act []ruleset.Stmt, behind *node) {
	if f, ok := addressField(d); ok && len(d) > 2*linear {
		to, ok := act[0].(*ruleset.Verdict)
		if !ok || len(act) > 1 {
			n := c.next()
			n.add(o, act...)
			n.end(behind.to)
			to = n.to
		}
		entries := make([]entry, len(d))
		for i, m := range d {
			entries[i] = entry{prefixOf(m[0].(*ruleset.Match), w.v6), to}
		}
		w.tree(c, "at", f, entries, behind.to)
		return
	}
	for _, m := range d {
		c.add(o, slices.Concat(m, act)...)
	}
}

// addressField says whether alternatives are addresses and nothing else.
func addressField(d alts) (where, bool) {
	var f where
	for _, m := range d {
		a, ok := m[0].(*ruleset.Match)
		if !ok || len(m) != 1 || a.Neg || a.Op != ruleset.OpIn {
			return 0, false
		}
		switch a.Field.Info().Domain {
		case ruleset.Addr4, ruleset.Addr6:
		default:
			return 0, false
		}
		if f != 0 && f != where(a.Field) {
			return 0, false
		}
		f = where(a.Field)
	}
	return f, f != 0
}

// action is what a rule does at its end: the verdict, behind the log and the
// limit that the statement asks for. A log has a chain of its own, so that what
// is logged is what is decided, and a limit's token is taken once.
func (w *lowerer) action(name string, r *policy.Rule, v *ruleset.Verdict) []ruleset.Stmt {
	if r.Log != nil {
		if r.Allow {
			l := w.logged[r]
			if l == nil {
				l = w.logThen(name, r, v)
				w.logged[r] = l
			}
			v = l
		} else {
			v = w.logThen(name, r, v)
		}
	}
	if r.Limit == nil {
		w.act[0] = v
		return w.act[:1]
	}
	w.act = [...]ruleset.Stmt{w.bucket(name, r), v}
	return w.act[:]
}

func (w *lowerer) logThen(name string, r *policy.Rule, v *ruleset.Verdict) *ruleset.Verdict {
	n := w.chain(w.filter, "l", name)
	w.log(n, w.origin(name, r), r.Log, name)
	n.add(w.origin(name, r), v)
	return n.to
}

// log appends the rule that logs at the log's own rate.
func (w *lowerer) log(c *node, o origin, l *policy.Log, name string) {
	m := w.logs[l]
	if m == nil {
		m = w.meter(name, "log "+l.Prefix, l.Limit, o.span)
		w.logs[l] = m
	}
	c.add(o, m, &ruleset.Log{Prefix: l.Prefix})
}

// bucket of a limited statement: one in this family, wherever its rules stand.
// Rules of -m limit would have one each; hashlimit finds its table by name.
func (w *lowerer) bucket(name string, r *policy.Rule) ruleset.Stmt {
	m := w.buckets[r]
	if m == nil {
		m = w.meter(name, r.Text, r.Limit, r.Span)
		w.buckets[r] = m
	}
	return m
}

// meter names a bucket. The name holds a hash of the rate too: the kernel keeps
// a table of that name as it is while any rule refers to it, so that a changed
// limit must not find the old one.
func (w *lowerer) meter(name, text string, l *policy.Limit, at diag.Span) *ruleset.Meter {
	w.holds(l, at)
	m := &ruleset.Meter{Limit: ruleset.Limit{Rate: l.Rate, Unit: l.Unit, Burst: l.Burst}}
	key := name + "\x00" + text + "\x00" + strconv.Itoa(l.Rate) + "/" + l.Unit + " " + strconv.Itoa(l.Burst)
	if l.PerSource {
		k := ruleset.MeterKey{Field: ruleset.Field(w.saddr())}
		if w.v6 {
			k.Mask = ruleset.U128{Hi: ^uint64(0)}
		}
		m.Key = []ruleset.MeterKey{k}
		key += " per source"
	}
	if n := w.meters[key]; n > 0 { // a repeated statement has a bucket of its own
		w.meters[key]++
		key += "\x00" + strconv.Itoa(n)
	} else {
		w.meters[key] = 1
	}
	h := fnv.New64a()
	h.Write([]byte(key))
	const digits = 8
	sum := strconv.FormatUint(h.Sum64()|1<<63, 16)[:digits]
	head := strings.ToLower(w.prefix)
	m.Set = head + policy.DerivedName(name, maxName-len(head)-digits-1) + "-" + sum
	if l.PerSource {
		// A full table refuses.
		w.filter.Sets = append(w.filter.Sets, &ruleset.Set{Name: m.Set, Key: []ruleset.Expr{m.Key[0].Field}, Dynamic: true, Size: sources, Origin: at})
	}
	return m
}

// holds reports a bucket that the kernel has no room for. Its credits are sized
// so that a day of them just fits (xt_limit.c, xt_hashlimit.c); more is refused,
// or wraps around to some other burst without a word.
func (w *lowerer) holds(l *policy.Limit, at diag.Span) {
	const day = 24 * 60 * 60
	unit := map[string]int{"second": 1, "minute": 60, "hour": 60 * 60, "day": day}[l.Unit]
	if l.Burst*unit <= day*l.Rate {
		return
	}
	if !l.Span.IsZero() {
		at = l.Span
	}
	w.diag.Errorf(at, "iptables can't say `limit %d/%s burst %d`: a bucket holds what comes in within a day, no more", l.Rate, l.Unit, l.Burst).
		WithCode("LW091").Helpf("with this rate, say burst %d or less; or compile for nft", max(1, day*l.Rate/unit))
}

package ipt

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Lengths of names. iptables allows chains 28 bytes; four of them are kept for
// the number of a chain that goes on where another had to end.
const (
	maxName = 28
	maxBase = maxName - 4
	maxHead = 12
)

// maxDepth is the number of our chains that may follow one another. nf_tables
// counts gotos like jumps and allows NFT_JUMP_STACK_SIZE (16), the builtin chain
// among them; iptables-legacy has no such bound.
const maxDepth = 15

// chainPrefix is what our chains' names begin with: the policy's table in
// capitals.
func chainPrefix(table string) string {
	if table == "" {
		table = "loward"
	}
	return policy.DerivedName(strings.ToUpper(table), maxHead) + "-"
}

// table is a table being filled.
type table struct {
	*ruleset.Table
	names map[string]*node
	// counts the chains that bear a name and a number.
	counts map[string]int
	fixed  map[ruleset.Hook]*node
	// What is left of arenas: chains, rules and statements are many and small.
	nodes []arena
	rules []ruleset.Rule
	stmts []ruleset.Stmt
}

// arena holds what one chain takes.
type arena struct {
	node    node
	chain   ruleset.Chain
	verdict ruleset.Verdict
	rules   [4]*ruleset.Rule
}

// node is a chain being filled.
type node struct {
	*ruleset.Chain
	t    *table
	to   *ruleset.Verdict // goto this chain
	root *node            // whose name it bears
	deep depth            // of what it leads to, once it was asked for
}

// node declares a chain. One that has the name of another gets a number, as one
// that goes on does.
func (t *table) node(name string) *node {
	if t.names[name] != nil {
		return t.numbered(name)
	}
	if len(t.nodes) == 0 {
		t.nodes = make([]arena, min(256, 8+len(t.Chains)))
	}
	a := &t.nodes[0]
	t.nodes = t.nodes[1:]
	a.chain = ruleset.Chain{Name: name, Rules: a.rules[:0]}
	a.verdict = ruleset.Verdict{Kind: ruleset.VerdictGoto, Chain: name}
	a.node = node{Chain: &a.chain, t: t, to: &a.verdict, root: &a.node}
	t.Chains = append(t.Chains, &a.chain)
	t.names[name] = &a.node
	return &a.node
}

func (t *table) numbered(name string) *node {
	for {
		t.counts[name]++
		if try := name + "." + strconv.FormatInt(int64(t.counts[name]+1), 36); t.names[try] == nil {
			return t.node(try)
		}
	}
}

// next declares the chain that goes on where n can't: NAME.2, NAME.3 and so on.
func (n *node) next() *node {
	c := n.t.numbered(n.root.Name)
	c.root = n.root
	return c
}

// chain declares a chain for something that the policy names.
func (w *lowerer) chain(t *table, kind, label string) *node {
	head := w.prefix + kind + "-"
	return t.node(head + policy.DerivedName(label, maxBase-len(head)))
}

// chainAt declares a chain for addresses. Dots tell it from what the policy
// names, which has none.
func (w *lowerer) chainAt(t *table, kind string, p netip.Prefix) *node {
	label := p.Addr().String()
	if !p.IsSingleIP() {
		label += "_" + strconv.Itoa(p.Bits())
	}
	head := w.prefix + kind + "-"
	label = strings.ReplaceAll(label, ":", "_")
	if len(head)+len(label) > maxBase {
		label = policy.DerivedName(p.String(), maxBase-len(head))
	}
	return t.node(head + label)
}

// origin is where a rule comes from: its comment and its span.
type origin struct {
	comment string
	span    diag.Span
}

// add a rule. The body is copied.
func (n *node) add(o origin, body ...ruleset.Stmt) {
	t := n.t
	if len(t.rules) == 0 {
		t.rules = make([]ruleset.Rule, min(512, 16+8*len(t.Chains)))
	}
	r := &t.rules[0]
	t.rules = t.rules[1:]
	if len(t.stmts) < len(body) {
		t.stmts = make([]ruleset.Stmt, max(len(body), min(2048, 16+32*len(t.Chains))))
	}
	own := t.stmts[:len(body):len(body)]
	t.stmts = t.stmts[len(body):]
	copy(own, body)
	*r = ruleset.Rule{Body: own, Comment: o.comment, Origin: o.span}
	n.Rules = append(n.Rules, r)
}

// end a chain. A chain that ends without a verdict returns, so nothing needs to
// be said for that.
func (n *node) end(v *ruleset.Verdict) {
	if v.Kind != ruleset.VerdictReturn {
		n.add(origin{}, v)
	}
}

// origin of a statement of a service or a block.
func (w *lowerer) origin(name string, r *policy.Rule) origin {
	c, ok := w.comments[r]
	if !ok {
		c = strings.TrimRight(name+" "+r.Span.FileLine(), " ")
		w.comments[r] = c
	}
	return origin{c, r.Span}
}

// deepest is the greatest number of our chains in a row, and where the last of
// them that stands for a statement comes from.
func (w *lowerer) deepest() (int, diag.Span) {
	var d depth
	for _, t := range [...]*table{w.filter, w.mangle, w.raw, w.nat} {
		for _, n := range t.fixed {
			if x := n.depth(); x.chains > d.chains {
				d = x
			}
		}
	}
	return d.chains, d.at
}

func (n *node) depth() depth {
	if n.deep.chains > 0 {
		return n.deep
	}
	n.deep.chains = 1
	for _, r := range n.Rules {
		v, ok := r.Body[len(r.Body)-1].(*ruleset.Verdict)
		if !ok || v.Chain == "" {
			continue
		}
		next := n.t.names[v.Chain].depth()
		if next.chains++; next.chains > n.deep.chains {
			if next.at.IsZero() {
				next.at = r.Origin
			}
			n.deep = next
		}
	}
	return n.deep
}

type depth struct {
	chains int // the chain itself among them
	at     diag.Span
}

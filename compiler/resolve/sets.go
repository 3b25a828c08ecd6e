package resolve

import (
	"slices"
	"strings"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

// state of a declaration that may contain others of its kind.
type state uint8

const (
	fresh state = iota
	visiting
	done
)

// maxNesting bounds how deep declarations may contain each other.
const maxNesting = 100

// maxRanges bounds the address ranges that all nets of a policy hold together:
// nets that contain each other multiply.
const maxRanges = 4 << 20

type net struct {
	stmt  *ast.Net
	state state
	p     *policy.Nets // nil where it has mistakes
}

type portSet struct {
	stmt  *ast.Port
	state state
	p     []policy.PortRange // nil where it has mistakes
}

type proto struct {
	stmt  *ast.Proto
	state state
	p     []policy.Traffic // nil where it has mistakes; not merged
}

// resolveSets judges all declared nets, port sets and protos, used or not.
func (r *resolver) resolveSets() {
	for _, n := range ordered(r.nets, func(n *net) diag.Span { return n.stmt.Span() }) {
		r.resolveNet(n, nil)
	}
	for _, p := range ordered(r.ports, func(p *portSet) diag.Span { return p.stmt.Span() }) {
		r.resolvePortSet(p, nil)
	}
	for _, p := range ordered(r.protos, func(p *proto) diag.Span { return p.stmt.Span() }) {
		r.resolveProto(p, nil)
	}
}

// ordered lists the values of a table in the order of the text, so that what
// is reported does not depend on the order of a map.
func ordered[K comparable, V any](table map[K]V, span func(V) diag.Span) []V {
	out := make([]V, 0, len(table))
	for _, v := range table {
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b V) int { return compareSpans(span(a), span(b)) })
	return out
}

// enter guards the walk through declarations of one kind. It is false where
// the walk must not go on: the ring or the depth has been reported.
func (r *resolver) enter(what string, st *state, path []ast.Word, use ast.Word) bool {
	switch {
	case *st == visiting:
		i := slices.IndexFunc(path, func(w ast.Word) bool { return w.Text == use.Text })
		names := make([]string, 0, len(path)-i+1)
		for _, w := range path[i:] {
			names = append(names, w.Text)
		}
		names = append(names, use.Text)
		d := r.errorf(codeRing, use.Span, "%s %s contains itself: %s", what, use.Text, strings.Join(names, " → ")).
			Helpf("remove one of them")
		for _, w := range path[i:] {
			d.See(w.Span, "%s %s", what, w.Text)
		}
		return false
	case len(path) >= maxNesting:
		r.errorf(codeTooMuch, use.Span, "declarations contain each other more than %d deep here", maxNesting)
		return false
	}
	return true
}

func (r *resolver) resolveNet(n *net, path []ast.Word) *policy.Nets {
	if n.state == done {
		return n.p
	}
	n.state = visiting
	path = append(path, n.stmt.Name)
	var ranges []policy.AddrRange
	ok := len(n.stmt.Items) > 0
	if !ok {
		r.missing(codeAddress, n.stmt.Span(), "this net holds no address")
	}
	for _, w := range n.stmt.Items {
		if w.Quoted || !looksLikeAddr(w.Text) {
			inner := r.nets[w.Text]
			switch {
			case inner == nil:
				r.unknownNet(w)
				ok = false
			case !r.enter("net", &inner.state, path, w):
				ok = false
			default:
				p := r.resolveNet(inner, path)
				if p == nil {
					ok = false
					continue
				}
				ranges = append(ranges, p.Ranges...)
			}
			continue
		}
		a, good := r.addrItem(w)
		ok = ok && good
		ranges = append(ranges, a)
	}
	n.state = done
	if !ok {
		return nil
	}
	n.p = &policy.Nets{Name: n.stmt.Name.Text, Ranges: policy.MergeAddrs(ranges)}
	if r.ranges += len(n.p.Ranges); r.ranges > maxRanges {
		r.errorf(codeTooMuch, n.stmt.Name.Span, "the nets of this policy hold more than %d ranges of addresses", maxRanges)
		n.p, r.ranges = nil, 0
	}
	return n.p
}

// addrItem is an address, prefix or range in a list of addresses.
func (r *resolver) addrItem(w ast.Word) (policy.AddrRange, bool) {
	if strings.Contains(w.Text, "-") {
		a, m := parseAddrRange(w.Text)
		if m != nil {
			r.wrong(codeAddress, w.Span, m)
		}
		return a, m == nil
	}
	p, hostBits, m := parsePrefix(w.Text)
	if m != nil {
		r.wrong(codeAddress, w.Span, m)
		return policy.AddrRange{}, false
	}
	if hostBits {
		r.warnHostBits(w, p.Masked().String(), p.Addr().String())
	}
	return policy.PrefixRange(p), true
}

// warnHostBits: what is meant could be the network or the address; the network
// is taken, as iptables and nft do.
func (r *resolver) warnHostBits(w ast.Word, network, address string) {
	d := r.warnf(codeHostBits, w.Span, "%s has bits set behind its prefix length; the network %s is taken", w.Text, network).
		Helpf("write %s, or %s for the one address", network, address)
	d.Fixes = append(d.Fixes, diag.Fix{Title: "write the network", Edits: []diag.Edit{{Span: w.Span, Text: network}}})
}

// unknownNet reports a word that is neither an address nor a net.
func (r *resolver) unknownNet(w ast.Word) {
	if !w.Quoted && strings.Contains(w.Text, ".") {
		if _, m := parseAddr(w.Text); m != nil && m.help != "" && r.nets[w.Text] == nil {
			r.wrong(codeUnknown, w.Span, m)
			return
		}
	}
	d := unknownName(r, "net", w, r.nets)
	if d.Help != "" {
		return
	}
	switch {
	case r.zones[w.Text] != nil:
		d.Helpf("%s is a zone: zones are named after `on`", w.Text)
	case r.svcOf[w.Text] != nil:
		d.Helpf("%s is a service: services are named after `to` in blocks", w.Text)
	default:
		d.Helpf("declare it: net %s = ADDRESS, PREFIX", w.Text)
	}
}

// netList is what stands behind from or to: nil for any. Lists that say the
// same share one set.
func (r *resolver) netList(words []ast.Word) (nets *policy.Nets, ok bool) {
	if len(words) == 1 {
		w := words[0]
		if n := r.nets[w.Text]; n != nil && (w.Quoted || !looksLikeAddr(w.Text)) {
			return n.p, n.p != nil
		}
	}
	key := r.listKey(words)
	if n, known := r.netLists[string(key)]; known {
		return n, true
	}
	keyText := string(key)
	var ranges []policy.AddrRange
	ok, every := len(words) > 0, false // an empty list is reported with its clause
	for _, w := range words {
		switch {
		case !w.Quoted && w.Text == "any":
			every = true
		case !w.Quoted && looksLikeAddr(w.Text):
			a, good := r.addrItem(w)
			ok = ok && good
			ranges = append(ranges, a)
		case r.nets[w.Text] == nil:
			r.unknownNet(w)
			ok = false
		default:
			if p := r.nets[w.Text].p; p != nil {
				ranges = append(ranges, p.Ranges...)
			} else {
				ok = false
			}
		}
	}
	if !ok {
		return nil, false
	}
	if !every {
		nets = &policy.Nets{Ranges: policy.MergeAddrs(ranges)}
	}
	if !hasHostBits(words) {
		r.netLists[keyText] = nets
	}
	return nets, true
}

// hasHostBits keeps lists with a warning out of the interned ones, so that the
// warning is given at each place.
func hasHostBits(words []ast.Word) bool {
	for _, w := range words {
		if strings.Contains(w.Text, "/") {
			if _, bits, _ := parsePrefix(w.Text); bits {
				return true
			}
		}
	}
	return false
}

// listKey is the same for lists with the same words in any order. It is valid
// until the next use of the scratch buffer.
func (r *resolver) listKey(words []ast.Word) []byte {
	r.texts = r.texts[:0]
	for _, w := range words {
		t := w.Text
		if w.Quoted {
			t = `"` + t
		}
		r.texts = append(r.texts, t)
	}
	slices.Sort(r.texts)
	r.buf = r.buf[:0]
	for _, t := range slices.Compact(r.texts) {
		r.buf = append(r.buf, t...)
		r.buf = append(r.buf, 0)
	}
	return r.buf
}

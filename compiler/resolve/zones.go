package resolve

import (
	"cmp"
	"slices"
	"strings"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

func compareSpans(a, b diag.Span) int {
	if a.File != b.File && a.File != nil && b.File != nil {
		return cmp.Compare(a.File.Name, b.File.Name)
	}
	return cmp.Compare(a.Start, b.Start)
}

type zone struct {
	stmt *ast.Zone
	p    *policy.Ifaces // nil where it has mistakes
}

func (r *resolver) newZone(s *ast.Zone) *zone {
	z := &zone{stmt: s}
	names := make([]string, 0, len(s.Ifaces))
	ok := len(s.Ifaces) > 0
	if !ok {
		r.missing(codeIface, s.Span(), "this zone names no interface")
	}
	for _, w := range s.Ifaces {
		ok = r.checkIface(w, true) && ok
		names = append(names, w.Text)
	}
	if ok {
		z.p = &policy.Ifaces{Name: s.Name.Text, Names: coverIfaces(names)}
	}
	return z
}

// coverIfaces sorts names and removes those that another one covers.
func coverIfaces(names []string) []string {
	slices.Sort(names)
	names = slices.Compact(names)
	wild := names[:0:0]
	for _, n := range names {
		if strings.HasSuffix(n, "*") {
			wild = append(wild, n[:len(n)-1])
		}
	}
	if len(wild) == 0 {
		return names
	}
	return slices.DeleteFunc(names, func(n string) bool {
		base := strings.TrimSuffix(n, "*")
		for _, w := range wild {
			if strings.HasPrefix(base, w) && n != w+"*" {
				return true
			}
		}
		return false
	})
}

// unknownOn gathers the hosts on which a word after `on` is neither a zone nor
// an interface, so that one mistake in the text is one diagnostic.
type unknownOn struct {
	word  ast.Word
	hosts []string
}

// ifaceList is what stands behind on or out, as host h understands it.
func (r *resolver) ifaceList(h *host, words []ast.Word) (*policy.Ifaces, bool) {
	if len(words) == 1 {
		if z := r.zoneOn(h, words[0].Text); z != nil {
			return z.p, z.p != nil
		}
	}
	key := r.listKey(words)
	if p, known := h.lists[string(key)]; known {
		return p, true
	}
	keyText := string(key)
	var names []string
	ok := len(words) > 0
	for _, w := range words {
		z := r.zoneOn(h, w.Text)
		switch {
		case z != nil && z.p == nil:
			ok = false
		case z != nil:
			names = append(names, z.p.Names...)
		case h.ifaces[w.Text] != nil:
			names = append(names, w.Text)
		case w.Quoted || w.Text == "lo":
			ok = r.checkIface(w, true) && ok
			names = append(names, w.Text)
		default:
			u := r.unknown[w.Span]
			if u == nil {
				u = &unknownOn{word: w}
				r.unknown[w.Span] = u
			}
			u.hosts = append(u.hosts, h.p.Name)
			ok = false
		}
	}
	if !ok {
		return nil, false
	}
	p := &policy.Ifaces{Names: coverIfaces(names)}
	h.lists[keyText] = p
	return p, true
}

// zoneOn finds a zone as host h has it: its own one wins over the global one.
func (r *resolver) zoneOn(h *host, name string) *zone {
	if z := h.zones[name]; z != nil {
		return z
	}
	return r.zones[name]
}

// reportUnknownOn reports what ifaceList gathered.
func (r *resolver) reportUnknownOn() {
	list := ordered(r.unknown, func(u *unknownOn) diag.Span { return u.word.Span })
	for _, u := range list {
		where := ""
		slices.Sort(u.hosts)
		u.hosts = slices.Compact(u.hosts)
		if known := r.knownSomewhere(u.word.Text); known && len(u.hosts) > 0 {
			shown := u.hosts[:min(3, len(u.hosts))]
			where = " on host " + strings.Join(shown, ", ")
			if len(u.hosts) > len(shown) {
				where += " and others"
			}
		}
		d := r.errorf(codeUnknown, u.word.Span, "there is no zone or interface %s%s", u.word.Text, where)
		if where != "" {
			d.Helpf("declare it there: zone %s = INTERFACE", u.word.Text)
			continue
		}
		r.hintOn(d, u.word)
	}
}

func (r *resolver) knownSomewhere(name string) bool {
	for _, h := range r.hosts {
		if h.zones[name] != nil || h.ifaces[name] != nil {
			return true
		}
	}
	return false
}

func (r *resolver) hintOn(d *diag.Diagnostic, w ast.Word) {
	known := map[string]bool{}
	for n := range r.zones {
		known[n] = true
	}
	for _, h := range r.hosts {
		for n := range h.zones {
			known[n] = true
		}
		for n := range h.ifaces {
			known[n] = true
		}
	}
	if n := nearest(r, w.Text, known); n != "" {
		d.Helpf("did you mean %s? An interface that no host declares is written in quotes: %q", n, w.Text)
		return
	}
	d.Helpf("declare the zone, or the interface in a host, or write %q for an interface as the kernel has it", w.Text)
}

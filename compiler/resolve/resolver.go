package resolve

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

// Resolve gives every name and value of the files their meaning. The files are
// those of one policy, the main file first; includes have been followed.
// Diagnostics go to l. The policy is nil where there are errors in l, those of
// the parser too: nothing is ever compiled from half of a policy.
func Resolve(files []*ast.File, l *diag.List) *policy.Policy {
	r := newResolver(l)
	r.pol = &policy.Policy{Options: defaultOptions()}
	for _, f := range files {
		r.pol.Files = append(r.pol.Files, f.Src)
		r.collect(f)
	}
	r.resolveOptions()
	r.resolveSets()
	r.resolveHosts()
	r.resolveServices()
	r.buildViews()
	r.resolveExpects()
	r.checkDerivedNames()
	r.reportUnknownOn()
	once(l)
	l.Sort()
	if l.Errors() > 0 {
		return nil
	}
	return r.pol
}

// once removes repetitions: what is wrong on several hosts is said once.
func once(l *diag.List) {
	type key struct {
		span    diag.Span
		message string
	}
	seen := make(map[key]bool, len(l.All))
	l.All = slices.DeleteFunc(l.All, func(d *diag.Diagnostic) bool {
		k := key{d.Span, d.Message}
		if seen[k] {
			return true
		}
		seen[k] = true
		return false
	})
}

// resolver holds what one run of Resolve knows.
type resolver struct {
	l   *diag.List
	pol *policy.Policy

	classes map[string][]policy.Traffic // built-in
	zones   map[string]*zone
	nets    map[string]*net
	ports   map[string]*portSet
	protos  map[string]*proto
	hosts   []*host // sorted by name
	hostOf  map[string]*host
	svcs    []*service // sorted by name
	svcOf   map[string]*service
	blocks  [4][]*ast.Block // global ones
	levels  [4]*blockOf     // what they say
	options []*ast.Option
	expects []*ast.Expect

	// ifaceAddrs are the addresses that host blocks give to interfaces, with
	// the first host that does.
	ifaceAddrs map[netip.Addr]*host

	netLists map[string]*policy.Nets // interned lists of more than one word
	limits   map[limitKey]*policy.Limit
	unknown  map[diag.Span]*unknownOn
	// failed are the on and out clauses of statements with a mistake.
	failed []*ast.List
	scopes slab[policy.Scope]
	buf    []byte // scratch for keys and texts
	texts  []string
	ranges int         // address ranges held by all nets
	broken []diag.Span // what the parser could not read
	hints  int         // "did you mean" looked for so far
}

func newResolver(l *diag.List) *resolver {
	r := &resolver{
		l:          l,
		classes:    map[string][]policy.Traffic{},
		zones:      map[string]*zone{},
		nets:       map[string]*net{},
		ports:      map[string]*portSet{},
		protos:     map[string]*proto{},
		hostOf:     map[string]*host{},
		svcOf:      map[string]*service{},
		ifaceAddrs: map[netip.Addr]*host{},
		netLists:   map[string]*policy.Nets{},
		limits:     map[limitKey]*policy.Limit{},
		unknown:    map[diag.Span]*unknownOn{},
	}
	for _, d := range l.All {
		if d.Severity == diag.Error {
			r.broken = append(r.broken, d.Span)
		}
	}
	for _, c := range policy.Classes() {
		r.classes[c.Name] = c.Traffic
	}
	return r
}

// errorf reports an error, unless it is about a word that the parser has
// missed already: such a word is nowhere.
func (r *resolver) errorf(code string, s diag.Span, format string, args ...any) *diag.Diagnostic {
	if s.IsZero() && len(r.broken) > 0 {
		return &diag.Diagnostic{Code: code}
	}
	return r.l.Errorf(s, format, args...).WithCode(code)
}

// missing reports that something needed is left out. The parser reports that
// too wherever it can; a second word about it would only be noise.
func (r *resolver) missing(code string, s diag.Span, format string, args ...any) *diag.Diagnostic {
	if len(r.broken) > 0 {
		return &diag.Diagnostic{Code: code}
	}
	return r.errorf(code, s, format, args...)
}

// brokenIn says whether the parser could not read something within a span.
func (r *resolver) brokenIn(s diag.Span) bool {
	for _, b := range r.broken {
		if b.File == s.File && b.Start >= s.Start && b.Start <= s.End {
			return true
		}
	}
	return false
}

func (r *resolver) warnf(code string, s diag.Span, format string, args ...any) *diag.Diagnostic {
	return r.l.Warnf(s, format, args...).WithCode(code)
}

func (r *resolver) notef(code string, s diag.Span, format string, args ...any) *diag.Diagnostic {
	d := r.l.Warnf(s, format, args...).WithCode(code)
	d.Severity = diag.Note
	return d
}

// wrong reports a mistake in a value.
func (r *resolver) wrong(code string, s diag.Span, m *mistake) *diag.Diagnostic {
	d := r.errorf(code, s, "%s", m.what)
	d.Help = m.help
	return d
}

// hintLimit bounds the search for near names: with thousands of unknown names
// among thousands of known ones it would take longer than all the rest.
const hintLimit = 200

// nearest is the candidate that was probably meant, or "".
func nearest[V any](r *resolver, word string, known map[string]V) string {
	if r.hints++; r.hints > hintLimit {
		return ""
	}
	names := make([]string, 0, len(known))
	for n := range known {
		names = append(names, n)
	}
	slices.Sort(names)
	return diag.Nearest(word, names)
}

// collect takes the declarations of a file into the tables, by name.
func (r *resolver) collect(f *ast.File) {
	for _, s := range f.Body.Stmts {
		if r.nameless(s) {
			continue
		}
		switch s := s.(type) {
		case *ast.Bad, *ast.Include:
		case *ast.Zone:
			declare(r, "zone", s.Name, r.zones, r.newZone(s), func(z *zone) diag.Span { return z.stmt.Name.Span })
		case *ast.Net:
			r.checkNetName(s.Name, "net")
			declare(r, "net", s.Name, r.nets, &net{stmt: s}, func(n *net) diag.Span { return n.stmt.Name.Span })
		case *ast.Port:
			if startsWithDigit(s.Name.Text) {
				r.errorf(codeBadName, s.Name.Span, "a port set can't have a name that begins with a digit").
					Helpf("where ports are listed it would be taken for a number")
			}
			declare(r, "port set", s.Name, r.ports, &portSet{stmt: s}, func(p *portSet) diag.Span { return p.stmt.Name.Span })
		case *ast.Proto:
			if r.builtin(s.Name) {
				continue
			}
			declare(r, "proto", s.Name, r.protos, &proto{stmt: s}, func(p *proto) diag.Span { return p.stmt.Name.Span })
		case *ast.Host:
			if s.Name.Text == "all" {
				r.errorf(codeBadName, s.Name.Span, "a host can't be called all").Helpf("`--host all` means every host")
			}
			h := newHost(s)
			if declare(r, "host", s.Name, r.hostOf, h, func(h *host) diag.Span { return h.stmt.Name.Span }) {
				r.hosts = append(r.hosts, h)
			}
		case *ast.Service:
			r.checkNetName(s.Name, "service")
			v := &service{stmt: s, p: policy.Service{Name: s.Name.Text, Refuse: policy.Drop, Span: s.Span()}}
			if declare(r, "service", s.Name, r.svcOf, v, func(v *service) diag.Span { return v.stmt.Name.Span }) {
				r.svcs = append(r.svcs, v)
			}
		case *ast.Option:
			r.options = append(r.options, s)
		case *ast.Block:
			r.blocks[s.Kind] = append(r.blocks[s.Kind], s)
		case *ast.Expect:
			r.expects = append(r.expects, s)
		default:
			r.errorf(codePlace, s.Span(), "this statement does not stand on its own").
				Helpf("it belongs into a service, a host or a block")
		}
	}
	slices.SortStableFunc(r.hosts, func(a, b *host) int { return cmp.Compare(a.p.Name, b.p.Name) })
	slices.SortStableFunc(r.svcs, func(a, b *service) int { return cmp.Compare(a.p.Name, b.p.Name) })
}

// nameless takes declarations whose name could not be read, which the parser
// has reported. What stands in such a service is judged all the same.
func (r *resolver) nameless(s ast.Stmt) bool {
	var name ast.Word
	unread := func(w ast.Word) bool {
		return w.IsZero() || w.Text == "" && r.brokenIn(w.Span)
	}
	switch s := s.(type) {
	case *ast.Zone:
		name = s.Name
	case *ast.Net:
		name = s.Name
	case *ast.Port:
		name = s.Name
	case *ast.Proto:
		name = s.Name
	case *ast.Host:
		name = s.Name
	case *ast.Service:
		if name = s.Name; unread(name) {
			r.svcs = append(r.svcs, &service{stmt: s, bad: true, badHomes: true, p: policy.Service{Refuse: policy.Drop}})
		}
	default:
		return false
	}
	if name.IsZero() {
		r.missing(codeBadName, s.Span(), "this declaration has no name")
	}
	return unread(name)
}

// declare puts a value into a table unless its name can't be used or is taken.
// A bad name is entered all the same, so that its uses are no mistakes as well.
func declare[V any](r *resolver, what string, name ast.Word, table map[string]V, v V, span func(V) diag.Span) bool {
	r.checkName(what, name)
	if old, taken := table[name.Text]; taken {
		r.errorf(codeDuplicate, name.Span, "%s %s is declared twice", what, name.Text).
			Helpf("rename one of them, or make them one").
			See(span(old), "it is declared here first")
		return false
	}
	table[name.Text] = v
	return true
}

// slab allocates values in groups. What it gave stays where it is.
type slab[T any] struct{ room []T }

func (s *slab[T]) add(v T) *T {
	if len(s.room) == cap(s.room) {
		s.room = make([]T, 0, 256)
	}
	s.room = append(s.room, v)
	return &s.room[len(s.room)-1]
}

package resolve

import (
	"net/netip"
	"strings"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

// service is one as declared. p holds what is the same on every host.
type service struct {
	stmt       *ast.Service
	p          policy.Service
	items      []addrItem
	homes      []*host // as `home` says, in the order of preference; nil: not said
	home       *ast.Home
	guards     []*host
	guard      *ast.Guard
	rules      []rule
	localRules []rule
	publishes  []*publish
	refuse     *ast.Refuse
	logRefused *ast.LogRefused

	lives    []*host       // where it lives, in the order of preference
	bad      bool          // mistakes were reported: what depends on them is not
	checked  bool          // the checks that don't depend on the host are done
	fam      policy.Family // of its scopes on all hosts
	declared policy.Family // of its declared addresses
	badHomes bool          // what home or address say was a mistake
}

// itemKind is what an item of `address` stands for.
type itemKind uint8

const (
	itemAddr itemKind = iota
	itemHost
	itemIface
)

type addrItem struct {
	kind  itemKind
	addr  netip.Addr
	iface string
	span  diag.Span
}

func (r *resolver) resolveServices() {
	for _, s := range r.svcs {
		r.resolveService(s)
	}
}

func (r *resolver) resolveService(s *service) {
	n := len(r.l.All)
	s.bad = s.bad || r.brokenIn(s.stmt.Span())
	s.makeRoom()
	for _, st := range s.stmt.Body.Stmts {
		switch st := st.(type) {
		case *ast.Bad:
			s.bad = true
		case *ast.Home:
			if s.home != nil {
				r.errorf(codeContradict, st.Span(), "service %s has two `home` statements", s.p.Name).
					Helpf("name all homes in one, the preferred one first").See(s.home.Span(), "the other one")
				continue
			}
			s.home = st
			s.homes = r.hostList(s, st.Hosts)
		case *ast.Guard:
			if s.guard == nil {
				s.guard = st
			}
			s.guards = append(s.guards, r.hostList(s, st.Hosts)...)
		case *ast.Address:
			for _, it := range st.Items {
				r.addressItem(s, it)
			}
		case *ast.Rule:
			local := st.Action == ast.AllowLocal || st.Action == ast.DenyLocal
			rl, ok := r.newRule(st, servicePlace(s.p.Name, local))
			switch {
			case !ok:
				s.bad = true
			case local:
				s.localRules = append(s.localRules, rl)
			default:
				s.rules = append(s.rules, rl)
			}
		case *ast.Publish:
			r.newPublish(s, st)
		case *ast.Refuse:
			r.serviceRefuse(s, st)
		case *ast.LogRefused:
			r.serviceLogRefused(s, st)
		default:
			r.errorf(codePlace, st.Span(), "this statement does not belong into a service").
				Helpf("a service holds home, guard, address, allow, deny, allow-local, deny-local, publish, refuse and log refused")
			s.bad = true
		}
	}
	s.lives = r.livesOn(s)
	r.checkService(s)
	for _, d := range r.l.All[n:] {
		s.bad = s.bad || d.Severity == diag.Error
	}
}

// makeRoom sizes what holds the statements: growing it piece by piece would
// cost more than all the rest.
func (s *service) makeRoom() {
	rules, local, items := 0, 0, 0
	for _, st := range s.stmt.Body.Stmts {
		switch st := st.(type) {
		case *ast.Rule:
			if st.Action == ast.AllowLocal || st.Action == ast.DenyLocal {
				local++
			} else {
				rules++
			}
		case *ast.Address:
			items += len(st.Items)
		}
	}
	if rules > 0 {
		s.rules = make([]rule, 0, rules)
	}
	if local > 0 {
		s.localRules = make([]rule, 0, local)
	}
	s.items = make([]addrItem, 0, items)
}

// hostList are the hosts that home or guard name.
func (r *resolver) hostList(s *service, words []ast.Word) []*host {
	out := make([]*host, 0, len(words))
	if len(words) == 0 {
		r.missing(codeHome, s.stmt.Span(), "service %s names no host", s.p.Name)
		s.bad, s.badHomes = true, true
	}
	for _, w := range words {
		h := r.hostOf[w.Text]
		switch {
		case h == nil:
			d := unknownName(r, "host", w, r.hostOf)
			if d.Help == "" {
				r.listHosts(d)
			}
			s.bad, s.badHomes = true, true
		case containsHost(out, h):
			r.warnf(codeTwice, w.Span, "host %s is named twice", w.Text).Helpf("remove one of them")
		default:
			out = append(out, h)
		}
	}
	return out
}

// listHosts says which hosts there are, if that is short.
func (r *resolver) listHosts(d *diag.Diagnostic) {
	var names []string
	for _, h := range r.hosts {
		if h.stmt != nil {
			names = append(names, h.p.Name)
		}
	}
	switch {
	case len(names) == 0:
		d.Helpf("this policy declares no host; it needs none where it is about one machine")
	case len(names) <= 8:
		d.Helpf("the hosts are %s", strings.Join(names, ", "))
	}
}

func containsHost(list []*host, h *host) bool {
	for _, x := range list {
		if x == h {
			return true
		}
	}
	return false
}

func (r *resolver) addressItem(s *service, it ast.AddressItem) {
	if !it.Keyword.IsZero() {
		switch it.Keyword.Text {
		case "host":
			s.items = append(s.items, addrItem{kind: itemHost, span: it.Span()})
		default:
			if r.interfaceItem(s, it.Value) {
				s.items = append(s.items, addrItem{kind: itemIface, iface: it.Value.Text, span: it.Span()})
				return
			}
			s.bad, s.badHomes = true, true
		}
		return
	}
	w := it.Value
	a, m := parseAddr(w.Text)
	if m == nil {
		m = unicast(a)
	}
	if m != nil {
		if m.help == "" && !looksLikeAddr(w.Text) {
			r.hintAddress(w, m)
		}
		r.wrong(codeAddress, w.Span, m)
		s.bad, s.badHomes = true, true
		return
	}
	for _, old := range s.items {
		if old.kind == itemAddr && old.addr == a {
			r.warnf(codeTwice, w.Span, "%s is named twice in service %s", a, s.p.Name).
				Helpf("remove one of them").See(old.span, "the other one")
			return
		}
	}
	s.items = append(s.items, addrItem{kind: itemAddr, addr: a, span: w.Span})
}

// hintAddress says what a word after `address` could have been meant as.
func (r *resolver) hintAddress(w ast.Word, m *mistake) {
	for _, h := range r.hosts {
		if h.ifaces[w.Text] != nil {
			m.help = "for the addresses of an interface write `address interface " + w.Text + "`"
			return
		}
	}
	switch {
	case r.hostOf[w.Text] != nil:
		m.help = "for all addresses of the host write `address host`; where the service lives is said by `home " + w.Text + "`"
	case r.nets[w.Text] != nil:
		m.help = "a service has single addresses; nets are named after `from` and `to`"
	default:
		m.help = "an address, `host`, or `interface NAME`"
	}
}

// interfaceItem judges the name after `address interface`.
func (r *resolver) interfaceItem(s *service, w ast.Word) bool {
	if w.Text == "lo" {
		r.errorf(codeLo, w.Span, "lo has no addresses of its own to offer").
			Helpf("write 127.0.0.1, ::1, or the address that the service is to have on lo")
		return false
	}
	for _, h := range r.hosts {
		if h.ifaces[w.Text] != nil {
			return true
		}
	}
	known := map[string]bool{}
	for _, h := range r.hosts {
		for n := range h.ifaces {
			known[n] = true
		}
	}
	d := unknownName(r, "interface", w, known)
	switch {
	case r.zones[w.Text] != nil:
		d.Helpf("%s is a zone; a service names its interfaces one by one", w.Text)
	case d.Help == "":
		d.Helpf("declare it in a host: interface %s = ADDRESS/LENGTH", w.Text)
	}
	return false
}

func (r *resolver) serviceRefuse(s *service, st *ast.Refuse) {
	v, ok := r.refuseVerdict(st)
	if !ok {
		return
	}
	if s.refuse != nil && v != s.p.Refuse {
		r.errorf(codeContradict, st.Span(), "service %s refuses in two ways", s.p.Name).
			Helpf("keep one of them").See(s.refuse.Span(), "the other one")
		return
	}
	s.refuse, s.p.Refuse, s.p.RefuseSet = st, v, true
}

func (r *resolver) refuseVerdict(st *ast.Refuse) (policy.Verdict, bool) {
	switch st.How.Text {
	case "drop":
		return policy.Drop, true
	case "reject":
		return policy.Reject, true
	}
	r.errorf(codeOption, st.How.Span, "traffic can't be refused by %q", st.How.Text).Helpf("write drop or reject")
	return policy.Drop, false
}

func (r *resolver) serviceLogRefused(s *service, st *ast.LogRefused) {
	l := r.logRefused(st, s.p.Name)
	if l == nil {
		return
	}
	if s.logRefused != nil && !sameLimit(l.Limit, s.p.LogRefused.Limit) {
		r.errorf(codeContradict, st.Span(), "service %s logs what it refuses at two rates", s.p.Name).
			Helpf("keep one of them").See(s.logRefused.Span(), "the other one")
		return
	}
	s.logRefused, s.p.LogRefused = st, l
}

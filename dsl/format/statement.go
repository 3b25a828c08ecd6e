package format

import (
	"cmp"
	"slices"
	"strings"

	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

// statement prints one statement, without what stands before it.
func (p *printer) statement(s ast.Stmt, indent int) {
	m := s.Comments()
	// Among items of which some have comments, each has a line of its own, so that
	// no comment seems to be about its neighbours.
	f := &flow{inner: m.Inner, each: len(m.Inner) > 0}
	switch s := s.(type) {
	case *ast.Host:
		p.block("host "+word(s.Name), m, &s.Body, indent)
		return
	case *ast.Service:
		p.block("service "+word(s.Name), m, &s.Body, indent)
		return
	case *ast.Block:
		p.block(s.Kind.String(), m, &s.Body, indent)
		return
	case *ast.Bad:
		f.put(strings.Join(strings.Fields(s.Pos.Text()), " "), -1)
	case *ast.Include:
		f.put("include", -1)
		f.word(ast.Word{Text: s.Path.Text, Quoted: true, Span: s.Path.Span})
	case *ast.Zone:
		f.declare("zone", s.Name, s.Ifaces)
	case *ast.Net:
		f.declare("net", s.Name, s.Items)
	case *ast.Port:
		f.declare("port", s.Name, s.Items)
	case *ast.Interface:
		f.declare("interface", s.Name, s.Addrs)
	case *ast.Proto:
		f.declare("proto", s.Name, nil)
		f.traffics(s.Traffic)
	case *ast.Option:
		f.put("option", -1)
		f.word(s.Name)
		f.word(s.Value)
	case *ast.Forwards:
		f.put("forwards", -1)
	case *ast.RouteLocalnet:
		f.put("route-localnet", -1)
	case *ast.Masquerade:
		f.put("masquerade", -1)
		f.lists(keyed{"on", s.On}, keyed{"from", s.From})
	case *ast.Source:
		f.put("source", -1)
		f.word(s.Addr)
		f.put("to", -1)
		f.word(s.To)
	case *ast.Home:
		f.put("home", -1)
		f.words(s.Hosts)
	case *ast.Guard:
		f.put("guard", -1)
		f.words(s.Hosts)
	case *ast.Address:
		f.address(s)
	case *ast.Rule:
		f.rule(s)
	case *ast.Publish:
		f.put("publish", -1)
		f.traffics(s.Traffic)
		f.put("to", -1)
		f.words(s.To)
	case *ast.Refuse:
		f.put("refuse", -1)
		f.word(s.How)
	case *ast.Default:
		f.put("default", -1)
		f.word(s.Verdict)
	case *ast.LogRefused:
		f.put("log refused", -1)
		if s.Limit != nil {
			f.limit(s.Limit)
		}
	case *ast.Expect:
		f.expect(s)
	}
	p.flowed(f, indent, m.Trail)
}

// block prints a head and a body in braces.
func (p *printer) block(head string, m *ast.Meta, b *ast.Body, indent int) {
	trail, end := "", ""
	if m.Trail != nil {
		trail = m.Trail.Text
	}
	if m.End != nil {
		end = m.End.Text
	}
	if len(b.Stmts) == 0 && len(b.Dangling) == 0 && trail == "" {
		p.add(indent, head+" {}", end)
		return
	}
	p.add(indent, head+" {", trail)
	p.body(b, indent+1)
	p.add(indent, "}", end)
}

// declare prints the keyword, name and items of a declaration.
func (f *flow) declare(keyword string, name ast.Word, items []ast.Word) {
	f.put(keyword, -1)
	f.word(name)
	f.put("=", -1)
	f.words(items)
}

func (f *flow) address(s *ast.Address) {
	f.put("address", -1)
	for i, item := range s.Items {
		if i > 0 {
			f.comma()
		}
		switch {
		case item.Keyword.Text == "":
			// `address "host"` is not `address host`: the quotes of words stay.
			f.word(item.Value)
		case item.Value.IsZero() && item.Value.Text == "":
			f.word(item.Keyword)
		default:
			f.word(item.Keyword)
			f.word(item.Value)
		}
	}
}

// keyed is a clause that is a list, or nil.
type keyed struct {
	keyword string
	list    *ast.List
}

// clause of a statement, to be printed in the order of the source.
type clause struct {
	at    diag.Span
	print func()
}

// lists prints clauses in the order of the source, or in the order given where
// they have no position.
func (f *flow) lists(lists ...keyed) { f.inOrder(f.clauses(lists)) }

func (f *flow) clauses(lists []keyed) []clause {
	out := make([]clause, 0, len(lists)+2)
	for _, k := range lists {
		if k.list != nil {
			out = append(out, clause{k.list.Keyword, func() { f.list(k.keyword, k.list) }})
		}
	}
	return out
}

func (f *flow) inOrder(clauses []clause) {
	slices.SortStableFunc(clauses, func(a, b clause) int { return cmp.Compare(a.at.Start, b.at.Start) })
	for _, c := range clauses {
		c.print()
	}
}

func (f *flow) rule(r *ast.Rule) {
	f.put(r.Action.String(), -1)
	f.traffics(r.Traffic)
	clauses := f.clauses([]keyed{
		{"from", r.From}, {"on", r.On}, {"to", r.To}, {"out", r.Out}, {"user", r.User}, {"group", r.Group},
	})
	if r.Limit != nil {
		clauses = append(clauses, clause{r.Limit.Span, func() { f.limit(r.Limit) }})
	}
	if r.Log != nil {
		clauses = append(clauses, clause{r.Log.Span, func() { f.log(r.Log) }})
	}
	f.inOrder(clauses)
}

func (f *flow) limit(l *ast.Limit) {
	f.put("limit", -1)
	f.word(l.Rate)
	if l.Burst.Text != "" {
		f.put("burst", -1)
		f.word(l.Burst)
	}
	if l.PerSource {
		f.put("per source", -1)
	}
}

func (f *flow) log(l *ast.Log) {
	f.put("log", -1)
	if !l.Text.IsZero() || l.Text.Text != "" {
		f.word(ast.Word{Text: l.Text.Text, Quoted: true, Span: l.Text.Span})
	}
}

func (f *flow) expect(s *ast.Expect) {
	f.put("expect", -1)
	f.word(s.Verdict)
	k := &s.Packet
	f.word(k.Traffic.Kind)
	f.words(k.Traffic.Args)
	f.put("from", -1)
	switch {
	case k.Any:
		f.put("any", -1)
	case k.Self:
		f.put("self", -1)
		f.optional("", k.From)
		f.optional("user", k.User)
	default:
		f.word(k.From)
	}
	f.optional("on", k.On)
	f.put("to", -1)
	f.word(k.To)
	f.optional("at", s.At)
}

// optional prints a word that may be left out, and its keyword.
func (f *flow) optional(keyword string, w ast.Word) {
	if w.IsZero() && w.Text == "" {
		return
	}
	if keyword != "" {
		f.put(keyword, -1)
	}
	f.word(w)
}

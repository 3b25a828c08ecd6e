package nft

import (
	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// style says how the values of an expression are written. It is never nil.
func (p *program) style(e ruleset.Expr) *syntax {
	switch e := e.(type) {
	case ruleset.Field:
		return &p.syntax[e]
	case *ruleset.Selector:
		return selectorStyle(e)
	case *ruleset.Binary:
		if _, constant := e.Left.(ruleset.Term); constant {
			return p.style(e.Right)
		}
		return p.style(e.Left)
	case *ruleset.MapExpr:
		return p.style(p.dataOf(e))
	}
	return &p.syntax[ruleset.NoField]
}

// dataOf a map: what its values are like; nil where that is not known, or where
// they are several.
func (p *program) dataOf(m *ruleset.MapExpr) ruleset.Expr {
	data := m.Data
	if m.Map != "" {
		if s := p.sets[m.Map]; s != nil {
			data = s.Data
		}
	}
	if len(data) == 1 {
		return data[0]
	}
	return nil
}

// stringsOf: the values are names that stand between quotes.
func stringsOf(e ruleset.Expr) bool {
	d := ruleset.DomainOf(e)
	return d == ruleset.Name || d == ruleset.String
}

// selectorStyle is the same for what is named with parameters.
func selectorStyle(s *ruleset.Selector) *syntax {
	if s.Exists {
		return &syntax{names: presence()}
	}
	switch s.Domain {
	case ruleset.Name, ruleset.String:
		return &syntax{values: quoted}
	case ruleset.Addr4:
		return &syntax{values: address4}
	case ruleset.Addr6:
		return &syntax{values: address6}
	case ruleset.LinkAddr:
		return &syntax{values: linkAddress}
	case ruleset.InetProto:
		return &syntax{values: protocol}
	case ruleset.Bits:
		return &syntax{values: hexadecimal}
	case ruleset.Enum:
		if s.Kind == ruleset.Fib {
			return &syntax{names: addrTypes()}
		}
	}
	if s.Kind == ruleset.RawPayload && s.Width > 64 {
		return &syntax{values: hexadecimal}
	}
	return &syntax{}
}

// presence of a header or an option, as words.
func presence() []name { return []name{{0, "missing"}, {1, "exists"}} }

// widthOf the values of an expression, in bits.
func (p *program) widthOf(e ruleset.Expr) int {
	switch e := e.(type) {
	case ruleset.Field:
		if e == ruleset.NoField {
			return 0
		}
		return width(e)
	case *ruleset.MapExpr:
		if d := p.dataOf(e); d != nil {
			return p.widthOf(d)
		}
		return 0
	}
	return ruleset.WidthOf(e)
}

// transport remembers the protocol that a match settles: ports are called by its
// name from then on. It need not have been written: what implies it is called so.
func (p *program) transport(s ruleset.Stmt) {
	m, ok := s.(*ruleset.Match)
	if ok && m.Field == ruleset.L4Proto && m.Op == ruleset.OpIn && !m.Neg && len(m.Terms) == 1 && m.Terms[0].Single() && m.Terms[0].Text == "" {
		p.th = ""
		if emit.HasPorts(m.Terms[0].Lo.Lo) {
			p.th = protocolName(m.Terms[0].Lo.Lo)
		}
	}
}

// familyOf an address that stands by itself in a statement.
func (p *program) familyOf(of ruleset.Family) ruleset.Family {
	if of == ruleset.IP || of == ruleset.IP6 {
		return of
	}
	return p.table.Family
}

// addressStyle is that of an address of the family.
func addressStyle(v6 bool) *syntax {
	if v6 {
		return &syntax{values: address6}
	}
	return &syntax{values: address4}
}

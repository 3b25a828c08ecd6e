package ext

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// tableSet is a set of iptables' tables; none stands for all.
type tableSet uint8

const (
	filter tableSet = 1 << iota
	nat
	mangle
	raw
	security
)

func tableNames() [5]string {
	return [...]string{"filter", "nat", "mangle", "raw", "security"}
}

// chainSet is a set of builtin chains; none stands for all.
type chainSet uint8

const (
	prerouting chainSet = 1 << iota
	input
	forward
	output
	postrouting
)

func chainNames() [5]string {
	return [...]string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}
}

func names(set uint8, all [5]string) string {
	var in []string
	for i, n := range all {
		if set&(1<<i) != 0 {
			in = append(in, n)
		}
	}
	return strings.Join(in, ", ")
}

func without(set uint8, all [5]string, name string) bool {
	if set == 0 {
		return false
	}
	for i, n := range all {
		if n == name {
			return set&(1<<i) == 0
		}
	}
	return false
}

// parse is an instance being understood.
type parse struct {
	c       *Ctx
	x       *Instance
	means   []ruleset.Stmt
	has     uint32 // the bits of the options that stand
	unknown string // a value that can't be known and that no Term stands for
	bad     bool
	decimal bool // ports are read in decimal alone
}

func (p *parse) v6() bool { return p.c.Family == ruleset.IP6 }

// errorf says what the tool does not take.
func (p *parse) errorf(at diag.Span, format string, args ...any) *diag.Diagnostic {
	p.bad = true
	return p.c.List.Errorf(at, format, args...).WithCode(ruleset.CodeSyntax)
}

// refusef says what the kernel does not take.
func (p *parse) refusef(format string, args ...any) *diag.Diagnostic {
	p.bad = true
	return p.c.List.Errorf(p.x.At, format, args...).WithCode(ruleset.CodeRefused)
}

// kind names the extension in messages.
func (p *parse) kind() string {
	if p.x.Ext.Target {
		return "the target " + p.x.Ext.Name
	}
	return "the match " + p.x.Ext.Name
}

// check is what all extensions have in common.
func (p *parse) check() {
	for i := range p.x.given {
		g := &p.x.given[i]
		o := g.o
		name := p.x.Ext.canonical(o)
		switch bit := uint32(1) << o.ID; {
		case g.neg && !o.Neg:
			p.errorf(g.at, "%s can't be inverted", name).Helpf("leave the ! out")
		case p.has&bit != 0 && !o.Multi:
			p.errorf(g.at, "%s stands twice", name).Helpf("it can be used once in a %s", p.x.Ext.Name)
		default:
			p.has |= bit
		}
		if g.n < o.Values && !o.Maybe {
			if g.n == 1 {
				p.errorf(g.at, "%s needs two words", name).Helpf("the second is missing, or begins with - or !")
			} else {
				p.errorf(g.at, "%s needs a value", name)
			}
		} else if g.n > o.Values {
			p.errorf(g.at, "%s takes no value", name)
		}
	}
	for i := range p.x.given {
		g := &p.x.given[i]
		if both := g.o.Excl & p.has &^ (1 << g.o.ID); both != 0 {
			if other := p.first(both); other < i {
				p.errorf(g.at, "%s can't stand together with %s", p.x.Ext.canonical(g.o), p.x.Ext.canonical(p.x.given[other].o))
			}
		}
		if g.o.Also != 0 && g.o.Also&p.has == 0 {
			p.errorf(g.at, "%s needs %s too", p.x.Ext.canonical(g.o), p.x.Ext.namesOf(g.o.Also))
		}
	}
	for i := range p.x.Ext.options {
		if o := &p.x.Ext.options[i]; o.Must && p.has&(1<<o.ID) == 0 && p.x.Ext.canonical(o) == o.Name {
			p.errorf(p.x.At, "%s needs %s", p.kind(), o.Name)
		}
	}
	p.place()
}

// first of the options given whose bit is among those.
func (p *parse) first(bits uint32) int {
	for i := range p.x.given {
		if bits&(1<<p.x.given[i].o.ID) != 0 {
			return i
		}
	}
	return len(p.x.given)
}

// namesOf the options with those bits, joined by or.
func (e *Extension) namesOf(bits uint32) string {
	var in []string
	for i := range e.options {
		if bit := uint32(1) << e.options[i].ID; bits&bit != 0 {
			in = append(in, e.options[i].Name)
			bits &^= bit
		}
	}
	return strings.Join(in, " or ")
}

// place refuses where the kernel does: the wrong protocol, table or chain.
func (p *parse) place() {
	e := p.x.Ext
	if e.proto != 0 && !p.c.AnyProto && (p.c.Proto != e.proto || p.c.NotProto) {
		name := protoName(e.proto)
		p.refusef("%s needs the protocol %s", p.kind(), name).Helpf("write -p %s in front of it", name)
	}
	if p.c.Table != "" && without(uint8(e.tables), tableNames(), p.c.Table) {
		p.refusef("%s can't stand in the table %s", p.kind(), p.c.Table).Helpf("it is for %s", names(uint8(e.tables), tableNames()))
	}
	if p.c.Builtin {
		p.chains(e.chains, p.kind())
	}
}

// chains refuses a builtin chain that is not among those.
func (p *parse) chains(set chainSet, what string) {
	if p.c.Builtin && without(uint8(set), chainNames(), p.c.Chain) {
		p.refusef("%s can't stand in %s", what, p.c.Chain).Helpf("it is for %s", names(uint8(set), chainNames()))
	}
}

// needPorts refuses a rule whose protocol has no ports.
func (p *parse) needPorts(what string, at diag.Span, protos ...uint8) {
	if p.c.AnyProto {
		return
	}
	for _, n := range protos {
		if p.c.Proto == n && !p.c.NotProto {
			return
		}
	}
	p.bad = true
	list := make([]string, len(protos))
	for i, n := range protos {
		list[i] = protoName(n)
	}
	p.c.List.Errorf(at, "%s needs a protocol with ports", what).WithCode(ruleset.CodeRefused).
		Helpf("write -p with one of %s", strings.Join(list, ", "))
}

// get the option of an ID, or nil.
func (p *parse) get(id uint8) *given {
	if p.has&(1<<id) == 0 {
		return nil
	}
	return &p.x.given[p.first(1<<id)]
}

func (p *parse) is(id uint8) bool { return p.has&(1<<id) != 0 }

// text of the value of an option, "" where it does not stand.
func (p *parse) text(id uint8) string {
	if g := p.get(id); g != nil {
		return g.v[0].Text
	}
	return ""
}

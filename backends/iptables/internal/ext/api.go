package ext

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Word is one argument of a command, quotes removed. It may hold unknown marks.
type Word struct {
	Text string
	Span diag.Span
}

// Option is an option of an extension. Options that differ in name alone have
// the same ID.
type Option struct {
	Name string // with its dashes: "--dport"
	ID   uint8
	// Values is how many words it takes. The first is taken whatever it looks
	// like; a second only where it begins with neither "-" nor "!".
	Values uint8
	// Maybe: the one value may be left out; a word that begins with "-" or "!" is
	// none.
	Maybe bool
	// Neg: "!" may stand in front of it.
	Neg bool
	// Multi: it may stand more than once.
	Multi bool
	// Must: it must stand.
	Must bool
	// Excl and Also are the bits of the IDs with which it may not, and of those
	// with which it must stand.
	Excl, Also uint32
}

// Extension is a match or a target.
type Extension struct {
	Name   string
	Target bool
	// Family for which it is; Inet for both.
	Family ruleset.Family
	// Ends: a target behind which the rule does not go on.
	Ends bool

	options []Option
	// proto is the only protocol for which the kernel takes it, 0 for all.
	proto uint8
	// tables and chains are the only ones in which the kernel takes it.
	tables tableSet
	chains chainSet
	finish func(*parse)
}

// Option of a name without its dashes, or of the beginning of one. It is nil
// where no option begins so; more is set where several do, none of which has the
// whole name.
func (e *Extension) Option(name string) (o *Option, exact, more bool) {
	for i := range e.options {
		p := &e.options[i]
		if !strings.HasPrefix(p.Name[2:], name) {
			continue
		}
		if len(p.Name) == len(name)+2 {
			return p, true, false
		}
		if o == nil {
			o = p
		} else if o.ID != p.ID {
			more = true
		}
	}
	return o, false, more
}

// Options of the extension, for whoever looks for a near one.
func (e *Extension) Options() []Option { return e.options }

// given is an option as a rule has it.
type given struct {
	o   *Option
	neg bool
	at  diag.Span
	v   [2]Word
	n   uint8
}

// Instance is an extension as a rule has it. It may be used again after Reset.
type Instance struct {
	Ext *Extension
	// At is where the extension is named.
	At diag.Span

	given []given
}

// Reset makes the instance one of another extension, without options.
func (x *Instance) Reset(e *Extension, at diag.Span) {
	x.Ext, x.At, x.given = e, at, x.given[:0]
}

// Take an option: neg where "!" stands before it, eq its value where the option's
// own word has one ("--dport=22"), rest the words behind it. It returns how many
// of those it used. Whether they are right is for Finish to say.
func (x *Instance) Take(o *Option, neg bool, at diag.Span, eq *Word, rest []Word) int {
	g := given{o: o, neg: neg, at: at}
	if eq != nil {
		g.v[0], g.n = *eq, 1
	}
	used := 0
	for g.n < o.Values && used < len(rest) {
		w := rest[used]
		if (o.Maybe || g.n > 0) && w.Text != "" && (w.Text[0] == '-' || w.Text[0] == '!') {
			break
		}
		g.v[g.n] = w
		g.n++
		used++
	}
	x.given = append(x.given, g)
	return used
}

// Any says whether any option stands.
func (x *Instance) Any() bool { return len(x.given) > 0 }

// Ctx is the rule in which an extension stands. It may be used for one rule
// after the other, and should be: it holds memory that they share.
type Ctx struct {
	Family ruleset.Family // IP or IP6
	Table  string         // of iptables: filter, nat …
	Chain  string
	// Builtin: Chain is one of the kernel's own. What a user chain may hold
	// depends on who calls it, and is not judged here.
	Builtin bool
	// Proto is the protocol of -p, 0 for none; NotProto where it is negated, and
	// AnyProto where it can't be known.
	Proto              uint8
	NotProto, AnyProto bool
	// IPSet gives the type of a set of ipset(8), nil where it is not known. It
	// may itself be nil.
	IPSet func(name string) *ruleset.IPSetType
	List  *diag.List

	slab  slab
	parse parse
}

// Finish says what the instance means. The args are as Module.Args has them:
// names in full, values as they were written. Mistakes go to the list of the
// Ctx; ok is false where there was one.
func (x *Instance) Finish(c *Ctx) (args []string, means []ruleset.Stmt, ok bool) {
	p := &c.parse
	*p = parse{c: c, x: x, means: c.slab.scratch[:0]}
	p.check()
	if !p.bad {
		x.Ext.finish(p)
	}
	if p.unknown != "" && !p.bad {
		p.blur()
	}
	c.slab.scratch = p.means[:0]
	if p.bad {
		return x.args(c), nil, false
	}
	return x.args(c), c.slab.stmts(p.means), true
}

// args as Module.Args has them.
func (x *Instance) args(c *Ctx) []string {
	n := 0
	for i := range x.given {
		g := &x.given[i]
		n += 1 + int(g.n)
		if g.neg {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	args := c.slab.strings(n)
	for i := range x.given {
		g := &x.given[i]
		if g.neg {
			args = append(args, "!")
		}
		args = append(args, x.Ext.canonical(g.o))
		for _, w := range g.v[:g.n] {
			args = append(args, ruleset.ShowUnknown(w.Text))
		}
	}
	return args
}

// canonical is the name that the tool itself prints.
func (e *Extension) canonical(o *Option) string {
	for i := range e.options {
		if e.options[i].ID == o.ID {
			return e.options[i].Name
		}
	}
	return o.Name
}

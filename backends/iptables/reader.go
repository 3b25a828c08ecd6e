package iptables

import (
	"github.com/loward/loward/backends/iptables/internal/ext"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// reader is a command being read. It belongs to a State and is used again for
// each of its commands.
type reader struct {
	s         *State
	l         *diag.List
	at        diag.Span // the whole command
	restoring bool      // in a text for iptables-restore
	table     *table
	bad       bool // the command has a mistake and does nothing
	vague     bool // a word of it can't be known: what it does neither
	skip      bool // it is for the other family
	picky     bool // an extension of the rule is
	circle    bool // its rule closes a circle of chains

	words []Word
	next  int // index of the next word
	flag  int // that of the option at hand
	neg   diag.Span

	verb   byte // the command's letter, 0 where there is none yet
	verbAt diag.Span
	chain  Word
	other  Word // the new name of -E, the policy of -P
	nr     int  // the rule's number, 0 where none is said
	nrAt   diag.Span

	packets, bytes uint64

	seen   uint32 // base options, by their bit
	negs   uint32 // those of them that were inverted
	value  [numBase]Word
	goTo   bool
	proto  int // of -p; -1 where none is, or where it can't be known
	any    bool
	loaded bool // the protocol's match was loaded

	mods   []module
	nmods  int
	target module
	cached bool // modules may be taken from those that were read before
	file   *diag.File
	text   string // of file

	ctx    ext.Ctx
	known  map[segment]remembered
	common map[valued]*ruleset.Match
	slab   slab
	body   []ruleset.Stmt
	srcs   []address
	dsts   []address
}

// module is an extension of the rule at hand.
type module struct {
	inst ext.Instance
	name Word
	// done: it was read before, with the same words.
	done *ruleset.Module
	// opaque are the words of one that is not known.
	opaque []Word
	// from and to are the words that name it and its options where those stand
	// together, and whole that they do.
	from, to int
	whole    bool
}

// valued is a base option and its value.
type valued struct {
	option byte
	neg    bool
	text   string
}

func (rd *reader) init(s *State) {
	rd.s = s
	rd.known = map[segment]remembered{}
	rd.common = map[valued]*ruleset.Match{}
	rd.ctx.Family = s.family
}

// begin a command.
func (rd *reader) begin(l *diag.List, at diag.Span) {
	rd.l, rd.at, rd.restoring, rd.table = l, at, false, nil
	rd.bad, rd.vague, rd.skip, rd.circle = false, false, false, false
	rd.verb, rd.nr, rd.packets, rd.bytes = 0, 0, 0, 0
	rd.chain, rd.other = Word{}, Word{}
	rd.ctx.List = l
}

// again makes the reader ready for the words of the command.
func (rd *reader) again() {
	rd.next, rd.neg = 0, diag.Span{}
	rd.verb, rd.nr = 0, 0
	rd.seen, rd.negs, rd.goTo, rd.proto, rd.any, rd.loaded = 0, 0, false, -1, false, false
	rd.nmods, rd.picky = 0, false
	rd.ctx.NotProto = false
	rd.target.inst.Ext, rd.target.done, rd.target.opaque = nil, nil, nil
}

// syntax says what the tool does not take.
func (rd *reader) syntax(at diag.Span, format string, args ...any) *diag.Diagnostic {
	rd.bad = true
	return rd.l.Errorf(at, format, args...).WithCode(ruleset.CodeSyntax)
}

// refuse says what the tool or the kernel does not do.
func (rd *reader) refuse(at diag.Span, format string, args ...any) *diag.Diagnostic {
	rd.bad = true
	return rd.l.Errorf(at, format, args...).WithCode(ruleset.CodeRefused)
}

// Command does what iptables (or ip6tables, as the State's family is) does with
// these arguments; at is where the command stands. Mistakes go to the list; a
// command that has one does nothing.
func (s *State) Command(args []Word, at diag.Span, l *diag.List) {
	rd := &s.rd
	rd.begin(l, at)
	rd.command(args)
	if rd.circle && !rd.bad {
		rd.loops(rd.table)
	}
}

// command reads the words and does what they say.
func (rd *reader) command(words []Word) {
	rd.words = words
	rd.cached = true
	if !rd.parse() && !rd.bad {
		// An option stands apart from its extension: nothing that was read before
		// helps then.
		rd.cached = false
		rd.parse()
	}
	if rd.bad || rd.skip {
		return
	}
	if rd.verb == 0 {
		rd.syntax(rd.at, "no command").Helpf("write what to do: -A CHAIN, -I CHAIN and so on")
		return
	}
	if rd.table == nil {
		name, at := "filter", rd.at
		if rd.has(optTable) {
			name, at = rd.value[optTable].Text, rd.value[optTable].Span
		}
		if ruleset.HasUnknown(name) {
			rd.unknown(at, "the table")
			return
		}
		if rd.table = rd.s.table(name, rd.at); rd.table == nil {
			rd.refuse(at, "no table is called %q", name).Helpf("there are filter, nat, mangle, raw and security")
			return
		}
	}
	if rd.fits() {
		rd.apply()
	}
}

// unknown says that what can't be known decides what the command does.
func (rd *reader) unknown(at diag.Span, what string) {
	rd.vague = true
	rd.l.Warnf(at, "%s of this command can't be known", what).WithCode(ruleset.CodeUnknown).
		Helpf("the command is passed over")
}

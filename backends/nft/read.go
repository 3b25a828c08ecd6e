package nft

import (
	"iter"

	"github.com/loward/loward/backends/nft/internal/schema"
	tree "github.com/loward/loward/backends/nft/internal/syntax"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Options of reading.
type Options struct {
	// Include gives the files that an include names, in the order in which nft reads
	// them; pattern is as it stands in the text, wildcards and all. None are an
	// include whose file is not there. Nil where there is nothing to read from.
	Include func(pattern string) []*diag.File
	// At is where everything is said to be from instead of its own place, unless it
	// is zero.
	At diag.Span
}

// State is nftables in a kernel, as the commands so far have left it.
type State struct {
	o       Options
	parser  *tree.Parser
	syntax  []syntax // by Field
	names   map[fieldName]ruleset.Field
	tables  []*readTable
	byName  map[tableName]*readTable
	guesses int
	l       *diag.List
	rule    ruleReader
	slabs   slabs
	memo    memo
	json    bool // what is read now is JSON
}

// fieldName is a field as the tree has it: the header and the field of it.
type fieldName struct{ header, field string }

// NewState is a kernel without tables.
func NewState(o Options) *State {
	s := &State{o: o, syntax: newProgram().syntax, names: map[fieldName]ruleset.Field{}, byName: map[tableName]*readTable{}}
	for _, f := range ruleset.Fields() {
		header, field := splitName(f.Info().Name)
		s.names[fieldName{header, field}] = f
	}
	s.memo = newMemo(s.syntax)
	s.parser = tree.NewParser(tree.Options{
		Include: o.Include, At: o.At,
		CodeSyntax: ruleset.CodeSyntax, CodeMissing: ruleset.CodeOpaque, CodeUnknown: ruleset.CodeUnknown,
	})
	return s
}

// splitName of a field: the header, and the rest. What meta knows without the
// word is a field of meta.
func splitName(s string) (header, field string) {
	for i := range len(s) {
		if s[i] == ' ' {
			return s[:i], s[i+1:]
		}
	}
	return "meta", s
}

// Run reads a text for nft -f, or a single command, and does what it says. What
// is wrong goes to the list, and what is right is done all the same, though nft
// itself would do all of a text or nothing.
func (s *State) Run(f *diag.File, l *diag.List) {
	if len(f.Data) >= aheadSize {
		s.run(s.parser.ParseAhead(f, l), l)
		return
	}
	s.run(s.parser.Parse(f, l), l)
}

// aheadSize is from where on a text is parsed in a goroutine of its own, ahead of
// what is done with it.
const aheadSize = 64 << 10

// RunJSON does the same with what nft -j -f takes: a list of commands, or of
// objects as nft -j list ruleset prints them, which are added.
func (s *State) RunJSON(f *diag.File, l *diag.List) {
	s.json = true
	defer func() { s.json = false }()
	s.run(schema.Parse(f, schema.Options{CodeSyntax: ruleset.CodeSyntax, CodeOpaque: ruleset.CodeOpaque}, l), l)
}

func (s *State) run(commands iter.Seq[*tree.Cmd], l *diag.List) {
	s.l = l
	before := len(l.All)
	for c := range commands {
		s.do(c)
	}
	for _, d := range l.All[min(before, len(l.All)):] {
		d.Span = origin(d.Span)
	}
	s.l = nil
}

// origin of a span: of a derived text, the place that it was made of.
func origin(at diag.Span) diag.Span {
	if at.File == nil {
		return at
	}
	return at.File.Span(at.Start, at.End)
}

// Read a text for nft -f by itself. It never fails: what is wrong is in the list.
func Read(f *diag.File, o Options, l *diag.List) *ruleset.Ruleset {
	s := NewState(o)
	s.Run(f, l)
	return s.Ruleset()
}

// ReadJSON reads nft's JSON by itself. It never fails: what is wrong is in the
// list.
func ReadJSON(f *diag.File, o Options, l *diag.List) *ruleset.Ruleset {
	s := NewState(o)
	s.RunJSON(f, l)
	return s.Ruleset()
}

// Ruleset is what the commands so far have left. It shares its nodes with the
// state: it is good until the next command.
func (s *State) Ruleset() *ruleset.Ruleset {
	rs := &ruleset.Ruleset{}
	for _, t := range s.tables {
		rs.Tables = append(rs.Tables, t.t)
	}
	return rs
}

// refuse says that nft takes the words and not what they mean.
func (s *State) refuse(at diag.Span, format string, args ...any) *diag.Diagnostic {
	return s.l.Errorf(at, format, args...).WithCode(ruleset.CodeRefused)
}

// notModelled says that something is kept as it stands.
func (s *State) notModelled(at diag.Span, what string) {
	s.l.Warnf(at, "read, not modelled: %s", what).WithCode(ruleset.CodeOpaque)
}

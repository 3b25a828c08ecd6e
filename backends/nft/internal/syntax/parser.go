package syntax

import (
	"iter"
	"slices"

	"github.com/loward/loward/dsl/diag"
)

// Parser of nft's text. Variables stay from one text to the next, as in nft -i.
type Parser struct {
	lexer
	o        Options
	list     *diag.List
	yield    func(*Cmd) bool
	stopped  bool
	quiet    bool // what is read now was read before, with its mistakes
	second   bool // the rules of a block are read, behind its declarations
	missing  bool // a file that is included is not there
	scope    *scope
	seq      int
	nest     int
	included int // how deep
	includes int // how many
	spliced  int
	guesses  int

	a        *arena // of what is read now
	command  arena
	block    arena
	kept     arena // of variables
	cmd      Cmd
	stack    []*Expr // of lists whose length is not yet known
	stmts    []*Stmt
	ahead    *ahead // nil where the caller takes each command as it is read
	comments []diag.Span

	// Where the mistake is from which the parser has not recovered yet.
	badPos, badDepth int
}

// NewParser makes one.
func NewParser(o Options) *Parser {
	p := &Parser{o: o, scope: &scope{}}
	p.a = &p.command
	return p
}

// Parse yields the commands of a text. Mistakes go to the list.
func (p *Parser) Parse(f *diag.File, l *diag.List) iter.Seq[*Cmd] {
	return func(yield func(*Cmd) bool) {
		p.lexer, p.list, p.yield = newLexer(f), l, yield
		p.stopped, p.includes, p.spliced = false, 0, 0
		p.next()
		p.commands()
	}
}

// Comments are the places of the comments that were read, from # to the end of
// the line, in the order of the files' names and places; none where the options
// do not ask for them.
func (p *Parser) Comments() []diag.Span {
	slices.SortFunc(p.comments, func(a, b diag.Span) int {
		if a.File != b.File {
			if a.File.Name < b.File.Name {
				return -1
			}
			return 1
		}
		return a.Start - b.Start
	})
	p.comments = slices.Compact(p.comments)
	return p.comments
}

func (p *Parser) comment(start, end int) {
	if !p.o.Comments {
		return
	}
	if n := len(p.comments); n > 0 && p.comments[n-1].File == p.file && p.comments[n-1].Start == start {
		return // read again
	}
	p.comments = append(p.comments, diag.Span{File: p.file, Start: start, End: end})
}

// emit hands out a command; its nodes are gone afterwards.
func (p *Parser) emit(c *Cmd) {
	switch {
	case p.stopped:
	case p.ahead != nil:
		p.hand(c)
	default:
		p.stopped = !p.yield(c)
		p.command.reset()
	}
	if p.stopped {
		p.kind, p.pos = tEOF, len(p.src)
	}
}

// newCmd is the command that is read now.
func (p *Parser) newCmd(v Verb, k Kind) *Cmd {
	p.cmd = Cmd{Verb: v, Kind: k}
	return &p.cmd
}

// here is the place of the current token.
func (p *Parser) here() diag.Span { return p.span(p.start, p.end) }

func (p *Parser) span(start, end int) diag.Span {
	if p.o.At.File != nil {
		return p.o.At
	}
	return diag.Span{File: p.file, Start: start, End: end}
}

// from is the place from start up to the last token that was read.
func (p *Parser) from(start int) diag.Span { return p.span(start, p.last()) }

// last is the end of what stands before the current token.
func (p *Parser) last() int {
	i := p.start
	if p.kind == tErr {
		i = p.badPos
	}
	for i > 0 && (class[p.src[i-1]]&cBlank != 0) {
		i--
	}
	return i
}

// is says whether the current token is that word.
func (p *Parser) is(word string) bool { return p.kind == tWord && p.text == word }

// take goes behind a word, where it is there.
func (p *Parser) take(word string) bool {
	if p.kind == tWord && p.text == word {
		p.next()
		return true
	}
	return false
}

// got goes behind a token, where it is there.
func (p *Parser) got(k tok) bool {
	if p.kind == k {
		p.next()
		return true
	}
	return false
}

func (p *Parser) want(k tok) {
	if !p.got(k) {
		p.unexpected(k.String())
	}
}

func (p *Parser) wantWord(word string) {
	if !p.take(word) {
		p.unexpected(word)
	}
}

func (p *Parser) bad() bool { return p.kind == tErr }

// blank goes behind newlines.
func (p *Parser) newlines() {
	for p.kind == tNewline {
		p.next()
	}
}

func (p *Parser) separators() {
	for p.kind == tNewline || p.kind == tSemi {
		p.next()
	}
}

// atEnd says whether a statement can end here.
func (p *Parser) atEnd() bool {
	switch p.kind {
	case tNewline, tSemi, tEOF, tRBrace, tErr:
		return true
	}
	return false
}

// end of a command or a definition.
func (p *Parser) endCommand() {
	switch p.kind {
	case tNewline, tSemi:
		p.next()
	case tEOF, tErr:
	default:
		p.unexpected("end of file or newline or semicolon")
	}
}

// endLine ends what stands in a block. nft wants a separator there, even before
// the closing brace.
func (p *Parser) endLine() {
	switch p.kind {
	case tNewline, tSemi:
		p.next()
	case tErr:
	default:
		p.unexpected("newline or semicolon")
	}
}

package syntax

import (
	"math"
	"sort"

	"github.com/loward/loward/dsl/diag"
)

// scope holds the variables of a block.
type scope struct {
	parent *scope
	// asOf is what is seen of the scopes around it.
	asOf int
	vars map[string][]version
}

// version is what a variable is from one definition to the next; nil where it
// is not defined.
type version struct {
	seq   int
	value *Expr
}

// lookup finds a variable's value.
func (p *Parser) lookup(name string) *Expr {
	asOf := math.MaxInt
	for s := p.scope; s != nil; s = s.parent {
		v := s.vars[name]
		i := sort.Search(len(v), func(i int) bool { return v[i].seq > asOf })
		if i > 0 && v[i-1].value != nil {
			return v[i-1].value
		}
		asOf = min(asOf, s.asOf)
	}
	return nil
}

func (p *Parser) open(asOf int) {
	p.scope = &scope{parent: p.scope, asOf: asOf}
}

func (p *Parser) close() { p.scope = p.scope.parent }

func (p *Parser) set1(name string, value *Expr) {
	if p.scope.vars == nil {
		p.scope.vars = map[string][]version{}
	}
	p.seq++
	p.scope.vars[name] = append(p.scope.vars[name], version{p.seq, value})
}

// definition reads what may stand in any block: define, redefine, undefine and
// include. again calls the reader of the block for an included file.
func (p *Parser) definition(again func()) bool {
	if p.kind != tWord {
		return false
	}
	switch p.text {
	case "define", "redefine":
		p.quiet = p.second
		p.define(p.text == "redefine")
		p.quiet = false
	case "undefine":
		p.next()
		name := p.text
		if p.kind != tWord {
			p.unexpected("the name of a variable")
			return true
		}
		p.next()
		p.set1(name, nil) // nft says nothing where there is none
		p.ends()
	case "include":
		p.include(again)
	default:
		return false
	}
	return true
}

// ends a definition: nft wants a separator there, even at the end of a file.
func (p *Parser) ends() {
	if p.kind != tNewline && p.kind != tSemi {
		p.unexpected("newline or semicolon")
		return
	}
	p.next()
}

func (p *Parser) define(again bool) {
	p.next()
	at, name := p.here(), p.text
	if p.kind != tWord || reserved(name) {
		p.unexpected("the name of a variable")
		return
	}
	p.next()
	p.want(tAssign)
	a := p.a
	p.a = &p.kept
	v := p.initializer()
	p.a = a
	if p.bad() {
		return
	}
	if !again && p.lookup(name) != nil {
		p.report(at, false, "redefinition of symbol %s", name).Helpf("say redefine to give it another value")
	}
	p.set1(name, v)
	p.ends()
}

func (p *Parser) initializer() *Expr {
	start := p.start
	switch p.kind {
	case tLBrace:
		if was := p.lexer; p.pos < len(p.src) {
			p.next()
			if p.newlines(); p.kind == tRBrace {
				p.next()
				return p.newExpr(XSet, start)
			}
			p.lexer = was
		}
		return p.set()
	case tDash:
		p.next()
		if p.kind != tNumber {
			p.unexpected("number")
			return nil
		}
		e := p.leaf(XNumber, start)
		e.Text = "-" + e.Text
		return e
	}
	e := p.rhs()
	if p.kind == tComma && lists(e) {
		return p.listRest(e, start)
	}
	return e
}

// variable reads what stands behind a $, and gives its value.
func (p *Parser) variable() *Expr {
	p.next()
	if p.kind != tWord {
		p.unexpected("string")
		return nil
	}
	v := p.lookup(p.text)
	if v == nil && p.missing {
		// It may well be in the file that is not there.
		e := p.leaf(XSymbol, p.start)
		e.Text = markOpen + "$" + e.Text + markClose
		return e
	}
	if v == nil {
		near, name := "", p.text
		if p.guesses++; p.guesses <= maxGuesses {
			near = diag.Nearest(name, p.visible())
		}
		d := p.fail(p.here(), "unknown identifier %s", name)
		if near != "" {
			d.Helpf("did you mean %s?", near)
		}
		return nil
	}
	p.next()
	return v
}

// visible are some of the names that could be meant.
func (p *Parser) visible() []string {
	var names []string
	for s := p.scope; s != nil; s = s.parent {
		for name := range s.vars {
			if names = append(names, name); len(names) > 1000 {
				return nil
			}
		}
	}
	sort.Strings(names)
	return names
}

func (p *Parser) include(again func()) {
	start := p.start
	p.next()
	if p.kind != tString && !(p.kind == tWord && p.marks && hasMark(p.text)) {
		p.unexpected("the name of a file in quotes")
		return
	}
	pattern := p.text
	p.next()
	at := p.from(start)
	p.ends()
	if p.bad() {
		return
	}
	if p.included++; p.included > maxInclude {
		p.report(at, false, "include nested too deeply, at most %d levels", maxInclude)
		p.included--
		return
	}
	defer func() { p.included-- }()
	var files []*diag.File
	if p.o.Include != nil {
		p.settled()
		files = p.o.Include(pattern)
	}
	p.missing = p.missing || len(files) == 0
	if len(files) == 0 && !p.second && !isPattern(pattern) {
		p.settled()
		p.list.Warnf(at, "include: the file %s is not there", pattern).WithCode(p.o.CodeMissing)
	}
	for _, f := range files {
		if p.includes++; p.includes > maxIncludes {
			p.report(at, false, "too many included files, at most %d", maxIncludes)
			return
		}
		was := p.lexer
		p.lexer = newLexer(f)
		p.next()
		again()
		if p.stopped {
			return
		}
		p.lexer = was
	}
}

func isPattern(name string) bool {
	for i := range len(name) {
		switch name[i] {
		case '*', '?', '[':
			return true
		}
	}
	return false
}

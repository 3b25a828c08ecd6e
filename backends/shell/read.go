package shell

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// status of a command: 0 for success, another number for failure, or undecided.
type status int

const (
	success   status = 0
	failure   status = 1
	undecided status = -1
)

// flow is what a statement does to those behind it.
type flow uint8

const (
	onward flow = iota
	breaking
	continuing
	returning
	exiting
)

// runner evaluates a script.
type runner struct {
	file    *diag.File
	list    *diag.List
	machine *machine
	shadow  *machine // what is read and not applied

	scope    *scope
	params   []string                        // nil: unknown
	decls    map[string]*syntax.FuncDecl     // functions that the script declares anywhere
	funcs    map[string]*syntax.FuncDecl     // and those that it has declared so far
	from     map[*syntax.FuncDecl]*diag.File // where each stands
	order    []string                        // functions in the order of their names' first declaration
	called   map[*syntax.FuncDecl]bool
	files    map[string]text // what the script writes, by name
	assigned map[string]bool // names that the script assigns to anywhere
	sourced  bool            // a file was read that may have set any variable

	sources []string
	ids     map[string]int
	told    map[place]bool
	touched map[syntax.Node]bool // whether a node concerns rules
	seen    map[syntax.Node]bool // branches not taken that were read

	status    status
	flow      flow
	levels    int // loops that break and continue still have to leave
	maybe     int // within branches of which it can't be known whether they run
	aside     int // within branches not taken
	defaulted bool
	at        diag.Span

	steps, bytes, depth int
	size                int // of the script
	stopped             bool
	options             options
	aliases             map[string]string
	fixed               map[string]bool // readonly variables
	trap                string          // what runs at the end
	optind, option      int             // where getopts is: the argument, and the letter in it
	out                 []Step
}

// Read a script. It answers with what was understood, whatever the script holds;
// what the shell itself would refuse is an error in the list, and the commands
// before it are read, as a shell runs them.
func Read(f *diag.File, l *diag.List) *Script {
	r := &runner{
		file: f, size: len(f.Data), list: l, machine: newMachine(), shadow: newMachine(), scope: &scope{},
		funcs: map[string]*syntax.FuncDecl{}, called: map[*syntax.FuncDecl]bool{}, files: map[string]text{},
		assigned: map[string]bool{}, ids: map[string]int{}, told: map[place]bool{},
		touched: map[syntax.Node]bool{}, seen: map[syntax.Node]bool{},
		decls: map[string]*syntax.FuncDecl{}, aliases: map[string]string{}, fixed: map[string]bool{}, from: map[*syntax.FuncDecl]*diag.File{}, options: optionsOf(f.Data),
	}
	stmts := r.parse()
	r.survey(stmts)
	r.stmts(stmts, streams{})
	if r.trap != "" && !r.stopped {
		r.flow = onward
		r.inner(r.trap, streams{})
	}
	for i := 0; i < len(r.order); i++ {
		if d := r.decls[r.order[i]]; !r.called[d] && r.touches(d) {
			r.once(r.span(d.Name), ruleset.CodeBranch, "nothing calls %s: its commands are read, not applied", d.Name.Value)
			r.unread(d.Body)
		}
	}
	return &Script{Final: r.machine.ruleset(), Steps: r.out}
}

// parse gives the statements before the first mistake. A script whose first line
// names another shell is read in that one's language, then in bash's.
func (r *runner) parse() []*syntax.Stmt {
	data := r.file.Data
	if len(data) > maxScript {
		r.list.Errorf(r.file.Span(0, 0), "a script of more than %d bytes", maxScript).WithCode(ruleset.CodeSyntax)
		return nil
	}
	if at := tooDeep(data); at >= 0 {
		r.list.Errorf(r.file.Span(at, at+1), "more than %d brackets within brackets", maxNesting).WithCode(ruleset.CodeSyntax)
		return nil
	}
	best, bestErr := parseAs(syntax.LangBash, data)
	for _, lang := range []syntax.LangVariant{syntax.LangPOSIX, syntax.LangMirBSDKorn} {
		if bestErr == nil {
			break
		}
		if stmts, err := parseAs(lang, data); err == nil {
			best, bestErr = stmts, nil
		}
	}
	if bestErr != nil {
		r.syntaxError(bestErr)
	}
	return best
}

// maxOpen is how many here-documents without an end are closed.
const maxOpen = 4

// parseAs reads a script in a dialect. A here-document that has no end goes to the
// end of the script, as in the shells, which warn at most.
func parseAs(lang syntax.LangVariant, data []byte) (stmts []*syntax.Stmt, err error) {
	for range maxOpen {
		stmts, err = nil, nil
		p := syntax.NewParser(syntax.Variant(lang))
		// All the way to the end: the parser goes on behind a mistake even where it is
		// told not to (v3.14.1), and panics then.
		for s, e := range p.StmtsSeq(bytes.NewReader(data)) {
			switch {
			case err != nil:
			case e != nil:
				err = e
			default:
				stmts = append(stmts, s)
			}
		}
		var open syntax.ParseError
		if !errors.As(err, &open) {
			break
		}
		rest, ok := strings.CutPrefix(open.Text, "unclosed here-document ")
		if !ok {
			break
		}
		end := strings.Trim(rest, "`'\"")
		data = append(append(bytes.Clone(data), '\n'), end+"\n"...)
	}
	return stmts, err
}

func (r *runner) syntaxError(err error) {
	var parse syntax.ParseError
	var lang syntax.LangError
	at, what := r.file.Span(0, 0), err.Error()
	switch {
	case errors.As(err, &parse):
		at, what = r.at1(parse.Pos), parse.Text
	case errors.As(err, &lang):
		at, what = r.at1(lang.Pos), lang.Feature+" is not in this shell's language"
	case errors.Is(err, io.ErrUnexpectedEOF):
		what = "the script ends too early"
	}
	r.list.Errorf(at, "%s", what).WithCode(ruleset.CodeSyntax).Helpf("the shell stops here; the commands before are read")
}

// at1 is the byte at a position.
func (r *runner) at1(p syntax.Pos) diag.Span {
	o := min(int(p.Offset()), len(r.file.Data))
	return r.file.Span(o, min(o+1, len(r.file.Data)))
}

// span of a node.
func (r *runner) span(n syntax.Node) diag.Span {
	if !n.Pos().IsValid() || !n.End().IsValid() {
		return r.at
	}
	start, end := int(n.Pos().Offset()), int(n.End().Offset())
	if start > end || end > len(r.file.Data) {
		return r.at
	}
	return r.file.Span(start, end)
}

// source is what the script says at a node.
func (r *runner) source(n syntax.Node) string { return r.span(n).Text() }

// tooDeep gives the place from which brackets are nested more deeply than a
// parser should follow, or -1. It counts them whatever they mean.
func tooDeep(data []byte) int {
	depth, word := 0, 0
	for i, c := range data {
		switch c {
		case '(', '{', '[', '`':
			depth++
		case ')', '}', ']', '\n':
			if depth > 0 && c != '\n' {
				depth--
			}
		}
		letter := 'a' <= c && c <= 'z'
		if letter {
			continue
		}
		switch string(data[word:i]) {
		case "if", "while", "until", "for", "case", "select":
			depth++
		case "fi", "done", "esac":
			depth = max(depth-1, 0)
		}
		word = i + 1
		if depth > maxNesting {
			return i
		}
	}
	return -1
}

// survey notes what the script assigns and declares anywhere.
func (r *runner) survey(stmts []*syntax.Stmt) {
	for _, s := range stmts {
		syntax.Walk(s, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.Assign:
				if n.Name != nil {
					r.assigned[n.Name.Value] = true
				}
			case *syntax.WordIter:
				r.assigned[n.Name.Value] = true
			case *syntax.BinaryArithm, *syntax.UnaryArithm:
				if w := target(n); w != nil {
					r.assigned[w.Lit()] = true
				}
			case *syntax.FuncDecl:
				if n.Name == nil {
					break
				}
				if r.decls[n.Name.Value] == nil {
					r.order = append(r.order, n.Name.Value)
				}
				r.decls[n.Name.Value] = n
			case *syntax.CallExpr:
				r.surveyCall(n)
			}
			return true
		})
	}
}

// surveyCall notes the names that read and getopts assign to.
func (r *runner) surveyCall(c *syntax.CallExpr) {
	if len(c.Args) < 2 {
		return
	}
	switch c.Args[0].Lit() {
	case "read", "getopts", "mapfile", "readarray", "printf":
		for _, a := range c.Args[1:] {
			if name := a.Lit(); syntax.ValidName(name) {
				r.assigned[name] = true
			}
		}
	}
}

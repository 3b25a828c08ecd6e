package resolve

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
	"github.com/loward/loward/dsl/parser"
)

// maxFiles and maxTotal bound what includes can pull in.
const (
	maxFiles = 10000
	maxTotal = 256 << 20 // bytes
)

// Option of Load.
type Option func(*loader)

// Stdin is what the path "-" stands for; without it that is os.Stdin.
func Stdin(in io.Reader) Option { return func(l *loader) { l.stdin = in } }

// NoIncludes makes every include an error: no other file is ever opened.
func NoIncludes() Option { return func(l *loader) { l.noIncludes = true } }

// Load reads and resolves the policy at a path ("-": standard input, whose
// includes are relative to the working directory), and whatever it includes.
// The policy is nil where the list has errors. A file that can't be read is a
// diagnostic too; the error is for what went wrong in the tool itself.
func Load(path string, opts ...Option) (*policy.Policy, *diag.List, error) {
	ld := newLoader(opts)
	data, ok := ld.read(path)
	if !ok {
		return nil, ld.l, nil
	}
	if path == "-" {
		return ld.run("-", "", data)
	}
	return ld.run(path, path, data)
}

// ReadFile reads the file at a path ("-": standard input) as Load reads the main
// file, and follows no include. It is nil where the file can't be read, which is
// a diagnostic in l.
func ReadFile(path string, l *diag.List, opts ...Option) *diag.File {
	ld := newLoader(opts)
	ld.l = l
	data, ok := ld.read(path)
	if !ok {
		return nil
	}
	return diag.NewFile(path, data)
}

// read the file at a path, or standard input. It is false where that was
// reported to be impossible.
func (ld *loader) read(path string) ([]byte, bool) {
	if path != "-" {
		return ld.readMain(path)
	}
	data, err := io.ReadAll(io.LimitReader(ld.stdin, parser.MaxFileSize+1))
	if err != nil {
		ld.unreadable(diag.NewFile("-", nil), "standard input can't be read: %v", err)
		return nil, false
	}
	return data, true
}

// LoadText resolves a policy whose text is at hand. name is what diagnostics
// show; includes are relative to its directory.
func LoadText(name string, data []byte, opts ...Option) (*policy.Policy, *diag.List, error) {
	return newLoader(opts).run(name, name, data)
}

type loader struct {
	l          *diag.List
	stdin      io.Reader
	noIncludes bool
	phrase     *diag.File // a packet phrase that is asked about; nil: none
	phraseHost string

	root  string // the main file's directory, without symbolic links
	trees []*ast.File
	seen  map[string]bool // by path without symbolic links
	stack []opened        // from the main file to the one being read
	total int
	full  bool // a bound was hit and reported
}

// opened is a file that is being read.
type opened struct {
	name string // as diagnostics show it
	real string // without symbolic links; "" for standard input
	dir  string // the directory that its includes are relative to
	at   diag.Span
}

// maxKept bounds the diagnostics of each severity that are kept: many times what
// anybody reads, and little enough that a file of millions of mistakes does no
// harm.
const maxKept = 1000

func newLoader(opts []Option) *loader {
	ld := &loader{l: &diag.List{Max: maxKept}, stdin: os.Stdin, seen: map[string]bool{}}
	for _, o := range opts {
		o(ld)
	}
	return ld
}

// run parses the main file, follows its includes, and resolves the whole.
func (ld *loader) run(name, path string, data []byte) (*policy.Policy, *diag.List, error) {
	dir := filepath.Dir(path)
	real := ""
	if path != "" {
		if p, err := realPath(path); err == nil {
			real = p
		}
	}
	var err error
	if ld.root, err = realPath(dir); err != nil && !ld.noIncludes {
		// A text whose directory does not exist can be resolved all the same;
		// what it includes is looked for and not found.
		ld.root = dir
	}
	ld.seen[real] = true
	ld.file(opened{name: name, real: real, dir: dir}, data)
	if ld.phrase != nil {
		if tree := phraseTree(ld.phrase, ld.phraseHost, false, ld.l); tree != nil {
			literalOn(tree, ld.trees, ld.l)
			ld.trees = append(ld.trees, tree)
		}
	}
	p := Resolve(ld.trees, ld.l)
	return p, ld.l, nil
}

// file parses one file and then, in the order of the text, what it includes.
func (ld *loader) file(o opened, data []byte) {
	ld.total += len(data)
	f := diag.NewFile(o.name, data)
	tree := parser.Parse(f, ld.l)
	ld.trees = append(ld.trees, tree)
	ld.stack = append(ld.stack, o)
	for _, s := range tree.Body.Stmts {
		if inc, ok := s.(*ast.Include); ok {
			ld.include(inc)
		}
	}
	ld.stack = ld.stack[:len(ld.stack)-1]
}

// readMain reads the main file, which may be a pipe. It is false where that
// was reported to be impossible.
func (ld *loader) readMain(path string) ([]byte, bool) {
	f := diag.NewFile(path, nil)
	in, err := os.Open(path)
	if err != nil {
		ld.unreadable(f, "this file can't be read: %s", reason(err))
		return nil, false
	}
	defer in.Close()
	data, m := readAll(in)
	if m != nil {
		ld.unreadable(f, "%s", m.what).Help = m.help
		return nil, false
	}
	return data, true
}

func (ld *loader) unreadable(f *diag.File, format string, args ...any) *diag.Diagnostic {
	return ld.l.Errorf(f.Span(0, 0), format, args...).WithCode(codeUnreadable)
}

// readAll reads an open file whole. What is longer than a policy may be is
// refused, by its size where that is known before.
func readAll(in *os.File) ([]byte, *mistake) {
	st, err := in.Stat()
	if err != nil {
		return nil, &mistake{"this file can't be read: " + reason(err), ""}
	}
	size := 0
	switch {
	case st.IsDir():
		return nil, &mistake{"this is a directory, not a file", "name a file in it"}
	case st.Mode().IsRegular() && st.Size() > parser.MaxFileSize:
		return nil, &mistake{fmt.Sprintf("this file has %d bytes", st.Size()), fmt.Sprintf("an input file has at most %d MiB", parser.MaxFileSize>>20)}
	case st.Mode().IsRegular():
		size = int(st.Size())
	}
	var b bytes.Buffer
	b.Grow(size + bytes.MinRead)
	if _, err := b.ReadFrom(io.LimitReader(in, parser.MaxFileSize+1)); err != nil {
		return nil, &mistake{"this file can't be read: " + reason(err), ""}
	}
	return b.Bytes(), nil
}

// reason is an error of the file system without its path, which the position
// of the diagnostic names already.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// realPath is absolute and without symbolic links.
func realPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

package resolve

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
	"github.com/loward/loward/dsl/parser"
)

// TestPolicies resolves the files of each archive in testdata, main.low first,
// and compares the policy, or what is wrong with it, with the file want.
func TestPolicies(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			want, at := "", -1
			for i, f := range ar.Files {
				if f.Name == "want" {
					want, at = string(f.Data), i
					continue
				}
				write(t, filepath.Join(dir, f.Name), string(f.Data))
			}
			t.Chdir(dir)
			got := loadText(t, "main.low")
			if !*update {
				if got != want {
					t.Errorf("got:\n%s\nwant:\n%s", got, want)
				}
				return
			}
			if at < 0 {
				ar.Files, at = append(ar.Files, txtar.File{Name: "want"}), len(ar.Files)
			}
			ar.Files[at].Data = []byte(got)
			t.Chdir(packageDir)
			if err := os.WriteFile(name, txtar.Format(ar), 0o666); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// packageDir is where the tests begin: the folder of the package.
var packageDir, _ = os.Getwd()

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// loadText is what Load answers, as text.
func loadText(t *testing.T, path string, opts ...Option) string {
	t.Helper()
	p, l, err := Load(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	if (p == nil) != (l.Errors() > 0) {
		t.Errorf("%s: a policy with errors, or none without", path)
	}
	var b strings.Builder
	for _, d := range l.All {
		b.WriteString(diagText(d))
	}
	if p != nil {
		for _, f := range p.Files {
			fmt.Fprintf(&b, "file %s\n", f.Name)
		}
		b.WriteString(dump(p))
	}
	return b.String()
}

func diagText(d *diag.Diagnostic) string {
	s := fmt.Sprintf("%s: %s %s: %s\n", d.Span, d.Code, d.Severity, d.Message)
	if d.Help != "" {
		s += "    help: " + d.Help + "\n"
	}
	for _, r := range d.Related {
		s += fmt.Sprintf("    %s: %s\n", r.Span, r.Message)
	}
	return s
}

// wantDiag checks that there is exactly one diagnostic, and what is in it.
func wantDiag(t *testing.T, got string, parts ...string) {
	t.Helper()
	if n := strings.Count(got, ": LW"); n != 1 {
		t.Errorf("%d diagnostics, want one:\n%s", n, got)
	}
	for _, p := range parts {
		if !strings.Contains(got, p) {
			t.Errorf("%q is missing in:\n%s", p, got)
		}
	}
}

// TestUnreadableMain: a main file that can't be read is a diagnostic.
func TestUnreadableMain(t *testing.T) {
	t.Chdir(t.TempDir())
	wantDiag(t, loadText(t, "none.low"), "none.low:1:1: LW010 error: this file can't be read: no such file or directory")
	wantDiag(t, loadText(t, "."), ".:1:1: LW010 error: this is a directory")
	write(t, "elf.low", "\x7fELF\x00\x00\x01")
	if got := loadText(t, "elf.low"); !strings.Contains(got, "elf.low:1:5: LW004 error") {
		t.Errorf("a binary file: %s", got)
	}
	f, err := os.Create("huge.low")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(parser.MaxFileSize + 1); err != nil {
		t.Fatal(err)
	}
	wantDiag(t, loadText(t, "huge.low"), "LW010 error: this file has 67108865 bytes", "at most 64 MiB")
	wantDiag(t, loadText(t, "-", Stdin(iotest.ErrReader(errors.New("torn off")))), "-:1:1: LW010 error: standard input can't be read: torn off")
}

// TestStdin: standard input is a policy like any other, and its includes are
// relative to the working directory.
func TestStdin(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "zones.low", "zone lan = eth0\n")
	got := loadText(t, "-", Stdin(strings.NewReader("include \"zones.low\"\ninbound { allow ssh on lan }\n")))
	if !strings.Contains(got, "file -\nfile zones.low\n") || !strings.Contains(got, "on=lan[eth0]") {
		t.Error(got)
	}
}

// TestIncludeTree: what an include names is decided by its text; a symbolic
// link leads nowhere else.
func TestIncludeTree(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "shared/zones.low"), "zone lan = eth0\n")
	write(t, filepath.Join(dir, "secret/s.low"), "zone secret = eth1\n")
	write(t, filepath.Join(dir, "p/real.low"), "zone real = eth2\n")
	for link, to := range map[string]string{
		"p/inside.low":   "real.low",
		"p/abs.low":      filepath.Join(dir, "p/real.low"),
		"p/outside.low":  "../secret/s.low",
		"p/sub":          "../secret",
		"shared/out.low": "../secret/s.low",
		"linked":         "p",
		"p/loop.low":     "loop.low",
		"p/dead.low":     "gone.low",
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct{ name, include, want string }{
		{"plain", "real.low", "file p/real.low"},
		{"link within", "inside.low", "file p/inside.low"},
		{"absolute link within", "abs.low", "file p/abs.low"},
		{"parent in plain sight", "../shared/zones.low", "file shared/zones.low"},
		{"absolute in plain sight", filepath.Join(dir, "shared/zones.low"), "/shared/zones.low"},
		{"pattern in the parent", "../shared/z*.low", "file shared/zones.low"},
		{"link out", "outside.low", "LW013"},
		{"directory link out", "sub/s.low", "LW013"},
		{"pattern through a link", "sub/*.low", "LW013"},
		{"pattern that finds a link", "out*.low", "LW013"},
		{"parent, then a link out", "../shared/out.low", "LW013"},
		{"parent, that is a link", "../linked/real.low", "LW013"},
		{"dot dot through a link is textual", "sub/../real.low", "file p/real.low"},
		{"loop", "loop.low", "LW011"},
		{"dead link", "dead.low", "LW011"},
		{"missing", "none.low", "LW011"},
		{"missing directory", "none/*.low", "LW011"},
		{"directory", "../shared", "LW011"},
		{"bad pattern", "[.low", "LW011"},
		{"empty", "", "LW011"},
		{"device", "/dev/zero", "LW011"},
	}
	t.Chdir(dir)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			write(t, "p/main.low", fmt.Sprintf("# x\n  include %q\n", tt.include))
			got := loadText(t, "p/main.low")
			if !strings.Contains(got, tt.want) {
				t.Fatalf("%s is missing in:\n%s", tt.want, got)
			}
			if strings.HasPrefix(tt.want, "LW") {
				wantDiag(t, got, "p/main.low:2:11: "+tt.want+" error")
			}
			if strings.Contains(got, "secret") && !strings.Contains(got, "LW013") {
				t.Error("read what it must not")
			}
		})
	}
	t.Run("main directory is a link", func(t *testing.T) {
		write(t, "p/main.low", "include \"r*.low\"\n")
		if got := loadText(t, "linked/main.low"); !strings.Contains(got, "file linked/real.low") {
			t.Error(got)
		}
	})
}

// TestDerivedNames: names that are the same once they are cut are refused (LW019).
func TestDerivedNames(t *testing.T) {
	long := "a-service-with-a-name-of-more-than-28-bytes"
	cut := "a-service-with-a-name" // 21 bytes, then the hash
	var b strings.Builder
	fmt.Fprintf(&b, "service %s { address 10.0.0.1; allow ssh }\n", long)
	_, l, _ := LoadText("x.low", []byte(b.String()), NoIncludes())
	if l.Errors() != 0 {
		t.Fatal(diagText(l.All[0]))
	}
	for _, max := range []int{20, 28} {
		other := derived(long, max)
		if !strings.HasPrefix(other, cut[:max-7]) {
			t.Fatalf("%s is not cut from %s", other, long)
		}
		text := b.String() + fmt.Sprintf("service %s { address 10.0.0.2; allow ssh }\n", other)
		_, l, _ := LoadText("x.low", []byte(text), NoIncludes())
		if len(l.All) != 1 || l.All[0].Code != codeDerived {
			t.Errorf("%s beside %s: %v", other, long, l.All)
		}
	}
}

// TestMisplaced: a tree that no parser made is judged all the same (LW031).
func TestMisplaced(t *testing.T) {
	f := diag.NewFile("x.low", []byte("guard"))
	guard := func() ast.Stmt { return &ast.Guard{Meta: ast.Meta{Pos: f.Span(0, 5)}} }
	name := ast.Word{Text: "x", Span: f.Span(0, 1)}
	for what, s := range map[string]ast.Stmt{
		"file":    guard(),
		"host":    &ast.Host{Name: name, Body: ast.Body{Stmts: []ast.Stmt{guard()}}},
		"service": &ast.Service{Name: name, Body: ast.Body{Stmts: []ast.Stmt{&ast.Default{Meta: ast.Meta{Pos: f.Span(0, 5)}}}}},
		"block":   &ast.Block{Kind: ast.Inbound, Body: ast.Body{Stmts: []ast.Stmt{guard()}}},
	} {
		var l diag.List
		p := Resolve([]*ast.File{{Src: f, Body: ast.Body{Stmts: []ast.Stmt{s}}}}, &l)
		if p != nil || len(l.All) != 1 || l.All[0].Code != codePlace {
			t.Errorf("%s: %v", what, l.All)
		}
	}
}

// TestBounds: declarations that multiply are refused, and in little time.
func TestBounds(t *testing.T) {
	var deep, wide strings.Builder
	for i := range 300 {
		fmt.Fprintf(&deep, "net n%d = n%d\n", i, i+1)
	}
	deep.WriteString("net n300 = 10.0.0.1\n")
	for i := range 20000 {
		fmt.Fprintf(&wide, "net w%d = 10.%d.%d.1\n", i, i/200, i%200)
	}
	wide.WriteString("net all = w0")
	for i := 1; i < 20000; i++ {
		fmt.Fprintf(&wide, ", w%d", i)
	}
	wide.WriteByte('\n')
	for i := range 300 {
		fmt.Fprintf(&wide, "net more%d = all, 192.0.2.%d\n", i, i%256)
	}
	for name, text := range map[string]string{"deep": deep.String(), "wide": wide.String()} {
		_, l, _ := LoadText("x.low", []byte(text), NoIncludes())
		found := false
		for _, d := range l.All {
			found = found || d.Code == codeTooMuch
		}
		if !found || len(l.All) > 5 {
			t.Errorf("%s: %d diagnostics, LW055 among them: %v", name, len(l.All), found)
		}
	}
}

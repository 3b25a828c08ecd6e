package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "github.com/loward/loward"
	root   = "../../.."
)

// rule says what the packages of one folder may import of this module. The
// longest matching folder counts. A package may always import what lies below
// itself, unless it is a leaf.
type rule struct {
	folder string
	may    []string
	leaf   bool // nothing but may
}

func rules() []rule {
	return []rule{
		{folder: "dsl/diag", leaf: true},
		{folder: "dsl", may: []string{"dsl"}},
		{folder: "compiler/host", leaf: true},
		{folder: "compiler/ruleset", leaf: true, may: []string{"dsl/diag"}},
		{folder: "compiler/policy", may: []string{"dsl/diag", "compiler/packet", "compiler/host"}},
		{folder: "compiler", may: []string{"dsl", "compiler"}},
		{folder: "lint", may: []string{"dsl", "compiler", "lint"}},
		{folder: "backends", may: []string{"dsl", "compiler", "backends"}},
		{folder: "cmd", may: []string{"dsl", "compiler", "lint", "backends", "cmd"}},
	}
}

// outside names the folders that may use a dependency; the rest must not know
// that it exists. Tests are free to use any.
func outside() map[string][]string {
	return map[string][]string{
		"github.com/alecthomas/participle/v2": {"dsl/parser"},
		"mvdan.cc/sh/v3":                      {"backends/shell"},
		"github.com/spf13/cobra":              {"cmd"},
		"github.com/sergi/go-diff":            {"cmd/internal/textdiff"},
		"github.com/google/nftables":          {"backends"},
		"golang.org/x/sys":                    {"backends"},
		"github.com/rogpeppe/go-internal":     {},
		"pgregory.net/rapid":                  {},
		// Command lines and file systems stay out of the compiler's core.
		"os/exec": {"backends"},
		"testing": testHelpers(),
	}
}

// testHelpers are for tests alone, and for the command that measures.
func testHelpers() []string {
	return []string{"backends/backendtest", "backends/internal/kernel"}
}

// measuring is no part of the program.
const measuring = "cmd/internal/corpus"

type source struct {
	file    string
	folder  string
	test    bool
	imports []string
}

// sources reads the import clauses of every Go file, whatever its build tags.
func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel != "." && strings.HasPrefix(d.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") {
			return nil
		}
		f, err := parser.ParseFile(fset, path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		s := source{file: rel, folder: filepath.ToSlash(filepath.Dir(rel)), test: strings.HasSuffix(rel, "_test.go")}
		for _, im := range f.Imports {
			p, err := strconv.Unquote(im.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, p)
		}
		out = append(out, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 10 {
		t.Fatalf("only %d Go files found below %s", len(out), root)
	}
	return out
}

// under says whether a folder is dir or lies below it.
func under(folder, dir string) bool {
	return folder == dir || strings.HasPrefix(folder, dir+"/")
}

// violations of one import clause; "" where it is fine.
func violation(s source, path string) string {
	if s.test {
		return ""
	}
	own, inModule := strings.CutPrefix(path, module+"/")
	if !inModule {
		for dep, folders := range outside() {
			if !under(path, dep) {
				continue
			}
			for _, f := range folders {
				if under(s.folder, f) {
					return ""
				}
			}
			return "may not use " + dep
		}
		return ""
	}
	for _, helper := range testHelpers() {
		if under(own, helper) && !under(s.folder, helper) && s.folder != measuring {
			return "only tests may import " + helper
		}
	}
	r := ruleFor(s.folder)
	if r == nil {
		return "lies in a folder that no rule knows"
	}
	if !r.leaf && under(own, r.folder) {
		return ""
	}
	for _, m := range r.may {
		if under(own, m) {
			return ""
		}
	}
	return "may not import " + own
}

func ruleFor(folder string) *rule {
	var best *rule
	for _, r := range rules() {
		if under(folder, r.folder) && (best == nil || len(r.folder) > len(best.folder)) {
			best = &r
		}
	}
	return best
}

func TestImportsRunOneWay(t *testing.T) {
	for _, s := range sources(t) {
		for _, path := range s.imports {
			if v := violation(s, path); v != "" {
				t.Errorf("%s: %s (see docs/architecture.md)", s.file, v)
			}
		}
	}
}

// The rules themselves: each of these must be seen.
func TestViolationsAreSeen(t *testing.T) {
	for _, c := range []struct {
		folder, path string
		ok           bool
	}{
		{"dsl/parser", module + "/dsl/ast", true},
		{"dsl/parser", module + "/compiler/policy", false},
		{"dsl/diag", module + "/dsl/ast", false},
		{"compiler/ruleset", module + "/dsl/diag", true},
		{"compiler/ruleset", module + "/dsl/ast", false},
		{"compiler/ruleset", module + "/compiler/policy", false},
		{"compiler/host", module + "/dsl/diag", false},
		{"compiler/lower/nft", module + "/compiler/ruleset", true},
		{"compiler", module + "/backends/nft", false},
		{"compiler/lower/nft", module + "/backends/nft", false},
		{"backends/nft", module + "/compiler/ruleset", true},
		{"backends/nft", module + "/lint", false},
		{"lint/checks", module + "/backends", false},
		{"backends/nft", module + "/cmd/internal/report", false},
		{"cmd/internal/cli", module + "/backends/nft", true},
		{"cmd/internal/cli", module + "/backends/backendtest/probes", false},
		{"cmd/internal/corpus", module + "/backends/backendtest/corpus", true},
		{"compiler/resolve", "github.com/spf13/cobra", false},
		{"cmd/internal/cli", "github.com/spf13/cobra", true},
		{"cmd/internal/cli", "github.com/spf13/cobra/doc", true},
		{"cmd/internal/cli", "pgregory.net/rapid", false},
		{"elsewhere", module + "/dsl", false},
	} {
		if got := violation(source{folder: c.folder}, c.path) == ""; got != c.ok {
			t.Errorf("%s importing %s: allowed %v, want %v", c.folder, c.path, got, c.ok)
		}
	}
	if v := violation(source{folder: "cmd/internal/cli", test: true}, module+"/backends/backendtest/probes"); v != "" {
		t.Errorf("a test may use the probes: %s", v)
	}
}

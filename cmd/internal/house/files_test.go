package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every package has a doc.go (a command: its main.go) that says what it is for.
func TestPackagesAreDocumented(t *testing.T) {
	folders := map[string]bool{}
	for _, s := range sources(t) {
		if !s.test {
			folders[s.folder] = true
		}
	}
	for folder := range folders {
		documented := false
		for _, name := range []string{"doc.go", "main.go"} {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, folder, name), nil, parser.ParseComments|parser.PackageClauseOnly)
			documented = documented || err == nil && f.Doc.Text() != ""
		}
		if !documented {
			t.Errorf("%s: no doc.go with a package comment", folder)
		}
	}
}

// Files stay short enough to be read in one sitting.
func TestFilesStayShort(t *testing.T) {
	const most = 450 // "about 400"
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		data, err := os.ReadFile(filepath.Join(root, s.file))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(data), "\n"); n > most {
			t.Errorf("%s: %d lines", s.file, n)
		}
	}
}

// Whoever reads the project finds nothing of the machine it was made on.
func TestNoTracesOfAMachine(t *testing.T) {
	traces := regexp.MustCompile(`/home/[a-z]|/ro` + `ot/`)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == ".git" {
				return fs.SkipDir
			}
			return nil
		}
		switch filepath.Ext(path) {
		case ".go", ".md", ".low", ".sh", ".txtar", ".probes", "":
		default:
			return nil
		}
		if info, err := d.Info(); err != nil || !info.Mode().IsRegular() || info.Size() > 1<<20 {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(data), "\n") {
			if m := traces.FindString(line); m != "" {
				t.Errorf("%s:%d: names %q", path, i+1, m)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

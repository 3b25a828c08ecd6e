package corpus

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/loward/loward/backends"
	"github.com/loward/loward/backends/kind"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Corpus is a collection.
type Corpus struct {
	Root  string
	Files []File
}

// File is a file together with one tool that was asked about it.
type File struct {
	// Path below the root.
	Path string
	Kind kind.Kind
	// Judged: a tool was asked. Valid: it took the file. Said is the first line of
	// what it said.
	Judged, Valid bool
	Said          string
}

// Load the list of files.
func Load(root string) (*Corpus, error) {
	c := &Corpus{Root: root}
	judged, err := os.ReadFile(filepath.Join(root, "VALID.tsv"))
	if err != nil {
		return nil, err
	}
	for i, line := range strings.Split(strings.TrimSpace(string(judged)), "\n") {
		cols := strings.Split(line, "\t")
		if i == 0 || len(cols) < 3 {
			continue
		}
		rc, err := strconv.Atoi(cols[2])
		if err != nil {
			return nil, fmt.Errorf("VALID.tsv:%d: %w", i+1, err)
		}
		f := File{Path: cols[0], Judged: true, Valid: rc == 0}
		if len(cols) > 3 {
			f.Said = cols[3]
		}
		switch cols[1] {
		case "iptables-restore":
			f.Kind = kind.Iptables
		case "ip6tables-restore":
			f.Kind = kind.Ip6tables
		case "nft":
			f.Kind = kind.Nft
		default:
			return nil, fmt.Errorf("VALID.tsv:%d: the tool %q", i+1, cols[1])
		}
		c.Files = append(c.Files, f)
	}
	err = filepath.WalkDir(filepath.Join(root, "shell"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err == nil {
			c.Files = append(c.Files, File{Path: rel, Kind: kind.Shell})
		}
		return err
	})
	slices.SortStableFunc(c.Files, func(a, b File) int { return int(a.Kind) - int(b.Kind) })
	return c, err
}

// text of a file.
func (c *Corpus) text(f File) ([]byte, error) {
	return os.ReadFile(filepath.Join(c.Root, f.Path))
}

// read a file as what the tool was told that it is. Files that it includes are
// looked for beside it, since the machine's own are none of the corpus.
func (c *Corpus) read(f File, l *diag.List) (*ruleset.Ruleset, error) {
	data, err := c.text(f)
	if err != nil {
		return nil, err
	}
	include := func(pattern string) []*diag.File {
		data, err := os.ReadFile(filepath.Join(c.Root, filepath.Dir(f.Path), filepath.Base(pattern)))
		if err != nil {
			return nil
		}
		return []*diag.File{diag.NewFile(pattern, data)}
	}
	return readFile(diag.NewFile(f.Path, data), f.Kind, include, l), nil
}

// readFile reads a text of a kind. Without a reader for it that is an error, and
// the ruleset an empty one.
func readFile(f *diag.File, k kind.Kind, include backends.Include, l *diag.List) *ruleset.Ruleset {
	rs := backends.Read(f, k, include, l)
	if rs == nil {
		l.Errorf(f.Span(0, 0), "there is no reader for %s", k)
		rs = &ruleset.Ruleset{}
	}
	return rs
}

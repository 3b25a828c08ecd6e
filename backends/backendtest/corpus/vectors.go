package corpus

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/loward/loward/backends/kind"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Vector is one line of a test file of upstream's, in one place where it is to
// be tried.
type Vector struct {
	File   string
	Line   int
	Family ruleset.Family
	Text   string // the rule
	OK     bool   // upstream takes it
	// Why it is not read as upstream says, or "".
	Why string
}

// tests reads the lines of upstream's files, without comments.
func tests(root, folder string, each func(file string, n int, line string)) error {
	files, err := filepath.Glob(filepath.Join(root, "upstream", folder, "*.t"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s has no *.t", filepath.Join(root, "upstream", folder))
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n := 0
		for line := range strings.Lines(string(data)) {
			n++
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				each(filepath.Base(path), n, line)
			}
		}
	}
	return nil
}

// readText reads a text of a kind.
func readText(k kind.Kind, text string, l *diag.List) *ruleset.Ruleset {
	return readFile(diag.NewFile("vector", []byte(text)), k, nil, l)
}

// judge says how a reading differs from what upstream says, or "".
func judge(ok bool, rule *ruleset.Rule, l *diag.List) string {
	failed := l.Errors() > 0
	switch {
	case ok && failed:
		return "refused: " + message(l)
	case !ok && !failed:
		return "taken, and upstream refuses it"
	case ok && rule == nil:
		return "no rule came of it"
	}
	if ok {
		if text, is := opaque(rule); is {
			return "not understood: " + text
		}
	}
	return ""
}

func message(l *diag.List) string {
	for _, d := range l.All {
		if d.Severity == diag.Error {
			return d.Message
		}
	}
	return ""
}

// lastRule is the last rule of the chain.
func lastRule(rs *ruleset.Ruleset, chain string) *ruleset.Rule {
	var last *ruleset.Rule
	for _, t := range rs.Tables {
		if c := t.Chain(chain); c != nil && len(c.Rules) > 0 {
			last = c.Rules[len(c.Rules)-1]
		}
	}
	return last
}

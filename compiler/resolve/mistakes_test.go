package resolve

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/loward/loward/dsl/diag"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

// marker is a line of an expectation: carets under what is meant, or what
// follows them.
var marker = regexp.MustCompile(`^ *(\^+ LW\d{3} |= (help|see) )`)

// TestMistakes reads policies under whose lines stands what is wrong with
// them: carets under the exact span (cut at the end of its line), the code, the
// severity, the message; then the help and every other position.
func TestMistakes(t *testing.T) {
	files, err := filepath.Glob("testdata/mistakes/*.low")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var src []string
			for _, line := range strings.SplitAfter(string(want), "\n") {
				if !marker.MatchString(line) {
					src = append(src, line)
				}
			}
			text := strings.Join(src, "")
			_, list, err := LoadText("x.low", []byte(text), NoIncludes())
			if err != nil {
				t.Fatal(err)
			}
			got := annotate(text, list)
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// annotate puts the diagnostics under the lines that they are about.
func annotate(text string, list *diag.List) string {
	byLine := map[int][]*diag.Diagnostic{}
	for _, d := range list.All {
		byLine[d.Span.Position().Line] = append(byLine[d.Span.Position().Line], d)
	}
	var b strings.Builder
	for i, line := range strings.SplitAfter(text, "\n") {
		b.WriteString(line)
		for _, d := range byLine[i+1] {
			p := d.Span.Position()
			n := min(d.Span.End-d.Span.Start, len(strings.TrimRight(line, "\n"))-p.Column+1)
			fmt.Fprintf(&b, "%s%s %s %s: %s\n", strings.Repeat(" ", p.Column-1), strings.Repeat("^", max(n, 1)), d.Code, d.Severity, d.Message)
			indent := strings.Repeat(" ", p.Column-1)
			if d.Help != "" {
				fmt.Fprintf(&b, "%s= help %s\n", indent, d.Help)
			}
			for _, s := range d.Related {
				sp := s.Span.Position()
				fmt.Fprintf(&b, "%s= see %d:%d %s\n", indent, sp.Line, sp.Column, s.Message)
			}
		}
	}
	return b.String()
}

// TestEveryCodeIsTested: the table in doc.go, the constants and the files of
// mistakes name the same codes.
func TestEveryCodeIsTested(t *testing.T) {
	codes := readAllText(t, "codes.go")
	doc := readAllText(t, "doc.go")
	tested := readAllText(t, "testdata/mistakes/*.low") + readAllText(t, "*_test.go") + readAllText(t, "testdata/*.txtar")
	all := regexp.MustCompile(`LW\d{3}`).FindAllString(codes, -1)
	if len(all) < 40 || !slices.IsSorted(all) {
		t.Fatalf("the codes are not what was expected: %v", all)
	}
	for _, c := range all {
		if !strings.Contains(doc, "\n//\t"+c+"  ") {
			t.Errorf("%s is not in the table of doc.go", c)
		}
		if !strings.Contains(tested, c) {
			t.Errorf("%s is in no test", c)
		}
	}
}

func readAllText(t *testing.T, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		return ""
	}
	var b strings.Builder
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(data)
	}
	return b.String()
}

package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

const project = "../../.."

// Every `loward` line in a ```console block of the documentation is executed,
// and where output is shown it must be the output: what a command prints on
// standard output and standard error, with a line of three dots for any lines. A
// command that ends with another exit code than 0 is followed by a line
// "[exit CODE]". A ```low block whose info string names a file is that file.
func TestDocumentationIsTrue(t *testing.T) {
	pages := []string{"README.md"}
	for _, pattern := range []string{"docs/*.md", "docs/cli/*.md"} {
		found, err := filepath.Glob(filepath.Join(project, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			rel, err := filepath.Rel(project, f)
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, rel)
		}
	}
	ran := 0
	for _, page := range pages {
		t.Run(page, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(project, page))
			if err != nil {
				t.Fatal(err)
			}
			inCopy(t)
			ran += runPage(t, string(text))
		})
	}
	if ran < 3 {
		t.Errorf("only %d commands found in the documentation", ran)
	}
}

// inCopy goes to a directory that looks like the project to the examples.
func inCopy(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	examples, err := filepath.Abs(filepath.Join(project, "testdata/examples"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "testdata/examples"), os.DirFS(examples)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
}

// block is a fenced block of a Markdown page.
type block struct {
	info string
	body string
}

func fences(page string) []block {
	re := regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")
	var out []block
	for _, m := range re.FindAllStringSubmatch(page, -1) {
		out = append(out, block{m[1], m[2]})
	}
	return out
}

// runPage executes a page's blocks in the working directory and returns the
// number of commands.
func runPage(t *testing.T, page string) int {
	t.Helper()
	n := 0
	for _, b := range fences(page) {
		kind, name, _ := strings.Cut(b.info, " ")
		switch {
		case kind == "low" && name != "":
			// A file of the project that a page shows must be the file.
			if old, err := os.ReadFile(name); err == nil && string(old) != b.body {
				t.Errorf("the page's %s is not what stands in that file", name)
			}
			if err := os.WriteFile(name, []byte(b.body), 0o600); err != nil {
				t.Fatal(err)
			}
		case kind == "console":
			n += runConsole(t, b.body)
		}
	}
	return n
}

func runConsole(t *testing.T, body string) int {
	t.Helper()
	n := 0
	for _, part := range regexp.MustCompile(`(?m)^\$ `).Split(body, -1)[1:] {
		line, want, _ := strings.Cut(part, "\n")
		args := words(line)
		if args[0] != "loward" {
			t.Errorf("$ %s: only loward can be shown in a console block", line)
			continue
		}
		n++
		got, code := runLine(args[1:])
		if code != 0 {
			got += fmt.Sprintf("[exit %d]\n", code)
		}
		if want != "" && !matches(got, want) {
			t.Errorf("$ %s\ngot:\n%s\nthe documentation says:\n%s", line, got, want)
		}
		if want == "" && code != 0 {
			t.Errorf("$ %s: exit code %d\n%s", line, code, got)
		}
	}
	return n
}

// words of a command line; what stands in single quotes is one.
func words(line string) []string {
	var out []string
	for i, part := range strings.Split(strings.TrimSpace(line), "'") {
		if i%2 == 1 {
			out = append(out, part)
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}

func runLine(args []string) (output string, code int) {
	var out bytes.Buffer
	code = Main(Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out}, args)
	return out.String(), code
}

// matches compares line by line; a wanted line of three dots stands for any
// number of lines.
func matches(got, want string) bool {
	var re strings.Builder
	re.WriteString(`\A`)
	for line := range strings.Lines(want) {
		if line == "...\n" {
			re.WriteString(`(?:[^\n]*\n)*`)
		} else {
			re.WriteString(regexp.QuoteMeta(line))
		}
	}
	return regexp.MustCompile(re.String() + `\z`).MatchString(got)
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		got, want string
		ok        bool
	}{
		{"a\nb\n", "a\nb\n", true},
		{"a\nb\n", "a\n", false},
		{"a\nb\nc\nd\n", "a\n...\nd\n", true},
		{"a\nb\nc\nd\n", "...\nc\n...\n", true},
		{"a\nb\nc\nd\n", "a\n...\nx\n...\nd\n", false},
		{"a\nb\nc\nd\n", "a\n...\nc\n...\nd\n", true},
		{"a\nb\n", "...\n", true},
		{"a\nb\n", "a\n...\n", true},
		{"a\nb\n", "b\n...\n", false},
	} {
		if got := matches(c.got, c.want); got != c.ok {
			t.Errorf("%q against %q: %v", c.got, c.want, got)
		}
	}
}

// listable says whether the kernel's rules can be listed here: nft is there, and
// the user may.
func listable() bool { return exec.Command("nft", "list", "tables").Run() == nil }

// Each command has an example, and the examples work.
func TestHelpExamplesWork(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
		if cmd.Hidden || cmd.Name() == "help" || cmd.Name() == "completion" || cmd.HasParent() && cmd.Parent().Name() == "completion" {
			return // cobra's own, and what is for loward itself
		}
		t.Run(cmd.CommandPath(), func(t *testing.T) {
			if cmd.Example == "" {
				t.Fatal("no example")
			}
			inCopy(t)
			for line := range strings.Lines(cmd.Example) {
				args := words(line)
				if args[0] != "loward" {
					t.Errorf("%q is no loward command", line)
					continue
				}
				if slices.Contains(args, "--live") && !listable() {
					t.Logf("SKIPPED: %s: the kernel's rules can't be listed here", strings.TrimSpace(line))
					continue
				}
				if slices.Contains(args, "--kernel") && !kernelTests() {
					t.Logf("SKIPPED: %s: no namespaces can be made here, or nft or ip is missing", strings.TrimSpace(line))
					continue
				}
				if _, err := exec.LookPath("ip"); args[1] == "facts" && err != nil {
					t.Log("SKIPPED: loward facts: ip is not installed")
					continue
				}
				out, code := runLine(args[1:])
				if code != exitDone && (code != exitFindings || args[1] != "fmt" && args[1] != "diff") {
					t.Errorf("%s: exit code %d\n%s", line, code, out)
				}
			}
		})
	}
	walk(Root(Env{}))
}

package textdiff

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestUnified(t *testing.T) {
	seq := func(from, to int) string {
		var b strings.Builder
		for i := from; i <= to; i++ {
			fmt.Fprintln(&b, i)
		}
		return b.String()
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"equal", "a\n", "a\n", ""},
		{"both empty", "", "", ""},
		{"one line", "a\n", "b\n", "@@ -1 +1 @@\n-a\n+b\n"},
		{"from nothing", "", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n"},
		{"to nothing", "a\n", "", "@@ -1 +0,0 @@\n-a\n"},
		{"newline added", "a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
		{"newline lost", "a\nb\n", "a\nb", "@@ -1,2 +1,2 @@\n a\n-b\n+b\n\\ No newline at end of file\n"},
		{"neither has it", "x\nz", "y\nz", "@@ -1,2 +1,2 @@\n-x\n+y\n z\n\\ No newline at end of file\n"},
		{"context of three", seq(1, 9), seq(1, 4) + "five\n" + seq(6, 9),
			"@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"},
		{"near changes share a hunk", seq(1, 8), "one\n" + seq(2, 7) + "eight\n",
			"@@ -1,8 +1,8 @@\n-1\n+one\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+eight\n"},
		{"far changes do not", seq(1, 9), "one\n" + seq(2, 8) + "nine\n",
			"@@ -1,4 +1,4 @@\n-1\n+one\n 2\n 3\n 4\n@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+nine\n"},
		{"deletion in the middle", "a\nb\nc\n", "a\nc\n", "@@ -1,3 +1,2 @@\n a\n-b\n c\n"},
		{"carriage returns count", "a\r\nb\n", "a\nb\n", "@@ -1,2 +1,2 @@\n-a\r\n+a\n b\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := c.want
			if want != "" {
				want = "--- o\n+++ n\n" + want
			}
			if got := Unified("o", "n", []byte(c.old), []byte(c.new)); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// The referee is patch(1): what we print must turn the old text into the new.
func TestPatchApplies(t *testing.T) {
	patch, err := exec.LookPath("patch")
	if err != nil {
		t.Skip("SKIPPED: patch(1) is not installed")
	}
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.Custom(func(t *rapid.T) string {
			lines := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "", "{", "}", "long line"}), 0, 30).Draw(t, "lines")
			s := strings.Join(lines, "\n")
			if s != "" && rapid.Bool().Draw(t, "newline") {
				s += "\n"
			}
			return s
		})
		old, new := text.Draw(t, "old"), text.Draw(t, "new")
		file := filepath.Join(dir, "f")
		if err := os.WriteFile(file, []byte(old), 0o600); err != nil {
			t.Fatal(err)
		}
		diff := Unified("f", "f", []byte(old), []byte(new))
		if diff == "" {
			if old != new {
				t.Fatal("no diff for different texts")
			}
			return
		}
		cmd := exec.Command(patch, "--silent", "--no-backup-if-mismatch", "--fuzz=0", "-p0", file)
		cmd.Stdin = strings.NewReader(diff)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s\n%s", err, out, diff)
		}
		got, err := os.ReadFile(file)
		if err != nil && new != "" { // patch removes a file that became empty
			t.Fatal(err)
		}
		if !bytes.Equal(got, []byte(new)) {
			t.Fatalf("patched to %q, want %q by\n%s", got, new, diff)
		}
	})
}

// A large file of which every line changes must not cost the square of it.
func TestReindentedFileIsQuick(t *testing.T) {
	old := bytes.Repeat([]byte("service x {\n\tallow tcp 22\n}\n"), 40_000)
	new := bytes.ReplaceAll(old, []byte("\t"), []byte("    "))
	start := time.Now()
	diff := Unified("o", "n", old, new)
	t.Logf("%d bytes of diff in %v", len(diff), time.Since(start))
	if n := strings.Count(diff, "\n-\tallow"); n != 40_000 {
		t.Errorf("%d lines removed, want 40000", n)
	}
}

// go-diff numbers lines with code points and has no more of them than that.
func TestManyDistinctLines(t *testing.T) {
	var a strings.Builder
	for i := range maxDistinct + 10 {
		fmt.Fprintf(&a, "%d\n", i)
	}
	old := a.String()
	new := "first\n" + old + "last\n"
	got := Unified("o", "n", []byte(old[2:]), []byte(new[:len(new)-5]))
	if want := "--- o\n+++ n\n@@ -1,3 +1,5 @@\n+first\n+0\n 1\n 2\n 3\n"; got != want {
		t.Errorf("got %q", got)
	}
	// Nothing in common at either end: one replacement, which is right if long.
	got = Unified("o", "n", []byte(old), []byte(new))
	if n := strings.Count(got, "\n"); n != 2+1+2*(maxDistinct+10)+2 {
		t.Errorf("%d lines of diff", n)
	}
}

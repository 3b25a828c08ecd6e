package ipt

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/resolve"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// load a policy's text; its diagnostics must hold no error.
func load(t testing.TB, name, text string) *policy.Policy {
	t.Helper()
	p, l, err := resolve.LoadText(name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range l.All {
		if d.Severity == diag.Error {
			t.Fatalf("%s: %s", d.Span, d.Message)
		}
	}
	return p
}

func lower(t testing.TB, v *policy.View, f policy.Family) *ruleset.Ruleset {
	t.Helper()
	var l diag.List
	rs := Lower(v, f, &l)
	for _, d := range l.All {
		t.Fatalf("%s: %s", d.Span, d.Message)
	}
	return rs
}

// TestGolden holds the shape of what each policy in testdata becomes.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.low")
	if err != nil || len(files) == 0 {
		t.Fatal("no policies in testdata", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, v := range load(t, filepath.Base(file), string(text)).Views {
				for _, f := range []policy.Family{policy.V4, policy.V6} {
					rs := lower(t, v, f)
					for _, h := range rs.Header {
						got.WriteString("# " + h + "\n")
					}
					got.WriteString(dump(rs, true) + "\n")
				}
			}
			golden := strings.TrimSuffix(file, ".low") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("differs from %s (rewrite it with -update):\n%s", golden, firstDifference(got.String(), string(want)))
			}
		})
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			old := "(end)"
			if i < len(w) {
				old = w[i]
			}
			return "got  " + g[i] + "\nwant " + old
		}
	}
	return "got ends early"
}

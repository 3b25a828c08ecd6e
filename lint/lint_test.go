package lint_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/loward/loward/backends"
	"github.com/loward/loward/backends/kind"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
	"github.com/loward/loward/lint"
	"github.com/rogpeppe/go-internal/txtar"
)

// Each check has an archive of rulesets: bad ones, in which it finds what a line
// "# want LINE" says, and good and guard ones, in which it finds nothing and leaves
// nothing undecided.
func TestChecks(t *testing.T) {
	for _, c := range lint.Checks() {
		t.Run(c.Code, func(t *testing.T) {
			a, err := txtar.ParseFile(filepath.Join("testdata", c.Code+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			for _, f := range a.Files {
				sort, _, _ := strings.Cut(f.Name, ".")
				sort = strings.TrimRight(sort, "0123456789")
				seen[sort] = true
				rs := read(t, f)
				r := lint.Look(rs, nil, []*lint.Check{c})
				var got []string
				for _, x := range r.Findings {
					_, line, _ := strings.Cut(x.Span.FileLine(), ":")
					got = append(got, line)
				}
				var want []string
				for _, line := range strings.Split(string(f.Data), "\n") {
					if _, w, ok := strings.Cut(line, "# want "); ok {
						want = strings.Fields(w)
					}
				}
				if (sort == "bad") != (len(want) > 0) {
					t.Fatalf("%s: bad rulesets, and no others, have a line # want", f.Name)
				}
				if !slices.Equal(got, want) || len(r.Undecided) > 0 {
					t.Errorf("%s: found at lines %v, want %v; %d undecided", f.Name, got, want, len(r.Undecided))
				}
			}
			if !seen["bad"] || !seen["good"] || !seen["guard"] {
				t.Errorf("has only %v", seen)
			}
		})
	}
}

func read(t *testing.T, f txtar.File) *ruleset.Ruleset {
	t.Helper()
	k := map[string]kind.Kind{".rules": kind.Iptables, ".rules6": kind.Ip6tables, ".nft": kind.Nft, ".sh": kind.Shell}[filepath.Ext(f.Name)]
	var l diag.List
	rs := backends.Read(diag.NewFile(f.Name, f.Data), k, nil, &l)
	if rs == nil || l.Errors() > 0 {
		t.Fatalf("%s: %v", f.Name, l.All)
	}
	return rs
}

// The checks' codes and names are each one of their own, and all are told about.
func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range lint.Checks() {
		if seen[c.Code] || seen[c.Name] || c.Title == "" || len(c.Doc) < 200 || lint.Find(strings.ToLower(c.Name)).Code != c.Code {
			t.Errorf("%s %s", c.Code, c.Name)
		}
		seen[c.Code], seen[c.Name] = true, true
	}
}

// What is not tried, for it would be too much, is said, once.
func TestTooMuch(t *testing.T) {
	var b strings.Builder
	b.WriteString("table ip t {\n\tchain in {\n\t\ttype filter hook input priority 0; policy drop\n\t\tiif lo accept\n")
	for i := range 60 {
		fmt.Fprintf(&b, "\t\tip daddr 10.0.0.%d tcp dport %d accept\n", i+1, 100+3*i)
	}
	b.WriteString("\t}\n}\n")
	rs := read(t, txtar.File{Name: "much.nft", Data: []byte(b.String())})
	r := lint.Look(rs, nil, []*lint.Check{lint.Find("LW103")})
	var got []string
	for _, u := range r.Undecided {
		got = append(got, u.Reason)
	}
	want := []string{"only 50 of 61 own addresses that rules single out are tried", "only 50 of 60 ports that rules tell apart are tried"}
	if !slices.Equal(got, want) || len(r.Findings) > 0 {
		t.Errorf("%q, %d findings", got, len(r.Findings))
	}
}

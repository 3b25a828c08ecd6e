package speed

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/change"
	"github.com/loward/loward/dsl/diag"
)

// writeRules writes a generated ruleset to a file.
func writeRules(tb testing.TB, n int, changed func(int) bool) string {
	tb.Helper()
	f, err := os.Create(filepath.Join(tb.TempDir(), "rules.nft"))
	if err != nil {
		tb.Fatal(err)
	}
	if err := WriteRules(f, n, changed); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
	return f.Name()
}

// few changes one rule of a thousand, many one of ten.
func few(i int) bool  { return i%1000 == 500 }
func many(i int) bool { return i%10 == 5 }

// The generated rulesets are good ones, and differ where they are changed.
func TestGeneratedRules(t *testing.T) {
	read := func(path string) change.Question {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var l diag.List
		rs := nft.Read(diag.NewFile(path, text), nft.Options{}, &l)
		if len(l.All) > 0 {
			t.Fatal(l.All[0].Span.FileLine(), l.All[0].Message)
		}
		return change.Question{Old: rs, New: rs, V4: true, V6: true, Max: 100}
	}
	q := read(writeRules(t, 2000, nil))
	if a := change.Compare(q); !a.Equal() {
		t.Fatalf("a ruleset differs from itself: %v %v", a.Classes, a.Open)
	}
	q.New = read(writeRules(t, 2000, few)).New
	a := change.Compare(q)
	if !a.Certain() || !a.Complete || len(a.Open) > 0 {
		t.Fatalf("%d classes, %v", len(a.Classes), a.Open)
	}
	for _, c := range a.Classes {
		t.Log(c)
		if w := q.Send(c); w.Wrong {
			t.Errorf("%s: %+v", c, *c.Packet)
		}
	}
}

// BenchmarkDiff is the whole process: reading two rulesets of n rules, of both
// families and all fields, and telling which packets fare otherwise.
func BenchmarkDiff(b *testing.B) {
	bin := build(b)
	for _, n := range []int{1_000, 10_000, 100_000} {
		for _, c := range []struct {
			name    string
			changed func(int) bool
		}{{"few", few}, {"many", many}} {
			b.Run(fmt.Sprintf("%d/%s", n, c.name), func(b *testing.B) {
				old, new := writeRules(b, n, nil), writeRules(b, n, c.changed)
				var costs []cost
				for b.Loop() {
					costs = append(costs, differ(b, exec.Command(bin, "diff", "--packets", old, new)))
				}
				m := medians(costs)
				b.ReportMetric(m.wall.Seconds()*1e3, "ms-wall")
				b.ReportMetric(m.cpu.Seconds()*1e3, "ms-cpu")
				b.ReportMetric(float64(m.peak)/1e6, "MB-peak")
			})
		}
	}
}

// differ runs a command that has to find a difference.
func differ(tb testing.TB, cmd *exec.Cmd) cost {
	tb.Helper()
	sh := exec.Command("sh", append([]string{"-c", `"$@" >/dev/null; [ $? = 1 ]`, "sh"}, cmd.Args...)...)
	return run(tb, sh)
}

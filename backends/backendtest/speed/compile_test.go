package speed

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// build makes the loward binary, once a test process.
func build(tb testing.TB) string {
	tb.Helper()
	bin := filepath.Join(tb.TempDir(), "loward")
	cmd := exec.Command("go", "build", "-o", bin, "github.com/loward/loward/cmd/loward")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

// write puts a text into a file of its own.
func write(tb testing.TB, name string, text []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// compileTo runs loward compile as a process of its own.
func compileTo(tb testing.TB, bin, target, policy string) (text []byte, wall time.Duration, maxRSS int64) {
	tb.Helper()
	out := filepath.Join(tb.TempDir(), "out")
	cmd := exec.Command(bin, "compile", "-t", target, "-o", out, policy)
	start := time.Now()
	msg, err := cmd.CombinedOutput()
	wall = time.Since(start)
	if err != nil {
		tb.Fatalf("loward compile: %v\n%s", err, msg)
	}
	text, err = os.ReadFile(out)
	if err != nil {
		tb.Fatal(err)
	}
	return text, wall, maxResident(cmd.ProcessState)
}

func median[T int64 | time.Duration](v []T) T {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}

// BenchmarkCompile is the whole process, from start to exit: reading, parsing,
// resolving, lowering and writing.
func BenchmarkCompile(b *testing.B) {
	bin := build(b)
	for _, target := range []string{"nft", "iptables"} {
		for _, n := range []int{1, 1_000, 10_000, 100_000} {
			for _, shape := range []Shape{Plain, Mixed} {
				name := fmt.Sprintf("%s/%d/%s", target, n, [...]string{"plain", "mixed"}[shape])
				b.Run(name, func(b *testing.B) {
					text := Policy(n, shape)
					policy := write(b, "bench.low", text)
					var walls []time.Duration
					var rss []int64
					for b.Loop() {
						_, wall, mem := compileTo(b, bin, target, policy)
						walls = append(walls, wall)
						rss = append(rss, mem)
					}
					b.SetBytes(int64(len(text)))
					b.ReportMetric(float64(median(walls).Milliseconds()), "ms/median")
					b.ReportMetric(float64(median(rss))/1e6, "MB/peak")
				})
			}
		}
	}
}

// The generated policies are good ones, whatever else is measured with them.
func TestGeneratedPoliciesCompile(t *testing.T) {
	bin := build(t)
	for _, shape := range []Shape{Plain, Mixed} {
		policy := write(t, "bench.low", Policy(200, shape))
		for _, target := range []string{"nft", "iptables", "ip6tables"} {
			text, _, _ := compileTo(t, bin, target, policy)
			want := "10.0.0.200"
			if target == "ip6tables" {
				want = "fd53::c8"
			}
			if !strings.Contains(string(text), want) {
				t.Errorf("%s: the ruleset does not name %s", target, want)
			}
		}
	}
}

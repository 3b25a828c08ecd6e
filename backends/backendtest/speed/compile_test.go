package speed

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// build makes the loward binary.
func build(tb testing.TB) string {
	tb.Helper()
	bin := filepath.Join(tb.TempDir(), "loward")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", bin, "github.com/loward/loward/cmd/loward")
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

// writePolicy writes a generated policy to a file without holding it: Linux
// counts the size of whoever starts a process as the process's own peak, so this
// one must stay small.
func writePolicy(tb testing.TB, n int, shape Shape) (path string, size int64) {
	tb.Helper()
	f, err := os.Create(filepath.Join(tb.TempDir(), "bench.low"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	if err := errors.Join(WritePolicy(w, n, shape), w.Flush()); err != nil {
		tb.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		tb.Fatal(err)
	}
	return f.Name(), info.Size()
}

// cost of a process that has ended.
type cost struct {
	wall time.Duration
	// cpu is its processor time, in the kernel too: what it would have taken on a
	// machine with nothing else to do, if it has one thread.
	cpu time.Duration
	// peak is its greatest resident size in bytes.
	peak int64
}

// run runs a command; that it fails is fatal.
func run(tb testing.TB, cmd *exec.Cmd) cost {
	tb.Helper()
	start := time.Now()
	out, err := cmd.CombinedOutput()
	c := cost{wall: time.Since(start)}
	if err != nil {
		tb.Fatalf("%v: %v\n%.2000s", cmd.Args, err, out)
	}
	c.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	c.peak = maxResident(cmd.ProcessState)
	return c
}

// medians of the costs, each on its own.
func medians(all []cost) cost {
	var wall, cpu, peak []int64
	for _, c := range all {
		wall = append(wall, int64(c.wall))
		cpu = append(cpu, int64(c.cpu))
		peak = append(peak, c.peak)
	}
	return cost{time.Duration(median(wall)), time.Duration(median(cpu)), median(peak)}
}

// compileTo runs loward compile as a process of its own.
func compileTo(tb testing.TB, bin, target, policy string) []byte {
	tb.Helper()
	out := filepath.Join(tb.TempDir(), "out")
	run(tb, exec.Command(bin, "compile", "-t", target, "-o", out, policy))
	text, err := os.ReadFile(out)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func median[T cmp.Ordered](v []T) T {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}

// BenchmarkCompile is the whole process, from start to exit: reading, parsing,
// resolving, lowering and writing to a file. Run it alone, for the peaks' sake.
func BenchmarkCompile(b *testing.B) {
	bin := build(b)
	for _, target := range []string{"nft", "iptables"} {
		for _, n := range []int{1, 1_000, 10_000, 100_000} {
			for _, shape := range []Shape{Plain, Mixed} {
				name := fmt.Sprintf("%s/%d/%s", target, n, [...]string{"plain", "mixed"}[shape])
				b.Run(name, func(b *testing.B) {
					policy, size := writePolicy(b, n, shape)
					out := filepath.Join(b.TempDir(), "out")
					var costs []cost
					for b.Loop() {
						costs = append(costs, run(b, exec.Command(bin, "compile", "--no-prove", "-t", target, "-o", out, policy)))
					}
					b.SetBytes(size)
					m := medians(costs)
					b.ReportMetric(m.wall.Seconds()*1e3, "ms-wall")
					b.ReportMetric(m.cpu.Seconds()*1e3, "ms-cpu")
					b.ReportMetric(float64(m.peak)/1e6, "MB-peak")
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
			text := compileTo(t, bin, target, policy)
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

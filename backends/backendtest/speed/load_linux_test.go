package speed

import (
	"fmt"
	"os/exec"
	"testing"
	"time"
)

// load is how long nft -f takes for a file in a namespace of its own. An
// unreadable or refused ruleset is a failure.
func load(tb testing.TB, file string) time.Duration {
	tb.Helper()
	cmd := isolate(exec.Command("nft", "-f", file))
	start := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(start)
	if err != nil {
		tb.Fatalf("nft -f: %v\n%.2000s", err, out)
	}
	return took
}

// BenchmarkLoad loads what loward emits and, in turns, the linear ruleset of the
// same meaning.
func BenchmarkLoad(b *testing.B) {
	tool(b, "nft")
	allowed(b)
	bin := build(b)
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			text, _, _ := compileTo(b, bin, "nft", write(b, "bench.low", Policy(n, Plain)))
			ours, linear := write(b, "ours.nft", text), write(b, "linear.nft", Linear(n))
			var a, l []time.Duration
			for b.Loop() {
				a = append(a, load(b, ours))
				l = append(l, load(b, linear))
			}
			b.ReportMetric(median(a).Seconds(), "s/loward")
			b.ReportMetric(median(l).Seconds(), "s/linear")
			b.ReportMetric(float64(median(l))/float64(median(a)), "linear/loward")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// Both rulesets of the comparison load.
func TestRulesetsOfTheComparisonLoad(t *testing.T) {
	tool(t, "nft")
	allowed(t)
	text, _, _ := compileTo(t, build(t), "nft", write(t, "bench.low", Policy(50, Mixed)))
	load(t, write(t, "ours.nft", text))
	load(t, write(t, "linear.nft", Linear(50)))
	load(t, write(t, "baseline.nft", Baseline()))
}

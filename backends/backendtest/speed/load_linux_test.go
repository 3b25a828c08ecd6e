package speed

import (
	"fmt"
	"os/exec"
	"testing"
)

// load loads a file with nft -f in a namespace of its own.
func load(tb testing.TB, file string) cost {
	tb.Helper()
	return run(tb, isolate(exec.Command("nft", "-f", file)))
}

// BenchmarkLoad loads what loward emits and, in turns, the linear ruleset of the
// same meaning.
func BenchmarkLoad(b *testing.B) {
	tool(b, "nft")
	allowed(b)
	bin := build(b)
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			text := compileTo(b, bin, "nft", write(b, "bench.low", Policy(n, Plain)))
			ours, linear := write(b, "ours.nft", text), write(b, "linear.nft", Linear(n))
			var a, l []cost
			for b.Loop() {
				a = append(a, load(b, ours))
				l = append(l, load(b, linear))
			}
			ma, ml := medians(a), medians(l)
			b.ReportMetric(ma.wall.Seconds(), "s-wall-loward")
			b.ReportMetric(ml.wall.Seconds(), "s-wall-linear")
			b.ReportMetric(ma.cpu.Seconds(), "s-cpu-loward")
			b.ReportMetric(ml.cpu.Seconds(), "s-cpu-linear")
			b.ReportMetric(ml.cpu.Seconds()/ma.cpu.Seconds(), "cpu-linear/loward")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// Both rulesets of the comparison load.
func TestRulesetsOfTheComparisonLoad(t *testing.T) {
	tool(t, "nft")
	allowed(t)
	text := compileTo(t, build(t), "nft", write(t, "bench.low", Policy(50, Mixed)))
	load(t, write(t, "ours.nft", text))
	load(t, write(t, "linear.nft", Linear(50)))
	load(t, write(t, "baseline.nft", Baseline()))
}

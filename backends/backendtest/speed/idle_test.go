package speed

import (
	"fmt"
	"os"
	"runtime"
	"testing"

	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/dsl/diag"
)

// BenchmarkAnalyse is what becomes of all packets under a ruleset of n rules, of both
// families and all fields, with a packet that is refused; and which rules have nothing
// to do.
func BenchmarkAnalyse(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		path := writeRules(b, n, nil)
		text, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		var l diag.List
		rs := nft.Read(diag.NewFile(path, text), nft.Options{}, &l)
		b.Run(fmt.Sprintf("verdict/%d", n), func(b *testing.B) {
			for b.Loop() {
				edges := 0
				for _, v6 := range []bool{false, true} {
					u := fate.NewUniverse(v6)
					u.AddRuleset(rs)
					m := u.Map(rs, nil, fate.Options{})
					for _, j := range fate.Journeys() {
						fates, err := m.Fates(j, fate.First)
						if err != nil {
							b.Fatal(err)
						}
						u.Witness(fates, func(v uint32) bool { return m.Fate(v).Verdict == fate.Drop }, fate.Taste{})
					}
					_, e := u.Space().Size()
					edges += e
				}
				b.ReportMetric(float64(edges), "edges")
			}
			var ms runtime.MemStats
			runtime.ReadMemStats(&ms)
			b.ReportMetric(float64(ms.Sys)/1e6, "MB-sys")
		})
		b.Run(fmt.Sprintf("idle/%d", n), func(b *testing.B) {
			for b.Loop() {
				idle, err := fate.Idles(rs, nil)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(idle)), "idle")
			}
		})
	}
}

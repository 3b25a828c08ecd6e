package prove

import (
	"fmt"
	"strings"
	"testing"

	"github.com/loward/loward/compiler"
	"github.com/loward/loward/compiler/resolve"
	"github.com/loward/loward/dsl/diag"
)

// The proof of policies with very many services.
func BenchmarkView(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		for _, target := range []compiler.Target{compiler.Nft, compiler.IPTables} {
			if target == compiler.IPTables && n > 1000 {
				continue
			}
			b.Run(fmt.Sprintf("%d/%d", target, n), func(b *testing.B) {
				var text strings.Builder
				text.WriteString("zone lan = eth0, eth1\n")
				for i := range n {
					fmt.Fprintf(&text, "service s%d {\n\taddress 10.%d.%d.%d\n\tallow tcp %d, dns from 10.%d.0.0/16 on lan\n\tallow ping\n}\n", i, 64+i>>16, i>>8&255, i&255, 1024+i, i%200)
				}
				p, l, err := resolve.LoadText("bench.low", []byte(text.String()))
				if err != nil || l.Errors() > 0 {
					b.Fatal(err, l.All)
				}
				rs := compiler.Compile(p.Views[0], target, &diag.List{})
				for b.Loop() {
					r, err := View(p.Views[0], rs, Options{})
					if err != nil || len(r.Counterexamples) > 0 {
						b.Fatal(err, r.Counterexamples)
					}
					b.ReportMetric(float64(r.Edges), "edges")
				}
			})
		}
	}
}

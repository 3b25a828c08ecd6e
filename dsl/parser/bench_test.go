package parser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/loward/loward/dsl/diag"
	"github.com/loward/loward/dsl/parser"
)

// policyOf has the given number of services, of six lines each.
func policyOf(services int) []byte {
	var b strings.Builder
	for i := range services {
		a, c, d := i>>16&255, i>>8&255, i&255
		fmt.Fprintf(&b, `service service-%d {
    home router
    address 10.%d.%d.%d, fd53::%x:%x    # its own
    allow tcp 80, 443, 8000-8010 on lan
    allow ping on lan, dmz limit 20/second burst 40
    allow udp 53 from 10.10.0.0/16, admins on lan
    log refused
}

`, i, a, c, d, i>>16, i&0xffff)
	}
	return []byte(b.String())
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{100, 10_000, 40_000} {
		b.Run(fmt.Sprintf("services=%d", n), func(b *testing.B) {
			src := policyOf(n)
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				var l diag.List
				parser.Parse(diag.NewFile("bench.low", src), &l)
				if len(l.All) > 0 {
					b.Fatal(l.All[0].Span, l.All[0].Message)
				}
			}
		})
	}
}

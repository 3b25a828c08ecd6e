package ipt

import (
	"fmt"
	"strings"
	"testing"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/diag"
)

// manyServices is a policy of n services, each with an address of its own in
// both families.
func manyServices(n int) string {
	var b strings.Builder
	b.WriteString("zone lan = eth0, eth1\nnet admins = 10.10.0.8/29, 2001:db8:77::/64\n")
	b.WriteString("host h { interface eth0 = 10.10.0.1/24\n interface eth1 = none }\n")
	for i := range n {
		fmt.Fprintf(&b, "service s%d { home h\n address 10.%d.%d.%d, fd53::%x:%x\n allow tcp 80, 443 on lan\n allow tcp 22 from admins on lan\n allow ping }\n",
			i, 64+i>>16, i>>8&255, i&255, i>>16+1, i&65535)
	}
	return b.String()
}

func BenchmarkLower(b *testing.B) {
	for _, n := range []int{1000, 10000, 100000} {
		p := load(b, "many.low", manyServices(n))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			rules := 0
			for b.Loop() {
				var l diag.List
				rs := Lower(p.Views[0], policy.V4, &l)
				rules = 0
				for _, t := range rs.Tables {
					for _, c := range t.Chains {
						rules += len(c.Rules)
					}
				}
			}
			b.ReportMetric(float64(rules)/float64(n), "rules/service")
		})
	}
}

package resolve

import (
	"fmt"
	"strings"
	"testing"

	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
	"github.com/loward/loward/dsl/parser"
)

// manyServices is a policy of n services of six lines each.
func manyServices(n int) []byte {
	var b strings.Builder
	b.WriteString("zone lan = eth0, eth1\nzone wan = wan1, ppp*\nnet admins = 10.10.0.8/29, 2001:db8:77::/64\nport web = 80, 443, 8000-8010\n")
	for i := range n {
		fmt.Fprintf(&b, "service s%06d {\n    address 10.%d.%d.%d, fd53::%x:%x\n    allow tcp web on lan\n    allow ping on lan\n    allow tcp 22 from admins on wan limit 6/minute per source\n    refuse reject\n}\n",
			i, 64+i>>16, i>>8&255, i&255, i>>8+1, i&255+1)
	}
	return []byte(b.String())
}

func BenchmarkResolve(b *testing.B) {
	for _, n := range []int{1000, 10000, 100000} {
		f := diag.NewFile("many.low", manyServices(n))
		var l diag.List
		tree := parser.Parse(f, &l)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var l diag.List
				if Resolve([]*ast.File{tree}, &l) == nil {
					b.Fatal(l.All[0].Message)
				}
			}
		})
	}
}

// BenchmarkHosts: 100 hosts, each with 100 services of its own and one that
// all of them carry.
func BenchmarkHosts(b *testing.B) {
	var text strings.Builder
	text.WriteString("service ssh { address host; allow ssh on \"eth0\" }\n")
	for h := range 100 {
		fmt.Fprintf(&text, "host h%d { interface eth0 = 10.0.%d.1/24 }\n", h, h)
		for i := range 100 {
			fmt.Fprintf(&text, "service s%dx%d { home h%d; address 10.64.%d.%d; allow http on eth0; refuse reject; log refused }\n", h, i, h, h, i+1)
		}
	}
	f := diag.NewFile("hosts.low", []byte(text.String()))
	var l diag.List
	tree := parser.Parse(f, &l)
	b.ReportAllocs()
	for b.Loop() {
		var l diag.List
		if Resolve([]*ast.File{tree}, &l) == nil {
			b.Fatal(l.All[0].Message)
		}
	}
}

// BenchmarkOneAddress: 10,000 services share the host's addresses and have
// opinions about what is refused, so that all are compared with each other.
func BenchmarkOneAddress(b *testing.B) {
	var text strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&text, "service s%d { address host; allow tcp %d; refuse reject; log refused }\n", i, i+1)
	}
	f := diag.NewFile("one.low", []byte(text.String()))
	var l diag.List
	tree := parser.Parse(f, &l)
	for b.Loop() {
		var l diag.List
		if Resolve([]*ast.File{tree}, &l) == nil {
			b.Fatal(l.All[0].Message)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	data := manyServices(10000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if p, l, _ := LoadText("many.low", data, NoIncludes()); p == nil {
			b.Fatal(l.All[0].Message)
		}
	}
}

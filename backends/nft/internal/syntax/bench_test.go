package syntax

import (
	"fmt"
	"strings"
	"testing"

	"github.com/loward/loward/dsl/diag"
)

// rulesText is a table of n rules, each like others wrote them.
func rulesText(n int) []byte {
	var b strings.Builder
	b.WriteString("table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n")
	for i := range n {
		switch i % 4 {
		case 0:
			fmt.Fprintf(&b, "\t\tip saddr 10.%d.%d.%d tcp dport %d counter accept\n", i>>16&255, i>>8&255, i&255, i%65536)
		case 1:
			fmt.Fprintf(&b, "\t\tiifname \"eth%d\" ct state established,related accept\n", i%10)
		case 2:
			fmt.Fprintf(&b, "\t\tip saddr 192.168.%d.0/24 udp dport { %d, 123 } counter packets %d bytes 0 drop\n", i%256, i%65536, i)
		case 3:
			fmt.Fprintf(&b, "\t\tmeta l4proto tcp ip daddr 10.1.2.3 tcp sport != 1024-65535 log prefix \"odd: \" drop\n")
		}
	}
	b.WriteString("\t}\n}\n")
	return []byte(b.String())
}

func BenchmarkParse(b *testing.B) {
	f := diag.NewFile("b", rulesText(100_000))
	b.SetBytes(int64(len(f.Data)))
	b.ReportAllocs()
	for b.Loop() {
		var l diag.List
		n := 0
		for range NewParser(Options{}).Parse(f, &l) {
			n++
		}
		if n != 100_002 || len(l.All) > 0 {
			b.Fatal(n, len(l.All))
		}
	}
}

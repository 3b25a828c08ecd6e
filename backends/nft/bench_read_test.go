package nft

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// manyRules is a text as people write it, with n rules in chains of a thousand,
// and a set of n/10 elements.
func manyRules(n int) []byte {
	var b strings.Builder
	b.WriteString("#!/usr/sbin/nft -f\nflush ruleset\n\ntable inet filter {\n")
	b.WriteString("\tset bad {\n\t\ttype ipv4_addr\n\t\telements = {\n")
	for i := range n / 10 {
		fmt.Fprintf(&b, "\t\t\t172.%d.%d.%d,\n", 16+i>>16, i>>8&255, i&255)
	}
	b.WriteString("\t\t}\n\t}\n")
	b.WriteString("\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\t}\n")
	for i := range n {
		c, x, y := i/1000, i*7%251, i%253
		if i%1000 == 0 {
			if i > 0 {
				b.WriteString("\t}\n")
			}
			fmt.Fprintf(&b, "\n\t# service %d\n\tchain svc-%d {\n", c, c)
		}
		switch i % 8 {
		case 0:
			fmt.Fprintf(&b, "\t\tip saddr 10.%d.%d.%d tcp dport %d counter accept\n", x, y, i%200, 1024+i%30000)
		case 1:
			fmt.Fprintf(&b, "\t\tiifname \"eth%d\" ct state new tcp dport { 80, 443, %d } accept comment \"service %d\"\n", i%4, 8000+i%100, i)
		case 2:
			fmt.Fprintf(&b, "\t\tip saddr 192.168.%d.0/24 ip daddr 10.%d.%d.%d udp dport 53 accept # dns\n", x, y, x, y)
		case 3:
			b.WriteString("\t\tct state established,related accept\n")
		case 4:
			fmt.Fprintf(&b, "\t\tip daddr 10.%d.%d.%d tcp dport ssh limit rate 5/minute log prefix \"ssh %d: \" counter packets %d bytes %d\n", y, x, y, i%50, i, i*60)
		case 5:
			fmt.Fprintf(&b, "\t\tip6 saddr 2001:db8:%x::/48 tcp dport %d-%d counter accept\n", x, 1000+y, 2000+y)
		case 6:
			b.WriteString("\t\tip saddr @bad drop\n")
		default:
			fmt.Fprintf(&b, "\t\tip saddr 10.%d.0.0/16 iifname != \"lo\" reject with icmp port-unreachable\n", y)
		}
	}
	b.WriteString("\t}\n}\n")
	return []byte(b.String())
}

// BenchmarkRead reads 100,000 rules, and says how many bytes of memory they take
// for each byte of their text: when all is read, and what the heap has of the
// system's memory before the garbage is collected.
func BenchmarkRead(b *testing.B) {
	text := manyRules(100000)
	b.SetBytes(int64(len(text)))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var l diag.List
	var rs *ruleset.Ruleset
	for b.Loop() {
		rs = Read(diag.NewFile("x", text), Options{}, &l)
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapSys-after.HeapReleased)/float64(len(text)), "resident-B/text-B")
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(len(text)), "heap-B/text-B")
	if len(l.All) > 0 {
		b.Fatal(l.All[0].Span, l.All[0].Message)
	}
	runtime.KeepAlive(rs)
}

// BenchmarkTool is what nft -c -f takes for the same text.
func BenchmarkTool(b *testing.B) {
	text := manyRules(100000)
	file := filepath.Join(b.TempDir(), "x")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		cmd := exec.Command("unshare", "-n", "nft", "-c", "-f", file)
		cmd.WaitDelay = time.Minute
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Skipf("%v: %.300s", err, out)
		}
	}
}

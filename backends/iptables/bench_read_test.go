package iptables

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

// manyRules is a text as iptables-save writes it, with n rules in chains of a
// thousand.
func manyRules(n int) []byte {
	var b strings.Builder
	b.WriteString("*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n")
	for c := range (n + 999) / 1000 {
		fmt.Fprintf(&b, ":svc-%d - [0:0]\n", c)
	}
	for i := range n {
		c, x, y := i/1000, i*7%251, i%253
		switch i % 6 {
		case 0:
			fmt.Fprintf(&b, "-A svc-%d -s 10.%d.%d.0/24 -d 172.16.%d.%d/32 -p tcp -m tcp --dport %d -j ACCEPT\n", c, x, y, y, x, 1024+i%30000)
		case 1:
			fmt.Fprintf(&b, "-A svc-%d -i eth%d -p tcp -m conntrack --ctstate NEW -m multiport --dports 80,443,%d -m comment --comment \"service %d\" -j ACCEPT\n", c, i%4, 8000+i%100, i)
		case 2:
			fmt.Fprintf(&b, "-A svc-%d -s 192.168.%d.%d/32 -p udp -m udp --dport 53 -j ACCEPT\n", c, x, y)
		case 3:
			fmt.Fprintf(&b, "-A svc-%d -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n", c)
		case 4:
			fmt.Fprintf(&b, "-A svc-%d -d 10.%d.%d.%d/32 -p tcp -m tcp --dport 22 -m limit --limit 5/min -j LOG --log-prefix \"ssh %d: \"\n", c, y, x, y, i%50)
		default:
			fmt.Fprintf(&b, "-A svc-%d -s 10.%d.0.0/16 ! -i lo -j REJECT --reject-with icmp-port-unreachable\n", c, y)
		}
	}
	b.WriteString("COMMIT\n")
	return []byte(b.String())
}

// BenchmarkRead reads 100,000 rules, and says how many bytes of memory they take
// for each byte of their text.
func BenchmarkRead(b *testing.B) {
	text := manyRules(100000)
	b.SetBytes(int64(len(text)))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var l diag.List
	var rs *ruleset.Ruleset
	for b.Loop() {
		rs = Read(diag.NewFile("x", text), ruleset.IP, &l)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(len(text)), "heap-B/text-B")
	if len(l.All) > 0 {
		b.Fatal(l.All[0].Span, l.All[0].Message)
	}
	runtime.KeepAlive(rs)
}

// BenchmarkTool is what iptables-restore --test takes for the same text.
func BenchmarkTool(b *testing.B) {
	text := manyRules(100000)
	file := filepath.Join(b.TempDir(), "x")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		b.Fatal(err)
	}
	for _, variant := range []string{"nft", "legacy"} {
		b.Run(variant, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				cmd := exec.Command("unshare", "-n", "iptables-"+variant+"-restore", "--test", file)
				cmd.Env = append(os.Environ(), "XTABLES_LOCKFILE="+file+".lock")
				cmd.WaitDelay = time.Minute
				if out, err := cmd.CombinedOutput(); err != nil {
					b.Skipf("%v: %s", err, out)
				}
			}
		})
	}
}

package backendtest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loward/loward/backends/backendtest/probes"
	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/backends/lab"
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/resolve"
	"github.com/loward/loward/dsl/diag"
)

// view resolves a policy that has no mistake.
func view(t *testing.T, text string) *policy.View {
	t.Helper()
	p, l, err := resolve.LoadText("test.low", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if l.Errors() > 0 {
		t.Fatalf("%s: %s", l.All[0].Span, l.All[0].Message)
	}
	return p.Views[0]
}

// TestLoads: policies whose iptables text was once refused, by the kernel or by
// the writer.
func TestLoads(t *testing.T) {
	var nets []string
	for i := range 20 {
		nets = append(nets, fmt.Sprintf("10.%d.0.0/24", 2*i))
	}
	many := "net c = " + strings.Join(nets, ", ") + "\nzone lan = eth0, eth1, eth2, eth3, eth4\n"
	for name, text := range map[string]string{
		"a helper for many sources": many + "service a { address 10.53.0.1; allow ftp, tftp from c on lan }\n",
		"many products in a row": many + "inbound { default drop; allow tcp 5000 from c on lan; allow tcp 5001 from c on lan; " +
			"allow tcp 5002 from c on lan; allow tcp 5003 from c on lan; allow tcp 5004 from c on lan }\n",
		"every ICMP type": "service a { address host; allow icmp 0-255 limit 5/minute }\n",
	} {
		t.Run(name, func(t *testing.T) {
			c, ok := inProcess(t, view(t, text))
			if !ok {
				t.Fatal("a target refuses it")
			}
			script := "nft -f n\nfor v in legacy nft; do iptables-$v-restore --noflush 4; ip6tables-$v-restore --noflush 6; done\n"
			files := map[string][]byte{"n": []byte(c.nft), "4": []byte(c.four), "6": []byte(c.six)}
			if _, err := kernel.Script(t, script, files, "nft", "iptables-nft-restore", "iptables-legacy-restore"); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestUntracked: packets that another's rule exempts from connection tracking
// are judged like others, and a limit counts each of them once.
func TestUntracked(t *testing.T) {
	if err := lab.Available(); err != nil {
		t.Skipf("SKIPPED, NOTHING WAS ASKED OF THE KERNEL: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	v := view(t, `zone wan = wan1
service a { address 10.53.0.1; allow ping limit 2/minute burst 4; allow udp 53 on wan }
inbound { default drop }
outbound { default accept }
`)
	f := diag.NewFile("untracked.probes", []byte(`lab server
self off others' rules exempt it
addr server lo 10.53.0.1/32
probe wan ping from 203.0.113.9 to 10.53.0.1 count=6 pass=4 -> drop
probe wan udp from 203.0.113.9 to 10.53.0.1:53 -> accept
probe wan udp from 203.0.113.9 to 10.53.0.1:54 -> drop
probe lan udp from 192.168.77.10 to 10.53.0.1:53 -> drop
`))
	script, mistakes := probes.ParseScript(f)
	for _, d := range mistakes {
		t.Fatalf("%s: %s", d.Span, d.Message)
	}
	c, ok := inProcess(t, v)
	if !ok {
		t.Fatal("a target refuses it")
	}
	c.host = probes.Host{Node: "server"}
	e := &example{name: "untracked", file: f, script: script, hosts: []compiled{c}}
	counts := &tallies{run: map[string]int{}, skipped: map[string]int{}}
	for _, ld := range loaders() {
		l, err := lab.Build(ctx, &script.Plan)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.LoadNFT(ctx, "server", `table ip exempt {
	chain p { type filter hook prerouting priority -300; ip daddr 10.53.0.1 notrack; }
	chain o { type filter hook output priority -300; ip saddr 10.53.0.1 notrack; }
}
`); err != nil {
			t.Fatal(err)
		}
		if err := ld.load(ctx, l, c); err != nil {
			t.Fatal(err)
		}
		demand(ctx, t, e, ld, l, script.Probes, counts, "")
		l.Close()
	}
}

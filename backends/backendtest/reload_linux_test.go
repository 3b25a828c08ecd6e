package backendtest

import (
	"fmt"
	"testing"

	"github.com/loward/loward/backends/backendtest/speed"
	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler"
	"github.com/loward/loward/compiler/resolve"
	"github.com/loward/loward/dsl/diag"
)

// TestReload loads versions of a policy over one another, as text and as JSON:
// it grows and shrinks, its zone gets a wildcard, counters and translations come
// and go. What stands then is what the last version alone would have loaded, but
// for what is left behind unreferenced.
func TestReload(t *testing.T) {
	tail := []string{
		"",
		"inbound { default drop; allow ping limit 5/second }\nhost h { masquerade on lan }\n",
		"option counters off\nlocal { deny tcp 9000 user nobody }\n",
		"forward { default reject }\nservice p { address 10.200.0.1; publish tcp 80 to 172.17.0.2; allow tcp 80 }\n",
		"inbound { default accept; deny icmp 3, icmpv6 1; allow esp limit 5/second }\n", // it looks into a set of what is claimed
	}
	files := map[string][]byte{}
	script := "set -e\n"
	for i, n := range []int{100, 700, 20, 1500, 100, 3000, 1} {
		text := append(speed.Policy(n, speed.Mixed), tail[i%len(tail)]...)
		if i%2 == 1 {
			text = append(text, "zone wild = eth*, ppp0\nservice w { address 10.200.0.2; allow tcp 80-90, ping on wild }\n"...)
		}
		p, l, err := resolve.LoadText("reload.low", text)
		if err != nil || l.Errors() > 0 {
			t.Fatal(err, l.All[0].Message)
		}
		var mistakes diag.List
		rs := compiler.Compile(p.Views[0], compiler.Nft, &mistakes)
		name := fmt.Sprintf("v%d", i)
		files[name+".nft"], _ = nft.Text{}.Write(rs)
		files[name+".json"], _ = nft.JSON{}.Write(rs)
		script += fmt.Sprintf("echo %s >&2\nnft -f %s.nft\n", name, name)
	}
	script += "for i in 6 1 3 2 5 0 4; do echo v$i again >&2; nft -f v$i.nft; nft list chain inet loward services4 >got; " +
		"unshare -n sh -c \"nft -f v$i.nft; nft list chain inet loward services4\" >want; sed -i 's/packets.*bytes [0-9]*//' got want; cmp got want; done\n"
	script += "nft delete table inet loward\nfor i in 0 1 2 3 4 5 6; do echo v$i as JSON >&2; nft -j -f v$i.json; done\n"
	if _, err := kernel.Script(t, script, files, "nft"); err != nil {
		t.Error(err)
	}
}

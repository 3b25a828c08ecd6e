package convert_test

import (
	"testing"

	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/convert"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// No ruleset of iptables makes the translation panic, and what comes out of it
// without a mistake has no Module and no May in it.
func FuzzToNft(f *testing.F) {
	for _, rule := range []string{
		"-p tcp -m tcp --dport 22 -j ACCEPT", "! -s 10.0.0.0/8 -j DROP", "-m set --match-set x src -j SET --add-set y dst", "-g drop", "-j TPROXY --on-port 1",
		"-m mark --mark 1/3 -j MARK --set-xmark 4/7", "-p icmp -m icmp --icmp-type 3/4 -j LOG --log-prefix \"a b\"", "-m conntrack --ctstate NEW,DNAT", "-m comment --comment \"\\\"\"",
	} {
		f.Add("*filter\n:INPUT DROP [0:0]\n:drop - [0:0]\n-A INPUT "+rule+"\n-A drop -j RETURN\nCOMMIT\n", false)
		f.Add("*mangle\n-A PREROUTING "+rule+"\nCOMMIT\n", true)
	}
	f.Fuzz(func(t *testing.T, text string, six bool) {
		family := ruleset.IP
		if six {
			family = ruleset.IP6
		}
		var l diag.List
		out, mistakes := convert.ToNft(iptables.Read(diag.NewFile("in", []byte(text)), family, &l), nft.ValidName)
		if (out == nil) != (len(mistakes) > 0) {
			t.Fatalf("a ruleset: %v, and %d mistakes", out != nil, len(mistakes))
		}
		if out == nil {
			return
		}
		for _, table := range out.Tables {
			for _, c := range table.Chains {
				for _, r := range c.Rules {
					for _, s := range r.Body {
						switch s.(type) {
						case *ruleset.Module, *ruleset.May, *ruleset.Opaque:
							t.Fatalf("%T in %q", s, text)
						}
					}
				}
			}
		}
	})
}

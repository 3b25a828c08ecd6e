package prove_test

import (
	"testing"

	"github.com/loward/loward/compiler"
	"github.com/loward/loward/compiler/prove"
	"github.com/loward/loward/compiler/resolve"
	"github.com/loward/loward/dsl/diag"
)

// Policies with which the proof has found mistakes in a lowering.
func TestPolicies(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"what IP needs passes at guarded addresses, whatever the default of forward", `
host r { interface eth0 = 10.0.0.1/24; forwards }
host s { interface eth0 = 10.0.0.2/24 }
service a { home s; guard r; address 10.53.0.1, fd53::1; allow http }
forward { default drop }`},
		{"and whatever forward denies", `
host r { interface eth0 = 10.0.0.1/24; forwards }
host s { interface eth0 = 10.0.0.2/24 }
service a { home s; guard r; address 10.53.0.1, fd53::1; allow http }
forward { default accept; deny any from 192.0.2.0/24 }`},
		{"what IP needs passes at claimed addresses, whatever inbound limits", `
service a { address 10.53.0.1, fd53::1; allow http }
inbound { default accept; allow any limit 3/minute }`},
		{"a limit on any counts no packets of known TCP connections", `
inbound { default drop; allow any limit 3/minute }
outbound { default drop; allow any, ping limit 3/minute }
forward { default drop; allow any limit 3/minute }`},
		{"what inbound counts is nothing that a service claims", `
host r { interface eth0 = dhcp; interface eth1 = 10.1.1.1/24 }
service a { address 10.53.0.1; allow ping from 10.0.0.0/8 }
service b { address interface eth1; allow ping from 192.0.2.0/24; allow proto 99; deny ah }
service c { address host; allow esp from 10.0.0.0/8 limit 5/second }
inbound { default drop; allow ping, ah limit 3/minute }`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, l, err := resolve.LoadText("policy.low", []byte(c.text))
			if err != nil || l.Errors() > 0 {
				t.Fatalf("%v %v", err, l.All)
			}
			for _, v := range p.Views {
				for _, target := range []compiler.Target{compiler.Nft, compiler.IPTables, compiler.IP6Tables} {
					var l diag.List
					rs := compiler.Compile(v, target, &l)
					if rs == nil {
						t.Fatalf("target %d: %v", target, l.All)
					}
					r, err := prove.View(v, rs, prove.Options{})
					if err != nil {
						t.Fatalf("target %d: %v", target, err)
					}
					for _, c := range r.Counterexamples {
						t.Errorf("%q, target %d: %s", v.Host.Name, target, c)
					}
				}
			}
		})
	}
}

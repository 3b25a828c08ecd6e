package ipt

import (
	"strings"
	"testing"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/diag"
)

// TestCannotSay: what iptables can't say is an error at the statement, in each
// family that has it.
func TestCannotSay(t *testing.T) {
	for _, c := range []struct{ name, policy, at, message string }{
		{"priority", "option priority 10\nservice a { address host\n allow tcp 1 }\n", "", "fixed priorities"},
		{"burst of days", "service a { address host\n allow tcp 1 limit 1/day }\n", "limit 1/day", "burst 1 or less"},
		{"burst of days, of a log", "inbound { default drop\n log refused limit 5/hour burst 10000 }\n", "limit 5/hour burst 10000", "burst 120 or less"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := load(t, "x.low", c.policy)
			for _, f := range []policy.Family{policy.V4, policy.V6} {
				var l diag.List
				Lower(p.Views[0], f, &l)
				l.Sort()
				if len(l.All) != 1 {
					t.Fatalf("%s: %d diagnostics, want one", f, len(l.All))
				}
				d := l.All[0]
				if d.Severity != diag.Error || d.Code != "LW091" || !strings.Contains(d.Message+d.Help, c.message) {
					t.Errorf("%s: %s %s (%s), want %q in it", f, d.Code, d.Message, d.Help, c.message)
				}
				if c.at != "" && d.Span.Text() != c.at {
					t.Errorf("%s: at %q, want %q", f, d.Span.Text(), c.at)
				}
			}
		})
	}
}

// TestNamesThatMeet: services whose chains would bear the same name have their own.
func TestNamesThatMeet(t *testing.T) {
	long := strings.Repeat("x", 40)
	p := load(t, "x.low", `
service "INPUT" { address 10.0.0.1
 allow tcp 1 }
service "HOST" { address host
 allow tcp 2 }
service "a b" { address 10.0.0.2
 allow tcp 3 }
service a_b { address 10.0.0.3
 allow tcp 4 }
service `+long+`1 { address 10.0.0.4
 allow tcp 5 }
service `+long+`2 { address 10.0.0.5
 allow tcp 6 }
`)
	seen := map[string]bool{}
	for _, tb := range lower(t, p.Views[0], policy.V4).Tables {
		for _, c := range tb.Chains {
			if key := tb.Name + " " + c.Name; seen[key] {
				t.Errorf("two chains %s", key)
			} else {
				seen[key] = true
			}
			if len(c.Name) > maxName {
				t.Errorf("%s has %d bytes", c.Name, len(c.Name))
			}
		}
	}
}

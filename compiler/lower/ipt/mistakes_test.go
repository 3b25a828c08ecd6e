package ipt

import (
	"fmt"
	"net/netip"
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

// crowded is services that all make exceptions to the same traffic at one place.
func crowded(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "service s%02d { address host\n allow tcp 22 from 10.%d.0.0/16\n deny tcp 22 from 10.%d.0.1 }\n", i, i, i)
	}
	return b.String()
}

// TestDepth: chains in a row are bounded, for nf_tables counts gotos too.
func TestDepth(t *testing.T) {
	fits := load(t, "x.low", crowded(8)).Views[0]
	w := build(fits, policy.V4, multiplied)
	if n, _ := w.deepest(); n < 9 || n > maxDepth {
		t.Errorf("8 services with exceptions: %d chains in a row", n)
	}
	lower(t, fits, policy.V4)

	var l diag.List
	Lower(load(t, "x.low", crowded(30)).Views[0], policy.V4, &l)
	if len(l.All) != 1 || !strings.Contains(l.All[0].Message, "chains in a row") || !strings.Contains(l.All[0].Span.Text(), "deny tcp 22") {
		t.Errorf("30 services with exceptions: %+v", l.All)
	}
}

// TestDepthOfManySources: where chains are scarce, sources are multiplied out.
func TestDepthOfManySources(t *testing.T) {
	var b strings.Builder
	for i := range 9 {
		fmt.Fprintf(&b, "net n%d = ", i)
		for j := range 40 {
			fmt.Fprintf(&b, "10.%d.%d.7, ", i, 2*j)
		}
		b.WriteString("10.200.0.1\n")
	}
	b.WriteString("service a { address 10.0.0.1\n")
	for i := range 9 {
		fmt.Fprintf(&b, " allow tcp %d from n%d\n", 10+i, i)
	}
	b.WriteString("}\n")
	v := load(t, "x.low", b.String()).Views[0]
	if n, _ := build(v, policy.V4, multiplied).deepest(); n <= maxDepth {
		t.Errorf("%d chains in a row: the test asks nothing", n)
	}
	rs := lower(t, v, policy.V4)
	for _, p := range []struct {
		src  string
		port uint16
		want outcome
	}{{"10.0.4.7", 10, "accept"}, {"10.8.4.7", 18, "accept"}, {"10.8.4.7", 17, "drop"}, {"10.8.5.7", 18, "drop"}, {"10.200.0.1", 14, "accept"}} {
		j := &journey{rs: rs, addrs: policy.Addrs{"lo": addrList("10.0.0.1")}, p: policy.Packet{
			In: "eth0", Src: netip.MustParseAddr(p.src), Dst: netip.MustParseAddr("10.0.0.1"), Proto: policy.TCP, Dport: p.port,
		}}
		if got := j.fate(); got != p.want {
			t.Errorf("%s to port %d: %s, want %s", p.src, p.port, got, p.want)
		}
	}
}

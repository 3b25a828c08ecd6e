package iproute

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/diag"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func iface(name string, addrs ...string) *policy.Interface {
	i := &policy.Interface{Name: name}
	for _, a := range addrs {
		i.Addrs = append(i.Addrs, netip.MustParsePrefix(a))
	}
	return i
}

var file = diag.NewFile("policy.low", []byte("1\n2\n3\n4\n5\n6\n7\n8\n9\n"))

func line(n int) diag.Span { return file.Span(2*(n-1), 2*(n-1)+1) }

// router of two wires, with services of its own and elsewhere.
func router() *policy.View {
	near := &policy.Host{Name: "near", Interfaces: []*policy.Interface{iface("lan", "10.10.1.7/24", "fd00:1::7/64")}}
	far := &policy.Host{Name: "far", Interfaces: []*policy.Interface{iface("a", "192.0.2.1/24"), iface("b", "10.10.0.9/16", "fe80::9/64")}}
	host := &policy.Host{Name: "router", Forwards: true,
		Interfaces: []*policy.Interface{iface("eth0", "10.10.0.1/24"), iface("eth1", "10.10.1.1/24", "fd00:1::1/64", "fe80::1/64"),
			{Name: "wan1", DHCP: true}},
		Sources: []*policy.Source{
			{Addr: addr("192.0.2.69"), To: netip.MustParsePrefix("10.10.0.0/24"), Span: line(1)},
			{Addr: addr("10.53.53.53"), To: netip.MustParsePrefix("10.10.1.128/25"), Span: line(2)},
			{Addr: addr("fd53::69"), To: netip.MustParsePrefix("fd00:1::/64"), Span: line(3)},
			{Addr: addr("fd53::69"), To: netip.MustParsePrefix("fd00:1::8000/113"), Span: line(4)},
			{Addr: addr("10.10.1.1"), To: netip.MustParsePrefix("10.10.1.0/24"), Span: line(5)},
		}}
	return &policy.View{
		Host: host,
		Own:  []netip.Addr{addr("10.53.53.53"), addr("127.0.0.53"), addr("fd53::53")},
		Services: []*policy.Service{
			{Name: "dns", Scopes: []*policy.Scope{{Addr: addr("10.53.53.53")}, {Addr: addr("fd53::53")}, {Addr: addr("127.0.0.53")}}},
			{Name: "dot", Scopes: []*policy.Scope{{Addr: addr("10.53.53.53")}}},
			{Name: "web", Scopes: []*policy.Scope{{Addr: addr("10.80.0.1"), Guarded: true}}}},
		Elsewhere: []*policy.Elsewhere{
			{Addr: addr("10.80.0.1"), Service: "web", Homes: []*policy.Host{near, far}, Span: line(6)},
			{Addr: addr("fd80::1"), Service: "web", Homes: []*policy.Host{near, far}, Span: line(7)},
		},
	}
}

func TestGolden(t *testing.T) {
	text, mistakes := Write(router())
	var b strings.Builder
	for _, m := range mistakes {
		b.WriteString(m.Span.String() + ": " + m.Severity.String() + ": " + m.Message + "\n\t" + m.Help + "\n")
	}
	b.WriteString("\n")
	b.Write(text)
	golden := filepath.Join("testdata", "router.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// The real ip runs the batch twice, and the kernel then routes as it says.
func TestKernel(t *testing.T) {
	text, _ := Write(router())
	script := `
ip link set lo up
ip link add eth0 type veth peer name p0
ip link add eth1 type veth peer name p1
for i in eth0 p0 eth1 p1; do ip link set $i up; done
ip addr add 10.10.0.1/24 dev eth0
ip addr add 10.10.1.1/24 dev eth1
ip -6 addr add fd00:1::1/64 dev eth1 nodad
ip -batch batch
ip -6 route show >before6; ip route show >before4
ip -batch batch
ip -6 route show >after6; ip route show >after4
cmp before4 after4; cmp before6 after6
ip addr show dev lo
ip route get 10.10.0.9
ip route get 10.10.1.7
ip route get 10.10.1.200
ip -6 route get fd00:1::7
ip -6 route get fd00:1::8001
ip route get 10.80.0.1
ip -6 route get fd80::1
ip route show 10.80.0.1
ip route show 10.10.0.0/24
ip -6 route show fd00:1::/64`
	out, err := kernel.Script(t, script, map[string][]byte{"batch": text}, "ip")
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, text)
	}
	for _, want := range []string{
		"inet 10.53.53.53/32 scope global lo", "inet6 fd53::53/128", "inet 192.0.2.69/32", "inet6 fd53::69/128",
		"10.10.0.9 dev eth0 src 192.0.2.69",
		"10.10.1.7 dev eth1 src 10.10.1.1",
		"10.10.1.200 dev eth1 src 10.53.53.53",
		"fd00:1::7 from :: dev eth1 proto kernel src fd53::69",
		"fd00:1::8001 from :: dev eth1 proto static src fd53::69",
		"10.80.0.1 via 10.10.1.7 dev eth1", "fd80::1 from :: via fd00:1::7 dev eth1",
		"10.80.0.1 via 10.10.1.7 dev eth1 proto static metric 1",
		"10.80.0.1 via 10.10.0.9 dev eth0 proto static metric 2",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "127.0.0.53") {
		t.Errorf("127.0.0.53 is local without an address:\n%s", out)
	}
	// One route to each network: the kernel's own was replaced.
	for _, once := range []string{"\n10.10.0.0/24", "\nfd00:1::/64"} {
		if n := strings.Count(out, once); n > 1 {
			t.Errorf("%d routes to%s in\n%s", n, once, out)
		}
	}
}

func TestRefused(t *testing.T) {
	tests := []struct {
		name   string
		change func(v *policy.View)
		want   string
	}{
		{"no interface holds the destination", func(v *policy.View) {
			v.Host.Sources[0].To = netip.MustParsePrefix("0.0.0.0/0")
		}, "policy.low:1:1: ip cannot say a source address to 0.0.0.0/0"},
		{"two sources", func(v *policy.View) {
			v.Host.Sources[4].To = v.Host.Sources[0].To
		}, "policy.low:5:1: two source addresses to 10.10.0.0/24: 192.0.2.69 and 10.10.1.1"},
		{"a name that ip cuts", func(v *policy.View) {
			v.Host.Interfaces[1].Name, v.Host.Interfaces[1].Span = "a#b", line(8)
		}, `policy.low:8:1: ip cannot say the interface name "a#b" in a batch file`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := router()
			tt.change(v)
			text, mistakes := Write(v)
			if text != nil {
				t.Errorf("a text beside an error:\n%s", text)
			}
			for _, m := range mistakes {
				if strings.HasPrefix(m.Span.String()+": "+m.Message, tt.want) && m.Severity == diag.Error && m.Help != "" {
					return
				}
			}
			t.Errorf("no %q in %v", tt.want, mistakes)
		})
	}
}

// A host that does not forward gets no routes to what lives elsewhere.
func TestNoRouter(t *testing.T) {
	v := router()
	v.Host.Forwards = false
	text, mistakes := Write(v)
	if strings.Contains(string(text), " via ") || len(mistakes) > 0 {
		t.Errorf("%v\n%s", mistakes, text)
	}
}

// Names of services and hosts stand in comments, and can't leave them.
func TestHostileNames(t *testing.T) {
	for _, name := range []string{"a\"b'c", "x\naddress add 10.6.6.6/32 dev lo", "#", `back\`, "link set lo down", strings.Repeat("n", 300)} {
		v := router()
		v.Host.Name, v.Host.Sources, v.Elsewhere = name, nil, nil
		for _, s := range v.Services {
			s.Name = name
		}
		text, mistakes := Write(v)
		if len(mistakes) > 0 {
			t.Fatalf("%q: %v", name, mistakes[0].Message)
		}
		out, err := kernel.Script(t, "ip link set lo up\nip -batch batch\nip -o addr show dev lo scope global", map[string][]byte{"batch": text}, "ip")
		if err != nil || strings.Count(out, "\n") != 2 || !strings.Contains(out, "10.53.53.53/32") || !strings.Contains(out, "fd53::53/128") {
			t.Errorf("%q: %v\n%s\nof\n%s", name, err, out, text)
		}
	}
}

package probes

import (
	"fmt"
	"github.com/loward/loward/backends/lab"
	"net/netip"
	"strings"
	"testing"

	"github.com/loward/loward/dsl/diag"
)

// docExample is the example at the end of the package documentation.
const docExample = `lab router
host router
probe lan0 udp to 10.53.53.53:53 -> accept                  # allow dns on lan
probe wan tcp from 203.0.113.9 to 10.53.53.53:53 -> drop    # claimed, closed
probe self tcp user nobody to 127.0.0.1:5432 -> reject      # not daemon, mail
probe lan0 ping to 10.53.53.53 count=60 pass=40..42 -> drop # limit 20/second burst 40
probe wan udp spoof from 2001:db8:1::1 to [2001:db8:1::1]:53 -> drop
`

func parse(t *testing.T, text string) (*Script, []string) {
	t.Helper()
	s, list := ParseScript(diag.NewFile("x.probes", []byte(text)))
	var out []string
	for _, d := range list {
		at := d.Span.Position()
		out = append(out, fmt.Sprintf("%d:%d %s: %s", at.Line, at.Column, d.Span.Text(), d.Message))
	}
	return s, out
}

func TestParseDocExample(t *testing.T) {
	s, bad := parse(t, docExample)
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	if len(s.Probes) != 5 || s.Topology.Name != "router" || s.Hosts[0] != (Host{"router", "router", s.Hosts[0].Span}) {
		t.Fatalf("%+v", s)
	}
	p := s.Probes[1]
	if p.Node != "wan" || p.Kind != lab.TCP || p.From.Addr != netip.MustParseAddr("203.0.113.9") || p.To.Port != 53 || p.Want != lab.Drop {
		t.Errorf("%+v", p)
	}
	if p.Text != "probe wan tcp from 203.0.113.9 to 10.53.53.53:53 -> drop" || p.Span.Text() != p.Text || p.Line != 4 {
		t.Errorf("%q %q %d", p.Text, p.Span.Text(), p.Line)
	}
	if p = s.Probes[2]; p.User != "nobody" || p.Node != "router" || p.Want != lab.Reject {
		t.Errorf("%+v", p)
	}
	if p = s.Probes[3]; p.Count != 60 || p.PassMin != 40 || p.PassMax != 42 || !p.Fresh {
		t.Errorf("%+v", p)
	}
	if p = s.Probes[4]; !p.Spoof || p.From.Addr != p.To.Addr {
		t.Errorf("%+v", p)
	}
}

func TestParseStatements(t *testing.T) {
	s, bad := parse(t, strings.ReplaceAll(`lab guard
host edge as gw
host home
link self br9
addr self br9 fe80::1/64
addr home lo 10.53.53.53/32
route wan 10.53.53.53 via 203.0.113.1 dev eth0 metric 7
route wan fd53::/64 via 2001:db8:1::1
sysctl self net.ipv4.conf.all.route_localnet 1
listen home tcp 8080
docker tcp 10.32.16.8:80 to 172.17.0.2:2368
self off the block local refuses
noself 10.53.53.53 tcp udp deny-local tcp, udp
probe lan0 ospf to 224.0.0.5%eth0 at=home -> accept
probe self udp from 0.0.0.0:68 to 255.255.255.255%wan1:67 at=wan -> accept
then wan udp to [fe80::b:2%eth0]:53 -> reject
probe wan icmp 3/4 spoof from 10.0.0.1 to 203.0.113.1 -> drop
probe wan proto 99 to 203.0.113.1 mark=0x10 -> drop
probe wan tcp bytes=5000 as=203.0.113.9 to 203.0.113.1:22 -> accept
probe wan frag-needed by=198.51.100.7 noconn to 203.0.113.1:22 -> drop
`, "\n", "\r\n"))
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	if len(s.Hosts) != 2 || s.Hosts[0].Node != "gw" || s.Hosts[0].Name != "edge" {
		t.Errorf("hosts %+v", s.Hosts)
	}
	if len(s.Probes) != 6 || len(s.Probes[1].Then) != 1 {
		t.Fatalf("%d probes", len(s.Probes))
	}
	if b := s.Probes[1].To; b.Dev != "wan1" || b.Port != 67 || b.Addr.String() != "255.255.255.255" {
		t.Errorf("%+v", b)
	}
	if b := s.Probes[1].Then[0].To; b.Dev != "eth0" || b.Port != 53 {
		t.Errorf("%+v", b)
	}
	if b := s.Probes[2]; b.Kind != lab.ICMP || b.Type != 3 || b.Code != 4 {
		t.Errorf("%+v", b)
	}
	if r := s.Routes[1]; r.Dest.String() != "fd53::/64" || s.Routes[0].Metric != 7 {
		t.Errorf("%+v", s.Routes)
	}
	if len(s.NoSelf[0].Protos) != 2 || s.SelfOff == "" || len(s.Links) != 1 || len(s.Docker) != 1 || len(s.Sysctls) != 2 || len(s.Listens) != 2 || len(s.Addrs) != 2 {
		t.Errorf("%+v", s)
	}
}

// TestParseMistakes holds that each line has its own diagnostic at the exact
// word, and that no mistake hides another.
func TestParseMistakes(t *testing.T) {
	cases := []struct{ line, want string }{
		{"bogus", `1 bogus: unknown statement "bogus"`},
		{"lab router", `1 lab: a second "lab"`},
		{"probe nowhere tcp to 10.0.0.1:5 -> accept", `7 nowhere: topology router has no node "nowhere"`},
		{"probe wan tpc to 10.0.0.1:5 -> accept", `11 tpc: unknown protocol "tpc"`},
		{"probe wan tcp to 10.0.0.1 -> accept", `18 10.0.0.1: the destination has no port`},
		{"probe wan tcp to 10.0.0.256:1 -> accept", `18 10.0.0.256:1: "10.0.0.256" is not an address`},
		{"probe wan tcp to 10.0.0.1:70000 -> accept", `18 10.0.0.1:70000: "70000" is not a port`},
		{"probe wan tcp to 10.0.0.1:5 -> maybe", `32 maybe: "maybe" is not a verdict`},
		{"probe wan tcp to 10.0.0.1:5", `28 : the line ends where "->" is expected`},
		{"probe wan tcp 10.0.0.1:5 -> accept", `15 10.0.0.1:5: unknown option "10.0.0.1:5"`},
		{"probe wan ping to 10.0.0.1:5 -> accept", `19 10.0.0.1:5: this protocol has no ports`},
		{"probe wan udp from fd00::1 to 10.0.0.1:5 -> accept", `31 10.0.0.1:5: source and destination are of different families`},
		{"probe wan ping to ff02::1 -> accept", `19 ff02::1: a link-local, multicast or broadcast destination needs a device`},
		{"probe wan udp spoof to 10.0.0.1:5 -> drop", `15 spoof: a spoofed packet needs a source`},
		{"probe wan tcp count=5 pass=9 to 10.0.0.1:5 -> drop", `23 pass=9: more pass than are sent`},
		{"probe wan tcp count=0 to 10.0.0.1:5 -> drop", `15 count=0: "0" is not a number from 1 to 1000`},
		{"then wan tcp to 10.0.0.1:5 -> drop", `1 then: "then" without a probe above it`},
		{"addr wan eth0 10.0.0.1", `15 10.0.0.1: "10.0.0.1" is not an address with its length`},
		{"self off", `1 self: "self off" gives no reason`},
		{"listen wan tcp 0", `16 0: "0" is not a number from 1 to 65535`},
		{"host router x", `13 x: "x" is not expected here`},
	}
	text := "lab router\n"
	for _, c := range cases {
		text += c.line + "\n"
	}
	_, bad := parse(t, text)
	if len(bad) != len(cases) {
		t.Fatalf("%d diagnostics for %d mistakes:\n%s", len(bad), len(cases), strings.Join(bad, "\n"))
	}
	for i, c := range cases {
		if want := fmt.Sprintf("%d:%s", i+2, c.want); bad[i] != want {
			t.Errorf("got  %s\nwant %s", bad[i], want)
		}
	}
	for text, want := range map[string]string{
		"":             "the file names no topology",
		"host x\n":     `"host" stands before "lab"`,
		"lab circus\n": `unknown topology "circus"`,
	} {
		if _, bad := parse(t, text); len(bad) == 0 || !strings.Contains(bad[0], want) {
			t.Errorf("%q: %v", text, bad)
		}
	}
}

// FuzzParseScript: no input makes the parser panic.
func FuzzParseScript(f *testing.F) {
	f.Add(docExample)
	f.Add("lab guard\nprobe wan udp to [fe80::1%eth0:53 -> drop\nthen")
	f.Fuzz(func(t *testing.T, text string) {
		file := diag.NewFile("x", []byte(text))
		s, list := ParseScript(file)
		for _, d := range list {
			if d.Span.Start < 0 || d.Span.End > len(text) || d.Span.Start > d.Span.End {
				t.Errorf("span %d-%d of %d bytes", d.Span.Start, d.Span.End, len(text))
			}
		}
		for _, p := range s.Probes {
			_ = p.Want.String()
		}
	})
}

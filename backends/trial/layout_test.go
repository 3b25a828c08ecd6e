package trial

import (
	"net/netip"
	"testing"

	"github.com/loward/loward/backends/lab"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/path"
)

func router() *host.Host {
	h := host.New()
	h.Add("eth0", netip.MustParsePrefix("10.10.0.1/24"))
	h.Add("eth1", netip.MustParsePrefix("10.10.1.1/24"), netip.MustParsePrefix("fd00:1::1/64"))
	h.Add(packet.AnyLink, netip.MustParsePrefix("192.0.2.254/32"))
	h.Routes = []host.Route{{Dst: netip.MustParsePrefix("0.0.0.0/0"), Dev: packet.AnyLink}}
	return h
}

func arriving(link, from, to string) Case {
	return Case{Host: router(), Start: path.Start{IIF: link, Proto: packet.TCP,
		From: netip.AddrPortFrom(netip.MustParseAddr(from), 0), To: netip.MustParseAddrPort(to)}}
}

// What lives at different places can't be in one layout; everything else is.
func TestLayouts(t *testing.T) {
	other := arriving("eth0", "10.10.0.9", "10.10.0.1:22")
	other.Rules.NFT = "table inet x { }"
	for _, c := range []struct {
		name  string
		cases []Case
		want  int
	}{
		{"none", nil, 0},
		{"two machines", []Case{arriving("eth0", "10.10.0.7", "10.10.0.1:22"), arriving("eth1", "10.10.1.7", "10.10.0.1:22")}, 1},
		{"one source by two interfaces", []Case{arriving("eth0", "192.0.2.1", "10.10.0.1:22"), arriving("eth1", "192.0.2.1", "10.10.0.1:22")}, 2},
		{"a source that is another's destination", []Case{arriving("eth0", "198.51.100.7", "10.10.0.1:22"), arriving("eth1", "10.10.1.7", "198.51.100.7:22")}, 2},
		{"back by the same interface", []Case{arriving("eth0", "10.10.0.7", "10.10.0.8:22"), arriving("eth0", "10.10.0.7", "10.10.0.9:22")}, 1},
		{"both a source and a destination of one interface", []Case{arriving("eth0", "10.10.0.7", "10.10.0.8:22"), arriving("eth0", "10.10.0.8", "10.10.0.7:22")}, 2},
		{"a forged source lives nowhere", []Case{arriving("eth0", "10.10.1.1", "10.10.0.1:22"), arriving("eth1", "10.10.1.1", "10.10.0.1:22")}, 1},
		{"other rules", []Case{arriving("eth0", "10.10.0.7", "10.10.0.1:22"), other}, 2},
	} {
		untried := map[int]Answer{}
		jobs, err := layouts(c.cases, false, untried)
		if err != nil || len(untried) > 0 {
			t.Fatalf("%s: %v %v", c.name, err, untried)
		}
		if len(jobs) != c.want {
			t.Errorf("%s: %d layouts, want %d", c.name, len(jobs), c.want)
		}
		tried := 0
		for _, j := range jobs {
			tried += len(j.Plan.Probes)
			places(t, c.name, &j.Plan)
		}
		if tried != len(c.cases) {
			t.Errorf("%s: %d of %d cases are tried", c.name, tried, len(c.cases))
		}
	}
}

// places of a plan: every node that sends is there, every device has a wire, and no
// address lives twice.
func places(t *testing.T, name string, p *lab.Plan) {
	t.Helper()
	ends := map[lab.End]int{}
	for _, w := range p.Topology.Wires {
		for _, e := range w {
			ends[e]++
		}
	}
	addrs := map[netip.Addr]bool{}
	for _, n := range p.Topology.Nodes {
		for _, d := range n.Devs {
			if ends[lab.End{Node: n.Name, Dev: d.Name}] != 1 {
				t.Errorf("%s: %s of %s is on %d wires", name, d.Name, n.Name, ends[lab.End{Node: n.Name, Dev: d.Name}])
			}
			for _, a := range d.Addrs {
				if addrs[a.Addr()] {
					t.Errorf("%s: %s lives twice", name, a.Addr())
				}
				addrs[a.Addr()] = true
			}
		}
	}
	for _, q := range p.Probes {
		if _, known := p.Topology.Node(q.Node); !known {
			t.Errorf("%s: nobody is %s", name, q.Node)
		}
		if !q.Spoof && q.From.Addr.IsValid() && !addrs[q.From.Addr] {
			t.Errorf("%s: nobody has %s", name, q.From.Addr)
		}
	}
}

// A packet comes by an interface that exists: one of which nothing is known is that
// which leads back.
func TestArrives(t *testing.T) {
	for _, c := range []struct {
		c    Case
		node string
	}{
		{arriving(packet.AnyLink, "10.10.1.7", "10.10.0.1:22"), "eth1"},
		{arriving(packet.AnyLink, "198.51.100.7", "10.10.0.1:22"), elsewhere},
		{arriving("ppp*", "198.51.100.7", "10.10.0.1:22"), "ppp0"},
	} {
		jobs, err := layouts([]Case{c.c}, false, map[int]Answer{})
		if err != nil || len(jobs) != 1 {
			t.Fatalf("%d layouts: %v", len(jobs), err)
		}
		if got := jobs[0].Plan.Probes[0].Node; got != c.node {
			t.Errorf("%s from %s comes from %s, want %s", c.c.Start.IIF, c.c.Start.From, got, c.node)
		}
	}
}

// Where a process can't change its user each has jobs of its own.
func TestAlone(t *testing.T) {
	sent := func(user string) Case {
		return Case{Host: router(), Start: path.Start{Proto: packet.TCP, To: netip.MustParseAddrPort("10.10.0.7:80"), Owner: &packet.Owner{User: user}}}
	}
	cases := []Case{sent("root"), sent("daemon"), sent("mail"), sent("daemon")}
	for alone, want := range map[bool]int{false: 1, true: 3} {
		jobs, err := layouts(cases, alone, map[int]Answer{})
		if err != nil || len(jobs) != want {
			t.Errorf("alone %t: %d jobs, want %d: %v", alone, len(jobs), want, err)
		}
		for _, j := range jobs {
			for _, p := range j.Plan.Probes {
				if alone && p.User != "" {
					t.Errorf("%q would have to become %q", j.user, p.User)
				}
			}
		}
	}
}

// What can't be sent is said.
func TestImpossible(t *testing.T) {
	bad := arriving("eth0", "10.10.0.7", "10.10.0.1:22")
	bad.Host.Add("an-interface-with-a-long-name")
	for _, c := range []Case{
		arriving("eth0", "10.10.0.7", "10.10.0.1:0"),
		{Host: router(), Start: path.Start{Proto: packet.UDP, To: netip.MustParseAddrPort("224.0.0.251:5353")}},
		bad,
	} {
		if impossible(&c) == "" {
			t.Errorf("%+v can be sent", c.Start)
		}
	}
}

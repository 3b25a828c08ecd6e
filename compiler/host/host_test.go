package host

import (
	"net/netip"
	"testing"
)

func example() *Host {
	h := New()
	h.Add("lo", netip.MustParsePrefix("10.32.16.8/32"), netip.MustParsePrefix("2001:db8:53::8/128"))
	h.Add("wan1", netip.MustParsePrefix("203.0.113.1/24"), netip.MustParsePrefix("2001:db8:1::1/64"))
	h.Add("lan1", netip.MustParsePrefix("192.168.77.1/24"), netip.MustParsePrefix("fe80::1/64"))
	h.Routes = []Route{{Dst: netip.MustParsePrefix("0.0.0.0/0"), Via: netip.MustParseAddr("203.0.113.9"), Dev: "wan1"},
		{Type: Blackhole, Dst: netip.MustParsePrefix("198.51.100.0/24")}}
	return h
}

func TestRoute(t *testing.T) {
	h := example()
	for _, c := range []struct {
		dst  string
		typ  Type
		dev  string
		src  string
		want bool
	}{
		{"127.0.0.1", Local, "lo", "127.0.0.1", true},
		{"127.9.9.9", Local, "lo", "127.0.0.1", true},
		{"203.0.113.1", Local, "lo", "203.0.113.1", true},
		{"10.32.16.8", Local, "lo", "10.32.16.8", true},
		{"::1", Local, "lo", "::1", true},
		{"2001:db8:1::1", Local, "lo", "2001:db8:1::1", true},
		{"203.0.113.9", Unicast, "wan1", "203.0.113.1", true},
		{"203.0.113.255", Broadcast, "wan1", "203.0.113.1", true},
		{"192.168.77.10", Unicast, "lan1", "192.168.77.1", true},
		{"8.8.8.8", Unicast, "wan1", "203.0.113.1", true},
		{"198.51.100.7", Blackhole, "", "", true},
		{"2001:db8:1::9", Unicast, "wan1", "2001:db8:1::1", true},
		{"2001:db8:ffff::1", Unreachable, "", "", false},
	} {
		r := h.Route(Query{Dst: netip.MustParseAddr(c.dst)})
		src := ""
		if r.Src.IsValid() {
			src = r.Src.String()
		}
		if r.Type != c.typ || r.Dev != c.dev || src != c.src || r.Found != c.want {
			t.Errorf("%s: %+v", c.dst, r)
		}
	}
}

func TestTypeOf(t *testing.T) {
	h := example()
	for _, c := range []struct {
		addr, dev string
		want      Type
	}{
		{"203.0.113.1", "", Local}, {"203.0.113.1", "wan1", Local}, {"203.0.113.1", "lo", Unicast},
		{"127.5.5.5", "", Local}, {"127.5.5.5", "lo", Local}, {"203.0.113.255", "", Broadcast},
		{"203.0.113.9", "", Unicast}, {"224.0.0.1", "", Multicast}, {"ff02::1", "", Multicast},
		{"255.255.255.255", "", Broadcast}, {"fe80::1", "lan1", Local}, {"fe80::1", "wan1", Unicast},
	} {
		if got := h.TypeOf(netip.MustParseAddr(c.addr), c.dev); got != c.want {
			t.Errorf("%s on %q: %s, want %s", c.addr, c.dev, got, c.want)
		}
	}
}

// Policy routing: a mark leads elsewhere, but never away from the host itself.
func TestRules(t *testing.T) {
	h := example()
	h.Rules = []Rule{{Table: TableLocal}, {Priority: 100, Mark: 7, Table: 100}, {Priority: 200, IIF: "lan1", Type: Prohibit}, {Priority: 32766, Table: TableMain}}
	h.Routes = append(h.Routes, Route{Dst: netip.MustParsePrefix("0.0.0.0/0"), Dev: "lan1", Table: 100})
	q := Query{Dst: netip.MustParseAddr("8.8.8.8")}
	if r := h.Route(q); r.Dev != "wan1" {
		t.Errorf("%+v", r)
	}
	q.Mark = 7
	if r := h.Route(q); r.Dev != "lan1" {
		t.Errorf("%+v", r)
	}
	q.Mark, q.IIF = 0, "lan1"
	if r := h.Route(q); r.Type != Prohibit {
		t.Errorf("%+v", r)
	}
	q.Dst = netip.MustParseAddr("203.0.113.1")
	if r := h.Route(q); r.Type != Local || r.Dev != "lo" {
		t.Errorf("%+v", r)
	}
}

package policy

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestMergePorts compares with a set of single ports.
func TestMergePorts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var in []PortRange
		want := map[uint16]bool{}
		for range rapid.IntRange(0, 8).Draw(t, "n") {
			// Small numbers, and the last ones, where adding one overflows.
			lo := rapid.SampledFrom([]uint16{0, 1, 2, 3, 5, 8, 9, 13, 65533, 65534, 65535}).Draw(t, "lo")
			hi := lo + min(rapid.Uint16Range(0, 4).Draw(t, "len"), 65535-lo)
			in = append(in, PortRange{lo, hi})
			for p := int(lo); p <= int(hi); p++ {
				want[uint16(p)] = true
			}
		}
		got := map[uint16]bool{}
		out := MergePorts(slices.Clone(in))
		for i, r := range out {
			if i > 0 && int(out[i-1].Hi)+1 >= int(r.Lo) {
				t.Fatalf("%v: not merged: %v", in, out)
			}
			for p := int(r.Lo); p <= int(r.Hi); p++ {
				got[uint16(p)] = true
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%v became %v", in, out)
		}
		for p := range want {
			if !got[p] {
				t.Fatalf("%v became %v, without %d", in, out, p)
			}
		}
	})
}

// TestMergeAddrs compares with a set of single addresses, at both ends of both
// families.
func TestMergeAddrs(t *testing.T) {
	var pool []netip.Addr
	for _, s := range []string{"0.0.0.0", "10.0.0.254", "255.255.255.250", "::", "fd00::fffe", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffa"} {
		a := netip.MustParseAddr(s)
		for range 6 {
			pool = append(pool, a)
			a = a.Next()
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		var in []AddrRange
		want := map[netip.Addr]bool{}
		for range rapid.IntRange(0, 8).Draw(t, "n") {
			i := rapid.IntRange(0, len(pool)-1).Draw(t, "from")
			lo, hi := pool[i], pool[i]
			want[lo] = true
			for j := rapid.IntRange(0, 5-i%6).Draw(t, "more"); j > 0; j-- {
				hi = hi.Next()
				want[hi] = true
			}
			in = append(in, AddrRange{lo, hi})
		}
		n := &Nets{Ranges: MergeAddrs(slices.Clone(in))}
		var fam Family
		for _, a := range pool {
			if n.Contains(a) != want[a] {
				t.Fatalf("%v became %v, %s: %v", in, n.Ranges, a, want[a])
			}
			if want[a] {
				fam |= FamilyOf(a)
			}
		}
		if n.Families() != fam {
			t.Fatalf("%v: families %s, want %s", n.Ranges, n.Families(), fam)
		}
		for i := 1; i < len(n.Ranges); i++ {
			before, r := n.Ranges[i-1], n.Ranges[i]
			if !before.Hi.Less(r.Lo) || before.Hi.Next() == r.Lo {
				t.Fatalf("not merged: %v", n.Ranges)
			}
		}
	})
}

func TestPrefixRange(t *testing.T) {
	for prefix, want := range map[string]string{
		"10.0.0.1/24":    "10.0.0.0-10.0.0.255",
		"10.0.0.1/32":    "10.0.0.1-10.0.0.1",
		"0.0.0.0/0":      "0.0.0.0-255.255.255.255",
		"10.0.0.128/25":  "10.0.0.128-10.0.0.255",
		"2001:db8::1/33": "2001:db8::-2001:db8:7fff:ffff:ffff:ffff:ffff:ffff",
		"::/0":           "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	} {
		r := PrefixRange(netip.MustParsePrefix(prefix))
		if got := r.Lo.String() + "-" + r.Hi.String(); got != want {
			t.Errorf("%s: %s, want %s", prefix, got, want)
		}
	}
}

// TestDerivedName: what fits stays; the rest fits, is plain, and differs.
func TestDerivedName(t *testing.T) {
	if got := DerivedName("web-1_x", 20); got != "web-1_x" {
		t.Errorf("a name that fits became %s", got)
	}
	if got := DerivedName("mit blank", 28); !strings.HasPrefix(got, "mit_blank-") || len(got) != 16 {
		t.Errorf("an odd name became %s", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		max := rapid.IntRange(-1, 40).Draw(t, "max")
		x := DerivedName(a, max)
		if !plainName(x) || len(x) > max && len(x) > MinDerivedName {
			t.Fatalf("%q of %d became %q", a, max, x)
		}
		if x != DerivedName(a, max) || a != b && x == DerivedName(b, max) {
			t.Fatalf("%q and %q became %q", a, b, x)
		}
	})
}

// TestClasses: the table has the classes that the language promises, sorted,
// and each is normalised.
func TestClasses(t *testing.T) {
	want := strings.Fields(`bfd bgp dhcp dhcpv6 dns dot ftp geneve gre hsrp http https imap imaps iperf
		ipsec l2tp ldap ldaps ldp mdns mqtt mysql nfs ntp ospf postgres redis smb smtp snmp ssh
		submission syslog telnet tftp vrrp vxlan wireguard`)
	var got []string
	for _, c := range Classes() {
		got = append(got, c.Name)
		for _, tr := range c.Traffic {
			if tr.Any || tr.Families == 0 || tr.HasPorts() != (tr.Ports != nil) {
				t.Errorf("%s: %+v", c.Name, tr)
			}
			if !slices.Equal(tr.Ports, MergePorts(slices.Clone(tr.Ports))) {
				t.Errorf("%s: ports %v are not merged", c.Name, tr.Ports)
			}
			if (tr.Helper != "") != (c.Name == "ftp" || c.Name == "tftp") {
				t.Errorf("%s: helper %q", c.Name, tr.Helper)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

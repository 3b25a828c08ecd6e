package backendtest

import (
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/loward/loward/backends"
	"github.com/loward/loward/backends/kind"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/dsl/diag"
	"github.com/loward/loward/lint"
	"github.com/rogpeppe/go-internal/txtar"
)

// The packets of findings about the host's talk with itself die in the kernel, too,
// and where there is no finding they arrive.
func TestLintedPackets(t *testing.T) {
	if !alone(t) {
		return
	}
	tool(t, "", "ip", "link", "set", "lo", "up")
	for _, a := range []string{"203.0.113.7/32", "198.51.100.7/32", "10.1.1.1/32", "2001:db8::7/128"} {
		tool(t, "", "ip", "addr", "add", a, "dev", "lo")
	}
	dead, alive := 0, 0
	for _, code := range []string{"LW101", "LW102", "LW103"} {
		a, err := txtar.ParseFile(filepath.Join("../../lint/testdata", code+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			var l diag.List
			k := map[string]kind.Kind{".rules": kind.Iptables, ".rules6": kind.Ip6tables, ".nft": kind.Nft, ".sh": kind.Shell}[filepath.Ext(f.Name)]
			rs := backends.Read(diag.NewFile(f.Name, f.Data), k, nil, &l)
			load := map[kind.Kind][]string{kind.Iptables: {"iptables-nft-restore"}, kind.Ip6tables: {"ip6tables-nft-restore"}, kind.Nft: {"nft", "-f", "-"}, kind.Shell: {"sh", "-s"}}[k]
			tool(t, string(f.Data), load[0], load[1:]...)
			found := lint.Look(rs, nil, []*lint.Check{lint.Find(code)}).Findings
			for _, x := range found {
				p := x.Journey.Legs[0].Before
				if arrives(t, p.Proto == packet.TCP, p.Src, netip.AddrPortFrom(p.Dst, p.Dport)) {
					t.Errorf("%s, %s: %s arrives", code, f.Name, x.Packet)
				}
				dead++
			}
			if len(found) == 0 && code != "LW103" { // whose guards may well be closed to the host
				for _, to := range []string{"203.0.113.7", "127.0.0.1", "127.0.0.5", "::1", "2001:db8::7"} {
					if to == "127.0.0.5" && code == "LW101" || code == "LW102" && !netip.MustParseAddr(to).IsLoopback() {
						continue // another check's
					}
					to := netip.MustParseAddr(to)
					for _, tcp := range []bool{true, false} {
						if !arrives(t, tcp, to, netip.AddrPortFrom(to, 9000)) {
							t.Errorf("%s, %s: %s does not arrive, tcp %v", code, f.Name, to, tcp)
						}
						alive++
					}
				}
			}
			tool(t, "flush ruleset\n", "nft", "-f", "-")
		}
	}
	t.Logf("%d packets die, %d arrive: %d packets", dead, alive, dead+alive)
	if dead < 8 || alive < 40 {
		t.Error("too few")
	}
}

// arrives says whether a connection, or a datagram and its answer, come through.
func arrives(t *testing.T, tcp bool, from netip.Addr, to netip.AddrPort) bool {
	t.Helper()
	if to.Addr().Is4() && to.Addr().IsLoopback() {
		from = netip.MustParseAddr("127.0.0.1")
	}
	const wait = 300 * time.Millisecond
	if tcp {
		ln, err := net.Listen("tcp", to.String())
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		d := net.Dialer{Timeout: wait, LocalAddr: &net.TCPAddr{IP: from.AsSlice()}}
		c, err := d.Dial("tcp", to.String())
		if err == nil {
			c.Close()
		}
		return err == nil
	}
	server, err := net.ListenPacket("udp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	c, err := (&net.Dialer{LocalAddr: &net.UDPAddr{IP: from.AsSlice()}}).Dial("udp", to.String())
	if err != nil {
		return false
	}
	defer c.Close()
	if _, err := c.Write([]byte("?")); err != nil {
		if !strings.Contains(err.Error(), "not permitted") && !strings.Contains(err.Error(), "refused") {
			t.Fatal(err)
		}
		return false
	}
	b := make([]byte, 8)
	_ = server.SetReadDeadline(time.Now().Add(wait))
	_, peer, err := server.ReadFrom(b)
	if err != nil {
		return false
	}
	if _, err := server.WriteTo(b[:1], peer); err != nil {
		return false
	}
	_ = c.SetReadDeadline(time.Now().Add(wait))
	_, err = c.Read(b)
	return err == nil
}

package live

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/compiler/host"
)

// The facts of a network namespace with an address on lo, a link, routes, a
// routing rule.
func TestFacts(t *testing.T) {
	const script = `
ip link set lo up
ip addr add 10.32.16.8/32 dev lo
ip link add wan1 type veth peer name other; ip link set other up
ip addr add 203.0.113.1/24 dev wan1
ip addr add 2001:db8:1::1/64 dev wan1 nodad
ip link set wan1 up
ip route add default via 203.0.113.9
ip rule add fwmark 7 lookup 100 priority 50
ip route add blackhole 198.51.100.0/24 table 100
`
	commands := []string{"-details address show", "-4 -details route show table all", "-4 rule show", "-6 -details route show table all", "-6 rule show"}
	run := script
	for _, c := range commands {
		run += "ip -json " + c + "; printf '\\0'\n"
	}
	out, err := kernel.Script(t, run, nil, "ip")
	if err != nil {
		t.Fatal(err)
	}
	texts := strings.Split(out, "\x00")
	h, err := Facts(context.Background(), func(_ context.Context, name string, args ...string) ([]byte, []byte, error) {
		for i, c := range commands {
			if strings.Join(args, " ") == "-json "+c {
				return []byte(texts[i]), nil, nil
			}
		}
		return nil, nil, fmt.Errorf("%s %v is not foreseen", name, args)
	})
	if err != nil {
		t.Fatal(err)
	}
	if owner := h.Owner(netip.MustParseAddr("10.32.16.8")); owner != "lo" {
		t.Errorf("10.32.16.8 is %q's", owner)
	}
	for _, c := range []struct {
		dst  string
		mark uint32
		typ  host.Type
		dev  string
	}{
		{"203.0.113.1", 0, host.Local, "lo"}, {"10.32.16.8", 0, host.Local, "lo"}, {"127.5.5.5", 0, host.Local, "lo"},
		{"203.0.113.77", 0, host.Unicast, "wan1"}, {"198.51.100.7", 0, host.Unicast, "wan1"}, {"198.51.100.7", 7, host.Blackhole, ""},
		{"203.0.113.255", 0, host.Broadcast, "wan1"}, {"2001:db8:1::1", 0, host.Local, "lo"}, {"2001:db8:1::9", 0, host.Unicast, "wan1"},
	} {
		if r := h.Route(host.Query{Dst: netip.MustParseAddr(c.dst), Mark: c.mark}); r.Type != c.typ || r.Dev != c.dev {
			t.Errorf("%s with mark %d: %+v", c.dst, c.mark, r)
		}
	}
}

func TestListeners(t *testing.T) {
	dir := t.TempDir()
	head := "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	for name, lines := range map[string]string{
		"tcp":  "   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 1\n   1: 0100007F:1539 0100007F:0016 01 00000000:00000000 00:00000000 00000000  0 0 1\n",
		"tcp6": "   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  33 0 1\n",
		"udp":  "   0: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000  0 0 1\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(head+lines), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, l := range listeners(dir) {
		got = append(got, l.Proto+" "+l.Addr.String()+" "+l.User)
	}
	if want := "tcp 127.0.0.1:5432 1000, tcp [::1]:80 33, udp 0.0.0.0:53 0"; strings.Join(got, ", ") != want {
		t.Errorf("%q, want %q", got, want)
	}
}

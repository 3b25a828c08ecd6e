package live

import (
	"encoding/hex"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/loward/loward/compiler/host"
)

// listeners are the sockets of the caller's network namespace that wait for
// packets, as the kernel lists them (proc_pid_net(5): tcp, udp and their like).
func listeners(root string) []host.Listener {
	var out []host.Listener
	for _, l := range []struct{ file, proto, waiting string }{
		{"tcp", "tcp", "0A"}, {"tcp6", "tcp", "0A"}, // LISTEN
		{"udp", "udp", "07"}, {"udp6", "udp", "07"}, // not connected
	} {
		data, err := os.ReadFile(root + "/" + l.file)
		if err != nil {
			continue // a kernel without IPv6
		}
		for line := range strings.Lines(string(data)) {
			f := strings.Fields(line)
			if len(f) < 8 || f[3] != l.waiting {
				continue
			}
			if at, ok := socketAddr(f[1]); ok {
				out = append(out, host.Listener{Proto: l.proto, Addr: at, User: f[7]})
			}
		}
	}
	return out
}

// socketAddr reads "0100007F:0016": words of 32 bits in the machine's order, which
// is little-endian on all that Linux is common on, and a port.
func socketAddr(s string) (netip.AddrPort, bool) {
	text, portText, ok := strings.Cut(s, ":")
	port, err := strconv.ParseUint(portText, 16, 16)
	b, bad := hex.DecodeString(text)
	if !ok || err != nil || bad != nil || len(b)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(b); i += 4 {
		b[i], b[i+1], b[i+2], b[i+3] = b[i+3], b[i+2], b[i+1], b[i]
	}
	a, ok := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(a.Unmap(), uint16(port)), ok
}

package speed

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// burst is the number of packets of one measurement. Each opens a flow, so the
// kernel's table must hold as many (the smallest default is 65536).
const burst = 20_000

// wire is a peer and a host under test, joined by a veth pair. The peer's send
// call carries a packet all the way into the host's socket before it returns:
// a veth hands it to the same CPU's soft interrupt.
type wire struct {
	name       string
	peer, host *node
	raw        int // packet socket at the peer
	services   int // packets go to the services 0 to services-1
	macs       [12]byte
	frames     [][]byte
}

func newWire(tb testing.TB, name string, ruleset []byte, services int) *wire {
	tb.Helper()
	w := &wire{name: name, peer: newNode(tb), host: newNode(tb), services: services}
	w.host.run(tb,
		[]string{"ip", "link", "set", "lo", "up"},
		[]string{"ip", "link", "add", Interface, "type", "veth", "peer", "name", "peer0", "netns", strconv.Itoa(w.peer.tid)},
		[]string{"ip", "addr", "add", "192.0.2.1/24", "dev", Interface},
		[]string{"ip", "link", "set", Interface, "up"},
		// Every address of every service is the host's own.
		[]string{"ip", "addr", "add", "10.0.0.0/8", "dev", "lo"},
	)
	w.peer.run(tb, []string{"ip", "link", "set", "peer0", "up"})
	w.host.set(tb, "ipv4/conf/all/rp_filter", "0")
	w.host.load(tb, ruleset)

	var src, dst *net.Interface
	var err error
	w.host.do(func() { dst, err = net.InterfaceByName(Interface) })
	if err != nil {
		tb.Fatal(err)
	}
	w.peer.do(func() {
		if src, err = net.InterfaceByName("peer0"); err != nil {
			return
		}
		if w.raw, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return
		}
		if err = unix.SetsockoptInt(w.raw, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
			return
		}
		err = unix.Bind(w.raw, &unix.SockaddrLinklayer{Ifindex: src.Index, Protocol: 0x0008}) // ETH_P_IP, big endian
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { unix.Close(w.raw) })
	copy(w.macs[:6], dst.HardwareAddr)
	copy(w.macs[6:], src.HardwareAddr)

	// A socket that takes what arrives until it is full, and never reads.
	var sock int
	w.host.do(func() {
		if sock, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
			return
		}
		if err = unix.SetsockoptInt(sock, unix.SOL_SOCKET, unix.SO_RCVBUF, 4096); err != nil {
			return
		}
		err = unix.Bind(sock, &unix.SockaddrInet4{Port: 53})
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { unix.Close(sock) })
	w.prepare()
	return w
}

// prepare builds the frames of a burst: each a flow of its own, spread over the
// services.
func (w *wire) prepare() {
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range burst {
		src := netip.AddrFrom4([4]byte{192, 0, 2, byte(10 + i/10_000)})
		w.frames = append(w.frames, w.frame(src, uint16(10_000+i%10_000), Addr4(rnd.IntN(w.services))))
	}
}

// frame is an Ethernet frame with a UDP packet to port 53.
func (w *wire) frame(src netip.Addr, port uint16, dst netip.Addr) []byte {
	const payload = 18
	f := make([]byte, 14+20+8+payload)
	copy(f, w.macs[:])
	f[12], f[13] = 0x08, 0x00
	ip := f[14:]
	ip[0], ip[8], ip[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
	s, d := src.As4(), dst.As4()
	copy(ip[12:], s[:])
	copy(ip[16:], d[:])
	var sum uint32
	for i := 0; i < 20; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(ip[i:]))
	}
	sum = sum>>16 + sum&0xffff
	sum += sum >> 16
	binary.BigEndian.PutUint16(ip[10:], ^uint16(sum))
	udp := ip[20:]
	binary.BigEndian.PutUint16(udp, port)
	binary.BigEndian.PutUint16(udp[2:], 53)
	binary.BigEndian.PutUint16(udp[4:], 8+payload) // checksum 0: none
	return f
}

// send sends a burst of first packets and returns the time of one.
func (w *wire) send(tb testing.TB) time.Duration {
	tb.Helper()
	w.forget(tb)
	before := w.arrived(tb)
	var took time.Duration
	var err error
	w.peer.do(func() {
		start := threadTime()
		for _, f := range w.frames {
			if _, err = unix.Write(w.raw, f); err != nil {
				return
			}
		}
		took = threadTime() - start
	})
	if err != nil {
		tb.Fatal(err)
	}
	// Soft interrupts that were put off are done by now or lost; too many of
	// them and the time means nothing.
	if got := w.arrived(tb) - before; got < burst*99/100 {
		tb.Fatalf("%s: of %d packets %d arrived", w.name, burst, got)
	}
	return took / burst
}

// threadTime is the processor time of this thread, the soft interrupts that it
// runs in its send calls included: other processes' work is not in it.
func threadTime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// arrived counts the UDP packets that reached a socket of the host, full or not.
func (w *wire) arrived(tb testing.TB) int {
	tb.Helper()
	var data []byte
	var err error
	w.host.do(func() { data, err = os.ReadFile("/proc/thread-self/net/snmp") })
	if err != nil {
		tb.Fatal(err)
	}
	var names [][]byte
	n := 0
	for line := range bytes.Lines(data) {
		f := bytes.Fields(line)
		if string(f[0]) != "Udp:" {
			continue
		}
		if names == nil {
			names = f
			continue
		}
		for i, name := range names {
			if s := string(name); s == "InDatagrams" || s == "RcvbufErrors" {
				v, err := strconv.Atoi(string(f[i]))
				if err != nil {
					tb.Fatal(err)
				}
				n += v
			}
		}
	}
	return n
}

// forget empties the host's connection table, so that a burst is of first
// packets again (ctnetlink: IPCTNL_MSG_CT_DELETE without a tuple flushes).
func (w *wire) forget(tb testing.TB) {
	tb.Helper()
	var err error
	w.host.do(func() { err = flushConntrack() })
	if err != nil {
		tb.Fatal(err)
	}
}

func flushConntrack() error {
	const subsystem, deleteMessage = 1, 2 // NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	msg := make([]byte, 20)
	binary.NativeEndian.PutUint32(msg, 20)
	binary.NativeEndian.PutUint16(msg[4:], subsystem<<8|deleteMessage)
	binary.NativeEndian.PutUint16(msg[6:], unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	if err := unix.Sendto(fd, msg, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	reply := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, reply, 0)
	if err != nil {
		return err
	}
	if n < 20 {
		return fmt.Errorf("short netlink reply of %d bytes", n)
	}
	if e := int32(binary.NativeEndian.Uint32(reply[16:])); e != 0 {
		return syscall.Errno(-e)
	}
	return nil
}

// BenchmarkPacket is what the first packet of a flow costs, from the peer's send
// call to the host's socket, under rulesets side by side: in each round every
// ruleset gets a burst, in an order of chance. What counts is the difference to
// the baseline, and that it does not grow with the number of services. "Spread"
// sends each packet to another service, so that what the processor's caches hold
// is part of it; the others send all to one.
func BenchmarkPacket(b *testing.B) {
	tool(b, "ip", "nft")
	allowed(b)
	bin := build(b)
	ours := func(n int) []byte {
		text := compileTo(b, bin, "nft", write(b, "bench.low", Policy(n, Plain)))
		return text
	}
	many := ours(10_000)
	wires := []*wire{
		newWire(b, "baseline", Baseline(), 1),
		newWire(b, "baseline-spread", Baseline(), 10_000),
		newWire(b, "loward-1", ours(1), 1),
		newWire(b, "loward-10000", many, 1),
		newWire(b, "loward-10000-spread", many, 10_000),
		newWire(b, "linear-1", Linear(1), 1),
		newWire(b, "linear-100", Linear(100), 100),
	}
	times := map[string][]time.Duration{}
	for b.Loop() {
		for _, i := range rand.Perm(len(wires)) {
			w := wires[i]
			times[w.name] = append(times[w.name], w.send(b))
		}
	}
	for _, w := range wires {
		b.ReportMetric(float64(median(times[w.name]).Nanoseconds()), w.name+"-ns/packet")
	}
	over := func(a, base string) float64 {
		var d []time.Duration
		for i := range times[a] {
			d = append(d, times[a][i]-times[base][i])
		}
		slices.Sort(d)
		return float64(d[len(d)/2].Nanoseconds())
	}
	b.ReportMetric(over("loward-1", "baseline"), "over-1-ns/packet")
	b.ReportMetric(over("loward-10000", "baseline"), "over-10000-ns/packet")
	b.ReportMetric(over("loward-10000-spread", "baseline-spread"), "over-10000-spread-ns/packet")
	b.ReportMetric(over("linear-1", "baseline"), "over-linear-1-ns/packet")
	b.ReportMetric(over("linear-100", "baseline-spread"), "over-linear-100-ns/packet")
	b.ReportMetric(0, "ns/op")
}

// The bench itself must measure what it says: a ruleset that refuses everything
// lets nothing arrive, and one that accepts lets everything.
func TestWireSeesVerdicts(t *testing.T) {
	tool(t, "ip", "nft")
	allowed(t)
	open := newWire(t, "open", Baseline(), 100)
	if took := open.send(t); took <= 0 {
		t.Errorf("a packet took %v", took)
	}
	closed := newWire(t, "closed", []byte("table inet x { chain c { type filter hook prerouting priority -150; udp dport 53 drop; }; }"), 100)
	closed.peer.do(func() {
		for _, f := range closed.frames[:100] {
			if _, err := unix.Write(closed.raw, f); err != nil {
				t.Error(err)
			}
		}
	})
	if n := closed.arrived(t); n != 0 {
		t.Errorf("%d packets arrived through a closed ruleset", n)
	}
}

package lab

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// fragmented is the size of a payload that no NIC of the lab can carry whole.
const fragmented = 3000

// fire sends the first packet.
func (a *attempt) fire() error {
	p, s := a.p, a.sock
	switch p.Kind {
	case TCP, FTP, FragNeeded:
		err := s.connect(p.To.Addr, p.To.Port, a.device)
		if errors.Is(err, unix.EINPROGRESS) {
			return nil
		}
		if errors.Is(err, unix.ENETUNREACH) {
			return fmt.Errorf("no route to %s", p.To.Addr)
		}
		return err
	}
	port := uint16(0)
	if p.Kind == UDP || p.Kind == TFTP {
		port = p.To.Port
	}
	// A connected socket is told of ICMP errors about its own packets only;
	// tftp is answered from another port, and groups answer from other addresses.
	var to unix.Sockaddr
	if p.Kind == TFTP || a.n.lab.group(p.To.Addr) {
		to = s.sockaddr(p.To.Addr, port, a.device)
	} else if err := s.connect(p.To.Addr, port, a.device); err != nil {
		if errors.Is(err, unix.ENETUNREACH) || errors.Is(err, unix.EHOSTUNREACH) || errors.Is(err, unix.EACCES) {
			return fmt.Errorf("no route to %s: %s", p.To.Addr, err.Error())
		}
		return err
	}
	err := s.send(a.payload(), nil, to)
	if err != nil && p.Kind == SCTP && !errors.Is(err, unix.EPERM) {
		err = s.send(a.payload(), nil, to) // that was an error about another's packet
	}
	if errors.Is(err, unix.EPERM) {
		a.denied = true
		return nil
	}
	return err
}

func (a *attempt) payload() []byte {
	p := a.p
	data := carry(a.number)
	if p.Frag {
		data = append(data, make([]byte, fragmented-len(data))...)
	}
	switch p.Kind {
	case TFTP:
		return append([]byte("\x00\x01lab\x00octet\x00"), data...)
	case SCTP:
		return sctpInit(a.port, p.To.Port, 1, 0, uint32(a.number))
	case Ping:
		return icmpMessage(p.To.Addr, p.To.Addr, echoType(p.To.Addr), 0, 1, data)
	case ICMP:
		return icmpMessage(p.To.Addr, p.To.Addr, p.Type, p.Code, uint32(a.number), data)
	case Raw:
		return rawPayload(netip.Addr{}, p.To.Addr, p.Number, a.number)
	}
	return data
}

// await the answer until end.
func (a *attempt) await(end time.Time) outcome {
	a.sock.deadline(end)
	switch a.p.Kind {
	case TCP:
		return a.awaitTCP(end)
	case FTP:
		return a.awaitFTP()
	}
	if a.n.lab.oneWay(a.p) {
		return a.awaitArrival(end)
	}
	buf, oob := make([]byte, 65536), make([]byte, 512)
	for {
		m, err := a.sock.receive(buf, oob)
		if errors.Is(err, unix.EPERM) {
			a.denied = true
			continue
		}
		if err != nil {
			if a.p.Kind == SCTP && !errors.Is(err, os.ErrDeadlineExceeded) && !a.quoted(buf, oob) {
				continue
			}
			return a.failed(err)
		}
		if a.answers(m) {
			return a.p.checked(a.where(end), "answered by "+m.from.String())
		}
	}
}

// quoted empties the socket's error queue and says whether one of the errors is
// about a packet of this attempt: a raw socket is told of those of its
// neighbours too. What is quoted begins with the transport header.
func (a *attempt) quoted(buf, oob []byte) bool {
	own := false
	_ = a.sock.control(func(fd int) error {
		for {
			n, _, _, _, err := unix.Recvmsg(fd, buf, oob, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
			if err != nil {
				return nil
			}
			own = own || n >= 2 && binary.BigEndian.Uint16(buf) == a.port
		}
	})
	return own
}

// where the request was received. The listener has written it down before it
// answered; the kernel, which answers a ping, may be ahead of the observer.
func (a *attempt) where(end time.Time) []sighting {
	for {
		at := a.seen()
		if len(at) > 0 || time.Now().After(end) || a.p.At == "" && !a.p.As.IsValid() {
			if len(at) == 0 {
				at = []sighting{{}}
			}
			return at
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// answers says whether a message is the answer to this attempt.
func (a *attempt) answers(m message) bool {
	data := m.data
	switch a.p.Kind {
	case SCTP:
		if !a.sock.six && len(data) >= 20 {
			data = data[int(data[0]&15)*4:]
		}
		return len(data) >= 16 && data[12] == 2 && binary.BigEndian.Uint32(data[4:]) == uint32(a.number)
	case Ping:
		want := uint8(0)
		if a.sock.six {
			want = 129
		}
		return len(data) >= 8 && data[0] == want && bytes.Contains(data, carry(a.number))
	}
	return len(data) >= 12 && string(data[:4]) == answer && binary.BigEndian.Uint64(data[4:]) == a.number
}

// awaitArrival waits until a socket at the destination has received the packet,
// or an error comes back.
func (a *attempt) awaitArrival(end time.Time) outcome {
	buf, oob := make([]byte, 2048), make([]byte, 512)
	for {
		if at := a.arrived(); len(at) > 0 {
			return a.p.checked(at, "received at "+at[0].node)
		}
		a.sock.deadline(time.Now().Add(4 * time.Millisecond))
		_, err := a.sock.receive(buf, oob)
		switch {
		case err == nil, errors.Is(err, unix.EPERM):
		case errors.Is(err, os.ErrDeadlineExceeded):
			if time.Now().After(end) {
				o := a.silent()
				o.late = func() bool { return len(a.arrived()) > 0 }
				if o.got == Half { // at a node that is not meant
					o.got = Drop
				}
				return o
			}
		default:
			return a.failed(err)
		}
	}
}

// arrived is seen, but where several nodes get a packet only the one that is
// meant counts.
func (a *attempt) arrived() []sighting {
	at := a.seen()
	want := a.p.At
	if want == "" && a.n.lab.group(a.p.To.Addr) {
		want = a.n.lab.Plan.Topology.Main()
	}
	if want == "" {
		return at
	}
	var out []sighting
	for _, s := range at {
		if s.node == want {
			out = append(out, s)
		}
	}
	return out
}

func (a *attempt) awaitTCP(end time.Time) outcome {
	if err := a.sock.writable(); err != nil {
		return a.failed(err)
	}
	// Connected; what comes now is a matter of milliseconds, if not of a rule.
	a.sock.deadline(latest(end, time.Now().Add(Generous)))
	at, err := a.echo(a.p.Bytes)
	if err != nil {
		return outcome{got: Half, detail: "connected, but the data did not come back: " + err.Error()}
	}
	return a.p.checked([]sighting{at}, "answered by "+at.node)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// echo sends bytes to and fro, 1 kB at a time, and says who answered.
func (a *attempt) echo(count int) (sighting, error) {
	count = max(count, 16)
	r := bufio.NewReader(a.sock.file)
	if _, err := fmt.Fprintf(a.sock.file, "ECHO %d\n", count); err != nil {
		return sighting{}, err
	}
	line, err := r.ReadString('\n')
	if err != nil {
		return sighting{}, err
	}
	words := strings.Fields(line)
	if len(words) != 3 || words[0] != "OK" {
		return sighting{}, fmt.Errorf("the listener said %q", line)
	}
	from, err := netip.ParseAddr(words[2])
	if err != nil {
		return sighting{}, err
	}
	chunk, back := bytes.Repeat([]byte{'x'}, 1024), make([]byte, 1024)
	for done := 0; done < count; {
		n := min(count-done, len(chunk))
		if _, err := a.sock.file.Write(chunk[:n]); err != nil {
			return sighting{}, fmt.Errorf("after %d bytes: %w", done, err)
		}
		if _, err := io.ReadFull(r, back[:n]); err != nil {
			return sighting{}, fmt.Errorf("after %d bytes: %w", done, err)
		}
		done += n
	}
	return sighting{node: words[1], from: from}, nil
}

// awaitFTP logs in, asks for a passive data connection and makes it.
func (a *attempt) awaitFTP() outcome {
	if err := a.sock.writable(); err != nil {
		return a.failed(err)
	}
	a.sock.deadline(time.Now().Add(Generous))
	r := bufio.NewReader(a.sock.file)
	command := "PASV"
	if a.sock.six {
		command = "EPSV"
	}
	for _, c := range []string{"FEAT", command} {
		if _, err := fmt.Fprintf(a.sock.file, "%s\r\n", c); err != nil {
			return outcome{got: Half, detail: "control connection: " + err.Error()}
		}
		if _, err := r.ReadString('\n'); err != nil {
			return outcome{got: Half, detail: "control connection: " + err.Error()}
		}
	}
	data := *a.p
	data.Kind, data.To.Port, data.From.Port = TCP, ftpData, 0
	o := a.n.single(&data)
	if o.got != Accept {
		o = outcome{got: Half, detail: "control connection made, data connection: " + o.got.String() + " " + o.detail}
	}
	return o
}

// connections fires the first packets of Count flows in quick succession.
func (n *node) connections(p *Probe) Result {
	r := Result{Probe: p}
	attempts := make([]*attempt, p.Count)
	defer func() {
		for _, a := range attempts {
			if a != nil {
				a.sock.Close()
			}
		}
	}()
	for i := range attempts {
		a, err := n.prepare(p)
		if err != nil {
			r.outcome = fault(err)
			r.Got, r.Detail, r.Skipped = Fault, r.detail, r.skip
			return r
		}
		attempts[i] = a
	}
	outcomes := make([]outcome, p.Count)
	failed := make([]error, p.Count)
	for i, a := range attempts {
		failed[i] = a.fire()
	}
	end := time.Now().Add(p.patience())
	var wait sync.WaitGroup
	for i, a := range attempts {
		if failed[i] != nil {
			outcomes[i] = a.failed(failed[i])
			continue
		}
		wait.Go(func() { outcomes[i] = a.await(end) })
	}
	wait.Wait()
	return tally(p, outcomes)
}

// tally counts what passed; the rest must be of one kind.
func tally(p *Probe, outcomes []outcome) Result {
	r := Result{Probe: p, Got: p.Want}
	for _, o := range outcomes {
		switch {
		case o.got == Accept:
			r.Passed++
		case o.got != p.Want && (r.Got == p.Want || o.got == Fault):
			r.Got, r.Detail = o.got, o.detail
		}
	}
	return r
}

// packets sends Count packets of one flow in quick succession: for these each
// packet counts by itself.
func (n *node) packets(p *Probe) Result {
	r := Result{Probe: p}
	a, err := n.prepare(p)
	if err != nil {
		r.outcome = fault(err)
		r.Got, r.Detail, r.Skipped = Fault, r.detail, r.skip
		return r
	}
	defer a.sock.Close()
	numbers := make([]uint64, p.Count)
	refused := false
	for i := range numbers {
		if i > 0 {
			a.number = n.lab.serial.Add(1)
		}
		numbers[i] = a.number
		if err := a.fire(); err != nil {
			// An ICMP error about an earlier one is told at the next call, once.
			o := a.failed(err)
			if o.got != Reject {
				r.Got, r.Detail = o.got, o.detail
				return r
			}
			refused = true
			_ = a.fire()
		}
	}
	end := time.Now().Add(p.patience())
	passed := map[uint64]bool{}
	buf, oob := make([]byte, 65536), make([]byte, 512)
	for time.Now().Before(end) && len(passed) < len(numbers) {
		a.sock.deadline(time.Now().Add(10 * time.Millisecond))
		m, err := a.sock.receive(buf, oob)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, unix.EPERM) {
			refused = refused || a.failed(err).got == Reject
		}
		for _, number := range numbers {
			a.number = number
			if a.n.lab.oneWay(a.p) && len(a.arrived()) > 0 || !a.n.lab.oneWay(a.p) && err == nil && a.answers(m) {
				passed[number] = true
			}
		}
	}
	r.Passed, r.Got = len(passed), Drop
	if refused {
		r.Got = Reject
	}
	if r.Passed == p.Count {
		r.Got = p.Want
	}
	return r
}

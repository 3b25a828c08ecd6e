package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Result is what the kernel answered to a probe.
type Result struct {
	Probe  *Probe
	Got    Verdict
	Passed int    // with Count: how many
	Detail string // what was observed
	// Skipped: this namespace has no other users (unshare -Urn), so nothing was
	// asked.
	Skipped bool

	outcome
}

// OK says whether it is what the probe expects.
func (r Result) OK() bool {
	p := r.Probe
	if p.Count > 0 {
		rest := r.Passed == p.Count || r.Got == p.Want
		return r.Got != Fault && rest && r.Passed >= p.PassMin && r.Passed <= p.PassMax
	}
	return r.Got == p.Want
}

// Expected in words.
func (p *Probe) Expected() string {
	switch {
	case p.Count > 0 && p.PassMin != p.PassMax:
		return fmt.Sprintf("%d to %d of %d accepted, the rest %s", p.PassMin, p.PassMax, p.Count, p.Want)
	case p.Count > 0:
		return fmt.Sprintf("%d of %d accepted, the rest %s", p.PassMin, p.Count, p.Want)
	}
	return p.Want.String()
}

// String says what was got.
func (r Result) String() string {
	s := r.Got.String()
	if r.Probe.Count > 0 {
		s = fmt.Sprintf("%d of %d accepted, the rest %s", r.Passed, r.Probe.Count, r.Got)
	}
	if r.Detail != "" {
		s += " (" + r.Detail + ")"
	}
	return s
}

// Probes runs sequences of probes (one and those behind its "then" each): all at
// once, then in rounds, with conntrack emptied before each, those that would
// disturb one another. The results are in the order of the probes.
func (l *Lab) Probes(ctx context.Context, heads []*Probe) []Result {
	results := make([][]Result, len(heads))
	rounds := [][]int{nil}
	rank := map[string]int{}
	for i, p := range heads {
		round := 0
		for _, q := range append([]*Probe{p}, p.Then...) {
			if key := exclusive(q); key != "" {
				rank[key]++
				round = max(round, rank[key])
			}
		}
		for _, q := range append([]*Probe{p}, p.Then...) {
			if key := exclusive(q); key != "" {
				rank[key] = round
			}
		}
		for len(rounds) <= round {
			rounds = append(rounds, nil)
		}
		rounds[round] = append(rounds[round], i)
	}
	for n, round := range rounds {
		if n > 0 {
			if err := l.FlushConntrack(); err != nil {
				for _, i := range round {
					results[i] = []Result{{Probe: heads[i], Got: Fault, Detail: err.Error()}}
				}
				continue
			}
		}
		var wait sync.WaitGroup
		for _, i := range round {
			wait.Go(func() { results[i] = l.sequence(ctx, heads[i]) })
		}
		wait.Wait()
	}
	// What came in late, on a busy machine, came in all the same.
	var out []Result
	for _, list := range results {
		for _, r := range list {
			switch {
			case r.late == nil || !r.late():
			case r.Got == Drop:
				r.Got, r.Detail = Half, "received, but only after the probe's time"
			case r.Got == Reject:
				r.Got, r.Detail = Fault, noListener
			}
			out = append(out, r)
		}
	}
	return out
}

// exclusive names what no two probes may use at a time: a protocol without
// ports, of which all between two addresses is one connection to conntrack; the
// raw sockets of SCTP, which are told of each other's errors; a port that the
// probe insists on, which another, or a listener, may have bound.
func exclusive(p *Probe) string {
	switch {
	case p.Kind == Raw:
		return fmt.Sprintf("proto %d", p.Number)
	case p.Kind == SCTP:
		return "proto 132"
	case p.From.Port != 0 && !p.Spoof:
		return "port"
	}
	return ""
}

func (l *Lab) sequence(ctx context.Context, p *Probe) []Result {
	out := []Result{l.Probe(ctx, p)}
	for _, q := range p.Then {
		out = append(out, l.Probe(ctx, q))
	}
	return out
}

// Probe asks one question.
func (l *Lab) Probe(ctx context.Context, p *Probe) Result {
	r := Result{Probe: p}
	n, err := l.node(p.Node)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		r.Got, r.Detail = Fault, err.Error()
		return r
	}
	switch {
	case p.Kind == FragNeeded:
		r.outcome = n.fragNeeded(p)
	case p.Spoof:
		r.outcome = n.spoof(p)
	case p.Count > 0 && (p.Kind == Ping || p.Kind == ICMP || p.Kind == Raw):
		return n.packets(p)
	case p.Count > 0:
		return n.connections(p)
	default:
		r.outcome = n.single(p)
	}
	r.Got, r.Detail, r.Skipped = r.outcome.got, r.outcome.detail, r.skip
	return r
}

// outcome of one attempt.
type outcome struct {
	got    Verdict
	detail string
	late   func() bool // asks once more whether it was received
	skip   bool
}

func fault(err error) outcome {
	return outcome{got: Fault, detail: err.Error(), skip: errors.Is(err, errNoCredentials)}
}

// patience is how long an answer is waited for.
func (p *Probe) patience() time.Duration {
	switch {
	case p.Wait != 0:
		return p.Wait
	case p.Count > 0:
		// Below TCP's first retransmission, which would count again.
		return 800 * time.Millisecond
	case p.Want == Drop:
		return Patience
	}
	return Generous
}

// attempt is one flow of a probe: prepared, so that the sending can be quick.
type attempt struct {
	n      *node
	p      *Probe
	sock   *socket
	number uint64
	port   uint16 // the client's
	device int
	denied bool // the system refused to send (EPERM): a rule of the output hook
}

func (n *node) single(p *Probe) outcome {
	a, err := n.prepare(p)
	if err != nil {
		return fault(err)
	}
	defer a.sock.Close()
	end := time.Now().Add(p.patience())
	if err := a.fire(); err != nil {
		return a.failed(err)
	}
	return a.await(end)
}

// failed is the outcome of an error of the socket.
func (a *attempt) failed(err error) outcome {
	switch {
	case errors.Is(err, unix.ECONNREFUSED), errors.Is(err, unix.EHOSTUNREACH), errors.Is(err, unix.EACCES),
		errors.Is(err, unix.ENETUNREACH), errors.Is(err, unix.ENOPROTOOPT), errors.Is(err, unix.EPROTO):
		o := outcome{got: Reject, detail: err.Error()}
		if a.p.Kind == TCP {
			// The observer may be a little behind the reset.
			o.late = func() bool { return len(a.seen()) > 0 }
			for end := time.Now().Add(30 * time.Millisecond); !o.late() && time.Now().Before(end); {
				time.Sleep(2 * time.Millisecond)
			}
			if o.late() {
				return outcome{got: Fault, detail: noListener}
			}
		}
		return o
	case errors.Is(err, os.ErrDeadlineExceeded):
		return a.silent()
	}
	return fault(err)
}

// noListener explains a reset that no rule has sent: the SYN was received by the
// destination.
const noListener = "refused by the destination itself, where nothing listens"

// silent is the outcome when nothing came back.
func (a *attempt) silent() outcome {
	if at := a.seen(); len(at) > 0 {
		return outcome{got: Half, detail: "received at " + at[0].node + " from " + at[0].from.String() + ", but no answer came back"}
	}
	o := outcome{got: Drop, late: func() bool { return len(a.seen()) > 0 }}
	if a.denied {
		o.detail = "the system call was refused: " + unix.EPERM.Error()
	}
	return o
}

// seen is where the probe's packet was received.
func (a *attempt) seen() []sighting {
	s := a.n.lab.seen
	switch a.p.Kind {
	case TCP, FTP, FragNeeded:
		return s.ofFlow(flow{client: a.port})
	case UDP, TFTP:
		return s.ofNumber(a.number, 17, 0)
	case SCTP:
		return s.ofNumber(a.number, 132, 0)
	case Ping:
		proto := uint8(1)
		if a.p.To.Addr.Is6() {
			proto = 58
		}
		return s.ofNumber(a.number, proto, echoType(a.p.To.Addr))
	case ICMP:
		return s.ofNumber(a.number, a.p.Number, a.p.Type)
	}
	return s.ofNumber(a.number, a.p.Number, 0)
}

// checked holds what was accepted against at= and as=.
func (p *Probe) checked(got []sighting, detail string) outcome {
	var all []string
	for _, at := range got {
		if (p.At == "" || at.node == p.At) && (!p.As.IsValid() || at.from == p.As) {
			return outcome{got: Accept, detail: detail}
		}
		all = append(all, fmt.Sprintf("received at %s from %s", at.node, at.from))
	}
	if len(got) == 0 {
		all = append(all, "it is not known where it was received")
	}
	return outcome{got: Other, detail: strings.Join(all, ", ")}
}

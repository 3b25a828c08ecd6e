package corpus

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/loward/loward/backends/kind"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Label is what a kernel did with one packet of a host to itself, under one
// ruleset, and what the model says of it.
type Label struct {
	File, Packet string
	// Kernel is "ok", "timeout", "fail" (of ping), or the number of the error that
	// the sender got: "err1".
	Kernel string
	// Model is what the model says; of an undecided journey, how its ways end.
	Model []path.Verdict
	Why   string
	// Heard: the sender is told at once that the packet was refused.
	Heard bool
}

// Decided says whether the model knows.
func (l *Label) Decided() bool { return len(l.Model) == 1 && l.Model[0] != path.Undecided }

// Agrees says whether the model says what the kernel did; of an undecided journey
// whether one of its ways ends so. A ping that failed does not tell whether
// anybody was told.
func (l *Label) Agrees() bool { return slices.ContainsFunc(l.Model, l.agrees) }

func (l *Label) agrees(v path.Verdict) bool {
	switch l.Kernel {
	case "ok":
		return v == path.Accept
	case "timeout", "err1": // EPERM: dropped in OUTPUT
		return v == path.Drop || v == path.Reject && !l.Heard
	case "fail":
		return v == path.Drop || v == path.Reject
	}
	return v == path.Reject
}

// labelPort is the port on which a server waited.
const labelPort = 18080

// labelHost is the host on which the labels were made.
func labelHost() *host.Host {
	h := host.New()
	h.Add(host.Loopback, netip.MustParsePrefix("192.0.2.10/32"), netip.MustParsePrefix("2001:db8::10/128"))
	h.Add("eth0", netip.MustParsePrefix("203.0.113.5/24"), netip.MustParsePrefix("2001:db8:1::5/64"))
	return h
}

// labelled are the packets, by the titles of their columns.
func labelled(title string) (path.Start, bool) {
	words := strings.SplitN(title, " ", 2)
	to, ok := map[string]string{
		"127.0.0.1": "127.0.0.1", "127.0.0.5": "127.0.0.5", "own addr on lo": "192.0.2.10", "own on lo": "192.0.2.10",
		"own addr on eth0": "203.0.113.5", "::1": "::1", "own v6 on lo": "2001:db8::10",
	}[words[len(words)-1]]
	if !ok || len(words) < 2 {
		return path.Start{}, false
	}
	st := path.Start{To: netip.AddrPortFrom(netip.MustParseAddr(to), labelPort), Owner: &packet.Owner{User: "root", Group: "root"}}
	switch words[0] {
	case "tcp":
		st.Proto = packet.TCP
	case "udp":
		st.Proto = packet.UDP
	case "ping":
		st.Proto, st.Type = packet.ICMP, 8
	default:
		return path.Start{}, false
	}
	return st, true
}

// Labels asks the model about every packet of KERNEL_LABELS.tsv.
func (c *Corpus) Labels() ([]Label, error) {
	data, err := os.ReadFile(filepath.Join(c.Root, "KERNEL_LABELS.tsv"))
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	titles := strings.Split(lines[0], "\t")
	var out []Label
	for i, line := range lines[1:] {
		cols := strings.Split(line, "\t")
		f := c.file(cols[0])
		if f == nil {
			return nil, fmt.Errorf("KERNEL_LABELS.tsv:%d: there is no file %s", i+2, cols[0])
		}
		if cols[2] == "ip6" {
			f.Kind = kind.Ip6tables
		}
		rs, err := c.read(*f, &diag.List{})
		if err != nil {
			return nil, err
		}
		s := path.New(rs, labelHost())
		s.Fresh = true
		for j := 3; j < min(len(cols), len(titles)); j++ {
			st, ok := labelled(titles[j])
			if !ok {
				return nil, fmt.Errorf("KERNEL_LABELS.tsv: what is %q?", titles[j])
			}
			r := s.Send(st)
			l := Label{File: cols[0], Packet: titles[j], Kernel: cols[j], Model: ways(r), Why: r.Why, Heard: heard(r, st.To.Addr().Is6())}
			out = append(out, l)
		}
	}
	return out, nil
}

// ways are the verdicts of the journey, and of the other way that it may take; a
// packet counts as accepted if its reply comes back.
func ways(r *path.Result) []path.Verdict {
	switch {
	case r.Verdict == path.Undecided && r.Other != nil:
		return append(ways(r.Other), path.Accept)
	case r.Verdict == path.Accept && r.Reply != nil:
		return ways(r.Reply)
	}
	return []path.Verdict{r.Verdict}
}

// heard says whether a refusal ends a connection at once. TCP over IPv6 takes "no
// route" and "address unreachable" for something that may pass
// (icmpv6_err_convert).
func heard(r *path.Result, v6 bool) bool {
	if len(r.Legs) == 0 || !v6 {
		return true
	}
	steps := r.Legs[len(r.Legs)-1].Steps
	if len(steps) == 0 || steps[len(steps)-1].Rule == nil {
		return true
	}
	for s := range steps[len(steps)-1].Rule.Plain {
		if s, ok := s.(*ruleset.Reject); ok {
			return s.With != ruleset.RejectHost && s.With != ruleset.RejectNet
		}
	}
	return true
}

func (c *Corpus) file(path string) *File {
	for i := range c.Files {
		if c.Files[i].Path == path {
			return &c.Files[i]
		}
	}
	return nil
}

package backendtest

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loward/loward/backends/backendtest/probes"
	"github.com/loward/loward/backends/lab"
	"github.com/loward/loward/dsl/diag"
)

// example is a policy with its probes, compiled.
type example struct {
	name   string
	file   *diag.File
	script *probes.Script
	hosts  []compiled
}

// nonzero is a counter of nft, or of iptables-save -c, that is not 0.
var nonzero = regexp.MustCompile(`packets [1-9]|^\[[1-9]`)

// tallies counts the probes that were run, by loader.
type tallies struct {
	mu      sync.Mutex
	run     map[string]int
	skipped map[string]int
}

func (c *tallies) add(loader string, run, skipped int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.run[loader] += run
	c.skipped[loader] += skipped
}

// TestExamples asks the kernel every probe of every example, through each loader.
func TestExamples(t *testing.T) {
	if err := lab.Available(); err != nil {
		t.Skipf("SKIPPED, NOTHING WAS ASKED OF THE KERNEL: %v", err)
	}
	policies, err := filepath.Glob(filepath.Join(examplesDir, "*.low"))
	if err != nil || len(policies) == 0 {
		t.Fatalf("no examples in %s: %v", examplesDir, err)
	}
	tool := buildTool(t)
	counts := &tallies{run: map[string]int{}, skipped: map[string]int{}}
	examples := 0
	t.Run("all", func(t *testing.T) {
		for _, policy := range policies {
			name := strings.TrimSuffix(filepath.Base(policy), ".low")
			examples++
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				e := readExample(t, tool, policy)
				t.Run("control", func(t *testing.T) { t.Parallel(); control(t, e, counts) })
				for _, ld := range loaders() {
					t.Run(ld.name, func(t *testing.T) { t.Parallel(); judge(t, e, ld, counts) })
				}
			})
		}
	})
	for _, ld := range append(loaders(), loader{name: "control"}) {
		t.Logf("%d examples, %s: %d probes, %d skipped", examples, ld.name, counts.run[ld.name], counts.skipped[ld.name])
	}
}

func readExample(t *testing.T, tool, policy string) *example {
	t.Helper()
	path := strings.TrimSuffix(policy, ".low") + ".probes"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("an example without probes: %v", err)
	}
	e := &example{name: strings.TrimSuffix(filepath.Base(policy), ".low"), file: diag.NewFile(path, data)}
	var mistakes []*diag.Diagnostic
	if e.script, mistakes = probes.ParseScript(e.file); len(mistakes) > 0 {
		for _, d := range mistakes {
			at := d.Span.Position()
			t.Errorf("%s:%d:%d: %s", path, at.Line, at.Column, d.Message)
		}
		t.FailNow()
	}
	if n := len(e.script.All()); n < 15 {
		t.Errorf("%s: only %d probes; 15 are the least", path, n)
	}
	for _, h := range e.script.Hosts {
		e.hosts = append(e.hosts, compileFor(t, tool, policy, h))
	}
	return e
}

// start builds the lab with the addresses and routes of the policy, and nothing
// else of it.
func start(ctx context.Context, t *testing.T, e *example) *lab.Lab {
	t.Helper()
	l, err := lab.Build(ctx, &e.script.Plan)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	for _, c := range e.hosts {
		if err := l.LoadIP(ctx, c.host.Node, c.ip); err != nil {
			t.Fatalf("%v\n%s", err, c.ip)
		}
	}
	return l
}

// state is what stood on a node before our rules.
type state struct {
	foreign probes.Snapshot
	tables  []string // of nf_tables
}

// loaded is a lab with the rules of others and then ours.
func loaded(ctx context.Context, t *testing.T, e *example, ld loader) (*lab.Lab, map[string]state) {
	t.Helper()
	l := start(ctx, t, e)
	before := map[string]state{}
	for _, c := range e.hosts {
		if err := probes.LoadForeign(ctx, l, e.script, c.host.Node, ld.style); err != nil {
			t.Fatal(err)
		}
		s, err := probes.TakeSnapshot(ctx, l, c.host.Node, ld.style)
		if err != nil {
			t.Fatal(err)
		}
		tables, err := probes.Tables(ctx, l, c.host.Node)
		if err != nil {
			t.Fatal(err)
		}
		before[c.host.Node] = state{s, tables}
	}
	for _, c := range e.hosts {
		if err := ld.load(ctx, l, c); err != nil {
			t.Fatal(err)
		}
	}
	return l, before
}

// judge runs all that is to be asked of an example through one loader.
func judge(t *testing.T, e *example, ld loader, counts *tallies) {
	if ld.variant != "" && !lab.OtherUsers() && slices.ContainsFunc(e.hosts, func(c compiled) bool { return strings.Contains(c.four, "-owner") }) {
		t.Skip("SKIPPED: the kernel takes no owner rules of iptables in a user namespace with one user")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	shared, fresh := divide(e.script.Probes)

	l, before := loaded(ctx, t, e, ld)
	demand(ctx, t, e, ld, l, shared, counts, "")
	demand(ctx, t, e, ld, l, selfProbes(t, l, e), counts, "self check: ")
	unharmed(ctx, t, e, ld, l, before)

	for _, c := range e.hosts {
		if err := ld.again(ctx, l, c); err != nil {
			t.Fatalf("loading a second time: %v", err)
		}
	}
	demand(ctx, t, e, ld, l, sample(shared), counts, "after loading again: ")
	unharmed(ctx, t, e, ld, l, before)

	for _, p := range fresh {
		l, _ := loaded(ctx, t, e, ld)
		demand(ctx, t, e, ld, l, []*lab.Probe{p}, counts, "")
		l.Close()
	}
}

// divide sets those apart that need rules which nobody has used yet.
func divide(probes []*lab.Probe) (shared, fresh []*lab.Probe) {
	for _, p := range probes {
		if p.Fresh || slices.ContainsFunc(p.Then, func(q *lab.Probe) bool { return q.Fresh }) {
			fresh = append(fresh, p)
		} else {
			shared = append(shared, p)
		}
	}
	return shared, fresh
}

// sample is every third probe.
func sample(probes []*lab.Probe) []*lab.Probe {
	var out []*lab.Probe
	for i := 0; i < len(probes); i += 3 {
		out = append(out, probes[i])
	}
	return out
}

// demand runs probes and reports what is not as written.
func demand(ctx context.Context, t *testing.T, e *example, ld loader, l *lab.Lab, probes []*lab.Probe, counts *tallies, when string) {
	t.Helper()
	results := l.Probes(ctx, probes)
	for i := range results {
		askAgain(ctx, t, e, l, &results[i])
	}
	wrong, skipped := e.compare(results)
	for _, w := range wrong {
		t.Errorf("%s%s: %s", when, ld.name, w)
	}
	if len(skipped) > 0 {
		t.Logf("%s%s: SKIPPED %d probes by other users, whom this namespace has not: %s", when, ld.name, len(skipped), strings.Join(skipped, ", "))
	}
	counts.add(ld.name, len(results)-len(skipped), len(skipped))
	if len(wrong) > 0 && ld.name != "control" {
		for _, c := range e.hosts {
			t.Log(counted(l.Counters(ctx, c.host.Node)))
		}
	}
}

// compare says which results are not as expected, and which probes could not be
// run.
func (e *example) compare(results []lab.Result) (wrong, skipped []string) {
	for _, r := range results {
		switch {
		case r.Skipped:
			skipped = append(skipped, e.at(r.Probe))
		case !r.OK():
			wrong = append(wrong, fmt.Sprintf("%s: %s\n\texpected %s, got %s", e.at(r.Probe), r.Probe.Text, r.Probe.Expected(), r))
		}
	}
	return wrong, skipped
}

// counted leaves those lines that have counted something, and the names of the
// chains they stand in.
func counted(text string) string {
	var out []string
	chain := ""
	for _, line := range strings.Split(text, "\n") {
		if strings.Contains(line, "chain ") && strings.HasSuffix(line, "{") {
			chain = line
		}
		if !nonzero.MatchString(line) || strings.HasPrefix(line, ":") {
			continue
		}
		if chain != "" {
			out = append(out, chain)
			chain = ""
		}
		out = append(out, line)
	}
	return "rules that have counted packets:\n" + strings.Join(out, "\n")
}

// askAgain repeats, alone, a question to which no answer came in time: on a busy
// machine a whole batch can be late. What passed though it must not is never
// excused, nor is a refusal.
func askAgain(ctx context.Context, t *testing.T, e *example, l *lab.Lab, r *lab.Result) {
	t.Helper()
	p := r.Probe
	if p.Want == lab.Drop || p.Count > 0 || len(p.Then) > 0 || r.Skipped {
		return
	}
	for try := 0; try < 2 && (r.Got == lab.Drop || r.Got == lab.Half); try++ {
		t.Logf("%s: asked again, for it was %s", e.at(p), *r)
		*r = l.Probes(ctx, []*lab.Probe{p})[0]
	}
}

// at is where a probe is written.
func (e *example) at(p *lab.Probe) string {
	if p.Line == 0 {
		return e.file.Name
	}
	return fmt.Sprintf("%s:%d", e.file.Name, p.Line)
}

// unharmed: the rules of others are what they were, and the banned peer is still
// banned.
func unharmed(ctx context.Context, t *testing.T, e *example, ld loader, l *lab.Lab, before map[string]state) {
	t.Helper()
	for _, c := range e.hosts {
		after, err := probes.TakeSnapshot(ctx, l, c.host.Node, ld.style)
		if err != nil {
			t.Fatal(err)
		}
		ours := func(chain string) bool { return ld.variant != "" && c.chains[chain] }
		for _, bad := range probes.Changed(before[c.host.Node].foreign, after, ours) {
			t.Errorf("%s: %s on %s: others' rules changed: %s", e.name, ld.name, c.host.Node, bad)
		}
	}
	for _, c := range e.hosts {
		now, err := probes.Tables(ctx, l, c.host.Node)
		if err != nil {
			t.Fatal(err)
		}
		more := slices.DeleteFunc(now, func(name string) bool { return slices.Contains(before[c.host.Node].tables, name) })
		// iptables over nf_tables makes the tables that it needs, of its own names.
		if ld.variant == lab.NFT {
			more = slices.DeleteFunc(more, func(name string) bool { return !strings.HasPrefix(name, "inet ") })
		}
		want := 0
		if ld.variant == "" {
			want = 1
		}
		if len(more) != want {
			t.Errorf("%s: %s on %s: %d tables of our own expected, found %q", e.name, ld.name, c.host.Node, want, more)
		}
	}
	for _, bad := range probes.BannedReach(ctx, l) {
		t.Errorf("%s: %s: %s", e.name, ld.name, bad)
	}
}

// control runs, without our rules, what expects to be dropped or rejected: it
// must be accepted there, or the probe says nothing about the rules.
func control(t *testing.T, e *example, counts *tallies) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var heads []*lab.Probe
	for _, p := range e.script.All() {
		if p.Want == lab.Accept || p.Kernel || p.Count > 0 || p.NoConn {
			continue
		}
		q := *p
		q.Want, q.Then, q.At, q.As = lab.Accept, nil, "", netip.Addr{}
		heads = append(heads, &q)
	}
	l := start(ctx, t, e)
	demand(ctx, t, e, loader{name: "control"}, l, heads, counts, "without our rules: ")
}

// selfProbes: a host reaches all its own addresses, unless the policy says
// otherwise.
func selfProbes(t *testing.T, l *lab.Lab, e *example) []*lab.Probe {
	t.Helper()
	if e.script.SelfOff != "" {
		t.Logf("%s: no self checks: %s", e.file.Name, e.script.SelfOff)
		return nil
	}
	var out []*lab.Probe
	for _, c := range e.hosts {
		own, err := l.Addresses(c.host.Node)
		if err != nil {
			t.Fatal(err)
		}
		own = append(own, netip.MustParseAddr("127.0.0.53"))
		for _, a := range own {
			for _, kind := range []struct {
				name string
				kind lab.Kind
				port uint16
			}{{"tcp", lab.TCP, lab.SelfTCP}, {"udp", lab.UDP, lab.SelfUDP}, {"ping", lab.Ping, 0}} {
				if excepted(e.script.NoSelf, a.WithZone(""), kind.name) {
					continue
				}
				p := &lab.Probe{Node: c.host.Node, Kind: kind.kind, To: lab.Target{Addr: a.WithZone(""), Dev: a.Zone(), Port: kind.port}, At: c.host.Node, Want: lab.Accept}
				p.Text = fmt.Sprintf("probe %s %s to %s -> accept", c.host.Node, kind.name, a)
				out = append(out, p)
			}
		}
	}
	return out
}

func excepted(list []probes.NoSelf, a netip.Addr, proto string) bool {
	return slices.ContainsFunc(list, func(n probes.NoSelf) bool {
		return n.Addr == a && (len(n.Protos) == 0 || slices.Contains(n.Protos, proto))
	})
}

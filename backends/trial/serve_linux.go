package trial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/loward/loward/backends/lab"
	"github.com/loward/loward/compiler/path"
)

// Labs at a time: of several hosts, and of one whose packets are sent again, where the
// more there are the fewer use a limit together.
const (
	atOnce = 4
	apart  = 8
)

// Serve is the process in the namespaces: it reads what Run wants, and writes the
// answers. It refuses to work in the namespace from which it was started.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	var r reply
	err := func() error {
		var o order
		if err := json.NewDecoder(in).Decode(&o); err != nil {
			return fmt.Errorf("what is to be tried can't be read: %w", err)
		}
		if err := elsewhereThan(o.Outside); err != nil {
			return err
		}
		var err error
		r.Answers, err = serve(ctx, o.Jobs)
		return err
	}()
	if err != nil {
		r = reply{Error: err.Error()}
	}
	return errors.Join(err, json.NewEncoder(out).Encode(r))
}

// elsewhereThan proves that this process is in none of these namespaces.
func elsewhereThan(outside []uint64) error {
	own, err := inode("/proc/self/ns/net")
	switch {
	case err != nil:
		return err
	case len(outside) == 0 || slices.Contains(outside, own):
		return errors.New("this is not a network namespace of its own: nothing was done")
	}
	return nil
}

// serve all jobs, some at a time.
func serve(ctx context.Context, jobs []job) (map[int]Answer, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		mu      sync.Mutex
		wait    sync.WaitGroup
		answers = map[int]Answer{}
		failed  error
	)
	slots := make(chan bool, atOnce)
	for i := range jobs {
		slots <- true
		wait.Go(func() {
			defer func() { <-slots }()
			got, err := jobs[i].do(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err != nil && failed == nil {
				failed = err
				cancel()
			}
			for n, a := range got {
				answers[n] = a
			}
		})
	}
	wait.Wait()
	return answers, failed
}

// do a job: send all packets, then those again, in a new lab, that fared otherwise
// than the model says. They may have been more than a limit lets pass: as long as
// the answers of some change, that is what it was. Those that stay have had all the
// time that a busy machine may need.
func (j *job) do(ctx context.Context) (map[int]Answer, error) {
	answers := map[int]Answer{}
	left, patient, parts := j.Plan.Probes, false, 1
	for range rounds {
		for _, p := range left {
			if p.Wait = lab.Patience; patient {
				p.Wait = lab.Generous
			}
		}
		results, err := j.spread(ctx, left, min(parts, len(left)))
		if err != nil {
			return nil, err
		}
		var again []*lab.Probe
		for i, r := range results {
			a := answer(r)
			answers[left[i].Line] = a
			if a.Untried == "" && !agrees(a, j.Model[left[i].Line]) {
				again = append(again, left[i])
			}
		}
		stuck := len(again) == len(left)
		if len(again) == 0 || stuck && patient {
			return answers, nil
		}
		left, patient, parts = again, stuck, apart
	}
	for _, p := range left {
		answers[p.Line] = Answer{Untried: "too many others use up the same limit"}
	}
	return answers, nil
}

// agrees: whatever the kernel does, an undecided model does not contradict it.
func agrees(kernel Answer, model path.Verdict) bool {
	return model == path.Undecided || kernel.Verdict == model && !kernel.Astray
}

// spread probes over some labs; the results are in the order of the probes.
func (j *job) spread(ctx context.Context, probes []*lab.Probe, parts int) ([]lab.Result, error) {
	results, failed := make([]lab.Result, len(probes)), make([]error, parts)
	var wait sync.WaitGroup
	for k := range parts {
		wait.Go(func() {
			var mine []*lab.Probe
			for i := k; i < len(probes); i += parts {
				mine = append(mine, probes[i])
			}
			got, err := j.send(ctx, mine)
			failed[k] = err
			for i, r := range got {
				results[k+i*parts] = r
			}
		})
	}
	wait.Wait()
	return results, errors.Join(failed...)
}

// send probes in a lab of their own.
func (j *job) send(ctx context.Context, probes []*lab.Probe) ([]lab.Result, error) {
	plan := j.Plan
	plan.Probes = probes
	l, err := lab.Build(ctx, &plan)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	if j.Rules.NFT != "" {
		if err := l.LoadNFT(ctx, self, j.Rules.NFT); err != nil {
			return nil, err
		}
	}
	if err := l.LoadIPTables(ctx, self, lab.Default, j.Rules.IPTables, j.Rules.IP6Tables); err != nil {
		if !lab.OtherUsers() {
			err = fmt.Errorf("%w\n(without root there is one user in the namespaces, and the kernel takes no rules of iptables about others)", err)
		}
		return nil, err
	}
	return l.Probes(ctx, probes), nil
}

// answer in the words of the model. A request that arrived and whose reply did not
// is lost to whoever sent it.
func answer(r lab.Result) Answer {
	a := Answer{Seen: r.Detail}
	switch r.Got {
	case lab.Accept:
		a.Verdict = path.Accept
	case lab.Drop, lab.Half:
		a.Verdict = path.Drop
	case lab.Reject:
		a.Verdict = path.Reject
	case lab.Other:
		a.Verdict, a.Astray = path.Accept, true
	default:
		return Answer{Untried: r.Detail}
	}
	return a
}

package cli

import (
	"context"
	"net/netip"

	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/backends/trial"
	"github.com/loward/loward/compiler"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// attempt is one packet of an expectation.
type attempt struct {
	q question
	r *path.Result
	// kernel is nil where no kernel was asked.
	kernel *trial.Answer
}

// outcome of one expectation.
type outcome struct {
	e    *policy.Expect
	want path.Verdict
	// rules and targets are what the kernel needs to be asked.
	rules    trial.Rules
	targets  []netip.AddrPort
	attempts []attempt
}

// model is the attempt that decides in the model: the first that fares otherwise than
// it should.
func (o *outcome) model() *attempt {
	for i := range o.attempts {
		if o.attempts[i].r.Works() != o.want {
			return &o.attempts[i]
		}
	}
	return &o.attempts[0]
}

// judged is the attempt that decides in the kernel: the first in which it contradicts
// the model, else the first that fares otherwise than it should, else the first that
// was not tried.
func (o *outcome) judged() *attempt {
	unlike := func(a *attempt) bool { return a.tried() && a.kernel.Verdict != o.want }
	for _, odd := range []func(*attempt) bool{(*attempt).disputed, unlike, (*attempt).untried} {
		for i := range o.attempts {
			if odd(&o.attempts[i]) {
				return &o.attempts[i]
			}
		}
	}
	return &o.attempts[0]
}

// fails: the kernel does something else than it should, and the model can't know.
func (a *attempt) fails(want path.Verdict) bool {
	return a.tried() && a.r.Works() == path.Undecided && a.kernel.Verdict != want
}

func (a *attempt) tried() bool { return a.kernel != nil && a.kernel.Untried == "" }

func (a *attempt) untried() bool { return a.kernel != nil && a.kernel.Untried != "" }

// disputed: the kernel does something else than the model says.
func (a *attempt) disputed() bool {
	return a.tried() && a.r.Works() != path.Undecided && (a.kernel.Verdict != a.r.Works() || a.kernel.Astray)
}

// compiled is a policy for one host, as rules see packets of each family.
type compiled struct {
	four, six *ruleset.Ruleset
	text      trial.Rules
}

// compileFor a target; it is nil where the list got errors.
func compileFor(v *policy.View, target string, l *diag.List) *compiled {
	c := &compiled{}
	if target == "nft" {
		c.four = compiler.Compile(v, compiler.Nft, l)
		c.six = c.four
		c.text.NFT = string(written(c.four, nil, l, nft.Text{}.Write))
	} else {
		c.four, c.six = compiler.Compile(v, compiler.IPTables, l), compiler.Compile(v, compiler.IP6Tables, l)
		c.text.IPTables = string(written(c.four, nil, l, iptables.Restore{Family: ruleset.IP}.Write))
		c.text.IP6Tables = string(written(c.six, nil, l, iptables.Restore{Family: ruleset.IP6}.Write))
	}
	if c.four == nil || c.six == nil {
		return nil
	}
	return c
}

// expectations of a policy, each with what becomes of its packets.
func expectations(p *policy.Policy, target string, l *diag.List) []*outcome {
	known := map[string]*compiled{}
	var all []*outcome
	for _, e := range p.Expects {
		v := p.View(e.Host)
		c, done := known[e.Host]
		if !done {
			c = compileFor(v, target, l)
			known[e.Host] = c
		}
		if c == nil {
			continue // why not is in the list
		}
		o := &outcome{e: e, want: [...]path.Verdict{policy.Accept: path.Accept, policy.Drop: path.Drop, policy.Reject: path.Reject}[e.Verdict],
			rules: c.text, targets: publishedTo(v)}
		for _, st := range path.Starts(e) {
			q := question{start: st, rs: c.four}
			if e.To.Addr().Is6() {
				q.rs = c.six
			}
			q.host, q.assumed = path.HostOf(v, st)
			s := path.New(q.rs, q.host)
			s.Fresh = true
			o.attempts = append(o.attempts, attempt{q: q, r: s.Send(st)})
		}
		all = append(all, o)
	}
	return all
}

// publishedTo are the targets of what a host publishes.
func publishedTo(v *policy.View) []netip.AddrPort {
	var out []netip.AddrPort
	for _, s := range v.Services {
		for _, p := range s.Publishes {
			for _, to := range []netip.AddrPort{p.To4, p.To6} {
				if to.IsValid() {
					out = append(out, to)
				}
			}
		}
	}
	return out
}

// askKernel sends all packets.
func askKernel(ctx context.Context, all []*outcome) error {
	var cases []trial.Case
	var asked []*attempt
	for _, o := range all {
		for i := range o.attempts {
			a := &o.attempts[i]
			c := trial.Case{Start: a.q.start, Host: a.q.host, Rules: o.rules, Targets: o.targets, Model: a.r.Works()}
			if c.Model == path.Accept {
				c.Ends = a.r.Packet.Dst
			}
			cases = append(cases, c)
			asked = append(asked, a)
		}
	}
	answers, err := trial.Run(ctx, cases)
	if err != nil {
		return err
	}
	for i := range answers {
		asked[i].kernel = &answers[i]
	}
	return nil
}

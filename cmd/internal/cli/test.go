package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/backends/trial"

	"github.com/loward/loward/compiler"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
	"github.com/spf13/cobra"
)

type testFlags struct {
	format string
	kernel bool
}

func testCommand(env Env) *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:   "test [--kernel] [--format FORMAT] FILE...",
		Short: "Check what policies expect of packets",
		Long: `Test follows the packet of each expect statement through the ruleset that the
policy is compiled to, as trace does, and compares what becomes of it. Accept means
that the reply comes back too. With a zone it has to hold for each of its
interfaces. No rate is exceeded.

With --kernel the packets are sent in earnest as well: each host is laid out in
network namespaces that vanish with the process, with its interfaces, addresses and
routes, the ruleset is loaded there by nft, and machines on its wires send and
answer. Nothing is touched outside. It takes root, or a kernel that permits
unprivileged user namespaces, and nft and ip. Where the kernel contradicts the model
the model is wrong, which is said. What can't be sent there (by a user whom the
system does not know, for one) is not tried, which is said too.

Each statement that does not hold is shown with the packet's journey; then, and where
the kernel differs, the exit code is 1. It is 4 where something can't be decided or
was not tried, and 3 where no namespaces can be made or a tool refused.`,
		Example: `  loward test testdata/examples/router.low
  loward test --kernel testdata/examples/guard.low`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return test(cmd.Context(), env, f, args)
		},
	}
	cmd.Flags().StringVar(&f.format, "format", "text", "text or json")
	cmd.Flags().BoolVar(&f.kernel, "kernel", false, "send the packets through a kernel too")
	complete(cmd, "format", []string{"text", "json"})
	return cmd
}

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
// the model, else the first that was not tried, else the first that fares otherwise
// than it should.
func (o *outcome) judged() *attempt {
	for _, odd := range []func(*attempt) bool{(*attempt).disputed, (*attempt).untried,
		func(a *attempt) bool { return a.kernel != nil && a.kernel.Verdict != o.want }} {
		for i := range o.attempts {
			if odd(&o.attempts[i]) {
				return &o.attempts[i]
			}
		}
	}
	return &o.attempts[0]
}

func (a *attempt) untried() bool { return a.kernel != nil && a.kernel.Untried != "" }

// disputed: the kernel does something else than the model says.
func (a *attempt) disputed() bool {
	return a.kernel != nil && a.kernel.Untried == "" && a.r.Works() != path.Undecided && a.kernel.Verdict != a.r.Works()
}

func test(ctx context.Context, env Env, f testFlags, files []string) error {
	if f.format != "text" && f.format != "json" {
		return usage("there is no format %q: it is text or json", f.format)
	}
	var all []*outcome
	l := &diag.List{Max: maxForeign}
	for _, file := range files {
		src, said := readSource(env, file)
		l.All = append(l.All, said.All...)
		if src == nil {
			continue
		}
		p, said, err := loadPolicy(src)
		if err != nil {
			return refused(err)
		}
		l.All = append(l.All, said.All...)
		if p != nil && said.Errors() == 0 {
			all = append(all, expectations(p, l)...)
		}
	}
	l.Sort()
	tell(env, l)
	if l.Errors() > 0 {
		return silent(exitInput)
	}
	if f.kernel {
		if err := askKernel(ctx, all); err != nil {
			return refused(err)
		}
	}
	text := outcomeText(all, f.kernel)
	if f.format == "json" {
		text = outcomeJSON(all, f.kernel)
	}
	if err := printResult(env, text); err != nil {
		return err
	}
	if code := outcomeCode(all); code != exitDone {
		return silent(code)
	}
	return nil
}

func outcomeCode(all []*outcome) int {
	code := exitDone
	for _, o := range all {
		switch m, k := o.model(), o.judged(); {
		case k.disputed(), m.r.Works() != path.Undecided && m.r.Works() != o.want:
			return exitFindings
		case m.r.Works() == path.Undecided, k.untried():
			code = exitUndecided
		}
	}
	return code
}

// expectations of a policy, each with what becomes of its packets.
func expectations(p *policy.Policy, l *diag.List) []*outcome {
	type compiled struct {
		rs   *ruleset.Ruleset
		text trial.Rules
	}
	known := map[string]compiled{}
	var all []*outcome
	for _, e := range p.Expects {
		v := p.View(e.Host)
		c, done := known[e.Host]
		if !done {
			c.rs = compiler.Compile(v, compiler.Nft, l)
			c.text.NFT = string(written(c.rs, nil, l, nft.Text{}.Write))
			known[e.Host] = c
		}
		if c.rs == nil {
			continue // why not is in the list
		}
		o := &outcome{e: e, want: [...]path.Verdict{policy.Accept: path.Accept, policy.Drop: path.Drop, policy.Reject: path.Reject}[e.Verdict],
			rules: c.text, targets: publishedTo(v)}
		for _, st := range path.Starts(e) {
			q := question{start: st, rs: c.rs}
			q.host, q.assumed = path.HostOf(v, st)
			s := path.New(c.rs, q.host)
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
			cases = append(cases, trial.Case{Start: a.q.start, Host: a.q.host, Rules: o.rules, Targets: o.targets, Model: a.r.Works()})
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

func outcomeText(all []*outcome, kernel bool) []byte {
	var b bytes.Buffer
	failed, undecided, disputed, untried := 0, 0, 0, 0
	for _, o := range all {
		m, k := o.model(), o.judged()
		got := m.r.Works()
		if got == o.want && !k.disputed() && !k.untried() {
			continue
		}
		fmt.Fprintf(&b, "%s: %s\n", o.e.Span.FileLine(), oneLine(o.e.Span.Text()))
		if k.disputed() {
			disputed++
			fmt.Fprintf(&b, "  the kernel contradicts the model: it is %s, not %s%s\n", k.kernel.Verdict, k.r.Works(), inBrackets(k.kernel.Seen))
			if k != m || got == o.want {
				tellOf(&b, o, k)
			}
		}
		if k.untried() {
			untried++
			fmt.Fprintf(&b, "  not tried in the kernel: %s\n", k.kernel.Untried)
		}
		switch {
		case got == o.want:
			continue
		case got == path.Undecided:
			undecided++
		default:
			failed++
		}
		fmt.Fprintf(&b, "  it is %s\n", verdictText(m.r))
		tellOf(&b, o, m)
	}
	fmt.Fprintf(&b, "%d expectations: %d hold, %d do not, %d can't be decided\n", len(all), len(all)-failed-undecided, failed, undecided)
	if kernel {
		fmt.Fprintf(&b, "in the kernel: %d as in the model, %d otherwise, %d not tried\n", len(all)-disputed-untried, disputed, untried)
	}
	return b.Bytes()
}

func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

// tellOf an attempt's journey.
func tellOf(b *bytes.Buffer, o *outcome, a *attempt) {
	fmt.Fprintf(b, "  %s\n", packetText(a.r))
	journey(b, a.r, "    ")
	if o.want == path.Accept {
		replies(b, a.r, "  ")
	}
}

// outcomeJSON is an object for each expectation, one a line. What was got is what the
// kernel did, where it was asked.
func outcomeJSON(all []*outcome, kernel bool) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, o := range all {
		at, m, k := o.e.Span.Position(), o.model(), o.judged()
		line := struct {
			File   string `json:"file"`
			Line   int    `json:"line"`
			Expect string `json:"expect"`
			Got    string `json:"got"`
			Model  string `json:"model"`
			Kernel string `json:"kernel,omitempty"`
			Reason string `json:"reason,omitempty"`
		}{File: o.e.Span.File.Name, Line: at.Line, Expect: o.want.String(), Got: m.r.Works().String(), Model: m.r.Works().String()}
		switch {
		case !kernel:
		case k.untried():
			line.Kernel, line.Reason = "untried", k.kernel.Untried
		default:
			line.Kernel, line.Reason = k.kernel.Verdict.String(), k.kernel.Seen
			line.Got = line.Kernel
			if k.disputed() {
				line.Model = k.r.Works().String()
			}
		}
		_ = e.Encode(line) // into memory, of plain data: can't fail
	}
	return b.Bytes()
}

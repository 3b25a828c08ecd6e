package cli

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/loward/loward/compiler"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
	"github.com/spf13/cobra"
)

type testFlags struct{ format string }

func testCommand(env Env) *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:   "test [--format FORMAT] FILE...",
		Short: "Check what policies expect of packets",
		Long: `Test follows the packet of each expect statement through the ruleset that the
policy is compiled to, as trace does, and compares what becomes of it. Accept means
that the reply comes back too. With a zone it has to hold for each of its
interfaces. No rate is exceeded.

Each statement that does not hold is shown with the packet's journey; then the
exit code is 1. It is 4 where something can't be decided.`,
		Example: `  loward test testdata/examples/router.low`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return test(env, f, args)
		},
	}
	cmd.Flags().StringVar(&f.format, "format", "text", "text or json")
	complete(cmd, "format", []string{"text", "json"})
	return cmd
}

// outcome of one expectation.
type outcome struct {
	e    *policy.Expect
	want path.Verdict
	got  path.Verdict
	// q and r are the packet that decided: the first that fares otherwise.
	q question
	r *path.Result
}

func test(env Env, f testFlags, files []string) error {
	if f.format != "text" && f.format != "json" {
		return usage("there is no format %q: it is text or json", f.format)
	}
	var all []outcome
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
	text := outcomeText(all)
	if f.format == "json" {
		text = outcomeJSON(all)
	}
	if err := printResult(env, text); err != nil {
		return err
	}
	code := exitDone
	for _, o := range all {
		switch {
		case o.got == path.Undecided && code == exitDone:
			code = exitUndecided
		case o.got != path.Undecided && o.got != o.want:
			code = exitFindings
		}
	}
	if code != exitDone {
		return silent(code)
	}
	return nil
}

// expectations of a policy, each with what becomes of its packets.
func expectations(p *policy.Policy, l *diag.List) []outcome {
	compiled := map[string]*ruleset.Ruleset{}
	var all []outcome
	for _, e := range p.Expects {
		v := p.View(e.Host)
		rs, done := compiled[e.Host]
		if !done {
			rs = compiler.Compile(v, compiler.Nft, l)
			compiled[e.Host] = rs
		}
		if rs == nil {
			continue // why not is in the list
		}
		o := outcome{e: e, want: [...]path.Verdict{policy.Accept: path.Accept, policy.Drop: path.Drop, policy.Reject: path.Reject}[e.Verdict]}
		for i, st := range path.Starts(e) {
			q := question{start: st, rs: rs}
			q.host, q.assumed = path.HostOf(v, st)
			s := path.New(rs, q.host)
			s.Fresh = true
			r := s.Send(st)
			if got := r.Works(); i == 0 || o.got == o.want && got != o.want {
				o.got, o.q, o.r = got, q, r
			}
		}
		all = append(all, o)
	}
	return all
}

func outcomeText(all []outcome) []byte {
	var b bytes.Buffer
	failed, undecided := 0, 0
	for _, o := range all {
		if o.got == o.want {
			continue
		}
		if o.got == path.Undecided {
			undecided++
		} else {
			failed++
		}
		fmt.Fprintf(&b, "%s: %s\n  it is %s\n", o.e.Span.FileLine(), oneLine(o.e.Span.Text()), verdictText(o.r))
		fmt.Fprintf(&b, "  %s\n", packetText(o.r))
		journey(&b, o.r, "    ")
		if o.want == path.Accept {
			replies(&b, o.r, "  ")
		}
	}
	fmt.Fprintf(&b, "%d expectations: %d hold, %d do not, %d can't be decided\n", len(all), len(all)-failed-undecided, failed, undecided)
	return b.Bytes()
}

// outcomeJSON is an object for each expectation, one a line.
func outcomeJSON(all []outcome) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, o := range all {
		at := o.e.Span.Position()
		_ = e.Encode(struct {
			File   string `json:"file"`
			Line   int    `json:"line"`
			Expect string `json:"expect"`
			Got    string `json:"got"`
			Model  string `json:"model"`
		}{o.e.Span.File.Name, at.Line, o.want.String(), o.got.String(), o.got.String()}) // into memory, of plain data: can't fail
	}
	return b.Bytes()
}

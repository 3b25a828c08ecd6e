package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/loward/loward/compiler"
	"github.com/loward/loward/compiler/packet/diagram"
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/prove"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
	"github.com/spf13/cobra"
)

type proveFlags struct{ host, target, format string }

func proveCommand(env Env) *cobra.Command {
	var f proveFlags
	cmd := &cobra.Command{
		Use:   "prove [--host HOST] [-t TARGET] [--format FORMAT] FILE",
		Short: "Prove that rulesets do what the policy says",
		Long: `Prove holds what a policy is compiled to against the policy: for every packet of
IPv4 and IPv6, arriving, sent, forwarded or the host's with itself, the ruleset has
to accept, drop or reject it as the policy says, and to accept what belongs to a
connection that it has accepted. It does so for each host and each target, unless
--host and -t name one. A target in which a policy can't be said is passed over, and
said.

A packet with which they differ is shown with what the policy says of it, and its
journey through the rules; then the exit code is 1. It is 4 where a policy tells more
packets apart than there is room for, and nothing is proven.

What is proven is the rules as they are written. That the kernel does with rules what
is taken for given here is what loward's tests are about.`,
		Example: `  loward prove testdata/examples/router.low
  loward prove -t iptables --host server testdata/examples/database.low`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completePolicies,
		RunE: func(_ *cobra.Command, args []string) error {
			return runProve(env, f, args[0])
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.host, "host", "", "the host to prove it for; all of them if none is named")
	flags.StringVarP(&f.target, "target", "t", "", "the target to prove: "+strings.Join(provable(), ", ")+"; all of them if none is named")
	flags.StringVar(&f.format, "format", "text", "text or json")
	complete(cmd, "target", provable())
	complete(cmd, "format", []string{"text", "json"})
	return cmd
}

// provable are the names of the targets, each shape once.
func provable() []string {
	var names []string
	for _, t := range shapes() {
		names = append(names, t.name)
	}
	return names
}

func shapes() []target {
	all := targets()
	return slices.DeleteFunc(all, func(t target) bool {
		return t.view != nil || t.name == "json" // which is nft's, in other words
	})
}

// proof of one target for one host.
type proof struct {
	host, target string
	// unsaid is how many statements the target can't say: nothing is proven then.
	unsaid int
	rs     *ruleset.Ruleset
	result *prove.Result
	err    error // diagram.ErrBudget
}

func (p *proof) proven() bool {
	return p.unsaid == 0 && p.err == nil && len(p.result.Counterexamples) == 0
}

func runProve(env Env, f proveFlags, file string) error {
	list := shapes()
	if f.target != "" {
		list = slices.DeleteFunc(list, func(t target) bool { return t.name != f.target })
	}
	if err := checkFormat(f.format); err != nil {
		return err
	}
	if len(list) == 0 {
		return usage("there is no target %q to prove: it is one of %s", f.target, strings.Join(provable(), ", "))
	}
	src, l := readSource(env, file)
	if src == nil {
		tell(env, l)
		return silent(exitInput)
	}
	p, l, err := loadPolicy(src)
	if err != nil {
		return refused(err)
	}
	if p == nil || l.Errors() > 0 {
		tell(env, l)
		return silent(exitInput)
	}
	if f.host == "" {
		f.host = allHosts
	}
	views, err := chooseViews(p, f.host)
	if err != nil {
		tell(env, l)
		return err
	}
	var all []*proof
	for _, v := range views {
		for _, t := range list {
			var said diag.List
			q := &proof{host: v.Host.Name, target: t.name, rs: compiler.Compile(v, t.shape, &said)}
			all = append(all, q)
			if q.unsaid = said.Errors(); q.unsaid > 0 {
				if f.target != "" {
					l.All = append(l.All, said.All...)
				}
				continue
			}
			q.result, q.err = prove.View(v, q.rs, prove.Options{})
			if q.err != nil && !errors.Is(q.err, diagram.ErrBudget) {
				return refused(q.err)
			}
		}
	}
	l.Sort()
	tell(env, l)
	if l.Errors() > 0 {
		return silent(exitInput) // the one target can't say it
	}
	text := proofsText(all)
	if f.format == "json" {
		text = proofsJSON(all)
	}
	if err := printResult(env, text); err != nil {
		return err
	}
	return proofsCode(all)
}

// proofsCode is nil where all is proven that can be said.
func proofsCode(all []*proof) error {
	code := exitDone
	for _, p := range all {
		switch {
		case p.err != nil && code == exitDone:
			code = exitUndecided
		case p.err == nil && p.unsaid == 0 && !p.proven():
			code = exitFindings
		}
	}
	if code == exitDone {
		return nil
	}
	return silent(code)
}

// proveFirst proves what is about to be written, if that takes no second.
func proveFirst(env Env, f compileFlags, t *target, views []*policy.View, all []*ruleset.Ruleset) error {
	if f.noProve {
		fmt.Fprintln(env.Stderr, "loward: not proven: --no-prove")
		return nil
	}
	for i, v := range views {
		p := &proof{host: v.Host.Name, target: t.name, rs: all[i]}
		if prove.IsQuick(p.rs) {
			p.result, p.err = prove.View(v, p.rs, prove.Options{Budget: prove.Quick})
		} else {
			p.err = diagram.ErrBudget
		}
		switch {
		case errors.Is(p.err, diagram.ErrBudget):
			fmt.Fprintf(env.Stderr, "loward: not proven: %s is large; loward prove takes its time\n", p.name())
		case p.err != nil:
			return refused(p.err)
		case !p.proven():
			env.Stderr.Write(proofsText([]*proof{p}))
			return &status{exitFindings, "the ruleset does not do what the policy says, which is a fault of loward's: nothing is written"}
		}
	}
	return nil
}

func (p *proof) name() string {
	if p.host == "" {
		return p.target
	}
	return p.host + ": " + p.target
}

// maxCounterexamples that are shown of one proof.
const maxCounterexamples = 3

func proofsText(all []*proof) []byte {
	var b bytes.Buffer
	for _, p := range all {
		switch {
		case p.unsaid > 0:
			fmt.Fprintf(&b, "%s: the policy can't be said there: loward compile -t %s tells why\n", p.name(), p.target)
		case p.err != nil:
			fmt.Fprintf(&b, "%s: undecided: there are more packets to tell apart than there is room for\n", p.name())
		case p.proven():
			fmt.Fprintf(&b, "%s: proven\n", p.name())
		default:
			p.show(&b)
		}
	}
	return b.Bytes()
}

func (p *proof) show(b *bytes.Buffer) {
	list := p.result.Counterexamples
	fmt.Fprintf(b, "%s: NOT what the policy says\n", p.name())
	for i, c := range list {
		if i == maxCounterexamples {
			fmt.Fprintf(b, "  and %d more kinds of packets\n", len(list)-i)
			break
		}
		r := p.result.Follow(c, p.rs)
		of := ""
		if c.Established {
			of = fmt.Sprintf(", of a known connection (%s)", c.Conn)
		}
		fmt.Fprintf(b, "  %s%s\n    the policy: %s\n    the rules: %s\n", packetText(r), of, policySays(c), rulesDo(c))
		journey(b, r, "      ")
		if !c.Agrees(r) {
			fmt.Fprintf(b, "      one by one they come to %s: please report this\n", r.Verdict)
		}
	}
}

// policySays what a policy says of a counterexample.
func policySays(c *prove.Counterexample) string {
	if c.Established {
		return "accept, for it belongs to a connection that was accepted"
	}
	text := fmt.Sprintf("%s, by %s", c.Says.Verdict, c.Says.By)
	if c.Says.Limited {
		text += ", while a limit lasts"
	}
	if r := c.Says.Rule; r != nil {
		text += fmt.Sprintf(" (%s: %s)", r.Span.FileLine(), r.Text)
	}
	return text
}

// rulesDo is what may become of a counterexample.
func rulesDo(c *prove.Counterexample) string {
	var out []string
	for _, f := range c.Does {
		text := f.Verdict.String()
		if f.Why != "" {
			text += ": " + f.Why
		}
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return strings.Join(out, ", or ")
}

// proofOf is a proof in JSON.
type proofOf struct {
	Host     string      `json:"host,omitempty"`
	Target   string      `json:"target"`
	Result   string      `json:"result"`
	Counters []counterOf `json:"counterexamples,omitempty"`
}

type counterOf struct {
	Packet     string     `json:"packet"`
	Connection string     `json:"connection"` // new, established, reply or related
	Policy     string     `json:"policy"`
	Rules      string     `json:"rules"`
	Path       *journeyOf `json:"path"`
}

func proofsJSON(all []*proof) []byte {
	out := make([]proofOf, len(all))
	for i, p := range all {
		o := proofOf{Host: p.host, Target: p.target}
		switch {
		case p.unsaid > 0:
			o.Result = "unsayable"
		case p.err != nil:
			o.Result = "undecided"
		case p.proven():
			o.Result = "proven"
		default:
			o.Result = "refuted"
			for _, c := range p.result.Counterexamples {
				r := p.result.Follow(c, p.rs)
				j := journeyObject(r)
				o.Counters = append(o.Counters, counterOf{Packet: packetText(r), Connection: c.Conn.String(), Policy: policySays(c), Rules: rulesDo(c), Path: &j})
			}
		}
		out[i] = o
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(map[string]any{"version": 1, "proofs": out}) // into memory, of plain data: can't fail
	return b.Bytes()
}

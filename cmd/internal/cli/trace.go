package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/loward/loward/backends/kind"
	"github.com/loward/loward/backends/live"
	"github.com/loward/loward/compiler"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/resolve"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
	"github.com/spf13/cobra"
)

type traceFlags struct {
	host, facts, kind, format string
	live, fresh               bool
}

func traceCommand(env Env) *cobra.Command {
	var f traceFlags
	cmd := &cobra.Command{
		Use:   "trace [--host HOST] [--host-facts FACTS] [--kind KIND] [--fresh] [--format FORMAT] (FILE | --live) 'PACKET'",
		Short: "Follow a packet through a policy or a ruleset",
		Long: `Trace follows the first packet of a connection along the hooks of a host, rule by
rule, and says which decides; if it arrives, the reply is followed too. It works
for policies, for rulesets that others wrote, and with --live for what the kernel
holds. PACKET is a packet phrase, as in a policy's expect:

    tcp from 203.0.113.9 on wan1 to 203.0.113.1:22
    udp from self to 10.53.53.53:53
    tcp from self user nobody to 127.0.0.1:5432
    ping from any on lan to 10.0.0.1

A name behind on that is neither a zone of the policy nor an interface of its hosts is
taken for an interface as the kernel has it.

What a file does not tell about the host is taken for given, and said: that the
destination of an arriving packet is one of its addresses, for one. --host-facts
names a file with its links, addresses, routes and sysctls as JSON instead.

What can't be known beforehand (a rate, the time, what happened before, text that
is not understood) is tried both ways. Where it decides, the verdict is unknown,
and the exit code 4. --fresh takes for given that nothing has happened before: no
rate is exceeded, no quota used up.`,
		Example: `  loward trace testdata/examples/router.low 'udp from 10.10.0.7 on eth0 to 10.53.53.53:53'
  loward trace testdata/examples/office.rules 'tcp from 10.1.0.110 on lan0 to 10.1.0.1:22'`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case f.live && len(args) != 1:
				return fmt.Errorf("with --live the one argument is the packet")
			case !f.live && len(args) != 2:
				return fmt.Errorf("the arguments are a file, - for standard input, and the packet in quotes")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return trace(cmd.Context(), env, f, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.host, "host", "", "the host of a policy on which the packet is")
	flags.StringVar(&f.facts, "host-facts", "", "a file with the host's links, addresses, routes and sysctls as JSON")
	flags.StringVar(&f.kind, "kind", "", "what the input is, where its content does not tell: "+strings.Join(kind.Names(), ", "))
	flags.StringVar(&f.format, "format", "text", "text or json")
	flags.BoolVar(&f.live, "live", false, "follow it through what the running kernel holds")
	flags.BoolVar(&f.fresh, "fresh", false, "nothing has happened before: no rate is exceeded")
	complete(cmd, "kind", kind.Names())
	complete(cmd, "format", []string{"text", "json"})
	return cmd
}

// question is a packet with the ruleset and the host that it travels.
type question struct {
	start   path.Start
	rs      *ruleset.Ruleset
	host    *host.Host
	assumed []string
}

func trace(ctx context.Context, env Env, f traceFlags, args []string) error {
	forced, err := parseKind(f.kind)
	if err != nil {
		return err
	}
	if err := checkFormat(f.format); err != nil {
		return err
	}
	facts, err := readFacts(f.facts)
	if err != nil {
		return err
	}
	phrase := diag.NewFile("packet", []byte(args[len(args)-1]))
	l := &diag.List{Max: maxForeign}
	var all []question
	if f.live {
		if f.kind != "" || f.host != "" {
			return usage("--live reads the kernel: --kind and --host say nothing of it")
		}
		rs, err := live.Read(ctx, live.System, l)
		if err != nil {
			return refused(err)
		}
		if facts == nil {
			if facts, err = live.Facts(ctx, live.System); err != nil {
				return refused(err)
			}
		}
		all = foreignQuestions(rs, facts, phrase, l)
	} else if all, err = questions(env, f, forced, args[0], facts, phrase, l); err != nil {
		return err
	}
	l.Sort()
	tell(env, l)
	if l.Errors() > 0 || len(all) == 0 {
		return silent(exitInput)
	}
	return follow(env, f, phrase, all)
}

// questions about a file.
func questions(env Env, f traceFlags, forced kind.Kind, file string, facts *host.Host, phrase *diag.File, l *diag.List) ([]question, error) {
	src, said := readSource(env, file)
	l.All = append(l.All, said.All...)
	if src == nil {
		return nil, nil
	}
	k := kindOf(src, forced, l)
	switch {
	case l.Errors() > 0:
		return nil, nil
	case k == kind.Low:
		return policyQuestions(f, src, facts, phrase, l)
	case f.host != "":
		return nil, usage("--host chooses a host of a policy; this input is %s", k)
	}
	rs := readForeign(src, k, l)
	if rs == nil {
		return nil, nil
	}
	return foreignQuestions(rs, facts, phrase, l), nil
}

func foreignQuestions(rs *ruleset.Ruleset, facts *host.Host, phrase *diag.File, l *diag.List) []question {
	var all []question
	for _, e := range resolve.Packet(phrase, l) {
		for _, st := range path.Starts(e) {
			q := question{start: st, rs: rs, host: facts}
			if facts == nil {
				q.host, q.assumed = path.Assume(st, e.Self)
			}
			all = append(all, q)
		}
	}
	return all
}

// policyQuestions compile the policy for the host on which the packet is.
func policyQuestions(f traceFlags, src *diag.File, facts *host.Host, phrase *diag.File, l *diag.List) ([]question, error) {
	p, said, err := loadPolicy(src, resolve.Ask(phrase, f.host))
	if err != nil {
		return nil, refused(err)
	}
	l.All = append(l.All, said.All...)
	if p == nil || l.Errors() > 0 {
		return nil, nil
	}
	var all []question
	for _, e := range p.Expects {
		if e.Span.File != phrase {
			continue
		}
		v := p.View(e.Host)
		rs := compiler.Compile(v, compiler.Nft, l)
		if rs == nil {
			return nil, nil
		}
		for _, st := range path.Starts(e) {
			q := question{start: st, rs: rs, host: facts}
			if facts == nil {
				q.host, q.assumed = path.HostOf(v, st)
			}
			all = append(all, q)
		}
	}
	return all, nil
}

// readFacts reads a host; nil where no file is named.
func readFacts(file string) (*host.Host, error) {
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, usage("the facts can't be read: %v", err)
	}
	h := &host.Host{}
	if err := json.Unmarshal(data, h); err != nil {
		return nil, usage("%s: no facts of a host: %v", file, err)
	}
	return h, nil
}

// follow all packets, and print what becomes of them.
func follow(env Env, f traceFlags, phrase *diag.File, all []question) error {
	results := make([]*path.Result, len(all))
	decided := true
	for i, q := range all {
		s := path.New(q.rs, q.host)
		s.Fresh = f.fresh
		results[i] = s.Send(q.start)
		decided = decided && results[i].Works() != path.Undecided
	}
	text := journeyText(phrase, all, results)
	if f.format == "json" {
		text = journeyJSON(all, results)
	}
	if err := printResult(env, text); err != nil {
		return err
	}
	if !decided {
		return silent(exitUndecided)
	}
	return nil
}

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/loward/loward/backends/kind"
	"github.com/loward/loward/backends/live"
	"github.com/loward/loward/cmd/internal/report"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
	"github.com/loward/loward/lint"
	"github.com/spf13/cobra"
)

type lintFlags struct {
	facts, kind, format, failOn string
	only, ignore                []string
	live                        bool
}

func lintCommand(env Env) *cobra.Command {
	var f lintFlags
	cmd := &cobra.Command{
		Use:   "lint [--host-facts FACTS] [--kind KIND] [--format FORMAT] [--fail-on SEVERITY] [--only CODES] [--ignore CODES] (FILE... | --live)",
		Short: "Find pitfalls in rulesets",
		Long: `Lint finds pitfalls in rulesets of any kind, and with --live in what the kernel
holds. An error is shown with a packet that dies and the rule that does it. What a
check can't settle is said to be undecided.

Without facts of the host an own address is one that no rule singles out, and those
that rules of the input hook name. --host-facts names a file with the host's links,
addresses, routes and sysctls as JSON.

explain --list lists the checks, explain CODE tells about one. --only and --ignore
choose by code, or by what a code begins with. The exit code is 1 where there is a
finding as severe as --fail-on says, else 4 where something is undecided.`,
		Example: `  loward lint testdata/examples/office.rules
  loward lint --only LW101,LW102 --fail-on error testdata/examples/office.nft`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case f.live && len(args) > 0:
				return errors.New("--live reads the kernel, and no file")
			case !f.live && len(args) == 0:
				return errors.New("the arguments are files, - for standard input; or say --live")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runLint(cmd.Context(), env, f, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.facts, "host-facts", "", "a file with the host's links, addresses, routes and sysctls as JSON")
	flags.StringVar(&f.kind, "kind", "", "what the input is, where its content does not tell: "+strings.Join(kind.Names(), ", "))
	flags.StringVar(&f.format, "format", "text", "text or json")
	flags.StringVar(&f.failOn, "fail-on", "warning", "the least severity that is a failure: error, warning or note")
	flags.StringSliceVar(&f.only, "only", nil, "look for these alone")
	flags.StringSliceVar(&f.ignore, "ignore", nil, "do not look for these")
	flags.BoolVar(&f.live, "live", false, "look at what the running kernel holds")
	complete(cmd, "kind", kind.Names())
	complete(cmd, "format", []string{"text", "json"})
	complete(cmd, "fail-on", severities())
	return cmd
}

func severities() []string {
	return []string{diag.Error.String(), diag.Warning.String(), diag.Note.String()}
}

// chosen checks; an error where a code chooses none.
func (f lintFlags) chosen() ([]*lint.Check, error) {
	all := lint.Checks()
	match := func(codes []string) (func(*lint.Check) bool, error) {
		for _, code := range codes {
			if !slices.ContainsFunc(all, func(c *lint.Check) bool { return strings.HasPrefix(c.Code, strings.ToUpper(code)) }) {
				return nil, usage("no check has a code that begins with %q: loward explain --list lists them", code)
			}
		}
		return func(c *lint.Check) bool {
			return slices.ContainsFunc(codes, func(code string) bool { return strings.HasPrefix(c.Code, strings.ToUpper(code)) })
		}, nil
	}
	only, err := match(f.only)
	if err != nil {
		return nil, err
	}
	ignored, err := match(f.ignore)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(c *lint.Check) bool {
		return len(f.only) > 0 && !only(c) || ignored(c)
	}), nil
}

func runLint(ctx context.Context, env Env, f lintFlags, files []string) error {
	forced, err := parseKind(f.kind)
	if err != nil {
		return err
	}
	if err := checkFormat(f.format); err != nil {
		return err
	}
	if !slices.Contains(severities(), f.failOn) {
		return usage("there is no severity %q: it is one of %s", f.failOn, strings.Join(severities(), ", "))
	}
	checks, err := f.chosen()
	if err != nil {
		return err
	}
	facts, err := readFacts(f.facts)
	if err != nil {
		return err
	}
	l := &diag.List{Max: maxForeign}
	all := &lint.Report{}
	if f.live {
		rs, err := live.Read(ctx, live.System, l)
		if err != nil {
			return refused(err)
		}
		if facts == nil {
			if facts, err = live.Facts(ctx, live.System); err != nil {
				return refused(err)
			}
		}
		all = lint.Look(rs, facts, checks)
	}
	for _, file := range files {
		r, err := lintFile(env, file, forced, facts, checks, l)
		if err != nil {
			return err
		}
		all.Findings = append(all.Findings, r.Findings...)
		all.Undecided = append(all.Undecided, r.Undecided...)
	}
	l.Sort()
	tell(env, l)
	text := lintText(all, env.Color)
	if f.format == "json" {
		text = lintJSON(all)
	}
	if err := printResult(env, text); err != nil {
		return err
	}
	switch {
	case l.Errors() > 0:
		return silent(exitInput)
	case slices.ContainsFunc(all.Findings, func(x *lint.Finding) bool {
		return slices.Index(severities(), x.Severity.String()) <= slices.Index(severities(), f.failOn)
	}):
		return silent(exitFindings)
	case len(all.Undecided) > 0:
		return silent(exitUndecided)
	}
	return nil
}

// lintFile looks at one file. Of a policy its own diagnostics are all there is to say:
// what it is compiled to is proven.
func lintFile(env Env, file string, forced kind.Kind, facts *host.Host, checks []*lint.Check, l *diag.List) (*lint.Report, error) {
	empty := &lint.Report{}
	src, said := readSource(env, file)
	l.All = append(l.All, said.All...)
	if src == nil {
		return empty, nil
	}
	mine := &diag.List{Max: maxForeign}
	defer func() { l.All = append(l.All, mine.All...) }()
	k := kindOf(src, forced, mine)
	if mine.Errors() > 0 {
		return empty, nil
	}
	if k == kind.Low {
		_, said, err := loadPolicy(src)
		if err != nil {
			return nil, refused(err)
		}
		mine.All = append(mine.All, said.All...)
		return empty, nil
	}
	var rs *ruleset.Ruleset
	if rs = readForeign(src, k, mine); rs == nil || mine.Errors() > 0 {
		return empty, nil
	}
	return lint.Look(rs, facts, checks), nil
}

func lintText(r *lint.Report, color bool) []byte {
	var b bytes.Buffer
	var list []*diag.Diagnostic
	for _, f := range r.Findings {
		list = append(list, f.Diagnostic)
		_ = report.Text(&b, []*diag.Diagnostic{f.Diagnostic}, report.Options{Color: color, NoSummary: true})
		if f.Journey != nil {
			fmt.Fprintf(&b, "  %s\n", f.Packet)
			journey(&b, f.Journey, "    ")
			replies(&b, f.Journey, "    ")
		}
	}
	for _, u := range r.Undecided {
		at := ""
		if u.Span.File != nil {
			at = u.Span.FileLine() + ": "
		}
		fmt.Fprintf(&b, "%sundecided[%s]: %s\n", at, u.Check.Code, u.Reason)
	}
	if len(list) > 0 {
		fmt.Fprintln(&b, report.Summary(list))
	}
	return b.Bytes()
}

// lintJSON is the object of docs: findings with their packets and paths.
func lintJSON(r *lint.Report) []byte {
	var list []*diag.Diagnostic
	for _, f := range r.Findings {
		list = append(list, f.Diagnostic)
	}
	out := report.FindingsOf(list)
	for i, f := range r.Findings {
		x := &out.Findings[i]
		x.Name = f.Check.Name
		if f.Journey == nil {
			continue
		}
		p := f.Journey.Legs[0].Before
		x.Packet = &report.Packet{Phrase: f.Packet, Protocol: protocol(p), From: p.Src.String(), FromPort: p.Sport, On: p.IIF, To: p.Dst.String(), ToPort: p.Dport}
		for j := f.Journey; j != nil; j = j.Reply {
			for _, s := range journeyObject(j).Path {
				x.Path = append(x.Path, report.Step{Hook: s.Hook, Table: s.Table, Chain: s.Chain, File: s.File, Line: s.Line, Rule: s.Rule, Verdict: s.Verdict})
			}
		}
	}
	for _, u := range r.Undecided {
		v := report.Undecided{Reason: u.Check.Code + ": " + u.Reason}
		if u.Span.File != nil {
			v.File, v.Line = u.Span.File.Name, u.Span.Position().Line
		}
		out.Undecided = append(out.Undecided, v)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(out) // into memory, of plain data: can't fail
	return b.Bytes()
}

package cli

import (
	"bytes"
	"context"

	"github.com/loward/loward/backends"
	"github.com/loward/loward/backends/kind"
	"github.com/loward/loward/backends/live"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl"
	"github.com/loward/loward/dsl/diag"
)

// Codes of what is wrong with an input as a whole.
const (
	codeTooLarge = "LW008"
	codeKind     = "LW065"
)

// maxForeign bounds the diagnostics of each severity that are kept of a ruleset.
const maxForeign = 1000

// kindOf says what an input is: what --kind says, or what its content tells.
// It is Unknown where nothing tells, which is a diagnostic in the list.
func kindOf(f *diag.File, forced kind.Kind, l *diag.List) kind.Kind {
	if forced != kind.Unknown {
		return forced
	}
	k := kind.Detect(f)
	switch {
	case k != kind.Unknown:
	case len(bytes.TrimSpace(f.Data)) == 0:
		return kind.Low // a policy that says nothing
	default:
		l.Errorf(f.Span(0, 0), "nothing tells what this is: a policy, text of iptables-save or of nft, a shell script").WithCode(codeKind).
			Helpf("say it with --kind")
	}
	return k
}

// readForeign reads a ruleset that somebody else wrote.
func readForeign(f *diag.File, k kind.Kind, l *diag.List) *ruleset.Ruleset {
	if len(f.Data) > dsl.MaxFileSize {
		l.Errorf(f.Span(0, 0), "this input has more than %d MiB, which is the most that is read", dsl.MaxFileSize>>20).WithCode(codeTooLarge)
		return nil
	}
	l.Max = maxForeign
	rs := backends.Read(f, k, included, l)
	if rs == nil {
		l.Errorf(f.Span(0, 0), "rulesets of kind %s can't be read", k).WithCode(codeKind)
	}
	return rs
}

// compileLive translates what the kernel holds.
func compileLive(ctx context.Context, env Env, f compileFlags) error {
	t := findTarget(f.target)
	switch {
	case t == nil:
		return noTarget(f.target)
	case f.kind != "":
		return usage("--kind says what a file is; --live reads the kernel")
	}
	if err := f.onlyPolicies(t, "the kernel"); err != nil {
		return err
	}
	l := &diag.List{Max: maxForeign}
	rs, err := live.Read(ctx, live.System, l)
	if err != nil {
		return refused(err)
	}
	return compileForeign(env, f, t, rs, l)
}

// compileForeign writes a ruleset that was read for a target.
func compileForeign(env Env, f compileFlags, t *target, rs *ruleset.Ruleset, l *diag.List) error {
	var text []byte
	if l.Errors() == 0 {
		text = t.translate(rs, l)
	}
	l.Sort()
	tell(env, l)
	switch {
	case l.Errors() > 0:
		return silent(exitInput)
	case f.output == "" || f.output == "-":
		return printResult(env, text)
	}
	return writeFiles(file{f.output, text})
}

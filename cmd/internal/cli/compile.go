package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/loward/loward/backends/kind"
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/resolve"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
	"github.com/spf13/cobra"
)

// allHosts is what --host calls every host of a policy.
const allHosts = "all"

type compileFlags struct {
	target string
	host   string
	output string
	kind   string
	reload bool
	live   bool
	// noProve leaves the proof out.
	noProve bool
}

func compileCommand(env Env) *cobra.Command {
	var f compileFlags
	cmd := &cobra.Command{
		Use:   "compile [-t TARGET] [--kind KIND] [--host HOST] [--reload] [--no-prove] [-o OUTPUT] (FILE | --live)",
		Short: "Compile a policy, or translate a ruleset",
		Long: `Compile translates a policy to the ruleset of one host, or of every host with
--host all. A host need not be named where the policy has only one. Warnings go
to standard error; a mistake anywhere means that nothing is written.

What a policy is compiled to is proven to do what the policy says with every
packet, as prove does it, before it is written. That is left out where it would take
a second or more, and with --no-prove; standard error tells.

It translates rulesets that others wrote as well: text of iptables-save and
iptables-restore, text and JSON of nft, shell scripts that run iptables, ip6tables,
ipset and nft (nothing of them is executed), and with --live what the kernel holds.
What an input is shows in its content; --kind says it where that is not so. What
the target can't say is an error at the rule, and then nothing is written. In the
dialect that it was written in, a ruleset comes out as it is.

Targets:

` + targetHelp() + `

Nft text can be loaded again and again, in one transaction each time, and touches
nothing but its own table. Restore text can't ask whether its jumps stand
already: load it once as it is, and with --reload from then on, which leaves the
jumps out. --reload changes nothing in the other targets.

With --host all, -o names a directory (made if need be) that gets one file for
each host: HOST.nft, HOST.iptables, HOST.ip6tables, HOST.iproute or HOST.json.
In a file name, what is no letter, digit, dot, dash or underscore becomes an
underscore, with a hash behind it. The file of a policy without host blocks is
named after the policy.`,
		Example: `  loward compile testdata/examples/router.low
  loward compile -t iptables --reload testdata/examples/router.low
  loward compile -t ip6tables --host router -o router.rules6 testdata/examples/router.low
  loward compile -t nft --host all -o rulesets testdata/examples/guard.low
  loward compile -t nft testdata/examples/office.rules
  loward compile -t iptables testdata/examples/office.sh
  loward compile -t json --live`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case f.live && len(args) > 0:
				return errors.New("--live reads the kernel, and no file")
			case !f.live && len(args) != 1:
				return errors.New("the argument is one file, - for standard input; or say --live")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.live {
				return compileLive(cmd.Context(), env, f)
			}
			return compile(env, f, args[0])
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.target, "target", "t", "nft", "what to compile to: "+strings.Join(targetNames(), ", "))
	flags.StringVar(&f.host, "host", "", "the host to compile for, or \"all\"")
	flags.StringVarP(&f.output, "output", "o", "", "write to this file instead of standard output; a directory with --host all")
	flags.StringVar(&f.kind, "kind", "", "what the input is, where its content does not tell: "+strings.Join(kind.Names(), ", "))
	flags.BoolVar(&f.reload, "reload", false, "iptables, ip6tables: leave out the jumps, which stand already")
	flags.BoolVar(&f.noProve, "no-prove", false, "do not prove that the ruleset does what the policy says")
	flags.BoolVar(&f.live, "live", false, "translate what the running kernel holds")
	complete(cmd, "target", targetNames())
	complete(cmd, "kind", kind.Names())
	return cmd
}

// complete offers fixed values of a flag to the shell.
func complete(cmd *cobra.Command, flag string, values []string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag does not exist: a fault of this file
	}
}

// loadPolicy resolves the policy whose main file has been read.
func loadPolicy(src *diag.File, options ...resolve.Option) (*policy.Policy, *diag.List, error) {
	if src.Name == "-" {
		return resolve.Load("-", append(options, resolve.Stdin(bytes.NewReader(src.Data)))...)
	}
	return resolve.LoadText(src.Name, src.Data, options...)
}

func completePolicies(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"low"}, cobra.ShellCompDirectiveFilterFileExt
}

func compile(env Env, f compileFlags, path string) error {
	t := findTarget(f.target)
	if t == nil {
		return noTarget(f.target)
	}
	forced, err := parseKind(f.kind)
	if err != nil {
		return err
	}
	src, l := readSource(env, path)
	if src == nil {
		tell(env, l)
		return silent(exitInput)
	}
	k := kindOf(src, forced, l)
	switch {
	case l.Errors() > 0:
		tell(env, l)
		return silent(exitInput)
	case k == kind.Low:
		return compilePolicy(env, f, t, src)
	}
	if err := f.onlyPolicies(t, k.String()); err != nil {
		return err
	}
	rs := readForeign(src, k, l)
	return compileForeign(env, f, t, rs, l)
}

func noTarget(name string) error {
	return usage("there is no target %q: it is one of %s", name, strings.Join(targetNames(), ", "))
}

// onlyPolicies refuses what can be asked of a policy alone.
func (f compileFlags) onlyPolicies(t *target, what string) error {
	switch {
	case f.host != "":
		return usage("--host chooses a host of a policy; this input is %s", what)
	case f.noProve:
		return usage("--no-prove is for policies; this input is %s", what)
	case f.reload:
		return usage("--reload leaves out jumps that loward makes for a policy; this input is %s", what)
	case t.translate == nil:
		return usage("-t %s is for policies; this input is %s", t.name, what)
	}
	return nil
}

// compilePolicy compiles what stands in a policy's main file.
func compilePolicy(env Env, f compileFlags, t *target, src *diag.File) error {
	if f.host == allHosts && (f.output == "" || f.output == "-") {
		return usage("--host all writes a file for each host: name a directory for them with -o")
	}
	p, l, err := loadPolicy(src)
	// The syntax tree, a quarter of all that is ever allocated, is garbage now.
	// Its room serves the ruleset, at the price of a few milliseconds.
	runtime.GC()
	if err != nil {
		return refused(err)
	}
	if p == nil || l.Errors() > 0 {
		tell(env, l)
		return silent(exitInput)
	}
	views, err := chooseViews(p, f.host)
	if err != nil {
		tell(env, l)
		return err
	}
	texts := make([][]byte, len(views))
	rulesets := make([]*ruleset.Ruleset, len(views))
	for i, v := range views {
		texts[i], rulesets[i] = t.compile(v, f.reload, l)
	}
	l.Sort()
	tell(env, l)
	if l.Errors() > 0 {
		return silent(exitInput)
	}
	if t.view == nil {
		if err := proveFirst(env, f, t, views, rulesets); err != nil {
			return err
		}
	}
	switch {
	case f.host == allHosts:
		return writeHosts(f.output, src.Name, views, texts, t.name)
	case f.output == "" || f.output == "-":
		return printResult(env, texts[0])
	}
	return writeFiles(file{f.output, texts[0]})
}

// chooseViews picks the hosts to compile for.
func chooseViews(p *policy.Policy, host string) ([]*policy.View, error) {
	if host == allHosts {
		return p.Views, nil
	}
	if host == "" {
		if len(p.Views) == 1 {
			return p.Views, nil
		}
		return nil, usage("the policy has several hosts: choose one with --host, or all of them with --host all -o DIR\nhosts: %s", hostList(p))
	}
	if v := p.View(host); v != nil {
		return []*policy.View{v}, nil
	}
	if len(p.Views) == 1 && p.Views[0].Host.Name == "" {
		return nil, usage("the policy has no host %q: it has no host blocks at all, so leave --host out", host)
	}
	names := make([]string, len(p.Hosts))
	for i, h := range p.Hosts {
		names[i] = h.Name
	}
	hint := ""
	if near := diag.Nearest(host, names); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return nil, usage("the policy has no host %q%s\nhosts: %s", host, hint, hostList(p))
}

func hostList(p *policy.Policy) string {
	var names []string
	for _, h := range p.Hosts {
		names = append(names, h.Name)
	}
	return strings.Join(names, ", ")
}

// writeHosts writes the file of each host into a directory.
func writeHosts(dir, path string, views []*policy.View, texts [][]byte, ext string) error {
	names := hostFiles(path, views)
	made := missingDirs(dir)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return refused(err)
	}
	files := make([]file, len(views))
	for i := range views {
		files[i] = file{filepath.Join(dir, names[i]+"."+ext), texts[i]}
	}
	err := writeFiles(files...)
	if err != nil {
		for _, d := range made {
			_ = os.Remove(d) // only if it is empty: everything is as before
		}
	}
	return err
}

// missingDirs are the directories of a path that do not exist, the innermost
// first.
func missingDirs(dir string) []string {
	var missing []string
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); err == nil || filepath.Dir(d) == d {
			return missing
		}
		missing = append(missing, d)
	}
}

// hostFiles names the hosts' files, without an extension. No two are the same,
// on file systems that take upper case for lower too.
func hostFiles(path string, views []*policy.View) []string {
	names := make([]string, len(views))
	folded := map[string]int{}
	for _, v := range views {
		folded[strings.ToLower(v.Host.Name)]++
	}
	for i, v := range views {
		name := v.Host.Name
		if name == "" {
			name = strings.TrimSuffix(filepath.Base(path), ".low")
			if path == "-" {
				name = "policy"
			}
		}
		names[i] = fileName(name, folded[strings.ToLower(name)] > 1)
	}
	return names
}

// fileName makes a name safe to be a file's: no path, no option, nothing hidden,
// nothing a shell would look at. Whatever is changed, or marked, gets a hash.
func fileName(name string, marked bool) string {
	safe := strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '.' || r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z') {
			return r
		}
		return '_'
	}, name)
	if safe[0] == '.' || safe[0] == '-' {
		safe = "_" + safe[1:]
	}
	safe = safe[:min(len(safe), 64)]
	if safe == name && !marked {
		return name
	}
	return safe + "-" + shortHash(name)
}

func targetNames() []string {
	var names []string
	for _, t := range targets() {
		names = append(names, t.name)
	}
	return names
}

func targetHelp() string {
	var lines []string
	for _, t := range targets() {
		lines = append(lines, fmt.Sprintf("    %-10s %s", t.name, t.help))
	}
	return strings.Join(lines, "\n")
}

func findTarget(name string) *target {
	all := targets()
	if i := slices.IndexFunc(all, func(t target) bool { return t.name == name }); i >= 0 {
		return &all[i]
	}
	return nil
}

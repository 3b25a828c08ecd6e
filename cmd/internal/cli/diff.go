package cli

import (
	"fmt"
	"strings"

	"github.com/loward/loward/backends/kind"
	"github.com/loward/loward/cmd/internal/textdiff"
	"github.com/loward/loward/compiler"
	"github.com/loward/loward/compiler/change"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
	"github.com/spf13/cobra"
)

type diffFlags struct {
	text, packets             bool
	host, facts, kind, format string
}

func diffCommand(env Env) *cobra.Command {
	var f diffFlags
	cmd := &cobra.Command{
		Use:   "diff [--text | --packets] [--host HOST] [--host-facts FACTS] [--kind KIND[,KIND]] [--format FORMAT] OLD NEW",
		Short: "Show which lines change, and the fate of which packets",
		Long: `Diff compares two policies or rulesets, of whatever kinds: the lines that change,
as a unified diff, and the packets that fare otherwise, in classes that are as wide
as they can be. Each comes with a packet of it, which trace takes, and with the
lines that decide in both.

    tcp 22 (ssh) from 10.1.0.0/24 on lan0 to the host: drop → accept

Packets of new connections are compared first; of known ones ("established", "reply",
"later") and of what they announce ("related") only what does not fare otherwise
already when it is new. Of sources that nobody has out there (the host's own, 127/8,
multicast) only what is accepted on one side is a change. An address translated to another target is a change, another
way to reject is none. "Maybe" is what depends on what can't be known: a rate, the
time, text that is not understood; the same statement about the same packets is taken
to have the same answer in both.

A policy is compiled for its host; of several hosts, two policies are compared for
each, and against a ruleset --host chooses one. Both judge on one machine, with the
addresses of both. Of the machine of a ruleset nothing is known: an address to which
it translates is taken to be another machine. --host-facts names a file with links,
addresses, routes and sysctls as JSON instead. iptables-save says nothing of IPv6,
nor ip6tables-save of IPv4: only families that both inputs judge are compared.

--packets leaves the lines out, --text the packets. Lines are compared where both
inputs are of one kind; with --text those of different kinds are translated to nft.

Exit code 0: neither lines nor packets change. 1: something does. 4: nothing is known
to, and it can't be told of all packets.`,
		Example: `  loward diff --packets testdata/examples/office.rules testdata/examples/office.nft
  loward diff testdata/examples/router.low testdata/examples/router.low`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			return diff(env, f, args[0], args[1])
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.text, "text", false, "only the lines")
	flags.BoolVar(&f.packets, "packets", false, "only the packets")
	flags.StringVar(&f.host, "host", "", "the host of the policies")
	flags.StringVar(&f.facts, "host-facts", "", "a file with the host's links, addresses, routes and sysctls as JSON")
	flags.StringVar(&f.kind, "kind", "", "what the inputs are, or OLD,NEW, where their content does not tell: "+strings.Join(kind.Names(), ", "))
	flags.StringVar(&f.format, "format", "text", "text or json")
	complete(cmd, "kind", kind.Names())
	complete(cmd, "format", []string{"text", "json"})
	return cmd
}

// input is one of two that are compared.
type input struct {
	src    *diag.File
	kind   kind.Kind
	policy *policy.Policy
	rules  *ruleset.Ruleset // what somebody else wrote
}

// pair of rulesets for one host.
type pair struct {
	host     string
	question change.Question
}

func diff(env Env, f diffFlags, oldName, newName string) error {
	forced, err := f.check(oldName, newName)
	if err != nil {
		return err
	}
	facts, err := readFacts(f.facts)
	if err != nil {
		return err
	}
	l := &diag.List{Max: maxForeign}
	var in [2]*input
	for i, name := range []string{oldName, newName} {
		if in[i], err = readInput(env, name, forced[i], l); err != nil {
			return err
		}
	}
	out := &difference{old: in[0], new: in[1]}
	if l.Errors() == 0 && !f.text {
		if err := out.pairs(f, facts, l); err != nil {
			return err
		}
	}
	if l.Errors() == 0 && !f.packets {
		out.lines(f, l)
	}
	l.Sort()
	tell(env, l)
	if l.Errors() > 0 {
		return silent(exitInput)
	}
	for _, s := range out.said {
		fmt.Fprintf(env.Stderr, "loward: %s\n", s)
	}
	out.compare(f.format == "json")
	text := out.asText()
	if f.format == "json" {
		text = out.asJSON()
	}
	if err := printResult(env, text); err != nil {
		return err
	}
	if code := out.code(); code != exitDone {
		return silent(code)
	}
	return nil
}

// check the flags.
func (f diffFlags) check(oldName, newName string) (forced [2]kind.Kind, err error) {
	names := strings.Split(f.kind, ",")
	if len(names) == 1 {
		names = append(names, names[0])
	}
	for i, name := range names {
		if i == 2 {
			return forced, usage("--kind is one kind, or two: of OLD and of NEW")
		}
		if forced[i], err = parseKind(name); err != nil {
			return forced, err
		}
	}
	if err := checkFormat(f.format); err != nil {
		return forced, err
	}
	switch {
	case f.text && f.packets:
		return forced, usage("--text and --packets exclude each other; without either both are shown")
	case oldName == "-" && newName == "-":
		return forced, usage("standard input can be read once only")
	}
	return forced, nil
}

// readInput of any kind. Mistakes are in the list; the error is a failure.
func readInput(env Env, name string, forced kind.Kind, l *diag.List) (*input, error) {
	src, said := readSource(env, name)
	l.All = append(l.All, said.All...)
	if src == nil {
		return nil, nil
	}
	before := l.Errors()
	in := &input{src: src, kind: kindOf(src, forced, l)}
	if l.Errors() > before {
		return nil, nil
	}
	if in.kind != kind.Low {
		in.rules = readForeign(src, in.kind, l)
		return in, nil
	}
	p, said, err := loadPolicy(src)
	if err != nil {
		return nil, refused(err)
	}
	l.All = append(l.All, said.All...)
	in.policy = p
	return in, nil
}

// families of which an input says something.
func (in *input) families() (v4, v6 bool) {
	if in.kind == kind.Iptables || in.kind == kind.Ip6tables {
		for _, t := range in.rules.Tables {
			v4, v6 = v4 || t.Family == ruleset.IP, v6 || t.Family == ruleset.IP6
		}
		return v4, v6
	}
	return true, true
}

// pairs of rulesets that are to be compared, with what is to be said about them.
func (d *difference) pairs(f diffFlags, facts *host.Host, l *diag.List) error {
	names, err := d.hosts(f)
	if err != nil {
		return err
	}
	for _, name := range names {
		q := change.Question{Max: maxClasses, V4: true, V6: true}
		var views []*policy.View
		rules := func(in *input) *ruleset.Ruleset {
			v4, v6 := in.families()
			q.V4, q.V6 = q.V4 && v4, q.V6 && v6
			if in.policy == nil {
				return in.rules
			}
			v := in.policy.View(name)
			views = append(views, v)
			return compiler.Compile(v, compiler.Nft, l)
		}
		q.Old, q.New = rules(d.old), rules(d.new)
		if q.Old == nil || q.New == nil {
			return nil // why not is in the list
		}
		switch {
		case facts != nil:
			q.Host, q.Routes = facts, len(facts.Routes) > 0 || facts.Complete
		case len(views) > 0:
			q.Host, q.Names = policy.Machine(views...)
		}
		switch {
		case !q.V4 && !q.V6:
			return usage("no packet is judged by both: one input is of IPv4, the other of IPv6")
		case !q.V4:
			d.said = append(d.said, "packets of IPv4 are not compared: one of the inputs says nothing of them")
		case !q.V6:
			d.said = append(d.said, "packets of IPv6 are not compared: one of the inputs says nothing of them")
		}
		d.asked = append(d.asked, pair{name, q})
	}
	return nil
}

// hosts for which policies are compared; "" where no policy has any.
func (d *difference) hosts(f diffFlags) ([]string, error) {
	if d.old.policy == nil && d.new.policy == nil {
		if f.host != "" {
			return nil, usage("--host chooses a host of a policy; these inputs are %s and %s", d.old.kind, d.new.kind)
		}
		return []string{""}, nil
	}
	var lists [][]string
	for _, in := range []*input{d.old, d.new} {
		if in.policy == nil {
			continue
		}
		var list []string
		for _, v := range in.policy.Views {
			list = append(list, v.Host.Name)
		}
		if f.host != "" && in.policy.View(f.host) == nil {
			return nil, usage("%s has no host %s: it has %s", in.src.Name, f.host, strings.Join(list, ", "))
		}
		lists = append(lists, list)
	}
	switch {
	case f.host != "":
		return []string{f.host}, nil
	case len(lists) == 1 && len(lists[0]) > 1:
		return nil, usage("the policy has several hosts: choose one with --host: %s", strings.Join(lists[0], ", "))
	case len(lists) == 1:
		return lists[0], nil
	}
	var both []string
	d.removed, both = apart(lists[0], lists[1])
	d.added, _ = apart(lists[1], lists[0])
	return both, nil
}

// apart says which names are in a alone, and which in both.
func apart(a, b []string) (alone, both []string) {
	in := map[string]bool{}
	for _, s := range b {
		in[s] = true
	}
	for _, s := range a {
		if in[s] {
			both = append(both, s)
		} else {
			alone = append(alone, s)
		}
	}
	return alone, both
}

// lines that change: of the inputs as they are, or where they are of different kinds
// and only lines are asked for, of both in nft's text.
func (d *difference) lines(f diffFlags, l *diag.List) {
	name := [2]string{diffName(d.old.src.Name), diffName(d.new.src.Name)}
	if d.old.kind == d.new.kind {
		d.text = textdiff.Unified(name[0], name[1], d.old.src.Data, d.new.src.Data)
		return
	}
	if !f.text {
		return
	}
	var texts [2][]byte
	for i, in := range []*input{d.old, d.new} {
		rs := in.rules
		if in.policy != nil {
			v, err := f.view(in)
			if err != nil {
				l.Errorf(in.src.Span(0, 0), "%v", err)
				continue
			}
			if rs = compiler.Compile(v, compiler.Nft, l); rs != nil {
				rs.Header = nil
			}
		}
		if rs != nil {
			texts[i] = findTarget("nft").translate(rs, l)
		}
	}
	d.text = textdiff.Unified(name[0], name[1], texts[0], texts[1])
}

// view of a policy for the one host that is asked for.
func (f diffFlags) view(in *input) (*policy.View, error) {
	if v := in.policy.View(f.host); v != nil {
		return v, nil
	}
	if len(in.policy.Views) == 1 && f.host == "" {
		return in.policy.Views[0], nil
	}
	return nil, usage("it has several hosts: choose one with --host")
}

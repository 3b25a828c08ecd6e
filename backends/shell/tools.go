package shell

import (
	"path"
	"slices"
	"strings"

	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// tool runs a command of one of the tools.
func (r *runner) tool(t tool, args []field, io streams) {
	args = r.dropped(args)
	line, at := r.line(args), r.at
	apply := r.applies(t, args, io)
	if apply == nil {
		r.record(at, line, nil)
		if t == toolOther && second(args) == "netns" {
			r.once(at, ruleset.CodeOpaque, "read, not modelled: a command in another network namespace")
		}
		io.out.other(line, at, "it is a command's output")
		r.status = undecided
		return
	}
	m := r.machine
	if r.aside > 0 {
		m = r.shadow
	}
	var l diag.List
	apply(m, &l)
	r.record(at, line, apply)
	r.status = success
	for _, d := range l.All {
		r.complaint(d, io)
	}
}

// complaint passes on what a reader says of a command. That it fails for the
// state of the rules is no mistake of a script which expects it, and no more than
// a warning elsewhere: the machine may have begun with other rules.
func (r *runner) complaint(d *diag.Diagnostic, io streams) {
	if d.Severity == diag.Error || d.Code == ruleset.CodeRefused {
		r.status = failure
	}
	if d.Code == ruleset.CodeRefused {
		if r.aside > 0 || io.quiet {
			return
		}
		if d.Severity == diag.Error {
			d.Severity = diag.Warning
			d.Message = "this command fails: " + d.Message
		}
	}
	key := place{d.Span.Start, d.Message}
	if r.told[key] {
		return
	}
	r.told[key] = true
	kept := r.list.Warnf(d.Span, "%s", d.Message)
	*kept = *d
}

// dropped leaves out words that are nothing but a variable which the script never
// sets, where no value is due: "$IPT $WAIT -A INPUT".
func (r *runner) dropped(args []field) []field {
	out := args[:0:0]
	for i, a := range args {
		if a.bare && i > 0 {
			if last := args[i-1].text; !strings.HasPrefix(last, "-") && last != "!" {
				r.once(a.span, ruleset.CodeUnknown, "%s is set nowhere in the script: read as if it were empty", r.shown(a.text))
				continue
			}
		}
		out = append(out, a)
	}
	return out
}

// applies gives what a command does to a machine, or nil where it changes no
// rules. All it needs is taken now: it may be applied again later.
func (r *runner) applies(t tool, args []field, io streams) func(*machine, *diag.List) {
	at := r.at
	switch t {
	case toolIptables, toolIp6tables:
		words := r.words(args[1:])
		if reading(words) {
			return nil
		}
		return func(m *machine, l *diag.List) { m.family(t == toolIp6tables).Command(words, at, l) }
	case toolIpset:
		return r.ipset(args, io)
	case toolRestore, toolRestore6:
		return r.restore(t, args, io)
	case toolNft:
		return r.nft(args, io)
	}
	return nil
}

func (r *runner) words(args []field) []iptables.Word {
	words := make([]iptables.Word, len(args))
	for i, a := range args {
		words[i] = iptables.Word{Text: r.marked(a.text), Span: a.span}
	}
	return words
}

// reading says whether a command of iptables only shows something. It prints what
// can't be known.
func reading(words []iptables.Word) bool {
	for _, w := range words {
		switch w.Text {
		case "-L", "--list", "-S", "--list-rules", "-nL", "-vL", "-nvL", "-vnL", "-Ln", "-V", "--version", "-h", "--help":
			return true
		}
		if strings.HasPrefix(w.Text, "-L") && !strings.HasPrefix(w.Text, "--") {
			return true
		}
	}
	return len(words) == 0
}

// restore reads what iptables-restore is given.
func (r *runner) restore(t tool, args []field, io streams) func(*machine, *diag.List) {
	flush, from := true, io.in
	skip := false
	for _, a := range args[1:] {
		switch {
		case skip:
			skip = false
		case a.text == "-n" || a.text == "--noflush" || a.text == "-nw" || a.text == "-wn":
			flush = false
		case a.text == "-t" || a.text == "--test":
			return nil
		case a.text == "-T" || a.text == "--table" || a.text == "-M" || a.text == "--modprobe":
			skip = true
		case strings.HasPrefix(a.text, "-"):
		default:
			from = nil
			if content, ok := r.files[path.Clean(a.text)]; ok {
				from = &input{text: content}
			}
		}
	}
	if !r.given(from, args) {
		return nil
	}
	f := r.derive(from.text)
	return func(m *machine, l *diag.List) { m.family(t == toolRestore6).Restore(f, flush, l) }
}

// given says whether what a command reads is known; where not, that is said: the
// rules are not all in the script.
func (r *runner) given(in *input, args []field) bool {
	if in != nil && !(len(in.text) == 1 && loneMark(in.text[0].Text)) {
		return true
	}
	r.tell(diag.Warning, r.at, ruleset.CodeUnknown, "what %s reads can't be known: its rules are not in the script", r.shown(args[0].text))
	return false
}

// nft reads a file, standard input, or its arguments.
func (r *runner) nft(args []field, io streams) func(*machine, *diag.List) {
	var rest []field
	for i := 1; i < len(args); i++ {
		switch a := args[i].text; {
		case a == "-f" || a == "--file":
			if i++; i >= len(args) {
				return nil
			}
			return r.nftFile(args[i].text, args, io)
		case strings.HasPrefix(a, "-f") && !strings.HasPrefix(a, "--"):
			return r.nftFile(a[2:], args, io)
		case a == "-c" || a == "--check" || a == "-i" || a == "--interactive" || a == "-v" || a == "-V" || a == "-h":
			return nil
		case a == "-I" || a == "-D" || a == "--includepath" || a == "--define":
			i++
		case strings.HasPrefix(a, "-") && len(rest) == 0:
		default:
			rest = append(rest, args[i])
		}
	}
	if len(rest) == 0 || slices.Contains([]string{"list", "monitor", "describe", "export", "get"}, firstWord(rest[0].text)) {
		return nil
	}
	parts := make(text, 0, 2*len(rest))
	for i, a := range rest {
		if i > 0 {
			parts = append(parts, diag.Part{Text: " "})
		}
		parts = append(parts, diag.Part{Text: a.text, From: a.span})
	}
	f := r.derive(parts)
	return func(m *machine, l *diag.List) { m.nft.Run(f, l) }
}

func firstWord(s string) string {
	if f := strings.Fields(s); len(f) > 0 {
		return f[0]
	}
	return ""
}

func (r *runner) nftFile(name string, args []field, io streams) func(*machine, *diag.List) {
	in := io.in
	if name != "-" && name != "/dev/stdin" {
		in = nil
		if content, ok := r.files[path.Clean(name)]; ok {
			in = &input{text: content}
		}
	}
	if !r.given(in, args) {
		return nil
	}
	f := r.derive(in.text)
	return func(m *machine, l *diag.List) { m.nft.Run(f, l) }
}

// ipset reads its arguments, or with restore what it is given.
func (r *runner) ipset(args []field, io streams) func(*machine, *diag.List) {
	at := r.at
	in := io.in
	for i := 1; i < len(args); i++ {
		switch args[i].text {
		case "list", "-L", "save", "-S", "test", "-T", "version", "help":
			return nil
		case "-f", "-file":
			in = nil
			if i+1 < len(args) {
				if content, ok := r.files[path.Clean(args[i+1].text)]; ok {
					in = &input{text: content}
				}
			}
			i++
		case "restore", "-R":
			if !r.given(in, args) {
				return nil
			}
			f := r.derive(in.text)
			exist := slices.ContainsFunc(args, func(a field) bool { return a.text == "-exist" || a.text == "-!" })
			return func(m *machine, l *diag.List) { m.sets.Restore(f, exist, l) }
		}
	}
	words := r.words(args[1:])
	return func(m *machine, l *diag.List) { m.sets.Command(words, at, l) }
}

package ipset

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// maxName is the greatest length of a set's name (IPSET_MAXNAMELEN and its zero).
const maxName = 31

// State is the kernel's sets as the commands so far have left them.
type State struct {
	sets []*held
}

// held is a set with an index of its elements.
type held struct {
	set   *ruleset.Set
	index map[string]int // element by its text
}

// NewState is a kernel without sets.
func NewState() *State { return &State{} }

// Sets are all sets, in the order in which they were created. They are good until
// the next command.
func (s *State) Sets() []*ruleset.Set {
	out := make([]*ruleset.Set, len(s.sets))
	for i, h := range s.sets {
		out[i] = h.set
	}
	return out
}

// Read what ipset save prints.
func Read(f *diag.File, l *diag.List) []*ruleset.Set {
	s := NewState()
	s.Restore(f, false, l)
	return s.Sets()
}

// Restore does what ipset restore does with a text; exist is its option -exist.
// Mistakes go to the list, and what is right is done all the same.
func (s *State) Restore(f *diag.File, exist bool, l *diag.List) {
	text := string(f.Data)
	for at := 0; at < len(text); {
		end := len(text)
		if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
			end = at + i
		}
		words, open := split(f, text[at:end], at)
		switch {
		case len(words) == 0 || strings.HasPrefix(words[0].Text, "#") || words[0].Text == "COMMIT":
		case open:
			l.Errorf(f.Span(at, end), "a quote is not closed").WithCode(ruleset.CodeSyntax)
		default:
			c := command{s: s, l: l, at: f.Span(at, end), exist: exist}
			c.run(words)
		}
		at = end + 1
	}
}

// split a line into words; a comment may stand between quotes.
func split(f *diag.File, line string, at int) (words []iptables.Word, open bool) {
	for i := 0; i < len(line); {
		if line[i] == ' ' || line[i] == '\t' || line[i] == '\r' {
			i++
			continue
		}
		from := i
		if line[i] == '"' {
			n := strings.IndexByte(line[i+1:], '"')
			if n < 0 {
				return words, true
			}
			i += n + 2
			words = append(words, iptables.Word{Text: line[from+1 : i-1], Span: f.Span(at+from, at+i)})
			continue
		}
		for i < len(line) && line[i] != ' ' && line[i] != '\t' && line[i] != '\r' {
			i++
		}
		words = append(words, iptables.Word{Text: line[from:i], Span: f.Span(at+from, at+i)})
	}
	return words, false
}

// Command does what one command of ipset does; args are without the program's
// name.
func (s *State) Command(args []iptables.Word, at diag.Span, l *diag.List) {
	c := command{s: s, l: l, at: at}
	c.run(args)
}

type command struct {
	s     *State
	l     *diag.List
	at    diag.Span
	exist bool
}

func (c *command) syntax(at diag.Span, format string, args ...any) *diag.Diagnostic {
	return c.l.Errorf(at, format, args...).WithCode(ruleset.CodeSyntax)
}

func (c *command) refuse(at diag.Span, format string, args ...any) *diag.Diagnostic {
	return c.l.Errorf(at, format, args...).WithCode(ruleset.CodeRefused)
}

func (c *command) run(args []iptables.Word) {
	words := make([]iptables.Word, 0, len(args))
	for i := 0; i < len(args); i++ {
		switch args[i].Text {
		case "-exist", "--exist", "-!":
			c.exist = true
		case "-q", "-quiet", "--quiet", "-s", "-sorted", "-r", "-resolve", "-n", "-name", "-t", "-terse":
		case "-o", "-output", "-f", "-file":
			i++
		default:
			words = append(words, args[i])
		}
	}
	if len(words) == 0 {
		return
	}
	name, rest := words[0], words[1:]
	switch strings.TrimPrefix(name.Text, "--") {
	case "create", "-N", "n", "new":
		c.create(rest)
	case "add", "-A":
		c.add(rest)
	case "del", "-D":
		c.del(rest)
	case "destroy", "-X", "x":
		c.destroy(rest)
	case "flush", "-F":
		c.flush(rest)
	case "rename", "-E", "e":
		c.rename(rest)
	case "swap", "-W", "w":
		c.swap(rest)
	case "list", "-L", "save", "-S", "test", "-T", "version", "-V", "-v", "help", "-H", "-h", "restore", "-R", "quit", "-":
	default:
		if !ruleset.HasUnknown(name.Text) {
			c.syntax(name.Span, "ipset has no command %q", name.Text).Helpf("create, add, del, destroy, flush, rename or swap")
		}
	}
}

// find a set, which must be there.
func (c *command) find(words []iptables.Word) *held {
	if len(words) == 0 {
		c.syntax(c.at, "the name of a set is missing")
		return nil
	}
	if i := c.index(words[0].Text); i >= 0 {
		return c.s.sets[i]
	}
	if !ruleset.HasUnknown(words[0].Text) {
		c.refuse(words[0].Span, "there is no set %s", words[0].Text)
	}
	return nil
}

func (c *command) index(name string) int {
	return slices.IndexFunc(c.s.sets, func(h *held) bool { return h.set.Name == name })
}

func (c *command) create(words []iptables.Word) {
	if len(words) < 2 {
		c.syntax(c.at, "a set is created by its name and its type").Helpf("like this: create NAME hash:ip")
		return
	}
	name := ruleset.ShowUnknown(words[0].Text)
	typ, ok := typeName(words[1].Text)
	switch {
	case !ok:
		if ruleset.HasUnknown(words[1].Text) {
			c.l.Warnf(words[1].Span, "read, not modelled: a set of a type that can't be known").WithCode(ruleset.CodeOpaque)
			return
		}
		c.syntax(words[1].Span, "there is no type of sets %q", words[1].Text).Helpf("one of %s", strings.Join(types, ", "))
		return
	case len(name) > maxName && !ruleset.HasUnknown(words[0].Text):
		c.refuse(words[0].Span, "the name of a set has at most %d bytes", maxName)
		return
	}
	set := &ruleset.Set{Name: name, IPSet: &ruleset.IPSetType{Type: typ}, Interval: strings.Contains(typ, "net") || strings.HasPrefix(typ, "bitmap"), Origin: c.at}
	family := ""
	fine := true
	c.options(words[2:], createOption, func(o string, v iptables.Word) {
		switch o {
		case "family":
			if family = v.Text; family != "inet" && family != "inet6" && family != "ipv4" && family != "ipv6" && family != "-4" && family != "-6" && !ruleset.HasUnknown(family) {
				c.syntax(v.Span, "%q is no family", family).Helpf("inet or inet6")
				fine = false
			}
			if family == "ipv6" || family == "-6" {
				family = "inet6"
			}
			return
		case "timeout":
			set.Timeouts = true
			set.Timeout = seconds(v.Text)
		case "counters":
			set.Counted = true
		case "maxelem", "size":
			set.Size, _ = strconv.Atoi(v.Text)
		}
		set.IPSet.Options = append(set.IPSet.Options, o)
		if v.Text != "" {
			set.IPSet.Options = append(set.IPSet.Options, ruleset.ShowUnknown(v.Text))
		}
	}, &fine)
	if !fine {
		return
	}
	if strings.HasPrefix(typ, "bitmap:") && !slices.Contains(set.IPSet.Options, "range") && !slices.Contains(set.IPSet.Options, "from") && !slices.Contains(set.IPSet.Options, "network") {
		c.syntax(words[1].Span, "a set of the type %s needs a range", typ).Helpf("range FROM-TO")
		return
	}
	set.IPSet.Family = familyOf(typ, family)
	set.Key = keyOf(typ, set.IPSet.Family)
	if i := c.index(name); i >= 0 {
		if !c.exist {
			c.refuse(words[0].Span, "the set %s exists already", name).See(c.s.sets[i].set.Origin, "created here")
		}
		return
	}
	c.s.sets = append(c.s.sets, &held{set: set, index: map[string]int{}})
}

// options calls do for each of them with its value.
func (c *command) options(words []iptables.Word, known func(string) (int, bool), do func(string, iptables.Word), fine *bool) {
	for i := 0; i < len(words); i++ {
		o := strings.TrimPrefix(words[i].Text, "--")
		values, ok := known(o)
		switch {
		case !ok && ruleset.HasUnknown(o):
		case !ok:
			c.syntax(words[i].Span, "%q is no option here", words[i].Text)
			*fine = false
		case i+values >= len(words), values > 0 && words[i+1].Text == "" && o != "comment":
			c.syntax(words[i].Span, "the option %s needs a value", o)
			*fine = false
			i += values
		case values == 0:
			do(o, iptables.Word{})
		default:
			i++
			do(o, words[i])
		}
	}
}

func seconds(s string) time.Duration {
	n, _ := strconv.ParseUint(s, 10, 32)
	return time.Duration(n) * time.Second
}

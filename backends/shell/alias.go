package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// aliased runs a command whose first word is an alias: its text takes the word's
// place, and all of it is read once more.
func (r *runner) aliased(c *syntax.CallExpr, io streams) bool {
	word := c.Args[0].Lit()
	text, ok := r.aliases[word]
	if !ok || word == "" || !r.options.aliases || r.aside > 0 || len(c.Assigns) > 0 {
		return false
	}
	delete(r.aliases, word) // not within itself
	var b strings.Builder
	b.WriteString(text)
	for _, a := range c.Args[1:] {
		b.WriteString(" " + r.source(a))
	}
	r.inner(b.String(), io)
	r.aliases[word] = text
	return true
}

// alias notes aliases, or forgets them.
func (r *runner) alias(name string, args []field) {
	for _, a := range args {
		switch text, value, ok := strings.Cut(a.text, "="); {
		case name == "unalias":
			delete(r.aliases, a.text)
		case ok && known(value):
			r.aliases[text] = value
		}
	}
}

// xargs runs a command with the words of its input as arguments.
func (r *runner) xargs(args []field, n syntax.Node, io streams) {
	each, replace := 0, ""
	for len(args) > 0 && strings.HasPrefix(args[0].text, "-") {
		switch a := args[0].text; {
		case (a == "-n" || a == "-L" || a == "-P" || a == "-I" || a == "-d" || a == "-s") && len(args) > 1:
			if a == "-n" || a == "-L" {
				each = atoi(args[1].text)
			}
			if a == "-I" {
				replace = args[1].text
			}
			args = args[1:]
		case strings.HasPrefix(a, "-n"):
			each = atoi(a[2:])
		case strings.HasPrefix(a, "-I"):
			replace = a[2:]
		}
		args = args[1:]
	}
	if len(args) == 0 {
		r.status = success
		return
	}
	var words []string
	if io.in == nil {
		words = []string{r.unknown("what "+r.line(args)+" reads", r.at, "it comes from elsewhere")}
	} else {
		words = strings.Fields(io.in.text.String())
		if replace != "" {
			words = strings.Split(strings.TrimRight(io.in.text.String(), "\n"), "\n")
		}
	}
	if replace != "" {
		for _, w := range words {
			line := make([]field, len(args))
			for i, a := range args {
				line[i] = field{text: strings.ReplaceAll(a.text, replace, w), span: a.span}
			}
			r.run(line, n, streams{out: io.out, quiet: io.quiet})
		}
		return
	}
	if each <= 0 {
		each = max(len(words), 1)
	}
	for i := 0; i < len(words) && r.step(r.at); i += each {
		line := append([]field(nil), args...)
		for _, w := range words[i:min(i+each, len(words))] {
			line = append(line, field{text: w, span: r.at})
		}
		r.run(line, n, streams{out: io.out, quiet: io.quiet})
	}
}

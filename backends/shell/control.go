package shell

import (
	"strconv"
	"strings"
)

// leave is exit, return, break and continue. In a branch of which it can't be
// known whether it runs they end that branch alone.
func (r *runner) leave(name string, args []field) {
	n := 1
	if len(args) > 0 {
		n, _ = strconv.Atoi(args[0].text)
		if name == "exit" || name == "return" {
			r.status = status(max(n, 0))
			if !known(args[0].text) {
				r.status = undecided
			}
		}
	}
	r.levels = max(n, 1)
	r.flow = map[string]flow{"exit": exiting, "return": returning, "break": breaking, "continue": continuing}[name]
}

func (r *runner) shift(args []field) {
	n := 1
	if len(args) > 0 {
		n, _ = strconv.Atoi(args[0].text)
	}
	if r.params != nil {
		r.params = r.params[min(max(n, 0), len(r.params)):]
	}
}

func (r *runner) set(args []field) {
	for i, a := range args {
		switch {
		case a.text == "--" || !strings.HasPrefix(a.text, "-") && !strings.HasPrefix(a.text, "+"):
			if a.text == "--" {
				i++
			}
			r.params = []string{}
			for _, p := range args[i:] {
				r.params = append(r.params, p.text)
			}
			return
		default:
			r.options.set(a.text)
			if strings.HasSuffix(a.text, "o") && i+1 < len(args) { // the option's name follows
				r.options.named(args[i+1].text, a.text[0] == '-')
				return
			}
		}
	}
}

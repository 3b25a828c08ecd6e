package shell

import (
	"bytes"
	"path"
	"strings"
)

// options are what a script's first line and set have switched on.
type options struct {
	errexit, pipefail, nounset bool
	// aliases are expanded: bash has to be told to, others do it.
	aliases bool
	// noBraces: the shell does not know {a,b}.
	noBraces bool
}

// optionsOf a script, by its first line. One that does not say its shell is read
// as bash's.
func optionsOf(script []byte) options {
	o := options{}
	line, _, _ := bytes.Cut(script, []byte("\n"))
	text, ok := strings.CutPrefix(string(line[:min(len(line), 256)]), "#!")
	words := strings.Fields(text)
	if !ok || len(words) == 0 {
		return o
	}
	if path.Base(words[0]) == "env" || path.Base(words[0]) == "busybox" {
		words = words[1:]
	}
	for i, w := range words {
		if i > 0 && strings.HasPrefix(w, "-") {
			o.set(w)
			continue
		}
		switch path.Base(w) {
		case "dash", "ash":
			o.aliases, o.noBraces = true, true
		case "sh":
			o.aliases = true
		}
	}
	return o
}

// set what "-eu" or "+e" says.
func (o *options) set(word string) {
	if len(word) > 1 && strings.Contains(word[1:], "e") {
		o.errexit = word[0] == '-'
	}
	if len(word) > 1 && strings.Contains(word[1:], "u") {
		o.nounset = word[0] == '-'
	}
}

// named sets an option by its long name.
func (o *options) named(name string, on bool) {
	switch name {
	case "errexit":
		o.errexit = on
	case "nounset":
		o.nounset = on
	case "pipefail":
		o.pipefail = on
	}
}

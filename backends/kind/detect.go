package kind

import (
	"bytes"
	"path/filepath"
	"strings"

	"github.com/loward/loward/dsl/diag"
)

// evidence is what a line says of the kind of its file.
type evidence struct {
	kind Kind
	// weak: another kind may have such a line too; the file's name decides where
	// it says something else.
	weak bool
}

// Detect the kind of a file: by its first line that tells anything. A line that
// two kinds may have gives way to the file's name. Unknown is the answer where
// neither tells, as of an empty text.
func Detect(f *diag.File) Kind {
	k := detect(f)
	if k == Iptables {
		k = family(f)
	}
	return k
}

func detect(f *diag.File) Kind {
	text := bytes.TrimPrefix(f.Data, []byte("\ufeff"))
	if k := interpreter(text); k != Unknown {
		return k
	}
	if rest := bytes.TrimLeft(text, " \t\r\n"); len(rest) > 0 && (rest[0] == '{' || rest[0] == '[') && json(rest) {
		return NftJSON
	}
	named := byName(f.Name)
	if named == Ip6tables {
		named = Iptables // which of the two is a question of its own
	}
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		e := ofLine(string(line[:min(len(line), maxLine)]))
		switch {
		case e.kind == Unknown:
		case e.weak && named != Unknown:
			return named
		default:
			return e.kind
		}
	}
	return named
}

// maxLine is how much of a line is looked at.
const maxLine = 512

// interpreter is what a line #!PROGRAM says, as the kernel reads it.
func interpreter(text []byte) Kind {
	line, ok := bytes.CutPrefix(text, []byte("#!"))
	if !ok {
		return Unknown
	}
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	words := strings.Fields(string(line[:min(len(line), maxLine)]))
	for len(words) > 0 {
		name := words[0][strings.LastIndexByte(words[0], '/')+1:]
		switch {
		case name == "env" || name == "busybox" || strings.HasPrefix(name, "-") || strings.Contains(name, "="):
			words = words[1:]
			continue
		case name == "nft":
			return Nft
		case name == "loward":
			return Low
		case strings.HasPrefix(name, "iptables") && strings.HasSuffix(name, "-restore"), strings.HasPrefix(name, "ip6tables") && strings.HasSuffix(name, "-restore"):
			return Iptables
		case shells(name):
			return Shell
		}
		return Unknown
	}
	return Unknown
}

// shells: the interpreters of shell scripts, with those of init scripts.
func shells(name string) bool {
	switch name {
	case "sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "openrc-run", "runscript", "rc.common":
		return true
	}
	return false
}

// json: the text begins as a JSON document does; a list of commands or rules of
// nft is an object.
func json(text []byte) bool {
	rest := bytes.TrimLeft(text[1:], " \t\r\n")
	return len(rest) > 0 && (rest[0] == '"' || rest[0] == '{' || rest[0] == '}' || rest[0] == ']')
}

// byName is what the name of a file promises.
func byName(name string) Kind {
	base := strings.ToLower(filepath.Base(name))
	switch filepath.Ext(base) {
	case ".low":
		return Low
	case ".nft":
		return Nft
	case ".json":
		return NftJSON
	case ".sh", ".bash":
		return Shell
	case ".rules", ".v4", ".iptables", ".rules4":
		if sixByName(base) {
			return Ip6tables
		}
		return Iptables
	case ".v6", ".ip6tables", ".rules6":
		return Ip6tables
	}
	switch {
	case strings.HasPrefix(base, "nftables.conf"):
		return Nft
	case strings.HasPrefix(base, "ip6tables"):
		return Ip6tables
	case strings.HasPrefix(base, "iptables"):
		return Iptables
	}
	return Unknown
}

// sixByName: a name that says IPv6.
func sixByName(base string) bool {
	return strings.Contains(base, "v6") || strings.Contains(base, "ip6") || strings.Contains(base, "rules6")
}

package iptables

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// leastVectors is the share of upstream's vectors that must be read as upstream
// says.
const leastVectors = 0.95

// Upstream's own vectors are read as upstream says, in every chain that they
// name: those that load without a mistake and with nothing left opaque, the others
// with a mistake. What remains is a set, an accounting object or a label that is
// not there, which no text tells.
func TestVectors(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(corpus, "upstream/iptables-extensions/*.t"))
	if len(files) == 0 {
		t.Skipf("SKIPPED: no vectors of iptables beside the checkout, at %s", corpus)
	}
	total, right := 0, 0
	for _, file := range files {
		base := filepath.Base(file)
		var families []ruleset.Family
		switch {
		case strings.HasPrefix(base, "libxt_"), base == "iptables.t":
			families = []ruleset.Family{ruleset.IP, ruleset.IP6}
		case strings.HasPrefix(base, "libipt_"):
			families = []ruleset.Family{ruleset.IP}
		case strings.HasPrefix(base, "libip6t_"):
			families = []ruleset.Family{ruleset.IP6}
		default: // of arptables and ebtables
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n, good := 0, 0
		for _, f := range families {
			a, b := vectorsOf(t, base, string(data), f)
			n, good = n+a, good+b
		}
		t.Logf("%-24s %4d of %4d", base, good, n)
		total, right = total+n, right+good
	}
	t.Logf("%d of %d vectors are read as upstream says", right, total)
	if float64(right) < leastVectors*float64(total) {
		t.Errorf("%d of %d vectors are read as upstream says, want %v of them", right, total, leastVectors)
	}
}

func vectorsOf(t *testing.T, file, data string, family ruleset.Family) (n, good int) {
	table, chains := "filter", []string{"INPUT"}
	for _, line := range strings.Split(data, "\n") {
		switch {
		case line == "" || strings.ContainsRune("#@%", rune(line[0])):
			continue
		case line[0] == ':':
			chains = strings.Split(line[1:], ",")
			continue
		case line[0] == '*':
			table = line[1:]
			continue
		}
		parts := strings.Split(line, ";")
		if len(parts) < 3 {
			continue
		}
		want := strings.TrimSpace(parts[2]) == "OK"
		if len(parts) == 4 && parts[3] == "LEGACY" { // iptables-nft says the contrary
			want = !want
		}
		for _, chain := range chains {
			n++
			if got, why := readsWell(table, chain, parts[0], family); got == want {
				good++
			} else {
				t.Logf("%s: %s %s %s %s: want %v: %s", file, family, table, chain, parts[0], want, why)
			}
		}
	}
	return n, good
}

// readsWell says whether a rule, as a command, is read without a mistake and
// wholly understood, and why not.
func readsWell(table, chain, rule string, family ruleset.Family) (ok bool, why string) {
	var l diag.List
	state := NewState(family)
	f := diag.NewFile("vector", []byte("-t "+table+" -A "+chain+" "+rule))
	state.Command(shellWords(f), f.Span(0, len(f.Data)), &l)
	for _, d := range l.All {
		if d.Severity == diag.Error {
			return false, d.Message
		}
	}
	for _, tab := range state.Ruleset().Tables {
		for _, c := range tab.Chains {
			for _, r := range c.Rules {
				for s := range r.Plain {
					if o, is := s.(*ruleset.Opaque); is {
						return false, "opaque: " + o.Text
					}
				}
			}
		}
	}
	return true, ""
}

// shellWords splits a line at blanks; text between double quotes is one word.
func shellWords(f *diag.File) []Word {
	var out []Word
	line := string(f.Data)
	for i := 0; i < len(line); {
		if line[i] == ' ' {
			i++
			continue
		}
		start := i
		var b strings.Builder
		for quoted := false; i < len(line) && (quoted || line[i] != ' '); i++ {
			if line[i] == '"' {
				quoted = !quoted
			} else {
				b.WriteByte(line[i])
			}
		}
		out = append(out, Word{Text: b.String(), Span: f.Span(start, i)})
	}
	return out
}

package corpus

import (
	"strings"

	"github.com/loward/loward/backends/kind"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// IptablesVectors reads each line of iptables' extension tests in each chain and
// for each family that it is for. What upstream takes has to be taken, and to
// mean the same as what upstream prints of it; what it refuses has to be refused.
func (c *Corpus) IptablesVectors() ([]Vector, error) {
	var out []Vector
	var file, table string
	var chains []string
	err := tests(c.Root, "iptables-extensions", func(name string, n int, line string) {
		if name != file {
			file, table, chains = name, "filter", nil
		}
		switch line[0] {
		case ':':
			chains = strings.Split(line[1:], ",")
			return
		case '*':
			table = line[1:]
			return
		case '@', '%':
			return // commands that prepare the machine
		}
		cols := strings.Split(line, ";")
		if len(cols) < 3 {
			return
		}
		ok := cols[2] == "OK"
		variants := len(cols) > 3 // nft's and legacy's tools differ
		for _, f := range families(name) {
			for _, chain := range chains {
				v := Vector{File: name, Line: n, Family: f, Text: cols[0], OK: ok}
				v.Why = iptablesVector(f, table, chain, cols[0], cols[1], ok)
				if v.Why != "" && variants && iptablesVector(f, table, chain, cols[0], "", !ok) == "" {
					v.Why = "" // as one of them says
				}
				out = append(out, v)
			}
		}
	})
	return out, err
}

// families that a test file is for, by its name.
func families(name string) []ruleset.Family {
	switch {
	case strings.HasPrefix(name, "libipt_"):
		return []ruleset.Family{ruleset.IP}
	case strings.HasPrefix(name, "libip6t_"):
		return []ruleset.Family{ruleset.IP6}
	case strings.HasPrefix(name, "libxt_"):
		return []ruleset.Family{ruleset.IP, ruleset.IP6}
	}
	return nil // ebtables' and arptables'
}

func iptablesVector(f ruleset.Family, table, chain, rule, want string, ok bool) string {
	got, why := readRestore(f, table, chain, rule, ok)
	if why != "" || !ok || want == "=" || want == "" {
		return why
	}
	printed, why := readRestore(f, table, chain, want, true)
	if why != "" {
		return "upstream's own output: " + why
	}
	if a, b := meaning(got), meaning(printed); a != b {
		return "means " + a + ", and upstream's output " + b
	}
	return ""
}

func readRestore(f ruleset.Family, table, chain, rule string, ok bool) (*ruleset.Rule, string) {
	var l diag.List
	k := kind.Iptables
	if f == ruleset.IP6 {
		k = kind.Ip6tables
	}
	r := lastRule(readText(k, "*"+table+"\n-A "+chain+" "+rule+"\nCOMMIT\n", &l), chain)
	return r, judge(ok, r, &l)
}

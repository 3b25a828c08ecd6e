package iptables

import (
	"fmt"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
)

func TestZZ(t *testing.T) {
	files, _ := filepath.Glob(corpus + "/shell/*")
	more, _ := filepath.Glob(corpus + "/shell/*/*")
	files = append(files, more...)
	re := regexp.MustCompile(`^\s*(?:sudo )?(?:/\S*/|\$)?\{?(iptables|IPTABLES|IPT|ipt|ip6tables|IP6TABLES|IPT6)\}?\s+(.*)$`)
	va := regexp.MustCompile(`\$\{?[A-Za-z0-9_]+\}?`)
	n := 0
	errs := map[string]int{}
	op := map[string]int{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		for _, line := range strings.Split(strings.ReplaceAll(string(data), "\\\n", " "), "\n") {
			m := re.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			rest := m[2]
			for _, c := range []string{" #", ";", "|", "&&", ">", "2>"} {
				if i := strings.Index(rest, c); i >= 0 {
					rest = rest[:i]
				}
			}
			rest = strings.ReplaceAll(rest, "'", "\"")
			rest = va.ReplaceAllStringFunc(rest, func(s string) string { return ruleset.MarkUnknown(s) })
			if strings.Contains(rest, "`") || strings.Contains(rest, "$(") {
				continue
			}
			n++
			fam := ruleset.IP
			if strings.Contains(m[1], "6") {
				fam = ruleset.IP6
			}
			var l diag.List
			s := NewState(fam)
			df := diag.NewFile("x", []byte(rest))
			s.Command(shellWords(df), df.Span(0, len(rest)), &l)
			for _, d := range l.All {
				if d.Severity == diag.Error && !strings.Contains(d.Message, "chain") {
					errs[d.Message+"   <<"+ruleset.ShowUnknown(rest)]++
				} else if d.Code == ruleset.CodeOpaque {
					op[d.Message]++
				}
			}
		}
	}
	fmt.Println(n, "commands")
	var ks []string
	for k := range errs {
		ks = append(ks, k)
	}
	sort.Strings(ks)
	for _, k := range ks {
		fmt.Println(errs[k], k)
	}
	ks = nil
	for k := range op {
		ks = append(ks, k)
	}
	sort.Strings(ks)
	for _, k := range ks {
		fmt.Println("OPAQUE", op[k], k)
	}
}

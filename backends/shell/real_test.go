package shell

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/backends/ipset"
	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// section of a file of tests: what stands below a line of dashes and a name.
type section struct{ name, text string }

func sections(t testing.TB, file string) []section {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []section
	for i, part := range strings.Split("\n"+string(data), "\n--- ") {
		name, text, _ := strings.Cut(part, "\n")
		if i > 0 {
			out = append(out, section{name, text + "\n"})
		}
	}
	return out
}

// A real shell runs the script with the real tools, in a namespace of its own; in
// another one what we say that it leaves is loaded. Both have the same rules then.
func TestReal(t *testing.T) {
	all := sections(t, "testdata/real.txt")
	files := map[string][]byte{}
	for i, s := range all {
		var l diag.List
		rs := Read(diag.NewFile(s.name, []byte(s.text)), &l).Final
		files[fmt.Sprintf("s%d", i)] = []byte(s.text)
		for _, d := range l.All {
			if d.Severity == diag.Error {
				t.Errorf("%s: %s: %s", s.name, d.Span.FileLine(), d.Message)
			}
		}
		files[fmt.Sprintf("load%d", i)] = loader(t, s.name, rs)
	}
	const script = `
mkdir bin
for t in iptables ip6tables; do for k in "" -save -restore; do ln -s "$(command -v $t-legacy$k)" bin/$t$k; done; done
for t in nft ipset; do ln -s "$(command -v $t)" bin/$t; done
PATH=$PWD/bin:$PATH
cat >list <<'X'
iptables-save; echo; ip6tables-save; echo; nft -j list ruleset; echo; ipset save
X
i=0
while [ -e s$i ]; do
	interpreter=$(sed -n '1s/^#!//p' s$i)
	unshare -n sh -c "$interpreter s$i >/dev/null 2>err; sh list" || true
	printf '\001'
	unshare -n sh -c "sh load$i >err 2>&1 || cat err; sh list" || true
	printf '\002'
	i=$((i+1))
done`
	out, err := kernel.Script(t, script, files, "iptables-legacy-restore", "nft", "ipset", "bash", "dash")
	if err != nil {
		t.Fatal(err)
	}
	for i, pair := range strings.Split(strings.TrimSuffix(out, "\x02"), "\x02") {
		real, ours, _ := strings.Cut(pair, "\x01")
		if x, y := bareListing(real), bareListing(ours); x != y {
			t.Errorf("%s: the shell left\n%s\nand we say\n%s", all[i].name, x, y)
		}
	}
	t.Logf("%d scripts", len(all))
}

// loader is a script that loads a ruleset.
func loader(t *testing.T, name string, rs *ruleset.Ruleset) []byte {
	t.Helper()
	b := &strings.Builder{}
	here := func(command string, text []byte) {
		fmt.Fprintf(b, "%s <<'END-OF-TEXT'\n%sEND-OF-TEXT\n", command, text)
	}
	if len(rs.IPSets) > 0 {
		here("ipset restore", ipset.Write(rs.IPSets))
	}
	for _, f := range []ruleset.Family{ruleset.IP, ruleset.IP6} {
		part := &ruleset.Ruleset{IPSets: rs.IPSets}
		for _, tab := range rs.Tables {
			if tab.Dialect == ruleset.Iptables && tab.Family == f {
				part.Tables = append(part.Tables, tab)
			}
		}
		if len(part.Tables) == 0 {
			continue
		}
		text, mistakes := iptables.Save{Family: f}.Write(part)
		if text == nil {
			t.Errorf("%s: %s", name, mistakes[0].Message)
		}
		here(map[ruleset.Family]string{ruleset.IP: "iptables-restore", ruleset.IP6: "ip6tables-restore"}[f], text)
	}
	part := &ruleset.Ruleset{}
	for _, tab := range rs.Tables {
		if tab.Dialect == ruleset.Nft {
			part.Tables = append(part.Tables, tab)
		}
	}
	if len(part.Tables) > 0 {
		text, mistakes := nft.Text{Plain: true}.Write(part)
		if text == nil {
			t.Errorf("%s: %s", name, mistakes[0].Message)
		}
		here("nft -f -", text)
	}
	return []byte(b.String())
}

// bareListing is one without what may differ: comments, counters, handles, what
// the kernel draws by lot for a set, and tables in which nothing is.
func bareListing(s string) string {
	for _, re := range []string{`(?m)^#.*\n`, `\[\d+:\d+\]`, `"handle": \d+`, ` initval 0x[0-9a-f]+`, ` bucketsize \d+`} {
		s = regexp.MustCompile(re).ReplaceAllString(s, "")
	}
	s = regexp.MustCompile(`(?m)^\*\w+\n(:\w+ ACCEPT ?\n)*COMMIT\n`).ReplaceAllString(s, "")
	// Elements of a hash come in no order.
	s = regexp.MustCompile(`(?m)(^add .*\n?)+`).ReplaceAllStringFunc(s, func(run string) string {
		lines := strings.Split(strings.TrimSpace(run), "\n")
		slices.Sort(lines)
		return strings.Join(lines, "\n") + "\n"
	})
	// The kernel lists tables in the order in which they were first asked for.
	parts := strings.SplitAfter(s, "COMMIT\n")
	sortTables(parts)
	return strings.TrimSpace(strings.Join(parts, ""))
}

func sortTables(parts []string) {
	for i := range parts {
		for j := i + 1; j < len(parts); j++ {
			if strings.HasPrefix(parts[i], "*") && strings.HasPrefix(parts[j], "*") && parts[j] < parts[i] {
				parts[i], parts[j] = parts[j], parts[i]
			}
		}
	}
}

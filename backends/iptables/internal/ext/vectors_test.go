package ext

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loward/loward/compiler/ruleset"
)

// Upstream's own test vectors lie beside the checkout, not in it.
const vectors = "../../../../../shared/corpus/upstream/iptables-extensions"

// leastVectors is the share of upstream's vectors that must be read as upstream
// says.
const leastVectors = 0.95

// TestVectors reads every rule of upstream's vectors in every chain that they
// name: those that load without a mistake, the others with one.
func TestVectors(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(vectors, "*.t"))
	if len(files) == 0 {
		t.Skipf("SKIPPED: no vectors of iptables at %s", vectors)
	}
	total, right := 0, 0
	for _, file := range files {
		base := filepath.Base(file)
		var families []ruleset.Family
		switch {
		case strings.HasPrefix(base, "libxt_"):
			families = []ruleset.Family{ruleset.IP, ruleset.IP6}
		case strings.HasPrefix(base, "libipt_"):
			families = []ruleset.Family{ruleset.IP}
		case strings.HasPrefix(base, "libip6t_"):
			families = []ruleset.Family{ruleset.IP6}
		default: // other families, and iptables.t, which is the reader's
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n, good := 0, 0
		for _, f := range families {
			a, b := vectorFile(t, base, string(data), f)
			n, good = n+a, good+b
		}
		if n != good {
			t.Logf("%s: %d of %d", base, good, n)
		}
		total, right = total+n, right+good
	}
	t.Logf("%d of %d vectors as upstream says", right, total)
	if float64(right) < leastVectors*float64(total) {
		t.Errorf("%d of %d vectors are read as upstream says, want %v of them", right, total, leastVectors)
	}
}

func vectorFile(t *testing.T, file, data string, f ruleset.Family) (n, good int) {
	c := Ctx{Family: f, Table: "filter", Builtin: true}
	chains := []string{"INPUT"}
	for _, line := range strings.Split(data, "\n") {
		switch {
		case line == "" || strings.HasPrefix(line, "#") || line[0] == '@' || line[0] == '%':
			continue
		case line[0] == ':':
			chains = strings.Split(line[1:], ",")
			continue
		case line[0] == '*':
			c.Table = line[1:]
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
			c.Chain = chain
			n++
			d := drive(&c, parts[0])
			if d.ok() == want {
				good++
				continue
			}
			why := ""
			if len(d.list.All) > 0 {
				why = d.list.All[0].Message
			}
			t.Logf("%s: %s %s: %s: want ok %v: %s", file, f, chain, parts[0], want, why)
		}
	}
	return n, good
}
